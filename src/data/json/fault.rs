//! Finds why a JSON value with sound structure is rejected: its first part that cannot be read.

use crate::data::number::is_number;

use super::read::{begins_json_number, read_scalar, read_string};
use super::skip::{skip_json, skip_string, skip_white};

/// A part of a value that [`super::read_json`] rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// The path from the value to the part.
    pub path: Vec<JsonStep>,
    /// The offset of the part.
    pub start: usize,
    /// The end of the part.
    pub end: usize,
    /// True if the part is a number beyond the range of floats.
    pub is_too_large: bool,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonStep {
    /// To the member of this name.
    Name(Vec<u8>),
    /// To the element of this number, from 0.
    Index(usize),
}

/// Returns the first part that cannot be read of the value that begins at `start`; `None` if all of it can, or if its
/// structure is not sound.
pub fn find_json_fault(bytes: &[u8], start: usize) -> Option<JsonFault> {
    let mut path = Vec::new();
    let (start, end) = fault_within(bytes, start, &mut path)?;
    let part = &bytes[start..end];
    Some(JsonFault { path, start, end, is_too_large: is_number(part) && begins_json_number(part) })
}

/// Returns the offset of the first faulty part; `path` then leads to it. The depth is limited by the check of the
/// structure.
fn fault_within(bytes: &[u8], start: usize, path: &mut Vec<JsonStep>) -> Option<(usize, usize)> {
    match bytes.get(start)? {
        open @ (b'{' | b'[') => fault_of_items(bytes, start, *open == b'{', path),
        b'"' => {
            let end = skip_string(bytes, start).ok()?;
            let is_read = read_string(&bytes[start..end]).is_some();
            (!is_read).then_some((start, end))
        }
        _ => {
            let end = skip_json(bytes, start).ok()?;
            let is_read = read_scalar(&bytes[start..end]).is_some();
            (!is_read).then_some((start, end))
        }
    }
}

/// Like [`fault_within`], for the members of an object or the elements of a list.
fn fault_of_items(bytes: &[u8], start: usize, is_object: bool, path: &mut Vec<JsonStep>) -> Option<(usize, usize)> {
    let mut at = skip_white(bytes, start + 1);
    let mut index = 0;
    while !matches!(bytes.get(at)?, b'}' | b']') {
        let step = if is_object {
            let end = skip_string(bytes, at).ok()?;
            let Some(name) = read_string(&bytes[at..end]) else {
                return Some((at, end));
            };
            at = skip_white(bytes, skip_white(bytes, end) + 1);
            JsonStep::Name(name)
        } else {
            JsonStep::Index(index)
        };
        path.push(step);
        if let Some(fault) = fault_within(bytes, at, path) {
            return Some(fault);
        }
        path.pop();
        index += 1;
        at = skip_white(bytes, skip_json(bytes, at).ok()?);
        if bytes.get(at) == Some(&b',') {
            at = skip_white(bytes, at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_that_cannot_be_read_is_found() {
        let name = |name: &str| JsonStep::Name(name.as_bytes().to_vec());
        for (text, path, part, is_too_large) in [
            ("1e400", vec![], "1e400", true),
            (r#"{"a":[1,{"b":"x"},{"b" : -1E999 }]}"#, vec![name("a"), JsonStep::Index(2), name("b")], "-1E999", true),
            (r#"[01e400]"#, vec![JsonStep::Index(0)], "01e400", false),
            (r#"{"a":true,"b":tru,"c":1e400}"#, vec![name("b")], "tru", false),
            (r#"[[],"\x"]"#, vec![JsonStep::Index(1)], r#""\x""#, false),
            (r#"{"\u12":1}"#, vec![], r#""\u12""#, false),
        ] {
            let fault = find_json_fault(text.as_bytes(), 0).expect("a fault");
            assert_eq!(fault.path, path, "{text}");
            assert_eq!(&text[fault.start..fault.end], part, "{text}");
            assert_eq!(fault.is_too_large, is_too_large, "{text}");
        }
        for text in ["1", r#"{"a":[1,2.5,"x"],"b":{}}"#, "[]"] {
            assert_eq!(find_json_fault(text.as_bytes(), 0), None, "{text}");
        }
    }
}
