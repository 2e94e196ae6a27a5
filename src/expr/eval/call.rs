//! Calls functions row by row.

use super::{Evaluated, Rows, fail};
use crate::data::{Batch, Column, ColumnBuilder, Value, ValueRef, write_text};
use crate::expr::bound_expr::BoundExpr;
use crate::expr::convert::{convert, takes_text};
use crate::expr::failures::Failures;
use crate::expr::functions::{FunctionDef, TypeMismatch, check_result};

/// Up to this many arguments are kept on the stack.
const INLINE_ARGUMENTS: usize = 4;

/// Calls a function row by row.
pub(super) fn call<'a>(
    def: &FunctionDef,
    mut kernel: impl for<'v> FnMut(&[ValueRef<'v>], &'v mut Vec<u8>) -> Result<ValueRef<'v>, TypeMismatch>,
    takes_null: bool,
    arguments: &[BoundExpr],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let mut builder = ColumnBuilder::new(rows.len());
    let mut scratch = Vec::new();
    each_row(def, takes_null, arguments, batch, rows, failures, |row| {
        scratch.clear();
        match row {
            Some(values) => {
                let value = kernel(values, &mut scratch);
                value.and_then(|value| {
                    check_result(value, values)?;
                    builder.push(value);
                    Ok(())
                })
            }
            None => {
                builder.push(ValueRef::Null);
                Ok(())
            }
        }
        .inspect_err(|_| builder.push(ValueRef::Null))
    });
    builder.finish()
}

/// Calls a function that makes lists or objects.
pub(super) fn call_owned(
    def: &FunctionDef,
    kernel: fn(&[ValueRef<'_>]) -> Result<Value, TypeMismatch>,
    arguments: &[BoundExpr],
    batch: &Batch<'_>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'static> {
    let mut made = Vec::with_capacity(rows.len());
    each_row(def, false, arguments, batch, rows, failures, |row| {
        let value = row.map_or(Ok(Value::Null), kernel);
        let result = value.as_ref().map(|_| ()).map_err(|unfit| *unfit);
        made.push(value.unwrap_or_default());
        result
    });
    Column::Values(made)
}

/// Calls `see` for every row with the converted arguments, or with `None` if the result is null; counts arguments of
/// the wrong type.
#[inline]
fn each_row(
    def: &FunctionDef,
    takes_null: bool,
    arguments: &[BoundExpr],
    batch: &Batch<'_>,
    rows: Rows<'_>,
    failures: &mut Failures,
    mut see: impl FnMut(Option<&[ValueRef<'_>]>) -> Result<(), TypeMismatch>,
) {
    let columns: Vec<Evaluated<'_, '_>> =
        arguments.iter().map(|argument| argument.eval(batch, rows, failures)).collect();
    let mut texts: Vec<Vec<u8>> = vec![Vec::new(); columns.len()];
    for row in 0..rows.len() {
        for ((index, column), text) in columns.iter().enumerate().zip(&mut texts) {
            if takes_text(def.parameter(index).kind) && !matches!(column.get(row), ValueRef::Text(_)) {
                text.clear();
                write_text(column.get(row), text);
            }
        }
        let mut inline = [ValueRef::Null; INLINE_ARGUMENTS];
        let mut many = Vec::new();
        let values: &mut [ValueRef<'_>] = if columns.len() <= INLINE_ARGUMENTS {
            &mut inline[..columns.len()]
        } else {
            many.resize(columns.len(), ValueRef::Null);
            &mut many
        };
        let mut mismatch = None;
        for ((index, column), text) in columns.iter().enumerate().zip(&texts) {
            match convert(def.parameter(index).kind, column.get(row), text) {
                Ok(value) => values[index] = value,
                Err(found) => mismatch = mismatch.or(Some((index, found))),
            }
        }
        let result = match mismatch {
            Some((index, (value, unfit))) => {
                fail(failures, arguments[index].label(), value, unfit);
                see(None)
            }
            None if !takes_null && values.iter().any(|value| value.is_null()) => see(None),
            None => see(Some(values)),
        };
        if let Err(unfit) = result {
            let (place, value) = match (arguments.first(), columns.first()) {
                (Some(argument), Some(column)) => (argument.label(), column.get(row)),
                _ => (def.entry.name, ValueRef::Null),
            };
            fail(failures, place, value, unfit);
        }
    }
}
