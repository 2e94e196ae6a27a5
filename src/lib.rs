//! bourn: micro-batch stream processing for Unix pipelines.
//!
//! The modules in the order of the data: an expression becomes a tree (`lang`), the tree a plan (`plan`),
//! the plan is run (`engine`).

pub mod cli;
pub mod engine;
pub mod lang;
pub mod plan;
pub mod sink;
#[rustfmt::skip] // in the order of the data, not of the alphabet
pub mod source;
pub mod aggregate;
pub mod data;
pub mod decode;
pub mod expr;
pub mod format;
pub mod stage;
