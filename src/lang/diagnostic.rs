//! A diagnostic as data: position, message and help. [`super::render()`] draws it, once, at the edge of the program.

use super::ast::Span;

/// One error in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The text that the carets mark.
    pub span: Span,
    /// The message: what was found and what was expected, in lower case, without a full stop.
    pub message: String,
    /// How to write it, if known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without help.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Diagnostic { span, message: message.into(), help: None }
    }

    /// Adds a line that shows how to write it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the usage line as help, unless there is better help already.
    pub fn usage(self, usage: &str) -> Self {
        if self.help.is_some() { self } else { self.help(format!("usage: {usage}")) }
    }
}
