//! A diagnostic as data: kind, position, message and help. [`super::render()`] draws it, once, at the edge of the program.
//! Code that reacts to a diagnostic asks for its kind; the texts are for people only.

use super::ast::Span;

/// One error in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of error.
    pub kind: DiagnosticKind,
    /// The text that the carets mark.
    pub span: Span,
    /// The message: what was found and what was expected, in lower case, without a full stop.
    pub message: String,
    /// How to write it, if known.
    pub help: Option<String>,
}

/// The kinds of errors that other code reacts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DiagnosticKind {
    /// Any other error.
    #[default]
    Other,
    /// There is an argument or operand that is not allowed at this place.
    Unexpected,
    /// An argument or operand is missing.
    Missing,
    /// A name is unknown, and resembles this one.
    Misspelt(String),
}

impl Diagnostic {
    /// A diagnostic without help.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Diagnostic { kind: DiagnosticKind::Other, span, message: message.into(), help: None }
    }

    /// The diagnostic for `found`, which is not allowed at its place.
    pub fn unexpected(span: Span, found: &str) -> Self {
        Diagnostic::new(span, format!("unexpected {found}")).kind(DiagnosticKind::Unexpected)
    }

    /// Sets the kind.
    pub fn kind(self, kind: DiagnosticKind) -> Self {
        Diagnostic { kind, ..self }
    }

    /// Adds a line that shows how to write it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Suggests the known name that a misspelt one resembles.
    pub fn did_you_mean(self, close: &str) -> Self {
        let help = format!("did you mean `{close}`?");
        self.kind(DiagnosticKind::Misspelt(close.to_owned())).help(help)
    }

    /// Adds the usage line as help, unless there is better help already.
    pub fn usage(self, usage: &str) -> Self {
        if self.help.is_some() { self } else { self.help(format!("usage: {usage}")) }
    }
}
