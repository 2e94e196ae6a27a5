//! How SQLite stores a value.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef as Stored};

use crate::data::{ValueRef, write_text};

/// A value on its way into a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SqliteCell<'v> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'v [u8]),
    Blob(&'v [u8]),
    Printed(Vec<u8>),
}

impl<'v> SqliteCell<'v> {
    pub(super) fn of(value: ValueRef<'v>) -> SqliteCell<'v> {
        match value {
            ValueRef::Null => SqliteCell::Null,
            ValueRef::Bool(value) => SqliteCell::Integer(value.into()),
            ValueRef::Int(value) => SqliteCell::Integer(value),
            ValueRef::Float(value) if value.is_nan() => SqliteCell::Null, // as SQLite stores it
            ValueRef::Float(value) => SqliteCell::Real(value),
            ValueRef::Text(text) if str::from_utf8(text).is_ok() => SqliteCell::Text(text),
            ValueRef::Text(bytes) => SqliteCell::Blob(bytes),
            ValueRef::Duration(ns) => seconds(ns),
            ValueRef::BigInt(_) | ValueRef::Time(_) | ValueRef::List(_) | ValueRef::Object(_) => {
                let mut text = Vec::new();
                write_text(value, &mut text);
                SqliteCell::Printed(text)
            }
        }
    }
}

/// Whole seconds are an integer, so that they are exact.
fn seconds(ns: i64) -> SqliteCell<'static> {
    const SECOND_NS: i64 = 1_000_000_000;
    match ns % SECOND_NS {
        0 => SqliteCell::Integer(ns / SECOND_NS),
        _ => SqliteCell::Real(ns as f64 / SECOND_NS as f64),
    }
}

impl ToSql for SqliteCell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            SqliteCell::Null => Stored::Null,
            SqliteCell::Integer(value) => Stored::Integer(*value),
            SqliteCell::Real(value) => Stored::Real(*value),
            SqliteCell::Text(text) => Stored::Text(text),
            SqliteCell::Blob(bytes) => Stored::Blob(bytes),
            SqliteCell::Printed(text) => Stored::Text(text),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{BigInt, Value};

    #[test]
    fn every_kind_of_value() {
        let printed = |text: &str| SqliteCell::Printed(text.as_bytes().to_vec());
        let list = [Value::Int(1), Value::Null];
        for (value, expected) in [
            (ValueRef::Null, SqliteCell::Null),
            (ValueRef::Bool(true), SqliteCell::Integer(1)),
            (ValueRef::Int(i64::MIN), SqliteCell::Integer(i64::MIN)),
            (ValueRef::BigInt(BigInt::written(b"18446744073709551616")), printed("18446744073709551616")),
            (ValueRef::Float(2.0), SqliteCell::Real(2.0)),
            (ValueRef::Float(f64::NAN), SqliteCell::Null),
            (ValueRef::Text(b"007"), SqliteCell::Text(b"007")),
            (ValueRef::Text(b"a\0b"), SqliteCell::Text(b"a\0b")),
            (ValueRef::Text(b"\xff"), SqliteCell::Blob(b"\xff")),
            (ValueRef::Time(0), printed("1970-01-01T00:00:00Z")),
            (ValueRef::Duration(90_000_000_000), SqliteCell::Integer(90)),
            (ValueRef::Duration(1_500_000_000), SqliteCell::Real(1.5)),
            (ValueRef::List(&list), printed("[1,null]")),
            (ValueRef::Object(&[]), printed("{}")),
        ] {
            assert_eq!(SqliteCell::of(value), expected);
        }
    }
}
