//! bourn: micro-batch stream processing for Unix pipelines.
//!
//! The modules in the order of the data: an expression becomes a tree (`lang`), the tree a plan (`plan`),
//! the plan is run (`engine`).

pub mod data;
pub mod lang;
