//! Evaluates an expression over some rows of a batch to a column of as many rows.
//!
//! `and`, `or`, `if`, `coalesce` and `??` evaluate their right sides only for the rows that need them, so that
//! `is_number(x) and x > 5` never counts a failed conversion for the rows that the left side ruled out.
//!
//! This module dispatches on the kind of expression: conditions (`condition`), choices (`choose`), functions (`call`).

mod call;
mod choose;
mod condition;

use crate::data::{Batch, Column, ColumnBuilder, Ternary, TextColumn, Value, ValueRef};

use super::access::{follow, holds};
use super::arithmetic::{compute, negate, overflows, range};
use super::bound_expr::{Arithmetic, BoundExpr, PieceSeparator};
use super::failures::Failures;
use super::format::format_rows;
use super::functions::{FunctionDef, Kernel, TypeMismatch, split_at_matches, split_at_text};

pub use condition::{matches, truth};

use call::{call, call_owned};
use choose::{choose, coalesce, extreme};
use condition::{compare_columns, connect, is_one_of};

/// The rows to evaluate.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'r> {
    /// All rows, this many.
    All(usize),
    /// These rows.
    Some(&'r [u32]),
}

impl Rows<'_> {
    /// Returns the number of rows.
    pub fn len(self) -> usize {
        match self {
            Rows::All(rows) => rows,
            Rows::Some(rows) => rows.len(),
        }
    }

    /// True if there are no rows.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the batch row at an index.
    #[inline]
    fn at(self, index: usize) -> u32 {
        match self {
            Rows::All(_) => index as u32,
            Rows::Some(rows) => rows[index],
        }
    }
}

/// A column of the batch, or a new one.
#[derive(Debug)]
pub enum Evaluated<'b, 'a> {
    /// Held by the batch.
    Borrowed(&'b Column<'a>),
    /// Computed.
    Owned(Column<'a>),
}

impl<'a> std::ops::Deref for Evaluated<'_, 'a> {
    type Target = Column<'a>;

    #[inline]
    fn deref(&self) -> &Column<'a> {
        match self {
            Evaluated::Borrowed(column) => column,
            Evaluated::Owned(column) => column,
        }
    }
}

impl<'a> Evaluated<'_, 'a> {
    /// Returns the column itself; copied if the batch holds it.
    pub fn into_owned(self) -> Column<'a> {
        match self {
            Evaluated::Borrowed(column) => column.clone(),
            Evaluated::Owned(column) => column,
        }
    }
}

impl BoundExpr {
    /// Evaluates the expression for all rows of a batch.
    pub fn eval_all<'b, 'a>(&self, batch: &'b Batch<'a>, failures: &mut Failures) -> Evaluated<'b, 'a> {
        self.eval(batch, Rows::All(batch.rows), failures)
    }

    /// Evaluates the expression for some rows of a batch, in order. Values of the wrong type give null and are counted
    /// in `failures`.
    pub fn eval<'b, 'a>(&self, batch: &'b Batch<'a>, rows: Rows<'_>, failures: &mut Failures) -> Evaluated<'b, 'a> {
        let owned = match self {
            BoundExpr::Field(slot, _) => match rows {
                Rows::All(_) => return Evaluated::Borrowed(batch.column(*slot)),
                Rows::Some(rows) => batch.column(*slot).take(rows),
            },
            BoundExpr::Constant(value) => Column::Constant(value.clone(), rows.len()),
            BoundExpr::Call { def, arguments } => call_kernel(def, arguments, batch, rows, failures),
            BoundExpr::Prepared { def, arguments, function } => {
                call(def, function.begin(), false, arguments, batch, rows, failures)
            }
            BoundExpr::Access(of, path) => {
                let values = of.eval(batch, rows, failures);
                map(&values, |value| follow(value, path))
            }
            BoundExpr::Not(of) => Column::Bool(of.truths(batch, rows, failures).into_iter().map(not).collect()),
            BoundExpr::Negate(of) => {
                let values = of.eval(batch, rows, failures);
                map(&values, |value| {
                    negate(value).unwrap_or_else(|(value, unfit)| fail(failures, of.label(), value, unfit))
                })
            }
            BoundExpr::And(left, right) => Column::Bool(connect(left, right, Ternary::False, batch, rows, failures)),
            BoundExpr::Or(left, right) => Column::Bool(connect(left, right, Ternary::True, batch, rows, failures)),
            BoundExpr::Compare(op, left, right, met) => {
                let lefts = left.eval(batch, rows, failures);
                let rights = right.eval(batch, rows, failures);
                met.look_at(&lefts, &rights);
                Column::Bool(compare_columns(*op, &lefts, &rights, self.label(), failures))
            }
            BoundExpr::IsNull(of) => {
                let values = of.eval(batch, rows, failures);
                Column::Bool((0..values.len()).map(|row| values.get(row).is_null().into()).collect())
            }
            BoundExpr::Arithmetic(op, left, right) => {
                let lefts = left.eval(batch, rows, failures);
                let rights = right.eval(batch, rows, failures);
                arithmetic(*op, &lefts, &rights, self.label(), failures)
            }
            BoundExpr::Matches(of, pattern) => {
                let values = of.eval(batch, rows, failures);
                Column::Bool(matches(&values, pattern).into_iter().map(Ternary::from).collect())
            }
            BoundExpr::NotMatches(of, pattern) => {
                let values = of.eval(batch, rows, failures);
                Column::Bool(matches(&values, pattern).into_iter().map(|found| Ternary::from(!found)).collect())
            }
            BoundExpr::InList(of, list) => {
                let values = of.eval(batch, rows, failures);
                let members: Vec<Evaluated<'b, 'a>> =
                    list.iter().map(|member| member.eval(batch, rows, failures)).collect();
                let one_of = |row| is_one_of(&values, list, &members, row, of.label(), failures).into();
                Column::Bool((0..rows.len()).map(one_of).collect())
            }
            BoundExpr::In(of, list) => {
                let values = of.eval(batch, rows, failures);
                let lists = list.eval(batch, rows, failures);
                in_lists(&values, &lists, list.label(), failures)
            }
            BoundExpr::List(items) => {
                let list = |values: Vec<Value>| Value::List(values);
                each_made(items, batch, rows, failures, list)
            }
            BoundExpr::Object(names, items) => {
                let object = |values: Vec<Value>| Value::Object(names.iter().cloned().zip(values).collect());
                each_made(items, batch, rows, failures, object)
            }
            BoundExpr::Split(of, separator) => {
                let texts = TextColumn::of(of.eval(batch, rows, failures).into_owned());
                split_texts(&texts, separator, batch, rows, failures)
            }
            BoundExpr::Format(template, arguments) => format_rows(template, arguments, batch, rows, failures),
        };
        Evaluated::Owned(owned)
    }

    /// Evaluates a condition for some rows.
    pub fn truths(&self, batch: &Batch<'_>, rows: Rows<'_>, failures: &mut Failures) -> Vec<Ternary> {
        match self.eval(batch, rows, failures) {
            Evaluated::Owned(Column::Bool(truths)) => truths,
            Evaluated::Borrowed(Column::Bool(truths)) => truths.clone(),
            column => (0..column.len()).map(|row| truth(column.get(row), self.label(), failures)).collect(),
        }
    }

    /// Returns the rows of a batch for which a condition is true.
    pub fn true_rows(&self, batch: &Batch<'_>, failures: &mut Failures) -> Vec<u32> {
        let truths = self.truths(batch, Rows::All(batch.rows), failures);
        truths.iter().enumerate().filter(|(_, truth)| **truth == Ternary::True).map(|(row, _)| row as u32).collect()
    }
}

/// Calls a function by its kind of implementation.
fn call_kernel<'a>(
    def: &'static FunctionDef,
    arguments: &[BoundExpr],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    match def.kernel {
        Kernel::If => choose(arguments, batch, rows, failures),
        Kernel::Coalesce => coalesce(arguments, batch, rows, failures),
        Kernel::Extreme(wanted) => extreme(wanted, arguments, batch, rows, failures),
        Kernel::Scalar(kernel) => call(def, kernel, false, arguments, batch, rows, failures),
        Kernel::NullAware(kernel) => call(def, kernel, true, arguments, batch, rows, failures),
        Kernel::Owned(kernel) => call_owned(def, kernel, arguments, batch, rows, failures),
        Kernel::Prepared(_) => unreachable!("binding prepared the function"),
        Kernel::Total => unreachable!("binding made a field of the total"),
        Kernel::Split => unreachable!("binding made a node of its own"),
        Kernel::Format => unreachable!("binding read the template"),
    }
}

/// Splits each text to a list; null if the text or the separator is null.
fn split_texts<'a>(
    texts: &TextColumn<'a>,
    separator: &PieceSeparator,
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let count = texts.spans.len();
    Column::Values(match separator {
        PieceSeparator::Regex(regex) => {
            let split = |row| texts.get(row).map_or(Value::Null, |text| split_at_matches(text, regex));
            (0..count).map(split).collect()
        }
        PieceSeparator::Text(separator) => {
            let separators = TextColumn::of(separator.eval(batch, rows, failures).into_owned());
            let split = |row| match (texts.get(row), separators.get(row)) {
                (Some(text), Some(separator)) => split_at_text(text, separator),
                _ => Value::Null,
            };
            (0..count).map(split).collect()
        }
    })
}

/// Makes a value of the items of each row.
fn each_made<'a>(
    items: &[BoundExpr],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
    make: impl Fn(Vec<Value>) -> Value,
) -> Column<'a> {
    let columns: Vec<Evaluated<'_, 'a>> = items.iter().map(|item| item.eval(batch, rows, failures)).collect();
    let row = |row| make(columns.iter().map(|column| column.get(row).to_value()).collect());
    Column::Values((0..rows.len()).map(row).collect())
}

fn not(truth: Ternary) -> Ternary {
    match truth {
        Ternary::False => Ternary::True,
        Ternary::True => Ternary::False,
        Ternary::Unknown => Ternary::Unknown,
    }
}

/// Computes `left op right` for each row; results beyond the range of floats are null and counted.
fn arithmetic<'a>(
    op: Arithmetic,
    lefts: &Column<'_>,
    rights: &Column<'_>,
    place: &str,
    failures: &mut Failures,
) -> Column<'a> {
    let mut builder = ColumnBuilder::new(lefts.len());
    for row in 0..lefts.len() {
        let (left, right) = (lefts.get(row), rights.get(row));
        builder.push(match compute(op, left, right) {
            Ok(ValueRef::Null) if overflows(op, left, right) => {
                failures.add_beyond(place, range(left, right));
                ValueRef::Null
            }
            Ok(value) => value,
            Err((value, unfit)) => fail(failures, place, value, unfit),
        });
    }
    builder.finish()
}

/// Tells for each row if the value is in the list; a value that is not a list is counted as a failure.
fn in_lists<'a>(values: &Column<'_>, lists: &Column<'_>, place: &str, failures: &mut Failures) -> Column<'a> {
    let is_in = |row| match lists.get(row) {
        ValueRef::List(members) => holds(members, values.get(row)).into(),
        ValueRef::Null => Ternary::False,
        other => {
            failures.add(place, "a list", other);
            Ternary::False
        }
    };
    Column::Bool((0..lists.len()).map(is_in).collect())
}

/// Counts a value of the wrong type; the result is null.
#[cold]
fn fail(failures: &mut Failures, place: &str, value: ValueRef<'_>, unfit: TypeMismatch) -> ValueRef<'static> {
    failures.add(place, unfit.expected, value);
    ValueRef::Null
}

/// Makes a column with one result for each value.
fn map<'v>(values: &'v Column<'_>, mut of: impl FnMut(ValueRef<'v>) -> ValueRef<'v>) -> Column<'static> {
    let mut builder = ColumnBuilder::new(values.len());
    for row in 0..values.len() {
        builder.push(of(values.get(row)));
    }
    builder.finish()
}
