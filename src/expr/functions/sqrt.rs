//! `sqrt(x)`: the square root.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, Number, ValueRef};
use crate::expr::arithmetic::finite;

pub(super) const SQRT: FunctionDef = FunctionDef {
    entry: Entry {
        name: "sqrt",
        usage: "sqrt(x)",
        summary: "The square root.",
        details: "Null if x is negative.",
        examples: &[Example { expr: "select sqrt(line) as r", input: "2\n9\n", output: "1.4142135623730951\n3\n" }],
    },
    parameters: &[Parameter { name: "x", kind: ParameterKind::Number }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(|arguments, _| of_float(arguments, f64::sqrt)),
};

/// Computes a function of one float; null if the result is not finite.
pub(super) fn of_float<'a>(
    arguments: &[ValueRef<'a>],
    function: impl Fn(f64) -> f64,
) -> Result<ValueRef<'a>, TypeMismatch> {
    let [x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(function(float(*x)?)))
}

/// The error for other values.
pub(super) const NO_NUMBER: TypeMismatch = TypeMismatch { expected: "a number" };

/// The nearest float of a number.
pub(super) fn float(number: ValueRef<'_>) -> Result<f64, TypeMismatch> {
    number.as_number().map(Number::to_f64).ok_or(NO_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&SQRT, &[ValueRef::Float(value)]);
        assert_eq!(call(4.0), Ok(Value::Float(2.0)));
        assert_eq!(call(-1.0), Ok(Value::Null));
    }
}
