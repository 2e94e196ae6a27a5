//! `trim(x)`: removes white space around a text.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const TRIM: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "trim",
        usage: "trim(x)",
        summary: "Remove white space at both ends of the text.",
        details: "White space as defined by Unicode.",
        examples: &[Example { expr: "select trim(line) as t", input: "  a b\t\n", output: "a b\n" }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    trim,
);

fn trim<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    Ok(ValueRef::Text(trim_end(trim_start(text))))
}

/// White space is one to three bytes long in UTF-8.
const WHITE_SPACE_BYTES: [usize; 3] = [1, 2, 3];

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = WHITE_SPACE_BYTES.into_iter().find_map(|length| {
        let (first, rest) = text.split_at_checked(length)?;
        is_white_space(first).then_some(rest)
    }) {
        text = rest;
    }
    text
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = WHITE_SPACE_BYTES.into_iter().find_map(|length| {
        let (rest, last) = text.split_at_checked(text.len().checked_sub(length)?)?;
        is_white_space(last).then_some(rest)
    }) {
        text = rest;
    }
    text
}

/// True if the bytes are one character of white space.
fn is_white_space(bytes: &[u8]) -> bool {
    let mut characters = str::from_utf8(bytes).unwrap_or_default().chars();
    characters.next().is_some_and(char::is_whitespace) && characters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn both_ends_and_nothing_between() {
        let call = |bytes: &[u8]| text(&TRIM, &[ValueRef::Text(bytes)]);
        assert_eq!(call(b" \t\r\x0b a \n b\x0c"), b"a \n b");
        assert_eq!(call("\u{a0}\u{3000}é\u{2003}".as_bytes()), "é".as_bytes());
        assert_eq!(call(b" \xff\x85 "), b"\xff\x85");
        assert_eq!(call(b" \x00 "), b"\x00");
        assert_eq!(call(b" \n "), b"");
        assert_eq!(call(b""), b"");
    }
}
