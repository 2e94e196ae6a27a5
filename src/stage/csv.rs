//! `csv`: columns separated by commas, quoted where need be.

use super::{BoundStage, Extraction, StageDef, extract};
use crate::data::{Entry, Example, Framing, Preface};
use crate::decode::csv::{CsvDecoder, Dialect};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::{Mistake, ast};

pub(super) const CSV: StageDef = StageDef {
    entry: Entry {
        name: "csv",
        usage: "csv [SEP] [from FIELD] [as A, B, …]",
        summary: "Take the columns of rows; names come from `as` or the first line.",
        details: "Names come from `as`, else from each source's first line. As RFC 4180 has it: a field in quotes may hold separators, doubled quotes and, where csv is the first \
                  stage, newlines. A quote elsewhere than at a field's start is text. SEP is one byte: ';', '|', \"\\t\". \
                  Fields are text; an empty one is \"\". Columns that a short row lacks are null, an empty line being a \
                  row with one empty field; a row with more fields than columns is rejected, and so is a quote that \
                  is not closed: of it, only the line is lost in which it was opened. A byte order mark is dropped.\n\n\
                  A header is no record and is not counted, but it has the number 1: the first record's @number is 2. \
                  A record with newlines in quotes counts as one. Where lines are printed as they came, the header of \
                  the first source stays in front, unless `--no-header` is given. A column whose name stands before it already is called name_2; one \
                  without a name, by its number; names with spaces stand in back quotes. `from FIELD` needs `as`.",
        examples: &[
            Example {
                expr: "csv | where ms > 10 | select path, `user name`",
                input: "path,ms,user name\n/a,9,ann\n\"/b,c\",12,\"bob \"\"b\"\"\"\n",
                output: "/b,c\tbob \"b\"\n",
            },
            Example {
                expr: "csv | where ms > 10",
                input: "path,ms\n/a,9\n/b,12\n",
                output: "path,ms\n/b,12\n",
            },
            Example {
                expr: "csv ';' as name, n | sum(n) by name",
                input: "a;1\nb;2\na;3\n",
                output: "a\t4\nb\t2\n",
            },
        ],
    },
    chooses_columns: false,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Vec<Mistake>> {
    let mut arguments = Arguments::of(stage);
    let separator = separator(&mut arguments)
        .map_err(|mistake| vec![mistake.usage(CSV.entry.usage)])?
        .unwrap_or(b',');
    let dialect = Dialect::Csv { separator };
    let framing = Framing::Quoted { separator };
    bind_rows(stage, arguments, scope, &CSV.entry, dialect, framing)
}

/// Reads what stands between fields.
fn separator(arguments: &mut Arguments<'_>) -> Result<Option<u8>, Mistake> {
    if arguments.is_done() || arguments.is_at_clause() {
        return Ok(None);
    }
    match arguments.text("a separator such as ';'")? {
        ([b'"' | b'\n' | b'\r'], span) => Err(Mistake::new(
            span,
            "a quote or a line end cannot stand between fields",
        )),
        ([separator], _) => Ok(Some(*separator)),
        (_, span) => Err(Mistake::new(
            span,
            "expected one byte to stand between fields: ';', '|' or \"\\t\"",
        )),
    }
}

/// Reads `[from FIELD] [as A, B, …]` and binds rows of a dialect.
pub(super) fn bind_rows(
    stage: &ast::Stage,
    mut arguments: Arguments<'_>,
    scope: &mut Scope,
    entry: &'static Entry,
    dialect: Dialect,
    framing: Framing,
) -> Result<BoundStage, Vec<Mistake>> {
    let mistake = |mistake: Mistake| vec![mistake.usage(entry.usage)];
    let mut from = None;
    if arguments.keyword("from") {
        from = Some(arguments.field("the field to read from").map_err(mistake)?);
    }
    let mut names = None;
    if arguments.keyword("as") {
        names = Some(arguments.names("the name of a column").map_err(mistake)?);
    }
    arguments
        .finish(entry.usage)
        .map_err(|mistake| vec![mistake])?;
    let names = names.unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|other| other.text == name.text) {
            let message = format!("two columns are named `{}`", name.text);
            return Err(vec![Mistake::new(name.span, message)]);
        }
    }
    let header = scope.header().filter(|_| from.is_none());
    let text = extract::text_of(from, stage, scope, entry)?;
    let extraction = match (names.is_empty(), header) {
        (false, _) => {
            let names: Vec<String> = names.into_iter().map(|name| name.text).collect();
            let known = names.clone();
            let extraction = extract::known(text, &names, scope, move |wanted| {
                Box::new(CsvDecoder::new(dialect, Some(&known), wanted))
            });
            of_source(extraction, header.map(|_| Preface::Mark), framing)
        }
        (true, Some(slot)) => {
            let extraction = extract::open(text, scope, false, move |wanted| {
                Box::new(CsvDecoder::new(dialect, None, wanted))
            });
            of_source(extraction.under(slot), Some(Preface::Header), framing)
        }
        (true, None) if scope.unknown => return Ok(BoundStage::Rows(Vec::new())),
        (true, None) => {
            let message = format!(
                "`{}` has no first line here to name its columns",
                entry.name
            );
            let help = format!("name them: {stage} as a, b");
            return Err(vec![Mistake::new(stage.span, message).help(help)]);
        }
    };
    Ok(BoundStage::Extract(extraction))
}

/// Says what it wants of the source, if the rows come from one.
fn of_source(extraction: Extraction, preface: Option<Preface>, framing: Framing) -> Extraction {
    match preface {
        Some(preface) => extraction.of_source(framing, preface),
        None => extraction,
    }
}
