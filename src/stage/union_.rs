//! `union NAME`: merges the records of another source.
//!
//! This file reads the clauses and aligns the columns of both streams; the plan binds the other source's stages.

use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{Batch, Column, Entry, Example, Slot, SlotSet, Value, ValueRef, without_fields};
use crate::expr::scope::Whole;
use crate::expr::{Scope, United};
use crate::lang::arguments::Arguments;
use crate::lang::ast::Name;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const UNION: StageDef = StageDef {
    entry: Entry {
        name: "union",
        usage: "union NAME | union (NAME | STAGE | …)",
        summary: "Merge in the records of another source (--with NAME=SOURCE).",
        details: "They go through the stages in the parentheses, which must be row-by-row stages, and from here on \
                  through the same stages as the others. The fields after a union are those of both sides, by name; \
                  fields that a record lacks are null. If fields are known only from the data (json), every record \
                  keeps its own. Unless a stage creates or selects columns, lines are printed unchanged.\n\nFiles are \
                  read one after another, those of the command line first, then those of --with in order; if any \
                  source is live, all are read side by side. A union comes before stages that need the records in \
                  order or all together, such as limit, sort or count. A window covers all sources: it is final when \
                  none of them is before its end.",
        examples: &[
            Example {
                expr: "--with hosts=hosts.csv 'union hosts | match \"db\"'",
                input: "db1 down\nweb up\n",
                output: "db1 down\n10.0.0.2,db,paris\n",
            },
            Example {
                expr: "--with hosts=hosts.csv 'split as ip | union (hosts | csv | select ip) | count by ip | where count > 1'",
                input: "10.0.0.1 10.0.0.9\n",
                output: "10.0.0.1\t2\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Union,
    bind,
};

/// The clauses as written.
pub struct UnionClause {
    /// The name of the source.
    pub name: Name,
    /// The stages for its records alone.
    pub stages: Vec<ast::Stage>,
}

fn bind(stage: &ast::Stage, _scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    clause(stage)
        .map(|clause| BoundStage::deferred(move |binder| binder.unite(clause)))
        .map_err(|diagnostic| Diagnostics::from(diagnostic.usage(UNION.entry.usage)))
}

fn clause(stage: &ast::Stage) -> Result<UnionClause, Diagnostic> {
    let mut arguments = Arguments::of(stage);
    let clause = source(&mut arguments, stage)?;
    arguments.finish(UNION.entry.usage)?;
    Ok(clause)
}

/// Reads `NAME` or `(NAME | STAGE | …)`.
pub(super) fn source(arguments: &mut Arguments<'_>, stage: &ast::Stage) -> Result<UnionClause, Diagnostic> {
    const EXPECTED: &str = "the name of another source";
    Ok(match arguments.pipeline() {
        Some((pipeline, _)) => {
            let mut stages = pipeline.stages.iter();
            let first = stages.next().filter(|first| first.arguments.is_empty());
            let name = first.and_then(|first| {
                let text = first.head.as_word()?.to_owned();
                let span = first.span;
                Some(Name { text, span })
            });
            let Some(name) = name else {
                let first = pipeline.stages.first().unwrap_or(stage);
                let message = format!("expected {EXPECTED}, found `{first}`");
                return Err(Diagnostic::new(first.span, message));
            };
            UnionClause { name, stages: stages.cloned().collect() }
        }
        None => UnionClause { name: arguments.name(EXPECTED)?, stages: Vec::new() },
    })
}

/// One of two united streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The stream.
    Left,
    /// The source that the stage names.
    Right,
}

/// Moves the columns of a stream to their slots after a union.
pub struct Align {
    /// Target slot, and source slot if the stream has the field.
    fields: Vec<(Slot, Option<Slot>)>,
    /// The same for whole objects.
    whole: Option<(Slot, Option<Whole>)>,
}

impl Align {
    /// Returns the step that a stream needs for the slots read after the union, if any.
    pub fn of(united: &United, side: Side, live: &SlotSet) -> Option<Align> {
        let side = side as usize;
        let fields: Vec<_> = united
            .all_fields()
            .into_iter()
            .map(|field| (field.slot, field.sides[side]))
            .filter(|(to, from)| live.contains(*to) && *from != Some(*to))
            .collect();
        let whole = united.whole().filter(|(to, _)| live.contains(*to)).map(|(to, mut sides)| (to, sides[side].take()));
        (!fields.is_empty() || whole.is_some()).then_some(Align { fields, whole })
    }
}

impl RowStage for Align {
    fn reads(&self, slots: &mut SlotSet) {
        let fields = self.fields.iter().filter_map(|(_, from)| *from);
        let whole = self.whole.iter().filter_map(|(_, from)| from.as_ref());
        fields.chain(whole.map(|(slot, _)| *slot)).for_each(|slot| slots.insert(slot));
    }

    fn makes(&self) -> Vec<Slot> {
        let fields = self.fields.iter().map(|(to, _)| *to);
        fields.chain(self.whole.iter().map(|(to, _)| *to)).collect()
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let rows = batch.rows;
        let column = |from: &Option<Slot>| match from {
            Some(slot) => batch.column(*slot).clone(),
            None => Column::Constant(Value::Null, rows),
        };
        let mut placed: Vec<(Slot, Column<'_>)> = self.fields.iter().map(|(to, from)| (*to, column(from))).collect();
        if let Some((to, from)) = &self.whole {
            let objects = match from {
                Some((slot, dropped)) => objects(batch.column(*slot), dropped),
                None => Column::Constant(Value::Object(Vec::new()), rows),
            };
            placed.push((*to, objects));
        }
        for (slot, column) in placed {
            batch.set(slot, column);
        }
        batch.retain(live);
    }
}

/// Removes dropped fields from objects.
fn objects<'a>(whole: &Column<'a>, dropped: &[String]) -> Column<'a> {
    if dropped.is_empty() {
        return whole.clone();
    }
    let kept = |row| match whole.get(row) {
        ValueRef::Object(fields) => Value::Object(without_fields(fields, dropped)),
        other => other.to_value(),
    };
    Column::Values((0..whole.len()).map(kept).collect())
}
