//! `reverse(x)`: reverses a text.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const REVERSE: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "reverse",
        usage: "reverse(x)",
        summary: "Reverse the characters of the text.",
        details: "An invalid UTF-8 byte is one character.",
        examples: &[Example { expr: "select reverse(line) as r", input: "née\n", output: "eén\n" }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    reverse,
);

fn reverse<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    scratch.extend_from_slice(text);
    scratch.reverse();
    // then restores the order of the bytes of each character
    let mut end = text.len();
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            let start = end - character.len_utf8();
            scratch[start..end].reverse();
            end = start;
        }
        end -= chunk.invalid().len();
    }
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn characters_stay_whole() {
        let reverse = |bytes: &[u8]| text(&REVERSE, &[ValueRef::Text(bytes)]);
        assert_eq!(reverse("aé\u{1f600}".as_bytes()), "\u{1f600}éa".as_bytes());
        assert_eq!(reverse(b"a\xff\xc3b"), b"b\xc3\xffa");
        assert_eq!(reverse(b""), b"");
    }
}
