//! JSON: read into values, skipped without reading, written.

mod read;
mod skip;
mod write;

pub use read::read_json;
pub use skip::{JsonError, skip_json};
pub use write::{write_json, write_json_string};
