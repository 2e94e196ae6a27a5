//! `upper(x)`: converts to upper case.

use super::lower::map_letters;
use super::{FunctionDef, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const UPPER: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "upper",
        usage: "upper(x)",
        summary: "Convert the text to upper case.",
        details: "Letters of every script; invalid UTF-8 bytes are unchanged.",
        examples: &[Example { expr: "select upper(line) as u", input: "error été\n", output: "ERROR ÉTÉ\n" }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    |arguments, scratch| map_letters(arguments, scratch, u8::to_ascii_uppercase, char::to_uppercase),
);

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;
    use crate::data::ValueRef;

    #[test]
    fn letters_of_any_script() {
        let call = |bytes: &[u8]| text(&UPPER, &[ValueRef::Text(bytes)]);
        assert_eq!(call(b"ALREADY UPPER 1"), b"ALREADY UPPER 1");
        assert_eq!(call("aé straße ﬁ".as_bytes()), "AÉ STRASSE FI".as_bytes());
        assert_eq!(call(b"a\xffb\xc3"), b"A\xffB\xc3");
        assert_eq!(call(b""), b"");
    }
}
