//! What must hold of every run, said without knowing the answer: how input is parted, its order where order does
//! not count, stages that undo or equal one another, and groups beyond every table's first size.

#[allow(dead_code)]
mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use bourn::engine::Outcome;
use proptest::prelude::*;
use support::generate;
use support::run::{Configuration, Origin, plan, run, run_sources};

const PLAIN: Configuration = Configuration { threads: 2, chunk_bytes: 64, batch: None, origin: Origin::File };

/// What an expression prints.
fn print(expression: &str, input: &[u8]) -> String {
    let plan = plan(expression).unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}"));
    let (printed, outcome) = run(&plan, input, PLAIN);
    assert!(outcome.failed_sources.is_empty(), "{expression}");
    String::from_utf8_lossy(&printed).into_owned()
}

/// What an expression prints of several files.
fn print_files(expression: &str, contents: &[&[u8]]) -> String {
    let plan = plan(expression).unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}"));
    let files: Vec<tempfile::NamedTempFile> = contents
        .iter()
        .map(|content| {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(content).expect("room for the input");
            file
        })
        .collect();
    let paths = files.iter().map(|file| file.path().to_str().expect("a plain path").to_owned()).collect();
    let (printed, _) = run_sources(&plan, paths, PLAIN);
    String::from_utf8_lossy(&printed).into_owned()
}

/// Lines, each with its end.
fn lines(input: &[u8]) -> Vec<&[u8]> {
    input.split_inclusive(|byte| *byte == b'\n').collect()
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// Everything about groups that does not depend on the order of records.
const UNORDERED: &str = "split /[ ,]+/ | count, sum(word) as s, avg(word) as a, min(word) as b, max(word) as c, count(word > 1) as d by len(word) as n";

/// What became of the records, and how many values were not what they were used as.
fn counts(outcome: &Outcome) -> (String, u64) {
    (outcome.ledger.equation(), outcome.ledger.failed)
}

/// Conditions on lines, of which some need a text.
fn searched_condition() -> impl Strategy<Value = String> {
    let simple = prop::sample::select(vec![
        "line == 'ab'",
        "contains(line, 'a')",
        "startswith(line, 'ab')",
        "endswith(line, 'b\\r')",
        "endswith(line, 'x')",
        "line ~ /a+b/",
        "line ~ /^x. $/",
        "line ~ /(?-u:\\xff)a|b/",
        "line ~ 'b'",
        "num(line) > 0",
        "len(line) > 2",
    ]);
    let joined = prop::sample::select(vec![" and ", " or ", " and not "]);
    (simple.clone(), prop::collection::vec((joined, simple), 0..3)).prop_map(|(first, rest)| {
        rest.iter().fold(first.to_owned(), |condition, (joined, next)| condition + joined + next)
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn files_one_after_another_are_as_one(
        stages in prop::collection::vec(any::<u16>(), 1..40),
        choices in prop::collection::vec(any::<u16>(), 0..120),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let expression = generate::pipeline(&stages, 4);
        prop_assume!(!expression.contains("@number"));
        let Ok(_) = plan(&expression) else { return Ok(()) };
        let input = generate::input(&choices);
        let lines = lines(&input);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(lines.len() + 1)).collect();
        cuts.sort_unstable();
        let mut files = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([lines.len()]) {
            files.push(lines[from..cut].concat());
            from = cut;
        }
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(print_files(&expression, &files), print(&expression, &input), "{}", expression);
    }

    #[test]
    fn aggregates_do_not_ask_for_the_order_of_records(
        choices in prop::collection::vec(any::<u16>(), 0..200),
        seed in any::<u64>(),
    ) {
        let input = [generate::input(&choices).as_slice(), b"\n"].concat();
        let mut shuffled = lines(&input);
        let mut state = seed;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        prop_assert_eq!(print(UNORDERED, &shuffled.concat()), print(UNORDERED, &input));
    }

    #[test]
    fn searching_raw_bytes_first_changes_nothing(
        condition in searched_condition(),
        input in prop::collection::vec(prop::sample::select(b"ab1x. \r\n\xff".as_slice()), 0..300),
    ) {
        let searched = plan(&format!("where {condition}")).expect("it is a pipeline");
        let asked = plan(&format!("where true | where {condition}")).expect("it is a pipeline");
        let (searched, with_search) = run(&searched, &input, PLAIN);
        let (asked, without) = run(&asked, &input, PLAIN);
        prop_assert_eq!(searched, asked, "{}", condition);
        prop_assert_eq!(counts(&with_search), counts(&without), "{}", condition);
    }

    #[test]
    fn a_condition_its_contrary_and_neither_are_all(
        stages in prop::collection::vec(any::<u16>(), 1..40),
        choices in prop::collection::vec(any::<u16>(), 0..120),
    ) {
        // `where COND` is what the generator makes of a list that begins with 2
        let list: Vec<u16> = [2].into_iter().chain(stages).collect();
        let Some(condition) = generate::pipeline(&list, 1).strip_prefix("where ").map(str::to_owned) else {
            return Ok(());
        };
        let expression = format!("count(if({condition}, true, false)) as a, count(not ({condition})) as b, count where ({condition}) == null as c, count as d | where a + b + c == d");
        let Ok(_) = plan(&expression) else { return Ok(()) };
        let input = generate::input(&choices);
        prop_assert!(!print(&expression, &input).is_empty(), "{}", condition);
    }

    #[test]
    fn stages_that_equal_others(choices in prop::collection::vec(any::<u16>(), 0..200), n in 0usize..12) {
        let input = generate::input(&choices);
        for (left, right) in [
            (format!("split | top {n} word"), format!("split | count by word | limit {n}")),
            (format!("sort line | limit {n} | select line"), format!("sort line | let x = 1 | drop x | where true | limit {n}")),
            (format!("sort line desc, len(line) | limit {n} | select line"), format!("let a = len(line) | sort line desc, a | select line | limit {n}")),
            (format!("tail {n} | limit 3"), format!("tail {n} | where @number > 0 | limit 3")),
            ("split ' '".to_owned(), "let l = line | split ' ' from l as word | select word".to_owned()),
            ("split".to_owned(), "split /[ \\t\\x0b\\x0c\\r]/".to_owned()),
            ("split ', '".to_owned(), "split /, /".to_owned()),
            ("match 'a', '1'".to_owned(), "where contains(line, 'a') or line ~ /1/".to_owned()),
            ("skip 'a'".to_owned(), "where not (line ~ 'a')".to_owned()),
            ("match 'a'".to_owned(), "match /a/".to_owned()),
            ("count by line".to_owned(), "let l = line | count by l".to_owned()),
            ("count by line | count".to_owned(), "count by line | sort line | count".to_owned()),
            ("sum(len(line)) as s".to_owned(), "sum(len(line)) as s by line | sum(s)".to_owned()),
            ("first(line), last(line)".to_owned(), "first(line) as f, last(line) as l by 1 as k | select f, l".to_owned()),
        ] {
            let (left_printed, right_printed) = (print(&left, &input), print(&right, &input));
            // Of nothing, an aggregate without `by` has a row.
            if !(input.is_empty() && left.starts_with("first")) {
                prop_assert_eq!(left_printed, right_printed, "{}\n{}", left, right);
            }
        }
    }

    #[test]
    fn a_pipeline_printed_and_read_again_does_the_same(
        stages in prop::collection::vec(any::<u16>(), 1..60),
        choices in prop::collection::vec(any::<u16>(), 0..60),
    ) {
        let expression = generate::pipeline(&stages, 5);
        let Ok(_) = plan(&expression) else { return Ok(()) };
        let again = bourn::lang::parse(&expression).expect("it has a plan").to_string();
        let input = generate::input(&choices);
        prop_assert_eq!(print(&again, &input), print(&expression, &input), "{}\n{}", expression, again);
    }

    #[test]
    fn any_text_is_a_pipeline_or_a_mistake_within_it(text in "\\PC{0,40}|([a-z]{1,6}|[ |,()='\"/.@0-9+*-]){0,20}") {
        match bourn::lang::parse(&text).and_then(|pipeline| bourn::plan::Plan::of(&pipeline, bourn::plan::OutputMode::AsItCame)) {
            Ok(plan) => prop_assert!(!plan.explanation.to_string().is_empty()),
            Err(diagnostics) => {
                prop_assert!(!diagnostics.is_empty());
                for diagnostic in &diagnostics {
                    prop_assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= text.len());
                    prop_assert!(!diagnostic.message.is_empty());
                }
                prop_assert!(!bourn::lang::render(&diagnostics, &text, None).is_empty());
            }
        }
    }
}

#[test]
fn more_groups_than_any_table_begins_with() {
    // Beyond 2^16 groups that hardly repeat, workers seal runs; beyond 2^14, merging is parted.
    let mut input = String::new();
    let mut counts: HashMap<String, (u64, u64, String, String)> = HashMap::new();
    for number in 0..150_000u64 {
        let key = match number % 5 {
            0 => format!("k{}", number * 7919 % 120_011),
            1 => format!("{}", number % 1000),
            2 => format!("a-long-key-of-more-than-sixteen-bytes-{}", number * 31 % 40_009),
            3 => format!("{number}"),
            _ => "often".to_owned(),
        };
        let _ = writeln!(input, "{key} {number}");
        let entry = counts.entry(key).or_insert_with(|| (0, 0, format!("{number}"), String::new()));
        entry.0 += 1;
        entry.1 += number;
        entry.3 = format!("{number}");
    }
    let mut expected: Vec<String> = counts
        .iter()
        .map(|(key, (count, sum, first, last))| format!("{key}\t{count}\t{sum}\t{first}\t{last}"))
        .collect();
    expected.sort_unstable();
    let expression = "let k = substr(line, 0, len(line) - len(@number - 1) - 1), v = @number - 1 | count, sum(v) as s, first(v) as f, last(v) as l by k";
    let (whole, limited) = (plan(expression), plan(&format!("{expression} | limit 20")));
    let (whole, limited) = (whole.expect("a plan"), limited.expect("a plan"));
    let mut first_printed: Option<String> = None;
    for (threads, chunk_bytes, batch) in [
        (1, 1 << 20, None),
        (8, 10_000, None),
        (2, 30_000, Some(Duration::from_millis(1))),
        (3, 1 << 18, Some(Duration::from_millis(20))),
    ] {
        let configuration = Configuration { threads, chunk_bytes, batch, origin: Origin::File };
        let (printed, _) = run(&whole, input.as_bytes(), configuration);
        let printed = String::from_utf8(printed).expect("text");
        let mut lines: Vec<&str> = printed.lines().collect();
        lines.sort_unstable();
        assert!(lines == expected, "{configuration:?}");
        let first = first_printed.get_or_insert_with(|| printed.clone());
        assert!(*first == printed, "the order in {configuration:?}");
        let (few, _) = run(&limited, input.as_bytes(), configuration);
        let expected: String = printed.split_inclusive('\n').take(20).collect();
        assert_eq!(String::from_utf8_lossy(&few), expected, "{configuration:?}");
    }
}

#[test]
fn many_rows_are_sorted_and_cut_as_few_are() {
    // Beyond 2^14 rows, results come in several batches and a sort with a limit throws rows out.
    let input: String = (0..60_000u64).map(|number| format!("{}\n", number * 7919 % 50_021)).collect();
    let mut rows: Vec<u64> = input.lines().map(|line| line.parse().expect("a number")).collect();
    rows.sort_unstable();
    let text = |rows: &[u64]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    let descending: Vec<u64> = rows.iter().rev().copied().collect();
    for (expression, expected) in [
        ("sort line", text(&rows)),
        ("sort line desc | limit 30000", text(&descending[..30_000])),
        ("sort line | limit 10", text(&rows[..10])),
        ("sort line | tail 20000", text(&rows[40_000..])),
        ("sort line | limit 20000 | tail 3 | sort line desc", text(&[rows[19_999], rows[19_998], rows[19_997]])),
        ("sort line | first(line), last(line), count", format!("{}\t{}\t60000\n", rows[0], rows[59_999])),
        ("sort num(line) | limit 20000 | last(line)", text(&rows[19_999..20_000])),
    ] {
        for (threads, chunk_bytes) in [(1, 1 << 20), (8, 5_000)] {
            let configuration = Configuration { threads, chunk_bytes, ..PLAIN };
            let plan = plan(expression).expect("a plan");
            let (printed, _) = run(&plan, input.as_bytes(), configuration);
            assert!(String::from_utf8_lossy(&printed) == expected, "{expression} {configuration:?}");
        }
    }
}
