//! `log(x)`: the natural logarithm.

use super::sqrt::{NO_NUMBER, finite, float};

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const LOG: FunctionDef = FunctionDef {
    entry: Entry {
        name: "log",
        usage: "log(x)",
        summary: "The natural logarithm.",
        details: "Of 0 and less: null.",
        examples: &[Example {
            expr: "select log(line) as l",
            input: "1\n10\n",
            output: "0\n2.302585092994046\n",
        }],
    },
    parameters: &[Parameter {
        name: "x",
        kind: ParameterKind::Number,
    }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(log),
};

fn log<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(float(*x)?.ln()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&LOG, &[ValueRef::Float(value)]);
        assert_eq!(call(1.0), Ok(Value::Float(0.0)));
        assert_eq!(call(0.0), Ok(Value::Null));
        assert_eq!(call(-1.0), Ok(Value::Null));
    }
}
