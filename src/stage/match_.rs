//! `match PATTERN [in FIELD]`: keeps the records that contain a text or match a /regex/.
//!
//! As the first stage it searches the raw bytes for its text, or for one that its regex requires.

use super::neighbours::{Neighbours, SearchedText, WantedRecords};
use super::{BoundStage, RecordCounts, RequiredText, RowStage, StageDef, StageRole};
use crate::data::{Batch, Entry, Example, Slot, SlotSet};
use crate::expr::pattern::bind_pattern;
use crate::expr::{BoundExpr, Pattern, Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const MATCH: StageDef = StageDef {
    entry: Entry {
        name: "match",
        usage: "match PATTERN, … [in FIELD] [before N] [after N] [context N]",
        summary: "Keep records whose line (or field) has the text or matches /regex/.",
        details: "Several patterns are separated by commas: a record matches if any of them does. Text is taken \
                  literally; a /regex/ may match anywhere unless it is anchored with ^ or $, and /…/i ignores case. `before N`, `after N` and `context N` (both) also \
                  keep the records around a match, each once, and never of another source.",
        examples: &[
            Example { expr: "match \"err\"", input: "ok\nerr 1\n", output: "err 1\n" },
            Example { expr: "match /^a/, \"z\"", input: "ab\nba\nbz\n", output: "ab\nbz\n" },
            Example { expr: "split ',' | match /^[0-9]+$/ in word", input: "a,12,3b\n", output: "12\n" },
            Example { expr: "match \"err\" before 1", input: "a\nb\nerr 1\nc\n", output: "b\nerr 1\n" },
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
    let context = if keep { context(&mut arguments)? } else { None };
    if let Err(diagnostic) = arguments.finish(entry.usage) {
        diagnostics.push(diagnostic);
    }
    let of = match field {
        Some(field) => bind_expr(field, scope),
        None => super::line(scope, stage, entry, "in"),
    };
    match of {
        Ok(of) if diagnostics.is_empty() && context.is_some() => {
            let marks = scope.new_slot();
            let searched = SearchedText { of, patterns, marks };
            let wanted = context.unwrap_or(WantedRecords::Block);
            let stage = Neighbours::new(entry.name, marks, wanted, scope);
            Ok(BoundStage::Ordered(vec![Box::new(searched)], Box::new(stage)))
        }
        Ok(of) if diagnostics.is_empty() => Ok(BoundStage::Rows(vec![Box::new(Match { patterns, of, keep })])),
        Ok(_) => Err(diagnostics),
        Err(found) => {
            diagnostics.extend(found);
            Err(diagnostics)
        }
    }
}

/// Reads `before N`, `after N` or `context N`; `None` without any of them.
fn context(arguments: &mut Arguments<'_>) -> Result<Option<WantedRecords>, Diagnostic> {
    let (mut before, mut after) = (None, None);
    loop {
        let places: &mut [&mut Option<usize>] = match arguments.peek_word() {
            Some("before") => &mut [&mut before],
            Some("after") => &mut [&mut after],
            Some("context") => &mut [&mut before, &mut after],
            _ => break,
        };
        let (word, span) = (arguments.peek_word().unwrap_or_default(), arguments.span_here());
        arguments.keyword(word);
        let (number, _) = arguments
            .integer(&format!("a number of records after `{word}`"))
            .map_err(|diagnostic| diagnostic.help(format!("as in `{word} 2`")))?;
        for place in places {
            if place.replace(usize::try_from(number).unwrap_or(usize::MAX)).is_some() {
                return Err(Diagnostic::new(span, format!("`{word}` sets a number that was set before")));
            }
        }
    }
    let is_given = before.is_some() || after.is_some();
    let wanted = WantedRecords::Context { before: before.unwrap_or(0), after: after.unwrap_or(0) };
    Ok(is_given.then_some(wanted))
}

/// Binds patterns; all errors at once.
pub(super) fn bind_patterns(exprs: &[&Expr], usage: &str) -> Result<Vec<Pattern>, Diagnostics> {
    let (mut patterns, mut diagnostics) = (Vec::new(), Diagnostics::default());
    for expr in exprs {
        match bind_pattern(expr) {
            Ok(pattern) => patterns.push(pattern),
            Err(diagnostic) => diagnostics.push(diagnostic.usage(usage)),
        }
    }
    diagnostics.into_result(patterns)
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
