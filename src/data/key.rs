//! Group keys: a value's type and value as bytes.
//!
//! `1` and `1.0` are one group, `1` and `"1"` two, null is a group of its own. An int beyond 64 bits is a group of its
//! own even if a float has the same value: a key prints as written, and the digits would be lost.

use super::json::write_json;
use super::value::ValueRef;

/// The type of a key; part of its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the variants are the types' names
pub enum KeyKind {
    Null,
    False,
    True,
    Int,
    BigInt,
    Float,
    Text,
    Time,
    Duration,
    /// As JSON.
    List,
    /// As JSON.
    Object,
    /// Several values, each preceded by its kind and length.
    Tuple,
}

impl KeyKind {
    /// Returns the kind with this number.
    pub fn from_u8(byte: u8) -> KeyKind {
        const KINDS: [KeyKind; 12] = [
            KeyKind::Null,
            KeyKind::False,
            KeyKind::True,
            KeyKind::Int,
            KeyKind::BigInt,
            KeyKind::Float,
            KeyKind::Text,
            KeyKind::Time,
            KeyKind::Duration,
            KeyKind::List,
            KeyKind::Object,
            KeyKind::Tuple,
        ];
        KINDS[byte as usize]
    }
}

/// Appends the bytes of a key and returns its kind. Text is appended unchanged.
pub fn encode_key(value: ValueRef<'_>, out: &mut Vec<u8>) -> KeyKind {
    match value {
        ValueRef::Null => KeyKind::Null,
        ValueRef::Bool(false) => KeyKind::False,
        ValueRef::Bool(true) => KeyKind::True,
        ValueRef::Int(value) => encode_int(value, out),
        ValueRef::BigInt(value) => {
            value.write(out);
            KeyKind::BigInt
        }
        ValueRef::Float(value) => {
            // 2^63 is the first float beyond the ints
            if value.fract() == 0.0 && (i64::MIN as f64..-(i64::MIN as f64)).contains(&value) {
                encode_int(value as i64, out)
            } else {
                encode_float(value, out)
            }
        }
        ValueRef::Text(bytes) => {
            out.extend_from_slice(bytes);
            KeyKind::Text
        }
        ValueRef::Time(ns) => {
            out.extend_from_slice(&ns.to_le_bytes());
            KeyKind::Time
        }
        ValueRef::Duration(ns) => {
            out.extend_from_slice(&ns.to_le_bytes());
            KeyKind::Duration
        }
        ValueRef::List(_) => {
            write_json(value, out);
            KeyKind::List
        }
        ValueRef::Object(_) => {
            write_json(value, out);
            KeyKind::Object
        }
    }
}

/// Appends the bytes of an int key.
fn encode_int(value: i64, out: &mut Vec<u8>) -> KeyKind {
    out.extend_from_slice(&value.to_le_bytes());
    KeyKind::Int
}

/// Appends the bytes of a float that is not an int.
fn encode_float(value: f64, out: &mut Vec<u8>) -> KeyKind {
    out.extend_from_slice(&value.to_bits().to_le_bytes());
    KeyKind::Float
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::BigInt;

    fn key(value: ValueRef<'_>) -> (KeyKind, Vec<u8>) {
        let mut bytes = Vec::new();
        (encode_key(value, &mut bytes), bytes)
    }

    #[test]
    fn one_group_by_type_and_value() {
        assert_eq!(key(ValueRef::Int(1)), key(ValueRef::Float(1.0)));
        assert_eq!(key(ValueRef::Int(0)), key(ValueRef::Float(-0.0)));
        assert_ne!(key(ValueRef::Int(1)), key(ValueRef::Text(b"1")));
        assert_ne!(key(ValueRef::Null), key(ValueRef::Text(b"")));
        assert_ne!(key(ValueRef::Float(1.5)), key(ValueRef::Int(1)));
        let big = BigInt::parse(b"0018446744073709551616").expect("it is beyond 64 bits");
        let same = BigInt::parse(b"18446744073709551616").expect("it is beyond 64 bits");
        assert_eq!(key(ValueRef::BigInt(big)), key(ValueRef::BigInt(same)));
        assert_ne!(key(ValueRef::BigInt(big)), key(ValueRef::Text(b"18446744073709551616")));
    }
}
