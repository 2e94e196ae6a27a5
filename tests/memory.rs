//! The memory budget: what goes through temporary files is the same as what stays in memory, and what cannot be written
//! to them ends the input with an error.

#[allow(dead_code)]
mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bourn::data::budget::Budget;
use bourn::engine::Outcome;
use bourn::plan::Plan;
use proptest::prelude::*;
use support::run::{Configuration, Origin, plan, run_within};

/// Pipelines whose state grows with the input and can be written to files.
const SPILLING: &[&str] = &[
    "count by line",
    "count by line | limit 3",
    "parse '{a} {b} {c}' | count by a | where count > 3 | limit 50",
    "count by line | count as lines by count",
    "count by line | sort line desc",
    "count by line | let share = count / total(count) | tail 40",
    "parse '{a} {b} {c}' | count by b, c",
    "parse '{a} {b} {c}' | sum(a), avg(a) by c, a",
    "parse '{a} {b} {c}' | all(a > 1), any(a), corr(a, b), linreg(a, b), stddev(a), variance(b) by b, c",
    "parse '{a} {b} {c}' | collect(c), first(c), last(c), mode(c), count_distinct(c) by a",
    "parse '{a} {b} {c}' | min(c), max(c), p50(a), p99(a), histogram(a, 4) by b",
    "parse '{a} {b} {c}' | count(a > 100), count(b) by c",
    "parse '{a} {b} {c}' | count by a, b, c | top 7 a, b",
    "parse '{a} {b} {c}' | sort c, a desc, b",
    "parse '{a} {b} {c}' | sort b desc, c desc | select a, b",
    "sort line | dedup",
    "dedup",
    "parse '{a} {b} {c}' | dedup a, c | where b > 3",
    "parse '{a} {b} {c}' | dedup b | count",
    "sort line desc | limit 500",
    "sort len(line), line",
    "tail 700",
    "tail 5000",
    "parse '{a} {b} {c}' | window 50 rows | count by c",
    "parse '{a} {b} {c}' | window 900 rows | count, collect(a) by c, b",
    "parse '{a} {b} {c}' | window 900 rows | sort c, b desc, a",
    "parse '{a} {b} {c}' | window 1000 rows/250 rows | tail 20",
    "parse '{a} {b} {c}' | let t = time(a) | window 100s on t late 10m | count by c",
    "parse '{a} {b} {c}' | let t = time(a) | window 500s on t late 1h | sort c, b, a",
];

/// Lines of three fields, many of them different.
fn lines(count: u64) -> String {
    let mut text = String::new();
    for number in 0..count {
        let value = number.wrapping_mul(6_364_136_223_846_793_005) >> 33;
        let _ = writeln!(text, "{} {} k{}", value % 2003, value % 17, value % 211);
    }
    text
}

fn run(plan: &Arc<Plan>, input: &Path, configuration: Configuration, budget: &Arc<Budget>) -> (String, Outcome) {
    let path = input.to_str().expect("a plain path").to_owned();
    let (printed, outcome) = run_within(plan, vec![(path, 0)], configuration, Arc::clone(budget));
    (String::from_utf8_lossy(&printed).into_owned(), outcome)
}

const WHOLE: Configuration = Configuration { threads: 2, chunk_bytes: 1 << 20, batch: None, origin: Origin::File };

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("room for the input");
    file
}

#[test]
fn files_do_not_change_a_result() {
    let input = file(&lines(6000));
    let mut spilled = 0;
    for expression in SPILLING {
        let plan = plan(expression).unwrap_or_else(|found| panic!("{expression}: {found:?}"));
        let (expected, _) = run(&plan, input.path(), WHOLE, &Budget::unlimited());
        assert!(!expected.is_empty(), "{expression}");
        for (size, threads, batch) in [(20_000, 1, None), (64 << 10, 3, None), (40_000, 2, Some(Duration::ZERO))] {
            let budget = Budget::new(size, threads, std::env::temp_dir());
            let configuration = Configuration { threads, chunk_bytes: 4 << 10, batch, origin: Origin::File };
            let (found, outcome) = run(&plan, input.path(), configuration, &budget);
            assert_eq!(outcome.over_budget, None, "{expression}");
            assert!(found == expected, "{expression} with {size} bytes and {threads} threads");
            spilled += usize::from(!outcome.spilled.is_empty());
        }
    }
    assert!(spilled > SPILLING.len(), "only {spilled} runs used files");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_budget_and_no_division_of_the_work_changes_a_result(
        index in 0..SPILLING.len(), rows in 0u64..2500, size in 1usize..200_000, threads in 1usize..4,
        chunk_bytes in 200usize..40_000, batch in prop::option::of(Just(Duration::ZERO)), piped: bool,
    ) {
        let plan = plan(SPILLING[index]).expect("a valid expression");
        let input = file(&lines(rows));
        let (expected, _) = run(&plan, input.path(), WHOLE, &Budget::unlimited());
        let origin = if piped { Origin::Pipe } else { Origin::File };
        let configuration = Configuration { threads, chunk_bytes, batch, origin };
        let budget = Budget::new(size, threads, std::env::temp_dir());
        let (found, outcome) = run(&plan, input.path(), configuration, &budget);
        prop_assert_eq!(outcome.over_budget, None, "{}", SPILLING[index]);
        prop_assert_eq!(found, expected, "{}", SPILLING[index]);
    }
}

/// Pipelines with state that cannot be written to files, and the start of the error.
const HOLDING: &[(&str, &str)] = &[
    ("parse '{a} {b} {c}' | running count by line", "running: "),
    ("running fold n = 0 then n + 1 by line", "fold: "),
    ("fold n = 0 then n + 1 by line | limit 1", "fold: "),
    ("dedup within 1h | count", "dedup: "),
    ("window session 1h | count by line", "window: the groups of open sessions exceed "),
    ("window session 1h | sort line", "window: the records of open sessions exceed "),
    ("parse 'key {n} of many {m}' | let t = time(n) | window 1s on t late 1d | count by m", "window: the groups of "),
];

#[test]
fn state_that_cannot_be_written_to_files_ends_the_input() {
    let mut text = String::new();
    for number in 0..150_000 {
        let _ = writeln!(text, "key {number} of many {number}");
    }
    let input = file(&text);
    for (expression, start) in HOLDING {
        let plan = plan(expression).unwrap_or_else(|found| panic!("{expression}: {found:?}"));
        let budget = Budget::new(64 << 10, 2, std::env::temp_dir());
        let configuration = Configuration { chunk_bytes: 16 << 10, ..WHOLE };
        let (printed, outcome) = run(&plan, input.path(), configuration, &budget);
        let failure = outcome.over_budget.unwrap_or_else(|| panic!("{expression}: no error"));
        assert!(failure.starts_with(start), "{expression}: {failure}");
        assert!(failure.contains("exceed the memory budget of 64KiB and cannot be written to files"), "{failure}");
        assert!(!printed.is_empty(), "{expression}: the result so far");
        assert!((1000..150_000).contains(&outcome.ledger.read), "{expression}: {} read", outcome.ledger.read);
    }
}

#[test]
fn a_directory_that_is_missing_ends_the_input_with_the_result_so_far() {
    let input = file(&lines(20_000));
    for expression in ["count by line", "sort line", "tail 20000"] {
        let plan = plan(expression).expect("a valid expression");
        let budget = Budget::new(64 << 10, 2, "/nonexistent");
        let configuration = Configuration { chunk_bytes: 1 << 10, ..WHOLE };
        let (printed, outcome) = run(&plan, input.path(), configuration, &budget);
        let failure = outcome.over_budget.expect("an error");
        assert!(failure.starts_with("/nonexistent: a temporary file cannot be created: "), "{expression}: {failure}");
        let read = outcome.ledger.read as usize;
        assert!((1..20_000).contains(&read), "{expression}: {read} read");
        let sum: usize = match expression {
            "count by line" => printed.lines().filter_map(|line| line.rsplit('\t').next()?.parse::<usize>().ok()).sum(),
            _ => printed.lines().count(),
        };
        assert_eq!(sum, read, "{expression}: every record that was read is in the result");
    }
}
