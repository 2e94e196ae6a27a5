//! Text to tree: literals, names, expressions, stages. Knows no stage, aggregate or function by name.

pub mod ast;
pub mod mistake;

pub use mistake::Mistake;

/// The deepest expression that is accepted; what walks a tree may recurse this far.
pub const MAX_DEPTH: u16 = 200;
