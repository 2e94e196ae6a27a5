//! `lower(x)`: small letters.
//!
//! Letter by letter, so that `Σ` is `σ` also at the end of a word.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const LOWER: FunctionDef = FunctionDef {
    entry: Entry {
        name: "lower",
        usage: "lower(x)",
        summary: "The text in lower case.",
        details: "Letters of every script; bytes that are not UTF-8 stay as they are.",
        examples: &[Example {
            expr: "select lower(line) as l",
            input: "ERROR Été\n",
            output: "error été\n",
        }],
    },
    parameters: &[Parameter {
        name: "text",
        kind: ParameterKind::Text,
    }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(lower),
};

fn lower<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(Unfit { expected: "text" });
    };
    if !text
        .iter()
        .any(|byte| !byte.is_ascii() || byte.is_ascii_uppercase())
    {
        return Ok(ValueRef::Text(text));
    }
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_ascii() {
                scratch.push(character.to_ascii_lowercase() as u8);
                continue;
            }
            for lower_case in character.to_lowercase() {
                scratch.extend_from_slice(lower_case.encode_utf8(&mut [0; 4]).as_bytes());
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
        let call = |bytes: &[u8]| text(&LOWER, &[ValueRef::Text(bytes)]);
        assert_eq!(call(b"already lower 1"), b"already lower 1");
        assert_eq!(call("ÀÉ ΣΑΣ İ".as_bytes()), "àé σασ i\u{307}".as_bytes());
        assert_eq!(call(b"A\xffB\xc3"), b"a\xffb\xc3");
        assert_eq!(call(b""), b"");
    }
}
