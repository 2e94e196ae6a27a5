//! `max(a, b…)`: the greatest of several values.

use std::cmp::Ordering;

use super::min::extreme;
use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const MAX: FunctionDef = FunctionDef {
    entry: Entry {
        name: "max",
        usage: "max(a, b…)",
        summary: "The greatest of the arguments.",
        details: "In the order of `sort`: numbers by value (and text that is a number), then text by bytes. Nulls are skipped; of nulls only, the result is null. The argument itself is the result, so text stays text; of equals it is the first.",
        examples: &[Example {
            expr: "select max(line, 5) as m",
            input: "3\n10\n",
            output: "5\n10\n",
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
    kernel: Kernel::NullAware(|arguments, _| Ok(extreme(arguments, Ordering::Greater))),
};

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::{Value, ValueRef};

    #[test]
    fn the_argument_itself_in_the_order_of_sort() {
        let call = |values: &[ValueRef<'_>]| call(&MAX, values);
        let (null, seven, text) = (ValueRef::Null, ValueRef::Int(7), ValueRef::Text(b"007"));
        assert_eq!(
            call(&[
                ValueRef::Int(10),
                ValueRef::Float(9.5),
                ValueRef::Text(b"a")
            ]),
            Ok(Value::Text(b"a".to_vec()))
        );
        assert_eq!(
            call(&[ValueRef::Text(b"10"), ValueRef::Text(b"9")]),
            Ok(Value::Text(b"10".to_vec()))
        );
        assert_eq!(call(&[text, seven]), Ok(Value::Text(b"007".to_vec())));
        assert_eq!(call(&[seven, text]), Ok(Value::Int(7)));
        assert_eq!(call(&[null, seven]), Ok(Value::Int(7)));
        assert_eq!(call(&[null, null]), Ok(Value::Null));
    }
}
