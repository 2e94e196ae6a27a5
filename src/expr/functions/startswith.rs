//! `startswith(x, y)`: true if a text begins with another.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const STARTSWITH: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "startswith",
        usage: "startswith(x, y)",
        summary: "True if the text begins with another one.",
        details: "",
        examples: &[Example { expr: "where startswith(line, '#')", input: "# a\nb #\n", output: "# a\n" }],
    },
    &[Parameter::new("text", ParameterKind::Text), Parameter::new("start", ParameterKind::Text)],
    |arguments, _| has_part(arguments, <[u8]>::starts_with),
);

/// True if a text contains another at an offset.
pub(super) fn has_part<'a>(
    arguments: &[ValueRef<'a>],
    has: impl Fn(&[u8], &[u8]) -> bool,
) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text), ValueRef::Text(part)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    Ok(ValueRef::Bool(has(text, part)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn bytes_as_they_are() {
        let call = |text, part| call(&STARTSWITH, &[ValueRef::Text(text), ValueRef::Text(part)]);
        assert_eq!(call(b"abc", b"ab"), Ok(Value::Bool(true)));
        assert_eq!(call(b"abc", b"b"), Ok(Value::Bool(false)));
        assert_eq!(call(b"abc", b""), Ok(Value::Bool(true)));
        assert_eq!(call(b"a", b"ab"), Ok(Value::Bool(false)));
        assert_eq!(call(b"\xffb", b"\xff"), Ok(Value::Bool(true)));
    }
}
