//! `month(t)`: the month of a time in `--tz`, from 1 to 12.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, date_of};

pub(super) const MONTH: FunctionDef = FunctionDef {
    entry: Entry {
        name: "month",
        usage: "month(t)",
        summary: "The month of a time in `--tz`, from 1 to 12.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select month(line) as m", input: "2015-05-17T10:05:03Z\n", output: "5\n" }],
    },
    parameters: &[Parameter { name: "t", kind: ParameterKind::Time }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(month),
};

fn month<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Time(ns)] = arguments else {
        return Err(TypeMismatch { expected: "a time" });
    };
    Ok(ValueRef::Int(date_of(*ns).1))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn also_before_1970() {
        let of = |ns| call(&MONTH, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(1)));
        assert_eq!(of(-1), Ok(Value::Int(12)));
    }
}
