//! `atan2(y, x)`: the angle of a point.

use super::sqrt::{NO_NUMBER, float};
use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};
use crate::expr::arithmetic::finite;

pub(super) const ATAN2: FunctionDef = FunctionDef {
    entry: Entry {
        name: "atan2",
        usage: "atan2(y, x)",
        summary: "The angle of the point (x, y) in radians, from -π to π.",
        details: "Measured from the direction of x towards that of y.",
        examples: &[Example {
            expr: "select round(atan2(line, 1), 6) as a",
            input: "1\n-1\n",
            output: "0.785398\n-0.785398\n",
        }],
    },
    parameters: &[
        Parameter { name: "y", kind: ParameterKind::Number },
        Parameter { name: "x", kind: ParameterKind::Number },
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Scalar(atan2),
};

fn atan2<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [y, x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(float(*y)?.atan2(float(*x)?)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn all_directions() {
        let call = |y, x| call(&ATAN2, &[ValueRef::Int(y), ValueRef::Int(x)]);
        assert_eq!(call(0, 1), Ok(Value::Float(0.0)));
        assert_eq!(call(0, -1), Ok(Value::Float(std::f64::consts::PI)));
        assert_eq!(call(0, 0), Ok(Value::Float(0.0)));
    }
}
