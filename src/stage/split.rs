//! `split SEP`: one record per piece of a text.
//!
//! As the first stage it splits the raw bytes at separators and newlines alike, without looking for lines.

use memchr::{memchr_iter, memmem};
use regex::bytes::Regex;

use super::replaced::replace;
use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{
    Batch, Bytes, Column, Entry, Example, Position, Scanner, Slot, SlotSet, TextColumn, TextSpan, Value, each_of_two,
    each_white_space,
};
use crate::expr::pattern::bind_regex;
use crate::expr::{BoundExpr, Scope, bind_field};
use crate::lang::arguments::Arguments;
use crate::lang::ast::ExprKind;
use crate::lang::clauses::alias;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const SPLIT: StageDef = StageDef {
    entry: Entry {
        name: "split",
        usage: "split [SEP] [keep] [from FIELD] [as NAME]",
        summary: "Make one record per piece of the line (or field), in field `word`.",
        details: "`as` names the field. SEP is a text or a /regex/; without it, pieces are separated by any ASCII \
                  white space. Empty pieces are dropped unless `keep` is given. The piece replaces the field that was \
                  split, in its position; null gives no record.",
        examples: &[
            Example {
                expr: "split ' ' | count by word",
                input: "to be or not to be\n",
                output: "be\t2\nto\t2\nnot\t1\nor\t1\n",
            },
            Example { expr: "split ',' keep", input: "a,,b\n", output: "a\n\nb\n" },
            Example { expr: "split /[;,] */ as part", input: "a, b;c\n", output: "a\nb\nc\n" },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let mut separator = SplitSeparator::WhiteSpace;
    let diagnostic = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(SPLIT.entry.usage));
    if let Some(expr) = arguments.peek_expression() {
        match &expr.kind {
            ExprKind::Literal(Value::Text(text)) if text.is_empty() => {
                return Err(diagnostic(Diagnostic::new(expr.span, "the separator is empty")));
            }
            ExprKind::Literal(Value::Text(text)) => separator = SplitSeparator::of_text(text),
            ExprKind::Regex(literal) => {
                separator = SplitSeparator::Regex(bind_regex(literal, expr).map_err(diagnostic)?)
            }
            ExprKind::Field(_) => {}
            _ => {
                return Err(diagnostic(Diagnostic::new(
                    expr.span,
                    format!("expected a \"text\" or a /regex/ to split at, found `{expr}`"),
                )));
            }
        }
        if !matches!(expr.kind, ExprKind::Field(_)) {
            arguments.expression("a separator").map_err(diagnostic)?;
        }
    }
    let (mut keep, mut from, mut name) = (false, None, None);
    loop {
        if arguments.keyword("keep") {
            keep = true;
        } else if arguments.keyword("from") {
            from = Some(arguments.field("the field to split").map_err(diagnostic)?);
        } else if let Some(alias) = alias(&mut arguments).map_err(diagnostic)? {
            name = Some(alias.text);
        } else {
            break;
        }
    }
    arguments.finish(SPLIT.entry.usage)?;
    let name = name.as_deref().unwrap_or("word");
    let (node, slot, replaced) = match from {
        Some((path, span)) => {
            let node = bind_field(path, span, scope).map_err(Diagnostics::from)?;
            let (slot, replaced) = replace(scope, (path, span), name);
            (node, slot, replaced)
        }
        None => {
            let line = super::line(scope, stage, &SPLIT.entry, "from")?;
            (line, scope.replace("line", name), Vec::new())
        }
    };
    scope.set_scalar(slot);
    let split = Split { node, separator, keep, slot };
    let stages = replaced.into_iter().chain([Box::new(split) as Box<_>]);
    Ok(BoundStage::Rows(stages.collect()))
}

/// The separator between pieces.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one a stage")]
enum SplitSeparator {
    WhiteSpace,
    Byte(u8),
    Text(memmem::Finder<'static>),
    Regex(Regex),
}

impl SplitSeparator {
    fn of_text(text: &[u8]) -> SplitSeparator {
        match text {
            [byte] => SplitSeparator::Byte(*byte),
            _ => SplitSeparator::Text(memmem::Finder::new(text).into_owned()),
        }
    }

    /// Calls `see` with the start and end of every piece, including empty ones.
    fn pieces(&self, text: &[u8], mut see: impl FnMut(usize, usize)) {
        let mut start = 0;
        let mut cut = |from: usize, to: usize| {
            see(start, from);
            start = to;
        };
        match self {
            SplitSeparator::WhiteSpace => each_white_space(text, |at| cut(at, at + 1)),
            SplitSeparator::Byte(byte) => memchr_iter(*byte, text).for_each(|at| cut(at, at + 1)),
            SplitSeparator::Text(finder) => finder.find_iter(text).for_each(|at| cut(at, at + finder.needle().len())),
            SplitSeparator::Regex(regex) => {
                regex.find_iter(text).filter(|hit| !hit.is_empty()).for_each(|hit| cut(hit.start(), hit.end()));
            }
        }
        see(start, text.len());
    }
}

/// Replaces each row by the pieces of a text.
struct Split {
    node: BoundExpr,
    separator: SplitSeparator,
    keep: bool,
    slot: Slot,
}

impl RowStage for Split {
    fn reads(&self, slots: &mut SlotSet) {
        self.node.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.slot]
    }

    fn explodes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let column = self.node.eval_all(batch, &mut counts.failures).into_owned();
        let texts = TextColumn::of(column);
        counts.explode(batch.rows);
        batch.retain(live);
        let follows = batch.has_any(live);
        let (mut spans, mut parents) = (Vec::new(), Vec::new());
        for (row, whole) in texts.spans.iter().enumerate() {
            if whole.is_null() {
                continue;
            }
            let base = whole.start as usize;
            self.separator.pieces(whole.slice(&texts.bytes), |start, end| {
                if start < end || self.keep {
                    spans.push(TextSpan::new(base + start, base + end));
                    if follows {
                        parents.push(row as u32);
                    }
                }
            });
        }
        if follows {
            batch.keep_rows(&parents, live);
        } else {
            batch.clear(spans.len());
        }
        batch.set(self.slot, Column::Text(TextColumn { bytes: texts.bytes, spans }));
    }

    fn scanner(&self, line: Slot, live: &SlotSet) -> Option<Box<dyn Scanner>> {
        let reads_line = matches!(self.node, BoundExpr::Field(slot, _) if slot == line);
        if !reads_line || self.keep || live.iter().any(|slot| slot != self.slot) {
            return None;
        }
        match self.separator {
            // A separator that is part of a line end would split where no line has it.
            SplitSeparator::Byte(byte) if byte != b'\n' && byte != b'\r' => {
                Some(Box::new(PieceScanner { separator: Some(byte), slot: self.slot }))
            }
            SplitSeparator::WhiteSpace => Some(Box::new(PieceScanner { separator: None, slot: self.slot })),
            _ => None,
        }
    }
}

/// Splits raw lines at a byte (or white space) and at their ends, dropping empty pieces.
struct PieceScanner {
    /// `None` for white space.
    separator: Option<u8>,
    slot: Slot,
}

impl Scanner for PieceScanner {
    fn explodes(&self) -> bool {
        true
    }

    fn texts(&self) -> Option<Slot> {
        Some(self.slot)
    }

    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        let mut spans: Vec<TextSpan> = Vec::with_capacity(bytes.len() / 4);
        let mut start = 0;
        let mut cut = |end: usize| {
            if start < end {
                spans.push(TextSpan::new(start, end));
            }
            start = end + 1;
        };
        match self.separator {
            None => each_white_space(bytes, &mut cut),
            Some(separator) => each_of_two(bytes, separator, b'\n', &mut cut),
        }
        cut(bytes.len());
        if self.separator.is_some() {
            trim_carriage_returns(bytes, &mut spans);
        }
        let mut batch = Batch::new(spans.len(), position);
        batch.set(self.slot, Column::Text(TextColumn { bytes: Bytes::Borrowed(bytes), spans }));
        batch
    }
}

/// Removes the `\r` of `\r\n` from the last piece of each line; most input has none.
fn trim_carriage_returns(bytes: &[u8], spans: &mut Vec<TextSpan>) {
    if memchr::memchr(b'\r', bytes).is_none() {
        return;
    }
    for span in spans.iter_mut() {
        let end = (span.start + span.len) as usize;
        if bytes[end - 1] == b'\r' && bytes.get(end) == Some(&b'\n') {
            span.len -= 1;
        }
    }
    spans.retain(|span| span.len > 0);
}
