//! A table indexed by key, as `lookup` keeps of a file.

use crate::data::{Column, ColumnBuilder, KeyKind, TextColumn, TextSpan, ValueRef};
use crate::decode::table::Table;
use crate::group::{GroupTable, NO_GROUP};

use super::join::key::JoinKind;

/// The columns of a table, and the rows of each key.
pub(super) struct HashIndex {
    index: RowIndex,
    columns: Vec<Column<'static>>,
    /// The row that is null in all columns.
    null_row: u32,
}

/// Pairs of a record's row in the batch and a row of the table.
#[derive(Default)]
pub(super) struct Matches {
    pub(super) records: Vec<u32>,
    pub(super) rows: Vec<u32>,
    /// Number of records without a match that were dropped.
    pub(super) dropped: usize,
}

impl HashIndex {
    /// Indexes a table by key and selects the columns of these names; fails with the first missing name.
    pub(super) fn of(table: Table, key: &str, names: &[String]) -> Result<HashIndex, String> {
        let mut columns: Vec<Option<Column<'static>>> = table.columns.into_iter().map(Some).collect();
        let mut take = |name: &str| {
            let place = table.names.iter().position(|other| other == name);
            let column = place.and_then(|place| columns[place].take());
            column.ok_or_else(|| name.to_owned())
        };
        let keys = TextColumn::of(take(key)?);
        let columns: Result<Vec<_>, String> = names.iter().map(|name| take(name)).collect();
        Ok(HashIndex {
            index: RowIndex::of(&keys),
            columns: columns?.into_iter().map(with_null).collect(),
            null_row: table.rows as u32,
        })
    }

    /// True if a key has several rows.
    pub(super) fn repeats(&self) -> bool {
        self.index.repeats
    }

    /// The columns, in the order requested.
    pub(super) fn columns(&self) -> &[Column<'static>] {
        &self.columns
    }

    /// Finds the rows of these keys.
    pub(super) fn matches(&self, keys: &Column<'_>, kind: JoinKind) -> Matches {
        let owned: TextColumn<'_>;
        let texts = match keys {
            Column::Text(texts) => texts,
            keys => {
                owned = TextColumn::of(keys.clone());
                &owned
            }
        };
        let mut groups = Vec::new();
        self.index.keys.find_texts(texts, &mut groups);
        let mut found =
            Matches { records: Vec::with_capacity(groups.len()), rows: Vec::with_capacity(groups.len()), dropped: 0 };
        for (record, &group) in groups.iter().enumerate() {
            let rows = match group {
                NO_GROUP if kind == JoinKind::Left => std::slice::from_ref(&self.null_row),
                NO_GROUP => {
                    found.dropped += 1;
                    continue;
                }
                group => self.index.rows(group),
            };
            for &row in rows {
                found.records.push(record as u32);
                found.rows.push(row);
            }
        }
        found
    }
}

/// Appends null to a column.
fn with_null(column: Column<'static>) -> Column<'static> {
    match column {
        Column::Text(mut texts) => {
            texts.spans.push(TextSpan::NULL);
            Column::Text(texts)
        }
        column => {
            let mut builder = ColumnBuilder::new(column.len() + 1);
            (0..column.len()).for_each(|row| builder.push(column.get(row)));
            builder.push(ValueRef::Null);
            builder.finish()
        }
    }
}

/// The rows of each key.
struct RowIndex {
    keys: GroupTable,
    /// Start of each key's rows, and the end of the last.
    starts: Vec<u32>,
    /// Row numbers grouped by key, in file order.
    rows: Vec<u32>,
    /// True if a key has several rows.
    repeats: bool,
}

impl RowIndex {
    fn of(keys: &TextColumn<'static>) -> RowIndex {
        let mut table = GroupTable::with_capacity(keys.spans.len());
        table.group_of(KeyKind::Null, &[]); // reserves group 0, which is never looked up
        let mut groups = Vec::new();
        table.groups_of_texts(keys, &mut groups);
        let mut starts = vec![0u32; table.len() + 1];
        for group in groups.iter().map(|group| *group as usize) {
            starts[group + 1] += 1;
        }
        let repeats = starts[2..].iter().any(|rows| *rows > 1);
        for group in 1..starts.len() {
            starts[group] += starts[group - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; groups.len()];
        for (row, group) in groups.into_iter().enumerate() {
            let place = &mut next[group as usize];
            rows[*place as usize] = row as u32;
            *place += 1;
        }
        RowIndex { keys: table, starts, rows, repeats }
    }

    /// The rows of a key that was found.
    #[inline]
    fn rows(&self, group: u32) -> &[u32] {
        let (start, end) = (self.starts[group as usize], self.starts[group as usize + 1]);
        &self.rows[start as usize..end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Value;
    use proptest::prelude::*;

    fn texts() -> impl Strategy<Value = Value> {
        let text = |text: &str| Value::Text(text.as_bytes().to_vec());
        let long = "a key of more than 16 bytes";
        prop_oneof![
            4 => prop_oneof![Just("a"), Just("b"), Just("7"), Just(""), Just(long)].prop_map(text),
            1 => Just(Value::Null),
        ]
    }

    fn column(values: &[Value]) -> Column<'static> {
        values.iter().map(Value::borrow).collect()
    }

    proptest! {
        #[test]
        fn matches_are_those_of_a_nested_loop(
            table in prop::collection::vec((texts(), 0i64..99), 0..12),
            records in prop::collection::vec(prop_oneof![texts(), Just(Value::Int(7))], 0..12),
            is_left in any::<bool>(),
        ) {
            let (keys, values): (Vec<Value>, Vec<Value>) =
                table.iter().map(|(key, value)| (key.clone(), Value::Int(*value))).unzip();
            let names = ["value", "key"].map(str::to_owned).to_vec();
            let read = Table { names, columns: vec![column(&values), column(&keys)], rows: table.len() };
            let index = HashIndex::of(read, "key", &["value".to_owned()]).expect("both are columns");
            let kind = if is_left { JoinKind::Left } else { JoinKind::Inner };
            let (mut expected, mut dropped) = (Vec::new(), 0);
            for (record, key) in records.iter().enumerate() {
                let key = if *key == Value::Int(7) { Value::Text(b"7".to_vec()) } else { key.clone() };
                let is_equal = |(other, _): &&(Value, i64)| key != Value::Null && *other == key;
                let found: Vec<Value> = table.iter().filter(is_equal).map(|(_, value)| Value::Int(*value)).collect();
                match (found.is_empty(), is_left) {
                    (true, true) => expected.push((record, Value::Null)),
                    (true, false) => dropped += 1,
                    (false, _) => expected.extend(found.into_iter().map(|value| (record, value))),
                }
            }
            let found = index.matches(&column(&records), kind);
            let [values] = index.columns() else { panic!("one column was requested") };
            let values = found.rows.iter().map(|row| values.get(*row as usize).to_value());
            let pairs: Vec<(usize, Value)> = found.records.iter().map(|record| *record as usize).zip(values).collect();
            prop_assert_eq!(pairs, expected);
            prop_assert_eq!(found.dropped, dropped);
            let repeats = |(row, (key, _)): (usize, &(Value, i64))| {
                *key != Value::Null && table[..row].iter().any(|(other, _)| other == key)
            };
            prop_assert_eq!(index.repeats(), table.iter().enumerate().any(repeats));
        }
    }

    #[test]
    fn a_column_that_the_table_lacks_is_named() {
        let table = || Table { names: vec!["key".to_owned()], columns: vec![column(&[])], rows: 0 };
        let of = |key: &str, names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            HashIndex::of(table(), key, &names).err()
        };
        assert_eq!(of("key", &[]), None);
        assert_eq!(of("host", &["site"]), Some("host".to_owned()));
        assert_eq!(of("key", &["site", "rack"]), Some("site".to_owned()));
    }
}
