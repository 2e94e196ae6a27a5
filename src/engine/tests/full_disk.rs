//! Runs over their memory budget whose temporary directory is full.

use std::io::Write;
use std::sync::Arc;

use proptest::prelude::*;

use super::job;
use crate::data::budget::Budget;
use crate::encode;
use crate::engine::{Control, Encoding, Job, Outcome, run};
use crate::lang;
use crate::plan::{OutputMode, Plan};
use crate::sink::in_memory;

const EXPRESSIONS: [&str; 8] = [
    "count by line",
    "count by line | limit 5",
    "parse '{a} {b}' | count, collect(a), max(b) by a | sort a",
    "parse '{a} {b}' | sort b desc, a",
    "sort line | tail 900",
    "dedup",
    "parse '{a} {b}' | window 300 rows | count by a",
    "parse '{a} {b}' | window 300 rows | sort b, a",
];

fn lines(count: usize) -> String {
    (0..count).map(|n| format!("{} {}\n", n * 7919 % 1009, n * 31 % 97)).collect()
}

fn run_within(expression: &str, input: &str, budget: &Arc<Budget>) -> (String, Outcome) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(input.as_bytes()).expect("room for the input");
    let plan = Plan::of(&lang::parse(expression).expect("a valid expression"), OutputMode::Fields);
    let (mut sink, printed) = in_memory();
    let encoding = Encoding::Format(encode::find("csv").expect("it is in the table"), false);
    let job =
        Job { threads: 2, chunk_bytes: 400, budget: Arc::clone(budget), ..job(vec![file.path().into()], encoding) };
    let control = Control::new(crate::data::system_clock()).expect("a pipe");
    let outcome = run(Arc::new(plan.expect("a valid expression")), job, &mut sink, &control);
    let printed = String::from_utf8(printed.lock().expect("the run is over").clone()).expect("text");
    (printed, outcome)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_full_disk_ends_the_input_with_the_result_so_far(
        index in 0..EXPRESSIONS.len(), size in 1usize..60_000, room in 0u64..300_000,
    ) {
        let expression = EXPRESSIONS[index];
        let input = lines(3000);
        let budget = Budget::with_room(size, room);
        let (printed, outcome) = run_within(expression, &input, &budget);
        if let Some(failure) = &outcome.over_budget {
            prop_assert!(failure.contains("temporary files cannot be written: "), "{}", failure);
        }
        let read = outcome.ledger.read as usize;
        prop_assert!(read == 3000 || outcome.over_budget.is_some());
        let (expected, _) = run_within(expression, &lines(read), &Budget::unlimited());
        prop_assert_eq!(printed, expected, "{} with {} records", expression, read);
    }
}

#[test]
fn records_after_a_full_disk_are_not_read() {
    for expression in ["sort line", "count by line", "tail 3000"] {
        let (_, outcome) = run_within(expression, &lines(20_000), &Budget::with_room(20_000, 30_000));
        assert!(outcome.over_budget.is_some(), "{expression}");
        assert!((100..15_000).contains(&outcome.ledger.read), "{expression}: {} read", outcome.ledger.read);
    }
}
