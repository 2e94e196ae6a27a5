//! `join(list, sep)`: the elements of a list as one text.

use super::limit::check_length;
use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, write_text};

pub(super) const JOIN: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "join",
        usage: "join(list, sep)",
        summary: "Join the elements of a list to a text, with `sep` between them.",
        details: "A null element becomes the empty text. A result of more than 16 MiB is null and counts as a failed conversion.",
        examples: &[Example {
            expr: "select join(parse_json(line), ', ') as all",
            input: "[1, \"b\", 2.5]\n",
            output: "1, b, 2.5\n",
        }],
    },
    &[Parameter::new("elements", ParameterKind::List), Parameter::new("separator", ParameterKind::Text)],
    join,
);

fn join<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::List(values), ValueRef::Text(separator)] = arguments else {
        return Err(TypeMismatch { expected: "a list" });
    };
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            scratch.extend_from_slice(separator);
        }
        write_text(value.borrow(), scratch);
        check_length(scratch)?;
    }
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;
    use crate::data::Value;

    #[test]
    fn every_element_as_text() {
        let join = |values: &[Value]| text(&JOIN, &[ValueRef::List(values), ValueRef::Text(b", ")]);
        assert_eq!(join(&[Value::Int(1), Value::Null, Value::Text(b"x".to_vec())]), b"1, , x");
        assert_eq!(join(&[Value::List(vec![Value::Int(1)])]), b"[1]");
        assert_eq!(join(&[]), b"");
    }
}
