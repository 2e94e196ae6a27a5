//! `tan(x)`: the tangent of an angle in radians.

use super::sqrt::{NO_NUMBER, finite, float};

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const TAN: FunctionDef = FunctionDef {
    entry: Entry {
        name: "tan",
        usage: "tan(x)",
        summary: "The tangent of an angle in radians.",
        details: "",
        examples: &[Example {
            expr: "select round(tan(line), 6) as t",
            input: "0\n0.7853982\n",
            output: "0\n1\n",
        }],
    },
    parameters: &[Parameter {
        name: "x",
        kind: ParameterKind::Number,
    }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(tan),
};

fn tan<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(float(*x)?.tan()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn what_is_no_number_is_null() {
        let call = |value| call(&TAN, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(0.0)));
    }
}
