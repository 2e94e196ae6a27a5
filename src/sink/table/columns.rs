//! Which column of the table receives which value.
//!
//! The columns are those of the result. If only the data define them, they are the fields of the first batch, or those that
//! the table has; a field without a column is left out, with a note.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Range;

use crate::data::{Batch, Column, OutputColumns, Value, ValueRef};
use crate::encode::NAMED;
use crate::sink::{DeliveryError, SinkBatch, SinkResult};

/// The rules of a database for the names of columns.
#[derive(Clone, Copy, Debug)]
pub(in crate::sink) struct ColumnRules {
    /// Names that differ in the case of letters only are one name.
    pub ignores_case: bool,
    /// The longest name, in bytes.
    pub longest: usize,
}

/// The columns that rows are written to.
#[derive(Debug)]
pub(in crate::sink) struct TableColumns {
    output: OutputColumns,
    rules: ColumnRules,
    /// The columns that receive values, in the order of the values.
    names: Vec<String>,
    /// The column of each field that was seen; `None` if it is left out.
    known: HashMap<Vec<u8>, Option<usize>>,
    notes: Vec<String>,
    left_out: usize,
}

impl TableColumns {
    /// The columns of a result; `key` are in any case among them.
    pub(in crate::sink) fn new(output: &OutputColumns, key: &[String], rules: ColumnRules) -> TableColumns {
        let mut columns = TableColumns {
            output: output.clone(),
            rules,
            names: Vec::new(),
            known: HashMap::new(),
            notes: Vec::new(),
            left_out: 0,
        };
        let named = output.named.iter().map(|column| &column.name);
        let first: Vec<&String> = if output.whole.is_some() { key.iter().collect() } else { named.collect() };
        for name in first {
            columns.add(name);
        }
        columns
    }

    /// True if the data define the columns.
    pub(in crate::sink) fn are_open(&self) -> bool {
        self.output.whole.is_some()
    }

    /// The columns that receive values.
    pub(in crate::sink) fn names(&self) -> &[String] {
        &self.names
    }

    /// The outcome of a batch without any column: a failure, unless it has no rows.
    pub(in crate::sink) fn without_names(&self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        if batch.rows() == 0 {
            return Ok(());
        }
        let notes: Vec<&str> = self.notes.iter().map(|note| note.trim_end_matches(", so it is left out")).collect();
        let why = if notes.is_empty() { "its rows have no fields".to_owned() } else { notes.join("; ") };
        let longest = self.rules.longest;
        Err(DeliveryError::Failed(format!(
            "no field of the first batch can be a column: {why}\n  = help: names have 1 to {longest} bytes; name the columns \
             with select"
        )))
    }

    /// The positions of these columns.
    pub(in crate::sink) fn positions(&self, of: &[String]) -> Vec<usize> {
        of.iter().filter_map(|name| self.names.iter().position(|other| other == name)).collect()
    }

    /// Returns the first reason why the columns cannot be those of a table; `existing` are the columns that it has.
    pub(in crate::sink) fn fault(&self, existing: Option<&[String]>) -> Option<String> {
        for (index, name) in self.names.iter().enumerate() {
            if name.is_empty() || name.len() > self.rules.longest || name.contains('\0') {
                let limit = self.rules.longest;
                return Some(format!(
                    "column `{name}` needs a name of 1 to {limit} bytes: write rename `{name}` as NAME"
                ));
            }
            if let Some(other) = self.names[..index].iter().find(|other| self.is_same(other, name)) {
                return Some(format!(
                    "columns `{other}` and `{name}` have one name there: write rename `{name}` as NAME"
                ));
            }
            let Some(existing) = existing.filter(|existing| !existing.iter().any(|other| self.is_same(other, name)))
            else {
                continue;
            };
            let close = existing.iter().find(|other| other.eq_ignore_ascii_case(name));
            let close =
                close.map_or(String::new(), |other| format!(", but `{other}`: write rename `{name}` as {other}"));
            return Some(format!(
                "the table has no column `{name}`{close}\n  = help: it is not altered; add the column, leave it out with \
                 `drop {name}`, or choose another table"
            ));
        }
        None
    }

    /// Learns the fields of a batch. `existing` are the columns that the table has; `None` if it is yet to be made.
    pub(in crate::sink) fn learn(&mut self, batch: &SinkBatch, existing: Option<&[String]>) {
        if !self.are_open() {
            return;
        }
        for rows in batch.results.iter().flat_map(|result| &result.rows) {
            if let Some(names) = self.shared_names(rows) {
                names.iter().for_each(|name| self.learn_name(name, existing));
                continue;
            }
            for row in 0..rows.rows {
                let output = std::mem::take(&mut self.output); // borrowed while names are added
                for (name, _) in output.fields(rows, row) {
                    self.learn_name(name, existing);
                }
                self.output = output;
            }
        }
    }

    /// The names of all rows, if they have the same.
    fn shared_names(&self, rows: &Batch<'_>) -> Option<crate::data::Names> {
        match self.output.whole.map(|whole| rows.column(whole)) {
            Some(Column::Record(record)) => Some(self.output.names(record.names())),
            _ => None,
        }
    }

    fn learn_name(&mut self, field: &[u8], existing: Option<&[String]>) {
        if self.known.contains_key(field) {
            return;
        }
        let name = String::from_utf8_lossy(field).into_owned();
        let has = |existing: &[String]| existing.iter().find(|other| self.is_same(other, &name)).cloned();
        let column = match existing.map(has) {
            None => Some(name.clone()),
            Some(column) => column,
        };
        let is_fit = !name.is_empty() && name.len() <= self.rules.longest && !field.contains(&0);
        let is_taken = self.names.iter().any(|other| self.is_same(other, &name));
        let reason = match &column {
            _ if !is_fit || str::from_utf8(field).is_err() => "cannot be the name of a column",
            _ if is_taken => "differs from another field in the case of letters only",
            Some(_) => {
                self.names.push(column.unwrap_or_default());
                self.known.insert(field.to_vec(), Some(self.names.len() - 1));
                return;
            }
            None => "has no column in the table",
        };
        self.known.insert(field.to_vec(), None);
        self.left_out += 1;
        if self.left_out <= NAMED {
            self.notes.push(format!("field `{name}` {reason}, so it is left out"));
        }
    }

    /// Adds a column that the table is to have.
    fn add(&mut self, name: &str) {
        self.names.push(name.to_owned());
        self.known.insert(name.as_bytes().to_vec(), Some(self.names.len() - 1));
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        if self.rules.ignores_case { one.eq_ignore_ascii_case(other) } else { one == other }
    }

    /// Takes notes about fields that are left out.
    pub(in crate::sink) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Calls `each` with the values of each of these rows, in order.
    pub(in crate::sink) fn rows<'b, E>(
        &'b self,
        batch: &'b Batch<'_>,
        rows: Range<usize>,
        mut each: impl FnMut(&[ValueRef<'b>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut values = vec![ValueRef::Null; self.names.len()];
        if let Some(columns) = self.columns(batch) {
            for row in rows {
                for (value, column) in values.iter_mut().zip(&columns) {
                    *value = column.map_or(ValueRef::Null, |column| column.get(row));
                }
                each(&values)?;
            }
            return Ok(());
        }
        for row in rows {
            values.fill(ValueRef::Null);
            for (name, value) in self.output.fields(batch, row) {
                if let Some(Some(column)) = self.known.get(name) {
                    values[*column] = value;
                }
            }
            each(&values)?;
        }
        Ok(())
    }

    /// The windows of these results, each at least once; `bounds` are the columns of their start and end: times, or the
    /// numbers of records.
    pub(in crate::sink) fn windows<'r>(
        &self,
        results: impl IntoIterator<Item = &'r SinkResult>,
        bounds: &[String],
    ) -> Vec<(Value, Value)> {
        let bounds = self.positions(bounds);
        let mut windows: Vec<(Value, Value)> = Vec::new();
        let [start, end] = bounds.as_slice() else {
            return windows;
        };
        for rows in results.into_iter().flat_map(|result| &result.rows) {
            let done: Result<(), Infallible> = self.rows(rows, 0..rows.rows, |values| {
                let window = (values[*start], values[*end]);
                if windows.last().is_none_or(|(start, end)| (start.borrow(), end.borrow()) != window) {
                    windows.push((window.0.to_value(), window.1.to_value()));
                }
                Ok(())
            });
            let Ok(()) = done;
        }
        windows
    }

    /// The columns of a batch whose rows have the same fields.
    fn columns<'b, 'a>(&self, batch: &'b Batch<'a>) -> Option<Vec<Option<&'b Column<'a>>>> {
        let mut columns = vec![None; self.names.len()];
        match self.output.whole.map(|whole| batch.column(whole)) {
            None => {}
            Some(Column::Record(record)) => {
                for (name, column) in record.names().iter().zip(record.columns()) {
                    if let Some(Some(at)) = self.known.get(name).filter(|_| self.output.is_kept(name)) {
                        columns[*at] = Some(column);
                    }
                }
            }
            Some(_) => return None,
        }
        for column in &self.output.named {
            if let Some(Some(at)) = self.known.get(column.name.as_bytes()) {
                columns[*at] = Some(batch.column(column.slot));
            }
        }
        Some(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{OutputColumn, Position, Slot, Value};
    use crate::sink::ResultKind;

    const RULES: ColumnRules = ColumnRules { ignores_case: true, longest: 5 };

    fn open_rows(rows: &[&[(&str, i64)]]) -> SinkBatch {
        let field = |(name, value): &(&str, i64)| (name.as_bytes().to_vec(), Value::Int(*value));
        let objects: Vec<Value> = rows.iter().map(|row| Value::Object(row.iter().map(field).collect())).collect();
        let mut batch = Batch::new(objects.len(), Position::default());
        batch.set(Slot(0), Column::Values(objects));
        SinkBatch { id: None, results: vec![SinkResult { kind: ResultKind::Rows, window: None, rows: vec![batch] }] }
    }

    fn values(columns: &TableColumns, batch: &SinkBatch) -> Vec<Vec<Value>> {
        let mut rows = Vec::new();
        for batch in &batch.results[0].rows {
            let done: Result<(), ()> = columns.rows(batch, 0..batch.rows, |values| {
                rows.push(values.iter().map(|value| value.to_value()).collect());
                Ok(())
            });
            assert!(done.is_ok());
        }
        rows
    }

    #[test]
    fn the_fields_of_the_first_batch_are_the_columns() {
        let open = OutputColumns { whole: Some(Slot(0)), ..OutputColumns::default() };
        let mut columns = TableColumns::new(&open, &["k".to_owned()], RULES);
        let batch = open_rows(&[&[("a", 1)], &[("b", 2), ("A", 3), ("toolong", 4)], &[("k", 5)]]);
        columns.learn(&batch, None);
        assert_eq!(columns.names(), ["k", "a", "b"]);
        let (null, int) = (Value::Null, Value::Int);
        let expected =
            [[null.clone(), int(1), null.clone()], [null.clone(), null.clone(), int(2)], [int(5), null.clone(), null]];
        assert_eq!(values(&columns, &batch), expected);
        assert_eq!(
            columns.take_notes(),
            [
                "field `A` differs from another field in the case of letters only, so it is left out",
                "field `toolong` cannot be the name of a column, so it is left out",
            ]
        );
        let existing = ["k", "a", "b", "c"].map(str::to_owned);
        columns.learn(&open_rows(&[&[("c", 1), ("d", 2)], &[("d", 2)]]), Some(&existing));
        assert_eq!(columns.names(), ["k", "a", "b", "c"], "the table has it");
        assert_eq!(columns.take_notes(), ["field `d` has no column in the table, so it is left out"]);
    }

    #[test]
    fn faults_of_names_are_found() {
        let column = |name: &str| OutputColumn { name: name.to_owned(), slot: Slot(0), is_key: false, is_bound: false };
        let fault = |names: &[&str], existing: Option<&[&str]>| {
            let output =
                OutputColumns { named: names.iter().map(|name| column(name)).collect(), ..OutputColumns::default() };
            let existing = existing.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
            TableColumns::new(&output, &[], RULES).fault(existing.as_deref()).unwrap_or_default()
        };
        assert_eq!(fault(&["a", "b"], None), "");
        assert_eq!(fault(&["a", "b"], Some(&["B", "c", "A"])), "");
        assert!(fault(&["a", "A"], None).starts_with("columns `a` and `A` have one name"));
        assert!(fault(&["a", ""], None).starts_with("column `` needs a name"));
        assert!(fault(&["a", "abcdef"], None).starts_with("column `abcdef` needs a name of 1 to 5 bytes"));
        assert!(fault(&["a", "b"], Some(&["a"])).starts_with("the table has no column `b`\n"));
    }
}
