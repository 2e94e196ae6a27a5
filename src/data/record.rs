//! Objects that all have the same fields, such as rows of a file with a header: one column for each field.

use std::sync::{Arc, OnceLock};

use super::column::Column;
use super::heap_bytes::HeapBytes;
use super::value::Value;

/// The names of some columns, in their order.
pub type Names = Arc<[Vec<u8>]>;

/// A column of such objects. Code that knows this type reads the columns; for other code the objects are made on the
/// first request, which costs a few times as much as reading the columns.
#[derive(Clone, Debug)]
pub struct RecordColumn<'a> {
    names: Names,
    columns: Vec<Column<'a>>,
    rows: usize,
    objects: OnceLock<Vec<Value>>,
}

impl<'a> RecordColumn<'a> {
    /// Makes objects with a column for each name; all columns have `rows` rows.
    pub fn new(names: Names, columns: Vec<Column<'a>>, rows: usize) -> Self {
        debug_assert_eq!(names.len(), columns.len(), "a column has a name");
        RecordColumn { names, columns, rows, objects: OnceLock::new() }
    }

    /// Like [`Column::heap_bytes_besides`].
    pub(super) fn heap_bytes_besides(&self, counted: &mut Vec<usize>) -> usize {
        let columns = self.columns.iter().map(|column| column.heap_bytes_besides(counted)).sum::<usize>();
        let objects = self.objects.get().map_or(0, HeapBytes::heap_bytes);
        self.columns.capacity() * size_of::<Column<'_>>() + columns + objects
    }

    /// How many objects.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the names of the fields.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Returns a column for each name.
    pub fn columns(&self) -> &[Column<'a>] {
        &self.columns
    }

    /// Returns one object for each row, creating them if needed.
    pub fn objects(&self) -> &[Value] {
        self.objects.get_or_init(|| {
            let object = |row| {
                let fields = self.names.iter().zip(&self.columns);
                fields.map(|(name, column)| (name.clone(), column.get(row).to_value())).collect()
            };
            (0..self.rows).map(object).map(Value::Object).collect()
        })
    }

    /// Takes the named rows, in the order named.
    pub(super) fn take(&self, rows: &[u32]) -> RecordColumn<'a> {
        let columns = self.columns.iter().map(|column| column.take(rows));
        RecordColumn::new(Arc::clone(&self.names), columns.collect(), rows.len())
    }

    /// Copies borrowed bytes.
    pub(super) fn into_owned(self) -> RecordColumn<'static> {
        let columns = self.columns.into_iter().map(Column::into_owned);
        RecordColumn::new(self.names, columns.collect(), self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ValueRef;

    #[test]
    fn rows_are_objects() {
        let names: Names = [b"a".to_vec(), b"b".to_vec()].into();
        let ints: Column<'static> = [ValueRef::Int(1), ValueRef::Null].into_iter().collect();
        let texts: Column<'static> = [ValueRef::Text(b"x"), ValueRef::Text(b"")].into_iter().collect();
        let column = Column::Record(RecordColumn::new(names, vec![ints, texts], 2));
        let object = |a: Value, b: &str| {
            let b = Value::Text(b.into());
            Value::Object(vec![(b"a".to_vec(), a), (b"b".to_vec(), b)])
        };
        assert_eq!(column.get(0).to_value(), object(Value::Int(1), "x"));
        let turned = column.take(&[1, 0, 1]).into_owned();
        assert_eq!(turned.len(), 3);
        assert_eq!(turned.get(0).to_value(), object(Value::Null, ""));
        assert_eq!(turned.get(1).to_value(), object(Value::Int(1), "x"));
    }
}
