//! `abs(x)`: the absolute value of a number.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const ABS: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "abs",
        usage: "abs(x)",
        summary: "The absolute value.",
        details: "An int stays an int, except the smallest, whose absolute value is a float.",
        examples: &[Example { expr: "select abs(line) as a", input: "-5\n2.5\n", output: "5\n2.5\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    abs,
);

fn abs<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [ValueRef::Int(value)] => {
            Ok(value.checked_abs().map_or(ValueRef::Float(value.unsigned_abs() as f64), ValueRef::Int))
        }
        [ValueRef::Float(value)] => Ok(ValueRef::Float(value.abs())),
        [ValueRef::BigInt(value)] => Ok(ValueRef::BigInt(value.abs())),
        _ => Err(TypeMismatch { expected: "a number" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn the_least_int_becomes_a_float() {
        let call = |value| call(&ABS, &[value]);
        assert_eq!(call(ValueRef::Int(-5)), Ok(Value::Int(5)));
        assert_eq!(call(ValueRef::Int(0)), Ok(Value::Int(0)));
        assert_eq!(call(ValueRef::Int(i64::MIN)), Ok(Value::Float(9223372036854775808.0)));
        assert_eq!(call(ValueRef::Float(-0.5)), Ok(Value::Float(0.5)));
        let large = Value::int(-(1 << 70));
        assert_eq!(call(large.borrow()), Ok(Value::int(1 << 70)));
        assert!(call(ValueRef::Bool(true)).is_err());
    }
}
