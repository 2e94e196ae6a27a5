//! `format("{ip} sent {bytes:,} bytes")`: text with values in it, each written as its specification says.

mod bind;
mod number;
mod padding;
mod specification;
#[cfg(test)]
mod tests;

pub use bind::bind_format;

use std::sync::Arc;

use super::bound_expr::BoundExpr;
use super::convert;
use super::eval::{Evaluated, Rows};
use super::failures::Failures;
use super::functions::{TypeMismatch, check_length};
use crate::data::{Batch, Column, ColumnBuilder, Exact, ValueRef, time_defaults, write_text};

use number::write_number;
use padding::{pad_null, pad_number, pad_text};
use specification::{Alignment, FormatStyle, SignStyle, Specification};

/// A bound template: texts, and the specifications of the values between them.
#[derive(Debug)]
pub struct FormatTemplate {
    pieces: Vec<FormatFragment>,
}

/// A piece of a template.
#[derive(Debug)]
enum FormatFragment {
    Text(Vec<u8>),
    /// The next argument.
    Value(Specification),
}

/// Writes one text for each row.
pub(super) fn format_rows<'a>(
    template: &Arc<FormatTemplate>,
    arguments: &[BoundExpr],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let columns: Vec<Evaluated<'_, '_>> =
        arguments.iter().map(|argument| argument.eval(batch, rows, failures)).collect();
    let mut builder = ColumnBuilder::new(rows.len());
    let mut out = Vec::new();
    for row in 0..rows.len() {
        out.clear();
        let mut values = columns.iter().zip(arguments);
        for piece in &template.pieces {
            match piece {
                FormatFragment::Text(text) => out.extend_from_slice(text),
                FormatFragment::Value(specification) => {
                    let Some((column, argument)) = values.next() else {
                        continue;
                    };
                    let (value, start) = (column.get(row), out.len());
                    if let Err(mismatch) = specification.write(value, &mut out) {
                        failures.add(argument.label(), mismatch.expected, value);
                        out.truncate(start);
                        pad_null(specification, start, &mut out);
                    }
                }
            }
        }
        match check_length(&out) {
            Ok(()) => builder.push(ValueRef::Text(&out)),
            Err(mismatch) => {
                failures.add("format", mismatch.expected, ValueRef::Text(&out));
                builder.push(ValueRef::Null);
            }
        }
    }
    builder.finish()
}

impl Specification {
    /// Appends a value. After an error the caller removes what was appended.
    fn write(&self, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), TypeMismatch> {
        if self.is_plain() {
            write_text(value, out);
            return Ok(());
        }
        let start = out.len();
        if value.is_null() {
            pad_null(self, start, out);
            return Ok(());
        }
        match &self.style {
            FormatStyle::Time(format) => match convert::time(value).map_err(|(_, mismatch)| mismatch)? {
                Some(ns) if format.write(ns, &time_defaults().zone, out) => Ok(()),
                Some(_) => Err(TypeMismatch { expected: "a time that the format can write" }),
                None => Ok(()),
            },
            FormatStyle::Text => {
                self.write_as_text(value, start, out);
                Ok(())
            }
            _ => match self.number(value) {
                Some(number) => {
                    let written = write_number(number, self, out)?;
                    pad_number(self, written, start, out);
                    Ok(())
                }
                None if self.needs_number() && value.is_blank() => {
                    pad_null(self, start, out);
                    Ok(())
                }
                None if self.needs_number() => Err(TypeMismatch { expected: "a number" }),
                None => {
                    self.write_as_text(value, start, out);
                    Ok(())
                }
            },
        }
    }

    /// True if only a number fits.
    fn needs_number(&self) -> bool {
        self.style.is_numeric()
            || self.sign != SignStyle::None
            || self.group.is_some()
            || self.has_prefix
            || self.alignment == Some(Alignment::AfterSign)
    }

    /// The value as a number; text is one if the specification asks for a number, a duration is its seconds.
    fn number<'v>(&self, value: ValueRef<'v>) -> Option<Exact<'v>> {
        match value {
            ValueRef::Text(_) if self.needs_number() || self.zeros => value.as_exact(),
            ValueRef::Text(_) => None,
            ValueRef::Duration(ns) if self.needs_number() => Some(match ns % 1_000_000_000 {
                0 => Exact::Int(ns / 1_000_000_000),
                _ => Exact::Float(ns as f64 / 1e9),
            }),
            _ => value.as_exact(),
        }
    }

    /// Appends the text of a value, cut to the precision.
    fn write_as_text(&self, value: ValueRef<'_>, start: usize, out: &mut Vec<u8>) {
        write_text(value, out);
        pad_text(self, start, out);
    }
}
