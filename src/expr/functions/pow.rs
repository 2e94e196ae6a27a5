//! `pow(x, y)`: a number to the power of another.

use super::sqrt::{NO_NUMBER, float};
use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};
use crate::expr::arithmetic::finite;

pub(super) const POW: FunctionDef = FunctionDef {
    entry: Entry {
        name: "pow",
        usage: "pow(x, y)",
        summary: "The number x to the power of y.",
        details: "An int if both are ints and it fits into 64 bits. Null if the result is not a number.",
        examples: &[Example {
            expr: "select pow(line, 2) as a, pow(line, 0.5) as b",
            input: "3\n16\n",
            output: "9\t1.7320508075688772\n256\t4\n",
        }],
    },
    parameters: &[
        Parameter { name: "x", kind: ParameterKind::Number },
        Parameter { name: "y", kind: ParameterKind::Number },
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Scalar(pow),
};

fn pow<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [x, y] = arguments else {
        return Err(NO_NUMBER);
    };
    if let (ValueRef::Int(x), ValueRef::Int(y @ 0..)) = (x, y)
        && let Some(exact) = u32::try_from(*y).ok().and_then(|y| x.checked_pow(y))
    {
        return Ok(ValueRef::Int(exact));
    }
    Ok(finite(float(*x)?.powf(float(*y)?)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn ints_stay_exact() {
        let call = |x, y| call(&POW, &[x, y]);
        let (int, float) = (ValueRef::Int, ValueRef::Float);
        assert_eq!(call(int(3), int(39)), Ok(Value::Int(4_052_555_153_018_976_267)));
        assert_eq!(call(int(2), int(63)), Ok(Value::Float(9223372036854775808.0)));
        assert_eq!(call(int(2), int(-1)), Ok(Value::Float(0.5)));
        assert_eq!(call(int(0), int(0)), Ok(Value::Int(1)));
        assert_eq!(call(int(0), int(-1)), Ok(Value::Null));
        assert_eq!(call(int(-8), float(0.5)), Ok(Value::Null));
        assert_eq!(call(int(10), int(400)), Ok(Value::Null));
    }
}
