//! `substr(x, start [, n])`: part of a text, counted in characters.

use super::len::count_characters;
use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const SUBSTR: FunctionDef = FunctionDef {
    entry: Entry {
        name: "substr",
        usage: "substr(x, start [, n])",
        summary: "`n` characters of the text from character `start`.",
        details: "The first character is 0; a negative start counts from the end. Positions out of range are cut off, so the result may be shorter than `n`. An invalid UTF-8 byte counts as one character.",
        examples: &[Example {
            expr: "select substr(line, 1, 2) as a, substr(line, -2) as b",
            input: "née!\n",
            output: "ée\te!\n",
        }],
    },
    parameters: &[
        Parameter::new("text", ParameterKind::Text),
        Parameter::new("start", ParameterKind::Int),
        Parameter::new("count", ParameterKind::Int),
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Scalar(substr),
};

fn substr<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let (text, start, count) = match arguments {
        [ValueRef::Text(text), ValueRef::Int(start)] => (*text, *start, i64::MAX),
        [ValueRef::Text(text), ValueRef::Int(start), ValueRef::Int(count)] => (*text, *start, *count),
        _ => {
            return Err(TypeMismatch { expected: "text and ints" });
        }
    };
    let start = if start < 0 {
        count_characters(text).saturating_sub(characters(start.unsigned_abs()))
    } else {
        characters(start.unsigned_abs())
    };
    let rest = &text[offset_of(text, start)..];
    let count = characters(count.max(0).unsigned_abs());
    Ok(ValueRef::Text(&rest[..offset_of(rest, count)]))
}

/// Converts a number of characters; more than memory holds means all.
fn characters(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Returns the byte offset of a character, or of the end.
fn offset_of(text: &[u8], character: usize) -> usize {
    if character >= text.len() {
        return text.len(); // a character has at least one byte
    }
    if text[..character].is_ascii() {
        return character;
    }
    let mut left = character;
    let mut offset = 0;
    for chunk in text.utf8_chunks() {
        if let Some((found, _)) = chunk.valid().char_indices().nth(left) {
            return offset + found;
        }
        left -= chunk.valid().chars().count();
        offset += chunk.valid().len();
        if left < chunk.invalid().len() {
            return offset + left;
        }
        left -= chunk.invalid().len();
        offset += chunk.invalid().len();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn characters_and_clamping() {
        let call = |x, start, count: Option<i64>| {
            let mut arguments = vec![ValueRef::Text(x), ValueRef::Int(start)];
            arguments.extend(count.map(ValueRef::Int));
            text(&SUBSTR, &arguments)
        };
        let abc = b"abc";
        assert_eq!(call(abc, 0, None), b"abc");
        assert_eq!(call(abc, 1, Some(1)), b"b");
        assert_eq!(call(abc, -2, None), b"bc");
        assert_eq!(call(abc, -2, Some(1)), b"b");
        assert_eq!(call(abc, -9, Some(2)), b"ab");
        assert_eq!(call(abc, 3, None), b"");
        assert_eq!(call(abc, 9, Some(9)), b"");
        assert_eq!(call(abc, 1, Some(0)), b"");
        assert_eq!(call(abc, 1, Some(-1)), b"");
        assert_eq!(call(abc, i64::MIN, Some(i64::MAX)), b"abc");
        assert_eq!(call(abc, i64::MAX, Some(i64::MIN)), b"");
        let mixed = "é\u{1f600}z".as_bytes();
        assert_eq!(call(mixed, 1, Some(1)), "\u{1f600}".as_bytes());
        assert_eq!(call(mixed, -1, None), b"z");
        assert_eq!(call(b"\xe9\xff\xc3z", 1, Some(2)), b"\xff\xc3");
        assert_eq!(call(b"\xf0\x9f\x98z", 3, None), b"z");
        assert_eq!(call(b"", 0, Some(1)), b"");
    }
}
