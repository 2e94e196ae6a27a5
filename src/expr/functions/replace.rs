//! `replace(x, a, b)`: replaces the occurrences of a text.

use super::limit::check_length;
use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const REPLACE: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "replace",
        usage: "replace(x, a, b)",
        summary: "Replace every `a` in the text with `b`.",
        details: "From left to right, without overlap; an empty `a` changes nothing. A result of more than 16 MiB is null and counts as a failed conversion.",
        examples: &[Example { expr: "select replace(line, 'a', 'oo') as r", input: "banana\n", output: "boonoonoo\n" }],
    },
    &[
        Parameter::new("text", ParameterKind::Text),
        Parameter::new("a", ParameterKind::Text),
        Parameter::new("b", ParameterKind::Text),
    ],
    replace,
);

fn replace<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text), ValueRef::Text(old), ValueRef::Text(new)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    if old.is_empty() {
        return Ok(ValueRef::Text(text));
    }
    let mut copied = 0;
    for found in memchr::memmem::find_iter(text, old) {
        scratch.extend_from_slice(&text[copied..found]);
        scratch.extend_from_slice(new);
        check_length(scratch)?;
        copied = found + old.len();
    }
    if copied == 0 {
        return Ok(ValueRef::Text(text));
    }
    scratch.extend_from_slice(&text[copied..]);
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn every_one_once() {
        let call = |x, a, b| text(&REPLACE, &[ValueRef::Text(x), ValueRef::Text(a), ValueRef::Text(b)]);
        assert_eq!(call(b"aaaa", b"aa", b"a"), b"aa");
        assert_eq!(call(b"aaa", b"aa", b"b"), b"ba");
        assert_eq!(call(b"abc", b"abc", b""), b"");
        assert_eq!(call(b"abc", b"", b"x"), b"abc");
        assert_eq!(call(b"abc", b"d", b"x"), b"abc");
        assert_eq!(call(b"\xff,\xff", b",", b"\xfe"), b"\xff\xfe\xff");
        assert_eq!(call(b"", b"a", b"x"), b"");
    }
}
