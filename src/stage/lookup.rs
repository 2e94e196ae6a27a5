//! `lookup "file" on K [= K2] [left|anti]`: adds the other columns of a file, by key.
//!
//! The file is read before the expression is bound; all workers share its table and look up a batch by columns. If the
//! input is live, the engine reloads the file when it has changed: a batch sees either the old or the new rows, never
//! both.

use std::sync::{Arc, PoisonError, RwLock};

use super::hash_index::HashIndex;
use super::join::key::{JoinKind, KeyClauses, join_kind, keys};
use super::{BoundStage, RecordCounts, RowStage, SideFile, StageDef, StageRole, TableReader};
use crate::data::{Batch, Entry, Example, Slot, SlotSet, Value, escape_controls};
use crate::decode::table::{Table, read_table};
use crate::expr::{BoundExpr, Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::ast::Span as Place;
use crate::lang::suggest::did_you_mean;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const LOOKUP: StageDef = StageDef {
    entry: Entry {
        name: "lookup",
        usage: "lookup \"FILE\" | (\"FILE\" | STAGE | …) on K [= K2] [left|anti]",
        summary: "Add the other columns of a CSV, TSV or JSON file, by key.",
        details: "K is a field of the stream and K2 (default: the same name) a column of the file; keys are equal if \
                  their texts are, and null equals nothing. The columns of the file, without K2, are added after the \
                  others. Records without a match are dropped; with `left` they are kept, with nulls. `anti` keeps only \
                  records without a match, and adds no columns. If several rows \
                  have the key, each makes a record. A column that exists already is an error; if fields are known \
                  only from the data (json), the file's column replaces the field.\n\nThe extension determines the \
                  file's format (.csv, .tsv, .json, .jsonl, also compressed), else its content does. The first line \
                  of CSV and TSV names the columns, and their values are text; JSON is one object per line or a list \
                  of objects, and keeps its types. `lookup (\"FILE\" | STAGE | …)` \
                  reads the file with row-by-row stages of its own, as a source is read: files without a header, \
                  with other separators or of any format of `parse`; a line that a stage rejects is an error. The file is read before the stream and held in memory. With \
                  `--follow`, or if a source is live, the file is reloaded when it is rewritten or replaced by \
                  renaming another file, within a tenth of a second: later records see the new rows. If it cannot be \
                  read or lacks one of the columns, a message on stderr says so and the old rows are kept.",
        examples: &[
            Example {
                expr: "csv as ip, ms | lookup \"hosts.csv\" on ip",
                input: "10.0.0.1,7\n10.0.0.9,8\n10.0.0.2,9\n",
                output: "10.0.0.1\t7\tweb\tberlin\n10.0.0.2\t9\tdb\tparis\n",
            },
            Example {
                expr: "csv as client, ms | lookup \"hosts.csv\" on client = ip left | select client, site",
                input: "10.0.0.1,7\n10.0.0.9,8\n",
                output: "10.0.0.1\tberlin\n10.0.0.9\t\n",
            },
            Example {
                expr: "csv as ip, ms | lookup (\"hosts.csv\" | csv as ip, name, site | select ip, site) on ip",
                input: "10.0.0.1,7\n10.0.0.9,8\n",
                output: "10.0.0.1\t7\tberlin\n",
            },
            Example {
                expr: "csv as ip, ms | lookup \"hosts.csv\" on ip anti",
                input: "10.0.0.1,7\n10.0.0.9,8\n",
                output: "10.0.0.9\t8\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::SideFile,
    bind,
};

/// The clauses as written.
struct Clauses<'a> {
    path: String,
    path_span: Place,
    /// The stages that read it.
    stages: &'a [ast::Stage],
    key: &'a ast::Expr,
    /// The file's key column, and its span.
    column: (String, Place),
    kind: JoinKind,
    /// Only records without a match are kept.
    is_anti: bool,
}

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let said = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(LOOKUP.entry.usage));
    let found = clauses(Arguments::of(stage)).map_err(said)?;
    if found.stages.is_empty() {
        return bind_table(&found, None, scope);
    }
    let stage = stage.clone();
    Ok(BoundStage::deferred(move |binder| {
        let clauses = clauses(Arguments::of(&stage))?;
        let reader = binder.plan_table(clauses.path.clone(), clauses.stages)?;
        let bound = bind_table(&clauses, Some(reader), binder.scope_mut())?;
        binder.add(bound)
    }))
}

/// Binds the stage to the table, which `reader` reads if the file has stages of its own.
fn bind_table(
    clauses: &Clauses<'_>,
    reader: Option<Arc<dyn TableReader>>,
    scope: &mut Scope,
) -> Result<BoundStage, Diagnostics> {
    let key = bind_expr(clauses.key, scope);
    let table = open(clauses, reader.as_deref(), scope);
    let (key, table) = match (key, table) {
        (Ok(key), Ok(table)) => (key, table),
        (key, table) => {
            let mut diagnostics = key.err().unwrap_or_default();
            diagnostics.extend(table.err());
            return Err(diagnostics);
        }
    };
    let (column, span) = &clauses.column;
    let all = table.names.clone();
    let mut names = all.clone();
    names.retain(|name| name != column && !clauses.is_anti);
    let rows =
        HashIndex::of(table, column, &names).map_err(|missing| no_such_column(&clauses.path, &missing, *span, &all))?;
    let exists = |name: &&String| scope.fields().iter().any(|field| field.name == **name);
    let existing: Diagnostics = names.iter().filter(exists).map(|name| exists_already(clauses, name)).collect();
    if !existing.is_empty() {
        return Err(existing);
    }
    let slots = names.iter().map(|name| scope.set(name)).collect();
    Ok(BoundStage::Rows(vec![Box::new(Lookup {
        key,
        path: clauses.path.clone(),
        reader,
        column: clauses.column.0.clone(),
        names,
        slots,
        repeats: !clauses.is_anti && (scope.settings.reloads || rows.repeats()),
        rows: RwLock::new(Arc::new(rows)),
        reloads: scope.settings.reloads,
        kind: clauses.kind,
        is_anti: clauses.is_anti,
    })]))
}

fn clauses<'a>(mut arguments: Arguments<'a>) -> Result<Clauses<'a>, Diagnostic> {
    let (path, path_span, stages) = match arguments.pipeline() {
        None => {
            let (path, span) = arguments.text("a file in quotes")?;
            (path, span, &[][..])
        }
        Some((pipeline, span)) => match pipeline.stages.split_first() {
            Some((file, stages)) if let ast::ExprKind::Literal(Value::Text(path)) = &file.head.kind => {
                (path.as_slice(), file.span, stages)
            }
            _ => return Err(Diagnostic::new(span, "expected a file in quotes before the stages that read it")),
        },
    };
    let path = String::from_utf8_lossy(path).into_owned();
    let KeyClauses { key, other } = keys(&mut arguments, ("the file's column", "column"))?;
    let kind = join_kind(&mut arguments);
    let is_anti = kind == JoinKind::Inner && arguments.keyword("anti");
    arguments.finish(LOOKUP.entry.usage)?;
    Ok(Clauses { path, path_span, stages, key, column: (other.0.label(), other.1), kind, is_anti })
}

/// The path of the file, as written; `None` if the stage is not well-formed.
pub(super) fn side_file(stage: &ast::Stage) -> Option<String> {
    clauses(Arguments::of(stage)).ok().map(|clauses| clauses.path)
}

/// Parses the file, which was read before.
fn open(clauses: &Clauses<'_>, reader: Option<&dyn TableReader>, scope: &Scope) -> Result<Table, Diagnostic> {
    let name = escape_controls(&clauses.path);
    let diagnostic = |message: String| Diagnostic::new(clauses.path_span, message);
    let Some(contents) = scope.settings.side_files.take(&clauses.path) else {
        return Err(diagnostic("files cannot be read here".to_owned()));
    };
    let bytes = contents.map_err(|reason| diagnostic(format!("{name} cannot be read: {reason}")))?;
    table(&clauses.path, reader, bytes).map_err(diagnostic)
}

/// Parses the file into a table; an error names the place.
fn table(path: &str, reader: Option<&dyn TableReader>, bytes: Vec<u8>) -> Result<Table, String> {
    if let Some(reader) = reader {
        return reader.read(&bytes);
    }
    let name = escape_controls(path);
    read_table(path, bytes).map_err(|bad| format!("{name}:{}: {}", bad.line, bad.reason))
}

fn no_such_column(path: &str, name: &str, span: Place, names: &[String]) -> Diagnostic {
    let path = escape_controls(path);
    let diagnostic = Diagnostic::new(span, format!("{path} has no column `{name}`"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match did_you_mean(name, &names) {
        Some(close) => diagnostic.did_you_mean(close).help(format!("did you mean `{close}`? write on K = {close}")),
        None => diagnostic.help(format!("its columns are: {}; write on K = COLUMN", names.join(", "))),
    }
}

fn exists_already(clauses: &Clauses<'_>, name: &str) -> Diagnostic {
    let path = escape_controls(&clauses.path);
    let message = format!("{path} has a column `{name}`, and so does the stream");
    Diagnostic::new(clauses.path_span, message)
        .help(format!("drop the stream's before this stage, or rename it: let other = {name} | drop {name} | lookup …"))
}

/// Adds the columns of a table.
struct Lookup {
    key: BoundExpr,
    /// The file's path, as written.
    path: String,
    /// Reads the file, if it has stages of its own.
    reader: Option<Arc<dyn TableReader>>,
    /// The key column of the file.
    column: String,
    /// The other columns of the file, and their slots.
    names: Vec<String>,
    slots: Vec<Slot>,
    rows: RwLock<Arc<HashIndex>>,
    /// True if a record may become several; always assumed for a file that is reloaded.
    repeats: bool,
    reloads: bool,
    kind: JoinKind,
    is_anti: bool,
}

impl RowStage for Lookup {
    fn reads(&self, slots: &mut SlotSet) {
        self.key.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        self.slots.clone()
    }

    fn explodes(&self) -> bool {
        self.repeats
    }

    fn side_file(&self) -> Option<&dyn SideFile> {
        self.reloads.then_some(self as &dyn SideFile)
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let rows = Arc::clone(&self.rows.read().unwrap_or_else(PoisonError::into_inner));
        let keys = self.key.eval_all(batch, &mut counts.failures);
        let found = rows.matches(&keys, self.kind);
        if self.is_anti {
            let mut matched = found.records.into_iter().peekable();
            let is_unmatched = |row: &u32| {
                let is_next = matched.peek() == Some(row);
                while matched.next_if_eq(row).is_some() {}
                !is_next
            };
            let kept: Vec<u32> = (0..batch.rows as u32).filter(is_unmatched).collect();
            counts.filter(batch.rows - kept.len());
            batch.keep_rows(&kept, live);
            return;
        }
        counts.filter(found.dropped);
        if self.repeats {
            counts.explode(batch.rows - found.dropped);
        }
        batch.retain(live);
        if rows.repeats() || found.dropped > 0 {
            batch.keep_rows(&found.records, live);
        }
        for (slot, column) in self.slots.iter().zip(rows.columns()) {
            if live.contains(*slot) {
                batch.set(*slot, column.take(&found.rows));
            }
        }
    }
}

impl SideFile for Lookup {
    fn path(&self) -> &str {
        &self.path
    }

    fn reload(&self, bytes: Vec<u8>) -> Result<(), String> {
        let rows = HashIndex::of(table(&self.path, self.reader.as_deref(), bytes)?, &self.column, &self.names);
        let rows = rows.map_err(|missing| {
            let path = escape_controls(&self.path);
            format!("{path} has no column `{missing}` any more")
        })?;
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rows);
        Ok(())
    }
}
