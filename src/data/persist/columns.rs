//! Columns and batches as bytes: in blocks, as they are in memory.

use std::sync::Arc;

use super::values::finite;
use super::{MAX_DEPTH, Persist, StateError, StateReader, load_text, save_text};
use crate::data::Ternary;
use crate::data::batch::{Batch, Slot};
use crate::data::column::{Column, Validity};
use crate::data::position::Position;
use crate::data::record::RecordColumn;
use crate::data::text::{Bytes, TextColumn, TextSpan};
use crate::data::value::Value;

/// A list of rows without nulls is not saved: the rows that have a value are known without it.
fn save_validity(valid: &Validity, rows: usize, out: &mut Vec<u8>) {
    let is_all = (0..rows).all(|row| valid.is_valid(row));
    is_all.save(out);
    if !is_all {
        out.extend((0..rows).map(|row| u8::from(valid.is_valid(row))));
    }
}

fn load_validity(rows: usize, input: &mut StateReader<'_>) -> Result<Validity, StateError> {
    if bool::load(input)? {
        return Ok(Validity::ALL);
    }
    let valid = input.take(rows)?;
    let is_canonical = valid.iter().all(|byte| *byte <= 1) && valid.contains(&0);
    if is_canonical {
        Ok(Validity::of(valid.iter().map(|byte| *byte == 1).collect()))
    } else {
        Err(StateError::Damaged)
    }
}

/// The length of a null text in a saved column: no text is as long.
const NULL_LENGTH: u32 = u32::MAX;

impl Persist for TextColumn<'static> {
    fn save(&self, out: &mut Vec<u8>) {
        self.spans.len().save_as_u64(out);
        for span in &self.spans {
            let length = if span.is_null() { NULL_LENGTH } else { span.len };
            length.save(out);
        }
        for span in &self.spans {
            out.extend_from_slice(span.slice(&self.bytes));
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let rows = input.length(4)?;
        let lengths = input.block(rows, u32::from_le_bytes)?;
        let bytes: usize = lengths.iter().filter(|length| **length != NULL_LENGTH).map(|length| *length as usize).sum();
        if bytes >= u32::MAX as usize {
            return Err(StateError::Damaged); // spans could not reach them
        }
        let bytes = input.take(bytes)?.to_vec();
        let mut end = 0;
        let span = |length: &u32| match *length {
            NULL_LENGTH => TextSpan::NULL,
            length => {
                let start = end;
                end += length as usize;
                TextSpan::new(start, end)
            }
        };
        let spans = lengths.iter().map(span).collect();
        Ok(TextColumn { bytes: Bytes::Shared(Arc::new(bytes)), spans })
    }
}

/// Saves a length.
trait SaveLength {
    fn save_as_u64(self, out: &mut Vec<u8>);
}

impl SaveLength for usize {
    fn save_as_u64(self, out: &mut Vec<u8>) {
        (self as u64).save(out);
    }
}

/// The numbers of the kinds of columns in a saved state; they never change.
mod column_tag {
    pub(super) const TEXT: u8 = 0;
    pub(super) const INT: u8 = 1;
    pub(super) const FLOAT: u8 = 2;
    pub(super) const BOOL: u8 = 3;
    pub(super) const VALUES: u8 = 4;
    pub(super) const RECORD: u8 = 5;
    pub(super) const CONSTANT: u8 = 6;
}

impl Persist for Column<'static> {
    fn save(&self, out: &mut Vec<u8>) {
        match self {
            Column::Text(texts) => {
                out.push(column_tag::TEXT);
                texts.save(out);
            }
            Column::Int(values, valid) => {
                out.push(column_tag::INT);
                values.len().save_as_u64(out);
                save_validity(valid, values.len(), out);
                let values = values.iter().enumerate();
                values.for_each(|(row, value)| if valid.is_valid(row) { *value } else { 0 }.save(out));
            }
            Column::Float(values, valid) => {
                out.push(column_tag::FLOAT);
                values.len().save_as_u64(out);
                save_validity(valid, values.len(), out);
                let values = values.iter().enumerate();
                values.for_each(|(row, value)| if valid.is_valid(row) { *value } else { 0.0 }.save(out));
            }
            Column::Bool(values) => {
                out.push(column_tag::BOOL);
                values.len().save_as_u64(out);
                out.extend(values.iter().map(|value| match value {
                    Ternary::False => 0u8,
                    Ternary::True => 1,
                    Ternary::Unknown => 2,
                }));
            }
            Column::Values(values) => {
                out.push(column_tag::VALUES);
                values.save(out);
            }
            Column::Record(record) => {
                out.push(column_tag::RECORD);
                record.rows().save_as_u64(out);
                record.names().len().save_as_u64(out);
                for (name, column) in record.names().iter().zip(record.columns()) {
                    save_text(name, out);
                    column.save(out);
                }
            }
            Column::Constant(value, rows) => {
                out.push(column_tag::CONSTANT);
                rows.save_as_u64(out);
                value.save(out);
            }
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        if input.depth == MAX_DEPTH {
            return Err(StateError::Damaged);
        }
        input.depth += 1;
        let column = match u8::load(input)? {
            column_tag::TEXT => Column::Text(TextColumn::load(input)?),
            column_tag::INT => {
                let rows = input.length(8)?;
                let valid = load_validity(rows, input)?;
                Column::Int(input.block(rows, i64::from_le_bytes)?, valid)
            }
            column_tag::FLOAT => {
                let rows = input.length(8)?;
                let valid = load_validity(rows, input)?;
                let values = input.block(rows, f64::from_le_bytes)?;
                values.iter().try_for_each(|value| finite(*value).map(drop))?;
                Column::Float(values, valid)
            }
            column_tag::BOOL => {
                let rows = input.length(1)?;
                let truth = |byte: &u8| match byte {
                    0 => Ok(Ternary::False),
                    1 => Ok(Ternary::True),
                    2 => Ok(Ternary::Unknown),
                    _ => Err(StateError::Damaged),
                };
                Column::Bool(input.take(rows)?.iter().map(truth).collect::<Result<_, _>>()?)
            }
            column_tag::VALUES => Column::Values(Vec::load(input)?),
            column_tag::RECORD => {
                let rows = usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged)?;
                let length = input.length(9)?;
                let (mut names, mut columns) = (Vec::new(), Vec::new());
                for _ in 0..length {
                    names.push(load_text(input)?.to_vec());
                    columns.push(Column::load(input)?);
                }
                if columns.iter().any(|column| column.len() != rows) {
                    return Err(StateError::Damaged);
                }
                Column::Record(RecordColumn::new(names.into(), columns, rows))
            }
            column_tag::CONSTANT => {
                let rows = usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged)?;
                Column::Constant(Value::load(input)?, rows)
            }
            _ => return Err(StateError::Damaged),
        };
        input.depth -= 1;
        Ok(column)
    }
}

impl Persist for Batch<'static> {
    fn save(&self, out: &mut Vec<u8>) {
        self.rows.save_as_u64(out);
        self.position.save(out);
        let slots: Vec<Slot> = self.slots().iter().collect();
        slots.len().save_as_u64(out);
        for slot in slots {
            slot.0.save(out);
            self.column(slot).save(out);
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let rows = usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged)?;
        let mut batch = Batch::new(rows, Position::load(input)?);
        let mut least = 0;
        for _ in 0..input.length(5)? {
            let slot = u32::load(input)?;
            let column = Column::load(input)?;
            if slot < least || slot >= MAX_SLOT || column.len() != rows {
                return Err(StateError::Damaged);
            }
            batch.set(Slot(slot), column);
            least = slot + 1;
        }
        Ok(batch)
    }
}

/// No plan has as many slots: a larger number is damage, and must not allocate room for its slots.
const MAX_SLOT: u32 = 1 << 20;
