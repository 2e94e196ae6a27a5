//! Functions that choose one of their arguments. `if` and `coalesce` evaluate an argument only for the rows that use
//! it.

use std::cmp::Ordering;

use super::Rows;
use crate::data::{Batch, Column, ColumnBuilder, Ternary, ValueRef, compare_extremes};
use crate::expr::bound_expr::BoundExpr;
use crate::expr::failures::Failures;

/// `if(condition, a, b)`: b also if the condition is null.
pub(super) fn choose<'a>(
    arguments: &[BoundExpr],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let [condition, then, otherwise] = arguments else { unreachable!("binding counted the arguments of if()") };
    let truths = condition.truths(batch, rows, failures);
    let rows_where = |wanted: bool| -> Vec<u32> {
        (0..truths.len())
            .filter(|&index| (truths[index] == Ternary::True) == wanted)
            .map(|index| rows.at(index))
            .collect()
    };
    let (then_rows, else_rows) = (rows_where(true), rows_where(false));
    let thens = then.eval(batch, Rows::Some(&then_rows), failures);
    let elses = otherwise.eval(batch, Rows::Some(&else_rows), failures);
    let (mut next_then, mut next_else) = (0..thens.len(), 0..elses.len());
    let mut builder = ColumnBuilder::new(truths.len());
    for truth in &truths {
        let value = if *truth == Ternary::True {
            next_then.next().map(|row| thens.get(row))
        } else {
            next_else.next().map(|row| elses.get(row))
        };
        builder.push(value.unwrap_or(ValueRef::Null));
    }
    builder.finish()
}

/// The first argument that is not null.
pub(super) fn coalesce<'a>(
    arguments: &[BoundExpr],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let mut open: Vec<usize> = (0..rows.len()).collect();
    let mut columns = Vec::new();
    let mut chosen: Vec<Option<(u32, u32)>> = vec![None; rows.len()];
    for argument in arguments {
        let open_rows: Vec<u32> = open.iter().map(|&index| rows.at(index)).collect();
        let values = argument.eval(batch, Rows::Some(&open_rows), failures);
        for (row, &index) in open.iter().enumerate() {
            if !values.get(row).is_null() {
                chosen[index] = Some((columns.len() as u32, row as u32));
            }
        }
        open.retain(|&index| chosen[index].is_none());
        columns.push(values);
        if open.is_empty() {
            break;
        }
    }
    let mut builder = ColumnBuilder::new(rows.len());
    for choice in chosen {
        builder.push(choice.map_or(ValueRef::Null, |(column, row)| columns[column as usize].get(row as usize)));
    }
    builder.finish()
}

/// The smallest or largest argument, ignoring nulls; the first of equal ones. A value that is neither a number nor
/// blank counts as a failed conversion if another argument is a number.
pub(super) fn extreme<'a>(
    wanted: Ordering,
    arguments: &[BoundExpr],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let columns: Vec<_> = arguments.iter().map(|argument| argument.eval(batch, rows, failures)).collect();
    let mut builder = ColumnBuilder::new(rows.len());
    for row in 0..rows.len() {
        let values = || columns.iter().map(|column| column.get(row));
        let best = values()
            .filter(|value| !value.is_null())
            .reduce(|best, value| match compare_extremes(value, best, wanted) {
                Ordering::Greater => value,
                _ => best,
            })
            .unwrap_or(ValueRef::Null);
        if best.as_exact().is_some() {
            for (value, argument) in values().zip(arguments) {
                if value.as_exact().is_none() && !value.is_blank() {
                    failures.add(argument.label(), "a number", value);
                }
            }
        }
        builder.push(best);
    }
    builder.finish()
}
