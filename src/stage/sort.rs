//! `sort EXPR [desc], …`: sorts all records.

use std::cmp::Ordering;

use super::let_::Assign;
use super::saved_batches::{count_rows, load_batches, save_batches};
use super::{BoundStage, Operator, OrderedStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Column, Entry, Example, HeapBytes, Rank, Slot, SlotSet, take_across};
use crate::expr::{BoundExpr, Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::clauses::reject_constant;
use crate::lang::{Diagnostics, ast};

pub(super) const SORT: StageDef = StageDef {
    entry: Entry {
        name: "sort",
        usage: "sort EXPR [desc], …",
        summary: "Sort all records: numbers by value, then text; null last.",
        details: "The order is false, true, numbers by value, durations, times, text by its bytes, lists, objects, \
                  null. Text that is a number sorts as one, and text that is an RFC 3339 time with a zone as the \
                  instant it names. `desc` reverses each kind, not the order of the kinds: the largest number comes \
                  first, text and blanks after the numbers, null last. Equal records keep their order. With `limit N` \
                  after it, only N records are held.",
        examples: &[
            Example { expr: "sort line", input: "b\n10\n9\na\n", output: "9\n10\na\nb\n" },
            Example { expr: "sort line desc", input: "70\n-\n9\n100\n", output: "100\n70\n9\n-\n" },
            Example {
                expr: "split | count by word | sort count, word desc",
                input: "a b c c\n",
                output: "b\t1\na\t1\nc\t2\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let (mut keys, mut diagnostics) = (Vec::new(), Diagnostics::default());
    let mut computed: Vec<Box<dyn RowStage>> = Vec::new();
    loop {
        let expr = arguments
            .expression("an expression to sort by")
            .map_err(|diagnostic| diagnostic.usage(SORT.entry.usage))?;
        if let Err(constant) = reject_constant(expr) {
            diagnostics.push(constant);
        }
        let direction = if arguments.keyword("desc") { Direction::Descending } else { Direction::Ascending };
        if direction == Direction::Ascending {
            arguments.keyword("asc");
        }
        match bind_expr(expr, scope) {
            Ok(BoundExpr::Field(slot, _)) => keys.push(SortKey { slot, direction }),
            Ok(node) => {
                // Workers compute it once per row, so failed conversions are also counted once.
                let slot = scope.new_slot();
                computed.push(Box::new(Assign { node, slot }));
                keys.push(SortKey { slot, direction });
            }
            Err(found) => diagnostics.extend(found),
        }
        if !arguments.comma() {
            break;
        }
    }
    if let Err(diagnostic) = arguments.finish(SORT.entry.usage) {
        diagnostics.push(diagnostic);
    }
    diagnostics.into_result(BoundStage::Ordered(computed, Box::new(Sort { keys, limit: None })))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

#[derive(Clone, Debug)]
struct SortKey {
    slot: Slot,
    direction: Direction,
}

/// Sorts all rows, or finds the first ones.
#[derive(Debug)]
struct Sort {
    keys: Vec<SortKey>,
    limit: Option<usize>,
}

impl OrderedStage for Sort {
    fn reads(&self, slots: &mut SlotSet) {
        self.keys.iter().for_each(|key| slots.insert(key.slot));
    }

    fn is_blocking(&self) -> bool {
        true
    }

    fn merges_parts(&self) -> bool {
        true
    }

    fn memory(&self) -> String {
        match self.limit {
            Some(limit) => format!("a few times {limit} records"),
            None => "all records".to_owned(),
        }
    }

    fn take_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let Some(limit) = self.limit.filter(|limit| *limit < batch.rows) else {
            return;
        };
        let mut rows: Vec<u32> =
            sorted(&self.keys, &[key_columns(&self.keys, batch)]).into_iter().take(limit).map(|(_, row)| row).collect();
        rows.sort_unstable();
        let mut needed = live.clone();
        self.reads(&mut needed);
        batch.keep_rows(&rows, &needed);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        let mut needed = live.clone();
        self.reads(&mut needed);
        Box::new(SortOperator { keys: self.keys.clone(), limit: self.limit, needed, held: Vec::new(), held_rows: 0 })
    }
}

/// Holds rows until all are in; with a limit, at most a few times as many as needed.
struct SortOperator {
    keys: Vec<SortKey>,
    limit: Option<usize>,
    needed: SlotSet,
    held: Vec<Batch<'static>>,
    held_rows: usize,
}

/// With a limit, surplus rows are dropped once there are this many.
const SPARE_ROWS: usize = 1 << 14;

impl SortOperator {
    /// Sorts the held rows and drops the surplus.
    fn sort(&mut self) {
        self.held = self.sorted();
        self.held_rows = count_rows(&self.held);
    }

    /// Returns the held rows in order, without the surplus.
    fn sorted(&self) -> Vec<Batch<'static>> {
        let columns: Vec<Vec<&Column<'static>>> =
            self.held.iter().map(|batch| key_columns(&self.keys, batch)).collect();
        let mut rows = sorted(&self.keys, &columns);
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        take_across(&self.held, &rows, &self.needed)
    }
}

impl Operator for SortOperator {
    fn push(&mut self, batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        self.held_rows += batch.rows;
        self.held.push(batch);
        if self.limit.is_some_and(|limit| self.held_rows > limit.saturating_mul(2).saturating_add(SPARE_ROWS)) {
            self.sort();
        }
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        self.sort();
        out.append(&mut self.held);
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        self.sorted()
    }
}

impl Stateful for SortOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        save_batches(self.held.iter(), out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let keys: Vec<Slot> = self.keys.iter().map(|key| key.slot).collect();
        self.held = load_batches(&keys, input)?;
        self.held_rows = count_rows(&self.held);
        Ok(())
    }
}

impl HeapBytes for SortOperator {
    fn heap_bytes(&self) -> usize {
        self.held.heap_bytes()
    }
}

/// The columns of all keys.
fn key_columns<'b, 'a>(keys: &[SortKey], batch: &'b Batch<'a>) -> Vec<&'b Column<'a>> {
    keys.iter().map(|key| batch.column(key.slot)).collect()
}

/// Sorts the rows of all batches. Ranks are computed once per row, not per comparison.
fn sorted(keys: &[SortKey], columns: &[Vec<&Column<'_>>]) -> Vec<(u32, u32)> {
    let mut rows = Vec::new();
    let mut ranks: Vec<Rank<'_>> = Vec::new();
    for (batch, columns) in columns.iter().enumerate() {
        for row in 0..columns.first().map_or(0, |column| column.len()) {
            rows.push((batch as u32, row as u32));
            ranks.extend(columns.iter().map(|column| Rank::of(column.get(row))));
        }
    }
    let width = keys.len();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&left, &right| {
        let pairs = ranks[left * width..].iter().zip(&ranks[right * width..]).zip(keys);
        pairs
            .map(|((left, right), key)| key.direction.compare(left, right))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    order.into_iter().map(|index| rows[index]).collect()
}

impl Direction {
    /// Numbers before text, nulls last in both directions.
    fn compare(self, left: &Rank<'_>, right: &Rank<'_>) -> Ordering {
        match self {
            Direction::Descending => left.descending(right),
            Direction::Ascending => left.cmp(right),
        }
    }
}
