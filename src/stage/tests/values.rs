//! Ordered stages on values of all types.

use std::cmp::Ordering;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let text = |text: &str| Value::Text(text.as_bytes().to_vec());
    prop_oneof![
        3 => (0i64..4).prop_map(Value::Int),
        2 => (0i64..8).prop_map(|halves| Value::Float(halves as f64 / 2.0)),
        2 => prop_oneof![Just("b"), Just("a"), Just("B"), Just("a key of more than 16 bytes")].prop_map(text),
        1 => Just(Value::Null),
    ]
}

/// Rows whose times are their numbers.
fn rows() -> impl Strategy<Value = (Vec<Cells>, Vec<usize>)> {
    let rows = prop::collection::vec((value(), value()), 0..40);
    (rows, prop::collection::vec(0usize..40, 0..4)).prop_map(|(rows, mut cuts)| {
        cuts.sort_unstable();
        (rows.into_iter().zip(0..).map(|((key, number), time)| [key, Value::Time(time), number]).collect(), cuts)
    })
}

/// The class of a value, and its place within the class.
fn class(value: &Value) -> (u8, f64, &[u8]) {
    match value {
        Value::Int(int) => (0, *int as f64, b""),
        Value::Float(float) => (0, *float, b""),
        Value::Text(text) => (1, 0.0, text),
        _ => (2, 0.0, b""),
    }
}

/// Numbers before texts and nulls last, in both directions.
fn ordered(left: &Value, right: &Value, is_descending: bool) -> Ordering {
    let (left, right) = (class(left), class(right));
    let order = left.1.total_cmp(&right.1).then(left.2.cmp(right.2));
    left.0.cmp(&right.0).then(if is_descending { order.reverse() } else { order })
}

/// The key by which values are equal: a whole float is the int.
fn key(value: &Value) -> String {
    match value {
        Value::Float(float) if float.fract() == 0.0 => format!("{:?}", Value::Int(*float as i64)),
        other => format!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn sort_puts_numbers_before_texts_and_nulls_last((rows, cuts) in rows(), limit in 0usize..50) {
        let mut expected = rows.clone();
        expected.sort_by(|left, right| ordered(&left[0], &right[0], false).then(ordered(&left[2], &right[2], true)));
        let mut expected: Vec<Value> = expected.into_iter().map(|row| row[2].clone()).collect();
        let mut bench = Bench::new("sort k, n desc");
        prop_assert_eq!(&bench.run_cells(&rows, &cuts).rows, &expected);
        bench.stage.take_limit(limit);
        expected.truncate(limit);
        prop_assert_eq!(&bench.run_cells(&rows, &cuts).rows, &expected);
    }

    #[test]
    fn dedup_tells_keys_apart_by_type_and_value((rows, cuts) in rows()) {
        let mut seen = HashSet::new();
        let is_new = |row: &&Cells| seen.insert((key(&row[0]), key(&row[2])));
        let expected: Vec<Value> = rows.iter().filter(is_new).map(|row| row[2].clone()).collect();
        prop_assert_eq!(Bench::new("dedup k, n").run_cells(&rows, &cuts).rows, expected);
    }

    #[test]
    fn fold_keeps_a_state_for_null_and_for_each_type((rows, cuts) in rows()) {
        let mut counts = std::collections::HashMap::new();
        let count = |row: &Cells| {
            let count = counts.entry(key(&row[0])).or_insert(0);
            *count += 1;
            Value::Int(*count)
        };
        let expected: Vec<Value> = rows.iter().map(count).collect();
        prop_assert_eq!(Bench::new("running fold s = 0 then s + 1 by k").run_cells(&rows, &cuts).rows, expected);
    }

    #[test]
    fn fold_may_keep_values_of_changing_types((rows, cuts) in rows()) {
        let text = "fold old = null then last, last = null then n";
        let ran = Bench::new(text).run_cells(&rows, &cuts);
        let last = |back: usize| rows.iter().rev().nth(back).map_or(Value::Null, |row| row[2].clone());
        prop_assert_eq!(&ran.rows, &[last(0)]);
        prop_assert_eq!(&ran.snapshot, &ran.rows);
        let ran = Bench::new(&format!("running {text}, twice = null then old")).run_cells(&rows, &cuts);
        let expected = (0..rows.len()).map(|row| row.checked_sub(2).map_or(Value::Null, |row| rows[row][2].clone()));
        prop_assert_eq!(ran.rows, expected.collect::<Vec<_>>());
    }

    #[test]
    fn until_ends_at_a_row_that_is_true_and_not_at_a_null((rows, cuts) in rows()) {
        let ran = Bench::new("until n == 3").run_cells(&rows, &cuts);
        let is_three = |row: &Cells| ordered(&row[2], &Value::Int(3), false).is_eq();
        let end = rows.iter().position(is_three).map_or(rows.len(), |row| row + 1);
        prop_assert_eq!(ran.rows, rows[..end].iter().map(|row| row[2].clone()).collect::<Vec<_>>());
        prop_assert_eq!(ran.is_done, rows.iter().any(is_three));
    }

    #[test]
    fn a_total_is_the_same_in_every_row((rows, cuts) in rows()) {
        let ran = Bench::of_total("n").run_cells(&rows, &cuts);
        let halves = |value: &Value| match value {
            Value::Int(int) => Some((int * 2, false)),
            Value::Float(float) => Some(((float * 2.0) as i64, true)),
            _ => None,
        };
        let numbers: Vec<(i64, bool)> = rows.iter().filter_map(|row| halves(&row[2])).collect();
        let sum: i64 = numbers.iter().map(|(halves, _)| halves).sum();
        let total = match numbers.iter().any(|(_, is_float)| *is_float) {
            _ if numbers.is_empty() => Value::Null,
            true => Value::Float(sum as f64 / 2.0),
            false => Value::Int(sum / 2),
        };
        prop_assert_eq!(&ran.rows, &vec![total; rows.len()]);
        prop_assert_eq!(ran.snapshot, ran.rows);
    }
}
