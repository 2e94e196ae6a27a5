//! `endswith(x, y)`: true if a text ends with another.

use super::startswith::has_part;
use super::{FunctionDef, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const ENDSWITH: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "endswith",
        usage: "endswith(x, y)",
        summary: "True if the text ends with another one.",
        details: "",
        examples: &[Example { expr: "where endswith(line, '.gz')", input: "a.gz\nb.gz.old\n", output: "a.gz\n" }],
    },
    &[Parameter::new("text", ParameterKind::Text), Parameter::new("end", ParameterKind::Text)],
    |arguments, _| has_part(arguments, <[u8]>::ends_with),
);

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn bytes_as_they_are() {
        let call = |text, part| call(&ENDSWITH, &[ValueRef::Text(text), ValueRef::Text(part)]);
        assert_eq!(call(b"abc", b"bc"), Ok(Value::Bool(true)));
        assert_eq!(call(b"abc", b"b"), Ok(Value::Bool(false)));
        assert_eq!(call(b"abc", b""), Ok(Value::Bool(true)));
        assert_eq!(call(b"c", b"bc"), Ok(Value::Bool(false)));
        assert_eq!(call(b"b\xff", b"\xff"), Ok(Value::Bool(true)));
    }
}
