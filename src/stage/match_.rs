//! `match PATTERN [in FIELD]`: keeps the records that contain a text or match a /regex/.
//!
//! As the first stage it searches the raw bytes and looks for the ends of lines only around what it found:
//! where hits are few, that is as fast as the search itself.

use std::sync::Arc;

use memchr::{memchr, memmem, memrchr};

use super::{Account, BoundStage, RowStage, StageDef};
use crate::data::{
    Batch, Bytes, Column, Entry, Example, LiveSlots, Position, Scanner, Slot, Span, TextColumn,
    trim_terminator,
};
use crate::expr::pattern::bind_pattern;
use crate::expr::{Node, Pattern, Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind};
use crate::lang::{Mistake, ast};

pub(super) const MATCH: StageDef = StageDef {
    entry: Entry {
        name: "match",
        usage: "match PATTERN, … [in FIELD]",
        summary: "Keep records whose line (or field) has the text or matches /regex/.",
        details: "Several patterns are separated by commas: any of them will do. Text is taken as it is; a /regex/ \
                  may match anywhere unless it is anchored with ^ or $, and /…/i ignores case.",
        examples: &[
            Example {
                expr: "match \"err\"",
                input: "ok\nerr 1\n",
                output: "err 1\n",
            },
            Example {
                expr: "match /^a/, \"z\"",
                input: "ab\nba\nbz\n",
                output: "ab\nbz\n",
            },
            Example {
                expr: "split ',' | match /^[0-9]+$/ in word",
                input: "a,12,3b\n",
                output: "12\n",
            },
        ],
    },
    chooses_columns: false,
    bind: |stage, scope| bind(stage, scope, &MATCH.entry, true),
};

/// Reads `PATTERN, … [in FIELD]`; `skip` keeps the records that do not match.
pub(super) fn bind(
    stage: &ast::Stage,
    scope: &mut Scope,
    entry: &Entry,
    keep: bool,
) -> Result<BoundStage, Vec<Mistake>> {
    let mut arguments = Arguments::of(stage);
    let (mut patterns, mut mistakes) = (Vec::new(), Vec::new());
    let mut field: Option<&Expr> = None;
    loop {
        let mut expr = arguments
            .expression("a \"text\" or a /regex/")
            .map_err(|mistake| vec![mistake.usage(entry.usage)])?;
        if let ExprKind::In(pattern, within) = &expr.kind {
            (expr, field) = (pattern, Some(within.as_ref()));
        }
        match bind_pattern(expr) {
            Ok(pattern) => patterns.push(pattern),
            Err(mistake) => mistakes.push(mistake.usage(entry.usage)),
        }
        if field.is_some() || !arguments.comma() {
            break;
        }
    }
    if let Err(mistake) = arguments.finish(entry.usage) {
        mistakes.push(mistake);
    }
    let of = match field {
        Some(field) => bind_expr(field, scope),
        None => super::line(scope, stage, entry, "in"),
    };
    match of {
        Ok(of) if mistakes.is_empty() => Ok(BoundStage::Rows(vec![Box::new(Match {
            patterns,
            of,
            keep,
        })])),
        Ok(_) => Err(mistakes),
        Err(found) => {
            mistakes.extend(found);
            Err(mistakes)
        }
    }
}

/// Keeps rows that match any pattern, or those that match none.
struct Match {
    patterns: Vec<Pattern>,
    of: Node,
    keep: bool,
}

impl RowStage for Match {
    fn reads(&self, slots: &mut LiveSlots) {
        self.of.reads(slots);
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &LiveSlots, account: &mut Account) {
        let values = self.of.eval_all(batch, &mut account.failures);
        let mut found = vec![false; batch.rows];
        for pattern in &self.patterns {
            for (found, here) in found.iter_mut().zip(crate::expr::matches(&values, pattern)) {
                *found |= here;
            }
        }
        drop(values);
        let rows: Vec<u32> = (0..batch.rows as u32)
            .filter(|&row| found[row as usize] == self.keep)
            .collect();
        account.filter(batch.rows - rows.len());
        if rows.len() < batch.rows {
            batch.gather(&rows, live);
        }
    }

    fn scanner(&self, line: Slot, live: &LiveSlots) -> Option<Box<dyn Scanner>> {
        let reads_line = matches!(self.of, Node::Field(slot, _) if slot == line);
        let only_line = live.iter().all(|slot| slot == line);
        let [Pattern::Text(finder)] = self.patterns.as_slice() else {
            return None;
        };
        // A text with a part of a line's end in it can be found in the bytes but never in a line.
        let within_lines = !finder.needle().is_empty()
            && !finder.needle().iter().any(|byte| b"\r\n".contains(byte));
        (self.keep && reads_line && only_line && within_lines).then(|| {
            Box::new(MatchScanner {
                finder: Arc::clone(finder),
                line: live.contains(line).then_some(line),
            }) as _
        })
    }
}

/// Finds a text in raw bytes, then the lines around it.
struct MatchScanner {
    finder: Arc<memmem::Finder<'static>>,
    /// Where the lines go, if something reads them.
    line: Option<Slot>,
}

impl Scanner for MatchScanner {
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        let mut spans = Vec::new();
        let mut from = 0;
        while let Some(hit) = self.finder.find(&bytes[from..]) {
            let hit = from + hit;
            let start = memrchr(b'\n', &bytes[..hit]).map_or(0, |newline| newline + 1);
            let end = memchr(b'\n', &bytes[hit..]).map_or(bytes.len(), |newline| hit + newline + 1);
            spans.push(Span::new(
                start,
                start + trim_terminator(&bytes[start..end]).len(),
            ));
            from = end;
        }
        let mut batch = Batch::new(spans.len(), position);
        if let Some(line) = self.line {
            batch.set(
                line,
                Column::Text(TextColumn {
                    bytes: Bytes::Borrowed(bytes),
                    spans,
                }),
            );
        }
        batch
    }
}
