//! `floor(x)`: rounds down to an int.

use super::round::rounded;
use super::{FunctionDef, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const FLOOR: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "floor",
        usage: "floor(x)",
        summary: "Round down to an integer.",
        details: "The result is an int if it fits into 64 bits.",
        examples: &[Example { expr: "select floor(line) as f", input: "2.7\n-2.1\n", output: "2\n-3\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| rounded(arguments, f64::floor),
);

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn ints_where_they_fit() {
        let call = |value| call(&FLOOR, &[value]);
        assert_eq!(call(ValueRef::Float(2.9)), Ok(Value::Int(2)));
        assert_eq!(call(ValueRef::Float(-0.5)), Ok(Value::Int(-1)));
        assert_eq!(call(ValueRef::Int(7)), Ok(Value::Int(7)));
        assert_eq!(call(ValueRef::Float(1e300)), Ok(Value::Float(1e300)));
        assert_eq!(call(ValueRef::Float(-9223372036854775808.0)), Ok(Value::Int(i64::MIN)));
        assert_eq!(call(ValueRef::Float(9223372036854775808.0)), Ok(Value::Float(9223372036854775808.0)));
        assert!(call(ValueRef::Text(b"x")).is_err());
    }
}
