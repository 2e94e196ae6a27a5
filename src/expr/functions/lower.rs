//! `lower(x)`: converts to lower case.
//!
//! Letter by letter, so that `Σ` becomes `σ` also at the end of a word.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const LOWER: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "lower",
        usage: "lower(x)",
        summary: "Convert the text to lower case.",
        details: "Letters of every script; invalid UTF-8 bytes are unchanged.",
        examples: &[Example { expr: "select lower(line) as l", input: "ERROR Été\n", output: "error été\n" }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    |arguments, scratch| map_letters(arguments, scratch, u8::to_ascii_lowercase, char::to_lowercase),
);

/// Maps every letter to those that `letter` returns; a text of unchanged ASCII letters is not copied.
pub(super) fn map_letters<'a, L: Iterator<Item = char>>(
    arguments: &[ValueRef<'a>],
    scratch: &'a mut Vec<u8>,
    ascii: impl Fn(&u8) -> u8,
    letter: impl Fn(char) -> L,
) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    if text.iter().all(|byte| byte.is_ascii() && ascii(byte) == *byte) {
        return Ok(ValueRef::Text(text));
    }
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_ascii() {
                scratch.push(ascii(&(character as u8)));
                continue;
            }
            for mapped in letter(character) {
                scratch.extend_from_slice(mapped.encode_utf8(&mut [0; 4]).as_bytes());
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
