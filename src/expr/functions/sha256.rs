//! `sha256(x)`: a digest in hexadecimal digits.

use sha2::{Digest, Sha256};

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const SHA256: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "sha256",
        usage: "sha256(x)",
        summary: "The SHA-256 digest of the text, as 64 hexadecimal digits.",
        details: "Of the exact bytes, without a newline.",
        examples: &[Example {
            expr: "select substr(sha256(line), 0, 16) as s",
            input: "abc\n",
            output: "ba7816bf8f01cfea\n",
        }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    sha256,
);

fn sha256<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    super::md5::write_hex(&Sha256::digest(text), scratch);
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn of_nothing() {
        let digest = text(&SHA256, &[ValueRef::Text(b"")]);
        assert_eq!(digest, b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
