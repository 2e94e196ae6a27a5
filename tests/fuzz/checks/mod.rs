//! What must hold of any bytes. Each file has one `check`, which takes what a fuzzer makes up, does with it what the
//! program would do, and panics where something is not as promised.
//!
//! `cargo test` calls them with the seeds and some thousand mutations of them, the same each time; `fuzz/` calls the
//! same functions with whatever libFuzzer finds.

pub mod compression;
pub mod csv;
pub mod evaluate;
pub mod formats;
pub mod framing;
pub mod json;
pub mod kafka;
pub mod logfmt;
pub mod number;
pub mod parser;
pub mod pattern;
pub mod regex;
pub mod regroup;
mod rows;
pub mod state;
pub mod time;

/// Panics if something is not as promised.
pub type Check = fn(&[u8]);

/// Every check, by name.
pub const CHECKS: &[(&str, Check)] = &[
    ("compression", compression::check),
    ("csv", csv::check),
    ("evaluate", evaluate::check),
    ("formats", formats::check),
    ("framing", framing::check),
    ("json", json::check),
    ("kafka", kafka::check),
    ("logfmt", logfmt::check),
    ("number", number::check),
    ("parser", parser::check),
    ("pattern", pattern::check),
    ("regex", regex::check),
    ("regroup", regroup::check),
    ("state", state::check),
    ("time", time::check),
];

/// The text before the first NUL, if it is UTF-8, and the bytes after it.
fn text_and_bytes(data: &[u8]) -> Option<(&str, &[u8])> {
    let nul = data.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&data[..nul]).ok()?;
    Some((text, &data[nul + 1..]))
}
