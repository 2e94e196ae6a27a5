//! `tan(x)`: the tangent of an angle in radians.

use super::sqrt::of_float;
use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const TAN: FunctionDef = FunctionDef {
    entry: Entry {
        name: "tan",
        usage: "tan(x)",
        summary: "The tangent of an angle in radians.",
        details: "",
        examples: &[Example { expr: "select round(tan(line), 6) as t", input: "0\n0.7853982\n", output: "0\n1\n" }],
    },
    parameters: &[Parameter { name: "x", kind: ParameterKind::Number }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(|arguments, _| of_float(arguments, f64::tan)),
};

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&TAN, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(0.0)));
    }
}
