//! `min(a, b…)`: the least of several values.

use std::cmp::Ordering;

use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example, ValueRef, order};

pub(super) const MIN: FunctionDef = FunctionDef {
    entry: Entry {
        name: "min",
        usage: "min(a, b…)",
        summary: "The least of the arguments.",
        details: "In the order of `sort`: numbers by value (and text that is a number), then text by bytes. Nulls are skipped; of nulls only, the result is null. The argument itself is the result, so text stays text; of equals it is the first.",
        examples: &[Example {
            expr: "select min(line, 5) as m",
            input: "3\n10\n",
            output: "3\n5\n",
        }],
    },
    parameters: &[
        Parameter {
            name: "a",
            kind: ParameterKind::Any,
        },
        Parameter {
            name: "b",
            kind: ParameterKind::Any,
        },
    ],
    required: 2,
    variadic: true,
    kernel: Kernel::NullAware(|arguments, _| Ok(extreme(arguments, Ordering::Less))),
};

/// The first of the arguments that is to all others as wanted, nulls aside.
pub(super) fn extreme<'a>(arguments: &[ValueRef<'a>], wanted: Ordering) -> ValueRef<'a> {
    let values = arguments.iter().filter(|value| !value.is_null());
    let found = values.reduce(|best, value| {
        if order(*value, *best) == wanted {
            value
        } else {
            best
        }
    });
    found.copied().unwrap_or(ValueRef::Null)
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn the_argument_itself_in_the_order_of_sort() {
        let call = |values: &[ValueRef<'_>]| call(&MIN, values);
        let (null, seven, text) = (ValueRef::Null, ValueRef::Int(7), ValueRef::Text(b"007"));
        assert_eq!(
            call(&[
                ValueRef::Int(10),
                ValueRef::Float(9.5),
                ValueRef::Text(b"a")
            ]),
            Ok(Value::Float(9.5))
        );
        assert_eq!(
            call(&[ValueRef::Text(b"10"), ValueRef::Text(b"9")]),
            Ok(Value::Text(b"9".to_vec()))
        );
        assert_eq!(call(&[text, seven]), Ok(Value::Text(b"007".to_vec())));
        assert_eq!(call(&[seven, text]), Ok(Value::Int(7)));
        assert_eq!(call(&[null, seven]), Ok(Value::Int(7)));
        assert_eq!(call(&[null, null]), Ok(Value::Null));
    }
}
