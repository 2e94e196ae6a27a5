//! `num(x)`: converts text to a number.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const NUM: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "num",
        usage: "num(x)",
        summary: "Convert text to a number; null if it is not one.",
        details: "The whole text must be a JSON number; leading zeros, a leading `+` and `.5` are allowed. The empty text gives null; other text that is not a number gives null and counts as a failed conversion.",
        examples: &[Example { expr: "select num(line) as n", input: "007\n1.50\n", output: "7\n1.5\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    num,
);

fn num<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [number @ (ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_))] => Ok(*number),
        _ => Err(TypeMismatch { expected: "a number" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn numbers_as_the_evaluator_gives_them() {
        assert_eq!(call(&NUM, &[ValueRef::Int(7)]), Ok(Value::Int(7)));
        assert_eq!(call(&NUM, &[ValueRef::Float(0.5)]), Ok(Value::Float(0.5)));
        assert!(call(&NUM, &[ValueRef::Bool(true)]).is_err());
    }
}
