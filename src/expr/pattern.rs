//! Patterns: literal text, or a regular expression.

use std::sync::Arc;

use memchr::memmem;
use regex::bytes::Regex;

use crate::data::Value;
use crate::lang::Diagnostic;
use crate::lang::ast::{Expr, ExprKind, RegexLiteral};

/// A pattern to search text for.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// Literal text, anywhere.
    Text(Arc<memmem::Finder<'static>>),
    /// A regular expression, anywhere unless it is anchored.
    Regex(Regex),
}

impl Pattern {
    /// True if the text matches.
    #[inline]
    pub fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Pattern::Text(finder) => finder.find(text).is_some(),
            Pattern::Regex(regex) => regex.is_match(text),
        }
    }

    /// Makes a pattern of literal text.
    pub fn text(text: &[u8]) -> Pattern {
        Pattern::Text(Arc::new(memmem::Finder::new(text).into_owned()))
    }
}

/// Binds an expression to a pattern: text or a regular expression.
pub fn bind_pattern(expr: &Expr) -> Result<Pattern, Diagnostic> {
    match &expr.kind {
        ExprKind::Literal(Value::Text(text)) => Ok(Pattern::text(text)),
        ExprKind::Regex(literal) => Ok(Pattern::Regex(bind_regex(literal, expr)?)),
        _ => Err(Diagnostic::new(expr.span, format!("expected a \"text\" or a /regex/, found `{expr}`"))
            .help("write match \"text\" or match /regex/")),
    }
}

/// Compiles a regular expression; an error is shown to the user.
pub fn bind_regex(literal: &RegexLiteral, expr: &Expr) -> Result<Regex, Diagnostic> {
    build(&literal.pattern, &literal.flags).map_err(|reason| Diagnostic::new(expr.span, reason))
}

/// Like [`bind_regex`], for text without flags; an error is the reason alone.
pub fn compile(pattern: &str) -> Result<Pattern, String> {
    build(pattern, "").map(Pattern::Regex)
}

/// Like [`bind_regex`], for a pattern and its flags; an error is the reason alone.
pub fn build(pattern: &str, flags: &str) -> Result<Regex, String> {
    let compiled = match flags {
        "" => Regex::new(pattern),
        flags => Regex::new(&format!("(?{flags}){pattern}")),
    };
    compiled.map_err(|error| {
        let text = error.to_string();
        let reason = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("error: "))
            .unwrap_or_else(|| text.lines().next().unwrap_or("cannot be compiled"));
        format!("this regular expression is wrong: {reason}")
    })
}
