//! The engine against the reference: random pipelines on random input print the same bytes, whatever the
//! number of threads, the chunks, the batches and the source.

mod support;

use std::time::Duration;

use bourn::engine::Ledger;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use support::run::{Configuration, Origin};
use support::{generate, reference, run};

/// All that must not show. Batches and sources take turns, so that a few cases see them all.
fn configurations(turn: usize) -> impl Iterator<Item = Configuration> {
    let parts = [1, 2, 8]
        .into_iter()
        .flat_map(|threads| [1, 7, 4 << 10, 1 << 20].into_iter().map(move |chunk_bytes| (threads, chunk_bytes)));
    parts.enumerate().map(move |(index, (threads, chunk_bytes))| {
        let turn = turn + index + index / 4;
        Configuration {
            threads,
            chunk_bytes,
            batch: (turn % 2 == 1).then_some(Duration::from_millis(1)),
            origin: if (turn / 2).is_multiple_of(2) { Origin::File } else { Origin::Pipe },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_prints_what_the_reference_prints(
        stages in prop::collection::vec(any::<u16>(), 1..60),
        lines in prop::collection::vec(any::<u16>(), 0..200),
        turn in 0usize..4,
    ) {
        let expression = generate::pipeline(&stages, 5);
        let Ok(plan) = run::plan(&expression) else {
            return Ok(()); // `most_pipelines_are_valid` counts these
        };
        let pipeline = bourn::lang::parse(&expression).expect("the plan has parsed it");
        let input = generate::input(&lines);
        let expected = reference::run(&pipeline, &input);
        // A run that has enough stops reading, and what it has read by then is up to chance.
        let reads_all = !expression.contains("limit ");
        let mut first_ledger = None;
        for configuration in configurations(turn) {
            let (printed, outcome) = run::run(&plan, &input, configuration);
            prop_assert_eq!(
                String::from_utf8_lossy(&printed),
                String::from_utf8_lossy(&expected),
                "{}\n{:?}\ninput {:?}",
                expression,
                configuration,
                String::from_utf8_lossy(&input)
            );
            prop_assert!(printed == expected, "{expression}: the same but for bytes that are not UTF-8");
            prop_assert_eq!(&outcome.failed_sources, &[] as &[String]);
            if reads_all {
                let ledger = without_source(outcome.ledger);
                let first = first_ledger.get_or_insert_with(|| ledger.clone());
                prop_assert_eq!(
                    &ledger,
                    &*first,
                    "the ledger of {}\n{:?}\ninput {:?}",
                    expression,
                    configuration,
                    String::from_utf8_lossy(&input)
                );
            }
        }
    }
}

/// A ledger in which a temporary file and a pipe look alike. A failure that has no place was found among the
/// rows of a result; without a stage that orders them, any of them may fail first.
fn without_source(ledger: Ledger) -> Ledger {
    let place = |text: String| Some(text.strip_prefix('/')?.split_once(':')?.1.to_owned());
    Ledger { first_failed: ledger.first_failed.and_then(place), ..ledger }
}

#[test]
fn most_pipelines_are_valid() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(any::<u16>(), 1..60);
    let mut refused = Vec::new();
    for _ in 0..1000 {
        let tree = strategy.new_tree(&mut runner).expect("a list of numbers");
        let expression = generate::pipeline(&tree.current(), 5);
        if let Err(diagnostics) = run::plan(&expression) {
            refused.push(format!("{expression}: {}", diagnostics[0].message));
        }
    }
    let sample = &refused[..refused.len().min(10)];
    assert!(refused.len() < 250, "{} of 1000 are refused, such as {sample:#?}", refused.len());
}

#[test]
fn the_reference_knows_the_promises_of_the_manual() {
    for (expression, input, expected) in [
        ("split ' ' | count by word", "to be or not to be\n", "be\t2\nto\t2\nnot\t1\nor\t1\n"),
        ("sort line", "b\n10\n9\na\n", "9\n10\na\nb\n"),
        ("split | sum(word)", "0.1 0.2 0.3\n", "0.6\n"),
        ("split | sum(word)", "9223372036854775807 1\n", "9223372036854775808\n"),
        ("select round(line, 2) as r", "2.675\n1.005\n-2.5\n9.999\n", "2.67\n1\n-2.5\n10\n"),
        ("let x = line / 2", "1e21\n3\n1e-7\n", "1e21\t500000000000000000000\n3\t1.5\n1e-7\t5e-8\n"),
        ("match 'a'", "a\r\nb\na", "a\na\n"),
    ] {
        let pipeline = bourn::lang::parse(expression).expect(expression);
        let printed = reference::run(&pipeline, input.as_bytes());
        assert_eq!(String::from_utf8_lossy(&printed), expected, "{expression}");
    }
}
