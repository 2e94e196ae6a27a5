//! Ordered stages against their definitions, however the stream is cut into batches.

use proptest::prelude::*;

use super::*;
use crate::data::persist::{StateError, StateReader};
use crate::data::{Column, Position};

mod keyed;
mod row_by_row;
mod values;

/// An ordered stage on records of a key, a time and a number, as a worker and the coordinator run it.
struct Bench {
    computed: RowStages,
    stage: Box<dyn OrderedStage>,
    /// The slots of the fields `k`, `t` and `n`.
    fields: [Slot; 3],
    /// The slots that are read after the stage.
    live: SlotSet,
}

/// Takes the work of a stage: row by row, or ordered after row-by-row steps.
#[derive(Default)]
struct AddedWork {
    scope: Scope,
    rows: RowStages,
    ordered: Option<Box<dyn OrderedStage>>,
}

impl Binder for AddedWork {
    fn add(&mut self, work: BoundStage) -> Result<(), Diagnostics> {
        match work {
            BoundStage::Deferred(bind) => return bind(self),
            BoundStage::Ordered(computed, stage) => (self.rows, self.ordered) = (computed, Some(stage)),
            BoundStage::Rows(stages) => self.rows.extend(stages),
            BoundStage::Extract(_) => panic!("unexpected decoder"),
        }
        Ok(())
    }

    fn set_until(&mut self, _check: Check) {}

    fn rewrite(&mut self, stage: &ast::Stage) -> Result<(), Diagnostics> {
        panic!("unexpected stage `{stage}`")
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn scope_mut(&mut self) -> &mut Scope {
        &mut self.scope
    }

    fn plan_table(&self, path: String, _stages: &[ast::Stage]) -> Result<std::sync::Arc<dyn TableReader>, Diagnostics> {
        panic!("unexpected file {path}")
    }

    fn add_totals(&mut self, _totals: Vec<Box<dyn OrderedStage>>) {
        panic!("unexpected totals")
    }

    fn print_lines(&mut self, _slot: Slot) {}

    fn add_assert(&mut self, check: Check) -> usize {
        panic!("unexpected check {check:?}")
    }

    fn add_running(&mut self) -> Result<(), Diagnostics> {
        panic!("unexpected aggregates")
    }

    fn unite(&mut self, _clause: UnionClause) -> Result<(), Diagnostics> {
        panic!("unexpected source")
    }

    fn join(&mut self, _clause: JoinClause) -> Result<(), Diagnostics> {
        panic!("unexpected source")
    }
}

/// The values of the fields `k`, `t` and `n`.
type Cells = [Value; 3];

/// The last column of the rows that a stage emits.
struct Ran<V = i64> {
    rows: Vec<V>,
    /// The snapshot before the end of the input.
    snapshot: Vec<V>,
    is_done: bool,
    filtered: u64,
}

impl Bench {
    /// Binds a stage that reads the fields `k`, `t` and `n`.
    fn new(text: &str) -> Bench {
        let pipeline = crate::lang::parse(text).expect("the test's own text");
        let def = pipeline.stages[0].head.as_word().and_then(find).expect("a stage");
        let mut scope = Scope::new();
        let fields = ["k", "t", "n"].map(|name| scope.set(name));
        let bound = (def.bind)(&pipeline.stages[0], &mut scope).expect("the test's own text");
        let mut added = AddedWork::default();
        added.add(bound).expect("the test's own text");
        let (computed, stage) = (added.rows, added.ordered.expect("a stage that needs the records in order"));
        let mut live = SlotSet::default();
        scope.fields().iter().for_each(|field| live.insert(field.slot));
        stage.makes().into_iter().for_each(|made| live.insert(made));
        Bench { computed, stage, fields, live }
    }

    /// The stage that adds the total of an expression to each row, in the last column.
    fn of_total(text: &str) -> Bench {
        let mut scope = Scope::new();
        let fields = ["k", "t", "n"].map(|name| scope.set(name));
        scope.is_result = true;
        let pipeline = crate::lang::parse(&format!("where total({text}) > 0")).expect("the test's own text");
        let ast::Argument::Expr(condition) = &pipeline.stages[0].arguments[0] else { panic!("no condition") };
        crate::expr::bind(condition, &scope).expect("the test's own text");
        let stage = totals(&scope).pop().expect("one total");
        let mut live = SlotSet::default();
        fields.into_iter().chain(stage.makes()).for_each(|slot| live.insert(slot));
        Bench { computed: Vec::new(), stage, fields, live }
    }

    /// The same with keys that are forgotten after this long.
    fn forgetting(mut self, ns: i64) -> Bench {
        self.stage.remember(&Memory { forget: Some((ns, self.fields[1])), ..Memory::default() });
        self
    }

    fn run(&self, numbers: &[i64], cuts: &[usize]) -> Ran {
        let rows: Vec<(i64, i64, i64)> = numbers.iter().zip(0..).map(|(number, time)| (0, time, *number)).collect();
        self.run_rows(&rows, cuts)
    }

    /// The batches of some rows as the workers hand them over, before they are reduced.
    fn batches(&self, rows: &[(i64, i64, i64)], cuts: &[usize]) -> Vec<Batch<'static>> {
        self.batches_of(&cells(rows), cuts)
    }

    fn batches_of(&self, rows: &[Cells], cuts: &[usize]) -> Vec<Batch<'static>> {
        let mut needed = self.live.clone();
        self.fields.iter().for_each(|slot| needed.insert(*slot));
        self.stage.reads(&mut needed);
        let (mut start, mut batches) = (0, Vec::new());
        for end in cuts.iter().map(|cut| cut % (rows.len() + 1)).chain([rows.len()]) {
            if end <= start {
                continue;
            }
            let part = &rows[start..end];
            let mut batch = Batch::new(part.len(), Position(start as u64));
            for (index, slot) in self.fields.iter().enumerate() {
                batch.set(*slot, part.iter().map(|row| row[index].borrow()).collect());
            }
            self.computed.iter().for_each(|step| step.apply(&mut batch, &needed, &mut RecordCounts::default()));
            batches.push(batch);
            start = end;
        }
        batches
    }

    fn run_rows(&self, rows: &[(i64, i64, i64)], cuts: &[usize]) -> Ran {
        let ran = self.run_cells(&cells(rows), cuts);
        Ran { rows: ints(ran.rows), snapshot: ints(ran.snapshot), is_done: ran.is_done, filtered: ran.filtered }
    }

    /// Runs the stage. The operator is saved and loaded before each batch.
    fn run_cells(&self, rows: &[Cells], cuts: &[usize]) -> Ran<Value> {
        self.run_batches(self.batches_of(rows, cuts))
    }

    fn run_batches(&self, batches: Vec<Batch<'static>>) -> Ran<Value> {
        let mut counts = RecordCounts::default();
        let mut operator = self.stage.operator(&self.live);
        let mut out = Vec::new();
        for mut batch in batches {
            operator = self.reloaded(operator.as_ref());
            self.stage.reduce(&mut batch, &self.live, &mut counts);
            if batch.rows > 0 {
                operator.push(batch, &mut out, &mut counts);
            }
        }
        let snapshot = self.last_column(&operator.snapshot());
        let is_done = operator.is_done();
        operator.finish(&mut out, &mut counts);
        while operator.has_more() {
            operator.finish(&mut out, &mut counts);
        }
        Ran { rows: self.last_column(&out), snapshot, is_done, filtered: counts.filtered }
    }

    fn reloaded(&self, operator: &dyn Operator) -> Box<dyn Operator> {
        let mut bytes = Vec::new();
        operator.save_state(&mut bytes);
        let mut again = self.stage.operator(&self.live);
        again.load_state(&mut StateReader::new(&bytes)).expect("its own bytes");
        again
    }

    fn last_column(&self, rows: &[Batch<'static>]) -> Vec<Value> {
        let slot = self.live.iter().last().expect("a field");
        let value = |batch, row| Batch::column(batch, slot).get(row).to_value();
        rows.iter().flat_map(|batch| (0..batch.rows).map(move |row| value(batch, row))).collect()
    }

    fn numbers(&self, rows: &[Batch<'static>]) -> Vec<i64> {
        ints(self.last_column(rows))
    }
}

fn cells(rows: &[(i64, i64, i64)]) -> Vec<Cells> {
    rows.iter().map(|row| [Value::Int(row.0), Value::Time(row.1), Value::Int(row.2)]).collect()
}

fn ints(values: Vec<Value>) -> Vec<i64> {
    let int = |value| match value {
        Value::Int(number) => number,
        other => panic!("expected a number, found {other:?}"),
    };
    values.into_iter().map(int).collect()
}

fn numbers() -> impl Strategy<Value = (Vec<i64>, Vec<usize>)> {
    (prop::collection::vec(0i64..9, 0..60), prop::collection::vec(0usize..60, 0..5))
}

proptest! {
    #[test]
    fn limit_passes_the_first_rows((numbers, mut cuts) in numbers()) {
        cuts.sort_unstable();
        let ran = Bench::new("limit 7").run(&numbers, &cuts);
        prop_assert_eq!(&ran.rows, &numbers[..numbers.len().min(7)]);
        prop_assert_eq!(ran.is_done, numbers.len() >= 7);
        prop_assert_eq!(ran.filtered as usize, numbers.len() - ran.rows.len());
    }

    #[test]
    fn tail_keeps_the_last_rows((numbers, mut cuts) in numbers()) {
        cuts.sort_unstable();
        let ran = Bench::new("tail 7").run(&numbers, &cuts);
        prop_assert_eq!(&ran.rows, &numbers[numbers.len().saturating_sub(7)..]);
        prop_assert_eq!(ran.snapshot, ran.rows);
    }

    #[test]
    fn sort_orders_all_rows_or_the_first((numbers, mut cuts) in numbers()) {
        cuts.sort_unstable();
        let mut bench = Bench::new("sort n desc");
        let mut expected = numbers.clone();
        expected.sort_by_key(|number| std::cmp::Reverse(*number));
        let ran = bench.run(&numbers, &cuts);
        prop_assert_eq!(&ran.rows, &expected);
        prop_assert_eq!(&ran.snapshot, &expected);
        bench.stage.take_limit(5);
        expected.truncate(5);
        prop_assert_eq!(bench.run(&numbers, &cuts).rows, expected);
    }

    #[test]
    fn dedup_keeps_the_first_of_each_key((numbers, mut cuts) in numbers()) {
        cuts.sort_unstable();
        let ran = Bench::new("dedup n % 4").run(&numbers, &cuts);
        let mut seen = std::collections::HashSet::new();
        let expected: Vec<i64> = numbers.iter().copied().filter(|number| seen.insert(number % 4)).collect();
        prop_assert_eq!(&ran.rows, &expected);
        prop_assert_eq!(ran.filtered as usize, numbers.len() - expected.len());
    }

    #[test]
    fn until_passes_rows_up_to_the_first_that_is_true((numbers, mut cuts) in numbers()) {
        cuts.sort_unstable();
        let ran = Bench::new("until n == 8").run(&numbers, &cuts);
        let end = numbers.iter().position(|number| *number == 8);
        prop_assert_eq!(&ran.rows, &numbers[..end.map_or(numbers.len(), |end| end + 1)]);
        prop_assert_eq!(ran.is_done, end.is_some());
    }

    #[test]
    fn fold_goes_through_the_rows_in_order((numbers, mut cuts) in numbers()) {
        cuts.sort_unstable();
        let step = |state: i64, number: &i64| (state * 3 + number) % 1000;
        let expected = numbers.iter().fold(1, step);
        let ran = Bench::new("fold s = 1 then (s * 3 + n) % 1000").run(&numbers, &cuts);
        prop_assert_eq!(&ran.rows, &[expected]);
        prop_assert_eq!(ran.snapshot, ran.rows);
        let states = numbers.iter().scan(1, |state, number| {
            *state = step(*state, number);
            Some(*state)
        });
        let ran = Bench::new("running fold s = 1 then (s * 3 + n) % 1000").run(&numbers, &cuts);
        prop_assert_eq!(ran.rows, states.collect::<Vec<_>>());
    }
}

#[test]
fn duplicate_columns_are_reported_at_the_later_one() {
    let span = |start| ast::Span { start, end: start + 1 };
    let columns = [("a", span(0)), ("b", span(2)), ("a", span(4)), ("a", span(6))];
    let found = duplicate_columns(columns, Some("rename it"));
    assert_eq!(found.iter().map(|diagnostic| diagnostic.span.start).collect::<Vec<_>>(), [4, 6]);
    assert_eq!(found[0].message, "two columns are named `a`");
}
