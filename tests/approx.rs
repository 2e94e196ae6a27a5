//! Approximate counts against exact ones: the bounds hold, and the result depends on nothing but the records.

#[allow(dead_code)]
mod support;

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use support::run::{Configuration, Origin, plan, run};

const CONFIGURATIONS: [Configuration; 5] = [
    Configuration { threads: 1, chunk_bytes: 1 << 20, batch: None, origin: Origin::File },
    Configuration { threads: 4, chunk_bytes: 1, batch: None, origin: Origin::File },
    Configuration { threads: 2, chunk_bytes: 64, batch: Some(Duration::from_millis(1)), origin: Origin::File },
    Configuration { threads: 3, chunk_bytes: 100, batch: None, origin: Origin::Pipe },
    Configuration { threads: 2, chunk_bytes: 4096, batch: None, origin: Origin::Pipe },
];

/// The output of an expression.
fn print(expression: &str, input: &str) -> String {
    let plan = plan(expression).unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}"));
    let (printed, _) = run(&plan, input.as_bytes(), CONFIGURATIONS[0]);
    String::from_utf8(printed).expect("the input is text")
}

/// The output of an expression, which is the same in every configuration.
fn print_everywhere(expression: &str, input: &str) -> Result<String, TestCaseError> {
    let plan = plan(expression).unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}"));
    let mut first: Option<Vec<u8>> = None;
    for configuration in CONFIGURATIONS {
        let (printed, outcome) = run(&plan, input.as_bytes(), configuration);
        prop_assert_eq!(outcome.ledger.rejected, 0);
        let first = first.get_or_insert_with(|| printed.clone());
        prop_assert_eq!(&*first, &printed, "{} {:?}", expression, configuration);
    }
    Ok(String::from_utf8(first.unwrap_or_default()).expect("the input is text"))
}

/// Rows as the columns before the last `numbers` ones, and these.
fn rows(printed: &str, numbers: usize) -> Vec<(String, Vec<u64>)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let (keys, values) = cells.split_at(cells.len() - numbers);
        (keys.join("\t"), values.iter().map(|value| value.parse().expect("a count")).collect())
    };
    printed.lines().map(row).collect()
}

/// Checks approximate rows against the exact ones of the same records, with this number of counters.
fn check(approx: &[(String, Vec<u64>)], exact: &[(String, Vec<u64>)], counters: usize) -> Result<(), TestCaseError> {
    let total: u64 = exact.iter().map(|(_, counts)| counts[0]).sum();
    prop_assert_eq!(approx.len(), exact.len().min(counters));
    prop_assert!(approx.is_sorted_by(|left, right| left.1[0] >= right.1[0]), "largest first");
    let truths: HashMap<&str, u64> = exact.iter().map(|(key, counts)| (key.as_str(), counts[0])).collect();
    let found: HashMap<&str, &Vec<u64>> = approx.iter().map(|(key, counts)| (key.as_str(), counts)).collect();
    prop_assert_eq!(found.len(), approx.len(), "each key once");
    for (key, counts) in &found {
        let (count, error, truth) = (counts[0], counts[1], truths[key]);
        prop_assert!(error < count && count - error <= truth && truth <= count, "{}: {} {:?}", key, truth, counts);
        prop_assert!(error * counters as u64 <= total);
    }
    for (key, truth) in &truths {
        prop_assert!(found.contains_key(key) || truth * counters as u64 <= total, "{} has {}", key, truth);
    }
    if exact.len() <= counters {
        let as_exact: Vec<(String, Vec<u64>)> =
            exact.iter().map(|(key, counts)| (key.clone(), vec![counts[0], 0])).collect();
        prop_assert_eq!(approx, &as_exact[..], "exact, and in the same order");
    }
    Ok(())
}

/// Lines of a time in seconds and a key, some of them frequent.
fn records() -> impl Strategy<Value = Vec<(u32, u32)>> {
    let key = prop_oneof![3 => 0u32..4, 2 => 0u32..40, 1 => any::<u32>()];
    prop::collection::vec((0u32..4, key), 0..200)
}

fn lines(records: &[(u32, u32)]) -> String {
    let mut seconds = 0;
    let line = |(step, key): &(u32, u32)| {
        seconds += step;
        format!("2026-03-01T10:{:02}:{:02}Z {key}\n", seconds / 60 % 60, seconds % 60)
    };
    records.iter().map(line).collect()
}

const PARSE: &str = r#"parse "{t:time} {key}""#;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn counts_keep_their_bounds(records in records(), counters in 1usize..30) {
        let input = lines(&records);
        for keys in ["key", "num(key)", "key, len(key) as length"] {
            let exact = rows(&print(&format!("{PARSE} | count by {keys}"), &input), 1);
            let approx = rows(&print_everywhere(&format!("{PARSE} | count by {keys} approx {counters}"), &input)?, 2);
            check(&approx, &exact, counters)?;
        }
    }

    #[test]
    fn top_is_the_beginning_of_the_counts(records in records(), rows in 1usize..10, more in 0usize..20) {
        let (input, counters) = (lines(&records), rows + more);
        let all = print(&format!("{PARSE} | count by key approx {counters}"), &input);
        let first: String = all.split_inclusive('\n').take(rows).collect();
        prop_assert_eq!(print(&format!("{PARSE} | top {rows} key approx {counters}"), &input), first);
    }

    #[test]
    fn each_window_keeps_the_bounds(records in records(), counters in 1usize..10) {
        let input = lines(&records);
        for window in ["30s on t", "60s/10s on t", "40 rows", "50 rows/10 rows"] {
            let exact = rows(&print(&format!("{PARSE} | count by key | window {window}"), &input), 1);
            let approx = format!("{PARSE} | count by key approx {counters} | window {window}");
            let approx = rows(&print_everywhere(&approx, &input)?, 2);
            let bounds = |(keys, _): &(String, Vec<u64>)| keys.rsplit_once('\t').expect("bounds").0.to_owned();
            let mut found = approx.chunk_by(|left, right| bounds(left) == bounds(right));
            for exact in exact.chunk_by(|left, right| bounds(left) == bounds(right)) {
                check(found.next().unwrap_or_default(), exact, counters)?;
            }
            prop_assert!(found.next().is_none());
        }
    }
}
