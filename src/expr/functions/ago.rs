//! `ago(d)`: the start of the run minus a duration.

use super::now::now_ns;

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const AGO: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "ago",
        usage: "ago(d)",
        summary: "The start of the run minus a duration.",
        details: "The same as now() - d.",
        examples: &[Example {
            expr: "where time(line) > ago(1h)",
            input: "2015-05-17T10:05:03Z\n2199-01-01T00:00:00Z\n",
            output: "2199-01-01T00:00:00Z\n",
        }],
    },
    &[Parameter::new("d", ParameterKind::Duration)],
    ago,
);

fn ago<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Duration(ns)] = arguments else {
        return Err(TypeMismatch { expected: "a duration" });
    };
    Ok(now_ns().checked_sub(*ns).map_or(ValueRef::Null, ValueRef::Time))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn before_now() {
        let ago = |ns| call(&AGO, &[ValueRef::Duration(ns)]);
        assert_eq!(ago(5), Ok(Value::Time(now_ns() - 5)));
        assert_eq!(ago(i64::MIN), Ok(Value::Null));
    }
}
