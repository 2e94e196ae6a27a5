//! `len(x)`: the number of characters, elements or members.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, write_text};

pub(super) const LEN: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "len",
        usage: "len(x)",
        summary: "The number of characters of a text, or of elements of a list.",
        details: "For an object, the number of its members. An invalid UTF-8 byte counts as one character; for a number, the characters of its text count.",
        examples: &[Example { expr: "let n = len(line)", input: "née\n", output: "née\t3\n" }],
    },
    &[Parameter::new("x", ParameterKind::Any)],
    len,
);

fn len<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let count = match arguments {
        [ValueRef::Text(text)] => count_characters(text),
        [ValueRef::List(values)] => values.len(),
        [ValueRef::Object(fields)] => fields.len(),
        [value] => {
            write_text(*value, scratch);
            count_characters(scratch)
        }
        _ => return Err(TypeMismatch { expected: "text" }),
    };
    Ok(ValueRef::Int(count as i64))
}

/// Counts characters; each invalid byte counts as one.
pub(in crate::expr) fn count_characters(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn characters_not_bytes() {
        let call = |bytes| call(&LEN, &[ValueRef::Text(bytes)]);
        assert_eq!(call(b""), Ok(Value::Int(0)));
        assert_eq!(call("née".as_bytes()), Ok(Value::Int(3)));
        assert_eq!(call(b"a\xff\xc3b\0"), Ok(Value::Int(5)));
    }

    #[test]
    fn elements_and_fields() {
        let list = [Value::Null, Value::Int(1)];
        assert_eq!(call(&LEN, &[ValueRef::List(&list)]), Ok(Value::Int(2)));
        let object = [(b"a".to_vec(), Value::Null)];
        assert_eq!(call(&LEN, &[ValueRef::Object(&object)]), Ok(Value::Int(1)));
        assert_eq!(call(&LEN, &[ValueRef::Int(-12)]), Ok(Value::Int(3)));
    }
}
