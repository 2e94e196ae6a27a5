//! A value of the language, owned and borrowed.

use super::big_int::BigInt;
use super::heap_bytes::HeapBytes;
use super::number::{Exact, Number, is_blank};
use super::ternary::Ternary;

/// Messages say that this was expected of a value that is not a condition.
pub const EXPECTED_CONDITION: &str = "true or false (a comparison is written x == \"yes\")";

/// One value that owns its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// No value, or a field that does not exist.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// An integer beyond 64 bits: its digits, with `-` before those of a negative one.
    BigInt(Box<[u8]>),
    /// Always finite.
    Float(f64),
    /// Bytes, usually UTF-8.
    Text(Vec<u8>),
    /// Nanoseconds since 1970-01-01 UTC.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
    /// Values in order.
    List(Vec<Value>),
    /// Named values in the order in which they came; no name twice.
    Object(Vec<(Vec<u8>, Value)>),
}

/// One value that borrows its bytes; cheap to copy.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // the variants are those of `Value`
pub enum ValueRef<'a> {
    Null,
    Bool(bool),
    Int(i64),
    BigInt(BigInt<'a>),
    Float(f64),
    Text(&'a [u8]),
    Time(i64),
    Duration(i64),
    List(&'a [Value]),
    Object(&'a [(Vec<u8>, Value)]),
}

impl Value {
    /// Borrows the value.
    pub fn borrow(&self) -> ValueRef<'_> {
        match self {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Bool(*value),
            Value::Int(value) => ValueRef::Int(*value),
            Value::BigInt(text) => ValueRef::BigInt(BigInt::written(text)),
            Value::Float(value) => ValueRef::Float(*value),
            Value::Text(bytes) => ValueRef::Text(bytes),
            Value::Time(ns) => ValueRef::Time(*ns),
            Value::Duration(ns) => ValueRef::Duration(*ns),
            Value::List(values) => ValueRef::List(values),
            Value::Object(fields) => ValueRef::Object(fields),
        }
    }

    /// Makes an int, of 64 bits if it fits.
    pub fn int(value: i128) -> Value {
        match i64::try_from(value) {
            Ok(narrow) => Value::Int(narrow),
            Err(_) => Value::BigInt(value.to_string().into_bytes().into()),
        }
    }

    /// Makes a float, or null if it is not finite.
    pub fn float(value: f64) -> Value {
        if value.is_finite() { Value::Float(value) } else { Value::Null }
    }

    /// Names the type of this value in messages: `text`, `an int`.
    pub fn kind_name(&self) -> &'static str {
        self.borrow().kind_name()
    }
}

impl<'a> ValueRef<'a> {
    /// Copies the value.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::Null => Value::Null,
            ValueRef::Bool(value) => Value::Bool(value),
            ValueRef::Int(value) => Value::Int(value),
            ValueRef::BigInt(value) => value.to_value(),
            ValueRef::Float(value) => Value::Float(value),
            ValueRef::Text(bytes) => Value::Text(bytes.to_vec()),
            ValueRef::Time(ns) => Value::Time(ns),
            ValueRef::Duration(ns) => Value::Duration(ns),
            ValueRef::List(values) => Value::List(values.to_vec()),
            ValueRef::Object(fields) => Value::Object(fields.to_vec()),
        }
    }

    /// True if this is null.
    pub fn is_null(self) -> bool {
        matches!(self, ValueRef::Null)
    }

    /// Converts the value to a number; text must be a number as a whole. An int beyond 64 bits becomes the nearest
    /// float; `None` beyond the range of floats.
    pub fn as_number(self) -> Option<Number> {
        match self {
            ValueRef::Int(value) => Some(Number::Int(value)),
            ValueRef::BigInt(value) => Exact::Big(value).to_number(),
            ValueRef::Float(value) => Some(Number::Float(value)),
            ValueRef::Text(bytes) => super::number::parse_number(bytes),
            _ => None,
        }
    }

    /// Like [`ValueRef::as_number`], with all digits of an int beyond 64 bits.
    #[inline]
    pub fn as_exact(self) -> Option<Exact<'a>> {
        match self {
            ValueRef::Int(value) => Some(Exact::Int(value)),
            ValueRef::BigInt(value) => Some(Exact::Big(value)),
            ValueRef::Float(value) => Some(Exact::Float(value)),
            ValueRef::Text(bytes) => super::number::parse_exact(bytes),
            _ => None,
        }
    }

    /// True if a value used as another type counts as null: null itself, empty text, and the lone `-` that logs write
    /// for "no value".
    #[inline]
    pub fn is_blank(self) -> bool {
        match self {
            ValueRef::Null => true,
            ValueRef::Text(text) => is_blank(text),
            _ => false,
        }
    }

    /// Converts the value to a condition: bools, the texts `true` and `false`, unknown for null and for blank text;
    /// otherwise `None`.
    #[inline]
    pub fn as_truth(self) -> Option<Ternary> {
        match self {
            ValueRef::Bool(value) => Some(value.into()),
            ValueRef::Null | ValueRef::Text(b"" | b"-") => Some(Ternary::Unknown),
            ValueRef::Text(b"true") => Some(Ternary::True),
            ValueRef::Text(b"false") => Some(Ternary::False),
            _ => None,
        }
    }

    /// Names the type of this value in messages.
    pub fn kind_name(self) -> &'static str {
        match self {
            ValueRef::Null => "null",
            ValueRef::Bool(_) => "a bool",
            ValueRef::Int(_) | ValueRef::BigInt(_) => "an int",
            ValueRef::Float(_) => "a float",
            ValueRef::Text(_) => "text",
            ValueRef::Time(_) => "a time",
            ValueRef::Duration(_) => "a duration",
            ValueRef::List(_) => "a list",
            ValueRef::Object(_) => "an object",
        }
    }
}

impl HeapBytes for Value {
    fn heap_bytes(&self) -> usize {
        match self {
            Value::BigInt(digits) => digits.len(),
            Value::Text(text) => text.capacity(),
            Value::List(values) => values.heap_bytes(),
            Value::Object(fields) => fields.heap_bytes(),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Time(_) | Value::Duration(_) => 0,
        }
    }
}
