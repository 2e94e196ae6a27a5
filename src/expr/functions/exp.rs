//! `exp(x)`: the number e to the power of x.

use super::sqrt::of_float;
use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const EXP: FunctionDef = FunctionDef {
    entry: Entry {
        name: "exp",
        usage: "exp(x)",
        summary: "The number e to the power of x.",
        details: "Null if the result is too large, which counts as a failed conversion.",
        examples: &[Example { expr: "select exp(line) as e", input: "0\n1\n", output: "1\n2.718281828459045\n" }],
    },
    parameters: &[Parameter { name: "x", kind: ParameterKind::Number }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(|arguments, _| of_float(arguments, f64::exp)),
};

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&EXP, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(1.0)));
        assert_eq!(call(1000.0), Ok(Value::Null));
    }
}
