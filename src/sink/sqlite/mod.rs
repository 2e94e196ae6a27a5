//! `sqlite:PATH/TABLE`: rows of a table of an SQLite database.
//!
//! Each batch is one transaction. With a checkpoint the number of a batch whose rows are added is written in the same
//! transaction, so that they are in the table once, whatever crashes. Other rows replace themselves.

mod cell;
mod faults;
mod statements;
mod store;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::data::{Entry, Example, OutputColumns};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;

use super::named_fields::NamedFields;
use super::same_file::is_same_place;
use super::table::{ColumnRules, EXACTLY_ONCE, TableColumns, TableMode, parse_key, parse_options, parse_switch};
use super::{
    BatchId, DeliveryError, Encodes, OpenSink, Promise, ResultKind, RowSink, SinkBatch, SinkDef, SinkSettings,
};
use store::Store;

pub(super) const SQLITE: SinkDef = SinkDef {
    entry: Entry {
        name: "sqlite",
        usage: "sqlite:PATH/TABLE[?key=COLUMN,…]",
        summary: "A table of an SQLite database.",
        details: "Database and table are made if they are missing; a table that exists is never altered. A result over \
                  everything read replaces the rows of its table, which must have been made by bourn or needs \
                  `?replace=yes`. The rows of a window, and in it those of a group, replace the earlier ones, so that \
                  results so far (`--every`) are updated in place. Those of windows that are open at the end of a run with \
                  `--checkpoint` remain until the next run replaces them. Rows of windows that a run does not have remain, \
                  too: after a change of the expression, begin with a new table. All other rows are added. With `?key=a,b` a row \
                  replaces the one with the same values in these columns, and no row is deleted; with `?key=` rows are \
                  only added.\n\n\
                  Columns have no declared type: each value keeps its own. Times are ISO 8601 text as printed, durations \
                  are numbers of seconds, bools are 0 and 1, lists and objects are JSON text, ints beyond 64 bits are \
                  text, and text that is not UTF-8 is a blob. In a key `true` and 1 are one value, and so are 1.0 and 1. If the data define the columns, they are the fields of the \
                  first batch; later fields are left out, with a note. Names that differ in the case of letters only are \
                  one name.\n\n\
                  Each batch is one transaction, durable when it is delivered. A new database is in WAL mode, so that \
                  it can be read while it is written. With `--checkpoint`, if rows are only \
                  added, the table `bourn_batches` holds the number of the last batch.",
        examples: &[Example {
            expr: "--to sqlite:results.db/words 'split | count by word'",
            input: "a b\na\n",
            output: "",
        }],
    },
    promise: Promise::ExactlyOnce(EXACTLY_ONCE),
    encodes: |_| Encodes::Nothing,
    accepts: |target| target.as_bytes().starts_with(SCHEME.as_bytes()),
    check: |target| SqliteTarget::parse(target).map(|_| ()),
    path: |_| None, // several tables may be in one file
    is_same: |one, other| match (SqliteTarget::parse(one), SqliteTarget::parse(other)) {
        (Ok(one), Ok(other)) => {
            one.table.eq_ignore_ascii_case(&other.table) && is_same_place(one.path.as_os_str(), other.path.as_os_str())
        }
        _ => false,
    },
    fits: |target, settings| SqliteSink::open(target, settings)?.check_existing(),
    open: OpenSink::Rows(|target, settings| Ok(Box::new(SqliteSink::open(target, settings)?))),
};

const SCHEME: &str = "sqlite:";

/// Columns of SQLite.
const RULES: ColumnRules = ColumnRules { ignores_case: true, longest: 1000 };

/// A table of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SqliteTarget {
    path: PathBuf,
    table: String,
    key: Option<Vec<String>>,
    /// Rows that bourn has not written may be replaced.
    replaces: bool,
}

impl SqliteTarget {
    fn parse(target: &OsStr) -> Result<SqliteTarget, Diagnostic> {
        let bytes = target.as_bytes();
        let end = bytes.iter().position(|byte| *byte == b'?').unwrap_or(bytes.len());
        let whole = Span { start: SCHEME.len(), end };
        let wrong = |message: &str| {
            Diagnostic::new(whole, message).help("the form is sqlite:PATH/TABLE, such as sqlite:results.db/counts")
        };
        let (path, table) = match bytes[whole.start..end].iter().rposition(|byte| *byte == b'/') {
            Some(slash) => bytes[whole.start..end].split_at(slash),
            None => return Err(wrong("expected the path of a database and a table")),
        };
        let Ok(table) = str::from_utf8(&table[1..]) else {
            return Err(wrong("the name of the table is not UTF-8"));
        };
        if path.starts_with(b"//") {
            let own = String::from_utf8_lossy(&bytes[whole.start..]);
            let help = format!("write sqlite:{}, or sqlite:/{0} from the root", own.trim_start_matches('/'));
            return Err(Diagnostic::new(whole, "a path does not begin with two slashes").help(help));
        }
        if path == b":memory:" {
            return Err(wrong("results in memory are lost at the end of the run"));
        }
        if path.is_empty() || table.is_empty() {
            return Err(wrong("expected the path of a database and a table"));
        }
        if table.starts_with("bourn_") || table.to_ascii_lowercase().starts_with("sqlite_") {
            return Err(wrong("tables of this name are not for results"));
        }
        let path = PathBuf::from(OsStr::from_bytes(path));
        let mut parsed = SqliteTarget { path, table: table.to_owned(), key: None, replaces: false };
        if end < bytes.len() {
            let text = target.to_str().ok_or_else(|| wrong("options need UTF-8"))?;
            for option in parse_options(text, end + 1, &["key", "replace"])? {
                match option.name {
                    "key" => parsed.key = Some(parse_key(&option)?),
                    _ => parsed.replaces = parse_switch(&option)?,
                }
            }
        }
        Ok(parsed)
    }
}

struct SqliteSink {
    target: SqliteTarget,
    /// The stream whose batches have numbers in the database.
    stream: Option<String>,
    mode: TableMode,
    output: OutputColumns,
    columns: TableColumns,
    /// The fields of the key.
    named: NamedFields,
    /// The open database.
    store: Option<Store>,
    /// Results so far of an earlier run remain at the beginning of this one, and those of this one at its end.
    resumes: bool,
    suspends: bool,
    /// True if a result that is final was delivered.
    has_final: bool,
    leaves_out_snapshots: bool,
    notes: Vec<String>,
}

impl SqliteSink {
    fn open(target: &OsStr, settings: &SinkSettings) -> Result<SqliteSink, String> {
        let target = SqliteTarget::parse(target).map_err(|error| error.message)?;
        let mode = TableMode::choose(settings, target.key.as_deref())?;
        let columns = TableColumns::new(&settings.columns, mode.key(), RULES);
        if let Some(fault) = columns.fault(None) {
            return Err(fault);
        }
        Ok(SqliteSink {
            target,
            stream: settings.stream.clone().filter(|_| mode.needs_numbers()),
            named: NamedFields::new(&settings.columns, mode.key().iter().map(String::as_str)),
            output: settings.columns.clone(),
            mode,
            columns,
            store: None,
            resumes: settings.resumes,
            suspends: settings.suspends,
            has_final: false,
            leaves_out_snapshots: false,
            notes: Vec::new(),
        })
    }

    /// Checks the columns of a table that exists, without writing. A database that cannot be read is left to the run.
    fn check_existing(&self) -> Result<(), String> {
        let SqliteTarget { path, table, replaces, .. } = &self.target;
        let Some(store) = Store::open_existing(path, table, &self.mode) else {
            return Ok(());
        };
        if self.mode == TableMode::Whole
            && !replaces
            && let Err(DeliveryError::Failed(fault)) = store.check_own()
        {
            return Err(fault);
        }
        store.existing().and_then(|existing| self.columns.fault(Some(existing))).map_or(Ok(()), Err)
    }

    /// Opens the database, unless it is open.
    fn opened(&mut self) -> Result<&mut Store, DeliveryError> {
        if self.store.is_none() {
            let SqliteTarget { path, table, replaces, .. } = &self.target;
            if Path::new(path).is_dir() {
                let example = path.join("results.db").join(table);
                return Err(DeliveryError::Failed(format!(
                    "{} is a directory\n  = help: write sqlite:{}",
                    path.display(),
                    example.display()
                )));
            }
            let mut store = Store::open(path, table, &self.mode)?;
            if self.mode == TableMode::Whole && !replaces {
                store.check_own()?;
            }
            if let Some(fault) = self.columns.fault(store.existing()) {
                return Err(DeliveryError::Failed(fault));
            }
            if !self.columns.are_open() {
                store.make_table(self.columns.names())?;
            }
            self.store = Some(store);
        }
        self.store.as_mut().ok_or_else(|| DeliveryError::Retry("the database is not open".to_owned()))
    }
}

impl RowSink for SqliteSink {
    fn begin(&mut self) -> Result<Option<BatchId>, DeliveryError> {
        let stream = self.stream.clone();
        let resumes = self.resumes;
        let store = self.opened()?;
        if !resumes {
            store.remove_provisional()?;
        }
        let last = match &stream {
            Some(stream) => store.last_batch(stream)?,
            None => None,
        };
        Ok(last)
    }

    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        let is_snapshot = batch.results.iter().all(|result| result.kind == ResultKind::Snapshot);
        if is_snapshot && self.mode == TableMode::Append {
            if !std::mem::replace(&mut self.leaves_out_snapshots, true) {
                self.notes.push(super::table::SNAPSHOTS_LEFT_OUT.to_owned());
            }
            return Ok(());
        }
        let stream = self.stream.clone();
        let fields = self.named.look(&self.output, batch);
        self.notes.extend(fields);
        self.opened()?;
        let (Some(store), columns) = (&mut self.store, &mut self.columns) else {
            return Ok(());
        };
        columns.learn(batch, store.existing());
        if columns.names().is_empty() {
            return columns.without_names(batch);
        }
        store.make_table(columns.names())?;
        store.write(batch, columns, &self.mode, stream.as_deref())?;
        self.has_final |= !is_snapshot;
        Ok(())
    }

    fn takes_several(&self) -> bool {
        true
    }

    fn finish(&mut self) -> Result<(), DeliveryError> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        if !self.suspends {
            store.remove_provisional()?;
        }
        if self.mode == TableMode::Whole && !self.has_final {
            store.empty()?; // the result has no rows
        }
        self.store = None; // closes the database, which writes the log into it
        Ok(())
    }

    fn take_notes(&mut self) -> Vec<String> {
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.columns.take_notes());
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_a_path_and_a_table() {
        let parsed = |target: &str| SqliteTarget::parse(OsStr::new(target));
        let expected = |path: &str, table: &str, key: Option<&[&str]>| {
            let key = key.map(|key| key.iter().map(|name| (*name).to_owned()).collect());
            Ok(SqliteTarget { path: path.into(), table: table.to_owned(), key, replaces: false })
        };
        assert_eq!(parsed("sqlite:a.db/t"), expected("a.db", "t", None));
        assert_eq!(parsed("sqlite:/data/a b.db/my table"), expected("/data/a b.db", "my table", None));
        assert_eq!(parsed("sqlite:a.db/t?key=a,b"), expected("a.db", "t", Some(&["a", "b"])));
        assert_eq!(parsed("sqlite:a.db/t?key="), expected("a.db", "t", Some(&[])));
        assert!(parsed("sqlite:a.db/t?replace=yes").is_ok_and(|target| target.replaces));
        let slashes = parsed("sqlite://a.db/t").expect_err("it looks like a host");
        assert_eq!(slashes.message, "a path does not begin with two slashes");
        for target in ["sqlite:a.db", "sqlite:/t", "sqlite:a.db/", "sqlite:"] {
            let error = parsed(target).expect_err(target);
            assert_eq!(error.message, "expected the path of a database and a table", "{target}");
        }
        for target in
            ["sqlite::memory:/t", "sqlite:a.db/bourn_batches", "sqlite:a.db/SQLite_x", "sqlite:a.db/t?key=a&key=b"]
        {
            assert!(parsed(target).is_err(), "{target}");
        }
        assert!(super::super::table::BATCHES.starts_with("bourn_"));
    }
}
