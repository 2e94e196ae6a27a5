//! `minute(t)`: the minute of a time, from 0 to 59.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, ns_of_day};

pub(super) const MINUTE: FunctionDef = FunctionDef {
    entry: Entry {
        name: "minute",
        usage: "minute(t)",
        summary: "The minute of a time, from 0 to 59.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select minute(line) as m", input: "2015-05-17T10:05:03Z\n", output: "5\n" }],
    },
    parameters: &[Parameter { name: "t", kind: ParameterKind::Time }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(minute),
};

fn minute<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Time(ns)] = arguments else {
        return Err(TypeMismatch { expected: "a time" });
    };
    Ok(ValueRef::Int(ns_of_day(*ns) / 60_000_000_000 % 60))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn also_before_1970() {
        let of = |ns| call(&MINUTE, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(0)));
        assert_eq!(of(-1), Ok(Value::Int(59)));
        assert_eq!(of(3_660_000_000_000), Ok(Value::Int(1)));
    }
}
