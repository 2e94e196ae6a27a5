//! `log(x)`: the natural logarithm.

use super::sqrt::of_float;
use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const LOG: FunctionDef = FunctionDef {
    entry: Entry {
        name: "log",
        usage: "log(x)",
        summary: "The natural logarithm.",
        details: "Null if x is 0 or less.",
        examples: &[Example { expr: "select log(line) as l", input: "1\n10\n", output: "0\n2.302585092994046\n" }],
    },
    parameters: &[Parameter { name: "x", kind: ParameterKind::Number }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(|arguments, _| of_float(arguments, f64::ln)),
};

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&LOG, &[ValueRef::Float(value)]);
        assert_eq!(call(1.0), Ok(Value::Float(0.0)));
        assert_eq!(call(0.0), Ok(Value::Null));
        assert_eq!(call(-1.0), Ok(Value::Null));
    }
}
