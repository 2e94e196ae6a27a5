//! Plans, carried out on a few records by several workers, give what their expressions say step by step.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::aggregate::{Executor, Merged, Partial};
use crate::data::{Batch, Position, write_text};
use crate::expr::Failures;
use crate::stage::{Operator, RecordCounts, Reducer};

/// A record: `k`, then `n`.
type Row = (i64, i64);

/// Stages that turn records of `k` and `n` into such records.
#[derive(Clone, Copy, Debug)]
enum Step {
    Where(i64),
    Add,
    Unused,
    Swap,
    Limit(usize),
    Tail(usize),
    Sort,
    SortDescending,
    Dedup,
    Sum,
    Count,
    Running,
    LargestOfTwo,
    Fold,
    RestOfTotal,
    LargeShare,
}

impl Step {
    fn text(self) -> String {
        match self {
            Step::Where(least) => format!("where n > {least}"),
            Step::Add => "let n = n * 2 + k".to_owned(),
            Step::Unused => "let unused = n - k | running count as also_unused".to_owned(),
            Step::Swap => "select n as k, k as n".to_owned(),
            Step::Limit(rows) => format!("limit {rows}"),
            Step::Tail(rows) => format!("tail {rows}"),
            Step::Sort => "sort n".to_owned(),
            Step::SortDescending => "sort n desc, k".to_owned(),
            Step::Dedup => "dedup k".to_owned(),
            Step::Sum => "sum(n) as n by k".to_owned(),
            Step::Count => "count by k, n | select k, count as n".to_owned(),
            Step::Running => "running sum(n) as s by k | select k, s as n".to_owned(),
            Step::LargestOfTwo => "running max(n) over 2 rows as s | let n = s".to_owned(),
            Step::Fold => "fold s = 0 then s + n by k | select k, s as n".to_owned(),
            Step::RestOfTotal => "let n = total(n) - n".to_owned(),
            Step::LargeShare => "where n * 4 >= total(n)".to_owned(),
        }
    }

    /// True if the rows after it are those of a result, which have a total.
    fn gives_result(self) -> bool {
        matches!(
            self,
            Step::Tail(_)
                | Step::Sort
                | Step::SortDescending
                | Step::Sum
                | Step::Count
                | Step::Fold
                | Step::RestOfTotal
        )
    }

    fn apply(self, mut rows: Vec<Row>) -> Vec<Row> {
        match self {
            Step::Where(least) => rows.retain(|(_, n)| *n > least),
            Step::Add => rows.iter_mut().for_each(|(k, n)| *n = *n * 2 + *k),
            Step::Unused => {}
            Step::Swap => rows.iter_mut().for_each(|(k, n)| std::mem::swap(k, n)),
            Step::Limit(most) => rows.truncate(most),
            Step::Tail(most) => drop(rows.drain(..rows.len().saturating_sub(most))),
            Step::Sort => rows.sort_by_key(|(_, n)| *n),
            Step::SortDescending => rows.sort_by_key(|(k, n)| (-n, *k)),
            Step::Dedup => {
                let mut seen = HashSet::new();
                rows.retain(|(k, _)| seen.insert(*k));
            }
            Step::Sum | Step::Fold => {
                let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
                rows.iter().for_each(|(k, n)| *sums.entry(*k).or_default() += n);
                rows = sums.into_iter().collect();
                rows.sort_by_key(|(_, n)| -n);
            }
            Step::Count => {
                let mut counts: BTreeMap<Row, i64> = BTreeMap::new();
                rows.iter().for_each(|row| *counts.entry(*row).or_default() += 1);
                rows = counts.into_iter().map(|((k, _), count)| (k, count)).collect();
                rows.sort_by_key(|(_, count)| -count);
            }
            Step::Running => {
                let mut sums: HashMap<i64, i64> = HashMap::new();
                for (k, n) in &mut rows {
                    let sum = sums.entry(*k).or_default();
                    *sum += *n;
                    *n = *sum;
                }
            }
            Step::LargestOfTwo => {
                let numbers: Vec<i64> = rows.iter().map(|(_, n)| *n).collect();
                let pairs = numbers.windows(2).map(|pair| pair[0].max(pair[1]));
                rows.iter_mut().skip(1).zip(pairs).for_each(|((_, n), largest)| *n = largest);
            }
            Step::RestOfTotal => {
                let total: i64 = rows.iter().map(|(_, n)| n).sum();
                rows.iter_mut().for_each(|(_, n)| *n = total - *n);
            }
            Step::LargeShare => {
                let total: i64 = rows.iter().map(|(_, n)| n).sum();
                rows.retain(|(_, n)| n * 4 >= total);
            }
        }
        rows
    }
}

/// Steps, none of which needs a total where there is none.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (-1i64..9).prop_map(Step::Where),
        (0usize..9).prop_map(Step::Limit),
        (0usize..9).prop_map(Step::Tail),
        prop::sample::select(vec![
            Step::Add,
            Step::Unused,
            Step::Swap,
            Step::Sort,
            Step::SortDescending,
            Step::Dedup,
            Step::Sum,
            Step::Count,
            Step::Running,
            Step::LargestOfTwo,
            Step::Fold,
            Step::RestOfTotal,
            Step::LargeShare,
        ]),
    ];
    prop::collection::vec(step, 0..7).prop_map(|mut steps| {
        let mut has_result = false;
        steps.retain(|step| {
            let fits = has_result || !matches!(step, Step::RestOfTotal | Step::LargeShare);
            has_result |= step.gives_result() && fits;
            fits
        });
        steps
    })
}

/// Stages that an input may have before it joins.
fn row_by_row() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![(-1i64..9).prop_map(Step::Where), Just(Step::Add), Just(Step::Swap)];
    prop::collection::vec(step, 0..4)
}

/// Runs tasks one after another.
struct Here;

impl Executor for Here {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// The state of a worker: its groups, or its reducer.
struct Worker {
    partial: Option<Partial>,
    reducer: Option<Box<dyn Reducer>>,
}

impl Worker {
    fn of(exchange: &Exchange) -> Worker {
        let (mut partial, mut reducer) = (None, None);
        match exchange {
            Exchange::Grouped(aggregation) => partial = Some(Partial::new(Arc::clone(aggregation))),
            Exchange::Ordered(stage, live) => reducer = stage.reducer(live),
            Exchange::Rows | Exchange::Gather(_) => {}
        }
        Worker { partial, reducer }
    }
}

/// Carries out a plan on the text of each input in turn, a batch of records at a time: its number of lines, and its
/// worker.
fn run(plan: &Plan, texts: &[String], deal: &[(usize, usize)]) -> Vec<Vec<i64>> {
    let mut counts = RecordCounts::default();
    let mut workers: Vec<Worker> = (0..2).map(|_| Worker::of(&plan.exchange)).collect();
    let (mut batches, mut position, mut deal) = (Vec::new(), 0, deal.iter().cycle());
    for (input, text) in plan.inputs.iter().zip(texts) {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut rest = &lines[..];
        while !rest.is_empty() {
            let (size, worker) = deal.next().expect("there is one");
            let (part, after) = rest.split_at((*size).min(rest.len()));
            rest = after;
            let chunk = part.concat();
            let mut batch = input.scanner.scan(chunk.as_bytes(), Position(position));
            position += 1;
            let steps = input.map.iter().chain(&plan.map[input.joins_at..]);
            steps.for_each(|step| step.stage.apply(&mut batch, &step.live, &mut counts));
            match (&plan.exchange, &mut workers[*worker]) {
                (_, Worker { partial: Some(partial), .. }) => partial.update(&batch, &mut Failures::default()),
                (_, Worker { reducer: Some(reducer), .. }) => reducer.reduce(&mut batch, &mut counts),
                (Exchange::Ordered(stage, live), _) => stage.reduce(&mut batch, live, &mut counts),
                _ => {}
            }
            if batch.rows > 0 {
                batches.push(batch.into_owned());
            }
        }
    }
    if let Exchange::Grouped(aggregation) = &plan.exchange {
        let mut merged = Merged::new(Arc::clone(aggregation));
        workers.iter_mut().filter_map(|worker| worker.partial.as_mut()).for_each(|own| merged.add(own.take(), &Here));
        batches = merged.finish(&Here);
    }
    plan.merge.iter().for_each(|step| batches = merge(step, std::mem::take(&mut batches)));
    let cell = |batch: &Batch<'_>, slot: Slot, row: usize| {
        let mut text = Vec::new();
        write_text(batch.column(slot).get(row), &mut text);
        String::from_utf8_lossy(&text).parse().expect("all cells are whole numbers")
    };
    let row = |batch: &Batch<'_>, row| plan.output.columns.slots().map(|slot| cell(batch, slot, row)).collect();
    batches.iter().flat_map(|batch| (0..batch.rows).map(|index| row(batch, index)).collect::<Vec<_>>()).collect()
}

/// A step of the coordinator.
fn merge(step: &MergeStep, mut batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
    let mut counts = RecordCounts::default();
    match step {
        MergeStep::Rows(step) => {
            batches.iter_mut().for_each(|batch| step.stage.apply(batch, &step.live, &mut counts));
            batches.retain(|batch| batch.rows > 0);
            batches
        }
        MergeStep::Ordered(stage, live) => {
            let (mut operator, mut out): (Box<dyn Operator>, _) = (stage.operator(live), Vec::new());
            batches.into_iter().for_each(|batch| operator.push(batch, &mut out, &mut counts));
            operator.finish(&mut out, &mut counts);
            while operator.has_more() {
                operator.finish(&mut out, &mut counts);
            }
            out.retain(|batch| batch.rows > 0);
            out
        }
        MergeStep::Grouped(aggregation) => {
            let mut partial = Partial::new(Arc::clone(aggregation));
            batches.iter().for_each(|batch| partial.update(batch, &mut Failures::default()));
            let mut merged = Merged::new(Arc::clone(aggregation));
            merged.add(partial.take(), &Here);
            merged.finish(&Here)
        }
    }
}

/// Asserts that no step keeps a slot that no later one reads.
fn assert_pruned(plan: &Plan) {
    let mut needed: SlotSet = SlotSet::default();
    plan.output.columns.slots().for_each(|slot| needed.insert(slot));
    let mut check = |live: Option<&SlotSet>, reads: &dyn Fn(&mut SlotSet)| {
        let is_needed = live.is_none_or(|live| live.iter().all(|slot| needed.contains(slot)));
        assert!(is_needed, "{live:?} is kept, and {needed:?} is needed");
        reads(&mut needed);
    };
    for step in plan.merge.iter().rev() {
        match step {
            MergeStep::Rows(step) => check(Some(&step.live), &|slots| step.stage.reads(slots)),
            MergeStep::Ordered(stage, live) => check(Some(live), &|slots| stage.reads(slots)),
            MergeStep::Grouped(aggregation) => check(None, &|slots| aggregation.reads(slots)),
        }
    }
    if let Exchange::Grouped(aggregation) = &plan.exchange {
        check(None, &|slots| aggregation.reads(slots));
    }
    plan.map.iter().rev().for_each(|step| check(Some(&step.live), &|slots| step.stage.reads(slots)));
}

const NUMBERS: &str = "csv as k, n | let k = num(k), n = num(n)";

/// The same with some stages after it.
fn with_stages(text: &str, steps: &[Step]) -> String {
    steps.iter().fold(text.to_owned(), |text, step| text + " | " + &step.text())
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0i64..4, 0i64..9), 0..40)
}

fn text(rows: &[Row]) -> String {
    rows.iter().map(|(k, n)| format!("{k},{n}\n")).collect()
}

fn expected(rows: Vec<Row>, steps: &[Step]) -> Vec<Vec<i64>> {
    let rows = steps.iter().fold(rows, |rows, step| step.apply(rows));
    rows.into_iter().map(|(k, n)| vec![k, n]).collect()
}

fn deals() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((1usize..9, 0usize..2), 1..6)
}

proptest! {
    #[test]
    fn a_plan_gives_what_its_stages_say_one_after_another(steps in steps(), rows in rows(), deal in deals()) {
        let expression = with_stages(NUMBERS, &steps) + " | select k, n";
        let plan = plan(&expression);
        assert_pruned(&plan);
        let texts = [text(&rows)];
        prop_assert_eq!(run(&plan, &texts, &deal), expected(rows, &steps), "{}", expression);
    }

    #[test]
    fn another_input_has_its_own_stages_until_it_joins(
        before in row_by_row(), inner in row_by_row(), steps in steps(), rows in rows(), others in rows(), deal in deals(),
    ) {
        let union = format!(" | union (b | {})", with_stages(NUMBERS, &inner));
        let expression = with_stages(&(with_stages(NUMBERS, &before) + &union), &steps) + " | select k, n";
        let settings = Settings { inputs: vec!["b".to_owned()], ..Settings::from(OutputMode::AsItCame) };
        let plan = Plan::read(&expression, settings).unwrap_or_else(|found| panic!("{expression}: {found:?}"));
        let texts = [text(&rows), text(&others)];
        let rows = before.iter().fold(rows, |rows, step| step.apply(rows));
        let others = inner.iter().fold(others, |rows, step| step.apply(rows));
        prop_assert_eq!(run(&plan, &texts, &deal), expected([rows, others].concat(), &steps), "{}", expression);
    }
}
