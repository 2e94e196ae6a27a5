//! The results of the checks of a run, from which messages, annotations and the JUnit report are made.

use crate::data::{Batch, Number, STDIN_NAME, escape_controls};
use crate::encode::{self, EncoderDef, Look};
use crate::engine::Outcome;
use crate::plan::{Plan, PlannedOutput};
use crate::sink::SinkError;
use crate::source::{self, Facts};
use crate::stage::{AssertCounts, Check};

use super::arguments::Request;
use super::max_rejects::MaxRejects;

/// A check and its result.
#[derive(Debug)]
pub(super) struct Case {
    /// `assert count == 0`
    pub(super) name: String,
    pub(super) troubles: Vec<Trouble>,
    /// The reason why it was skipped: it saw no row.
    pub(super) skipped: Option<String>,
}

/// A failure of a check.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) kind: Kind,
    /// One line.
    pub(super) message: String,
    /// The failing rows, one per line.
    pub(super) rows: String,
    /// The positions of the failure; at least one.
    pub(super) marks: Vec<Mark>,
}

/// The kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Assert,
    Until,
    Rejects,
    /// A problem that only `--strict` reports.
    Strict,
    /// A source or the output failed; the engine printed it when it happened.
    Run,
}

/// A position in a source.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) file: Option<String>,
    pub(super) line: Option<i64>,
    pub(super) text: String,
}

/// The checks of a run and what they need.
pub(super) struct CheckContext<'r> {
    pub(super) plan: &'r Plan,
    pub(super) sources: &'r [Facts],
    pub(super) max_rejects: Option<&'r MaxRejects>,
    pub(super) strict: bool,
    /// True if the run has only made a part of the result: its rows are judged when the parts are merged.
    pub(super) is_part: bool,
}

impl<'r> CheckContext<'r> {
    /// The checks that a request asks for.
    pub(super) fn of(request: &'r Request, plan: &'r Plan, sources: &'r [Facts]) -> CheckContext<'r> {
        CheckContext {
            plan,
            sources,
            max_rejects: request.max_rejects.as_ref(),
            strict: request.strict,
            is_part: request.partial,
        }
    }
}

/// The results of all checks of a run.
pub(super) fn cases(context: &CheckContext<'_>, outcome: &Outcome) -> Vec<Case> {
    let mut cases = Vec::new();
    let asserts = context.plan.asserts.iter().filter(|_| !context.is_part);
    for (number, check) in asserts.enumerate() {
        let checked = outcome.checks.of(number);
        let trouble = (checked.broken > 0).then(|| context.broken(check, &checked));
        let skipped = (checked.rows == 0).then(|| saw_no_row(&check.text));
        cases.push(Case { skipped, ..Case::of(check.text.clone(), trouble) });
    }
    if let Some(until) = &context.plan.until {
        let is_missed = !outcome.checks.reached && !is_closed(outcome);
        let trouble = is_missed.then(|| {
            let message = match outcome.checks.until_rows {
                0 => format!("{} was not reached: it saw no row", until.text),
                _ => format!("{} was not reached", until.text),
            };
            context.trouble(Kind::Until, message)
        });
        cases.push(Case::of(until.text.clone(), trouble));
    }
    cases.extend(context.rejects(outcome));
    cases.extend(context.strict.then(|| context.strictly(outcome)));
    cases.push(Case {
        name: "everything is read and written".to_owned(),
        troubles: context.run(outcome),
        skipped: None,
    });
    cases
}

/// The message for a check that saw no row.
fn saw_no_row(check: &str) -> String {
    format!("{check} saw no row")
}

/// True if the reader of the output has exited.
fn is_closed(outcome: &Outcome) -> bool {
    matches!(outcome.sink, Some(SinkError::Closed))
}

impl Case {
    fn of(name: String, trouble: Option<Trouble>) -> Case {
        Case { name, troubles: trouble.into_iter().collect(), skipped: None }
    }
}

impl CheckContext<'_> {
    /// Checks the number of rejected records. Without `--max-rejects`, a run with a check allows none, because rejected
    /// records are not checked, unless `until` was reached.
    fn rejects(&self, outcome: &Outcome) -> Option<Case> {
        let rejected = outcome.ledger.rejected;
        let has_check = !self.plan.asserts.is_empty() || self.plan.until.is_some();
        let is_reached = outcome.checks.reached && !self.strict;
        let (name, message) = match self.max_rejects {
            Some(limit) => {
                let message = format!("{rejected} rejected: more than --max-rejects {limit}");
                let exceeded = limit.is_exceeded_by(&outcome.ledger);
                (format!("--max-rejects {limit}"), exceeded.then_some(message))
            }
            None if self.strict || has_check => {
                let why = if self.strict { "--strict allows none" } else { "a run with a check allows none" };
                let message = format!("{rejected} rejected: {why}; --max-rejects {rejected} would allow it");
                ("no record is rejected".to_owned(), (rejected > 0 && !is_reached).then_some(message))
            }
            None => return None,
        };
        let trouble = message.map(|message| self.at_first(Kind::Rejects, message, &outcome.ledger.first_rejected));
        Some(Case::of(name, trouble))
    }

    /// The problems that `--strict` reports besides rejects.
    fn strictly(&self, outcome: &Outcome) -> Case {
        let ledger = &outcome.ledger;
        let counted =
            [(ledger.failed, "failed to convert", &ledger.first_failed), (ledger.late, "late", &ledger.first_late)];
        let counted = counted.into_iter().filter(|(count, ..)| *count > 0).map(|(count, what, first)| {
            self.at_first(Kind::Strict, format!("{count} {what}: --strict allows none"), first)
        });
        let jumps = (ledger.jumps > 0).then(|| {
            let jumps = ledger.jumps;
            self.trouble(Kind::Strict, format!("{jumps} too far ahead of the clock: --strict allows none"))
        });
        let dropped = outcome.dropped.iter().map(|(source, datagrams)| {
            let noun = if *datagrams == 1 { "datagram" } else { "datagrams" };
            let message = format!("{source}: {datagrams} {noun} dropped by the system: --strict allows none");
            self.trouble(Kind::Strict, message)
        });
        let never_seen = outcome.never_seen.iter().map(|name| {
            self.trouble(Kind::Strict, format!("no record has a field `{name}`: --strict does not allow it"))
        });
        let empty = outcome.empty_sources.iter().map(|source| Trouble {
            marks: vec![Mark { file: None, line: None, text: format!("{source}: no record") }],
            ..self.trouble(Kind::Strict, format!("{source}: no record: --strict does not allow it"))
        });
        let name = "--strict".to_owned();
        Case {
            name,
            troubles: counted.chain(jumps).chain(dropped).chain(never_seen).chain(empty).collect(),
            skipped: None,
        }
    }

    /// A failure whose first record is `first`.
    fn at_first(&self, kind: Kind, message: String, first: &Option<String>) -> Trouble {
        let mut trouble = self.trouble(kind, message.clone());
        if let Some(mark) = first.as_deref().map(|first| self.mark(first)) {
            let text = format!("{message}: {}", mark.text);
            trouble.marks = vec![Mark { text, ..mark }];
        }
        trouble
    }

    /// Failures of sources and outputs.
    fn run(&self, outcome: &Outcome) -> Vec<Trouble> {
        let mut messages: Vec<String> = outcome.failed_sources.clone();
        messages.extend(outcome.unwritten.iter().cloned());
        if let Some(SinkError::Failed(reason)) = &outcome.sink {
            messages.push(reason.clone());
        }
        if let (Some(signal), false) = (outcome.signal, outcome.checks.reached) {
            messages.push(format!("ended by signal {signal} before all input was read"));
        }
        let trouble = |message: String| Trouble {
            kind: Kind::Run,
            rows: String::new(),
            marks: vec![self.mark(&message)],
            message,
        };
        messages.into_iter().map(trouble).collect()
    }

    /// The failure of an `assert`.
    fn broken(&self, check: &Check, checked: &AssertCounts) -> Trouble {
        let AssertCounts { rows, broken, shown } = checked;
        let unit = if *rows == 1 { "row" } else { "rows" };
        let said = match &check.message {
            Some(message) => format!("{message}: "),
            None => String::new(),
        };
        let message = format!("{said}{} failed for {broken} of {rows} {unit}", check.text);
        let output = &self.plan.output;
        let mut table = located(&print(output, encode::FOR_TERMINALS, shown), output, &places(check, shown));
        let more = broken - shown.iter().map(|batch| batch.rows as u64).sum::<u64>();
        if more > 0 {
            table.push_str(&format!("… {more} more\n"));
        }
        let each = shown.iter().cloned().flat_map(Batch::into_rows);
        let mark = |row: Batch<'static>| {
            let (file, line) = self.place(check, &row);
            let values = print(output, encode::FOR_MESSAGES, std::slice::from_ref(&row));
            let text = format!("{said}{}", values.trim_end_matches('\n'));
            Mark { file, line, text }
        };
        Trouble { kind: Kind::Assert, message, rows: table, marks: each.map(mark).collect() }
    }

    /// A failure of the run as a whole.
    fn trouble(&self, kind: Kind, message: String) -> Trouble {
        let mark = Mark { file: self.first_file(), line: None, text: message.clone() };
        Trouble { kind, message, rows: String::new(), marks: vec![mark] }
    }

    /// The source and line of a row, if known.
    fn place(&self, check: &Check, row: &Batch<'_>) -> (Option<String>, Option<i64>) {
        match record_of(check, row, 0) {
            None => (self.first_file(), None),
            Some((name, _)) if name == STDIN_NAME => (None, None),
            Some((name, line)) => (Some(name), line),
        }
    }

    /// The first source, if it is a file.
    fn first_file(&self) -> Option<String> {
        let first = self.sources.first().filter(|source| source.is_named_file())?;
        Some(source::display(&first.path).into_owned())
    }

    /// The position at the start of a message: `access.log:7: reason` or `access.log: reason`.
    fn mark(&self, message: &str) -> Mark {
        let names = self.sources.iter().map(|source| source::display(&source.path));
        let places = names.filter_map(|name| {
            let rest = message.strip_prefix(&*name)?.strip_prefix(':')?;
            Some((name.into_owned(), rest.to_owned()))
        });
        let longest = places.max_by_key(|(name, _)| name.len());
        let Some((name, rest)) = longest.filter(|(name, _)| name != STDIN_NAME) else {
            return Mark { file: None, line: None, text: message.to_owned() };
        };
        let numbered = rest.split_once(": ");
        let line = numbered.and_then(|(line, text)| Some((line.parse().ok()?, text.to_owned())));
        let (line, text) = match line {
            Some((line, text)) => (Some(line), text),
            None => (None, rest.trim_start().to_owned()),
        };
        Mark { file: Some(name), line, text }
    }
}

/// The source and number of a row that is a record.
fn record_of(check: &Check, batch: &Batch<'_>, row: usize) -> Option<(String, Option<i64>)> {
    let (source, number) = check.place?;
    let mut name = Vec::new();
    crate::data::write_text(batch.column(source).get(row), &mut name);
    let line = match batch.column(number).get(row).as_number() {
        Some(Number::Int(line)) => Some(line),
        _ => None,
    };
    Some((String::from_utf8_lossy(&name).into_owned(), line))
}

/// The position of each row: `access.log:7:`. Empty if the rows are not records.
fn places(check: &Check, shown: &[Batch<'static>]) -> Vec<String> {
    let rows = shown.iter().flat_map(|batch| (0..batch.rows).map(move |row| record_of(check, batch, row)));
    let place = |(name, line): (String, Option<i64>)| {
        let name = escape_controls(&name);
        line.map_or_else(|| format!("{name}:"), |line| format!("{name}:{line}:"))
    };
    rows.map_while(|record| record.map(place)).collect()
}

/// Adds the position of each row at the start of its line; the header has none.
fn located(printed: &str, output: &PlannedOutput, places: &[String]) -> String {
    let Some(width) = places.iter().map(|place| place.chars().count()).max() else {
        return printed.to_owned();
    };
    let is_lines = output.lines.is_some();
    let header = (!is_lines).then_some("");
    let mut out = String::new();
    for (place, line) in header.into_iter().chain(places.iter().map(String::as_str)).zip(printed.lines()) {
        match is_lines {
            true => out.push_str(&format!("{place} {line}\n")),
            false => out.push_str(&format!("{place:<width$} {line}\n")),
        }
    }
    out
}

/// Prints rows for stderr: lines unchanged, other rows in `format`.
fn print(output: &PlannedOutput, format: &'static EncoderDef, rows: &[Batch<'static>]) -> String {
    let look = Look {
        escapes: true, // data must not send control sequences to the terminal
        ..Look::default()
    };
    let mut encoder = match output.lines {
        Some(line) => encode::make_lines(line, look),
        None => encode::make(format, &output.columns, None, look),
    };
    let mut bytes = Vec::new();
    if output.lines.is_none() {
        encoder.header(&mut bytes);
    }
    rows.iter().for_each(|rows| encoder.encode(rows, &mut bytes));
    encoder.finish(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
