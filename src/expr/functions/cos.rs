//! `cos(x)`: the cosine of an angle in radians.

use super::sqrt::of_float;
use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const COS: FunctionDef = FunctionDef {
    entry: Entry {
        name: "cos",
        usage: "cos(x)",
        summary: "The cosine of an angle in radians.",
        details: "",
        examples: &[Example { expr: "select round(cos(line), 6) as c", input: "0\n3.1415927\n", output: "1\n-1\n" }],
    },
    parameters: &[Parameter { name: "x", kind: ParameterKind::Number }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(|arguments, _| of_float(arguments, f64::cos)),
};

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&COS, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(1.0)));
    }
}
