//! `now()`: the start of the run.

use super::{FunctionDef, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, time_defaults};

pub(super) const NOW: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "now",
        usage: "now()",
        summary: "The start of the run.",
        details: "The same for all records of a run. `@time` is the time at which a record arrived.",
        examples: &[Example { expr: "select now() > '2020-01-01' as later", input: "x\n", output: "true\n" }],
    },
    &[],
    now,
);

fn now<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [] => Ok(ValueRef::Time(now_ns())),
        _ => Err(TypeMismatch { expected: "no argument" }),
    }
}

/// Returns the start of the run, in nanoseconds UTC.
pub(super) fn now_ns() -> i64 {
    time_defaults().now_ns
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn stands_still() {
        let first = call(&NOW, &[]);
        assert!(matches!(first, Ok(Value::Time(ns)) if ns > 1_700_000_000_000_000_000));
        assert_eq!(call(&NOW, &[]), first);
    }
}
