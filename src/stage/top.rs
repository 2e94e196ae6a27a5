//! `top N KEY, … [of AGG] [by GROUP, …]`: the first keys by their counts or another aggregate, of all or of each group.

use super::first_of_groups::FirstOfGroups;
use super::{ApproxCount, BoundStage, StageDef, StageRole, sort};
use crate::aggregate;
use crate::data::{Entry, Example, Value};
use crate::expr::{Scope, functions};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Argument, Expr, ExprKind, Path, Segment, Span};
use crate::lang::{Diagnostic, Diagnostics, ast, clauses};

pub(super) const TOP: StageDef = StageDef {
    entry: Entry {
        name: "top",
        usage: "top N KEY [as NAME], … [of AGG, …] [by GROUP, …] [approx [M]]",
        summary: "Print the N most frequent keys, or the first by an aggregate.",
        details: "The same as `count by KEY | limit N`. `of AGG` ranks the keys by another aggregate, or an expression \
                  with aggregates: the same as `AGG by KEY | limit N`. `by GROUP` prints the first N keys of each \
                  group: the columns are the groups, the keys, the aggregates, and groups come in the order of their \
                  largest. With `approx`, the keys are counted in M counters (default 1000, or 10 times N if that is \
                  more), which bounds memory: the same as `count by KEY approx M | limit N`; see `count`.",
        examples: &[
            Example { expr: "split | top 1 word", input: "a b a\n", output: "a\t2\n" },
            Example {
                expr: "csv as host, path, bytes | top 1 path of sum(bytes) by host",
                input: "a,/x,5\na,/y,7\nb,/x,9\na,/x,1\n",
                output: "b\t/x\t9\na\t/y\t7\n",
            },
            Example { expr: "split | top 1 word approx", input: "a b a\n", output: "a\t2\t0\n" },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

/// The words of the clauses.
const OF: &str = "of";
const BY: &str = "by";

fn bind(stage: &ast::Stage, _scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let usage = TOP.entry.usage;
    let mut arguments = Arguments::of(stage);
    let (rows, span) = arguments.integer("a number N").map_err(|diagnostic| diagnostic.usage(usage))?;
    if arguments.is_done() {
        let message = format!("expected a field to count by, found {}", arguments.found());
        return Err(Diagnostics::from(Diagnostic::new(arguments.span_here(), message).usage(usage)));
    }
    let clauses = TopClauses::of(&stage.arguments[1..]);
    let mut aggregates = clauses.aggregates(rows, stage.span)?;
    if clauses.is_plain() {
        if let Some(counters) = default_counters(&aggregates, rows)? {
            aggregates.arguments.push(integer(counters, span));
        }
    } else if let Some(approx) = clauses.approx() {
        let message = "`approx` counts keys of all records: `of` and `by` need exact groups";
        return Err(Diagnostics::from(Diagnostic::new(approx, message).help("leave `approx` out")));
    }
    let limit = ast::Stage { head: word("limit", stage.span), arguments: vec![integer(rows, span)], span: stage.span };
    let Some(groups) = clauses.groups else {
        let stages = [aggregates, limit];
        return Ok(BoundStage::deferred(move |binder| stages.iter().try_for_each(|stage| binder.rewrite(stage))));
    };
    let names = group_names(groups, stage.span)?;
    Ok(BoundStage::deferred(move |binder| {
        binder.rewrite(&aggregates)?;
        let scope = binder.scope();
        let keys = names.iter().filter_map(|name| scope.find(name)).collect();
        let number = scope.new_slot();
        binder.add(BoundStage::Ordered(Vec::new(), Box::new(FirstOfGroups { rows, keys, number })))?;
        binder.add(BoundStage::Ordered(Vec::new(), sort::by(number)))
    }))
}

/// The clauses after the number.
struct TopClauses<'a> {
    keys: &'a [Argument],
    /// After `of`.
    items: Option<&'a [Argument]>,
    /// After `by`.
    groups: Option<&'a [Argument]>,
}

impl<'a> TopClauses<'a> {
    fn of(rest: &'a [Argument]) -> TopClauses<'a> {
        let (rest, groups) = split_at_word(rest, BY);
        let (keys, items) = split_at_word(rest, OF);
        TopClauses { keys, items, groups }
    }

    /// True if keys are counted, and not by group.
    fn is_plain(&self) -> bool {
        self.items.is_none() && self.groups.is_none()
    }

    /// The word `approx` where it would be a clause.
    fn approx(&self) -> Option<Span> {
        let last = self.groups.or(self.items).unwrap_or_default();
        let words = last.iter().enumerate().skip(1).filter(|(index, _)| !matches!(last[index - 1], Argument::Comma(_)));
        words.map(|(_, argument)| argument).find_map(|argument| match argument {
            Argument::Expr(expr) if expr.as_word() == Some("approx") => Some(expr.span),
            _ => None,
        })
    }

    /// The stage `AGG by GROUP, …, KEY, …`.
    fn aggregates(&self, rows: u64, span: Span) -> Result<ast::Stage, Diagnostics> {
        let (head, mut arguments) = match self.items {
            None => (word("count", span), Vec::new()),
            Some([Argument::Expr(first), rest @ ..]) => {
                self.check_item(first, rows)?;
                (first.clone(), rest.to_vec())
            }
            Some(_) => {
                let diagnostic = Diagnostic::new(span, "expected an aggregate after `of`");
                return Err(Diagnostics::from(diagnostic.help(self.with_sum("bytes", rows))));
            }
        };
        arguments.push(Argument::Expr(word(BY, span)));
        if let Some(groups) = self.groups {
            arguments.extend_from_slice(groups);
            arguments.push(Argument::Comma(span));
        }
        arguments.extend_from_slice(self.keys);
        Ok(ast::Stage { head, arguments, span })
    }

    /// Fails if the first item after `of` cannot begin a list of aggregates.
    fn check_item(&self, item: &Expr, rows: u64) -> Result<(), Diagnostics> {
        let is_fit = match &item.kind {
            ExprKind::Call(name, _) => aggregate::find(&name.text).is_some() || functions::find(&name.text).is_some(),
            ExprKind::Field(_) => item.as_word().is_some_and(|word| aggregate::find(word).is_some()),
            ExprKind::Literal(_) | ExprKind::Regex(_) | ExprKind::Percent(_) => false,
            _ => true,
        };
        if is_fit {
            return Ok(());
        }
        let diagnostic = clauses::expected_aggregate(item);
        Err(Diagnostics::from(match &item.kind {
            ExprKind::Field(path) => diagnostic.help(self.with_sum(&path.to_string(), rows)),
            _ => diagnostic,
        }))
    }

    /// A help with the sum of a field as aggregate.
    fn with_sum(&self, field: &str, rows: u64) -> String {
        let keys =
            ast::Stage { head: word("top", Span::default()), arguments: self.keys.to_vec(), span: Span::default() };
        let keys = keys.to_string();
        format!("write `top {rows}{} of sum({field})`", keys.strip_prefix("top").unwrap_or_default())
    }
}

/// Splits arguments at a word that begins a clause, which is on neither side.
fn split_at_word<'a>(arguments: &'a [Argument], word: &str) -> (&'a [Argument], Option<&'a [Argument]>) {
    let is_word = |argument: &Argument, word: &str| match argument {
        Argument::Expr(expr) => expr.as_word() == Some(word),
        _ => false,
    };
    let is_clause = |index: &usize| {
        let is_operand = *index == 0 || matches!(arguments[index - 1], Argument::Comma(_));
        is_word(&arguments[*index], word) && !is_operand && !is_word(&arguments[index - 1], "as")
    };
    match (0..arguments.len()).find(is_clause) {
        Some(index) => (&arguments[..index], Some(&arguments[index + 1..])),
        None => (arguments, None),
    }
}

/// The names of the columns of groups.
fn group_names(groups: &[Argument], span: Span) -> Result<Vec<String>, Diagnostics> {
    let mut arguments = vec![Argument::Expr(word(BY, span))];
    arguments.extend_from_slice(groups);
    let stage = ast::Stage { head: word("count", span), arguments, span };
    let list = clauses::aggregates(&mut Arguments::of_aggregates(&stage));
    let list = list.map_err(|diagnostic| diagnostic.usage(TOP.entry.usage))?;
    Ok(list.keys.iter().map(clauses::KeyClause::column_name).collect())
}

fn word(text: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Field(Path(vec![Segment::Name(text.to_owned())])), span, depth: 1 }
}

fn integer(number: u64, span: Span) -> Argument {
    let number = number.min(i64::MAX as u64) as i64;
    Argument::Expr(Expr { kind: ExprKind::Literal(Value::Int(number)), span, depth: 1 })
}

/// The number of counters for `count by KEY approx`, if the number is missing. Fails if it is less than the number of
/// rows. Other errors are found when the stage is bound.
fn default_counters(count: &ast::Stage, rows: u64) -> Result<Option<u64>, Diagnostic> {
    const COUNTERS: u64 = 1000;
    let default = rows.saturating_mul(10).clamp(COUNTERS, ApproxCount::MOST_COUNTERS as u64);
    let mut rest = Arguments::of_aggregates(count);
    if clauses::aggregates(&mut rest).is_err() || !rest.keyword("approx") {
        return Ok(None);
    }
    if rest.is_done() {
        return Ok(Some(default));
    }
    match rest.integer("the number of counters") {
        Ok((counters, span)) if 0 < counters && counters < rows => {
            let message = format!("{counters} counters are too few for {rows} rows");
            Err(Diagnostic::new(span, message).help(format!("write approx {default}")))
        }
        _ => Ok(None),
    }
}
