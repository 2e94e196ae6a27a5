//! `window 30s/10s on time late 10s`: the window of the blocking stages.

use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{
    Batch, Column, Entry, Example, Slot, SlotSet, TimeSite, Validity, Value, ValueRef, expected_time, format_duration,
    write_text,
};
use crate::expr::{BoundExpr, Scope};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{BinaryOp, Expr, ExprKind, Span};
use crate::lang::{Diagnostic, Diagnostics, ast};
use crate::window::{Window, WindowKind};

/// Maximum number of windows per record; more rows than that are of no use.
const MOST_WINDOWS: i64 = 1_000_000;

/// Usual slides, in nanoseconds: from a microsecond to a day.
const UNITS: [i64; 6] = [1_000, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000, 86_400_000_000_000];

pub(super) const WINDOW: StageDef = StageDef {
    entry: Entry {
        name: "window",
        usage: "window LENGTH[/SLIDE]|session GAP|state FIELD|N rows|all [on FIELD] …",
        summary: "One result per time window instead of one for the whole stream.",
        details: "`window 30s` is tumbling, `window 30s/10s` sliding: 30 s long, a new one every 10 s; a record may \
                  be in a million windows at most. `window session 5m` lasts from the first record of a key (`by`) \
                  until the key has been idle for 5 m. `window state FIELD` lasts from a \
                  record until FIELD has another value, for each value of the other keys of its aggregate: \
                  `count by line | window state line` is `uniq -c`. It goes by the order of the records; its end is the \
                  time of the record that ends it, but not before its start, or at the end of the input the largest \
                  time so far. \
                  `window 100 rows/10 rows` counts records. A window may be \
                  written anywhere; without it the window is the whole stream. `on FIELD` takes the time from \
                  the records that enter the first blocking stage; without it the arrival time is used: the time at \
                  which the last byte of a record is read from the pipe or socket. Arrival time never decreases, even \
                  if the system clock is set back (a note says so). `late 10s` sets how far out of order records may \
                  be: a window is final once the largest time so far, less that, has reached its end; a record whose \
                  windows are all final is late, and counted. Result rows begin with `window_start` and `window_end`. \
                  Windows begin where the clocks of `--tz` show a multiple of their length, days at midnight, weeks \
                  on Monday, or as much later as `offset 15m` says; when clocks change, the current window is shorter \
                  or longer by the change, and an hour \
                  that occurs twice is two windows of an hour. `fill` prints windows without records, as `--fill` \
                  does. Sessions are printed when they are final, in the order \
                  of their ends, then starts, then keys. A record out of order may join an open session, make it \
                  begin earlier, or merge two; then it is not late. A window of rows has no `rate`. Several files are \
                  read one after another, and those still to be read hold all windows open. An idle live source does \
                  not: see `--idle`. Records that are dropped before the first blocking stage have no time and do not \
                  advance the watermark. If one of several pieces of a record is late, the record is late; if one of \
                  them has no time, it is rejected. \
                  Several windows make levels: each applies to the stages between the window before it and itself; \
                  stages after the last window belong to it. The rows of a level are the records of the next one. Their \
                  bounds are replaced by its own, and their time is the last instant of their window (`window_end` less \
                  1 ns), also for `dedup within`, unless `on` names another; so they are never late, and the windows of \
                  a level are final when those before them are. With `on`, a row whose windows are final is a failed \
                  conversion. `window all` is the whole stream: its rows keep the bounds that they have.",
        examples: &[
            Example {
                expr: "parse \"{t:time} {word}\" | count by word | window 1m on t",
                input: "2026-03-01T10:00:05Z a\n2026-03-01T10:00:59Z a\n2026-03-01T10:01:00Z b\n",
                output: "2026-03-01T10:00:00Z\t2026-03-01T10:01:00Z\ta\t2\n2026-03-01T10:01:00Z\t2026-03-01T10:02:00Z\tb\t1\n",
            },
            Example {
                expr: "parse \"{t:time} {who}\" | count by who | window session 5m on t",
                input: "2026-03-01T10:00:00Z ann\n2026-03-01T10:04:00Z ann\n2026-03-01T10:09:00Z ann\n",
                output: "2026-03-01T10:00:00Z\t2026-03-01T10:09:00Z\tann\t2\n2026-03-01T10:09:00Z\t2026-03-01T10:14:00Z\tann\t1\n",
            },
            Example {
                expr: "count by line | window state line | select count, line",
                input: "a\na\nb\na\n",
                output: "2\ta\n1\tb\n1\ta\n",
            },
            Example {
                expr: "split as n | sum(n) | window 2 rows",
                input: "1 2 3 4 5\n",
                output: "1\t2\t3\n3\t4\t7\n5\t5\t5\n",
            },
            Example {
                expr: "parse \"{t:time}\" | count | window 1s on t | max(count) as peak | window 1h",
                input: "2026-03-01T10:00:05Z\n2026-03-01T10:00:59.1Z\n2026-03-01T10:00:59.7Z\n2026-03-01T11:01:00Z\n",
                output: "2026-03-01T10:00:00Z\t2026-03-01T11:00:00Z\t2\n2026-03-01T11:00:00Z\t2026-03-01T12:00:00Z\t1\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Window,
    bind,
};

/// A window as written; its time is bound before the first blocking stage.
#[derive(Clone, Debug)]
pub struct WindowClause {
    /// The kind of window; `None` for the whole stream.
    pub window: Option<Window>,
    /// The time of a record; `None` for its arrival.
    pub on: Option<Expr>,
    /// The field whose changes end windows, for [`WindowKind::State`].
    pub state: Option<Expr>,
    /// Prints windows without records.
    pub fill: bool,
    /// Its span.
    pub span: Span,
}

fn bind(stage: &ast::Stage, _scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    window_clause(stage).map(|_| BoundStage::Rows(Vec::new())) // the plan binds it before the first blocking stage
}

/// Reads the arguments of a window.
pub fn window_clause(stage: &ast::Stage) -> Result<WindowClause, Diagnostics> {
    read(stage).map_err(|diagnostic| Diagnostics::from(diagnostic.usage(WINDOW.entry.usage)))
}

fn read(stage: &ast::Stage) -> Result<WindowClause, Diagnostic> {
    let mut arguments = Arguments::of(stage);
    let mut state = None;
    let kind = if arguments.keyword("all") {
        None
    } else if arguments.keyword("state") {
        state = Some(arguments.expression("the field whose changes end windows")?.clone());
        Some(WindowKind::State)
    } else {
        Some(kind(&mut arguments)?)
    };
    let options = WindowOptions::read(&mut arguments)?;
    arguments.finish(WINDOW.entry.usage)?;
    options.check(kind)?;
    let WindowOptions { on, late, offset, fill } = options;
    let [late_ns, offset_ns] = [late, offset].map(|duration| duration.map_or(0, |(ns, _)| ns));
    Ok(WindowClause {
        window: kind.map(|kind| Window { kind, late_ns, offset_ns }),
        on: on.map(|(on, _)| on),
        state,
        fill: fill.is_some(),
        span: stage.span,
    })
}

/// The clauses after the kind of a window, in any order, each with its place.
#[derive(Default)]
struct WindowOptions {
    on: Option<(Expr, Span)>,
    late: Option<(i64, Span)>,
    offset: Option<(i64, Span)>,
    fill: Option<Span>,
}

impl WindowOptions {
    fn read(arguments: &mut Arguments<'_>) -> Result<WindowOptions, Diagnostic> {
        let mut options = WindowOptions::default();
        loop {
            let span = arguments.span_here();
            if options.on.is_none() && arguments.keyword("on") {
                options.on = Some((arguments.expression("the field that holds the time")?.clone(), span));
            } else if options.late.is_none() && arguments.keyword("late") {
                options.late = Some((arguments.duration("how late records may be")?.0, span));
            } else if options.offset.is_none() && arguments.keyword("offset") {
                options.offset = Some((arguments.duration("how much later windows begin")?.0, span));
            } else if options.fill.is_none() && arguments.keyword("fill") {
                options.fill = Some(span);
            } else {
                return Ok(options);
            }
        }
    }

    /// Rejects clauses that this kind of window does not have.
    fn check(&self, kind: Option<WindowKind>) -> Result<(), Diagnostic> {
        let on = self.on.as_ref().map(|(_, span)| *span);
        let [late, offset] = [self.late, self.offset].map(|clause| clause.map(|(_, span)| span));
        let first = [on, late, offset, self.fill].into_iter().flatten().min_by_key(|span| span.start);
        let time = "write window 1m for a window of time";
        match (kind, first) {
            (None, Some(span)) => Err(Diagnostic::new(span, "the whole stream needs no time").help("write window all")),
            (Some(WindowKind::Rows { .. }), Some(span)) => {
                Err(Diagnostic::new(span, "a window of rows uses their order, not a time"))
            }
            (Some(WindowKind::State), _) if late.is_some() => {
                Err(Diagnostic::new(late.unwrap_or_default(), "a window of a state uses the order of records")
                    .help("leave `late` out"))
            }
            (Some(WindowKind::State), _) if offset.or(self.fill).is_some() => Err(Diagnostic::new(
                offset.or(self.fill).unwrap_or_default(),
                "a window of a state begins and ends with records: it has no offset, and none is empty",
            )
            .help(time)),
            (Some(WindowKind::Session { .. }), _) if offset.is_some() => Err(Diagnostic::new(
                offset.unwrap_or_default(),
                "a session begins with its first record: it has no offset",
            )
            .help(time)),
            (Some(WindowKind::Session { .. }), _) if self.fill.is_some() => Err(Diagnostic::new(
                self.fill.unwrap_or_default(),
                "a session has at least one record: there are none to fill in",
            )
            .help(time)),
            _ if on.is_none() && late.is_some() => {
                Err(Diagnostic::new(late.unwrap_or_default(), "records cannot arrive later than they arrive")
                    .help("`late` requires a time in the records: write on FIELD before it"))
            }
            _ => Ok(()),
        }
    }
}

fn kind(arguments: &mut Arguments<'_>) -> Result<WindowKind, Diagnostic> {
    if arguments.keyword("session") {
        let (gap, span) = arguments.duration("the idle time that ends a session")?;
        return Ok(WindowKind::Session { gap: positive(gap, span)? });
    }
    let Some(expr) = arguments.peek_expression() else {
        return Err(arguments.expected("the length of a window"));
    };
    match &expr.kind {
        ExprKind::Literal(Value::Int(_)) => rows(arguments),
        ExprKind::Binary(BinaryOp::Divide, left, right) => {
            let (length, slide) = (duration(left)?, duration(right)?);
            arguments.expression("the length of a window")?;
            if slide > length {
                return Err(Diagnostic::new(
                    right.span,
                    "the slide is longer than the window: records between two windows would be in none",
                ));
            }
            check_overlap(length, slide, right.span)?;
            Ok(WindowKind::Time { length, slide })
        }
        _ => {
            let length = duration(expr)?;
            arguments.expression("the length of a window")?;
            Ok(WindowKind::Time { length, slide: length })
        }
    }
}

/// Each record is in `length / slide` windows, and each window has at least one row: limits the overlap.
fn check_overlap(length: i64, slide: i64, span: Span) -> Result<(), Diagnostic> {
    let windows = length / slide;
    if windows <= MOST_WINDOWS {
        return Ok(());
    }
    let least = (length - 1) / MOST_WINDOWS + 1;
    let suggested = UNITS.into_iter().find(|unit| *unit >= least).unwrap_or(least);
    let [length, suggested] = [length, suggested].map(|ns| {
        let mut text = String::new();
        format_duration(ns, &mut text);
        text
    });
    let message = format!("each record would be in {windows} windows: at most {MOST_WINDOWS} are allowed");
    Err(Diagnostic::new(span, message).help(format!("write a longer slide, such as window {length}/{suggested}")))
}

/// Reads `100 rows` or `100 rows/10 rows`, which the grammar returns as `100`, `rows / 10`, `rows`.
fn rows(arguments: &mut Arguments<'_>) -> Result<WindowKind, Diagnostic> {
    let (length, span) = arguments.integer("a number of rows")?;
    let length = positive(i64::try_from(length).unwrap_or(i64::MAX), span)?;
    let slide = match arguments.peek_expression().map(|expr| &expr.kind) {
        Some(ExprKind::Binary(BinaryOp::Divide, left, right)) if left.as_word() == Some("rows") => {
            let ExprKind::Literal(Value::Int(slide)) = right.kind else {
                return Err(
                    Diagnostic::new(right.span, "expected a number of rows").help("write window 100 rows/10 rows")
                );
            };
            arguments.expression("rows")?;
            arguments.keyword("rows");
            let slide = positive(slide, right.span)?;
            if slide > length {
                return Err(Diagnostic::new(
                    right.span,
                    "the slide is longer than the window: records between two windows would be in none",
                ));
            }
            slide
        }
        _ if arguments.keyword("rows") || arguments.keyword("row") => length,
        _ => {
            let diagnostic = Diagnostic::new(span, format!("`{length}` needs a unit"));
            return Err(diagnostic.help(format!("write window {length}s or window {length} rows")));
        }
    };
    Ok(WindowKind::Rows { length, slide })
}

fn duration(expr: &Expr) -> Result<i64, Diagnostic> {
    match &expr.kind {
        ExprKind::Literal(Value::Duration(ns)) => positive(*ns, expr.span),
        ExprKind::Literal(Value::Int(number)) => Err(Diagnostic::new(expr.span, format!("`{number}` needs a unit"))
            .help(format!("a duration has a unit: {number}s, {number}m, {number}h"))),
        _ => Err(Diagnostic::new(expr.span, format!("expected a duration, found `{expr}`"))
            .help("a duration is written 30s, 5m or 1h")),
    }
}

fn positive(number: i64, span: Span) -> Result<i64, Diagnostic> {
    if number > 0 { Ok(number) } else { Err(Diagnostic::new(span, "a window must be longer than 0")) }
}

/// Reads the time of each record; records without one are rejected.
pub struct RecordTime {
    /// The expression of the time.
    pub node: BoundExpr,
    /// The slot for its nanoseconds since 1970.
    pub slot: Slot,
    /// The stage that needs it, for messages.
    pub stage: &'static str,
    /// Supplies the year of times without one, from the record before.
    pub site: TimeSite,
}

impl RowStage for RecordTime {
    fn reads(&self, slots: &mut SlotSet) {
        self.node.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.slot]
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let mut times = Vec::with_capacity(batch.rows);
        let mut without: Vec<(u32, String)> = Vec::new();
        {
            let column = self.node.eval_all(batch, &mut counts.failures);
            let mut push = |row: usize, time: Option<i64>| {
                if time.is_none() {
                    without.push((row as u32, reason(self.stage, column.get(row))));
                }
                times.push(time.unwrap_or_default());
            };
            let mut reader = self.site.reader();
            match &*column {
                Column::Text(texts) => {
                    // Neighbours often have the same time.
                    let mut last: (&[u8], Option<i64>) = (&[], None);
                    for row in 0..texts.spans.len() {
                        let text = texts.get(row).unwrap_or_default();
                        if text != last.0 {
                            last = (text, reader.read(text));
                        }
                        push(row, last.1);
                    }
                }
                column => (0..batch.rows).for_each(|row| push(row, reader.read_value(column.get(row)))),
            }
        }
        let kept = (!without.is_empty()).then(|| {
            let mut rejected = without.iter().map(|(row, _)| *row).peekable();
            let is_kept = |row: &u32| rejected.next_if_eq(row).is_none();
            (0..batch.rows as u32).filter(is_kept).collect::<Vec<u32>>()
        });
        for (row, reason) in without {
            counts.reject(batch, row, reason);
        }
        batch.retain(live);
        batch.set(self.slot, Column::Int(times, Validity::ALL));
        if let Some(kept) = kept {
            let mut live = live.clone();
            live.insert(self.slot);
            batch.keep_rows(&kept, &live);
        }
    }
}

/// Writes the last instant of the window that each row is from, as [`RecordTime`] does.
pub struct WindowTime {
    /// The slot of the window's end.
    pub end: Slot,
    /// The slot for the instant in nanoseconds since 1970.
    pub slot: Slot,
}

impl RowStage for WindowTime {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.end);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.slot]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _counts: &mut RecordCounts) {
        let ends = batch.column(self.end);
        let last = |row: usize| match ends.get(row) {
            ValueRef::Time(end) => end.saturating_sub(1),
            _ => i64::MIN,
        };
        let times: Vec<i64> = (0..batch.rows).map(last).collect();
        batch.retain(live);
        batch.set(self.slot, Column::Int(times, Validity::ALL));
    }
}

fn reason(stage: &str, value: ValueRef<'_>) -> String {
    let mut text = Vec::new();
    match value {
        ValueRef::Null => text.extend_from_slice(b"null"),
        value => write_text(value, &mut text),
    }
    let shown: String = String::from_utf8_lossy(&text).chars().take(60).collect();
    format!("{stage}: expected {}, found {shown:?}", expected_time(value))
}
