//! `text(x)`: any value as text.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const TEXT: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "text",
        usage: "text(x)",
        summary: "The text of a value, as `-o raw` prints it.",
        details: "A number converted to text is compared with other text by its bytes, and is a different group from the number.",
        examples: &[Example {
            expr: "select text(1e3 + 0.5) as a, text(1 < 2) as b",
            input: "x\n",
            output: "1000.5\ttrue\n",
        }],
    },
    &[Parameter::new("x", ParameterKind::Text)],
    text,
);

fn text<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [text @ ValueRef::Text(_)] => Ok(*text),
        _ => Err(TypeMismatch { expected: "text" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn text_as_it_is() {
        assert_eq!(testing::text(&TEXT, &[ValueRef::Text(b"a\t\xff")]), b"a\t\xff");
    }
}
