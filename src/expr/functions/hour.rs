//! `hour(t)`: the hour of a time in `--tz`, from 0 to 23.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, ns_of_day};

pub(super) const HOUR: FunctionDef = FunctionDef {
    entry: Entry {
        name: "hour",
        usage: "hour(t)",
        summary: "The hour of a time in `--tz`, from 0 to 23.",
        details: "Text is parsed as by time(x).",
        examples: &[Example {
            expr: "count by hour(line) as hour",
            input: "2015-05-17T10:05:03Z\n",
            output: "10\t1\n",
        }],
    },
    parameters: &[Parameter { name: "t", kind: ParameterKind::Time }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(hour),
};

fn hour<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Time(ns)] = arguments else {
        return Err(TypeMismatch { expected: "a time" });
    };
    Ok(ValueRef::Int(ns_of_day(*ns) / 3_600_000_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn also_before_1970() {
        let of = |ns| call(&HOUR, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(0)));
        assert_eq!(of(-1), Ok(Value::Int(23)));
    }
}
