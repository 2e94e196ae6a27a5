//! `is_null(x)`: true if a value is null.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const IS_NULL: FunctionDef = FunctionDef {
    entry: Entry {
        name: "is_null",
        usage: "is_null(x)",
        summary: "True if the value is null.",
        details: "The same as `x == null`. A missing field is null; the empty text is not.",
        examples: &[Example {
            expr: "select is_null(null) as a, is_null(line) as b",
            input: "\n",
            output: "true\tfalse\n",
        }],
    },
    parameters: &[Parameter::new("x", ParameterKind::Any)],
    required: 1,
    variadic: false,
    kernel: Kernel::NullAware(is_null),
};

fn is_null<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    Ok(ValueRef::Bool(arguments.iter().all(|value| value.is_null())))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn the_empty_text_is_a_value() {
        assert_eq!(call(&IS_NULL, &[ValueRef::Null]), Ok(Value::Bool(true)));
        assert_eq!(call(&IS_NULL, &[ValueRef::Text(b"")]), Ok(Value::Bool(false)));
        assert_eq!(call(&IS_NULL, &[ValueRef::Int(0)]), Ok(Value::Bool(false)));
    }
}
