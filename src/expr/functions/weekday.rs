//! `weekday(t)`: the day of the week of a time in `--tz`: 1 is Monday, 7 Sunday.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, weekday_of};

pub(super) const WEEKDAY: FunctionDef = FunctionDef {
    entry: Entry {
        name: "weekday",
        usage: "weekday(t)",
        summary: "The day of the week of a time in `--tz`: 1 is Monday, 7 Sunday.",
        details: "The numbers are those of ISO 8601; format_time(t, \"%A\") gives the name. Text is parsed as by time(x).",
        examples: &[Example { expr: "select weekday(line) as w", input: "2015-05-17T10:05:03Z\n", output: "7\n" }],
    },
    parameters: &[Parameter { name: "t", kind: ParameterKind::Time }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(weekday),
};

fn weekday<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Time(ns)] = arguments else {
        return Err(TypeMismatch { expected: "a time" });
    };
    Ok(ValueRef::Int(weekday_of(*ns)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn also_before_1970() {
        let of = |ns| call(&WEEKDAY, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(4)));
        assert_eq!(of(-1), Ok(Value::Int(3)));
        assert_eq!(of(3 * 86_400_000_000_000), Ok(Value::Int(7)));
        assert_eq!(of(4 * 86_400_000_000_000), Ok(Value::Int(1)));
    }
}
