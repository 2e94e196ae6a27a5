//! Expressions: bound to the columns of a scope before the first byte is read, evaluated a column at a time.

mod access;
mod arithmetic;
mod bind;
mod bound_expr;
mod compare;
mod convert;
mod eval;
pub mod failures;
mod format;
pub mod functions;
mod lists;
mod log_pattern;
mod met;
pub mod pattern;
mod required;
pub mod scope;
mod times;

pub use access::{follow, without};
pub use arithmetic::difference;
pub use bind::{bind, bind_condition, bind_field, constant};
pub use bound_expr::BoundExpr;
pub use eval::{Evaluated, Rows, matches, truth};
pub use failures::{FLOATS, Failures, NANOSECONDS, NullReason, Origin, Undecided, describe};
pub use format::bind_format;
pub use lists::set_kind;
pub use met::Met;
pub use pattern::Pattern;
pub use scope::{Field, FieldLocation, FileContents, Requests, Scope, Total, United, UnitedField};
