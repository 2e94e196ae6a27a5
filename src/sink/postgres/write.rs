//! Writes a batch in one transaction. Few rows are passed as arrays, in one statement; many are copied.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::ops::Range;

use tokio_postgres::types::ToSql;

use super::super::table::{BATCHES, TableColumns, TableMode, quoted, quoted_list};
use super::super::{BatchId, DeliveryError, ResultKind, SinkBatch, SinkResult};
use super::cells::{Written, write_copy_cell, write_value};
use super::connection::PostgresLink;
use super::relation::PostgresColumn;
use super::statements::{STAGING, arrays, copy, create_staging, delete, insert};
use crate::data::{Batch, Value};

/// Up to this number of rows, arrays are faster than a copy.
const FEW: usize = 1000;

/// The rows that are turned into text at once.
const PIECE_ROWS: usize = 2048;

/// The text that is sent at once.
const SENT_BYTES: usize = 256 * 1024;

/// A batch on its way into the table.
pub(super) struct BatchWriter<'w> {
    link: &'w mut PostgresLink,
    table: &'w str,
    /// The table of the keys of windows that are open; `None` if it is not needed.
    provisional: Option<&'w str>,
    columns: &'w TableColumns,
    /// The columns of the table that receive values, in the order of the values.
    receivers: Vec<PostgresColumn>,
    mode: &'w TableMode,
    results: Vec<&'w SinkResult>,
    is_snapshot: bool,
    /// Rows that a later one with the same key replaces, by number.
    skipped: Vec<bool>,
    /// The columns of the key that are null in a row, for all rows.
    null_patterns: BTreeSet<Vec<bool>>,
    /// Columns with bytes that cannot be stored.
    pub(super) escaped: BTreeSet<usize>,
    /// True if the transaction has begun.
    is_open: bool,
}

/// The number of a batch that is written in its transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchNumber<'w> {
    pub id: BatchId,
    pub stream: &'w str,
    /// The table for SQL that holds the numbers.
    pub batches: &'w str,
    /// The name of the target.
    pub target: &'w str,
}

impl<'w> BatchWriter<'w> {
    pub(super) fn new(
        link: &'w mut PostgresLink,
        (table, provisional): (&'w str, Option<&'w str>),
        columns: &'w TableColumns,
        receivers: Vec<PostgresColumn>,
        mode: &'w TableMode,
        batch: &'w SinkBatch,
    ) -> BatchWriter<'w> {
        let results: Vec<&SinkResult> = match mode {
            TableMode::Append => batch.results.iter().filter(|result| result.kind != ResultKind::Snapshot).collect(),
            TableMode::Whole => batch.results.last().into_iter().collect(),
            TableMode::Upsert(_) | TableMode::Windows(_) => batch.results.iter().collect(),
        };
        let mut writer = BatchWriter {
            link,
            table,
            provisional,
            columns,
            receivers,
            mode,
            is_snapshot: results.iter().all(|result| result.kind == ResultKind::Snapshot),
            results,
            skipped: Vec::new(),
            null_patterns: BTreeSet::new(),
            escaped: BTreeSet::new(),
            is_open: false,
        };
        writer.examine_keys();
        writer
    }

    /// Finds the rows that are not the last of their key, and the nulls in keys.
    fn examine_keys(&mut self) {
        let key = self.columns.positions(self.mode.key());
        if key.is_empty() {
            return;
        }
        let is_unique = matches!(self.mode, TableMode::Upsert(_));
        let mut last: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut text = Vec::new();
        let mut number = 0;
        for (rows, range) in pieces(&self.results) {
            let examined: Result<(), Infallible> = self.columns.rows(rows, range, |values| {
                let nulls: Vec<bool> = key.iter().map(|at| values[*at].is_null()).collect();
                self.null_patterns.insert(nulls);
                if is_unique {
                    text.clear();
                    for at in &key {
                        let start = text.len();
                        write_value(values[*at], self.receivers[*at].kind, &mut text);
                        let length = text.len() - start;
                        text.extend_from_slice(&length.to_le_bytes());
                        text.push(u8::from(values[*at].is_null()));
                    }
                    if let Some(earlier) = last.get_mut(&text) {
                        self.skipped.resize(number + 1, false);
                        self.skipped[std::mem::replace(earlier, number)] = true;
                    } else {
                        last.insert(text.clone(), number);
                    }
                }
                number += 1;
                Ok(())
            });
            let Ok(()) = examined;
        }
    }

    fn row_count(&self) -> usize {
        self.results.iter().map(|result| result.len()).sum()
    }

    /// Writes the batch.
    pub(super) fn write(&mut self, number: Option<BatchNumber<'_>>) -> Result<(), DeliveryError> {
        if self.row_count() > FEW {
            return self.write_many(number);
        }
        match self.write_few(number) {
            Err(DeliveryError::Failed(_)) => {
                self.link.batch("ROLLBACK")?;
                self.is_open = false;
                self.write_many(number) // a copy tells which value of which row does not fit
            }
            result => result,
        }
    }

    fn write_few(&mut self, number: Option<BatchNumber<'_>>) -> Result<(), DeliveryError> {
        if !self.is_new(number)? {
            return Ok(());
        }
        let all: Vec<usize> = (0..self.receivers.len()).collect();
        let values = self.arrays_of(&all);
        let key = self.columns.positions(self.mode.key());
        let key_values: Vec<Vec<Option<String>>> = key.iter().map(|at| values[*at].clone()).collect();
        let key_columns: Vec<PostgresColumn> = key.iter().map(|at| self.receivers[*at].clone()).collect();
        self.replace(&arrays(&key_columns), &key_values)?;
        let sql = insert(self.table, &self.receivers, &arrays(&self.receivers), self.mode);
        self.execute(&sql, &values, Some("COMMIT"))
    }

    fn write_many(&mut self, number: Option<BatchNumber<'_>>) -> Result<(), DeliveryError> {
        if !self.is_new(number)? {
            return Ok(());
        }
        self.begin()?;
        if matches!(self.mode, TableMode::Append | TableMode::Whole) {
            self.replace(STAGING, &[])?;
            self.copy_to(self.table)?;
        } else {
            self.link.batch(&create_staging(self.table, &self.receivers))?;
            self.copy_to(STAGING)?;
            self.replace(STAGING, &[])?;
            self.link.batch(&insert(self.table, &self.receivers, STAGING, self.mode))?;
        }
        self.link.batch("COMMIT")
    }

    /// Removes the rows that the new ones replace. `source` has the keys of the new rows.
    fn replace(&mut self, source: &str, values: &[Vec<Option<String>>]) -> Result<(), DeliveryError> {
        let mode = self.mode;
        match mode {
            TableMode::Append => Ok(()),
            TableMode::Whole => self.execute(&format!("DELETE FROM {}", self.table), &[], None),
            TableMode::Upsert(key) => {
                // a constraint may take nulls for different values
                let patterns = self.null_patterns.clone();
                for nulls in patterns.iter().filter(|nulls| nulls.contains(&true)) {
                    self.execute(&delete(self.table, key, nulls, source), values, None)?;
                }
                Ok(())
            }
            TableMode::Windows(key) => {
                self.replace_provisional(key, source, values)?;
                for nulls in &self.null_patterns.clone() {
                    self.execute(&delete(self.table, key, nulls, source), values, None)?;
                }
                Ok(())
            }
        }
    }

    /// Deletes the provisional rows: all of them before a new snapshot, and those of the windows that are final now.
    fn replace_provisional(
        &mut self,
        key: &[String],
        source: &str,
        values: &[Vec<Option<String>>],
    ) -> Result<(), DeliveryError> {
        let Some(provisional) = self.provisional else {
            return Ok(());
        };
        self.begin()?;
        if self.is_snapshot {
            remove_provisional(self.link, self.table, provisional, key)?;
            let keys = quoted_list(key);
            return self.execute(&format!("INSERT INTO {provisional} SELECT {keys} FROM {source} s"), values, None);
        }
        let bounds = self.columns.positions(&key[..2]);
        let columns: Vec<PostgresColumn> = bounds.iter().map(|at| self.receivers[*at].clone()).collect();
        let windows = self.columns.windows(self.results.iter().copied(), &key[..2]);
        let text = |value: &Value, column: &PostgresColumn| {
            let mut text = Vec::new();
            write_value(value.borrow(), column.kind, &mut text);
            String::from_utf8(text).ok()
        };
        let starts = windows.iter().map(|(start, _)| text(start, &columns[0])).collect();
        let ends = windows.iter().map(|(_, end)| text(end, &columns[1])).collect();
        let windows = [starts, ends];
        let bound_names = quoted_list(&key[..2]);
        let of_windows = format!("({bound_names}) IN (SELECT {bound_names} FROM {} w)", arrays(&columns));
        for nulls in null_patterns(self.link, provisional, key)? {
            let sql = delete(self.table, key, &nulls, &format!("(SELECT * FROM {provisional} WHERE {of_windows})"));
            self.execute(&sql, &windows, None)?;
        }
        self.execute(&format!("DELETE FROM {provisional} WHERE {of_windows}"), &windows, None)
    }

    /// Begins the transaction, if it has not begun.
    fn begin(&mut self) -> Result<(), DeliveryError> {
        if !std::mem::replace(&mut self.is_open, true) {
            let beginning = self.beginning();
            self.link.batch(&beginning)?;
        }
        Ok(())
    }

    /// Begins a transaction. One that replaces rows without a unique index waits for those of other programs, or rows
    /// that both insert would be doubled.
    fn beginning(&self) -> String {
        match self.mode {
            TableMode::Append | TableMode::Upsert(_) => "BEGIN".to_owned(),
            TableMode::Windows(_) | TableMode::Whole => {
                let table = self.table.replace('\'', "''");
                format!("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('bourn {table}', 0))")
            }
        }
    }

    /// Writes the number of the batch; false if the table has this batch, which an attempt that seemed to fail has
    /// written.
    fn is_new(&mut self, number: Option<BatchNumber<'_>>) -> Result<bool, DeliveryError> {
        let Some(BatchNumber { id, stream, batches, target }) = number else {
            return Ok(true);
        };
        let sql = format!(
            "INSERT INTO {batches} AS b (stream, target, batch) VALUES ($1, $2, $3) ON CONFLICT (stream, target) \
             DO UPDATE SET batch = excluded.batch WHERE b.batch < excluded.batch"
        );
        let before = (!std::mem::replace(&mut self.is_open, true)).then(|| self.beginning());
        let rows = self.link.execute(before.as_deref(), &sql, &[&stream, &target, &id.0.cast_signed()], None)?;
        if rows == 0 {
            self.link.batch("ROLLBACK")?;
            self.is_open = false;
        }
        Ok(rows > 0)
    }

    /// Runs a statement whose parameters are arrays.
    fn execute(&mut self, sql: &str, values: &[Vec<Option<String>>], after: Option<&str>) -> Result<(), DeliveryError> {
        let parameters: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let before = (!std::mem::replace(&mut self.is_open, true)).then(|| self.beginning());
        self.link.execute(before.as_deref(), sql, &parameters, after).map(|_| ())
    }

    /// The values of columns as arrays of text.
    fn arrays_of(&mut self, columns: &[usize]) -> Vec<Vec<Option<String>>> {
        let mut arrays: Vec<Vec<Option<String>>> = columns.iter().map(|_| Vec::new()).collect();
        let mut number = 0;
        for (rows, range) in pieces(&self.results) {
            let done: Result<(), Infallible> = self.columns.rows(rows, range, |values| {
                let is_skipped = self.skipped.get(number).copied().unwrap_or(false);
                number += 1;
                if is_skipped {
                    return Ok(());
                }
                for (array, at) in arrays.iter_mut().zip(columns) {
                    let mut text = Vec::new();
                    let written = write_value(values[*at], self.receivers[*at].kind, &mut text);
                    if written == Written::Escaped {
                        self.escaped.insert(*at);
                    }
                    array.push(match written {
                        Written::Null => None,
                        _ => Some(String::from_utf8_lossy(&text).into_owned()),
                    });
                }
                Ok(())
            });
            let Ok(()) = done;
        }
        arrays
    }

    /// Copies all rows.
    fn copy_to(&mut self, table: &str) -> Result<(), DeliveryError> {
        let BatchWriter { link, columns, receivers, results, skipped, escaped, .. } = self;
        let mut pieces = pieces(results);
        let mut number = 0;
        let mut cell = Vec::new();
        link.copy(&copy(table, receivers), |text| {
            while text.len() < SENT_BYTES {
                let Some((rows, range)) = pieces.next() else {
                    return false;
                };
                let done: Result<(), Infallible> = columns.rows(rows, range, |values| {
                    let is_skipped = skipped.get(number).copied().unwrap_or(false);
                    number += 1;
                    if is_skipped {
                        return Ok(());
                    }
                    for (at, (value, column)) in values.iter().zip(receivers.iter()).enumerate() {
                        if at > 0 {
                            text.push(b'\t');
                        }
                        cell.clear();
                        match write_value(*value, column.kind, &mut cell) {
                            Written::Null => text.extend_from_slice(b"\\N"),
                            Written::Whole => write_copy_cell(&cell, text),
                            Written::Escaped => {
                                escaped.insert(at);
                                write_copy_cell(&cell, text);
                            }
                        }
                    }
                    text.push(b'\n');
                    Ok(())
                });
                let Ok(()) = done;
            }
            true
        })
    }
}

/// Deletes all provisional rows from the table, and their keys.
pub(super) fn remove_provisional(
    link: &mut PostgresLink,
    table: &str,
    provisional: &str,
    key: &[String],
) -> Result<(), DeliveryError> {
    for nulls in null_patterns(link, provisional, key)? {
        link.batch(&delete(table, key, &nulls, provisional))?;
    }
    link.batch(&format!("DELETE FROM {provisional}"))
}

/// The columns of the key that are null in a row, for all rows of a table of keys.
fn null_patterns(link: &mut PostgresLink, provisional: &str, key: &[String]) -> Result<Vec<Vec<bool>>, DeliveryError> {
    let nulls: Vec<String> = key.iter().map(|name| format!("{} IS NULL", quoted(name))).collect();
    let rows = link.query(&format!("SELECT DISTINCT ARRAY[{}] FROM {provisional}", nulls.join(", ")), &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Makes the table of numbers of batches, and returns the last one of a stream.
pub(super) fn last_batch(link: &mut PostgresLink, number: BatchNumber<'_>) -> Result<Option<BatchId>, DeliveryError> {
    let BatchNumber { stream, batches, target, .. } = number;
    let exists = link.query("SELECT to_regclass($1) IS NOT NULL", &[&batches])?;
    if !exists.first().is_some_and(|row| row.get(0)) {
        link.batch(&format!(
            "CREATE TABLE {batches} (stream text, target text, batch bigint NOT NULL, PRIMARY KEY (stream, target))"
        ))?;
    }
    let sql = format!("SELECT batch FROM {batches} WHERE stream = $1 AND target = $2");
    let rows = link.query(&sql, &[&stream, &target])?;
    Ok(rows.first().map(|row| BatchId(row.get::<_, i64>(0).cast_unsigned())))
}

/// The name of the table of numbers, beside the table of a target.
pub(super) const NUMBERS: &str = BATCHES;

/// The rows of results in pieces, in order.
fn pieces<'r>(results: &[&'r SinkResult]) -> impl Iterator<Item = (&'r Batch<'static>, Range<usize>)> + use<'r> {
    let results = results.to_vec();
    results.into_iter().flat_map(|result| &result.rows).flat_map(|rows| {
        (0..rows.rows).step_by(PIECE_ROWS).map(move |start| (rows, start..rows.rows.min(start + PIECE_ROWS)))
    })
}
