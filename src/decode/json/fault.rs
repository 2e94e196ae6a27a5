//! The reason for rejecting a record with sound structure.

use crate::data::{JsonStep, find_json_fault, skip_white};
use crate::lang::ast::{Path, Segment};

/// The number of digits shown of a number.
const SHOWN_DIGITS: usize = 20;

/// The number of bytes shown of any other value.
const SHOWN: usize = 40;

/// Returns why the value that begins at `at` cannot be read; `path` leads to it.
#[cold]
pub(super) fn fault(text: &[u8], at: usize, mut path: Vec<Segment>) -> String {
    let Some(found) = find_json_fault(text, skip_white(text, at)) else {
        return format!("json: expected a value that is JSON at byte {}", at + 1);
    };
    let part = String::from_utf8_lossy(&text[found.start..found.end]);
    let shortened = |most: usize| {
        let shown: String = part.chars().take(most).collect();
        let more = if shown.len() < part.len() { "…" } else { "" };
        format!("{}{more}", shown.escape_debug())
    };
    if found.is_too_large {
        path.extend(found.path.into_iter().map(|step| match step {
            JsonStep::Name(name) => Segment::Name(String::from_utf8_lossy(&name).into_owned()),
            JsonStep::Index(index) => Segment::Index(index as i64),
        }));
        return format!("json: the number at `{}` is too large, found {}", Path(path).label(), shortened(SHOWN_DIGITS));
    }
    format!("json: expected a value that is JSON, found {} at byte {}", shortened(SHOWN), found.start + 1)
}
