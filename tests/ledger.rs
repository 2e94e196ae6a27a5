//! The ledger: every record that was read has passed, was filtered or was rejected, however the input is parted;
//! and what is done with those that were rejected.

#[path = "support/program.rs"]
#[allow(dead_code)]
mod program;
#[path = "support/run.rs"]
#[allow(dead_code)]
mod run;

use std::time::Duration;

use bourn::engine::Ledger;
use proptest::prelude::*;

use program::{Files, bourn};
use run::{Configuration, Origin};

/// Stages that keep, drop or reject records, or make several of one.
const STAGES: &[&str] = &[
    "match 'a' in line",
    "skip /b$/ in line",
    "where len(line) % 2 == 0",
    "where line > 3",
    "json from line",
    "parse '{a} {b:int}' from line",
    "parse '{k}={v}' from line",
    "logfmt from line",
    "regex /(?P<c>[0-9]+)/ from line",
    "split ' ' from line as line keep",
    "split ';' from line as line",
    "let line = lower(line)",
    "select line",
    "json from line | explode a | let line = a",
    "json from line | where a > 1",
    "logfmt from line | where k == 'v'",
];

/// The last stage: none, or one that needs all records.
const LAST: &[&str] = &[
    "",
    " | count",
    " | count by line",
    " | sort line",
    " | tail 3",
    " | sum(line)",
    " | sort line | json from line | where a > 1",
    " | tail 3 | split ' ' from line as line | json from line",
    " | collect(line) as l | json from l",
];

/// What may end the run early: how much is read then depends on how the input is parted.
const EARLY: &[&str] = &[
    " | limit 3",
    " | limit 5 | json from line",
    " | limit 4 | split ' ' from line as line | json from line",
    " | limit 4 | tail 2 | json from line",
    " | limit 4 | count by line",
];

/// Lines, some of which some stage cannot read.
const LINES: &[&str] = &[
    "a b",
    "b 1",
    "a,b,c 12",
    "",
    "4",
    "{\"a\":1,\"b\":\"x\"}",
    "{\"a\":2,\"line\":\"a 7\"}",
    "{\"a\":",
    "{\"a\":[1,2],\"line\":\"{\"}",
    "{}",
    "[1]",
    "k=v a=1",
    "{\"a\":1};{\"a\":",
    "{} ;{} {",
    "k=\"v",
    "\u{e9} 3",
    "a b\r",
];

const CONFIGURATIONS: &[(usize, usize, Option<Duration>, Origin)] = &[
    (1, 1 << 20, None, Origin::File),
    (1, 1, None, Origin::File),
    (3, 7, Some(Duration::from_millis(1)), Origin::File),
    (8, 40, None, Origin::Pipe),
    (2, 1, None, Origin::Pipe),
];

fn ledger(
    expression: &str,
    input: &[u8],
    (threads, chunk_bytes, batch, origin): (usize, usize, Option<Duration>, Origin),
) -> Ledger {
    let plan = run::plan(expression).unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}"));
    let configuration = Configuration { threads, chunk_bytes, batch, origin };
    let (_, outcome) = run::run(&plan, input, configuration);
    let mut ledger = outcome.ledger;
    // The name of the file is another every time.
    for first in [&mut ledger.first_rejected, &mut ledger.first_failed] {
        *first = first.as_deref().map(without_source);
    }
    ledger
}

/// `7: reason` of `/tmp/x:7: reason`.
fn without_source(first: &str) -> String {
    let place = first.split_once(':').map_or(first, |(_, rest)| rest);
    place.to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_ends_in_one_place(
        stages in prop::collection::vec(0..STAGES.len(), 1..5),
        last in 0..LAST.len() + EARLY.len(),
        lines in prop::collection::vec(0..LINES.len(), 0..20),
        ends in any::<bool>(),
    ) {
        let stages: Vec<&str> = stages.into_iter().map(|stage| STAGES[stage]).collect();
        let ends_early = last >= LAST.len();
        let last = LAST.iter().chain(EARLY).nth(last).expect("it is one of them");
        let expression = stages.join(" | ") + last;
        let lines: Vec<&str> = lines.into_iter().map(|line| LINES[line]).collect();
        let mut input = lines.join("\n");
        if ends && !lines.is_empty() {
            input.push('\n');
        }
        let mut first: Option<Ledger> = None;
        for configuration in CONFIGURATIONS {
            let found = ledger(&expression, input.as_bytes(), *configuration);
            prop_assert_eq!(
                found.read, found.passed + found.filtered + found.rejected,
                "{}\n{:?}\n{:?}\n{:?}", expression, input, configuration, found
            );
            if ends_early {
                continue;
            }
            prop_assert_eq!(found.read, input.split_inclusive('\n').count() as u64, "{}", expression);
            let expected = first.get_or_insert_with(|| found.clone());
            let counts = |ledger: &Ledger| (ledger.read, ledger.passed, ledger.filtered, ledger.rejected, ledger.failed);
            prop_assert_eq!(counts(&found), counts(expected), "{}\n{:?}\n{:?}", expression, input, configuration);
            prop_assert_eq!(&found.first_rejected, &expected.first_rejected, "{}\n{:?}\n{:?}", expression, input, configuration);
        }
    }
}

#[test]
fn worked_by_hand() {
    for (expression, input, [read, passed, filtered, rejected]) in [
        ("match 'a'", "a\nb\nba\n", [3, 2, 1, 0]),
        // The pieces of a record that a filter dropped are not counted.
        ("where len(line) > 1 | split", "a\nb c\nd e f\n", [3, 2, 1, 0]),
        // A record has passed whatever becomes of its pieces.
        ("split | where word == 'a'", "a b\nc d\n", [2, 2, 0, 0]),
        ("split | count by word", "a b\n\n", [2, 2, 0, 0]),
        ("json | split ' ' from x | where word > 1", "{\"x\":\"1 2\"}\n{\n{\"x\":\"0\"}\n", [3, 2, 0, 1]),
        // One broken piece or two: one rejected record.
        ("split ';' | json from word", "{};{\n{;{\n{}\n", [3, 1, 0, 2]),
        ("split ';' | json from word | where a == 1", "{\"a\":1};{\n{}\n", [2, 1, 0, 1]),
        ("match 'x' | split ';' | json from word", "{}\n{};x\nx;x\n", [3, 0, 1, 2]),
        (
            "json | where a > 1 | sum(a)",
            "{\"a\":1}\n{\"a\":2}\n?\n\n", // a blank line is no record
            [3, 1, 1, 1],
        ),
        ("parse '{a} {b:int}' | sort b", "x 1\nx\nx 2", [3, 2, 0, 1]),
        ("split | limit 2", "a b c\n", [1, 1, 0, 0]),
        // What was sorted is a record still, and rejected where it stood as passed; what was aggregated is none.
        ("sort line | json from line", "{}\n?\n", [2, 1, 0, 1]),
        ("count by line | json from line", "{}\n?\n", [2, 2, 0, 0]),
        ("tail 2 | split ';' | json from word", "{}\n{};?\n", [2, 2, 0, 0]),
        ("count", "", [0, 0, 0, 0]),
    ] {
        for configuration in CONFIGURATIONS {
            let found = ledger(expression, input.as_bytes(), *configuration);
            assert_eq!(
                [found.read, found.passed, found.filtered, found.rejected],
                [read, passed, filtered, rejected],
                "{expression} {configuration:?}"
            );
        }
    }
}

const BROKEN: &[u8] = b"{\"n\":1}\nbad one\n{\"n\":2}\r\nbad two\r\n{\"n\":3}\nbad three";

#[test]
fn rejected_lines_are_kept_in_order() {
    let files = Files::new();
    let path = files.write("rejects", b"what was there before\n");
    for options in [&["-j", "1"][..], &["-j", "8", "--chunk", "1"], &["-j", "2", "--chunk", "20", "--batch", "1ms"]] {
        let ended = bourn(&[options, &["--rejects", &path, "json | sum(n)"]].concat(), BROKEN);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "6\n"));
        assert!(ended.stderr.starts_with("bourn: 6 read, 3 rejected (-:2: "), "{}", ended.stderr);
        let kept = std::fs::read(&path).expect("the file");
        assert_eq!(kept.escape_ascii().to_string(), "bad one\\nbad two\\nbad three\\n");
    }
}

#[test]
fn rejected_lines_are_kept_whatever_the_plan() {
    let files = Files::new();
    let path = files.write("rejects", b"");
    // Which of the lines of `BROKEN_INSIDE` each expression rejects.
    for (expression, rejected) in [
        ("json | json from p | count", &[1, 2, 4][..]),
        ("limit 9 | json | json from p", &[1, 2, 4]),
        ("limit 4 | json | json from p | select n", &[1, 2]),
        ("sort line desc | json | where n > 0 | json from p", &[4, 2, 1]),
        ("tail 3 | json | json from p | select n", &[2, 4]),
        ("json | limit 9 | json from p | select n", &[1, 2, 4]),
        ("json | sort n desc | json from p | select n", &[1, 4, 2]),
        ("json | let line = 'x' | sort n | json from p | select n", &[1, 2, 4]),
        ("json | select n, p | tail 9 | sort n | json from p | count", &[1, 2, 4]),
        ("json | sort n | count by p | json from p | select x", &[1]),
        ("sort line | split ',' | json from word | select n", &[]),
        ("tsv as a | sort line | limit 3 | json from a", &[1]),
    ] {
        for options in [&["-j", "1"][..], &["-j", "8", "--chunk", "1"], &["-j", "2", "--chunk", "20", "--batch", "1ms"]]
        {
            let arguments = [options, &["--stats", "--rejects", &path, expression]].concat();
            let ended = bourn(&arguments, BROKEN_INSIDE.join("\n").as_bytes());
            assert_eq!(ended.status, Some(0), "{expression}: {}", ended.stderr);
            let kept = std::fs::read_to_string(&path).expect("the file");
            let kept: Vec<&str> = kept.lines().collect();
            let expected: Vec<&str> = rejected.iter().map(|line| BROKEN_INSIDE[*line]).collect();
            assert_eq!(kept, expected, "{expression} {options:?}");
            let counted = format!(" + {} rejected\n", rejected.len());
            assert!(ended.stderr.contains(&counted), "{expression} {options:?}: {}", ended.stderr);
        }
    }
}

/// Line 1 is no JSON, and what is in lines 2 and 4 is none.
const BROKEN_INSIDE: [&str; 5] = [
    "{\"n\":1,\"p\":\"{\\\"x\\\":1}\"}",
    "bad",
    "{\"n\":2,\"p\":\"{\"}",
    "{\"n\":3,\"p\":\"{}\"}",
    "{\"n\":4,\"p\":\"[\"}",
];

#[test]
fn nothing_is_read_if_rejected_lines_cannot_be_kept() {
    let files = Files::new();
    let source = files.write("source", b"{}\n");
    let nowhere = files.path().join("no/such/place");
    let nowhere = nowhere.to_str().expect("a plain path");
    let ended = bourn(&["--rejects", nowhere, "count"], b"");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr, format!("bourn: {nowhere}: no such file or directory\n"));
    let ended = bourn(&["--rejects", &source, "json", &source], b"");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
    assert_eq!(ended.stderr, format!("bourn: {source}: is read as a source\n"));
    assert_eq!(std::fs::read(&source).expect("it is still there"), b"{}\n");
}

#[test]
fn rejected_lines_that_cannot_be_written_are_a_failure_after_the_results() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let ended = bourn(&["--rejects", "/dev/full", "json | sum(n)"], BROKEN);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(3), "6\n"));
    assert!(ended.stderr.ends_with("bourn: /dev/full: no space left on device\n"), "{}", ended.stderr);
}

#[test]
fn too_many_rejects_are_a_failure_after_the_results() {
    for (limit, status) in [("3", 0), ("2", 4), ("0", 4), ("50%", 0), ("49.9%", 4)] {
        let ended = bourn(&["--max-rejects", limit, "json | sum(n)"], BROKEN);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(status), "6\n"), "{limit}");
        let message = format!("bourn: 3 rejected: more than --max-rejects {limit}\n");
        assert_eq!(ended.stderr.ends_with(&message), status == 4, "{}", ended.stderr);
    }
    let ended = bourn(&["--max-rejects", "few", "count"], b"");
    assert_eq!(ended.status, Some(2));
    assert_eq!(
        ended.stderr,
        "bourn: --max-rejects: expected a number or a percentage, found `few`\n  = help: write --max-rejects 0, 100 or 0.1%\n"
    );
}

#[test]
fn stats_are_said_of_a_clean_run_too() {
    let ended = bourn(&["--stats", "match 'a' | count"], b"a\nb\nba\n");
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "2\n"));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ended.stderr);
    assert_eq!(lines[0], "bourn: 3 read = 2 passed + 1 filtered + 0 rejected");
    assert!(lines[1].contains(" s, 0.000 MB, ") && lines[1].ends_with(" records/s"), "{}", lines[1]);
}

#[test]
fn exact_percentiles_are_exact() {
    let input: String = (1..=20_001).map(|number| format!("{number}\n")).collect();
    let expression = "p50(line), count_distinct(line)";
    let ended = bourn(&["--exact", expression], input.as_bytes());
    assert_eq!(ended.stdout, "10001\t20001\n");
}

#[test]
fn formats_are_listed_with_their_fields() {
    let ended = bourn(&["--formats"], b"");
    assert_eq!(ended.status, Some(0));
    for format in bourn::decode::log_formats::LOG_FORMATS {
        for part in [format.entry.name, format.sample.line] {
            assert!(ended.stdout.contains(part), "{part}");
        }
        for field in format.fields {
            assert!(ended.stdout.contains(field.name), "{}", field.name);
        }
    }
}
