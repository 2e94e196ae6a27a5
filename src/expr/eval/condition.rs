//! Conditions in three-valued logic: comparisons, patterns, lists, and connectives.

use super::{Evaluated, Rows, fail};
use crate::data::{Batch, Column, EXPECTED_CONDITION, Instant, Ternary, ValueRef, write_text};
use crate::expr::bound_expr::{BoundExpr, Comparison};
use crate::expr::compare::compare;
use crate::expr::failures::Failures;
use crate::expr::pattern::Pattern;

/// Converts a value to a condition; one that is neither bool, the text of one, nor null counts as a failed conversion.
#[inline]
pub fn truth(value: ValueRef<'_>, place: &str, failures: &mut Failures) -> Ternary {
    value.as_truth().unwrap_or_else(|| {
        failures.add(place, EXPECTED_CONDITION, value);
        Ternary::Unknown
    })
}

/// Returns for each row whether the pattern matches the text of the value; never for null.
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

/// Compares row by row. The most frequent condition, text with constant text, has a path of its own.
pub(super) fn compare_columns(
    op: Comparison,
    lefts: &Column<'_>,
    rights: &Column<'_>,
    place: &str,
    failures: &mut Failures,
) -> Vec<Ternary> {
    if let (Column::Text(texts), Column::Constant(constant, _)) = (lefts, rights)
        && let ValueRef::Text(constant) = constant.borrow()
        && Instant::parse(constant).is_none()
    {
        let one = |row| texts.get(row).is_some_and(|text| op.holds(text.cmp(constant))).into();
        return (0..texts.spans.len()).map(one).collect();
    }
    let mut truths = Vec::with_capacity(lefts.len());
    for row in 0..lefts.len() {
        truths.push(match compare(op, lefts.get(row), rights.get(row)) {
            Ok(holds) => holds.into(),
            Err((value, unfit)) => {
                fail(failures, place, value, unfit);
                Ternary::False
            }
        });
    }
    truths
}

/// `and` (decided by false) and `or` (decided by true) in three-valued logic.
pub(super) fn connect(
    left: &BoundExpr,
    right: &BoundExpr,
    decisive: Ternary,
    batch: &Batch<'_>,
    rows: Rows<'_>,
    failures: &mut Failures,
) -> Vec<Ternary> {
    let mut truths = left.truths(batch, rows, failures);
    let open: Vec<usize> = (0..truths.len()).filter(|&index| truths[index] != decisive).collect();
    if open.is_empty() {
        return truths;
    }
    let open_rows: Vec<u32> = open.iter().map(|&index| rows.at(index)).collect();
    for (&index, right) in open.iter().zip(right.truths(batch, Rows::Some(&open_rows), failures)) {
        truths[index] = match (truths[index], right) {
            (_, right) if right == decisive => decisive,
            (Ternary::Unknown, _) | (_, Ternary::Unknown) => Ternary::Unknown,
            (_, right) => right,
        };
    }
    truths
}

/// True if a value equals a member of the list; a value that fits no member is one failed conversion.
pub(super) fn is_one_of(
    values: &Column<'_>,
    list: &[BoundExpr],
    members: &[Evaluated<'_, '_>],
    row: usize,
    place: &str,
    failures: &mut Failures,
) -> bool {
    let value = values.get(row);
    let mut mismatch = None;
    for (node, member) in list.iter().zip(members) {
        if matches!(node, BoundExpr::Constant(constant) if constant.borrow().is_null()) {
            if value.is_null() {
                return true;
            }
            continue;
        }
        match compare(Comparison::Equal, value, member.get(row)) {
            Ok(true) => return true,
            Ok(false) => {}
            Err(found) => mismatch = mismatch.or(Some(found)),
        }
    }
    if let Some((value, unfit)) = mismatch {
        fail(failures, place, value, unfit);
    }
    false
}
