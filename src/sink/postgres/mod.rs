//! `postgres://USER@HOST/DATABASE/TABLE`: rows of a table of a PostgreSQL server.
//!
//! Each batch is one transaction. With a checkpoint the number of a batch whose rows are added is written in the same
//! transaction, so that they are in the table once, whatever crashes, and an attempt whose answer was lost is recognized.
//! Other rows replace themselves.

mod address;
mod cells;
mod connection;
mod faults;
mod relation;
mod secrets;
mod statements;
mod tls;
mod write;

use std::ffi::OsStr;

use crate::data::{Entry, Example, OutputColumns};

use super::named_fields::NamedFields;
use super::table::{
    ColumnRules, EXACTLY_ONCE, SNAPSHOTS_LEFT_OUT, TableColumns, TableMode, provisional_name, quoted_list,
};
use super::{
    BatchId, DeliveryError, Encodes, OpenSink, Promise, ResultKind, RowSink, SinkBatch, SinkDef, SinkSettings,
};
use address::{PostgresTarget, SCHEMES};
use connection::PostgresLink;
use relation::{Relation, table_name};
use write::{BatchNumber, BatchWriter, NUMBERS, last_batch, remove_provisional};

pub(super) const POSTGRES: SinkDef = SinkDef {
    entry: Entry {
        name: "postgres",
        usage: "postgres://USER@HOST/DATABASE/TABLE[?key=COLUMN,…]",
        summary: "A table of a PostgreSQL server.",
        details: "A table that is missing is made from the first rows; a table that exists is never altered, and its types \
                  are respected. Write SCHEMA.TABLE for another schema, and `?host=/var/run/postgresql` for a Unix socket. \
                  A result over everything read replaces the rows of its table, which must have been made by bourn or \
                  needs `?replace=yes`. The rows of a window, and in it those of a group, replace the earlier ones, so \
                  that results so far (`--every`) are updated in place. Those of windows that are open at the end of a run \
                  with `--checkpoint` remain until the next run replaces them. Rows of windows that a run does not have \
                  remain, too: after a change of the expression, begin with a new table. All other rows are added. With `?key=a,b` a row \
                  replaces the one with the same values in these columns, which must be unique, and no row is deleted; \
                  with `?key=` rows are only added.\n\n\
                  New columns are bigint, double precision, numeric (ints beyond 64 bits), text, timestamptz (to the \
                  microsecond), boolean, interval or jsonb (lists and objects); a column without values in the first batch, \
                  or with values of several types, is text. In a column of type date or time, a time is the day or the time \
                  of day in the zone of `--tz`; in one of type timestamp it is in UTC. In text, bytes that PostgreSQL cannot store (zero, not UTF-8) \
                  are written as `\\x00`, with a note. If the data define the columns, they are the fields of the first \
                  batch, or those that the table has; other fields are left out, with a note.\n\n\
                  Passwords come from PGPASSWORD, `~/.pgpass` or `?password-file=FILE`; a password in the target is \
                  refused. `?sslmode=` is disable, prefer, require, verify-ca or verify-full: by default verify-full, and \
                  prefer for a server of this machine; `?tls-ca=FILE` names the authority instead of those that the system \
                  trusts.\n\n\
                  Each batch is one transaction: few rows are one statement, many are copied. With `--checkpoint`, \
                  if rows are only added, the table `bourn_batches` holds the number of the last batch.",
        examples: &[Example {
            expr: "--check --to postgres://ann@db.example.com/shop/words 'split | count by word'",
            input: "",
            output: "",
        }],
    },
    promise: Promise::ExactlyOnce(EXACTLY_ONCE),
    encodes: |_| Encodes::Nothing,
    accepts: |target| target.to_str().is_some_and(|target| SCHEMES.iter().any(|scheme| target.starts_with(scheme))),
    check: |target| PostgresTarget::parse(target).map(|_| ()),
    path: |_| None,
    is_same: |one, other| match (PostgresTarget::parse(one), PostgresTarget::parse(other)) {
        (Ok(one), Ok(other)) => one.place() == other.place(),
        _ => false,
    },
    fits: |target, settings| PostgresSink::open(target, settings).map(drop),
    open: OpenSink::Rows(|target, settings| Ok(Box::new(PostgresSink::open(target, settings)?))),
};

/// The longest name of a table or column, in bytes; the server cuts longer ones.
const LONGEST_NAME: usize = 63;

/// Columns of PostgreSQL.
const RULES: ColumnRules = ColumnRules { ignores_case: false, longest: LONGEST_NAME };

struct PostgresSink {
    target: PostgresTarget,
    /// The stream whose batches have numbers in the database.
    stream: Option<String>,
    mode: TableMode,
    output: OutputColumns,
    columns: TableColumns,
    /// The fields of the key.
    named: NamedFields,
    server: Option<Server>,
    /// Results so far of an earlier run remain at the beginning of this one, and those of this one at its end.
    resumes: bool,
    suspends: bool,
    /// True if a result that is final was delivered.
    has_final: bool,
    leaves_out_snapshots: bool,
    /// Columns with a note about bytes that cannot be stored.
    escaped: Vec<String>,
    notes: Vec<String>,
}

/// A connection, and what is known about the table.
struct Server {
    link: PostgresLink,
    /// `None` if the table is yet to be made.
    relation: Option<Relation>,
    /// True if the table of provisional keys exists.
    has_provisional: bool,
}

impl PostgresSink {
    fn open(target: &OsStr, settings: &SinkSettings) -> Result<PostgresSink, String> {
        let target = PostgresTarget::parse(target).map_err(|error| error.message)?;
        if target.has_password {
            let places = secrets::PLACES;
            return Err(format!("every user of this machine sees a password in the target\n  = help: {places}"));
        }
        let mode = TableMode::choose(settings, target.key.as_deref())?;
        let columns = TableColumns::new(&settings.columns, mode.key(), RULES);
        if let Some(fault) = columns.fault(None) {
            return Err(fault);
        }
        Ok(PostgresSink {
            target,
            stream: settings.stream.clone().filter(|_| mode.needs_numbers()),
            named: NamedFields::new(&settings.columns, mode.key().iter().map(String::as_str)),
            output: settings.columns.clone(),
            mode,
            columns,
            server: None,
            resumes: settings.resumes,
            suspends: settings.suspends,
            has_final: false,
            leaves_out_snapshots: false,
            escaped: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Connects, unless there is a connection.
    fn connect(&mut self) -> Result<(), DeliveryError> {
        if self.server.is_some() {
            return Ok(());
        }
        let mut link = PostgresLink::open(&self.target)?;
        let relation = Relation::find(&mut link, &self.target, &self.target.table)?;
        if let Some(relation) = &relation {
            if self.mode == TableMode::Whole && !self.target.replaces {
                Relation::check_own(&mut link, &self.target)?;
            }
            if let Some(fault) = self.columns.fault(Some(&relation.names())) {
                return Err(DeliveryError::Failed(fault));
            }
        }
        let has_provisional = Relation::find(&mut link, &self.target, &self.provisional_table())?.is_some();
        self.server = Some(Server { link, relation, has_provisional });
        Ok(())
    }

    /// The name of the table of provisional keys, which is not longer than names may be.
    fn provisional_table(&self) -> String {
        let name = provisional_name(&self.target.table);
        match name.len() <= LONGEST_NAME {
            true => name,
            false => provisional_name(&format!("{:016x}", twox_hash::XxHash3_64::oneshot(name.as_bytes()))),
        }
    }

    /// Calls `work` with a connection, which is closed after a failure.
    fn connected<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, DeliveryError>) -> Result<T, DeliveryError> {
        let result = self.connect().and_then(|()| work(self));
        if result.is_err() {
            self.server = None;
        }
        result
    }

    /// Deletes the rows of windows that were open when an earlier run, or this one, has ended.
    fn remove_provisional(&mut self) -> Result<(), DeliveryError> {
        let name = self.provisional_table();
        let provisional = table_name(&self.target, &name);
        let Some(Server { link, relation, has_provisional }) = &mut self.server else {
            return Ok(());
        };
        if !*has_provisional {
            return Ok(());
        }
        link.batch("BEGIN")?;
        let keys = Relation::find(link, &self.target, &name)?.map_or(Vec::new(), |keys| keys.names());
        let known = relation.as_ref().map_or(Vec::new(), Relation::names);
        if keys.iter().all(|key| known.contains(key)) {
            remove_provisional(link, &table_name(&self.target, &self.target.table), &provisional, &keys)?;
        }
        link.batch(&format!("DROP TABLE {provisional}; COMMIT"))?;
        *has_provisional = false;
        Ok(())
    }

    fn write(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        let table = table_name(&self.target, &self.target.table);
        let provisional = table_name(&self.target, &self.provisional_table());
        let batches = table_name(&self.target, NUMBERS);
        let Some(Server { link, relation, has_provisional }) = &mut self.server else {
            return Ok(());
        };
        self.columns.learn(batch, relation.as_ref().map(Relation::names).as_deref());
        if self.columns.names().is_empty() {
            return self.columns.without_names(batch);
        }
        if relation.is_none() && batch.rows() == 0 {
            return Ok(()); // the first rows decide the types
        }
        if relation.is_none() {
            Relation::make(link, &self.target, &self.columns, &self.mode, batch)?;
            *relation = Relation::find(link, &self.target, &self.target.table)?;
        }
        let receivers = relation.as_ref().map_or(Vec::new(), |table| table.columns_of(self.columns.names()));
        let is_snapshot = batch.results.iter().all(|result| result.kind == ResultKind::Snapshot);
        if is_snapshot && !*has_provisional && matches!(self.mode, TableMode::Windows(_)) {
            let keys = quoted_list(self.mode.key());
            link.batch(&format!("CREATE TABLE {provisional} AS SELECT {keys} FROM {table} WITH NO DATA"))?;
            *has_provisional = true;
        }
        let number = batch.id.zip(self.stream.as_deref());
        let number =
            number.map(|(id, stream)| BatchNumber { id, stream, batches: &batches, target: &self.target.table });
        let provisional = has_provisional.then_some(provisional.as_str());
        let mut writer = BatchWriter::new(link, (&table, provisional), &self.columns, receivers, &self.mode, batch);
        writer.write(number)?;
        for at in std::mem::take(&mut writer.escaped) {
            let name = &self.columns.names()[at];
            if !self.escaped.contains(name) {
                self.escaped.push(name.clone());
                self.notes.push(format!("column `{name}`: bytes that PostgreSQL cannot store are written as \\x00"));
            }
        }
        Ok(())
    }
}

impl RowSink for PostgresSink {
    fn begin(&mut self) -> Result<Option<BatchId>, DeliveryError> {
        let last = self.connected(|sink| {
            if !sink.resumes {
                sink.remove_provisional()?;
            }
            let batches = table_name(&sink.target, NUMBERS);
            let target = &sink.target.table;
            match (&sink.stream, &mut sink.server) {
                (Some(stream), Some(server)) => {
                    let number = BatchNumber { id: BatchId(0), stream, batches: &batches, target };
                    last_batch(&mut server.link, number)
                }
                _ => Ok(None),
            }
        })?;
        Ok(last)
    }

    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        let is_snapshot = batch.results.iter().all(|result| result.kind == ResultKind::Snapshot);
        if is_snapshot && self.mode == TableMode::Append {
            if !std::mem::replace(&mut self.leaves_out_snapshots, true) {
                self.notes.push(SNAPSHOTS_LEFT_OUT.to_owned());
            }
            return Ok(());
        }
        let fields = self.named.look(&self.output, batch);
        self.notes.extend(fields);
        self.connected(|sink| sink.write(batch))?;
        self.has_final |= !is_snapshot;
        Ok(())
    }

    fn takes_several(&self) -> bool {
        true
    }

    fn finish(&mut self) -> Result<(), DeliveryError> {
        let is_empty = self.mode == TableMode::Whole && !self.has_final;
        let table = table_name(&self.target, &self.target.table);
        self.connected(|sink| {
            if !sink.suspends {
                sink.remove_provisional()?;
            }
            match &mut sink.server {
                Some(server) if is_empty && server.relation.is_some() => {
                    server.link.batch(&format!("DELETE FROM {table}")) // the result has no rows
                }
                _ => Ok(()),
            }
        })?;
        self.server = None;
        Ok(())
    }

    fn take_notes(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.columns.take_notes());
        notes
    }
}
