//! Text to tree: literals, names, expressions, stages. Knows no stage, aggregate or function by name.
//!
//! [`parse`] reads, [`render`] draws what could not be read, the trees print themselves in canonical
//! form, and [`Arguments`] is how a stage reads what stands behind its name.

pub mod arguments;
pub mod ast;
pub mod clauses;
mod depth;
pub mod diagnostic;
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
#[cfg(test)]
mod tests;
mod whitespace;

pub use arguments::Arguments;
pub use clauses::{AggregateCall, AggregateList, KeyClause};
pub use diagnostic::Diagnostic;
pub use number::{parse_size, scaled_decimal};
pub use pipeline::parse;
pub use regex::parse_regex;
pub use render::render;

/// The deepest expression that is accepted; what walks a tree may recurse this far.
pub const MAX_DEPTH: u16 = 200;

/// The deepest pipeline in parentheses that is accepted.
pub const MAX_NESTED_PIPELINES: u16 = 16;

/// The longest expression that is accepted.
pub const MAX_LENGTH_BYTES: usize = 64 * 1024;

/// The most mistakes that are reported at once.
pub const MAX_DIAGNOSTICS: usize = 20;
