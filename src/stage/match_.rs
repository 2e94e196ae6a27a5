//! `match PATTERN [in FIELD]`: keeps the records that contain a text or match a /regex/.
//!
//! As the first stage it searches the raw bytes for its text, or for one that its regex requires.

use super::{BoundStage, RecordCounts, RequiredText, RowStage, StageDef, StageRole};
use crate::data::{Batch, Entry, Example, Slot, SlotSet};
use crate::expr::pattern::bind_pattern;
use crate::expr::{BoundExpr, Pattern, Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind};
use crate::lang::{Diagnostics, ast};

pub(super) const MATCH: StageDef = StageDef {
    entry: Entry {
        name: "match",
        usage: "match PATTERN, … [in FIELD]",
        summary: "Keep records whose line (or field) has the text or matches /regex/.",
        details: "Several patterns are separated by commas: a record matches if any of them does. Text is taken \
                  literally; a /regex/ may match anywhere unless it is anchored with ^ or $, and /…/i ignores case.",
        examples: &[
            Example { expr: "match \"err\"", input: "ok\nerr 1\n", output: "err 1\n" },
            Example { expr: "match /^a/, \"z\"", input: "ab\nba\nbz\n", output: "ab\nbz\n" },
            Example { expr: "split ',' | match /^[0-9]+$/ in word", input: "a,12,3b\n", output: "12\n" },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind: |stage, scope| bind(stage, scope, &MATCH.entry, true),
};

/// Binds `PATTERN, … [in FIELD]`; `skip` keeps the records that do not match.
pub(super) fn bind(
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
    keep: bool,
) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let (mut patterns, mut diagnostics) = (Vec::new(), Diagnostics::default());
    let mut field: Option<&Expr> = None;
    loop {
        let mut expr =
            arguments.expression("a \"text\" or a /regex/").map_err(|diagnostic| diagnostic.usage(entry.usage))?;
        if let ExprKind::In(pattern, within) = &expr.kind {
            (expr, field) = (pattern, Some(within.as_ref()));
        }
        match bind_pattern(expr) {
            Ok(pattern) => patterns.push(pattern),
            Err(diagnostic) => diagnostics.push(diagnostic.usage(entry.usage)),
        }
        if field.is_some() || !arguments.comma() {
            break;
        }
    }
    if let Err(diagnostic) = arguments.finish(entry.usage) {
        diagnostics.push(diagnostic);
    }
    let of = match field {
        Some(field) => bind_expr(field, scope),
        None => super::line(scope, stage, entry, "in"),
    };
    match of {
        Ok(of) if diagnostics.is_empty() => Ok(BoundStage::Rows(vec![Box::new(Match { patterns, of, keep })])),
        Ok(_) => Err(diagnostics),
        Err(found) => {
            diagnostics.extend(found);
            Err(diagnostics)
        }
    }
}

/// Keeps rows that match any pattern, or those that match none.
struct Match {
    patterns: Vec<Pattern>,
    of: BoundExpr,
    keep: bool,
}

impl RowStage for Match {
    fn reads(&self, slots: &mut SlotSet) {
        self.of.reads(slots);
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let values = self.of.eval_all(batch, &mut counts.failures);
        let mut found = vec![false; batch.rows];
        for pattern in &self.patterns {
            for (found, here) in found.iter_mut().zip(crate::expr::matches(&values, pattern)) {
                *found |= here;
            }
        }
        drop(values);
        let rows: Vec<u32> = (0..batch.rows as u32).filter(|&row| found[row as usize] == self.keep).collect();
        counts.filter(batch.rows - rows.len());
        if rows.len() < batch.rows {
            batch.keep_rows(&rows, live);
        }
    }

    fn required(&self, line: Slot) -> Option<RequiredText<'_>> {
        let reads_line = matches!(self.of, BoundExpr::Field(slot, _) if slot == line);
        match self.patterns.as_slice() {
            [pattern] if self.keep && reads_line => {
                Some(RequiredText { text: pattern.required_text()?, is_all: matches!(pattern, Pattern::Text(_)) })
            }
            _ => None,
        }
    }
}
