//! Encodes rows whose columns only the data knows: all fields of an object, then those that stages have added.
//!
//! JSON and logfmt name the fields in every row. The other formats take their columns from the first row; a field that
//! appears later is left out, and reported at the end.

use std::collections::HashSet;

use super::{Encoder, EncoderDef, Look, OutputColumn};
use crate::data::{Batch, Column, ColumnBuilder, NameIndex, Names, OutputColumns, RecordColumn, Slot, Value, ValueRef};

/// Encodes rows of an open schema in any format.
pub struct OpenEncoder {
    format: &'static EncoderDef,
    /// The slot of the object.
    whole: Slot,
    columns: OutputColumns,
    /// The columns of the first row; in formats that name fields in every row, those of the latest objects.
    fixed: Option<Fixed>,
    /// The positions of the columns in objects that all have the same fields.
    layout: Option<RowLayout>,
    /// A header is wanted and will be printed with the first row.
    header: bool,
    left_out: Vec<String>,
    look: Look,
}

/// The printed columns.
struct Fixed {
    names: Names,
    slots: Vec<OutputColumn>,
    encoder: Box<dyn Encoder>,
}

/// The positions of the printed columns.
struct RowLayout {
    /// The fields of the objects.
    of: Names,
    places: Vec<ColumnPlace>,
}

/// The position of a printed column.
#[derive(Clone, Copy)]
enum ColumnPlace {
    /// A field of the objects, by index.
    Field(usize),
    /// A column that a stage has made.
    Made(Slot),
    /// These rows do not have it.
    Nowhere,
}

/// The maximum number of omitted names that are reported; there may be as many as records.
pub const NAMED: usize = 20;

impl OpenEncoder {
    /// Makes an encoder of these columns. `names` are the printed ones if the first row has already been seen.
    pub fn new(
        format: &'static EncoderDef,
        whole: Slot,
        columns: &OutputColumns,
        names: Option<Names>,
        look: Look,
    ) -> Self {
        OpenEncoder {
            format,
            whole,
            columns: columns.clone(),
            fixed: names.map(|names| Fixed::new(names, format, look)),
            layout: None,
            header: false,
            left_out: Vec::new(),
            look,
        }
    }

    fn leave_out(&mut self, name: &[u8]) {
        let name = String::from_utf8_lossy(name);
        if self.left_out.len() < NAMED && !self.left_out.iter().any(|other| *other == name) {
            self.left_out.push(name.into_owned());
        }
    }

    /// Takes the columns of the first row.
    fn fix(&mut self, names: Names, out: &mut Vec<u8>) {
        let mut fixed = Fixed::new(names, self.format, self.look);
        if std::mem::take(&mut self.header) {
            fixed.encoder.header(out);
        }
        self.fixed = Some(fixed);
    }

    /// Encodes rows that each have fields of their own.
    fn encode_objects(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        if let Some(write_row) = self.format.open_row {
            for row in 0..batch.rows {
                write_row(&self.columns.fields(batch, row), out);
            }
            return;
        }
        if self.fixed.is_none() {
            let fields = self.columns.fields(batch, 0).into_iter();
            let names: Vec<Vec<u8>> = fields.map(|(name, _)| name.to_vec()).collect();
            self.fix(names.into(), out);
        }
        if let Some(mut fixed) = self.fixed.take() {
            let table = self.table(batch, &fixed);
            fixed.encoder.encode(&table, out);
            self.fixed = Some(fixed);
        }
    }

    /// Returns the rows with the columns of the first one.
    fn table(&mut self, batch: &Batch<'_>, fixed: &Fixed) -> Batch<'static> {
        let mut builders: Vec<ColumnBuilder> = fixed.names.iter().map(|_| ColumnBuilder::new(batch.rows)).collect();
        let printed = index(&fixed.names);
        let mut left_out: Vec<Vec<u8>> = Vec::new();
        for row in 0..batch.rows {
            let fields = self.columns.fields(batch, row);
            let places = NameIndex::of(fields.iter().map(|(name, _)| *name));
            for (name, builder) in fixed.names.iter().zip(&mut builders) {
                let place = places.find(name);
                builder.push(place.map_or(ValueRef::Null, |place| fields[place].1));
            }
            for (name, _) in fields {
                if left_out.len() < NAMED && printed.find(name).is_none() && !left_out.iter().any(|other| other == name)
                {
                    left_out.push(name.to_vec());
                }
            }
        }
        left_out.iter().for_each(|name| self.leave_out(name));
        let mut table = Batch::new(batch.rows, batch.position);
        for (column, builder) in fixed.slots.iter().zip(builders) {
            table.set(column.slot, builder.finish());
        }
        table
    }

    /// Encodes rows that all have the same fields: whole columns are encoded without looking up names.
    fn encode_record(&mut self, record: &RecordColumn<'_>, batch: &Batch<'_>, out: &mut Vec<u8>) {
        let is_known = |layout: &RowLayout| layout.of == *record.names();
        if !self.layout.as_ref().is_some_and(is_known) {
            let names = self.columns.names(record.names());
            if self.format.open_row.is_some() || self.fixed.is_none() {
                self.fix(Names::clone(&names), out);
            }
            self.lay_out(record.names(), &names);
        }
        let (Some(fixed), Some(layout)) = (&mut self.fixed, &self.layout) else {
            return;
        };
        let mut table = Batch::new(batch.rows, batch.position);
        for (column, place) in fixed.slots.iter().zip(&layout.places) {
            let values = match place {
                ColumnPlace::Field(index) => record.columns()[*index].clone(),
                ColumnPlace::Made(slot) => batch.column(*slot).clone(),
                ColumnPlace::Nowhere => Column::Constant(Value::Null, batch.rows),
            };
            table.set(column.slot, values);
        }
        fixed.encoder.encode(&table, out);
    }

    /// Finds the columns in objects with the fields `of`; their rows have the fields `names`.
    fn lay_out(&mut self, of: &Names, names: &Names) {
        let Some(fixed) = &self.fixed else { return };
        let made = NameIndex::of(self.columns.named.iter().map(|column| column.name.as_bytes()));
        let found = index(of);
        let place = |name: &Vec<u8>| match (made.find(name), found.find(name)) {
            (Some(column), _) => ColumnPlace::Made(self.columns.named[column].slot),
            (None, Some(field)) if self.columns.is_kept(name) => ColumnPlace::Field(field),
            (None, _) => ColumnPlace::Nowhere,
        };
        let places = fixed.names.iter().map(place).collect();
        let printed = index(&fixed.names);
        let left_out: Vec<Vec<u8>> =
            names.iter().filter(|name| printed.find(name).is_none()).take(NAMED).cloned().collect();
        left_out.iter().for_each(|name| self.leave_out(name));
        self.layout = Some(RowLayout { of: Names::clone(of), places });
    }
}

/// Names in the order of their first appearance.
#[derive(Default)]
struct AllNames {
    names: Vec<Vec<u8>>,
    known: HashSet<Vec<u8>>,
}

impl AllNames {
    fn add<N: AsRef<[u8]>>(&mut self, names: impl Iterator<Item = N>) {
        for name in names {
            if !self.known.contains(name.as_ref()) {
                self.known.insert(name.as_ref().to_vec());
                self.names.push(name.as_ref().to_vec());
            }
        }
    }
}

/// Indexes the names.
fn index(names: &[Vec<u8>]) -> NameIndex<'_> {
    NameIndex::of(names.iter().map(Vec::as_slice))
}

impl Fixed {
    fn new(names: Names, format: &EncoderDef, look: Look) -> Fixed {
        let column = |(index, name): (usize, &Vec<u8>)| OutputColumn {
            name: String::from_utf8_lossy(name).into_owned(),
            slot: Slot(index as u32),
            is_key: false,
            is_bound: false,
        };
        let slots: Vec<OutputColumn> = names.iter().enumerate().map(column).collect();
        let encoder = (format.encoder)(&slots, look);
        Fixed { names, slots, encoder }
    }
}

impl Encoder for OpenEncoder {
    fn header(&mut self, _out: &mut Vec<u8>) {
        self.header = true;
    }

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        if batch.rows == 0 {
            return;
        }
        match batch.column(self.whole) {
            Column::Record(record) => self.encode_record(record, batch, out),
            _ => self.encode_objects(batch, out),
        }
    }

    fn know(&mut self, names: &Names, out: &mut Vec<u8>) {
        if self.fixed.is_none() && self.format.open_row.is_none() {
            self.fix(self.columns.names(names), out);
        }
    }

    fn learn(&mut self, batches: &[Batch<'_>], out: &mut Vec<u8>) {
        if self.fixed.is_some() || self.format.open_row.is_some() {
            return;
        }
        let mut all = AllNames::default();
        for batch in batches.iter().filter(|batch| batch.rows > 0) {
            match batch.column(self.whole) {
                Column::Record(record) => all.add(self.columns.names(record.names()).iter()),
                _ => (0..batch.rows).for_each(|row| {
                    let fields = self.columns.fields(batch, row);
                    all.add(fields.iter().map(|(name, _)| name));
                }),
            }
        }
        if !all.names.is_empty() {
            self.fix(all.names.into(), out);
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(fixed) = &mut self.fixed {
            fixed.encoder.finish(out);
        }
    }

    fn fixed_names(&self) -> Option<&Names> {
        let fixed = self.fixed.as_ref()?;
        self.format.open_row.is_none().then_some(&fixed.names)
    }

    fn take_left_out(&mut self) -> Vec<String> {
        std::mem::take(&mut self.left_out)
    }

    fn resize(&mut self, columns: usize) {
        self.look.width = Some(columns);
        if let Some(fixed) = &mut self.fixed {
            fixed.encoder.resize(columns);
        }
    }
}
