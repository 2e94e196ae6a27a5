//! Running aggregates compared with their definition over the rows of the key so far.

use std::collections::HashMap;

use super::reference::{merged_defs, plain_value};
use super::*;
use crate::data::{HeapBytes, ValueRef};

/// The slot of the condition, which is false for every third second.
const CONDITION: Slot = Slot(3);

fn batch_with_condition(records: &[Record], position: u64) -> Batch<'static> {
    let mut batch = batch(records, position);
    batch.set(CONDITION, records.iter().map(|record| ValueRef::Bool(counts(record))).collect());
    batch
}

fn counts((_, _, seconds): &Record) -> bool {
    seconds % 3 > 0
}

/// For each record the records of its key that came before it, and the record, since the key was last forgotten.
fn histories(records: &[Record], forget: Option<i64>) -> Vec<Vec<&Record>> {
    let mut now = i64::MIN;
    let mut keys: HashMap<String, (i64, Vec<&Record>)> = HashMap::new();
    let history = |record| {
        let (key, _, seconds): &Record = record;
        now = now.max(seconds * SECOND);
        let (seen, history) = keys.entry(format!("{key:?}")).or_insert((now, Vec::new()));
        if forget.is_some_and(|ns| now - *seen > ns) {
            history.clear();
        }
        *seen = now;
        history.push(record);
        history.clone()
    };
    records.iter().map(history).collect()
}

/// The aggregate of some records, and how many of them it cannot read.
fn alone(def: &'static AggregateDef, records: &[&Record]) -> (Vec<Value>, u64) {
    let chunk = |(position, record): (u64, &&Record)| Chunk { position, rows: vec![(0, record.1.clone())] };
    let chunks: Vec<Chunk> = (0..).zip(records).map(chunk).collect();
    let alone = Alone::of(def, &chunks);
    (alone.results().into_iter().map(|column| column[0].clone()).collect(), alone.failed)
}

/// The results of each row, and the number of values that could not be read.
fn run(aggregation: &Arc<RunningAggregation>, records: &[Record], cuts: &[usize]) -> (Vec<Vec<Value>>, u64) {
    let mut states = RunningStates::new(Arc::clone(aggregation));
    let (mut rows, mut failures, mut rest) = (Vec::new(), Failures::default(), records);
    for (position, size) in cuts.iter().cycle().enumerate() {
        let (part, after) = rest.split_at((*size).min(rest.len()));
        if part.is_empty() {
            break;
        }
        rest = after;
        let columns = states.push(&batch_with_condition(part, position as u64), &mut failures);
        let row = |row| columns.iter().map(|(_, column)| column.get(row).to_value()).collect();
        rows.extend((0..part.len()).map(row));
    }
    (rows, failures.count)
}

const SECOND: i64 = 1_000_000_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_running_aggregate_is_that_of_the_last_rows_of_the_key(
        mut records in records_of(plain_value(), 30), over in prop::option::of(1usize..5), has_condition in any::<bool>(),
        forget in prop::option::of(0i64..4), cuts in prop::collection::vec(1usize..9, 1..5), is_sorted in any::<bool>(),
    ) {
        if is_sorted {
            records.sort_by_key(|(_, _, seconds)| *seconds);
        }
        let forget = forget.map(|seconds| seconds * SECOND);
        let histories = histories(&records, forget);
        let is_counted = |record: &&Record| !has_condition || counts(record);
        for def in merged_defs().filter(|def| !def.needs_duration) {
            let aggregate = running_aggregate(def, over, has_condition.then_some(CONDITION));
            let (found, failed) = run(&running(vec![aggregate], forget), &records, &cuts);
            let expected = |history: &Vec<&Record>| {
                let last = &history[history.len() - over.unwrap_or(usize::MAX).min(history.len())..];
                alone(def, &last.iter().copied().filter(is_counted).collect::<Vec<_>>()).0
            };
            let expected: Vec<Vec<Value>> = histories.iter().map(expected).collect();
            prop_assert_eq!(found, expected, "{} over {:?}", def.entry.name, over);
            let expected_failed: u64 = records.iter().filter(is_counted).map(|record| alone(def, &[record]).1).sum();
            prop_assert_eq!(failed, expected_failed, "{} over {:?}", def.entry.name, over);
        }
    }

    #[test]
    fn prev_and_delta_skip_nulls(
        records in records_of(prop_oneof![(-9i64..9).prop_map(Value::Int), Just(Value::Null)], 30),
        forget in prop::option::of(0i64..4), cuts in prop::collection::vec(1usize..9, 1..5),
    ) {
        let forget = forget.map(|seconds| seconds * SECOND);
        let aggregates = ["prev", "delta"].map(|name| {
            let mut aggregate = running_aggregate(find(name).expect("an aggregate"), None, None);
            aggregate.settings.constant = 1.0; // the value just before
            aggregate
        });
        let (found, failed) = run(&running(aggregates.into(), forget), &records, &cuts);
        let expected = |history: Vec<&Record>| {
            let (newest, before) = history.split_last().expect("the row itself");
            let previous = before.iter().rev().map(|record| &record.1).find(|value| **value != Value::Null);
            let delta = match (&newest.1, previous) {
                (Value::Int(newest), Some(Value::Int(previous))) => Value::Int(newest - previous),
                _ => Value::Null,
            };
            vec![previous.cloned().unwrap_or(Value::Null), delta]
        };
        prop_assert_eq!(found, histories(&records, forget).into_iter().map(expected).collect::<Vec<_>>());
        prop_assert_eq!(failed, 0);
    }
}

/// Forgotten keys are dropped, and the states of the others renumbered, without a trace in the results.
#[test]
fn keys_that_were_dropped_leave_the_others_as_they_are() {
    let def = find("count").expect("an aggregate");
    let aggregates = [None, Some(3)].map(|over| running_aggregate(def, over, None));
    let mut states = RunningStates::new(running(aggregates.into(), Some(2 * SECOND)));
    let (mut staying, mut largest) = (0, 0);
    for second in 0..60 {
        let mut keys: Vec<i64> = (0..1_000).map(|number| second * 1_000 + number).collect();
        keys.extend([-1, second % 5 * -10 - 10]);
        let records: Vec<Record> = keys.into_iter().map(|key| (Value::Int(key), Value::Null, second)).collect();
        let columns = states.push(&batch(&records, second as u64), &mut Failures::default());
        let row = |row: usize| [0, 1].map(|column: usize| columns[column].1.get(row).to_value());
        staying += 1;
        assert!((0..1_000).all(|new| row(new) == [Value::Int(1), Value::Int(1)]), "{second}: new keys");
        assert_eq!(row(1_000), [Value::Int(staying), Value::Int(staying.min(3))], "{second}: a key that stays");
        assert_eq!(row(1_001), [Value::Int(1), Value::Int(1)], "{second}: a key that was forgotten");
        largest = largest.max(states.heap_bytes());
    }
    assert!(states.heap_bytes() < largest && largest < 4 << 20, "{} of at most {largest} bytes", states.heap_bytes());
}
