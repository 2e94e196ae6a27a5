//! An open database, and transactions that write batches.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Statement, Transaction, TransactionBehavior, params};

use super::super::table::{BATCHES, TableColumns, TableMode, foreign_table, provisional_name, quoted, quoted_list};
use super::super::{BatchId, DeliveryError, ResultKind, SinkBatch, SinkResult};
use super::cell::SqliteCell;
use super::faults::fault;
use super::statements::{MADE_WHOLE, create_table, delete, delete_provisional, find, insert};
use crate::data::ValueRef;

/// How long a statement waits for the locks of other processes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Commits are durable. The cache is large enough for an index of some hundred thousand rows in any order.
const SETTINGS: &str = "PRAGMA synchronous = FULL; PRAGMA cache_size = -16384";

/// A database with the table that receives rows.
pub(super) struct Store {
    database: Connection,
    table: String,
    mode: TableMode,
    /// The columns of the table; `None` if it is yet to be made.
    existing: Option<Vec<String>>,
    /// True if the table of provisional keys exists.
    has_provisional: bool,
}

impl Store {
    /// Opens or makes a database.
    pub(super) fn open(path: &Path, table: &str, mode: &TableMode) -> Result<Store, DeliveryError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags).map_err(fault)?;
        database.busy_timeout(PATIENCE).map_err(fault)?;
        let pages: i64 = database.query_row("PRAGMA page_count", [], |row| row.get(0)).map_err(fault)?;
        if pages == 0 {
            database.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(fault)?;
        }
        database.execute_batch(SETTINGS).map_err(fault)?;
        let mut store =
            Store { database, table: table.to_owned(), mode: mode.clone(), existing: None, has_provisional: false };
        store.existing = store.columns_of(table)?;
        store.has_provisional = store.columns_of(&provisional_name(table))?.is_some();
        Ok(store)
    }

    /// Opens a database that exists, to look at it; `None` if that fails. A reader that may not write would leave files of
    /// the log.
    pub(super) fn open_existing(path: &Path, table: &str, mode: &TableMode) -> Option<Store> {
        if !path.is_file() {
            return None;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags).ok()?;
        let mut store =
            Store { database, table: table.to_owned(), mode: mode.clone(), existing: None, has_provisional: false };
        store.existing = store.columns_of(table).ok()?;
        Some(store)
    }

    /// The columns of a table that exists, except generated ones.
    fn columns_of(&self, table: &str) -> Result<Option<Vec<String>>, DeliveryError> {
        let read = || {
            let mut statement = self.database.prepare("SELECT name FROM pragma_table_info(?)")?;
            let names = statement.query_map([table], |row| row.get(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        };
        let names = read().map_err(fault)?;
        Ok((!names.is_empty()).then_some(names))
    }

    /// The columns of the table; `None` if it is yet to be made.
    pub(super) fn existing(&self) -> Option<&[String]> {
        self.existing.as_deref()
    }

    /// Fails if the table was not made for whole results.
    pub(super) fn check_own(&self) -> Result<(), DeliveryError> {
        let sql = "SELECT sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')";
        let definition: Option<Option<String>> =
            self.database.query_row(sql, [&self.table], |row| row.get(0)).optional().map_err(fault)?;
        match definition {
            Some(definition) if !definition.as_ref().is_some_and(|sql| sql.contains(MADE_WHOLE)) => {
                Err(DeliveryError::Failed(foreign_table(&self.table)))
            }
            _ => Ok(()),
        }
    }

    /// Makes the table, unless it exists.
    pub(super) fn make_table(&mut self, names: &[String]) -> Result<(), DeliveryError> {
        if self.existing.is_some() || names.is_empty() {
            return Ok(());
        }
        let transaction = begin(&mut self.database).map_err(fault)?;
        let sql = "SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE";
        let is_made = transaction.query_row(sql, [&self.table], |_| Ok(())).optional().map_err(fault)?.is_some();
        if is_made {
            drop(transaction); // another program has made it since
            if self.mode == TableMode::Whole {
                self.check_own()?;
            }
            self.existing = self.columns_of(&self.table)?;
            return Ok(());
        }
        let made = transaction.execute_batch(&create_table(&self.table, names, &self.mode));
        made.and_then(|()| transaction.commit()).map_err(fault)?;
        self.existing = Some(names.to_vec());
        Ok(())
    }

    /// Returns the last batch of a stream that the table has received.
    pub(super) fn last_batch(&self, stream: &str) -> Result<Option<BatchId>, DeliveryError> {
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {BATCHES} (stream TEXT NOT NULL, target TEXT NOT NULL, batch INTEGER NOT NULL, \
             PRIMARY KEY (stream, target))"
        );
        self.database.execute_batch(&sql).map_err(fault)?;
        let last = last_batch(&self.database, stream, &self.table).map_err(fault)?;
        Ok(last.map(BatchId))
    }

    /// Deletes the rows of windows that were open when an earlier run, or this one, has ended.
    pub(super) fn remove_provisional(&mut self) -> Result<(), DeliveryError> {
        if !std::mem::take(&mut self.has_provisional) {
            return Ok(());
        }
        let keys = provisional_name(&self.table);
        let columns = self.columns_of(&keys)?.unwrap_or_default();
        let is_column = |name: &String| self.existing.iter().flatten().any(|other| other == name);
        let delete = match columns.iter().all(is_column) {
            true => delete_provisional(&self.table, &columns, &[]),
            false => String::new(), // the table was made again
        };
        let removed = begin(&mut self.database).and_then(|transaction| {
            transaction.execute_batch(&format!("{delete}; DROP TABLE {}", quoted(&keys)))?;
            transaction.commit()
        });
        self.has_provisional = removed.is_err();
        removed.map_err(fault)
    }

    /// Deletes all rows.
    pub(super) fn empty(&mut self) -> Result<(), DeliveryError> {
        if self.existing.is_none() {
            return Ok(());
        }
        self.database.execute(&format!("DELETE FROM {}", quoted(&self.table)), []).map(|_| ()).map_err(fault)
    }

    /// Writes a batch in one transaction.
    pub(super) fn write(
        &mut self,
        batch: &SinkBatch,
        columns: &TableColumns,
        mode: &TableMode,
        stream: Option<&str>,
    ) -> Result<(), DeliveryError> {
        let is_snapshot = batch.results.iter().all(|result| result.kind == ResultKind::Snapshot);
        let makes_provisional = is_snapshot && matches!(mode, TableMode::Windows(_));
        let has_provisional = self.has_provisional || makes_provisional;
        let table = self.table.clone();
        let transaction = begin(&mut self.database).map_err(fault)?;
        let mut writer = SqliteWriter { transaction: &transaction, table: &table, columns };
        let number = batch.id.zip(stream);
        if let Some((id, stream)) = number {
            let last = last_batch(&transaction, stream, &table).map_err(fault)?;
            if last.is_some_and(|last| last >= id.0) {
                return Ok(()); // an attempt that seemed to have failed
            }
        }
        writer.write(batch, mode, is_snapshot, has_provisional).map_err(fault)?;
        if let Some((id, stream)) = number {
            let sql = format!("INSERT OR REPLACE INTO {BATCHES} (stream, target, batch) VALUES (?, ?, ?)");
            let mut statement = transaction.prepare_cached(&sql).map_err(fault)?;
            statement.execute(params![stream, table, id.0.cast_signed()]).map_err(fault)?;
        }
        transaction.commit().map_err(fault)?;
        self.has_provisional = has_provisional;
        Ok(())
    }
}

/// Begins a transaction that may write: it never fails because another one has written since.
fn begin(database: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    database.transaction_with_behavior(TransactionBehavior::Immediate)
}

fn last_batch(database: &Connection, stream: &str, table: &str) -> rusqlite::Result<Option<u64>> {
    let sql = format!("SELECT batch FROM {BATCHES} WHERE stream = ? AND target = ?");
    let mut statement = database.prepare_cached(&sql)?;
    let last: Option<i64> = statement.query_row(params![stream, table], |row| row.get(0)).optional()?;
    Ok(last.map(i64::cast_unsigned))
}

/// Writes the results of a batch.
struct SqliteWriter<'t> {
    transaction: &'t Transaction<'t>,
    table: &'t str,
    columns: &'t TableColumns,
}

impl SqliteWriter<'_> {
    fn write(
        &mut self,
        batch: &SinkBatch,
        mode: &TableMode,
        is_snapshot: bool,
        has_provisional: bool,
    ) -> rusqlite::Result<()> {
        match mode {
            TableMode::Append => {
                let results = batch.results.iter().filter(|result| result.kind != ResultKind::Snapshot);
                self.insert(results, mode)
            }
            TableMode::Upsert(_) => self.upsert(batch, mode),
            TableMode::Whole => {
                self.transaction.execute(&format!("DELETE FROM {}", quoted(self.table)), [])?;
                self.insert(batch.results.last(), mode)
            }
            TableMode::Windows(key) => {
                if has_provisional {
                    self.replace_provisional(batch, key, is_snapshot)?;
                }
                self.delete_keys(batch, key)?;
                self.insert(&batch.results, mode)
            }
        }
    }

    fn insert<'r>(&self, results: impl IntoIterator<Item = &'r SinkResult>, mode: &TableMode) -> rusqlite::Result<()> {
        let sql = insert(self.table, self.columns.names(), mode);
        let mut statement = self.transaction.prepare_cached(&sql)?;
        for rows in results.into_iter().flat_map(|result| &result.rows) {
            self.columns.rows(rows, 0..rows.rows, |values| execute(&mut statement, values.iter().copied()))?;
        }
        Ok(())
    }

    /// A constraint takes nulls for different values, so a row with a null in its key would be added again: the earlier
    /// one is deleted first.
    fn upsert(&self, batch: &SinkBatch, mode: &TableMode) -> rusqlite::Result<()> {
        let key = mode.key();
        let positions = self.columns.positions(key);
        let mut delete = self.transaction.prepare_cached(&delete(self.table, key))?;
        let mut insert = self.transaction.prepare_cached(&insert(self.table, self.columns.names(), mode))?;
        for rows in batch.results.iter().flat_map(|result| &result.rows) {
            self.columns.rows(rows, 0..rows.rows, |values| {
                if positions.iter().any(|at| SqliteCell::of(values[*at]) == SqliteCell::Null) {
                    execute(&mut delete, positions.iter().map(|at| values[*at]))?;
                }
                execute(&mut insert, values.iter().copied())
            })?;
        }
        Ok(())
    }

    /// Deletes the rows that have the key of any new row. Consecutive rows with the same key are one deletion. Most windows
    /// are written for the first time: they have nothing to delete.
    fn delete_keys(&self, batch: &SinkBatch, key: &[String]) -> rusqlite::Result<()> {
        let positions = self.columns.positions(key);
        let mut statement = self.transaction.prepare_cached(&delete(self.table, key))?;
        let mut find = self.transaction.prepare_cached(&find(self.table, &key[..2]))?;
        let mut replaced = Vec::new();
        for result in &batch.results {
            let is_replaced = match result.window {
                Some((start, end)) => {
                    find.raw_bind_parameter(1, SqliteCell::of(ValueRef::Time(start)))?;
                    find.raw_bind_parameter(2, SqliteCell::of(ValueRef::Time(end)))?;
                    find.raw_query().next()?.is_some()
                }
                None => true,
            };
            replaced.extend(is_replaced.then_some(result));
        }
        for rows in replaced.into_iter().flat_map(|result| &result.rows) {
            let mut last: Vec<ValueRef<'_>> = Vec::new();
            self.columns.rows(rows, 0..rows.rows, |values| {
                let is_same = positions.iter().map(|at| values[*at]).eq(last.iter().copied());
                if is_same {
                    return Ok(());
                }
                last.clear();
                last.extend(positions.iter().map(|at| values[*at]));
                execute(&mut statement, last.iter().copied())
            })?;
        }
        Ok(())
    }

    /// Deletes the provisional rows: all of them before a new snapshot, and those of the windows that are final now.
    fn replace_provisional(&self, batch: &SinkBatch, key: &[String], is_snapshot: bool) -> rusqlite::Result<()> {
        let keys = provisional_name(self.table);
        let sql = format!("CREATE TABLE IF NOT EXISTS {} ({})", quoted(&keys), quoted_list(key));
        self.transaction.execute_batch(&sql)?;
        if !is_snapshot {
            let bounds = &key[..2];
            let mut delete_rows = self.transaction.prepare_cached(&delete_provisional(self.table, key, bounds))?;
            let mut delete_keys = self.transaction.prepare_cached(&delete(&keys, bounds))?;
            for (start, end) in self.columns.windows(&batch.results, bounds) {
                execute(&mut delete_rows, [start.borrow(), end.borrow()])?;
                execute(&mut delete_keys, [start.borrow(), end.borrow()])?;
            }
            return Ok(());
        }
        self.transaction.execute(&delete_provisional(self.table, key, &[]), [])?;
        self.transaction.execute(&format!("DELETE FROM {}", quoted(&keys)), [])?;
        let positions = self.columns.positions(key);
        let mut statement = self.transaction.prepare_cached(&insert(&keys, key, &TableMode::Append))?;
        for rows in batch.results.iter().flat_map(|result| &result.rows) {
            self.columns
                .rows(rows, 0..rows.rows, |values| execute(&mut statement, positions.iter().map(|at| values[*at])))?;
        }
        Ok(())
    }
}

/// Runs a statement with these values.
fn execute<'v>(statement: &mut Statement<'_>, values: impl IntoIterator<Item = ValueRef<'v>>) -> rusqlite::Result<()> {
    for (index, value) in values.into_iter().enumerate() {
        statement.raw_bind_parameter(index + 1, SqliteCell::of(value))?;
    }
    statement.raw_execute().map(|_| ())
}
