//! Groups with more values than are kept exactly: their errors and memory are within the limits of the manual.

use std::collections::HashSet;

use super::*;
use crate::data::HeapBytes;

/// Numbers of both signs over many orders of magnitude, some of them ints, from a linear congruential generator.
fn numbers(seed: u64, count: usize) -> Vec<Value> {
    let mut state = seed * 2 + 1;
    let mut next = || {
        state = state.wrapping_mul(0xda94_2042_e4dd_58b5);
        state >> 40
    };
    let number = |_| {
        let (bits, kind) = (next(), next());
        let float = bits as f64 * 10f64.powi((kind % 17) as i32 - 8);
        match kind % 4 {
            0 => Value::Int(bits as i64),
            1 => Value::Int(-((bits % 100) as i64)),
            2 => Value::Float(-float),
            _ => Value::Float(float),
        }
    };
    (0..count).map(number).collect()
}

/// The aggregate of all values as one group, and of partials of these sizes, merged in turn.
fn whole_and_merged(name: &str, values: &[Value], sizes: &[usize], exact: bool) -> (Alone, Alone) {
    let def = find(name).expect("an aggregate");
    let of = |values: &[Value]| {
        let mut alone = Alone::new(def, exact);
        alone.add(&Chunk { position: 0, rows: values.iter().map(|value| (0, value.clone())).collect() });
        alone
    };
    let mut merged = of(&[]);
    let mut rest = values;
    for size in sizes {
        let (part, after) = rest.split_at(*size);
        merged.states.merge(of(part).states.as_ref(), 0..1, &[0]);
        rest = after;
    }
    (of(values), merged)
}

fn float(value: &Value) -> f64 {
    value.borrow().as_number().expect("a number").to_f64()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn estimates_are_within_their_limits_for_any_partials(
        seed in any::<u32>(), sizes in prop::collection::vec(prop_oneof![1usize..2_000, 4_000usize..6_000], 1..5),
    ) {
        let count = sizes.iter().sum();
        let values = numbers(seed.into(), count);
        let mut sorted: Vec<f64> = values.iter().map(float).collect();
        sorted.sort_by(f64::total_cmp);
        for exact in [false, true] {
            let is_exact = exact || count <= 4096;
            let (whole, merged) = whole_and_merged("p50", &values, &sizes, exact);
            prop_assert_eq!(bytes(&merged), bytes(&whole));
            for percent in [0.0, 0.1, 5.0, 50.0, 75.0, 99.9, 100.0] {
                let finish = Finish { constant: percent, seconds: 0.0, interpolates: false };
                let found = merged.states.result(0, &finish);
                prop_assert_eq!(&found, &whole.states.result(0, &finish));
                let rank = (percent * count as f64 / 100.0 - 1e-6).ceil().max(1.0) as usize;
                let (found, truth) = (float(&found[0]), sorted[rank - 1]);
                let bound = if is_exact { 0.0 } else { 0.005 * truth.abs() };
                prop_assert!((found - truth).abs() <= bound, "p{}: {}, not {}", percent, found, truth);
            }

            let (whole, merged) = whole_and_merged("count_distinct", &values, &sizes, exact);
            prop_assert_eq!(merged.results(), whole.results());
            let distinct = sorted.iter().map(|number| number.to_bits()).collect::<HashSet<_>>().len();
            let error = (float(&merged.results()[0][0]) - distinct as f64).abs();
            let bound = if exact || distinct <= 4096 { 0.0 } else { 0.01 * distinct as f64 };
            prop_assert!(error <= bound, "{} of {} distinct values", error, distinct);

            let (whole, merged) = whole_and_merged("histogram", &values, &sizes, exact);
            prop_assert_eq!(merged.results(), whole.results());
            let Value::List(bins) = &merged.results()[0][0] else { panic!("no list") };
            let near = if is_exact { 0.0 } else { (sorted[count - 1] - sorted[0]) / 2048.0 };
            for (index, bin) in bins.iter().enumerate() {
                let Value::Object(fields) = bin else { panic!("no bin") };
                let [from, to, counted] = [0, 1, 2].map(|field: usize| float(&fields[field].1));
                let counts = |from: f64, to: f64| {
                    let is_in = |number: &&f64| from <= **number && (**number < to || index + 1 == bins.len());
                    sorted.iter().filter(is_in).count() as f64
                };
                let (least, most) = (counts(from + near, to - near), counts(from - near, to + near));
                prop_assert!(least <= counted && counted <= most, "{}: {} to {}", counted, least, most);
            }
        }
    }
}

/// The bytes of a group after each of six chunks of 1500 distinct values.
fn sizes(def: &'static AggregateDef, value: impl Fn(i64) -> Value) -> Vec<usize> {
    let mut state = Alone::new(def, false);
    let chunk = |position: i64| Chunk {
        position: position as u64,
        rows: (0..1_500).map(|number| (0, value(position * 1_500 + number))).collect(),
    };
    let size = |position| {
        state.add(&chunk(position));
        state.states.heap_bytes()
    };
    (0..6).map(size).collect()
}

/// Memory grows with the values only where the manual says so, and is counted where it does.
#[test]
fn groups_grow_only_by_the_values_that_they_keep() {
    for def in AGGREGATES {
        let name = def.entry.name;
        let of_ints = sizes(def, |number| Value::Int(number * 7_919 % 20_011));
        let of_texts = sizes(def, |number| Value::Text(format!("{number:0>100}").into_bytes()));
        match name {
            "mode" => {
                assert!(of_ints[5] >= 9_000 * 32 && of_texts[5] >= 9_000 * 100, "{name}: {of_ints:?} {of_texts:?}");
            }
            // At most 4096 values of 8 or 16 bytes, then a sketch.
            "collect_distinct" | "count_distinct" | "histogram" | "median" | "p50" | "percentile"
            | "percentile_cont" => {
                assert!(of_ints[0] >= 1_500 * 8, "{name}: {of_ints:?}");
                assert!(of_ints[5] <= 160 << 10 && of_ints[5] <= of_ints[3] + (8 << 10), "{name}: {of_ints:?}");
            }
            "ewma" => assert!(of_ints[0] >= 125 * 16 && of_ints[5] <= 512 * 16, "{name}: {of_ints:?}"),
            _ => {
                assert!(of_ints.iter().all(|size| *size == of_ints[0]), "{name}: {of_ints:?}");
                assert!(of_texts.iter().all(|size| *size <= of_texts[0] + 8 * 100), "{name}: {of_texts:?}");
            }
        }
        let keeps_text = ["collect", "collect_distinct", "first", "last", "max", "min", "prev"].contains(&name);
        assert!(!keeps_text || of_texts[5] > of_ints[5] + 90, "{name}: {of_texts:?} beside {of_ints:?}");
    }
}
