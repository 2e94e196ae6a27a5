//! `md5(x)`: a digest in hexadecimal digits.

use ::md5::{Digest, Md5};

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const MD5: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "md5",
        usage: "md5(x)",
        summary: "The MD5 digest of the text, as 32 hexadecimal digits.",
        details: "For comparing with other tools only; MD5 is not secure (see sha256).",
        examples: &[Example {
            expr: "select md5(line) as m",
            input: "abc\n",
            output: "900150983cd24fb0d6963f7d28e17f72\n",
        }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    md5,
);

fn md5<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    write_hex(&Md5::digest(text), scratch);
    Ok(ValueRef::Text(scratch))
}

/// Appends two digits for each byte.
pub(super) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn of_nothing() {
        let digest = text(&MD5, &[ValueRef::Text(b"")]);
        assert_eq!(digest, b"d41d8cd98f00b204e9800998ecf8427e");
    }
}
