use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::data::persist::{StateReader, Stateful};
use crate::data::{Value, ValueRef};

/// Keys of several kinds; small numbers are frequent.
fn key(number: u8, column: u8) -> Value {
    match number {
        0 => Value::Null,
        number if number.is_multiple_of(2) => {
            Value::Text(format!("{number}{}", "k".repeat(number as usize)).into_bytes())
        }
        number => Value::Int(i64::from(number) * i64::from(column + 1)),
    }
}

/// The columns of a batch. Text alone makes a column of text, which is looked up as a whole.
fn columns(numbers: &[u8], width: u8, is_text: bool) -> Vec<Column<'static>> {
    let value = |number: u8, column: u8| match (key(number, column), is_text) {
        (Value::Int(int), true) => Value::Text(int.to_string().into_bytes()),
        (value, _) => value,
    };
    let column = |column: u8| {
        let values: Vec<Value> = numbers.iter().map(|number| value(*number, column)).collect();
        values.iter().map(Value::borrow).collect()
    };
    (0..width).map(column).collect()
}

fn add(counters: &mut SpaceSaving, numbers: &[u8], width: u8, is_text: bool) {
    let columns = columns(numbers, width, is_text);
    counters.add(&columns.iter().collect::<Vec<_>>(), numbers.len());
}

/// Keys, counts and errors in the order of the result.
fn result(counters: &SpaceSaving) -> Vec<(String, u64, u64)> {
    let of = |counter: &u32| {
        let mut short = [0; 16];
        let key = format!("{:?}", counters.keys().get(*counter as usize, &mut short));
        (key, counters.count(*counter), counters.error(*counter))
    };
    counters.largest(usize::MAX).iter().map(of).collect()
}

fn saved(counters: &SpaceSaving) -> Vec<u8> {
    let mut out = Vec::new();
    counters.save_state(&mut out);
    out
}

/// The counters by the definition: a list in the order in which they would be replaced.
fn by_definition(numbers: &[u8], capacity: usize) -> Vec<(u8, u64, u64)> {
    let mut counters: Vec<(u8, u64, u64)> = Vec::new();
    for number in numbers {
        let (count, error) = match counters.iter().position(|counter| counter.0 == *number) {
            Some(index) => {
                let (_, count, error) = counters.remove(index);
                (count, error)
            }
            None if counters.len() < capacity => (0, 0),
            None => {
                let (_, count, _) = counters.remove(0);
                (count, count)
            }
        };
        let end = counters.partition_point(|counter| counter.1 <= count + 1);
        counters.insert(end, (*number, count + 1, error));
    }
    counters
}

/// Checks the bounds of the counts, for records with these keys.
fn check_bounds(
    counters: &SpaceSaving,
    numbers: &[u8],
    capacity: usize,
    width: u8,
    is_text: bool,
) -> Result<(), TestCaseError> {
    let mut exact: HashMap<String, u64> = HashMap::new();
    for number in numbers {
        let mut one = SpaceSaving::new(1, width.into());
        add(&mut one, &[*number], width, is_text);
        *exact.entry(result(&one).remove(0).0).or_default() += 1;
    }
    let found = result(counters);
    prop_assert_eq!(found.len(), exact.len().min(capacity));
    let is_exact = exact.len() <= capacity;
    let total = numbers.len() as u64;
    for (key, count, error) in &found {
        let truth = exact.remove(key).unwrap_or(0);
        prop_assert!(count - error <= truth && truth <= *count, "{}: {} of {} ± {}", key, truth, count, error);
        prop_assert!(error * capacity as u64 <= total);
        prop_assert!(!is_exact || (*error == 0 && *count == truth));
    }
    let smallest = found.last().map_or(0, |(_, count, _)| *count);
    for truth in exact.into_values() {
        prop_assert!(truth <= smallest && truth * capacity as u64 <= total);
    }
    Ok(())
}

/// Frequent and rare keys.
fn numbers() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![0u8..4, 0u8..60], 0..300)
}

proptest! {
    #[test]
    fn counts_are_those_of_the_definition(numbers in numbers(), capacity in 1usize..20, cut in 1usize..50) {
        let mut counters = SpaceSaving::new(capacity, 1);
        numbers.chunks(cut).for_each(|batch| add(&mut counters, batch, 1, false));
        let mut expected = by_definition(&numbers, capacity);
        prop_assert_eq!(expected.iter().map(|(_, count, _)| count).sum::<u64>(), numbers.len() as u64);
        for counter in counters.in_order() {
            let (number, count, error) = expected.remove(0);
            let mut bytes = Vec::new();
            let kind = encode_key(key(number, 0).borrow(), &mut bytes);
            let mut short = [0; 16];
            prop_assert_eq!(counters.keys().get(counter as usize, &mut short), (kind, &bytes[..]));
            prop_assert_eq!((counters.count(counter), counters.error(counter)), (count, error));
        }
        prop_assert!(expected.is_empty());
    }

    #[test]
    fn bounds_hold_and_batches_do_not_matter(
        numbers in numbers(), capacity in 1usize..20, cut in 1usize..50, width in 1u8..3, is_text: bool,
    ) {
        let mut counters = SpaceSaving::new(capacity, width.into());
        numbers.chunks(cut).for_each(|batch| add(&mut counters, batch, width, is_text));
        check_bounds(&counters, &numbers, capacity, width, is_text)?;
        let mut whole = SpaceSaving::new(capacity, width.into());
        add(&mut whole, &numbers, width, is_text);
        prop_assert_eq!(saved(&whole), saved(&counters));
        prop_assert_eq!(result(&whole), result(&counters));
        let largest = whole.largest(3);
        prop_assert_eq!(&largest[..], &whole.largest(usize::MAX)[..largest.len()]);
    }

    #[test]
    fn bounds_hold_for_merged_parts(
        numbers in numbers(), more in numbers(), capacity in 1usize..20, cut in 1usize..80, is_text: bool,
    ) {
        let mut merged = SpaceSaving::new(capacity, 1);
        for part in numbers.chunks(cut) {
            let mut counters = SpaceSaving::new(capacity, 1);
            add(&mut counters, part, 1, is_text);
            merged.merge(counters);
            merged.merge(SpaceSaving::new(capacity, 1)); // a part without records
        }
        check_bounds(&merged, &numbers, capacity, 1, is_text)?;
        add(&mut merged, &more, 1, is_text);
        check_bounds(&merged, &[numbers, more].concat(), capacity, 1, is_text)?;
    }

    #[test]
    fn loaded_counters_go_on_as_the_saved_ones(
        numbers in numbers(), more in numbers(), capacity in 1usize..20, width in 1u8..3, is_text: bool,
        at in any::<prop::sample::Index>(), change in 1u8..,
    ) {
        let width_usize = usize::from(width);
        let mut counters = SpaceSaving::new(capacity, width_usize);
        add(&mut counters, &numbers, width, is_text);
        let bytes = saved(&counters);
        let mut again = SpaceSaving::new(capacity, width_usize);
        again.load_state(&mut StateReader::new(&bytes)).expect("its own bytes");
        prop_assert_eq!(saved(&again), bytes.clone());
        add(&mut counters, &more, width, is_text);
        add(&mut again, &more, width, is_text);
        prop_assert_eq!(saved(&again), saved(&counters));
        let at = at.index(bytes.len());
        let short = SpaceSaving::new(capacity, width_usize).load_state(&mut StateReader::new(&bytes[..at]));
        prop_assert!(short.is_err());
        let mut damaged = bytes;
        damaged[at] ^= change;
        let mut other = SpaceSaving::new(capacity, width_usize);
        if other.load_state(&mut StateReader::new(&damaged)).is_ok() {
            add(&mut other, &more, width, is_text);
            result(&other);
        }
    }
}

#[test]
fn long_keys_of_replaced_counters_are_freed() {
    let mut counters = SpaceSaving::new(10, 1);
    for number in 0..20_000 {
        let text = format!("{number:0>100}");
        counters.add(&[&std::iter::once(ValueRef::Text(text.as_bytes())).collect()], 1);
    }
    assert!(counters.heap_bytes() < 4 * MIN_LONG_BYTES, "{} bytes", counters.heap_bytes());
}

#[test]
fn counts_must_be_possible() {
    let mut counters = SpaceSaving::new(2, 1);
    add(&mut counters, &[1, 3, 3, 5], 1, false);
    let bytes = saved(&counters);
    let loads = |bytes: &[u8], capacity| SpaceSaving::new(capacity, 1).load_state(&mut StateReader::new(bytes)).is_ok();
    assert!(loads(&bytes, 2));
    assert!(!loads(&bytes, 1), "more keys than counters");
    assert!(!loads(&bytes, 3), "an error although there were free counters");
    let errors = bytes.len() - 16;
    let mut large = bytes.clone();
    large[errors] = 2;
    assert!(!loads(&large, 2), "an error as large as its count");
    let mut swapped = bytes.clone();
    swapped[errors - 16] = 7;
    assert!(!loads(&swapped, 2), "counts out of order");
}
