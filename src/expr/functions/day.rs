//! `day(t)`: the day of the month of a time in `--tz`, from 1 to 31.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, date_of};

pub(super) const DAY: FunctionDef = FunctionDef {
    entry: Entry {
        name: "day",
        usage: "day(t)",
        summary: "The day of the month of a time in `--tz`, from 1 to 31.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select day(line) as d", input: "2015-05-17T10:05:03Z\n", output: "17\n" }],
    },
    parameters: &[Parameter { name: "t", kind: ParameterKind::Time }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(day),
};

fn day<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Time(ns)] = arguments else {
        return Err(TypeMismatch { expected: "a time" });
    };
    Ok(ValueRef::Int(date_of(*ns).2))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn also_before_1970() {
        let of = |ns| call(&DAY, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(1)));
        assert_eq!(of(-1), Ok(Value::Int(31)));
    }
}
