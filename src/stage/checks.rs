//! What `assert` and `until` have in common: their condition, and what they have seen.

use super::Account;
use crate::data::{Batch, Entry, Slot, SlotSet};
use crate::expr::{BoundExpr, Scope, bind_condition};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, ast};

/// So many of the rows that break an `assert` are kept, to be shown.
pub const SHOWN: usize = 10;

/// A check of a plan, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// As it was written, without the message: `assert count == 0`.
    pub text: String,
    /// What the user wants said when it fails.
    pub message: Option<String>,
    /// What holds the source and the number of a row's record, if the row has one: rows of a result have none.
    pub place: Option<(Slot, Slot)>,
}

/// What an `assert` has seen of some rows.
#[derive(Clone, Debug, Default)]
pub struct AssertCounts {
    /// How many rows.
    pub rows: u64,
    /// How many of them break it.
    pub broken: u64,
    /// The first [`SHOWN`] of those.
    pub shown: Vec<Batch<'static>>,
}

/// What the checks of a plan have seen of some rows.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// By the number of the `assert`; none for those behind the last that has seen a row.
    asserts: Vec<AssertCounts>,
    /// How many rows `until` has judged.
    pub until_rows: u64,
    /// Whether the condition of `until` has come true.
    pub reached: bool,
}

impl AssertCounts {
    /// Adds what was seen of rows behind these.
    fn append(&mut self, behind: AssertCounts) {
        self.rows += behind.rows;
        self.broken += behind.broken;
        let mut room = SHOWN.saturating_sub(self.shown.iter().map(|batch| batch.rows).sum());
        for mut batch in behind.shown {
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
    /// What the `assert` of this number has seen.
    pub fn of(&self, number: usize) -> AssertCounts {
        self.asserts.get(number).cloned().unwrap_or_default()
    }

    /// Whether an `assert` was broken.
    pub fn is_broken(&self) -> bool {
        self.asserts.iter().any(|checked| checked.broken > 0)
    }

    /// The `assert` of this number has seen the rows of a batch, these of which break it. `live` are the slots
    /// that show them.
    pub(super) fn see(&mut self, number: usize, batch: &Batch<'_>, broken: &[u32], live: &SlotSet) {
        let shown = &broken[..broken.len().min(SHOWN)];
        let seen = AssertCounts {
            rows: batch.rows as u64,
            broken: broken.len() as u64,
            shown: match shown {
                [] => Vec::new(),
                rows => vec![batch.pick(rows, live).detach()],
            },
        };
        self.add(number, seen);
    }

    /// Adds what was seen of rows behind these.
    pub fn append(&mut self, behind: Checks) {
        self.until_rows += behind.until_rows;
        self.reached |= behind.reached;
        for (number, seen) in behind.asserts.into_iter().enumerate() {
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

/// Reads the condition of a check; as it was written, and bound. One that reads no field has the same result for
/// every row: it is a mistake, but for `true` and `false` themselves, as `assert false "msg"` allows no rows.
pub(super) fn condition(
    arguments: &mut Arguments<'_>,
    scope: &Scope,
    entry: &Entry,
) -> Result<(String, BoundExpr), Vec<Diagnostic>> {
    let written = arguments.expression("a condition").map_err(|diagnostic| vec![diagnostic.usage(entry.usage)])?;
    let here = arguments.span_here();
    if arguments.equals_sign() {
        return Err(vec![
            Diagnostic::new(here, "`=` assigns; a comparison is `==`")
                .help(format!("write {} {written} == …", entry.name)),
        ]);
    }
    let node = bind_condition(written, scope)?;
    let mut read = SlotSet::default();
    node.reads(&mut read);
    let is_literal = matches!(written.kind, ast::ExprKind::Literal(_));
    if read.iter().next().is_none() && !is_literal && !scope.unknown {
        return Err(vec![constant(written, scope, entry)]);
    }
    Ok((format!("{} {written}", entry.name), node))
}

/// The mistake of a condition that is the same for every row.
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

impl Account {
    /// `until` has judged rows.
    pub(super) fn judge(&mut self, rows: usize) {
        self.checks.until_rows += rows as u64;
    }

    /// The condition of `until` has come true.
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
