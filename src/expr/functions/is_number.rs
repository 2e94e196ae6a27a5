//! `is_number(x)`: true if a value is a number, or text that is one.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const IS_NUMBER: FunctionDef = FunctionDef {
    entry: Entry {
        name: "is_number",
        usage: "is_number(x)",
        summary: "True if the value is a number, or text that is one.",
        details: "With it, `is_number(x) and x > 5` never counts a failed conversion. Null and the empty text are not numbers.",
        examples: &[Example { expr: "where is_number(line)", input: "12\n1.5e3\n12ms\n\n", output: "12\n1.5e3\n" }],
    },
    parameters: &[Parameter::new("x", ParameterKind::Any)],
    required: 1,
    variadic: false,
    kernel: Kernel::NullAware(is_number),
};

fn is_number<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    Ok(ValueRef::Bool(arguments.iter().all(|value| value.as_exact().is_some())))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn text_counts_as_what_it_is() {
        for (value, is_number) in [
            (ValueRef::Int(1), true),
            (ValueRef::Float(0.5), true),
            (ValueRef::Text(b"1180591620717411303424"), true),
            (ValueRef::Text(b"-007"), true),
            (ValueRef::Text(b"0x1f"), false),
            (ValueRef::Text(b""), false),
            (ValueRef::Bool(true), false),
            (ValueRef::Null, false),
        ] {
            assert_eq!(call(&IS_NUMBER, &[value]), Ok(Value::Bool(is_number)), "{value:?}");
        }
    }
}
