//! The values of a result as a chart uses them, and the kind of a column.

use super::super::sparkline::number;
use super::super::visible::write_visible;
use crate::data::{ValueRef, parse_time, write_text};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ChartCell {
    Null,
    Number(f64),
    /// Nanoseconds since 1970.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
    /// Other values as text, with control characters escaped.
    Text(String),
}

/// The kind of most values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::encode) enum ChartKind {
    /// Nulls only.
    Empty,
    Number,
    Duration,
    Time,
    Text,
}

impl ChartKind {
    /// The kind in a message.
    pub(super) fn name(self) -> &'static str {
        match self {
            ChartKind::Empty => "only null",
            ChartKind::Number => "numbers",
            ChartKind::Duration => "durations",
            ChartKind::Time => "times",
            ChartKind::Text => "text",
        }
    }

    /// True if values of this kind can be drawn.
    pub(super) fn has_amounts(self) -> bool {
        matches!(self, ChartKind::Number | ChartKind::Duration)
    }
}

impl ChartCell {
    pub(super) fn of(value: ValueRef<'_>) -> ChartCell {
        match value {
            ValueRef::Null => ChartCell::Null,
            ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_) => {
                number(value).filter(|number| number.is_finite()).map_or(ChartCell::Null, ChartCell::Number)
            }
            ValueRef::Time(ns) => ChartCell::Time(ns),
            ValueRef::Duration(ns) => ChartCell::Duration(ns),
            ValueRef::Text(text) => ChartCell::text(text),
            ValueRef::Bool(_) | ValueRef::List(_) | ValueRef::Object(_) => {
                let mut text = Vec::new();
                write_text(value, &mut text);
                ChartCell::text(&text)
            }
        }
    }

    fn text(text: &[u8]) -> ChartCell {
        let mut visible = String::new();
        write_visible(text, &mut visible);
        ChartCell::Text(visible)
    }

    /// Returns the kind; a text that is a number or a time counts as one.
    pub(super) fn kind(&self) -> ChartKind {
        match self {
            ChartCell::Null => ChartKind::Empty,
            ChartCell::Number(_) => ChartKind::Number,
            ChartCell::Time(_) => ChartKind::Time,
            ChartCell::Duration(_) => ChartKind::Duration,
            ChartCell::Text(text) if text_number(text).is_some() => ChartKind::Number,
            ChartCell::Text(text) if parse_time(text.as_bytes()).is_some() => ChartKind::Time,
            ChartCell::Text(_) => ChartKind::Text,
        }
    }

    /// Returns the value as an amount of a kind; `None` if it is of another kind.
    pub(super) fn amount(&self, kind: ChartKind) -> Option<f64> {
        match (self, kind) {
            (ChartCell::Number(number), ChartKind::Number) => Some(*number),
            (ChartCell::Text(text), ChartKind::Number) => text_number(text),
            (ChartCell::Duration(ns), ChartKind::Duration) => Some(*ns as f64),
            _ => None,
        }
    }

    /// Returns the nanoseconds of a time or duration.
    pub(super) fn nanoseconds(&self) -> Option<i64> {
        match self {
            ChartCell::Time(ns) | ChartCell::Duration(ns) => Some(*ns),
            ChartCell::Text(text) if text_number(text).is_none() => parse_time(text.as_bytes()),
            _ => None,
        }
    }

    /// Appends the value as the name of a series.
    pub(super) fn write_name(&self, out: &mut String) {
        let value = match self {
            ChartCell::Text(text) => return out.push_str(text),
            ChartCell::Null => return out.push_str("null"),
            ChartCell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => ValueRef::Int(*number as i64),
            ChartCell::Number(number) => ValueRef::Float(*number),
            ChartCell::Time(ns) => ValueRef::Time(*ns),
            ChartCell::Duration(ns) => ValueRef::Duration(*ns),
        };
        let mut text = Vec::new();
        write_text(value, &mut text);
        out.push_str(&String::from_utf8_lossy(&text));
    }
}

/// Parses a text that is a finite number in decimal digits.
fn text_number(text: &str) -> Option<f64> {
    let has_digits_only = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| has_digits_only && number.is_finite())
}
