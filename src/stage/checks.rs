//! The shared part of `assert` and `until`: their condition, and the rows they have seen.

use super::RecordCounts;
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Batch, Entry, HeapBytes, Slot, SlotSet};
use crate::expr::{BoundExpr, Scope, bind_condition};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

/// Maximum number of violating rows that are kept to be shown.
pub const SHOWN: usize = 10;

/// A check, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// As it was written, without the message: `assert count == 0`.
    pub text: String,
    /// The user's message for a failure.
    pub message: Option<String>,
    /// The slots of the record's source and number; `None` for rows of a result.
    pub place: Option<(Slot, Slot)>,
}

/// The rows seen by an `assert`.
#[derive(Clone, Debug, Default)]
pub struct AssertCounts {
    /// Number of rows.
    pub rows: u64,
    /// Number of rows that violate it.
    pub broken: u64,
    /// The first [`SHOWN`] of these.
    pub shown: Vec<Batch<'static>>,
}

/// The rows seen by the checks of a plan.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// By index of the `assert`; shorter if the last ones have seen no row.
    asserts: Vec<AssertCounts>,
    /// Number of rows that `until` has judged.
    pub until_rows: u64,
    /// True once the condition of `until` was true.
    pub reached: bool,
}

impl AssertCounts {
    /// Appends the counts of later rows.
    fn append(&mut self, later: AssertCounts) {
        self.rows += later.rows;
        self.broken += later.broken;
        let mut room = SHOWN.saturating_sub(self.shown.iter().map(|batch| batch.rows).sum());
        for mut batch in later.shown {
            let live = batch.slots();
            batch.truncate(room, &live);
            room -= batch.rows;
            if batch.rows > 0 {
                self.shown.push(batch);
            }
        }
    }
}

impl Checks {
    /// The counts of an `assert`.
    pub fn of(&self, number: usize) -> AssertCounts {
        self.asserts.get(number).cloned().unwrap_or_default()
    }

    /// True if an `assert` was violated.
    pub fn is_broken(&self) -> bool {
        self.asserts.iter().any(|checked| checked.broken > 0)
    }

    /// Counts the rows of a batch for an `assert`; `broken` violate it. `live` are the slots to show.
    pub(super) fn see(&mut self, number: usize, batch: &Batch<'_>, broken: &[u32], live: &SlotSet) {
        let shown = &broken[..broken.len().min(SHOWN)];
        let seen = AssertCounts {
            rows: batch.rows as u64,
            broken: broken.len() as u64,
            shown: match shown {
                [] => Vec::new(),
                rows => vec![batch.select(rows, live).into_owned()],
            },
        };
        self.add(number, seen);
    }

    /// Appends the counts of later rows.
    pub fn append(&mut self, later: Checks) {
        self.until_rows += later.until_rows;
        self.reached |= later.reached;
        for (number, seen) in later.asserts.into_iter().enumerate() {
            self.add(number, seen);
        }
    }

    fn add(&mut self, number: usize, seen: AssertCounts) {
        if self.asserts.len() <= number {
            self.asserts.resize_with(number + 1, AssertCounts::default);
        }
        self.asserts[number].append(seen);
    }
}

impl Persist for AssertCounts {
    fn save(&self, out: &mut Vec<u8>) {
        self.rows.save(out);
        self.broken.save(out);
        self.shown.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let counts = AssertCounts { rows: u64::load(input)?, broken: u64::load(input)?, shown: Vec::load(input)? };
        let shown: u64 = counts.shown.iter().map(|batch| batch.rows as u64).sum();
        let is_sound = counts.broken <= counts.rows && shown == counts.broken.min(SHOWN as u64);
        if is_sound { Ok(counts) } else { Err(StateError::Damaged) }
    }
}

impl Persist for Checks {
    fn save(&self, out: &mut Vec<u8>) {
        self.asserts.save(out);
        self.until_rows.save(out);
        self.reached.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Checks { asserts: Vec::load(input)?, until_rows: u64::load(input)?, reached: bool::load(input)? })
    }
}

impl HeapBytes for AssertCounts {
    fn heap_bytes(&self) -> usize {
        self.shown.heap_bytes()
    }
}

impl HeapBytes for Checks {
    fn heap_bytes(&self) -> usize {
        self.asserts.heap_bytes()
    }
}

/// Reads and binds the condition of a check; also returns its text. A condition that reads no field is constant,
/// which is an error except for `true` and `false`: `assert false "msg"` allows no rows.
pub(super) fn condition(
    arguments: &mut Arguments<'_>,
    scope: &Scope,
    entry: &Entry,
) -> Result<(String, BoundExpr), Diagnostics> {
    let written = arguments.expression("a condition").map_err(|diagnostic| diagnostic.usage(entry.usage))?;
    let here = arguments.span_here();
    if arguments.equals_sign() {
        return Err(Diagnostics::from(
            Diagnostic::new(here, "`=` assigns; use `==` to compare")
                .help(format!("write {} {written} == …", entry.name)),
        ));
    }
    let node = bind_condition(written, scope)?;
    let mut read = SlotSet::default();
    node.reads(&mut read);
    let is_literal = matches!(written.kind, ast::ExprKind::Literal(_));
    if read.iter().next().is_none() && !is_literal && !scope.poisoned {
        return Err(Diagnostics::from(constant(written, scope, entry)));
    }
    Ok((format!("{} {written}", entry.name), node))
}

/// The error of a constant condition.
fn constant(written: &ast::Expr, scope: &Scope, entry: &Entry) -> Diagnostic {
    let message = format!("expected a condition on a field, found `{written}`");
    let diagnostic = Diagnostic::new(written.span, message);
    match scope.fields().first() {
        Some(field) if field.name == "line" => {
            diagnostic.help(format!("it is the same for every row; write {} len(line) < 80", entry.name))
        }
        Some(field) => {
            diagnostic.help(format!("it is the same for every row; write {} {} > 0", entry.name, field.name))
        }
        None => diagnostic.usage(entry.usage),
    }
}

impl RecordCounts {
    /// Counts rows that `until` has judged.
    pub(super) fn judge(&mut self, rows: usize) {
        self.checks.until_rows += rows as u64;
    }

    /// The condition of `until` is true.
    pub(super) fn reach(&mut self) {
        self.checks.reached = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Position, Validity, ValueRef};

    fn numbers(numbers: std::ops::Range<i64>) -> Batch<'static> {
        let mut batch = Batch::new(numbers.clone().count(), Position::default());
        batch.set(Slot(0), Column::Int(numbers.collect(), Validity::ALL));
        batch
    }

    #[test]
    fn the_first_broken_rows_are_shown_however_the_rows_are_cut() {
        for cut in 0..=30 {
            let mut live = SlotSet::default();
            live.insert(Slot(0));
            let mut checks = Checks::default();
            for part in [numbers(0..cut), numbers(cut..30)] {
                let mut own = Checks::default();
                let breaks = |row: &u32| {
                    let value = part.column(Slot(0)).get(*row as usize);
                    matches!(value, ValueRef::Int(number) if number >= 7)
                };
                let broken: Vec<u32> = (0..part.rows as u32).filter(breaks).collect();
                own.see(1, &part, &broken, &live);
                checks.append(own);
            }
            let checked = checks.of(1);
            assert_eq!((checked.rows, checked.broken), (30, 23), "cut at {cut}");
            let shown: Vec<String> = checked
                .shown
                .iter()
                .flat_map(|batch| (0..batch.rows).map(|row| batch.column(Slot(0)).get(row)))
                .map(|value| format!("{value:?}"))
                .collect();
            let wanted: Vec<String> = (7..17).map(|number| format!("{:?}", ValueRef::Int(number))).collect();
            assert_eq!(shown, wanted, "cut at {cut}");
            assert_eq!(checks.of(0).rows, 0);
        }
    }
}
