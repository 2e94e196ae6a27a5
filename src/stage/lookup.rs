//! `lookup "file" on K [= K2] [left]`: the other columns of a file, by key.
//!
//! The file is read when the expression is, once; its table is shared by all workers, each of which looks a batch up
//! column by column.

use super::keyed::{Keys, Unmatched, keys, unmatched};
use super::{Account, BoundStage, RowStage, StageDef};
use crate::data::{
    Batch, Column, ColumnBuilder, Entry, Example, KeyKind, LiveSlots, Slot, Span, TextColumn,
    ValueRef, escape_controls,
};
use crate::decode::table::{Table, read_table};
use crate::expr::scope::closest;
use crate::expr::{Node, Scope, bind as bind_expr};
use crate::group::{GroupTable, NO_GROUP};
use crate::lang::arguments::Arguments;
use crate::lang::ast::Span as Place;
use crate::lang::{Mistake, ast};

pub(super) const LOOKUP: StageDef = StageDef {
    entry: Entry {
        name: "lookup",
        usage: "lookup \"FILE\" on K [= K2] [left]",
        summary: "Add the other columns of a CSV, TSV or JSON file, by key.",
        details: "K is a field of the stream, K2 the file's column, which has the same name if none is given; keys are equal when their text is, and null equals \
                  nothing. The columns of the file stand behind the others, without K2. Records without a match are dropped, and with `left` they are kept, with nulls. Of several rows \
                  of one key each makes a record. A column that exists already is an error; where only the data knows the fields (json), the file's column counts.\n\n\
                  The extension says how the file is written (.csv, .tsv, .json, .jsonl, also compressed), else its content. The first line of CSV and TSV names the columns, and their \
                  values are text; JSON is one object a line, or a list of objects, and keeps its types. The file is read once, before the stream, and held in memory.",
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
        ],
    },
    chooses_columns: true,
    bind,
};

/// The clauses as they were written.
struct Clauses<'a> {
    path: String,
    path_span: Place,
    key: &'a ast::Expr,
    /// The file's column, and where it is named.
    column: (String, Place),
    unmatched: Unmatched,
}

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Vec<Mistake>> {
    let said = |mistake: Mistake| vec![mistake.usage(LOOKUP.entry.usage)];
    let clauses = clauses(Arguments::of(stage)).map_err(said)?;
    let key = bind_expr(clauses.key, scope);
    let table = open(&clauses, scope);
    let (key, mut table) = match (key, table) {
        (Ok(key), Ok(table)) => (key, table),
        (key, table) => {
            let mut mistakes = key.err().unwrap_or_default();
            mistakes.extend(table.err());
            return Err(mistakes);
        }
    };
    let (name, span) = &clauses.column;
    let Some(place) = table.names.iter().position(|other| other == name) else {
        return Err(vec![no_such_column(
            &clauses.path,
            name,
            *span,
            &table.names,
        )]);
    };
    let keys = TextColumn::of(table.columns.remove(place));
    table.names.remove(place);
    let exists = |name: &&String| scope.fields().iter().any(|field| field.name == **name);
    let existing: Vec<Mistake> = table
        .names
        .iter()
        .filter(exists)
        .map(|name| exists_already(&clauses, name))
        .collect();
    if !existing.is_empty() {
        return Err(existing);
    }
    let slots: Vec<Slot> = table.names.iter().map(|name| scope.set(name)).collect();
    Ok(BoundStage::Rows(vec![Box::new(Lookup {
        key,
        index: Index::of(&keys),
        added: slots
            .into_iter()
            .zip(table.columns.into_iter().map(with_null))
            .collect(),
        null_row: table.rows as u32,
        unmatched: clauses.unmatched,
    })]))
}

fn clauses<'a>(mut arguments: Arguments<'a>) -> Result<Clauses<'a>, Mistake> {
    let (path, path_span) = arguments.text("a file in quotes")?;
    let path = String::from_utf8_lossy(path).into_owned();
    let Keys { key, other } = keys(&mut arguments, ("the file's column", "column"))?;
    let unmatched = unmatched(&mut arguments);
    arguments.finish(LOOKUP.entry.usage)?;
    Ok(Clauses {
        path,
        path_span,
        key,
        column: (other.0.label(), other.1),
        unmatched,
    })
}

/// Reads the file.
fn open(clauses: &Clauses<'_>, scope: &Scope) -> Result<Table, Mistake> {
    let name = escape_controls(&clauses.path);
    let mistake = |message: String| Mistake::new(clauses.path_span, message);
    let Some(read_file) = scope.read_file else {
        return Err(mistake("files cannot be read here".to_owned()));
    };
    let bytes = read_file(clauses.path.as_ref())
        .map_err(|reason| mistake(format!("{name} cannot be read: {reason}")))?;
    read_table(&clauses.path, bytes)
        .map_err(|bad| mistake(format!("{name}:{}: {}", bad.line, bad.reason)))
}

fn no_such_column(path: &str, name: &str, span: Place, names: &[String]) -> Mistake {
    let path = escape_controls(path);
    let mistake = Mistake::new(span, format!("{path} has no column `{name}`"));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match closest(name, &names) {
        Some(close) => mistake.help(format!("did you mean `{close}`? write on K = {close}")),
        None => mistake.help(format!(
            "its columns are: {}; write on K = COLUMN",
            names.join(", ")
        )),
    }
}

fn exists_already(clauses: &Clauses<'_>, name: &str) -> Mistake {
    let path = escape_controls(&clauses.path);
    let message = format!("{path} has a column `{name}`, and so has the stream");
    Mistake::new(clauses.path_span, message).help(format!(
        "drop the stream's in front, or give it another name: let other = {name} | drop {name} | lookup …"
    ))
}

/// A column with null behind its last row.
fn with_null(column: Column<'static>) -> Column<'static> {
    match column {
        Column::Text(mut texts) => {
            texts.spans.push(Span::NULL);
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
struct Index {
    keys: GroupTable,
    /// Where the rows of each key begin, and at last where the last ones end.
    starts: Vec<u32>,
    /// By key, each in the order of the file.
    rows: Vec<u32>,
    /// Whether a key has several rows.
    repeats: bool,
}

impl Index {
    fn of(keys: &TextColumn<'static>) -> Index {
        let mut table = GroupTable::with_capacity(keys.spans.len());
        table.group_of(KeyKind::Null, &[]); // nobody looks for it
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
        Index {
            keys: table,
            starts,
            rows,
            repeats,
        }
    }

    /// The rows of a key that was found.
    #[inline]
    fn rows(&self, group: u32) -> &[u32] {
        let (start, end) = (self.starts[group as usize], self.starts[group as usize + 1]);
        &self.rows[start as usize..end as usize]
    }
}

/// Adds the columns of a table.
struct Lookup {
    key: Node,
    index: Index,
    added: Vec<(Slot, Column<'static>)>,
    /// The row of the columns that is null in all of them.
    null_row: u32,
    unmatched: Unmatched,
}

/// Records, by their row in the batch, each with a row of the table.
#[derive(Default)]
struct Matches {
    records: Vec<u32>,
    rows: Vec<u32>,
    /// Records that had none and were dropped.
    dropped: usize,
}

impl Lookup {
    fn matches(&self, keys: &Column<'_>) -> Matches {
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
        let mut found = Matches {
            records: Vec::with_capacity(groups.len()),
            rows: Vec::with_capacity(groups.len()),
            dropped: 0,
        };
        for (record, &group) in groups.iter().enumerate() {
            let rows = match group {
                NO_GROUP if self.unmatched == Unmatched::Kept => {
                    std::slice::from_ref(&self.null_row)
                }
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

impl RowStage for Lookup {
    fn reads(&self, slots: &mut LiveSlots) {
        self.key.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        self.added.iter().map(|(slot, _)| *slot).collect()
    }

    fn explodes(&self) -> bool {
        self.index.repeats
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &LiveSlots, account: &mut Account) {
        let found = self.matches(&self.key.eval_all(batch, &mut account.failures));
        account.filter(found.dropped);
        if self.index.repeats {
            account.explode(batch.rows - found.dropped);
        }
        batch.retain(live);
        if self.index.repeats || found.dropped > 0 {
            batch.gather(&found.records, live);
        }
        for (slot, column) in self.added.iter().filter(|(slot, _)| live.contains(*slot)) {
            batch.set(*slot, column.gather(&found.rows));
        }
    }
}
