//! `upper(x)`: capital letters.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const UPPER: FunctionDef = FunctionDef {
    entry: Entry {
        name: "upper",
        usage: "upper(x)",
        summary: "The text in upper case.",
        details: "Letters of every script; bytes that are not UTF-8 stay as they are.",
        examples: &[Example {
            expr: "select upper(line) as u",
            input: "error été\n",
            output: "ERROR ÉTÉ\n",
        }],
    },
    parameters: &[Parameter {
        name: "text",
        kind: ParameterKind::Text,
    }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(upper),
};

fn upper<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(Unfit { expected: "text" });
    };
    if !text
        .iter()
        .any(|byte| !byte.is_ascii() || byte.is_ascii_lowercase())
    {
        return Ok(ValueRef::Text(text));
    }
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_ascii() {
                scratch.push(character.to_ascii_uppercase() as u8);
                continue;
            }
            for upper_case in character.to_uppercase() {
                scratch.extend_from_slice(upper_case.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        scratch.extend_from_slice(chunk.invalid());
    }
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn letters_of_any_script() {
        let call = |bytes: &[u8]| text(&UPPER, &[ValueRef::Text(bytes)]);
        assert_eq!(call(b"ALREADY UPPER 1"), b"ALREADY UPPER 1");
        assert_eq!(call("aé straße ﬁ".as_bytes()), "AÉ STRASSE FI".as_bytes());
        assert_eq!(call(b"a\xffb\xc3"), b"A\xffB\xc3");
        assert_eq!(call(b""), b"");
    }
}
