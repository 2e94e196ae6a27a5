//! `log10(x)`: the decimal logarithm.

use super::sqrt::{NO_NUMBER, finite, float};

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const LOG10: FunctionDef = FunctionDef {
    entry: Entry {
        name: "log10",
        usage: "log10(x)",
        summary: "The decimal logarithm.",
        details: "Of 0 and less: null. floor(log10(x)) is the order of magnitude.",
        examples: &[Example {
            expr: "select log10(line) as l",
            input: "1000\n",
            output: "3\n",
        }],
    },
    parameters: &[Parameter {
        name: "x",
        kind: ParameterKind::Number,
    }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(log10),
};

fn log10<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(float(*x)?.log10()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&LOG10, &[ValueRef::Float(value)]);
        assert_eq!(call(1000.0), Ok(Value::Float(3.0)));
        assert_eq!(call(0.0), Ok(Value::Null));
    }
}
