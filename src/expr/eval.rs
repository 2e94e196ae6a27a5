//! Evaluation: an expression over some rows of a batch gives a column of as many rows.
//!
//! `and`, `or`, `if`, `coalesce` and `??` evaluate their right sides only for the rows that need them, so
//! that `is_number(x) and x > 5` never counts a failed conversion for the rows that the left side ruled out.

use crate::data::{Batch, Column, ColumnBuilder, Truth, Value, ValueRef, write_text};

use super::access::{follow, holds};
use super::arithmetic::{compute, negate};
use super::compare::compare;
use super::convert::{convert, takes_text};
use super::failures::Failures;
use super::functions::{FunctionDef, Kernel, Unfit};
use super::node::{Comparison, Node};
use super::pattern::Pattern;

/// Which rows of a batch.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'r> {
    /// The first so many: all of them.
    All(usize),
    /// These.
    Some(&'r [u32]),
}

impl Rows<'_> {
    /// How many rows.
    pub fn len(self) -> usize {
        match self {
            Rows::All(rows) => rows,
            Rows::Some(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The row of the batch that stands at an index here.
    #[inline]
    fn at(self, index: usize) -> u32 {
        match self {
            Rows::All(_) => index as u32,
            Rows::Some(rows) => rows[index],
        }
    }
}

/// A column that the batch holds already, or a new one.
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
    /// The column itself; copied if the batch holds it.
    pub fn into_owned(self) -> Column<'a> {
        match self {
            Evaluated::Borrowed(column) => column.clone(),
            Evaluated::Owned(column) => column,
        }
    }
}

impl Node {
    /// The values of the expression for all rows of a batch.
    pub fn eval_all<'b, 'a>(
        &self,
        batch: &'b Batch<'a>,
        failures: &mut Failures,
    ) -> Evaluated<'b, 'a> {
        self.eval(batch, Rows::All(batch.rows), failures)
    }

    /// The values of the expression for some rows of a batch, in their order. Values that do not fit are
    /// null and counted in `failures`.
    pub fn eval<'b, 'a>(
        &self,
        batch: &'b Batch<'a>,
        rows: Rows<'_>,
        failures: &mut Failures,
    ) -> Evaluated<'b, 'a> {
        let owned = match self {
            Node::Field(slot, _) => match rows {
                Rows::All(_) => return Evaluated::Borrowed(batch.column(*slot)),
                Rows::Some(rows) => batch.column(*slot).gather(rows),
            },
            Node::Constant(value) => Column::Constant(value.clone(), rows.len()),
            Node::Call { def, arguments } => match def.kernel {
                Kernel::If => choose(arguments, batch, rows, failures),
                Kernel::Coalesce => coalesce(arguments, batch, rows, failures),
                Kernel::Scalar(kernel) => {
                    call(def, kernel, false, arguments, batch, rows, failures)
                }
                Kernel::NullAware(kernel) => {
                    call(def, kernel, true, arguments, batch, rows, failures)
                }
                Kernel::Owned(kernel) => call_owned(def, kernel, arguments, batch, rows, failures),
                Kernel::Prepared(_) => unreachable!("binding prepared the function"),
                Kernel::Total => unreachable!("binding made a field of the total"),
            },
            Node::Prepared {
                def,
                arguments,
                function,
            } => call(
                def,
                function.begin(),
                false,
                arguments,
                batch,
                rows,
                failures,
            ),
            Node::Access(of, path) => {
                let values = of.eval(batch, rows, failures);
                map(&values, |value| follow(value, path))
            }
            Node::Not(of) => Column::Bool(
                of.truths(batch, rows, failures)
                    .into_iter()
                    .map(|truth| match truth {
                        Truth::False => Truth::True,
                        Truth::True => Truth::False,
                        Truth::Unknown => Truth::Unknown,
                    })
                    .collect(),
            ),
            Node::Negate(of) => {
                let values = of.eval(batch, rows, failures);
                map(&values, |value| {
                    negate(value)
                        .unwrap_or_else(|(value, unfit)| fail(failures, of.place(), value, unfit))
                })
            }
            Node::And(left, right) => {
                Column::Bool(connect(left, right, Truth::False, batch, rows, failures))
            }
            Node::Or(left, right) => {
                Column::Bool(connect(left, right, Truth::True, batch, rows, failures))
            }
            Node::Compare(op, left, right) => {
                let lefts = left.eval(batch, rows, failures);
                let rights = right.eval(batch, rows, failures);
                Column::Bool(compare_columns(
                    *op,
                    &lefts,
                    &rights,
                    self.place(),
                    failures,
                ))
            }
            Node::IsNull(of) => {
                let values = of.eval(batch, rows, failures);
                Column::Bool(
                    (0..values.len())
                        .map(|row| values.get(row).is_null().into())
                        .collect(),
                )
            }
            Node::Arithmetic(op, left, right) => {
                let lefts = left.eval(batch, rows, failures);
                let rights = right.eval(batch, rows, failures);
                let mut builder = ColumnBuilder::new(rows.len());
                for row in 0..rows.len() {
                    let value = compute(*op, lefts.get(row), rights.get(row)).unwrap_or_else(
                        |(value, unfit)| fail(failures, self.place(), value, unfit),
                    );
                    builder.push(value);
                }
                builder.finish()
            }
            Node::Matches(of, pattern) => {
                let values = of.eval(batch, rows, failures);
                Column::Bool(
                    matches(&values, pattern)
                        .into_iter()
                        .map(Truth::from)
                        .collect(),
                )
            }
            Node::InList(of, list) => {
                let values = of.eval(batch, rows, failures);
                let members: Vec<Evaluated<'b, 'a>> = list
                    .iter()
                    .map(|member| member.eval(batch, rows, failures))
                    .collect();
                let one_of =
                    |row| is_one_of(&values, list, &members, row, of.place(), failures).into();
                Column::Bool((0..rows.len()).map(one_of).collect())
            }
            Node::In(of, list) => {
                let values = of.eval(batch, rows, failures);
                let lists = list.eval(batch, rows, failures);
                let is_in = |row| match lists.get(row) {
                    ValueRef::List(members) => holds(members, values.get(row)).into(),
                    ValueRef::Null => Truth::False,
                    other => {
                        failures.add(list.place(), "a list", other);
                        Truth::False
                    }
                };
                Column::Bool((0..rows.len()).map(is_in).collect())
            }
        };
        Evaluated::Owned(owned)
    }

    /// The truth of a condition for some rows.
    pub fn truths(&self, batch: &Batch<'_>, rows: Rows<'_>, failures: &mut Failures) -> Vec<Truth> {
        match self.eval(batch, rows, failures) {
            Evaluated::Owned(Column::Bool(truths)) => truths,
            Evaluated::Borrowed(Column::Bool(truths)) => truths.clone(),
            column => (0..column.len())
                .map(|row| truth(column.get(row), self.place(), failures))
                .collect(),
        }
    }

    /// The rows of a batch for which a condition is true.
    pub fn true_rows(&self, batch: &Batch<'_>, failures: &mut Failures) -> Vec<u32> {
        let truths = self.truths(batch, Rows::All(batch.rows), failures);
        truths
            .iter()
            .enumerate()
            .filter(|(_, truth)| **truth == Truth::True)
            .map(|(row, _)| row as u32)
            .collect()
    }
}

/// A value as a condition; what is neither bool nor null counts as a failed conversion.
#[inline]
pub fn truth(value: ValueRef<'_>, place: &str, failures: &mut Failures) -> Truth {
    match value {
        ValueRef::Bool(value) => value.into(),
        ValueRef::Null => Truth::Unknown,
        _ => {
            failures.add(place, "true or false", value);
            Truth::Unknown
        }
    }
}

/// For which rows the pattern is found in the text of a value; never in null.
pub fn matches(values: &Column<'_>, pattern: &Pattern) -> Vec<bool> {
    let mut scratch = Vec::new();
    let one = |row| match values.get(row) {
        ValueRef::Null => false,
        ValueRef::Text(text) => pattern.is_match(text),
        value => {
            scratch.clear();
            write_text(value, &mut scratch);
            pattern.is_match(&scratch)
        }
    };
    (0..values.len()).map(one).collect()
}

/// Counts a value that does not fit; the result is null.
#[cold]
fn fail(
    failures: &mut Failures,
    place: &str,
    value: ValueRef<'_>,
    unfit: Unfit,
) -> ValueRef<'static> {
    failures.add(place, unfit.expected, value);
    ValueRef::Null
}

/// A column of one result for each value.
fn map<'v>(
    values: &'v Column<'_>,
    mut of: impl FnMut(ValueRef<'v>) -> ValueRef<'v>,
) -> Column<'static> {
    let mut builder = ColumnBuilder::new(values.len());
    for row in 0..values.len() {
        builder.push(of(values.get(row)));
    }
    builder.finish()
}

/// Compares row by row. Text against constant text, the most frequent condition, does without the general case.
fn compare_columns(
    op: Comparison,
    lefts: &Column<'_>,
    rights: &Column<'_>,
    place: &str,
    failures: &mut Failures,
) -> Vec<Truth> {
    if let (Column::Text(texts), Column::Constant(constant, _)) = (lefts, rights)
        && let ValueRef::Text(constant) = constant.borrow()
    {
        let one = |row| {
            texts
                .get(row)
                .is_some_and(|text| op.holds(text.cmp(constant)))
                .into()
        };
        return (0..texts.spans.len()).map(one).collect();
    }
    let mut truths = Vec::with_capacity(lefts.len());
    for row in 0..lefts.len() {
        truths.push(match compare(op, lefts.get(row), rights.get(row)) {
            Ok(holds) => holds.into(),
            Err((value, unfit)) => {
                fail(failures, place, value, unfit);
                Truth::False
            }
        });
    }
    truths
}

/// `and` (decided by false) and `or` (decided by true), with three values.
fn connect(
    left: &Node,
    right: &Node,
    decisive: Truth,
    batch: &Batch<'_>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Vec<Truth> {
    let mut truths = left.truths(batch, rows, failures);
    let open: Vec<usize> = (0..truths.len())
        .filter(|&index| truths[index] != decisive)
        .collect();
    if open.is_empty() {
        return truths;
    }
    let open_rows: Vec<u32> = open.iter().map(|&index| rows.at(index)).collect();
    for (&index, right) in open
        .iter()
        .zip(right.truths(batch, Rows::Some(&open_rows), failures))
    {
        truths[index] = match (truths[index], right) {
            (_, right) if right == decisive => decisive,
            (Truth::Unknown, _) | (_, Truth::Unknown) => Truth::Unknown,
            (_, right) => right,
        };
    }
    truths
}

/// `if(condition, a, b)`: b also where the condition is unknown.
fn choose<'a>(
    arguments: &[Node],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let [condition, then, otherwise] = arguments else {
        unreachable!("binding counted the arguments of if()")
    };
    let truths = condition.truths(batch, rows, failures);
    let rows_where = |wanted: bool| -> Vec<u32> {
        (0..truths.len())
            .filter(|&index| (truths[index] == Truth::True) == wanted)
            .map(|index| rows.at(index))
            .collect()
    };
    let (then_rows, else_rows) = (rows_where(true), rows_where(false));
    let thens = then.eval(batch, Rows::Some(&then_rows), failures);
    let elses = otherwise.eval(batch, Rows::Some(&else_rows), failures);
    let (mut next_then, mut next_else) = (0..thens.len(), 0..elses.len());
    let mut builder = ColumnBuilder::new(truths.len());
    for truth in &truths {
        let value = if *truth == Truth::True {
            next_then.next().map(|row| thens.get(row))
        } else {
            next_else.next().map(|row| elses.get(row))
        };
        builder.push(value.unwrap_or(ValueRef::Null));
    }
    builder.finish()
}

/// The first argument that is not null.
fn coalesce<'a>(
    arguments: &[Node],
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
        builder.push(choice.map_or(ValueRef::Null, |(column, row)| {
            columns[column as usize].get(row as usize)
        }));
    }
    builder.finish()
}

/// Whether a value equals a member of the list; a value that fits no member is one failed conversion.
fn is_one_of(
    values: &Column<'_>,
    list: &[Node],
    members: &[Evaluated<'_, '_>],
    row: usize,
    place: &str,
    failures: &mut Failures,
) -> bool {
    let value = values.get(row);
    let mut misfit = None;
    for (node, member) in list.iter().zip(members) {
        if matches!(node, Node::Constant(constant) if constant.borrow().is_null()) {
            if value.is_null() {
                return true;
            }
            continue;
        }
        match compare(Comparison::Equal, value, member.get(row)) {
            Ok(true) => return true,
            Ok(false) => {}
            Err(found) => misfit = misfit.or(Some(found)),
        }
    }
    if let Some((value, unfit)) = misfit {
        fail(failures, place, value, unfit);
    }
    false
}

/// Arguments up to this many need no list on the heap.
const INLINE_ARGUMENTS: usize = 4;

/// Calls a function row by row.
fn call<'a>(
    def: &FunctionDef,
    mut kernel: impl for<'v> FnMut(&[ValueRef<'v>], &'v mut Vec<u8>) -> Result<ValueRef<'v>, Unfit>,
    takes_null: bool,
    arguments: &[Node],
    batch: &Batch<'a>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Column<'a> {
    let mut builder = ColumnBuilder::new(rows.len());
    let mut scratch = Vec::new();
    each_row(def, takes_null, arguments, batch, rows, failures, |row| {
        scratch.clear();
        match row {
            Some(values) => kernel(values, &mut scratch).map(|value| builder.push(value)),
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
fn call_owned(
    def: &FunctionDef,
    kernel: fn(&[ValueRef<'_>]) -> Result<Value, Unfit>,
    arguments: &[Node],
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

/// Calls `see` for every row with the arguments as the parameters take them, or with nothing where the result
/// is null; counts what does not fit.
#[inline]
fn each_row(
    def: &FunctionDef,
    takes_null: bool,
    arguments: &[Node],
    batch: &Batch<'_>,
    rows: Rows<'_>,
    failures: &mut Failures,
    mut see: impl FnMut(Option<&[ValueRef<'_>]>) -> Result<(), Unfit>,
) {
    let columns: Vec<Evaluated<'_, '_>> = arguments
        .iter()
        .map(|argument| argument.eval(batch, rows, failures))
        .collect();
    let mut texts: Vec<Vec<u8>> = vec![Vec::new(); columns.len()];
    for row in 0..rows.len() {
        for ((index, column), text) in columns.iter().enumerate().zip(&mut texts) {
            if takes_text(def.parameter(index).kind)
                && !matches!(column.get(row), ValueRef::Text(_))
            {
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
        let mut misfit = None;
        for ((index, column), text) in columns.iter().enumerate().zip(&texts) {
            match convert(def.parameter(index).kind, column.get(row), text) {
                Ok(value) => values[index] = value,
                Err(found) => misfit = misfit.or(Some((index, found))),
            }
        }
        let result = match misfit {
            Some((index, (value, unfit))) => {
                fail(failures, arguments[index].place(), value, unfit);
                see(None)
            }
            None if !takes_null && values.iter().any(|value| value.is_null()) => see(None),
            None => see(Some(values)),
        };
        if let Err(unfit) = result {
            let (place, value) = match (arguments.first(), columns.first()) {
                (Some(argument), Some(column)) => (argument.place(), column.get(row)),
                _ => (def.entry.name, ValueRef::Null),
            };
            fail(failures, place, value, unfit);
        }
    }
}

impl FunctionDef {
    /// The parameter that an argument stands for.
    pub fn parameter(&self, index: usize) -> &super::functions::Parameter {
        &self.parameters[index.min(self.parameters.len() - 1)]
    }
}
