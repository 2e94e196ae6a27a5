//! `sort EXPR [desc], …`: sorts all records.

use std::cmp::Ordering;
use std::sync::Arc;

use super::let_::Assign;
use super::saved_batches::{count_rows, load_batches, save_batches};
use super::{BoundStage, Operator, OrderedStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::budget::{Budget, Held, Merge, SortedRun, SortedRuns};
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{
    Batch, Column, Direction, Entry, Example, HeapBytes, Rank, RowKey, RowOrder, Slot, SlotSet, take_across,
};
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
            Ok(BoundExpr::Field(slot, _)) => keys.push((slot, direction)),
            Ok(node) => {
                // Workers compute it once per row, so failed conversions are also counted once.
                let slot = scope.new_slot();
                computed.push(Box::new(Assign { node, slot }));
                keys.push((slot, direction));
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
    diagnostics
        .into_result(BoundStage::Ordered(computed, Box::new(Sort { order: RowOrder { columns: keys }, limit: None })))
}

/// The stage that sorts by a column, ascending.
pub(super) fn by(slot: Slot) -> Box<dyn OrderedStage> {
    Box::new(Sort { order: RowOrder { columns: vec![(slot, Direction::Ascending)] }, limit: None })
}

/// Sorts all rows, or finds the first ones.
#[derive(Debug)]
struct Sort {
    order: RowOrder,
    limit: Option<usize>,
}

impl OrderedStage for Sort {
    fn reads(&self, slots: &mut SlotSet) {
        self.order.columns.iter().for_each(|(slot, _)| slots.insert(*slot));
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
            None => "all records, in files over --memory".to_owned(),
        }
    }

    fn take_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let Some(limit) = self.limit.filter(|limit| *limit < batch.rows) else {
            return;
        };
        let sorted = sorted(&self.order, std::slice::from_ref(batch)).into_iter().take(limit);
        let mut rows: Vec<u32> = sorted.map(|(_, row)| row).collect();
        rows.sort_unstable();
        let mut needed = live.clone();
        self.reads(&mut needed);
        batch.keep_rows(&rows, &needed);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        let mut needed = live.clone();
        self.reads(&mut needed);
        let budget = Budget::unlimited();
        Box::new(SortOperator {
            limit: self.limit,
            runs: SortedRuns::new(SORT.entry.name, self.order.clone(), needed.clone(), &budget),
            reserved: budget.hold(),
            needed,
            held: Vec::new(),
            held_rows: 0,
            merge: None,
            has_more: false,
        })
    }
}

/// Holds rows until all are in; with a limit, at most a few times as many as needed. Over the memory budget, the held
/// rows become a sorted run in a file.
struct SortOperator {
    limit: Option<usize>,
    needed: SlotSet,
    held: Vec<Batch<'static>>,
    held_rows: usize,
    /// The bytes of the held rows, with those for sorting them.
    reserved: Held,
    runs: SortedRuns,
    /// The runs while they are emitted.
    merge: Option<Merge>,
    has_more: bool,
}

/// With a limit, surplus rows are dropped once there are this many.
const SPARE_ROWS: usize = 1 << 14;

impl SortOperator {
    /// Sorts the held rows and drops the surplus.
    fn sort(&mut self) {
        self.held = self.sorted();
        self.held_rows = count_rows(&self.held);
        self.measure();
    }

    /// Returns the held rows in order, without the surplus.
    fn sorted(&self) -> Vec<Batch<'static>> {
        take_across(&self.held, &self.sorted_rows(), &self.needed)
    }

    fn sorted_rows(&self) -> Vec<(u32, u32)> {
        let mut rows = sorted(self.runs.order(), &self.held);
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        rows
    }

    /// Counts all held rows again.
    fn measure(&mut self) {
        if !self.reserved.budget().is_unlimited() {
            self.reserved.set(self.held.iter().map(|batch| self.bytes_of(batch)).sum());
        }
    }

    /// The bytes of a batch, with those for sorting it.
    fn bytes_of(&self, batch: &Batch<'static>) -> usize {
        let ranks = (self.runs.order().columns.len() - 1) * size_of::<Rank<'_>>();
        batch.heap_bytes() + batch.rows * (size_of::<SortedRow>() + ranks)
    }

    /// Writes the held rows to a file, in order. They stay in memory if that fails.
    fn spill(&mut self) {
        let rows = self.sorted_rows();
        let row_bytes = self.reserved.bytes() / self.held_rows.max(1);
        let blocks = rows.chunks(self.runs.block_rows(row_bytes));
        let run = self.runs.write(blocks.flat_map(|rows| take_across(&self.held, rows, &self.needed)));
        if run.is_spilled() {
            self.runs.add(run);
            self.held = Vec::new();
            self.held_rows = 0;
            self.reserved.set(0);
        }
    }

    /// Returns copies of all rows: the runs, then those held.
    fn all(&self) -> Vec<Batch<'static>> {
        let in_runs = self.runs.runs().iter().flat_map(SortedRun::iter);
        in_runs.chain(self.held.iter().cloned()).collect()
    }
}

impl Operator for SortOperator {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.runs.limit(budget);
        self.reserved = budget.hold();
    }

    fn push(&mut self, batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        self.held_rows += batch.rows;
        if !self.reserved.budget().is_unlimited() {
            self.reserved.set(self.reserved.bytes() + self.bytes_of(&batch));
        }
        self.held.push(batch);
        if self.limit.is_some_and(|limit| self.held_rows > limit.saturating_mul(2).saturating_add(SPARE_ROWS)) {
            self.sort();
        }
        if self.reserved.budget().must_spill(self.reserved.bytes()) {
            self.spill();
        }
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        if self.merge.is_none() {
            if self.runs.is_empty() {
                self.sort();
                out.append(&mut self.held);
                self.reserved.set(0);
                return;
            }
            self.spill();
            self.sort();
            self.runs.add(std::mem::take(&mut self.held));
            self.merge = Some(self.runs.take().merge());
        }
        let most = self.limit.get_or_insert(usize::MAX);
        let next = self.merge.as_mut().filter(|_| *most > 0).and_then(Iterator::next);
        self.has_more = next.is_some();
        if let Some(mut batch) = next {
            batch.truncate(*most, &self.needed);
            *most -= batch.rows;
            out.push(batch);
        }
    }

    fn has_more(&self) -> bool {
        self.has_more
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        if self.runs.is_empty() {
            return self.sorted();
        }
        let all = self.all();
        let mut rows = sorted(self.runs.order(), &all);
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        take_across(&all, &rows, &self.needed)
    }
}

impl Stateful for SortOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        match self.runs.is_empty() {
            true => save_batches(self.held.iter(), out),
            false => save_batches(self.all().iter(), out),
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let keys: Vec<Slot> = self.runs.order().columns.iter().map(|(slot, _)| *slot).collect();
        self.held = load_batches(&keys, input)?;
        self.held_rows = count_rows(&self.held);
        self.measure();
        Ok(())
    }
}

impl HeapBytes for SortOperator {
    fn heap_bytes(&self) -> usize {
        self.held.heap_bytes() + self.runs.heap_bytes()
    }
}

/// A row with its key.
#[derive(Clone, Copy)]
struct SortedRow {
    key: RowKey,
    batch: u32,
    row: u32,
}

/// Sorts the rows of all batches. Keys are computed once per row, not per comparison; so are the ranks of the columns
/// after the first, for keys that do not decide.
fn sorted(order: &RowOrder, batches: &[Batch<'_>]) -> Vec<(u32, u32)> {
    let mut rows: Vec<SortedRow> = Vec::with_capacity(batches.iter().map(|batch| batch.rows).sum());
    for (index, batch) in (0..).zip(batches) {
        let mut row = 0;
        order.add_keys(batch, |key| {
            rows.push(SortedRow { key, batch: index, row });
            row += 1;
        });
    }
    let rest = &order.columns[1..];
    let ranks: Vec<Vec<Rank<'_>>> = batches.iter().map(|batch| ranks_of(batch, rest)).collect();
    let rank = |row: &SortedRow, index: usize| &ranks[row.batch as usize][row.row as usize * rest.len() + index];
    rows.sort_by(|left, right| {
        if let Some(order) = left.key.decide(right.key) {
            return order;
        }
        let value = |row: &SortedRow| (&batches[row.batch as usize], row.row as usize, row.key);
        let by_first = order.compare_first(value(left), value(right));
        by_first.then_with(|| {
            let by_rank = |index: usize| rest[index].1.compare_ranks(rank(left, index), rank(right, index));
            (0..rest.len()).map(by_rank).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })
    });
    rows.into_iter().map(|row| (row.batch, row.row)).collect()
}

/// The ranks of some columns, row by row.
fn ranks_of<'b>(batch: &'b Batch<'_>, columns: &[(Slot, Direction)]) -> Vec<Rank<'b>> {
    let columns: Vec<&'b Column<'_>> = columns.iter().map(|(slot, _)| batch.column(*slot)).collect();
    let mut ranks = Vec::with_capacity(batch.rows * columns.len());
    for row in 0..batch.rows {
        ranks.extend(columns.iter().map(|column| Rank::of(column.get(row))));
    }
    ranks
}
