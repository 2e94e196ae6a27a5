//! A column: the values of one field for all rows of a batch, stored by type.

use super::ternary::Ternary;
use std::sync::Arc;

use super::heap_bytes::{HeapBytes, buffer_bytes};
use super::record::RecordColumn;
use super::text::{Bytes, TextColumn, TextSpan};
use super::value::{Value, ValueRef};

/// The rows of a column that are not null; `None` means all.
#[derive(Clone, Debug, Default)]
pub struct Validity(Option<Vec<bool>>);

impl Validity {
    /// No row is null.
    pub const ALL: Validity = Validity(None);

    /// Makes a validity whose true rows have a value.
    pub fn of(valid: Vec<bool>) -> Validity {
        Validity(Some(valid))
    }

    /// True if a row has a value.
    #[inline]
    pub fn is_valid(&self, row: usize) -> bool {
        self.0.as_ref().is_none_or(|valid| valid[row])
    }

    /// True if every row has a value.
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Appends a row to a column that has `rows` so far.
    #[inline]
    fn push(&mut self, rows: usize, valid: bool) {
        match &mut self.0 {
            Some(list) => list.push(valid),
            None if valid => {}
            None => {
                let mut list = vec![true; rows];
                list.push(false);
                self.0 = Some(list);
            }
        }
    }

    fn take(&self, rows: &[u32]) -> Validity {
        Validity(self.0.as_ref().map(|valid| take(valid, rows)))
    }
}

/// The values of one field, one for each row of a batch.
#[derive(Clone, Debug)]
pub enum Column<'a> {
    /// Text or null.
    Text(TextColumn<'a>),
    /// Ints.
    Int(Vec<i64>, Validity),
    /// Floats, all finite.
    Float(Vec<f64>, Validity),
    /// Booleans.
    Bool(Vec<Ternary>),
    /// Values of any type.
    Values(Vec<Value>),
    /// Objects with the same fields.
    Record(RecordColumn<'a>),
    /// The same value in every row.
    Constant(Value, usize),
}

impl HeapBytes for Column<'_> {
    fn heap_bytes(&self) -> usize {
        self.heap_bytes_besides(&mut Vec::new())
    }
}

impl<'a> Column<'a> {
    /// Like [`HeapBytes::heap_bytes`], without text at the addresses in `counted`, to which it adds its own: columns
    /// share their text.
    pub(super) fn heap_bytes_besides(&self, counted: &mut Vec<usize>) -> usize {
        let of_validity = |valid: &Validity| valid.0.as_ref().map_or(0, buffer_bytes);
        match self {
            Column::Text(texts) => {
                let bytes = match &texts.bytes {
                    Bytes::Shared(bytes) if !counted.contains(&(Arc::as_ptr(bytes) as usize)) => {
                        counted.push(Arc::as_ptr(bytes) as usize);
                        bytes.heap_bytes()
                    }
                    Bytes::Shared(_) | Bytes::Borrowed(_) => 0,
                };
                buffer_bytes(&texts.spans) + bytes
            }
            Column::Int(values, valid) => buffer_bytes(values) + of_validity(valid),
            Column::Float(values, valid) => buffer_bytes(values) + of_validity(valid),
            Column::Bool(values) => buffer_bytes(values),
            Column::Values(values) => values.heap_bytes(),
            Column::Record(record) => record.heap_bytes_besides(counted),
            Column::Constant(value, _) => value.heap_bytes(),
        }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Text(column) => column.spans.len(),
            Column::Int(values, _) => values.len(),
            Column::Float(values, _) => values.len(),
            Column::Bool(values) => values.len(),
            Column::Values(values) => values.len(),
            Column::Record(record) => record.rows(),
            Column::Constant(_, rows) => *rows,
        }
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row.
    #[inline]
    pub fn get(&self, row: usize) -> ValueRef<'_> {
        match self {
            Column::Text(column) => column.get(row).map_or(ValueRef::Null, ValueRef::Text),
            Column::Int(values, valid) if valid.is_valid(row) => ValueRef::Int(values[row]),
            Column::Float(values, valid) if valid.is_valid(row) => ValueRef::Float(values[row]),
            Column::Int(..) | Column::Float(..) => ValueRef::Null,
            Column::Bool(values) => match values[row] {
                Ternary::False => ValueRef::Bool(false),
                Ternary::True => ValueRef::Bool(true),
                Ternary::Unknown => ValueRef::Null,
            },
            Column::Values(values) => values[row].borrow(),
            Column::Record(record) => record.objects()[row].borrow(),
            Column::Constant(value, _) => value.borrow(),
        }
    }

    /// Takes the named rows, in the order named; a row may be named several times.
    pub fn take(&self, rows: &[u32]) -> Column<'a> {
        match self {
            Column::Text(column) => {
                Column::Text(TextColumn { bytes: column.bytes.clone(), spans: take(&column.spans, rows) })
            }
            Column::Int(values, valid) => Column::Int(take(values, rows), valid.take(rows)),
            Column::Float(values, valid) => Column::Float(take(values, rows), valid.take(rows)),
            Column::Bool(values) => Column::Bool(take(values, rows)),
            Column::Values(values) => Column::Values(rows.iter().map(|&row| values[row as usize].clone()).collect()),
            Column::Record(record) => Column::Record(record.take(rows)),
            Column::Constant(value, _) => Column::Constant(value.clone(), rows.len()),
        }
    }

    /// Copies borrowed bytes, so that the column may outlive its chunk.
    pub fn into_owned(self) -> Column<'static> {
        match self {
            Column::Text(column) => Column::Text(column.into_owned()),
            Column::Int(values, valid) => Column::Int(values, valid),
            Column::Float(values, valid) => Column::Float(values, valid),
            Column::Bool(values) => Column::Bool(values),
            Column::Values(values) => Column::Values(values),
            Column::Record(record) => Column::Record(record.into_owned()),
            Column::Constant(value, rows) => Column::Constant(value, rows),
        }
    }
}

/// Takes the named values, in the order named.
fn take<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|&row| values[row as usize]).collect()
}

/// Builds a column value by value: typed by the first value that is not null, of mixed values once another type comes.
#[derive(Debug)]
pub struct ColumnBuilder {
    rows: usize,
    capacity: usize,
    state: Building,
}

/// The values of a [`ColumnBuilder`] so far.
#[derive(Debug)]
enum Building {
    Nulls,
    Text { bytes: Vec<u8>, spans: Vec<TextSpan> },
    Int(Vec<i64>, Validity),
    Float(Vec<f64>, Validity),
    Bool(Vec<Ternary>),
    Values(Vec<Value>),
}

/// Beyond this many bytes, text in one column becomes single values: spans reach 4 GiB.
const TEXT_LIMIT_BYTES: usize = 1 << 31;

impl ColumnBuilder {
    /// Makes an empty builder with room for `capacity` rows.
    pub fn new(capacity: usize) -> Self {
        ColumnBuilder { rows: 0, capacity, state: Building::Nulls }
    }

    /// Appends a row.
    #[inline]
    pub fn push(&mut self, value: ValueRef<'_>) {
        match (&mut self.state, value) {
            (Building::Int(values, valid), ValueRef::Int(value)) => {
                valid.push(self.rows, true);
                values.push(value);
            }
            (Building::Float(values, valid), ValueRef::Float(value)) => {
                valid.push(self.rows, true);
                values.push(value);
            }
            (Building::Bool(values), ValueRef::Bool(value)) => values.push(value.into()),
            (Building::Text { bytes, spans }, ValueRef::Text(text)) if bytes.len() + text.len() <= TEXT_LIMIT_BYTES => {
                let start = bytes.len();
                bytes.extend_from_slice(text);
                spans.push(TextSpan::new(start, bytes.len()));
            }
            _ => self.push_other(value),
        }
        self.rows += 1;
    }

    /// Handles nulls, the first value, and values of a new type.
    #[cold]
    #[inline(never)]
    fn push_other(&mut self, value: ValueRef<'_>) {
        match (&mut self.state, value) {
            (Building::Nulls, ValueRef::Null) => {}
            (Building::Int(values, valid), ValueRef::Null) => {
                valid.push(self.rows, false);
                values.push(0);
            }
            (Building::Float(values, valid), ValueRef::Null) => {
                valid.push(self.rows, false);
                values.push(0.0);
            }
            (Building::Bool(values), ValueRef::Null) => values.push(Ternary::Unknown),
            (Building::Text { spans, .. }, ValueRef::Null) => spans.push(TextSpan::NULL),
            (Building::Values(values), value) => values.push(value.to_value()),
            (Building::Nulls, value) => self.begin(value),
            (_, value) => {
                let column = self.take();
                let mut values: Vec<Value> = Vec::with_capacity(self.capacity.max(self.rows + 1));
                values.extend((0..self.rows).map(|row| column.get(row).to_value()));
                values.push(value.to_value());
                self.state = Building::Values(values);
            }
        }
    }

    /// Chooses the type from the first value that is not null.
    fn begin(&mut self, value: ValueRef<'_>) {
        let capacity = self.capacity.max(self.rows + 1);
        let mut state = match value {
            ValueRef::Int(_) => Building::Int(Vec::with_capacity(capacity), Validity::ALL),
            ValueRef::Float(_) => Building::Float(Vec::with_capacity(capacity), Validity::ALL),
            ValueRef::Bool(_) => Building::Bool(Vec::with_capacity(capacity)),
            ValueRef::Text(_) => Building::Text { bytes: Vec::new(), spans: Vec::with_capacity(capacity) },
            _ => Building::Values(Vec::with_capacity(capacity)),
        };
        std::mem::swap(&mut self.state, &mut state);
        let nulls = std::mem::take(&mut self.rows);
        for _ in 0..nulls {
            self.push(ValueRef::Null);
        }
        self.push(value);
        self.rows -= 1; // the caller counts this row
    }

    /// Takes the values so far and leaves the builder empty.
    fn take(&mut self) -> Column<'static> {
        match std::mem::replace(&mut self.state, Building::Nulls) {
            Building::Nulls => Column::Constant(Value::Null, self.rows),
            Building::Text { bytes, spans } => {
                Column::Text(TextColumn { bytes: Bytes::Shared(Arc::new(bytes)), spans })
            }
            Building::Int(values, valid) => Column::Int(values, valid),
            Building::Float(values, valid) => Column::Float(values, valid),
            Building::Bool(values) => Column::Bool(values),
            Building::Values(values) => Column::Values(values),
        }
    }

    /// Returns the column.
    pub fn finish(mut self) -> Column<'static> {
        self.take()
    }
}

impl<'v> FromIterator<ValueRef<'v>> for Column<'static> {
    fn from_iter<I: IntoIterator<Item = ValueRef<'v>>>(values: I) -> Self {
        let values = values.into_iter();
        let mut builder = ColumnBuilder::new(values.size_hint().0);
        for value in values {
            builder.push(value);
        }
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(values: &[Value]) -> Column<'static> {
        let column: Column<'static> = values.iter().map(Value::borrow).collect();
        let back: Vec<Value> = (0..column.len()).map(|row| column.get(row).to_value()).collect();
        assert_eq!(back, values);
        column
    }

    #[test]
    fn builds_typed_columns_with_nulls_anywhere() {
        let text = |s: &str| Value::Text(s.as_bytes().to_vec());
        assert!(matches!(round_trip(&[Value::Null, Value::Int(1), Value::Null, Value::Int(2)]), Column::Int(..)));
        assert!(matches!(round_trip(&[Value::Float(0.5), Value::Null]), Column::Float(..)));
        assert!(matches!(round_trip(&[Value::Null, text("a"), text(""), Value::Null]), Column::Text(..)));
        assert!(matches!(round_trip(&[Value::Bool(true), Value::Null]), Column::Bool(..)));
        assert!(matches!(
            round_trip(&[Value::Null, Value::Int(1), Value::Null, text("x"), Value::Null]),
            Column::Values(..)
        ));
        assert!(matches!(round_trip(&[Value::Null, Value::Null]), Column::Constant(..)));
        round_trip(&[Value::Duration(1), Value::Null, Value::Time(3)]);
        round_trip(&[]);
    }

    #[test]
    fn gathers_rows_in_any_order() {
        let column = round_trip(&[Value::Int(1), Value::Null, Value::Int(3)]);
        let picked = column.take(&[2, 2, 1]);
        assert_eq!(
            (0..3).map(|row| picked.get(row).to_value()).collect::<Vec<_>>(),
            [Value::Int(3), Value::Int(3), Value::Null]
        );
    }
}
