//! `join NAME on K [= K2] within DUR [left]`: pairs records of another source with the same key, at most DUR apart.
//!
//! This file reads the clauses and binds both sides; the plan binds the other source's stages. Pairing happens in
//! stream order, see [`operator`].

mod buffer;
pub(super) mod key;
mod operator;
mod progress;
mod spec;

pub use spec::JoinSpec;

use self::key::{JoinKind, KeyClauses, join_kind, keys};
use super::drop_::drop_field;
use super::let_::Assign;
use super::union_::source;
use super::{BoundStage, RecordTime, RowStage, StageDef, StageRole, UnionClause};
use crate::data::{Entry, Example, TimeSite};
use crate::expr::{BoundExpr, Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind, Path, Span};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const JOIN: StageDef = StageDef {
    entry: Entry {
        name: "join",
        usage: "join NAME|(NAME | …) on K [= K2] within DUR [on F [= F2]] [late DUR] [left]",
        summary: "Pair records of two sources by key and time (--with NAME=SOURCE).",
        details: "The records of the other source go through the stages in the parentheses, which must be row-by-row \
                  stages. K is a field of the stream and K2 (default: the same name) a field of the other source; \
                  keys are equal if their texts are, and null equals nothing. Each pair is a row, printed once the \
                  later of the two records has arrived; a record may be in many pairs. With `left`, a record of the \
                  stream without a pair is printed with nulls once no partner can arrive any more. The fields are \
                  those of the stream, then those of the other source without K2 and, if it has the same name, \
                  FIELD2. A field that both have is an error: rename it in the parentheses. If fields are known only \
                  from the data (json), the stream's value is used, and the other one counts as a failed conversion. \
                  @source, @number and @time are those of the later record.\n\nTime is the arrival time, or FIELD \
                  (and FIELD2 of the other source, default: the same name); a record without a readable time is \
                  rejected. `late 10s` sets how far out of order the records of a side may be. A record is kept until \
                  the other side has ended, or its largest time, less `late`, is more than DUR ahead; the time of a \
                  side that has been idle for `--idle` advances with the clock. Files are read one after another, \
                  those of the command line first: the stream's records are kept until the other side is read, so put \
                  the smaller of two files first. In the ledger, a record without a row counts as filtered, or as \
                  late if a possible partner was dropped before it arrived.\n\nA pair is printed at the position of \
                  its later record, so the times of the rows may be out of order by twice DUR: give a window after \
                  the join `late` accordingly. A pipeline has one join, before stages that need the records in order \
                  or all together; unions come before it.",
        examples: &[
            Example {
                expr: "--with hosts=hosts.csv 'split as ip | join (hosts | csv | select ip, site) on ip within 1h'",
                input: "10.0.0.2 10.0.0.9\n",
                output: "10.0.0.2\tparis\n",
            },
            Example {
                expr: "--with hosts=hosts.csv 'csv as client, ms | join (hosts | csv | select ip, name) on client = ip within 1h left'",
                input: "10.0.0.9,7\n10.0.0.1,8\n",
                output: "10.0.0.1\t8\tweb\n10.0.0.9\t7\t\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Join,
    bind,
};

/// The clauses as written.
pub struct JoinClause {
    /// The other source with its own stages.
    pub source: UnionClause,
    key: Expr,
    other_key: (Path, Span),
    within_ns: i64,
    on: Option<[Expr; 2]>,
    late_ns: i64,
    kind: JoinKind,
}

fn bind(stage: &ast::Stage, _scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    clause(stage)
        .map(|clause| BoundStage::deferred(move |binder| binder.join(clause)))
        .map_err(|diagnostic| Diagnostics::from(diagnostic.usage(JOIN.entry.usage)))
}

fn clause(stage: &ast::Stage) -> Result<JoinClause, Diagnostic> {
    let mut arguments = Arguments::of(stage);
    let source = source(&mut arguments, stage)?;
    let of_other = format!("the field of `{}`", source.name.text);
    let KeyClauses { key, other } = keys(&mut arguments, (&of_other, "field"))?;
    if !arguments.keyword("within") {
        let diagnostic = arguments.expected("`within` and the maximum time between two records");
        return Err(diagnostic.help("a live source never ends: write within 30s, 5m or 1h"));
    }
    let (within_ns, _) = arguments.duration("the maximum time between two records")?;
    let mut on = None;
    if arguments.keyword("on") {
        let time = arguments.expression("the field that holds the time")?;
        let other = match arguments.equals_sign() {
            true => arguments.expression(&format!("{of_other} that holds the time"))?,
            false => time,
        };
        on = Some([time.clone(), other.clone()]);
    }
    let span = arguments.span_here();
    let mut late_ns = 0;
    if arguments.keyword("late") {
        late_ns = arguments.duration("how late records may be")?.0;
        if on.is_none() {
            let diagnostic = Diagnostic::new(span, "records cannot arrive later than they arrive");
            let help = "`late` requires a time in the records: write on FIELD before it";
            return Err(diagnostic.help(help));
        }
    }
    let kind = join_kind(&mut arguments);
    arguments.finish(JOIN.entry.usage)?;
    Ok(JoinClause { source, key: key.clone(), other_key: (other.0.clone(), other.1), within_ns, on, late_ns, kind })
}

/// The arrival time of the records of both sides; `None` if a side has rows of a result, which arrived with the batch.
fn arrival(sides: [&Scope; 2]) -> Option<[BoundExpr; 2]> {
    let [first, second] = sides.map(Scope::arrival);
    Some([first?, second?].map(|slot| BoundExpr::Field(slot, "@time".to_owned())))
}

/// The two sides of a join.
pub struct Sides {
    /// By side, the steps that compute key and time.
    pub prepared: [Vec<Box<dyn RowStage>>; 2],
    /// The join condition and columns.
    pub joined: JoinSpec,
}

impl JoinClause {
    /// Binds the keys and times of both sides, and drops the fields of the other side that would be printed twice.
    /// `input` is the index of the other side's input.
    pub fn bind(&self, first: &mut Scope, second: &mut Scope, input: usize) -> Result<Sides, Diagnostics> {
        let (key, time) = (first.new_slot(), first.new_slot());
        let (path, span) = &self.other_key;
        let other_key = Expr { kind: ExprKind::Field(path.clone()), span: *span, ..self.key.clone() };
        let sides = [&*first, &*second];
        let keys = self.bind_sides(sides, [&self.key, &other_key]);
        let on = self.on.as_ref();
        let times = match on {
            Some([first, second]) => self.bind_sides(sides, [first, second]).map(Some),
            None => Ok(arrival(sides)),
        };
        let (keys, times) = match (keys, times) {
            (Ok(keys), Ok(times)) => (keys, times),
            (keys, times) => {
                let diagnostics = [keys.err(), times.err()].into_iter().flatten();
                return Err(diagnostics.flatten().collect());
            }
        };
        let mut prepared = keys.map(|node| -> Vec<Box<dyn RowStage>> { vec![Box::new(Assign { node, slot: key })] });
        let has_times = times.is_some();
        for (stages, node) in prepared.iter_mut().zip(times.into_iter().flatten()) {
            stages.push(Box::new(RecordTime { site: TimeSite::new(), node, slot: time, stage: JOIN.entry.name }));
        }
        let fields: Vec<String> = second.fields().iter().map(|field| field.name.clone()).collect();
        let mut dropped = vec![(path, *span)];
        if let Some([own, other]) = on
            && let [ExprKind::Field(time), ExprKind::Field(other_time)] = [&own.kind, &other.kind]
            && time == other_time
            && other_time != path
        {
            dropped.push((other_time, other.span));
        }
        for (path, span) in dropped {
            prepared[1].extend(drop_field(path, span, second)?);
        }
        let both = first.in_both(second);
        if !both.is_empty() {
            let exists = |name: &String| self.exists_already(name, &both, &fields);
            return Err(both.iter().map(exists).collect());
        }
        Ok(Sides {
            prepared,
            joined: JoinSpec {
                key,
                time: has_times.then_some(time),
                by_arrival: on.is_none(),
                field: first.likely_time(),
                within_ns: self.within_ns,
                late_ns: self.late_ns,
                kind: self.kind,
                input,
                columns: Vec::new(),
                kept: Default::default(),
                late_line: None,
            },
        })
    }

    /// Binds an expression on both sides.
    fn bind_sides(&self, sides: [&Scope; 2], by: [&Expr; 2]) -> Result<[BoundExpr; 2], Diagnostics> {
        let is_written_once = by[0].span == by[1].span;
        match (bind_expr(by[0], sides[0]), bind_expr(by[1], sides[1])) {
            (Ok(first), Ok(second)) => Ok([first, second]),
            (Ok(_), Err(_)) if is_written_once => Err(Diagnostics::from(self.missing(by[1], sides[1]))),
            (Err(found), _) if is_written_once => Err(found),
            (first, second) => {
                let diagnostics = [first.err(), second.err()].into_iter().flatten();
                Err(diagnostics.flatten().collect())
            }
        }
    }

    /// The error of a field that only the stream has, though both sides need it.
    fn missing(&self, by: &Expr, scope: &Scope) -> Diagnostic {
        let other = &self.source.name.text;
        let fields = scope.fields().iter().map(|field| field.name.as_str());
        let fields = fields.collect::<Vec<_>>().join(", ");
        Diagnostic::new(by.span, format!("`{other}` has no `{by}`"))
            .help(format!("its fields are: {fields}; write on {by} = FIELD"))
    }

    /// The error of a field that both sides have; `fields` are those of the other side.
    fn exists_already(&self, name: &str, both: &[String], fields: &[String]) -> Diagnostic {
        let other = &self.source.name;
        let named = |text: &str| ast::Name { text: text.to_owned(), span: other.span };
        let field = |field: &String| match both.contains(field) {
            true => format!("{} as {}", named(field), named(&format!("{}_{field}", other.text))),
            false => named(field).to_string(),
        };
        let fields: Vec<String> = fields.iter().map(field).collect();
        let stages = self.source.stages.iter().map(|stage| format!("{stage} | "));
        let message = format!("`{}` has a field `{name}`, and so does the stream", other.text);
        Diagnostic::new(other.span, message).help(format!(
            "give it another name: join ({other} | {}select {}) on …",
            stages.collect::<String>(),
            fields.join(", ")
        ))
    }
}
