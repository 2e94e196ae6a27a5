//! `url_decode(x)`: decodes percent signs.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const URL_DECODE: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "url_decode",
        usage: "url_decode(x)",
        summary: "Decode the percent escapes of the text, such as `%20`.",
        details: "A percent sign without two hexadecimal digits is unchanged, and so is `+`.",
        examples: &[Example {
            expr: "select url_decode(line) as u",
            input: "/caf%C3%A9%20au%20lait?100%\n",
            output: "/café au lait?100%\n",
        }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    url_decode,
);

fn url_decode<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    if memchr::memchr(b'%', text).is_none() {
        return Ok(ValueRef::Text(text));
    }
    decode(text, false, scratch);
    Ok(ValueRef::Text(scratch))
}

/// Appends the decoded bytes of a text; in a query, `+` is a space.
pub(super) fn decode(text: &[u8], is_query: bool, out: &mut Vec<u8>) {
    for (index, piece) in text.split(|byte| is_query && *byte == b'+').enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend(percent_encoding::percent_decode(piece));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn any_bytes() {
        let decode = |bytes| text(&URL_DECODE, &[ValueRef::Text(bytes)]);
        assert_eq!(decode(b"a%2Fb%2fc+d"), b"a/b/c+d");
        assert_eq!(decode(b"%ff%00"), b"\xff\0");
        assert_eq!(decode(b"%%4%4g%"), b"%%4%4g%");
        assert_eq!(decode(b""), b"");
    }
}
