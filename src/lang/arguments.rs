//! The cursor by which a stage reads its own arguments.
//!
//! A stage reads its arguments in the order of its usage line and ends with [`Arguments::finish`]. Methods that require
//! an argument take its description for the message: `expected a separator, found 5`.

use super::ast::{Argument, Expr, ExprKind, Name, Path, Pipeline, RegexLiteral, Span, Stage, UnaryOp};
use super::diagnostic::{Diagnostic, DiagnosticKind};
use super::found::in_back_quotes;
use super::name::CLAUSE_WORDS;
use crate::data::Value;

/// The arguments that a stage has not read yet. To look ahead, read from a copy.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    /// The stage's head, if it is the first aggregate and not yet read.
    head: Option<&'a Expr>,
    rest: &'a [Argument],
    /// The end of the last argument that was read.
    end: Span,
}

/// The next argument.
#[derive(Clone, Copy, Debug)]
enum Item<'a> {
    Expr(&'a Expr),
    Comma(Span),
    Equals(Span),
    Star(Span),
    Pipeline(&'a Pipeline, Span),
}

impl<'a> Arguments<'a> {
    /// The arguments after the stage's name.
    pub fn of(stage: &'a Stage) -> Self {
        let end = stage.head.span.end;
        Arguments { head: None, rest: &stage.arguments, end: Span { start: end, end } }
    }

    /// All of a stage that is a list of aggregates; the first aggregate is the head.
    pub fn of_aggregates(stage: &'a Stage) -> Self {
        let start = stage.head.span.start;
        Arguments { head: Some(&stage.head), rest: &stage.arguments, end: Span { start, end: start } }
    }

    /// True if all arguments were read.
    pub fn is_done(&self) -> bool {
        self.peek().is_none()
    }

    /// The span of the next argument, or the position after the last one.
    pub fn span_here(&self) -> Span {
        match self.peek() {
            Some(Item::Expr(expr)) => expr.span,
            Some(Item::Comma(span) | Item::Equals(span) | Item::Star(span) | Item::Pipeline(_, span)) => span,
            None => self.end,
        }
    }

    /// The next expression, without reading it.
    pub fn peek_expression(&self) -> Option<&'a Expr> {
        match self.peek() {
            Some(Item::Expr(expr)) => Some(expr),
            _ => None,
        }
    }

    /// The next argument, if it is a bare word.
    pub fn peek_word(&self) -> Option<&'a str> {
        self.peek_expression().and_then(Expr::as_word)
    }

    /// True if the next argument is a word that begins a clause (`by`, `as`, `from`, …).
    pub fn is_at_clause(&self) -> bool {
        self.peek_word().is_some_and(|word| CLAUSE_WORDS.contains(&word))
    }

    /// Reads this word, if it is next.
    pub fn keyword(&mut self, word: &str) -> bool {
        self.advance_if(self.peek_word() == Some(word))
    }

    /// Reads a comma, if one is next.
    pub fn comma(&mut self) -> bool {
        self.advance_if(matches!(self.peek(), Some(Item::Comma(_))))
    }

    /// Reads `=`, if it is next.
    pub fn equals_sign(&mut self) -> bool {
        self.advance_if(matches!(self.peek(), Some(Item::Equals(_))))
    }

    /// Reads `*`, if it is next.
    pub fn star(&mut self) -> bool {
        self.advance_if(matches!(self.peek(), Some(Item::Star(_))))
    }

    /// Reads `=`; `what` names the construct it is part of: `an assignment`.
    pub fn equals(&mut self, what: &str) -> Result<(), Diagnostic> {
        if self.equals_sign() { Ok(()) } else { Err(self.expected(&format!("`=` in {what}"))) }
    }

    /// Reads a pipeline in parentheses, if one is next.
    pub fn pipeline(&mut self) -> Option<(&'a Pipeline, Span)> {
        let Some(Item::Pipeline(pipeline, span)) = self.peek() else {
            return None;
        };
        self.advance();
        Some((pipeline, span))
    }

    /// Reads an expression of any kind.
    pub fn expression(&mut self, what: &str) -> Result<&'a Expr, Diagnostic> {
        let expr = self.peek_expression().ok_or_else(|| self.expected(what))?;
        self.advance();
        Ok(expr)
    }

    /// Reads a field.
    pub fn field(&mut self, what: &str) -> Result<(&'a Path, Span), Diagnostic> {
        match self.peek_expression() {
            Some(Expr { kind: ExprKind::Field(path), span, .. }) => {
                self.advance();
                Ok((path, *span))
            }
            Some(Expr { kind: ExprKind::Literal(Value::Text(_)), .. }) => {
                Err(self.expected(what).help("a field is written without quotes, or in back quotes: `any name`"))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Reads a name: a field of one segment.
    pub fn name(&mut self, what: &str) -> Result<Name, Diagnostic> {
        match (self.peek_word(), self.peek_expression()) {
            (Some(word), Some(expr)) => {
                self.advance();
                Ok(Name { text: word.to_owned(), span: expr.span })
            }
            (None, Some(Expr { kind: ExprKind::Field(path), .. })) => {
                let help = format!("a name has no path; in back quotes it may hold dots: `{}`", path.label());
                Err(self.expected(what).help(help))
            }
            (None, Some(Expr { kind: ExprKind::Literal(Value::Text(_)), .. })) => {
                Err(self.expected(what).help("a name is written without quotes, or in back quotes: `any name`"))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Reads names with commas between them; at least one.
    pub fn names(&mut self, what: &str) -> Result<Vec<Name>, Diagnostic> {
        let mut names = vec![self.name(what)?];
        while self.comma() {
            names.push(self.name(what)?);
        }
        Ok(names)
    }

    /// Reads a literal text: its bytes.
    pub fn text(&mut self, what: &str) -> Result<(&'a [u8], Span), Diagnostic> {
        match self.peek_expression() {
            Some(Expr { kind: ExprKind::Literal(Value::Text(bytes)), span, .. }) => {
                self.advance();
                Ok((bytes, *span))
            }
            Some(Expr { kind: ExprKind::Field(path), .. }) => {
                Err(self.expected(what).help(format!("text needs quotes: \"{}\"", path.label())))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Reads a regular expression, if one is next.
    pub fn regex(&mut self) -> Option<(&'a RegexLiteral, Span)> {
        match self.peek_expression() {
            Some(Expr { kind: ExprKind::Regex(literal), span, .. }) => {
                self.advance();
                Some((literal, *span))
            }
            _ => None,
        }
    }

    /// Reads a literal int that is not negative.
    pub fn integer(&mut self, what: &str) -> Result<(u64, Span), Diagnostic> {
        let expr = self.peek_expression().ok_or_else(|| self.expected(what))?;
        match &expr.kind {
            ExprKind::Literal(Value::Int(value)) if *value >= 0 => {
                self.advance();
                Ok((value.unsigned_abs(), expr.span))
            }
            ExprKind::Literal(Value::Int(_)) | ExprKind::Unary(UnaryOp::Negate, _) => {
                Err(self.expected(what).help("it cannot be negative"))
            }
            ExprKind::Literal(Value::Float(_)) => {
                Err(self.expected(what).help("it is a whole number of at most 64 bits"))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Reads a literal duration that is not negative: its nanoseconds.
    pub fn duration(&mut self, what: &str) -> Result<(i64, Span), Diagnostic> {
        match self.peek_expression() {
            Some(Expr { kind: ExprKind::Literal(Value::Duration(ns)), span, .. }) if *ns >= 0 => {
                self.advance();
                Ok((*ns, *span))
            }
            _ => Err(self.expected(what).help("a duration is written 30s, 5m or 1h")),
        }
    }

    /// Fails if there are arguments left; `usage` is the stage's usage line: `tail N`.
    pub fn finish(&self, usage: &str) -> Result<(), Diagnostic> {
        if self.is_done() {
            return Ok(());
        }
        if matches!(self.peek(), Some(Item::Equals(_))) {
            let diagnostic = Diagnostic::new(self.span_here(), "`=` assigns; a comparison is `==`");
            return Err(diagnostic.usage(usage));
        }
        Err(Diagnostic::unexpected(self.span_here(), &self.found()).usage(usage))
    }

    /// Fails if there are arguments after the keys; before a word, a comma is missing.
    pub fn finish_keys(&self, usage: &str) -> Result<(), Diagnostic> {
        self.finish(usage).map_err(|diagnostic| match self.peek_word() {
            Some(word) if word != "by" => {
                let message = format!("{}: keys are separated by commas", diagnostic.message);
                Diagnostic::new(diagnostic.span, message).kind(diagnostic.kind).usage(usage)
            }
            _ => diagnostic,
        })
    }

    /// The diagnostic for an unexpected next argument.
    pub fn expected(&self, what: &str) -> Diagnostic {
        let message = format!("expected {what}, found {}", self.found());
        let diagnostic = Diagnostic::new(self.span_here(), message);
        match self.peek() {
            Some(Item::Pipeline(..)) => diagnostic.help("`|` separates stages; write `or` for alternatives"),
            Some(_) => diagnostic,
            None => diagnostic.kind(DiagnosticKind::Missing),
        }
    }

    /// The next argument, as messages show it.
    pub fn found(&self) -> String {
        match self.peek() {
            Some(Item::Expr(expr)) => in_back_quotes(&expr.to_string()),
            Some(Item::Comma(_)) => "`,`".to_owned(),
            Some(Item::Equals(_)) => "`=`".to_owned(),
            Some(Item::Star(_)) => "`*`".to_owned(),
            Some(Item::Pipeline(..)) => "a pipeline in parentheses".to_owned(),
            None => "the end of the stage".to_owned(),
        }
    }

    fn peek(&self) -> Option<Item<'a>> {
        if let Some(head) = self.head {
            return Some(Item::Expr(head));
        }
        self.rest.first().map(|argument| match argument {
            Argument::Expr(expr) => Item::Expr(expr),
            Argument::Comma(span) => Item::Comma(*span),
            Argument::Equals(span) => Item::Equals(*span),
            Argument::Star(span) => Item::Star(*span),
            Argument::Pipeline(pipeline, span) => Item::Pipeline(pipeline, *span),
        })
    }

    fn advance(&mut self) {
        let end = self.span_here().end;
        self.end = Span { start: end, end };
        if self.head.take().is_none() {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
    }

    fn advance_if(&mut self, condition: bool) -> bool {
        if condition {
            self.advance();
        }
        condition
    }
}
