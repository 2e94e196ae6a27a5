//! `split(x, sep)`: the pieces between separators, as a list.

use regex::bytes::Regex;

use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example, Value};

pub(super) const SPLIT: FunctionDef = FunctionDef {
    entry: Entry {
        name: "split",
        usage: "split(x, sep)",
        summary: "The pieces of a text between separators, as a list.",
        details: "The separator is text or a /regex/; an empty text separates nothing. Empty pieces stay, so there is \
                  one piece more than separators. The stage `split` makes records of pieces.",
        examples: &[Example {
            expr: "let parts = split(line, ',') | select parts, parts[-1] as last, len(split(line, /[,;]/)) as n",
            input: "a,,b;c\n",
            output: "[\"a\",\"\",\"b;c\"]\tb;c\t4\n",
        }],
    },
    parameters: &[Parameter::new("text", ParameterKind::Text), Parameter::new("separator", ParameterKind::Pattern)],
    required: 2,
    variadic: false,
    kernel: Kernel::Split,
};

/// The pieces between the matches of a /regex/.
pub(in crate::expr) fn split_at_matches(text: &[u8], regex: &Regex) -> Value {
    Value::List(regex.split(text).map(|piece| Value::Text(piece.to_vec())).collect())
}

/// The pieces between the occurrences of a text.
pub(in crate::expr) fn split_at_text(text: &[u8], separator: &[u8]) -> Value {
    if separator.is_empty() {
        return Value::List(vec![Value::Text(text.to_vec())]);
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in memchr::memmem::find_iter(text, separator) {
        pieces.push(Value::Text(text[start..end].to_vec()));
        start = end + separator.len();
    }
    pieces.push(Value::Text(text[start..].to_vec()));
    Value::List(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_pieces_stay() {
        let texts = |pieces: &[&str]| Value::List(pieces.iter().map(|piece| Value::Text((*piece).into())).collect());
        assert_eq!(split_at_text(b"a,,b,", b","), texts(&["a", "", "b", ""]));
        assert_eq!(split_at_text(b"", b","), texts(&[""]));
        assert_eq!(split_at_text(b"ab", b""), texts(&["ab"]));
        assert_eq!(split_at_text(b"a---b", b"--"), texts(&["a", "-b"]));
        let regex = Regex::new("[,;]+").expect("a pattern");
        assert_eq!(split_at_matches(b",a;,b", &regex), texts(&["", "a", "b"]));
    }
}
