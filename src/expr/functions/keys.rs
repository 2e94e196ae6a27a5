//! `keys(x)`: the names in an object.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, Value, ValueRef};

pub(super) const KEYS: FunctionDef = FunctionDef {
    entry: Entry {
        name: "keys",
        usage: "keys(x)",
        summary: "The names of an object's members, as a list.",
        details: "In their original order.",
        examples: &[Example {
            expr: "select keys(parse_json(line)) as names",
            input: "{\"b\": 1, \"a\": 2}\n",
            output: "[\"b\",\"a\"]\n",
        }],
    },
    parameters: &[Parameter::new("object", ParameterKind::Any)],
    required: 1,
    variadic: false,
    kernel: Kernel::Owned(keys),
};

fn keys(arguments: &[ValueRef<'_>]) -> Result<Value, TypeMismatch> {
    let [ValueRef::Object(fields)] = arguments else {
        return Err(TypeMismatch { expected: "an object" });
    };
    Ok(Value::List(fields.iter().map(|(name, _)| Value::Text(name.clone())).collect()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;

    #[test]
    fn names_in_their_order() {
        let fields = [(b"b".to_vec(), Value::Null), (b"a".to_vec(), Value::Int(1))];
        let names = [b"b", b"a"].map(|name| Value::Text(name.to_vec()));
        assert_eq!(call(&KEYS, &[ValueRef::Object(&fields)]), Ok(Value::List(names.to_vec())));
        assert!(call(&KEYS, &[ValueRef::Text(b"{}")]).is_err());
    }
}
