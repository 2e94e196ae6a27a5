//! A user's mistake as data: where, what, and how to write it. Drawn once, at the edge.

use super::ast::Span;

/// One mistake in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What the caret stands under.
    pub span: Span,
    /// What was found and what was expected: lower case, no full stop.
    pub message: String,
    /// How to write it, if that can be said.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake without help.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Diagnostic { span, message: message.into(), help: None }
    }

    /// The same mistake with a line that shows how to write it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same mistake with a usage line, unless it has better help.
    pub fn usage(self, usage: &str) -> Self {
        if self.help.is_some() { self } else { self.help(format!("usage: {usage}")) }
    }
}
