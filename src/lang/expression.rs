//! Expressions: operands and operators, combined by precedence.
//!
//! Operators are kept on a stack until one of lower precedence comes (Dijkstra's shunting yard), so only brackets
//! recurse, and their depth is limited: no input can exhaust the stack.

use super::ast::{BinaryOp, Expr, ExprKind, Path, Segment, Span, UnaryOp};
use super::diagnostic::Diagnostic;
use super::failure::{Failure, Parsed, SourceText, at, fail, skip, span_between, span_of};
use super::foreign::reject_foreign_sign;
use super::name::{CLAUSE_WORDS, bare_word, begins_operand, clause_word, reject_keyword};
use super::operand::{list, operand};
use super::operator::{Infix, Level, compared_twice, infix};
use super::whitespace::skip_whitespace;
use crate::data::Value;

/// The context of an expression, which determines where it ends.
#[derive(Clone, Copy)]
pub(super) struct Context {
    /// The number of open brackets around it.
    pub brackets: u16,
    /// True after a stage's head or another argument, where a clause word is allowed.
    pub may_begin_clause: bool,
    /// True in a template, where `:` ends the expression.
    pub ends_at_colon: bool,
}

impl Context {
    /// The context inside of `brackets` brackets.
    pub fn within(brackets: u16) -> Context {
        Context { brackets, may_begin_clause: false, ends_at_colon: false }
    }
}

/// Parses an expression; the input begins with it, not with white space.
pub(super) fn expression(start: SourceText<'_>, place: Context) -> Parsed<'_, Expr> {
    if place.may_begin_clause
        && let Some((rest, word)) = clause_word(start)
    {
        return clause(start, rest, word);
    }
    let mut stack = Stack { start, operands: Vec::new(), waiting: Vec::new() };
    let mut input = start;
    loop {
        input = stack.read_prefixes(input)?;
        match operand(input, place.brackets) {
            Ok((rest, read)) => {
                stack.operands.push(read);
                input = rest;
            }
            Err(error) => return Err(error),
        }
        match stack.read_infix(input, place)? {
            After::Operand(next) => input = next,
            After::End(rest) => return stack.finish(rest),
        }
    }
}

/// The clause word from `start` to `rest`.
fn clause<'a>(start: SourceText<'a>, rest: SourceText<'a>, word: &str) -> Parsed<'a, Expr> {
    let path = Path(vec![Segment::Name(word.to_owned())]);
    Ok((rest, build(ExprKind::Field(path), span_between(start, rest))?))
}

/// Makes a node of the tree; fails if the tree becomes too deep.
pub(super) fn build(kind: ExprKind, span: Span) -> Result<Expr, nom::Err<Failure>> {
    Expr::new(kind, span).map_err(|diagnostic| fail(diagnostic, span.end))
}

/// The state after an operand and its operator.
enum After<'a> {
    /// Another operand follows.
    Operand(SourceText<'a>),
    /// The expression ends here.
    End(SourceText<'a>),
}

/// An operator whose right operand is not complete yet.
enum PendingOperator {
    Prefix(UnaryOp, Span),
    Infix(Infix),
    /// `in (…)`; its left operand is complete when an operator of lower precedence follows.
    InList {
        items: Vec<Expr>,
        negated: bool,
        end: Span,
    },
}

impl PendingOperator {
    fn level(&self) -> Level {
        match self {
            PendingOperator::Prefix(UnaryOp::Not, _) => Level::Not,
            PendingOperator::Prefix(UnaryOp::Negate, _) => Level::Negate,
            PendingOperator::Infix(infix) => infix.level(),
            PendingOperator::InList { .. } => Level::Compare,
        }
    }
}

/// The operands and operators read so far that are not combined yet.
struct Stack<'a> {
    start: SourceText<'a>,
    operands: Vec<Expr>,
    waiting: Vec<PendingOperator>,
}

impl<'a> Stack<'a> {
    /// Reads any number of `not` and `-`.
    fn read_prefixes(&mut self, mut input: SourceText<'a>) -> Result<SourceText<'a>, nom::Err<Failure>> {
        loop {
            input = skip_whitespace(input);
            if at(input, '-') {
                reject_foreign_sign(input)?;
                self.waiting.push(PendingOperator::Prefix(UnaryOp::Negate, span_of(input, 1)));
                input = skip(input, 1);
            } else if let Some((rest, "not")) = bare_word(input) {
                if self.waiting.last().is_some_and(|waiting| waiting.level() > Level::Not) {
                    let diagnostic = Diagnostic::new(span_of(input, 3), "`not` needs parentheses here")
                        .help("`not` applies to the whole comparison: write `(not x)`");
                    return Err(fail(diagnostic, rest.location_offset()));
                }
                self.waiting.push(PendingOperator::Prefix(UnaryOp::Not, span_of(input, 3)));
                input = rest;
            } else {
                return Ok(input);
            }
        }
    }

    /// Reads the operator after an operand; `in (…)` includes its right operand, so several may follow.
    fn read_infix(&mut self, mut rest: SourceText<'a>, place: Context) -> Result<After<'a>, nom::Err<Failure>> {
        loop {
            let here = skip_whitespace(rest);
            if place.ends_at_colon && at(here, ':') {
                return Ok(After::End(rest));
            }
            let left = self.operands.last().map_or("", |left| self.source(left.span));
            let Some((after, infix)) = infix(here, left)? else {
                if place.brackets > 0 && at(here, '=') {
                    let diagnostic = Diagnostic::new(span_of(here, 1), "`=` assigns; a comparison is `==`");
                    return Err(fail(diagnostic, here.location_offset() + 1));
                }
                self.reject_upper_case_not(here)?;
                return Ok(After::End(rest));
            };
            if self.is_clause_word() {
                reject_keyword(here, after)?;
            }
            self.make_room_for(infix.level(), span_between(here, after))?;
            let next = skip_whitespace(after);
            match infix {
                Infix::In { negated } if at(next, '(') => {
                    let (after_list, items) = list(next, place.brackets)?;
                    if items.is_empty() {
                        let diagnostic =
                            Diagnostic::new(span_between(next, after_list), "the list after `in` is empty")
                                .help("write `x in (1, 2)`");
                        return Err(fail(diagnostic, after_list.location_offset()));
                    }
                    let end = span_between(next, after_list);
                    self.waiting.push(PendingOperator::InList { items, negated, end });
                    rest = after_list;
                }
                _ => {
                    self.waiting.push(PendingOperator::Infix(infix));
                    return Ok(After::Operand(next));
                }
            }
        }
    }

    /// True if only a clause word, such as `as`, was read.
    fn is_clause_word(&self) -> bool {
        match self.operands.as_slice() {
            [word] => self.waiting.is_empty() && CLAUSE_WORDS.contains(&word.as_word().unwrap_or("")),
            _ => false,
        }
    }

    /// Fails for `NOT x`, which would otherwise be two arguments.
    fn reject_upper_case_not(&self, here: SourceText<'a>) -> Result<(), nom::Err<Failure>> {
        match self.operands.as_slice() {
            [word] if self.waiting.is_empty() && self.source(word.span) == "NOT" && begins_operand(here) => {
                let diagnostic = Diagnostic::new(word.span, "unknown operator `NOT`").help("write `not`");
                Err(fail(diagnostic, here.location_offset()))
            }
            _ => Ok(()),
        }
    }

    /// Combines the operators of higher precedence than the operator at `sign`.
    fn make_room_for(&mut self, level: Level, sign: Span) -> Result<(), nom::Err<Failure>> {
        while let Some(waiting) = self.waiting.last() {
            if matches!(waiting, PendingOperator::InList { .. }) && level > Level::Compare {
                let message = format!("unexpected `{}` after a list", self.source(sign));
                return Err(fail(Diagnostic::new(sign, message).help("write `(x in (1, 2))`"), sign.end));
            }
            if waiting.level() < level {
                break;
            }
            if waiting.level() == level && level == Level::Compare {
                return Err(fail(self.compared_twice(sign), sign.end));
            }
            self.complete()?;
        }
        Ok(())
    }

    /// Combines the last operator and its operands to one operand.
    fn complete(&mut self) -> Result<(), nom::Err<Failure>> {
        let (Some(waiting), Some(right)) = (self.waiting.pop(), self.operands.pop()) else {
            unreachable!("an operator is combined only after its operands were read");
        };
        let complete = match waiting {
            PendingOperator::Prefix(op, sign) => {
                let span = sign.to(right.span);
                match self.smallest_int(op, &right) {
                    Some(smallest) => build(ExprKind::Literal(smallest), span)?,
                    None => build(ExprKind::Unary(op, Box::new(right)), span)?,
                }
            }
            PendingOperator::InList { items, negated, end } => {
                let span = right.span.to(end);
                negate_if(negated, build(ExprKind::InList(Box::new(right), items), span)?)?
            }
            PendingOperator::Infix(infix) => {
                let Some(left) = self.operands.pop() else {
                    unreachable!("an infix operator was read after its left operand");
                };
                let span = left.span.to(right.span);
                let (left, right) = (Box::new(left), Box::new(right));
                match infix {
                    Infix::Binary(op) => build(ExprKind::Binary(op, left, right), span)?,
                    Infix::In { negated } => negate_if(negated, build(ExprKind::In(left, right), span)?)?,
                }
            }
        };
        self.operands.push(complete);
        Ok(())
    }

    /// Combines all operators; the expression ends at `rest`.
    fn finish(mut self, rest: SourceText<'a>) -> Parsed<'a, Expr> {
        while !self.waiting.is_empty() {
            self.complete()?;
        }
        match self.operands.pop() {
            Some(expr) => Ok((rest, expr)),
            None => unreachable!("an expression ends after an operand"),
        }
    }

    /// −2⁶³ is an int although 2⁶³ is not.
    fn smallest_int(&self, op: UnaryOp, operand: &Expr) -> Option<Value> {
        let is_too_large = matches!(operand.kind, ExprKind::Literal(Value::BigInt(_)));
        let digits = || self.source(operand.span).replace('_', "");
        let is_smallest = op == UnaryOp::Negate && is_too_large && digits() == i64::MIN.unsigned_abs().to_string();
        is_smallest.then_some(Value::Int(i64::MIN))
    }

    /// The diagnostic for `a < b < c`.
    #[cold]
    fn compared_twice(&self, sign: Span) -> Diagnostic {
        match (self.operands.as_slice(), self.waiting.last()) {
            ([.., left, middle], Some(PendingOperator::Infix(Infix::Binary(_)))) => {
                let both = self.source(left.span.to(middle.span));
                compared_twice(sign, [both, self.source(middle.span), self.source(sign)])
            }
            _ => Diagnostic::new(sign, "a comparison cannot be compared again").help("join two comparisons with `and`"),
        }
    }

    /// The source text of a part of this expression.
    fn source(&self, span: Span) -> &'a str {
        let offset = self.start.location_offset();
        self.start.fragment().get(span.start - offset..span.end - offset).unwrap_or("")
    }
}

/// `not x` if `negated`, otherwise `x`.
fn negate_if(negated: bool, expr: Expr) -> Result<Expr, nom::Err<Failure>> {
    if !negated {
        return Ok(expr);
    }
    let span = expr.span;
    build(ExprKind::Unary(UnaryOp::Not, Box::new(expr)), span)
}

/// True if operators of this level need no parentheses when chained: `a + b + c`, but not `a < b < c`.
pub(super) fn associates(op: BinaryOp) -> bool {
    op.level() != Level::Compare
}
