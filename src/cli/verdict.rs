//! What became of the checks of a run: messages, annotations and the report are made of it.

use std::ffi::OsString;

use crate::data::{Batch, Number};
use crate::engine::Outcome;
use crate::format::{self, FormatDef, Look};
use crate::plan::{Output, Plan};
use crate::sink::SinkError;
use crate::source;
use crate::stage::{Check, Checked};

use super::max_rejects::MaxRejects;

/// What is checked, and what came of it.
#[derive(Debug)]
pub(super) struct Case {
    /// `assert count == 0`
    pub(super) name: String,
    pub(super) troubles: Vec<Trouble>,
}

/// Why a check has not held.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) kind: Kind,
    /// In one line.
    pub(super) message: String,
    /// The rows in question, each line with an end.
    pub(super) rows: String,
    /// Where it is, and what is there; at least one.
    pub(super) marks: Vec<Mark>,
}

/// What kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Assert,
    Until,
    Rejects,
    /// Not all could be read or written: said while it happened.
    Run,
}

/// A place in the sources.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) file: Option<String>,
    pub(super) line: Option<i64>,
    pub(super) text: String,
}

/// What a run was to check.
pub(super) struct Asked<'r> {
    pub(super) plan: &'r Plan,
    pub(super) sources: &'r [OsString],
    pub(super) max_rejects: Option<&'r MaxRejects>,
}

/// Every check of a run.
pub(super) fn cases(asked: &Asked<'_>, outcome: &Outcome) -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, check) in asked.plan.asserts.iter().enumerate() {
        let checked = outcome.checks.of(number);
        let trouble = (checked.broken > 0).then(|| asked.broken(check, &checked));
        cases.push(Case::of(check.text.clone(), trouble));
    }
    if let Some(until) = &asked.plan.until {
        let is_missed = !outcome.checks.reached && !is_closed(outcome);
        let trouble = is_missed.then(|| {
            let message = format!("{} was not reached", until.text);
            asked.trouble(Kind::Until, message)
        });
        cases.push(Case::of(until.text.clone(), trouble));
    }
    if let Some(limit) = asked.max_rejects {
        let trouble = limit.is_exceeded_by(&outcome.ledger).then(|| {
            let rejected = outcome.ledger.rejected;
            let message = format!("{rejected} rejected: more than --max-rejects {limit}");
            let first = outcome.ledger.first_rejected.as_deref();
            let mut trouble = asked.trouble(Kind::Rejects, message.clone());
            if let Some(mark) = first.map(|first| asked.mark(first)) {
                let text = format!("{message}: {}", mark.text);
                trouble.marks = vec![Mark { text, ..mark }];
            }
            trouble
        });
        cases.push(Case::of(format!("--max-rejects {limit}"), trouble));
    }
    cases.push(Case {
        name: "everything is read and written".to_owned(),
        troubles: asked.run(outcome),
    });
    cases
}

/// Whether nobody wanted more.
fn is_closed(outcome: &Outcome) -> bool {
    matches!(outcome.sink, Some(SinkError::Closed))
}

impl Case {
    fn of(name: String, trouble: Option<Trouble>) -> Case {
        Case {
            name,
            troubles: trouble.into_iter().collect(),
        }
    }
}

impl Asked<'_> {
    /// What could not be read or written.
    fn run(&self, outcome: &Outcome) -> Vec<Trouble> {
        let mut messages: Vec<String> = outcome.failed_sources.clone();
        messages.extend(outcome.unwritten.iter().cloned());
        if let Some(SinkError::Failed(reason)) = &outcome.sink {
            messages.push(reason.clone());
        }
        if let (Some(signal), false) = (outcome.signal, outcome.checks.reached) {
            messages.push(format!("ended by signal {signal} before all was read"));
        }
        let trouble = |message: String| Trouble {
            kind: Kind::Run,
            rows: String::new(),
            marks: vec![self.mark(&message)],
            message,
        };
        messages.into_iter().map(trouble).collect()
    }

    /// An `assert` that rows have broken.
    fn broken(&self, check: &Check, checked: &Checked) -> Trouble {
        let Checked {
            rows,
            broken,
            shown,
        } = checked;
        let unit = if *rows == 1 { "row" } else { "rows" };
        let said = match &check.message {
            Some(message) => format!("{message}: "),
            None => String::new(),
        };
        let message = format!(
            "{said}{} is broken by {broken} of {rows} {unit}",
            check.text
        );
        let output = &self.plan.output;
        let mut table = print(output, "table", shown);
        let more = broken - shown.iter().map(|batch| batch.rows as u64).sum::<u64>();
        if more > 0 {
            table.push_str(&format!("… {more} more\n"));
        }
        let each = shown.iter().cloned().flat_map(Batch::into_rows);
        let mark = |row: Batch<'static>| {
            let (file, line) = self.place(check, &row);
            let values = print(output, "logfmt", std::slice::from_ref(&row));
            let text = format!("{said}{}", values.trim_end_matches('\n'));
            Mark { file, line, text }
        };
        Trouble {
            kind: Kind::Assert,
            message,
            rows: table,
            marks: each.map(mark).collect(),
        }
    }

    /// A trouble of the run as a whole.
    fn trouble(&self, kind: Kind, message: String) -> Trouble {
        let mark = Mark {
            file: self.first_file(),
            line: None,
            text: message.clone(),
        };
        Trouble {
            kind,
            message,
            rows: String::new(),
            marks: vec![mark],
        }
    }

    /// Where a row comes from, if that is known.
    fn place(&self, check: &Check, row: &Batch<'_>) -> (Option<String>, Option<i64>) {
        let Some((source, number)) = check.place else {
            return (self.first_file(), None);
        };
        let mut name = Vec::new();
        crate::data::write_text(row.column(source).get(0), &mut name);
        let name = String::from_utf8_lossy(&name).into_owned();
        let line = match row.column(number).get(0).as_number() {
            Some(Number::Int(line)) => Some(line),
            _ => None,
        };
        match name.as_str() {
            "-" => (None, None),
            _ => (Some(name), line),
        }
    }

    /// The first source, if it is a file.
    fn first_file(&self) -> Option<String> {
        let first = self.sources.first()?;
        let is_file = std::fs::metadata(first).is_ok_and(|found| found.is_file());
        is_file.then(|| source::display(first).into_owned())
    }

    /// The place that a message begins with: `access.log:7: reason` or `access.log: reason`.
    fn mark(&self, message: &str) -> Mark {
        let names = self.sources.iter().map(|source| source::display(source));
        let places = names.filter_map(|name| {
            let rest = message.strip_prefix(&*name)?.strip_prefix(':')?;
            Some((name.into_owned(), rest.to_owned()))
        });
        let longest = places.max_by_key(|(name, _)| name.len());
        let Some((name, rest)) = longest.filter(|(name, _)| name != "-") else {
            return Mark {
                file: None,
                line: None,
                text: message.to_owned(),
            };
        };
        let numbered = rest.split_once(": ");
        let line = numbered.and_then(|(line, text)| Some((line.parse().ok()?, text.to_owned())));
        let (line, text) = match line {
            Some((line, text)) => (Some(line), text),
            None => (None, rest.trim_start().to_owned()),
        };
        Mark {
            file: Some(name),
            line,
            text,
        }
    }
}

/// Rows as stderr shows them: lines as they came, else in this format.
fn print(output: &Output, format: &str, rows: &[Batch<'static>]) -> String {
    let look = Look {
        escapes: true, // whatever stands in the data, a terminal is not driven by it
        ..Look::default()
    };
    let format: Option<&'static FormatDef> = format::find(format);
    let mut encoder = match (output.lines, output.whole, format) {
        (Some(line), ..) => format::make_lines(line, look),
        (None, _, None) => return String::new(),
        (None, None, Some(format)) => format::make(format, &output.columns, look),
        (None, Some(whole), Some(format)) => {
            let (columns, front) = (&output.columns, output.front);
            format::make_open(format, whole, columns, front, &output.dropped, None, look)
        }
    };
    let mut bytes = Vec::new();
    if output.lines.is_none() {
        encoder.header(&mut bytes);
    }
    rows.iter()
        .for_each(|rows| encoder.encode(rows, &mut bytes));
    encoder.finish(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
