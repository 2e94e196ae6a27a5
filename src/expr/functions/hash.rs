//! `hash(x)`: a hash of a text as a number.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const HASH: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "hash",
        usage: "hash(x)",
        summary: "The XXH3 hash of the text as a signed 64-bit int.",
        details: "Seed 0; the same in every version and on every machine. `hash(user) % 10 == 0` takes a repeatable tenth of the users. Not a cryptographic hash: use sha256.",
        examples: &[Example {
            expr: "select hash(line) as h, hash(line) % 10 as bucket",
            input: "root\n",
            output: "746744014776526199\t9\n",
        }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    hash,
);

fn hash<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    Ok(ValueRef::Int(twox_hash::XxHash3_64::oneshot(text).cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn never_changes() {
        // the reference's test vector for empty input: 0x2d06800538d394c2
        let hash = |bytes| call(&HASH, &[ValueRef::Text(bytes)]);
        assert_eq!(hash(b""), Ok(Value::Int(0x2d06_8005_38d3_94c2)));
        assert_ne!(hash(b"a"), hash(b"b"));
    }
}
