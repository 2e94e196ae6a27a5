//! `get(x, key)`: an element of a list or member of an object.

use crate::expr::access::{element, member};

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, Number, ValueRef, write_text};

pub(super) const GET: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "get",
        usage: "get(x, key)",
        summary: "Get an element of a list by index, or a member of an object by name.",
        details: "Elements count from 0, negative numbers from the end. A missing element is null. For constant keys, a path does the same: `x.name`, `x[0]`.",
        examples: &[Example {
            expr: "let x = parse_json(line) | select get(x, 'b') as b, get(x.a, -1) as last",
            input: "{\"a\": [1, 2, 3], \"b\": true}\n",
            output: "true\t3\n",
        }],
    },
    &[Parameter::new("x", ParameterKind::Any), Parameter::new("key", ParameterKind::Any)],
    get,
);

fn get<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [ValueRef::List(values), key] => match key.as_number() {
            Some(Number::Int(index)) => Ok(element(values, index)),
            _ => Err(TypeMismatch { expected: "a whole number as key of the list" }),
        },
        [ValueRef::Object(fields), ValueRef::Text(name)] => Ok(member(fields, name)),
        [ValueRef::Object(fields), key] => {
            let mut name = Vec::new();
            write_text(*key, &mut name);
            Ok(member(fields, &name))
        }
        _ => Err(TypeMismatch { expected: "a list or an object" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn by_number_and_by_name() {
        let list = [Value::Int(1), Value::Null, Value::Int(3)];
        let list = ValueRef::List(&list);
        let fields = [(b"a".to_vec(), Value::Int(1)), (b"7".to_vec(), Value::Int(2))];
        let object = ValueRef::Object(&fields);
        for (container, key, value) in [
            (list, ValueRef::Int(0), Value::Int(1)),
            (list, ValueRef::Int(-1), Value::Int(3)),
            (list, ValueRef::Text(b"2"), Value::Int(3)),
            (list, ValueRef::Int(3), Value::Null),
            (list, ValueRef::Int(-4), Value::Null),
            (object, ValueRef::Text(b"a"), Value::Int(1)),
            (object, ValueRef::Int(7), Value::Int(2)),
            (object, ValueRef::Text(b"b"), Value::Null),
        ] {
            assert_eq!(call(&GET, &[container, key]), Ok(value), "{key:?}");
        }
        assert!(call(&GET, &[ValueRef::Text(b"abc"), ValueRef::Int(0)]).is_err());
        assert!(call(&GET, &[list, ValueRef::Text(b"a")]).is_err());
    }
}
