//! `endswith(x, y)`: whether a text ends with another.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const ENDSWITH: FunctionDef = FunctionDef {
    entry: Entry {
        name: "endswith",
        usage: "endswith(x, y)",
        summary: "Whether the text ends with another one.",
        details: "",
        examples: &[Example {
            expr: "where endswith(line, '.gz')",
            input: "a.gz\nb.gz.old\n",
            output: "a.gz\n",
        }],
    },
    parameters: &[
        Parameter {
            name: "text",
            kind: ParameterKind::Text,
        },
        Parameter {
            name: "end",
            kind: ParameterKind::Text,
        },
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Scalar(endswith),
};

fn endswith<'a>(
    arguments: &[ValueRef<'a>],
    _scratch: &'a mut Vec<u8>,
) -> Result<ValueRef<'a>, Unfit> {
    let [ValueRef::Text(text), ValueRef::Text(part)] = arguments else {
        return Err(Unfit { expected: "text" });
    };
    Ok(ValueRef::Bool(text.ends_with(part)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

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
