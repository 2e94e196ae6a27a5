//! JSON: read into values, skipped without reading, written.

mod fault;
mod read;
mod skip;
mod write;

pub use fault::{JsonFault, JsonStep, find_json_fault};
pub use read::{is_json_scalar, read_json, read_scalar, read_string};
pub(in crate::data) use skip::MAX_NESTING;
pub use skip::{JsonError, skip_json, skip_long_string, skip_quoted, skip_scalar, skip_string, skip_white};
pub use write::{write_json, write_json_object, write_json_string};
