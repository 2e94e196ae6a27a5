//! Rows whose columns only the data knows: all fields of an object, then what stages have added.
//!
//! JSON and logfmt name the fields in every row. The other formats have columns: those of the first row; a
//! field that comes later is left out, and named at the end.

use super::{Encoder, FormatDef, Look, OutputColumn};
use crate::data::{Batch, ColumnBuilder, Slot, ValueRef};

/// Encodes rows of an open schema in any format.
pub struct OpenEncoder {
    format: &'static FormatDef,
    /// What holds the object.
    whole: Slot,
    /// Fields of it that are not printed.
    dropped: Vec<String>,
    /// Fields that stages have made: in the place of the object's field of that name, else behind all.
    columns: Vec<OutputColumn>,
    /// Once the first row was seen.
    fixed: Option<Fixed>,
    /// The header is wanted, and waits for the first row.
    header: bool,
    left_out: Vec<String>,
    look: Look,
}

/// The columns of the first row.
struct Fixed {
    names: Vec<Vec<u8>>,
    slots: Vec<OutputColumn>,
    encoder: Box<dyn Encoder>,
}

/// One field of a row.
type Field<'f> = (&'f [u8], ValueRef<'f>);

/// Names that are left out and named at the end; there may be as many as records.
const NAMED: usize = 20;

impl OpenEncoder {
    /// An encoder of an object in slot `whole`, without `dropped`, with `columns` replaced and added.
    pub fn new(
        format: &'static FormatDef,
        whole: Slot,
        columns: &[OutputColumn],
        dropped: &[String],
        look: Look,
    ) -> Self {
        OpenEncoder {
            format,
            whole,
            dropped: dropped.to_vec(),
            columns: columns.to_vec(),
            fixed: None,
            header: false,
            left_out: Vec::new(),
            look,
        }
    }

    /// The fields of a row in the order in which they are printed.
    fn fields<'f>(&'f self, batch: &'f Batch<'_>, row: usize) -> Vec<Field<'f>> {
        let mut fields: Vec<Field<'f>> = Vec::new();
        if let ValueRef::Object(object) = batch.column(self.whole).get(row) {
            let is_kept = |name: &[u8]| {
                !self
                    .dropped
                    .iter()
                    .any(|dropped| dropped.as_bytes() == name)
            };
            let kept = object.iter().filter(|(name, _)| is_kept(name));
            fields.extend(kept.map(|(name, value)| (name.as_slice(), value.borrow())));
        }
        for column in &self.columns {
            let value = batch.column(column.slot).get(row);
            match fields
                .iter_mut()
                .find(|(name, _)| *name == column.name.as_bytes())
            {
                Some(field) => field.1 = value,
                None => fields.push((column.name.as_bytes(), value)),
            }
        }
        fields
    }

    /// Takes the columns of the first row.
    fn fix(&self, batch: &Batch<'_>) -> Fixed {
        let names: Vec<Vec<u8>> = self
            .fields(batch, 0)
            .into_iter()
            .map(|(name, _)| name.to_vec())
            .collect();
        let column = |(index, name): (usize, &Vec<u8>)| OutputColumn {
            name: String::from_utf8_lossy(name).into_owned(),
            slot: Slot(index as u32),
        };
        let slots: Vec<OutputColumn> = names.iter().enumerate().map(column).collect();
        let encoder = (self.format.encoder)(&slots, self.look);
        Fixed {
            names,
            slots,
            encoder,
        }
    }

    /// The rows with the columns of the first one.
    fn table(
        &self,
        batch: &Batch<'_>,
        fixed: &Fixed,
        left_out: &mut Vec<String>,
    ) -> Batch<'static> {
        let mut builders: Vec<ColumnBuilder> = fixed
            .names
            .iter()
            .map(|_| ColumnBuilder::new(batch.rows))
            .collect();
        for row in 0..batch.rows {
            let fields = self.fields(batch, row);
            for (name, builder) in fixed.names.iter().zip(&mut builders) {
                let value = fields
                    .iter()
                    .find(|(other, _)| other == name)
                    .map_or(ValueRef::Null, |(_, value)| *value);
                builder.push(value);
            }
            for (name, _) in fields
                .iter()
                .filter(|(name, _)| !fixed.names.iter().any(|other| other == name))
            {
                let name = String::from_utf8_lossy(name);
                if left_out.len() < NAMED && !left_out.iter().any(|other| *other == name) {
                    left_out.push(name.into_owned());
                }
            }
        }
        let mut table = Batch::new(batch.rows, batch.position);
        for (column, builder) in fixed.slots.iter().zip(builders) {
            table.set(column.slot, builder.finish());
        }
        table
    }
}

impl Encoder for OpenEncoder {
    fn header(&mut self, _out: &mut Vec<u8>) {
        self.header = true;
    }

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        if let Some(write_row) = self.format.open_row {
            for row in 0..batch.rows {
                write_row(&self.fields(batch, row), out);
            }
            return;
        }
        if batch.rows == 0 {
            return;
        }
        let mut fixed = self.fixed.take().unwrap_or_else(|| {
            let mut fixed = self.fix(batch);
            if self.header {
                fixed.encoder.header(out);
            }
            fixed
        });
        let mut left_out = std::mem::take(&mut self.left_out);
        let table = self.table(batch, &fixed, &mut left_out);
        fixed.encoder.encode(&table, out);
        (self.fixed, self.left_out) = (Some(fixed), left_out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(fixed) = &mut self.fixed {
            fixed.encoder.finish(out);
        }
    }

    fn left_out(&self) -> &[String] {
        &self.left_out
    }
}
