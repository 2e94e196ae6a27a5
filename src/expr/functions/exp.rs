//! `exp(x)`: the number e to the power of x.

use super::sqrt::{NO_NUMBER, finite, float};

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const EXP: FunctionDef = FunctionDef {
    entry: Entry {
        name: "exp",
        usage: "exp(x)",
        summary: "The number e to the power of x.",
        details: "Null where the result is beyond every number.",
        examples: &[Example {
            expr: "select exp(line) as e",
            input: "0\n1\n",
            output: "1\n2.718281828459045\n",
        }],
    },
    parameters: &[Parameter {
        name: "x",
        kind: ParameterKind::Number,
    }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(exp),
};

fn exp<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(float(*x)?.exp()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&EXP, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(1.0)));
        assert_eq!(call(1000.0), Ok(Value::Null));
    }
}
