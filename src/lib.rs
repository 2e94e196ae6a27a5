//! bourn: micro-batch stream processing for Unix pipelines.
//!
//! The modules in the order of the data: an expression becomes a tree (`lang`), the tree a plan (`plan`),
//! the plan is run (`engine`).

pub mod lang;
pub mod cli;
pub mod plan;
pub mod engine;
pub mod sink;
#[rustfmt::skip] // in the order of the data, not of the alphabet
pub mod source;
pub mod format;
pub mod stage;
pub mod aggregate;
pub mod expr;
pub mod data;
