//! `log10(x)`: the decimal logarithm.

use super::sqrt::of_float;
use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const LOG10: FunctionDef = FunctionDef {
    entry: Entry {
        name: "log10",
        usage: "log10(x)",
        summary: "The decimal logarithm.",
        details: "Null if x is 0 or less. floor(log10(x)) is the order of magnitude.",
        examples: &[Example { expr: "select log10(line) as l", input: "1000\n", output: "3\n" }],
    },
    parameters: &[Parameter { name: "x", kind: ParameterKind::Number }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(|arguments, _| of_float(arguments, f64::log10)),
};

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&LOG10, &[ValueRef::Float(value)]);
        assert_eq!(call(1000.0), Ok(Value::Float(3.0)));
        assert_eq!(call(0.0), Ok(Value::Null));
    }
}
