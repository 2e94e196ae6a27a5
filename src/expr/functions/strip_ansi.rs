//! `strip_ansi(x)`: drops terminal escapes.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, is_without_ansi};

pub(super) const STRIP_ANSI: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "strip_ansi",
        usage: "strip_ansi(x)",
        summary: "Drop terminal escapes, such as colors, from the text.",
        details: "Sequences of ECMA-48: colors and other attributes, cursor movement, titles and links. --strip-ansi \
                  drops them from all input.",
        examples: &[Example {
            expr: "select len(line) as a, strip_ansi(line) as b",
            input: "\u{1b}[31mred\u{1b}[0m\n",
            output: "12\tred\n",
        }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    strip_ansi,
);

fn strip_ansi<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [text @ ValueRef::Text(bytes)] if is_without_ansi(bytes) => Ok(*text),
        [ValueRef::Text(bytes)] => {
            crate::data::strip_ansi(bytes, scratch);
            Ok(ValueRef::Text(scratch))
        }
        _ => Err(TypeMismatch { expected: "text" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn text_without_escapes_is_unchanged() {
        assert_eq!(text(&STRIP_ANSI, &[ValueRef::Text(b"a\xff")]), b"a\xff");
        assert_eq!(text(&STRIP_ANSI, &[ValueRef::Text(b"\x1b[1ma\xff\x1b[m")]), b"a\xff");
    }
}
