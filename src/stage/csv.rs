//! `csv`: columns separated by commas, quoted where needed.

use super::{BoundStage, Extraction, StageDef, StageRole, duplicate_columns, extract};
use crate::data::{Entry, Example, Framing, Prologue};
use crate::decode::csv::{CsvDecoder, Dialect, Separator};
use crate::expr::Scope;
use crate::expr::pattern::bind_regex;
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const CSV: StageDef = StageDef {
    entry: Entry {
        name: "csv",
        usage: "csv [SEP] [from FIELD] [as A, B, …]",
        summary: "Read delimited columns; names come from `as` or the header line.",
        details: "Names come from `as`, else from the header: the first record of each source that reaches the stage, \
                  so that `skip /^#/ | csv` and `where @number > 2 | csv` work. As in RFC 4180, a quoted field may \
                  hold separators, doubled quotes and, if csv is the first stage, newlines. A quote elsewhere than at \
                  the start of a field is text. Fields are text; an empty one is \"\". Columns that a short row lacks \
                  are null. A row with more fields than columns is rejected, and so is a quote that is not closed: \
                  only the line in which it was opened is lost. After another stage, every line is a record: the \
                  first line of a quoted field with newlines is rejected, and its other lines are read as rows; write \
                  csv first if fields hold newlines. Empty and blank lines are skipped and do not count as \
                  records; with `from FIELD`, a blank field is a row.\n\nSEP is one character (default ','): ';', \
                  '|', \"\\t\". It may be several characters or a /regex/: then a separator at the start of a line is \
                  dropped, the last column takes the rest of the line, quoted fields hold no newlines, and a quote \
                  that is not closed before a separator is text. `csv / +/` reads the output of `ps aux`.\n\nA header \
                  is not a record and is not counted, but it has a number: if it is the first line, the first \
                  record's @number is 2. Blank lines have numbers, too. A record with newlines in quotes counts as \
                  one. If the headers of several sources differ, columns are matched by name. If lines are printed \
                  unchanged, the header of the first source is printed first, unless `--no-header` is given, and \
                  lines under another header are reordered to match it. If two columns have the same name, the second \
                  is called name_2; a column without a name is called by its number; write names with spaces in back \
                  quotes. `from FIELD` requires `as`.",
        examples: &[
            Example {
                expr: "csv | where ms > 10 | select path, `user name`",
                input: "path,ms,user name\n/a,9,ann\n\"/b,c\",12,\"bob \"\"b\"\"\"\n",
                output: "/b,c\tbob \"b\"\n",
            },
            Example { expr: "csv | where ms > 10", input: "path,ms\n/a,9\n/b,12\n", output: "path,ms\n/b,12\n" },
            Example { expr: "csv ';' as name, n | sum(n) by name", input: "a;1\nb;2\na;3\n", output: "a\t4\nb\t2\n" },
            Example {
                expr: "csv / +/ | where `%CPU` > 5 | select PID, COMMAND",
                input: "USER   PID %CPU COMMAND\nroot     1  0.0 /sbin/init splash\nann   4711 12.5 python3 train.py --all\n",
                output: "4711\tpython3 train.py --all\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let dialect = dialect(&mut arguments).map_err(|diagnostic| diagnostic.usage(CSV.entry.usage))?;
    let framing = match dialect {
        Dialect::Csv { separator } => Framing::Quoted { separator },
        _ => Framing::Lines,
    };
    bind_rows(stage, arguments, scope, &CSV.entry, dialect, framing)
}

/// Reads the optional separator.
fn dialect(arguments: &mut Arguments<'_>) -> Result<Dialect, Diagnostic> {
    let Some(expr) = arguments.peek_expression() else {
        return Ok(Dialect::Csv { separator: b',' });
    };
    if arguments.is_at_clause() {
        return Ok(Dialect::Csv { separator: b',' });
    }
    if let Some((literal, span)) = arguments.regex() {
        let regex = bind_regex(literal, expr)?;
        if regex.is_match(b"") {
            let message = "this pattern matches empty text: it would split at every character";
            return Err(Diagnostic::new(span, message).help("write + for one or more: / +/"));
        }
        return Ok(leaked(Separator::regex(regex)));
    }
    match arguments.text("a separator such as ';', \" | \" or / +/")? {
        ([], span) => Err(Diagnostic::new(span, "the separator is empty")),
        (text, span) if text.iter().any(|byte| b"\"\n\r".contains(byte)) => {
            Err(Diagnostic::new(span, "a separator cannot contain quotes or line ends"))
        }
        ([separator], _) => Ok(Dialect::Csv { separator: *separator }),
        (text, _) => Ok(leaked(Separator::text(text))),
    }
}

/// Leaks the separator: a plan lives as long as the program, and decoders can then share it by reference.
fn leaked(separator: Separator) -> Dialect {
    Dialect::Separated(Box::leak(Box::new(separator)))
}

/// Reads `[from FIELD] [as A, B, …]` and binds rows of a dialect.
pub(super) fn bind_rows(
    stage: &ast::Stage,
    mut arguments: Arguments<'_>,
    scope: &mut Scope,
    entry: &'static Entry,
    dialect: Dialect,
    framing: Framing,
) -> Result<BoundStage, Diagnostics> {
    let diagnostic = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(entry.usage));
    let mut from = None;
    if arguments.keyword("from") {
        from = Some(arguments.field("the field to read from").map_err(diagnostic)?);
    }
    let mut names = None;
    if arguments.keyword("as") {
        names = Some(arguments.names("the name of a column").map_err(diagnostic)?);
    }
    arguments.finish(entry.usage)?;
    let names = names.unwrap_or_default();
    let columns = names.iter().map(|name| (name.text.as_str(), name.span));
    if let Some(duplicate) = duplicate_columns(columns, None).into_iter().next() {
        return Err(Diagnostics::from(duplicate));
    }
    let header = scope.header().filter(|_| from.is_none());
    let is_of_field = from.is_some();
    let text = extract::text_of(from, stage, scope, entry)?;
    let extraction = match (names.is_empty(), header) {
        (false, _) => {
            let names: Vec<String> = names.into_iter().map(|name| name.text).collect();
            let known = names.clone();
            let extraction = extract::known(text, &names, scope, move |wanted| {
                Box::new(CsvDecoder::new(dialect, Some(&known), wanted))
            });
            of_source(extraction, header.map(|_| Prologue::Mark), framing)
        }
        (true, Some(slot)) => {
            let extraction =
                extract::open(text, scope, false, move |wanted| Box::new(CsvDecoder::new(dialect, None, wanted)));
            of_source(extraction.under(slot), Some(Prologue::Header), framing)
        }
        (true, None) if scope.poisoned => return Ok(BoundStage::Rows(Vec::new())),
        (true, None) => {
            let message = format!("`{}` has no header here to name its columns", entry.name);
            let help = format!("name them: {stage} as a, b");
            return Err(Diagnostics::from(Diagnostic::new(stage.span, message).help(help)));
        }
    };
    Ok(BoundStage::Extract(extraction.of_field(is_of_field)))
}

/// Sets the framing and preface if the rows come from a source.
fn of_source(extraction: Extraction, prologue: Option<Prologue>, framing: Framing) -> Extraction {
    match prologue {
        Some(prologue) => extraction.of_source(framing, prologue),
        None => extraction,
    }
}
