//! `contains(x, y)`: whether one text is somewhere in another.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const CONTAINS: FunctionDef = FunctionDef {
    entry: Entry {
        name: "contains",
        usage: "contains(x, y)",
        summary: "Whether the text holds another one.",
        details: "Upper and lower case differ; the empty text is in every text.",
        examples: &[Example {
            expr: "where contains(line, 'b c')",
            input: "a b c\nb\n",
            output: "a b c\n",
        }],
    },
    parameters: &[
        Parameter {
            name: "text",
            kind: ParameterKind::Text,
        },
        Parameter {
            name: "part",
            kind: ParameterKind::Text,
        },
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Scalar(contains),
};

fn contains<'a>(
    arguments: &[ValueRef<'a>],
    _scratch: &'a mut Vec<u8>,
) -> Result<ValueRef<'a>, Unfit> {
    let [ValueRef::Text(text), ValueRef::Text(part)] = arguments else {
        return Err(Unfit { expected: "text" });
    };
    Ok(ValueRef::Bool(memchr::memmem::find(text, part).is_some()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn bytes_as_they_are() {
        let call = |text, part| call(&CONTAINS, &[ValueRef::Text(text), ValueRef::Text(part)]);
        assert_eq!(call(b"abc", b"bc"), Ok(Value::Bool(true)));
        assert_eq!(call(b"abc", b"BC"), Ok(Value::Bool(false)));
        assert_eq!(call(b"abc", b""), Ok(Value::Bool(true)));
        assert_eq!(call(b"", b"a"), Ok(Value::Bool(false)));
        assert_eq!(call(b"a\xffb", b"\xff"), Ok(Value::Bool(true)));
    }
}
