//! Parses text to a syntax tree: literals, names, expressions, stages. Knows no stage or function by name, and of the
//! aggregates only those without parentheses.
//!
//! [`parse`] returns the tree or all diagnostics, [`render()`] draws diagnostics under the text, trees print themselves
//! in canonical form, and a stage reads its arguments with [`Arguments`].

pub mod arguments;
pub mod ast;
pub mod clauses;
mod depth;
pub mod diagnostic;
pub mod diagnostics;
mod expression;
mod failure;
mod foreign;
mod found;
mod name;
mod number;
mod operand;
mod operator;
mod pipeline;
mod print;
mod quoted;
mod recover;
mod regex;
mod render;
mod shape;
pub mod suggest;
pub mod template;
#[cfg(test)]
mod tests;
mod whitespace;

pub use arguments::Arguments;
pub use clauses::{AggregateCall, AggregateItem, AggregateList, KeyClause};
pub use diagnostic::{Diagnostic, DiagnosticKind};
pub use diagnostics::Diagnostics;
pub use found::in_back_quotes;
pub use name::BARE_OPERANDS;
pub use number::{parse_size, scaled_decimal};
pub use pipeline::parse;
pub use regex::parse_regex;
pub use render::render;
pub use template::{LiteralPlaces, TemplatePart, parse_template};

/// The maximal depth of an expression; code that walks a tree may recurse this far.
pub const MAX_DEPTH: u16 = 200;

/// The maximal nesting of pipelines in parentheses.
pub const MAX_NESTED_PIPELINES: u16 = 16;

/// The maximal length of an expression.
pub const MAX_LENGTH_BYTES: usize = 64 * 1024;

/// The maximal number of diagnostics that are reported at once.
pub const MAX_DIAGNOSTICS: usize = 20;
