//! `len(x)`: how many characters.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const LEN: FunctionDef = FunctionDef {
    entry: Entry {
        name: "len",
        usage: "len(x)",
        summary: "The number of characters of a text.",
        details: "A byte that is not UTF-8 counts as one character.",
        examples: &[Example {
            expr: "let n = len(line)",
            input: "née\n",
            output: "née\t3\n",
        }],
    },
    parameters: &[Parameter {
        name: "text",
        kind: ParameterKind::Text,
    }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(len),
};

fn len<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(Unfit { expected: "text" });
    };
    Ok(ValueRef::Int(count_characters(text) as i64))
}

/// How many characters; each byte that is not UTF-8 counts as one.
pub(super) fn count_characters(text: &[u8]) -> usize {
    text.utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum()
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
}
