//! `is_empty(x)`: true if a value is empty.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const IS_EMPTY: FunctionDef = FunctionDef {
    entry: Entry {
        name: "is_empty",
        usage: "is_empty(x)",
        summary: "True for null and for an empty text, list or object.",
        details: "Whitespace does not count as empty: use is_empty(trim(x)).",
        examples: &[Example { expr: "where not is_empty(line)", input: "a\n\nb\n", output: "a\nb\n" }],
    },
    parameters: &[Parameter::new("x", ParameterKind::Any)],
    required: 1,
    variadic: false,
    kernel: Kernel::NullAware(is_empty),
};

fn is_empty<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    Ok(ValueRef::Bool(
        arguments.iter().all(|value| {
            matches!(value, ValueRef::Null | ValueRef::Text([]) | ValueRef::List([]) | ValueRef::Object([]))
        }),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn nothing_of_any_type() {
        for (value, is_empty) in [
            (ValueRef::Null, true),
            (ValueRef::Text(b""), true),
            (ValueRef::List(&[]), true),
            (ValueRef::Object(&[]), true),
            (ValueRef::List(&[Value::Null]), false),
            (ValueRef::Text(b" "), false),
            (ValueRef::Int(0), false),
            (ValueRef::Bool(false), false),
        ] {
            assert_eq!(call(&IS_EMPTY, &[value]), Ok(Value::Bool(is_empty)), "{value:?}");
        }
    }
}
