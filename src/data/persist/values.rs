//! Values, positions and keys as bytes.

use super::{MAX_DEPTH, Persist, PersistRoot, StateError, StateReader, load_text, save_text};
use crate::data::batch::Batch;
use crate::data::big_int::BigInt;
use crate::data::key::KeyKind;
use crate::data::position::Position;
use crate::data::value::Value;

impl Persist for Position {
    fn save(&self, out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let position = u64::load(input)?.checked_add(input.first_position.0);
        position.map(Position).ok_or(StateError::Damaged)
    }
}

/// The numbers of the types of values in a saved state; they never change.
pub(super) mod tag {
    pub(in super::super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const BIG_INT: u8 = 4;
    pub(super) const FLOAT: u8 = 5;
    pub(super) const TEXT: u8 = 6;
    pub(super) const TIME: u8 = 7;
    pub(super) const DURATION: u8 = 8;
    pub(super) const LIST: u8 = 9;
    pub(super) const OBJECT: u8 = 10;
}

impl Persist for Value {
    fn save(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(tag::NULL),
            Value::Bool(value) => out.push(if *value { tag::TRUE } else { tag::FALSE }),
            Value::Int(value) => {
                out.push(tag::INT);
                value.save(out);
            }
            Value::BigInt(digits) => {
                out.push(tag::BIG_INT);
                save_text(digits, out);
            }
            Value::Float(value) => {
                out.push(tag::FLOAT);
                value.save(out);
            }
            Value::Text(text) => {
                out.push(tag::TEXT);
                save_text(text, out);
            }
            Value::Time(ns) => {
                out.push(tag::TIME);
                ns.save(out);
            }
            Value::Duration(ns) => {
                out.push(tag::DURATION);
                ns.save(out);
            }
            Value::List(values) => {
                out.push(tag::LIST);
                values.save(out);
            }
            Value::Object(fields) => {
                out.push(tag::OBJECT);
                (fields.len() as u64).save(out);
                for (name, value) in fields {
                    save_text(name, out);
                    value.save(out);
                }
            }
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        if input.depth == MAX_DEPTH {
            return Err(StateError::Damaged);
        }
        input.depth += 1;
        let value = match u8::load(input)? {
            tag::NULL => Value::Null,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::INT => Value::Int(i64::load(input)?),
            tag::BIG_INT => {
                let digits = load_text(input)?;
                let value = BigInt::parse(digits).ok_or(StateError::Damaged)?.to_value();
                if !matches!(&value, Value::BigInt(written) if **written == *digits) {
                    return Err(StateError::Damaged); // another way to write the same int
                }
                value
            }
            tag::FLOAT => Value::Float(finite(f64::load(input)?)?),
            tag::TEXT => Value::Text(load_text(input)?.to_vec()),
            tag::TIME => Value::Time(i64::load(input)?),
            tag::DURATION => Value::Duration(i64::load(input)?),
            tag::LIST => Value::List(Vec::load(input)?),
            tag::OBJECT => {
                let length = input.length(1)?;
                let mut fields = Vec::new();
                for _ in 0..length {
                    fields.push((load_text(input)?.to_vec(), Value::load(input)?));
                }
                Value::Object(fields)
            }
            _ => return Err(StateError::Damaged),
        };
        input.depth -= 1;
        Ok(value)
    }
}

/// Floats of values are finite.
pub(super) fn finite(value: f64) -> Result<f64, StateError> {
    if value.is_finite() { Ok(value) } else { Err(StateError::Damaged) }
}

impl Persist for KeyKind {
    fn save(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        match u8::load(input)? {
            kind if kind <= KeyKind::Tuple as u8 => Ok(KeyKind::from_u8(kind)),
            _ => Err(StateError::Damaged),
        }
    }
}

impl PersistRoot for Value {
    const KIND: [u8; 4] = *b"valu";
    const VERSION: u32 = 1;
}

impl PersistRoot for Batch<'static> {
    const KIND: [u8; 4] = *b"btch";
    const VERSION: u32 = 1;
}
