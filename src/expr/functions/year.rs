//! `year(t)`: the year of a time in `--tz`.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, date_of};

pub(super) const YEAR: FunctionDef = FunctionDef {
    entry: Entry {
        name: "year",
        usage: "year(t)",
        summary: "The year of a time in `--tz`.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select year(line) as y", input: "2015-05-17T10:05:03Z\n", output: "2015\n" }],
    },
    parameters: &[Parameter { name: "t", kind: ParameterKind::Time }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(year),
};

fn year<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Time(ns)] = arguments else {
        return Err(TypeMismatch { expected: "a time" });
    };
    Ok(ValueRef::Int(date_of(*ns).0))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn also_before_1970() {
        let of = |ns| call(&YEAR, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(1970)));
        assert_eq!(of(-1), Ok(Value::Int(1969)));
    }
}
