//! `parse_json(x)`: parses JSON text.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, Value, ValueRef, read_json};

pub(super) const PARSE_JSON: FunctionDef = FunctionDef {
    entry: Entry {
        name: "parse_json",
        usage: "parse_json(x)",
        summary: "Parse JSON text: a number, text, list or object.",
        details: "For JSON inside a field; the stage `json` reads records. Text that is not JSON gives null and counts as a failed conversion.",
        examples: &[Example {
            expr: "select parse_json(line).user.id as id, len(parse_json(line).tags) as tags",
            input: "{\"user\": {\"id\": 7}, \"tags\": [\"a\", \"b\"]}\n",
            output: "7\t2\n",
        }],
    },
    parameters: &[Parameter::new("text", ParameterKind::Text)],
    required: 1,
    variadic: false,
    kernel: Kernel::Owned(parse_json),
};

fn parse_json(arguments: &[ValueRef<'_>]) -> Result<Value, TypeMismatch> {
    match arguments {
        [ValueRef::Text([])] => Ok(Value::Null),
        [ValueRef::Text(text)] => read_json(text).ok_or(TypeMismatch { expected: "JSON" }),
        _ => Err(TypeMismatch { expected: "JSON" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;

    #[test]
    fn values_of_every_type() {
        let json = |text: &str| call(&PARSE_JSON, &[ValueRef::Text(text.as_bytes())]);
        assert_eq!(json("[1, null]"), Ok(Value::List(vec![Value::Int(1), Value::Null])));
        assert_eq!(json(" true "), Ok(Value::Bool(true)));
        assert_eq!(json(""), Ok(Value::Null));
        assert!(json("{").is_err());
        assert!(json("x").is_err());
    }
}
