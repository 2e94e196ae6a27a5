//! `contains(x, y)`: true if a text contains another, or a list a value.

use std::sync::Arc;

use memchr::memmem::{Finder, find};

use crate::expr::access::holds;

use super::{ArgumentError, Caller, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, write_text};

pub(super) const CONTAINS: FunctionDef = FunctionDef {
    entry: Entry {
        name: "contains",
        usage: "contains(x, y)",
        summary: "True if the text contains another one, or the list a value.",
        details: "Case-sensitive; every text contains the empty text. A list contains `y` if an element equals it, as in `y in x`.",
        examples: &[Example { expr: "where contains(line, 'b c')", input: "a b c\nb\n", output: "a b c\n" }],
    },
    parameters: &[Parameter::new("x", ParameterKind::Any), Parameter::new("y", ParameterKind::Any)],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// The prepared search for a constant text.
#[derive(Debug)]
struct Contains(Option<Finder<'static>>);

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let finder = match const_args.get(1) {
        Some(ConstArg::Constant(ValueRef::Text(part))) => Some(Finder::new(part).into_owned()),
        _ => None,
    };
    Ok(Arc::new(Contains(finder)))
}

impl Prepared for Contains {
    fn begin(&self) -> Caller<'_> {
        Box::new(|arguments, scratch| {
            let [whole, part] = arguments else {
                return Err(TypeMismatch { expected: "text or a list" });
            };
            let found = match (*whole, *part, &self.0) {
                (ValueRef::List(values), part, _) => holds(values, part),
                (ValueRef::Text(text), _, Some(finder)) => finder.find(text).is_some(),
                (ValueRef::Text(text), ValueRef::Text(part), None) => find(text, part).is_some(),
                (whole, part, _) => {
                    write_text(whole, scratch);
                    let end = scratch.len();
                    write_text(part, scratch);
                    let (whole, part) = scratch.split_at(end);
                    find(whole, part).is_some()
                }
            };
            Ok(ValueRef::Bool(found))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, call_varying};
    use super::*;
    use crate::data::Value;

    #[test]
    fn bytes_as_they_are() {
        let contains = |x: &[u8], y: &[u8]| {
            let arguments = [ValueRef::Text(x), ValueRef::Text(y)];
            let result = call(&CONTAINS, &arguments);
            assert_eq!(call_varying(&CONTAINS, &arguments), result);
            result
        };
        assert_eq!(contains(b"abc", b"bc"), Ok(Value::Bool(true)));
        assert_eq!(contains(b"abc", b"BC"), Ok(Value::Bool(false)));
        assert_eq!(contains(b"abc", b""), Ok(Value::Bool(true)));
        assert_eq!(contains(b"", b"a"), Ok(Value::Bool(false)));
        assert_eq!(contains(b"a\xffb", b"\xff"), Ok(Value::Bool(true)));
    }

    #[test]
    fn lists_and_numbers() {
        let list = [Value::Int(1), Value::Text(b"ab".to_vec())];
        for (x, y, found) in [
            (ValueRef::List(&list), ValueRef::Text(b"1"), true),
            (ValueRef::List(&list), ValueRef::Text(b"a"), false),
            (ValueRef::List(&list), ValueRef::Text(b"ab"), true),
            (ValueRef::Int(1234), ValueRef::Int(23), true),
            (ValueRef::Text(b"1234"), ValueRef::Int(24), false),
            (ValueRef::Int(1234), ValueRef::Text(b"4"), true),
        ] {
            assert_eq!(call(&CONTAINS, &[x, y]), Ok(Value::Bool(found)), "{x:?} {y:?}");
        }
    }
}
