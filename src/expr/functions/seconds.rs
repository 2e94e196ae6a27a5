//! `seconds(x)`: a duration or time as a number of seconds.

use crate::expr::convert;

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, divide};

pub(super) const SECONDS: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "seconds",
        usage: "seconds(x)",
        summary: "The number of seconds of a duration, or of a time since 1970.",
        details: "An int if there is no fraction. Text is parsed as a duration: write seconds(time(x)) for a time.",
        examples: &[Example {
            expr: "select seconds(1m30s) as a, seconds(line) as b, seconds(time(0)) as c",
            input: "250ms\n",
            output: "90\t0.25\t0\n",
        }],
    },
    &[Parameter::new("x", ParameterKind::Any)],
    seconds,
);

fn seconds<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    const SECOND_NS: i64 = 1_000_000_000;
    let [value] = arguments else {
        return Err(TypeMismatch { expected: "a duration" });
    };
    let ns = match *value {
        ValueRef::Time(ns) => ns,
        value => match convert::duration(value) {
            Ok(Some(ns)) => ns,
            Ok(None) => return Ok(ValueRef::Null),
            Err((_, unfit)) => return Err(unfit),
        },
    };
    if ns % SECOND_NS == 0 {
        return Ok(ValueRef::Int(ns / SECOND_NS));
    }
    Ok(ValueRef::Float(divide(i128::from(ns), i128::from(SECOND_NS))))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn ints_where_they_are_whole() {
        let seconds = |value| call(&SECONDS, &[value]);
        assert_eq!(seconds(ValueRef::Duration(90_000_000_000)), Ok(Value::Int(90)));
        assert_eq!(seconds(ValueRef::Duration(-250_000_000)), Ok(Value::Float(-0.25)));
        assert_eq!(seconds(ValueRef::Time(1_500_000_000)), Ok(Value::Float(1.5)));
        assert_eq!(seconds(ValueRef::Text(b"1.5s")), Ok(Value::Float(1.5)));
        assert_eq!(seconds(ValueRef::Text(b"")), Ok(Value::Null));
        assert!(seconds(ValueRef::Int(5)).is_err());
    }
}
