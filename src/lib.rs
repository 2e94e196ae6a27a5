//! bourn: micro-batch stream processing for Unix pipelines.
//!
//! The modules in the order of the data: an expression becomes a tree (`lang`), the tree a plan (`plan`),
//! the plan is run (`engine`).

pub mod aggregate;
pub mod checkpoint;
pub mod cli;
pub mod data;
pub mod decode;
pub mod encode;
pub mod engine;
pub mod expr;
pub mod group;
pub mod lang;
pub mod net;
pub mod plan;
pub mod sink;
pub mod source;
pub mod stage;
pub mod window;
