//! `duration(x)`: parses a duration.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const DURATION: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "duration",
        usage: "duration(x)",
        summary: "Parse a duration such as `1m30s`.",
        details: "Numbers with units from weeks to nanoseconds (`w d h m s ms us ns`), the longest first, or hours, minutes and seconds as in `08:13:55.101`; a sign may come before them. To convert a number of seconds, write `x * 1s`. The empty text gives null.",
        examples: &[Example {
            expr: "select duration(line) as d, duration(line) > 1m as long",
            input: "90s\n1.5ms\n08:13:55.101\n",
            output: "1m30s\ttrue\n1.5ms\tfalse\n8h13m55.101s\ttrue\n",
        }],
    },
    &[Parameter::new("x", ParameterKind::Duration)],
    duration,
);

fn duration<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [duration @ ValueRef::Duration(_)] => Ok(*duration),
        _ => Err(TypeMismatch { expected: "a duration" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn as_the_evaluator_gives_it() {
        assert_eq!(call(&DURATION, &[ValueRef::Duration(5)]), Ok(Value::Duration(5)));
        assert!(call(&DURATION, &[ValueRef::Int(5)]).is_err());
    }
}
