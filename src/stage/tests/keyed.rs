//! Stages with a state by key or over all rows, against loops over the records.

use std::collections::HashMap;

use super::*;
use crate::data::ValueRef;

/// A record: its key, time and number.
type Row = (i64, i64, i64);

fn rows() -> impl Strategy<Value = (Vec<Row>, Vec<usize>)> {
    // Times advance, some going back.
    let row = (0i64..5, -6i64..4, 0i64..9);
    (prop::collection::vec(row, 0..60), prop::collection::vec(0usize..60, 0..5)).prop_map(|(mut rows, mut cuts)| {
        rows.iter_mut().zip(0..).for_each(|(row, number)| row.1 += number);
        cuts.sort_unstable();
        (rows, cuts)
    })
}

/// For each record, whether its key is new or was idle for longer than `ns`, by the largest time so far.
fn begins(rows: &[Row], ns: i64) -> Vec<bool> {
    let (mut now, mut seen) = (i64::MIN, HashMap::new());
    let begins = |(key, time, _): &Row| {
        now = now.max(*time);
        seen.insert(*key, now).is_none_or(|last| now - last > ns)
    };
    rows.iter().map(begins).collect()
}

fn numbers_where(rows: &[Row], is_kept: impl Fn(usize) -> bool) -> Vec<i64> {
    rows.iter().enumerate().filter(|(index, _)| is_kept(*index)).map(|(_, row)| row.2).collect()
}

proptest! {
    #[test]
    fn dedup_keeps_a_record_that_is_far_from_the_last_kept_one((rows, cuts) in rows()) {
        let ran = Bench::new("dedup k within 4ns on t").run_rows(&rows, &cuts);
        let mut kept = HashMap::new();
        let is_kept: Vec<bool> = rows.iter().map(|(key, time, _)| {
            let is_kept = kept.get(key).is_none_or(|last: &i64| (time - last).abs() >= 4);
            if is_kept {
                kept.insert(*key, *time);
            }
            is_kept
        }).collect();
        prop_assert_eq!(ran.rows, numbers_where(&rows, |row| is_kept[row]));
    }

    #[test]
    fn dedup_passes_a_key_again_that_was_forgotten((rows, cuts) in rows()) {
        let bench = Bench::new("dedup k").forgetting(3);
        let begins = begins(&rows, 3);
        let ran = bench.run_rows(&rows, &cuts);
        prop_assert_eq!(ran.filtered as usize, begins.iter().filter(|begins| !**begins).count());
        prop_assert_eq!(ran.rows, numbers_where(&rows, |row| begins[row]));
    }

    #[test]
    fn dedup_within_a_time_forgets_keys_too((rows, cuts) in rows()) {
        let bench = Bench::new("dedup k within 5ns on t").forgetting(3);
        let begins = begins(&rows, 3);
        let mut kept = HashMap::new();
        let is_kept: Vec<bool> = rows.iter().zip(begins).map(|((key, time, _), begins)| {
            let is_kept = begins || kept.get(key).is_none_or(|last: &i64| (time - last).abs() >= 5);
            if is_kept {
                kept.insert(*key, *time);
            }
            is_kept
        }).collect();
        prop_assert_eq!(bench.run_rows(&rows, &cuts).rows, numbers_where(&rows, |row| is_kept[row]));
    }

    #[test]
    fn fold_begins_again_with_a_key_that_was_forgotten((rows, cuts) in rows()) {
        let bench = Bench::new("running fold s = 1 then s * 2 + n by k").forgetting(3);
        let mut states = HashMap::new();
        let expected: Vec<i64> = rows.iter().zip(begins(&rows, 3)).map(|((key, _, number), begins)| {
            let state = states.entry(*key).or_insert(1);
            if begins {
                *state = 1;
            }
            *state = *state * 2 + number;
            *state
        }).collect();
        prop_assert_eq!(bench.run_rows(&rows, &cuts).rows, expected);
    }

    #[test]
    fn fold_prints_the_largest_states_first((rows, cuts) in rows()) {
        let mut states: HashMap<i64, i64> = HashMap::new();
        for (key, _, number) in &rows {
            *states.entry(*key).or_default() += number;
        }
        let mut expected: Vec<(i64, i64)> = states.into_iter().collect();
        expected.sort_unstable_by_key(|(key, sum)| (-sum, *key));
        let expected: Vec<i64> = expected.into_iter().map(|(_, sum)| sum).collect();
        let ran = Bench::new("fold s = 0 then s + n by k").run_rows(&rows, &cuts);
        prop_assert_eq!(&ran.rows, &expected);
        prop_assert_eq!(&ran.snapshot, &expected);
    }

    #[test]
    fn sort_keeps_the_order_of_equal_rows((rows, cuts) in rows()) {
        let mut expected = rows.clone();
        expected.sort_by_key(|(key, time, _)| (std::cmp::Reverse(*key), *time));
        let ran = Bench::new("sort k desc, t").run_rows(&rows, &cuts);
        prop_assert_eq!(ran.rows, expected.iter().map(|row| row.2).collect::<Vec<_>>());
    }

    #[test]
    fn several_states_see_each_other_as_they_were((rows, cuts) in rows()) {
        let mut states: HashMap<i64, (i64, i64)> = HashMap::new();
        let step = |(key, _, number): &Row| {
            // Before the first record of a key, `a` is its number.
            let (a, b) = states.entry(*key).or_insert((*number, 0));
            (*a, *b) = ((*b + number).rem_euclid(100), *a - *b);
            *b
        };
        let expected: Vec<i64> = rows.iter().map(step).collect();
        let text = "running fold a = n then (b + n) % 100, b = 0 then a - b by k";
        prop_assert_eq!(Bench::new(text).run_rows(&rows, &cuts).rows, expected);
        let mut last: Vec<(i64, i64, i64)> = states.into_iter().map(|(key, (a, b))| (-a, key, b)).collect();
        last.sort_unstable();
        let ran = Bench::new(text.trim_start_matches("running ")).run_rows(&rows, &cuts);
        prop_assert_eq!(&ran.rows, &last.into_iter().map(|(_, _, b)| b).collect::<Vec<_>>());
        prop_assert_eq!(ran.snapshot, ran.rows);
    }

    #[test]
    fn reducers_of_several_workers_do_not_change_the_result((rows, cuts) in rows(), deal in prop::collection::vec(0usize..3, 6)) {
        let bench = Bench::new("dedup k, n % 2");
        let mut reducers: Vec<_> = (0..3).map(|_| bench.stage.reducer(&bench.live).expect("dedup has one")).collect();
        let mut counts = RecordCounts::default();
        let reduce = |(mut batch, worker): (Batch<'static>, &usize)| {
            reducers[*worker].reduce(&mut batch, &mut counts);
            batch
        };
        let reduced: Vec<Batch<'static>> = bench.batches(&rows, &cuts).into_iter().zip(&deal).map(reduce).collect();
        let ran = bench.run_batches(reduced);
        let expected = bench.run_rows(&rows, &cuts);
        prop_assert_eq!(ints(ran.rows), expected.rows);
        prop_assert_eq!(ran.filtered + counts.filtered, expected.filtered);
    }

    #[test]
    fn workers_drop_only_repeats_that_the_operator_would_drop((rows, cuts) in rows()) {
        let bench = Bench::new("dedup k");
        let mut reducer = bench.stage.reducer(&bench.live).expect("dedup has one");
        let (mut counts, mut kept) = (RecordCounts::default(), Vec::new());
        for mut batch in bench.batches(&rows, &cuts) {
            reducer.reduce(&mut batch, &mut counts);
            kept.extend(bench.numbers(&[batch.into_owned()]));
        }
        prop_assert_eq!(kept, bench.run_rows(&rows, &cuts).rows);
    }
}

#[test]
fn a_worker_forgets_keys_rather_than_to_grow() {
    let bench = Bench::new("dedup n");
    let mut reducer = bench.stage.reducer(&bench.live).expect("dedup has one");
    let (mut passed, mut largest) = (0, 0);
    for part in 0..40 {
        let rows: Vec<Row> = (0..10_000).map(|number| (0, 0, part * 10_000 + number)).collect();
        for mut batch in bench.batches(&rows, &[]) {
            reducer.reduce(&mut batch, &mut RecordCounts::default());
            passed += batch.rows;
        }
        largest = largest.max(reducer.heap_bytes());
    }
    assert_eq!(passed, 400_000, "all keys are new");
    assert!(largest < 8 << 20, "{largest} bytes");
}

#[test]
fn a_sort_with_a_limit_holds_few_rows() {
    let mut bench = Bench::new("sort n");
    bench.stage.take_limit(3);
    let mut operator = bench.stage.operator(&bench.live);
    let mut largest = 0;
    for part in 0..100 {
        let rows: Vec<Row> = (0..1000).map(|number| (0, 0, (part * 1000 + number) * 7919 % 100_003)).collect();
        for batch in bench.batches(&rows, &[]) {
            operator.push(batch.into_owned(), &mut Vec::new(), &mut RecordCounts::default());
        }
        largest = largest.max(operator.heap_bytes());
    }
    assert!(largest < 2 << 20, "{largest} bytes");
    let mut out = Vec::new();
    operator.finish(&mut out, &mut RecordCounts::default());
    let mut all: Vec<i64> = (0..100_000).map(|number| number * 7919 % 100_003).collect();
    all.sort_unstable();
    assert_eq!(bench.numbers(&out), all[..3]);
}

#[test]
fn memory_grows_with_the_keys() {
    for text in ["dedup n", "running fold s = 0 then s + 1 by n", "sort n", "tail 1000000"] {
        let bench = Bench::new(text);
        let mut operator = bench.stage.operator(&bench.live);
        let mut sizes = vec![operator.heap_bytes()];
        for part in 0..4 {
            let rows: Vec<Row> = (0..5000).map(|number| (0, 0, part * 5000 + number)).collect();
            for batch in bench.batches(&rows, &[]) {
                operator.push(batch.into_owned(), &mut Vec::new(), &mut RecordCounts::default());
            }
            sizes.push(operator.heap_bytes());
        }
        assert!(sizes.is_sorted() && sizes[4] > sizes[0] + 20_000 * size_of::<i64>(), "{text}: {sizes:?}");
    }
}

#[test]
fn a_limit_that_was_loaded_is_no_larger_than_the_plan_allows() {
    let bench = Bench::new("limit 5");
    let load = |left: u64| bench.stage.operator(&bench.live).load_state(&mut StateReader::new(&left.to_le_bytes()));
    assert_eq!((load(5), load(0)), (Ok(()), Ok(())));
    assert_eq!(load(6), Err(StateError::Damaged));
}

#[test]
fn decoded_fields_replace_earlier_ones_unless_they_are_null() {
    let object = |fields: &[(&str, i64)]| {
        let value = |number: &i64| if *number == 0 { Value::Null } else { Value::Int(*number) };
        Value::Object(fields.iter().map(|(name, number)| (name.as_bytes().to_vec(), value(number))).collect())
    };
    let column = |values: Vec<Value>| Column::Values(values);
    let slot = Slot(0);
    let older = column(vec![object(&[("a", 1), ("b", 2), ("c", 3)]), Value::Null]);
    let newer = column(vec![object(&[("d", 4), ("b", 5), ("a", 0), ("c", 6)]), object(&[("a", 7)])]);
    let merged = fallback::FieldFallback::Whole(slot, vec!["c".to_owned()]).under(newer, &older);
    assert_eq!(merged.get(0).to_value(), object(&[("a", 1), ("b", 5), ("d", 4), ("c", 6)]), "c was dropped before");
    assert_eq!(merged.get(1).to_value(), object(&[("a", 7)]));
    let newer = column(vec![Value::Null, Value::Int(2)]);
    let older = column(vec![Value::Int(1), Value::Int(9)]);
    let found = fallback::FieldFallback::Field(slot).under(newer, &older);
    assert_eq!([found.get(0), found.get(1)], [ValueRef::Int(1), ValueRef::Int(2)]);
}

#[test]
fn tail_holds_no_batch_that_is_not_among_the_last_rows() {
    let bench = Bench::new("tail 1500");
    let mut operator = bench.stage.operator(&bench.live);
    let mut sizes = Vec::new();
    for part in 0..50 {
        let rows: Vec<Row> = (0..1000).map(|number| (0, 0, part * 1000 + number)).collect();
        for batch in bench.batches(&rows, &[]) {
            operator.push(batch, &mut Vec::new(), &mut RecordCounts::default());
        }
        sizes.push(operator.heap_bytes());
        let held: Vec<i64> = (((part + 1) * 1000 - 1500).max(0)..(part + 1) * 1000).collect();
        assert_eq!(bench.numbers(&operator.snapshot()), held);
    }
    assert!(sizes[0] > 1000 * 24 && sizes[1] > sizes[0], "{sizes:?}");
    assert!(sizes[2..].iter().all(|size| *size <= sizes[1] + sizes[0]), "{sizes:?}");
}
