//! Functions of floats: `sqrt(x)`, `exp(x)`, `log(x)`, `log10(x)`, `sin(x)`, `cos(x)`, `tan(x)`, `atan2(y, x)`, `pow(x, y)`.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, Number, ValueRef};
use crate::expr::arithmetic::finite;

pub(super) const SQRT: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "sqrt",
        usage: "sqrt(x)",
        summary: "The square root.",
        details: "Null if x is negative.",
        examples: &[Example { expr: "select sqrt(line) as r", input: "2\n9\n", output: "1.4142135623730951\n3\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| of_float(arguments, f64::sqrt),
);

pub(super) const EXP: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "exp",
        usage: "exp(x)",
        summary: "The number e to the power of x.",
        details: "Null if the result is too large, which counts as a failed conversion.",
        examples: &[Example { expr: "select exp(line) as e", input: "0\n1\n", output: "1\n2.718281828459045\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| of_float(arguments, f64::exp),
);

pub(super) const LOG: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "log",
        usage: "log(x)",
        summary: "The natural logarithm.",
        details: "Null if x is 0 or less.",
        examples: &[Example { expr: "select log(line) as l", input: "1\n10\n", output: "0\n2.302585092994046\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| of_float(arguments, f64::ln),
);

pub(super) const LOG10: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "log10",
        usage: "log10(x)",
        summary: "The decimal logarithm.",
        details: "Null if x is 0 or less. floor(log10(x)) is the order of magnitude.",
        examples: &[Example { expr: "select log10(line) as l", input: "1000\n", output: "3\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| of_float(arguments, f64::log10),
);

pub(super) const SIN: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "sin",
        usage: "sin(x)",
        summary: "The sine of an angle in radians.",
        details: "",
        examples: &[Example { expr: "select round(sin(line), 6) as s", input: "0\n1.5707963\n", output: "0\n1\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| of_float(arguments, f64::sin),
);

pub(super) const COS: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "cos",
        usage: "cos(x)",
        summary: "The cosine of an angle in radians.",
        details: "",
        examples: &[Example { expr: "select round(cos(line), 6) as c", input: "0\n3.1415927\n", output: "1\n-1\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| of_float(arguments, f64::cos),
);

pub(super) const TAN: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "tan",
        usage: "tan(x)",
        summary: "The tangent of an angle in radians.",
        details: "",
        examples: &[Example { expr: "select round(tan(line), 6) as t", input: "0\n0.7853982\n", output: "0\n1\n" }],
    },
    &[Parameter::new("x", ParameterKind::Number)],
    |arguments, _| of_float(arguments, f64::tan),
);

pub(super) const ATAN2: FunctionDef = FunctionDef::scalar(
    Entry {
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
    &[Parameter::new("y", ParameterKind::Number), Parameter::new("x", ParameterKind::Number)],
    atan2,
);

pub(super) const POW: FunctionDef = FunctionDef::scalar(
    Entry {
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
    &[Parameter::new("x", ParameterKind::Number), Parameter::new("y", ParameterKind::Number)],
    pow,
);

/// Computes a function of one float; null if the result is not finite.
pub(super) fn of_float<'a>(
    arguments: &[ValueRef<'a>],
    function: impl Fn(f64) -> f64,
) -> Result<ValueRef<'a>, TypeMismatch> {
    let [x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(function(float(*x)?)))
}

/// The error for other values.
pub(super) const NO_NUMBER: TypeMismatch = TypeMismatch { expected: "a number" };

/// The nearest float of a number.
pub(super) fn float(number: ValueRef<'_>) -> Result<f64, TypeMismatch> {
    number.as_number().map(Number::to_f64).ok_or(NO_NUMBER)
}

fn atan2<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [y, x] = arguments else {
        return Err(NO_NUMBER);
    };
    Ok(finite(float(*y)?.atan2(float(*x)?)))
}

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
    fn sqrt_what_is_no_number_is_null() {
        let call = |value| call(&SQRT, &[ValueRef::Float(value)]);
        assert_eq!(call(4.0), Ok(Value::Float(2.0)));
        assert_eq!(call(-1.0), Ok(Value::Null));
    }

    #[test]
    fn exp_what_is_no_number_is_null() {
        let call = |value| call(&EXP, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(1.0)));
        assert_eq!(call(1000.0), Ok(Value::Null));
    }

    #[test]
    fn log_what_is_no_number_is_null() {
        let call = |value| call(&LOG, &[ValueRef::Float(value)]);
        assert_eq!(call(1.0), Ok(Value::Float(0.0)));
        assert_eq!(call(0.0), Ok(Value::Null));
        assert_eq!(call(-1.0), Ok(Value::Null));
    }

    #[test]
    fn log10_what_is_no_number_is_null() {
        let call = |value| call(&LOG10, &[ValueRef::Float(value)]);
        assert_eq!(call(1000.0), Ok(Value::Float(3.0)));
        assert_eq!(call(0.0), Ok(Value::Null));
    }

    #[test]
    fn sin_what_is_no_number_is_null() {
        let call = |value| call(&SIN, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(0.0)));
    }

    #[test]
    fn cos_what_is_no_number_is_null() {
        let call = |value| call(&COS, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(1.0)));
    }

    #[test]
    fn tan_what_is_no_number_is_null() {
        let call = |value| call(&TAN, &[ValueRef::Float(value)]);
        assert_eq!(call(0.0), Ok(Value::Float(0.0)));
    }

    #[test]
    fn atan2_all_directions() {
        let call = |y, x| call(&ATAN2, &[ValueRef::Int(y), ValueRef::Int(x)]);
        assert_eq!(call(0, 1), Ok(Value::Float(0.0)));
        assert_eq!(call(0, -1), Ok(Value::Float(std::f64::consts::PI)));
        assert_eq!(call(0, 0), Ok(Value::Float(0.0)));
    }

    #[test]
    fn pow_ints_stay_exact() {
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
