//! The stages after the exchange: the counts of their records, and provisional results.

use super::*;
use crate::data::{Position, Slot, Validity};
use crate::engine::executor::tests::Serial;
use crate::plan::OutputMode;

static SERIAL: Serial = Serial;

fn plan(expression: &str) -> Plan {
    let pipeline = crate::lang::parse(expression).expect("an expression");
    Plan::of(&pipeline, OutputMode::AsItCame).expect("a plan")
}

/// Rows with the same value in all slots that a plan could read.
fn batch(values: &[i64]) -> Batch<'static> {
    let mut batch = Batch::new(values.len(), Position(0));
    for slot in 0..30 {
        batch.set(Slot(slot), Column::Int(values.to_vec(), Validity::ALL));
    }
    batch
}

fn rows(batches: &[Batch<'static>]) -> usize {
    batches.iter().map(|batch| batch.rows).sum()
}

/// The rows that come out, and the counts of passed, filtered and retracted records.
fn counts(expression: &str, values: &[i64]) -> (usize, u64, u64, u64) {
    let plan = plan(expression);
    let mut whole = Chain::of(&plan, &SERIAL);
    let out = whole.all(vec![batch(values)]);
    let found = (rows(&out), whole.passed, whole.account.filtered, whole.retracted);
    let mut single = Chain::of(&plan, &SERIAL);
    let each = values.iter().flat_map(|value| single.push(vec![batch(&[*value])]));
    let mut out: Vec<Batch<'static>> = each.collect();
    out.extend(single.finish());
    let again = (rows(&out), single.passed, single.account.filtered, single.retracted);
    assert_eq!(again, found, "{expression}: one by one");
    found
}

#[test]
fn an_ordered_stage_decides_which_records_pass() {
    assert_eq!(counts("json | dedup x", &[1, 1, 2, 3]), (3, 3, 1, 0));
    assert_eq!(counts("json | dedup x | where x > 1", &[1, 1, 2, 3]), (2, 2, 2, 0));
    assert_eq!(counts("json | dedup x | sort x | where x > 1", &[1, 1, 2, 3]), (2, 3, 1, 0));
}

#[test]
fn records_that_reach_a_blocking_stage_have_passed_on_the_workers() {
    assert_eq!(counts("json | sort x | where x > 1", &[1, 1, 2]), (1, 0, 0, 0));
    assert_eq!(counts("json | tail 2", &[1, 1, 2]), (2, 0, 0, 0));
}

#[test]
fn a_snapshot_changes_nothing() {
    let plan = plan("json | sort x | where x > 1");
    let mut chain = Chain::of(&plan, &SERIAL);
    assert!(chain.push(vec![batch(&[3, 1, 2])]).is_empty());
    assert_eq!((rows(&chain.snapshot()), rows(&chain.snapshot())), (2, 2));
    chain.push(vec![batch(&[5])]);
    assert_eq!((rows(&chain.snapshot()), chain.passed, chain.account.filtered), (3, 0, 0));
    assert_eq!(rows(&chain.finish()), 3);
}

#[test]
fn a_stage_with_enough_rows_ends_the_input() {
    let plan = plan("json | dedup x | limit 2");
    let mut chain = Chain::of(&plan, &SERIAL);
    assert_eq!(rows(&chain.push(vec![batch(&[1, 1])])), 1);
    assert!(!chain.is_done());
    assert_eq!(rows(&chain.push(vec![batch(&[1, 2, 3])])), 1);
    assert!(chain.is_done());
}

#[test]
fn blocking_stages_set_the_bounds_of_their_window() {
    let plan = plan("json | sort x");
    let bounds = Bounds { start: Slot(30), end: Slot(31) };
    let chain = Chain::new(&plan, &plan.merge, InputKind::Passed, &SERIAL);
    let mut chain = chain.within(bounds, Value::Time(5), Value::Time(9));
    let out = chain.all(vec![batch(&[2, 1])]);
    assert_eq!(rows(&out), 2);
    for batch in &out {
        assert_eq!(batch.column(bounds.start).get(0).to_value(), Value::Time(5));
        assert_eq!(batch.column(bounds.end).get(batch.rows - 1).to_value(), Value::Time(9));
    }
}
