//! Stages that remember (`dedup`, `running`, `fold`) and those that know a file (`lookup`), against the plainest
//! way to work out the same, in every way that the work can be parted.

#[allow(dead_code)]
mod support;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bourn::expr::FileContents;
use bourn::plan::{OutputMode, Plan, Settings, side_files};
use proptest::prelude::*;
use support::run::{Configuration, Origin, run};

const CONFIGURATIONS: [Configuration; 4] = [
    Configuration { threads: 1, chunk_bytes: 1 << 20, batch: None, origin: Origin::File },
    Configuration { threads: 4, chunk_bytes: 1, batch: None, origin: Origin::File },
    Configuration { threads: 3, chunk_bytes: 40, batch: Some(Duration::from_millis(1)), origin: Origin::Pipe },
    Configuration { threads: 2, chunk_bytes: 100, batch: None, origin: Origin::File },
];

fn plan(expression: &str, forget: Option<Duration>) -> Arc<Plan> {
    let pipeline = bourn::lang::parse(expression).unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}"));
    let settings = Settings {
        side_files: FileContents::read(side_files(&pipeline), |path| bourn::source::read_all(path.as_ref())),
        forget_ns: forget.map(|forget| forget.as_nanos() as i64),
        ..OutputMode::AsItCame.into()
    };
    let plan = Plan::of(&pipeline, settings);
    Arc::new(plan.unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}")))
}

/// What an expression prints: the same in every configuration, and the ledger adds up.
fn print(expression: &str, input: &str) -> String {
    print_forgetting(expression, input, None)
}

fn print_forgetting(expression: &str, input: &str, forget: Option<Duration>) -> String {
    let mut printed: Option<(String, [u64; 3])> = None;
    for configuration in CONFIGURATIONS {
        let (out, outcome) = run(&plan(expression, forget), input.as_bytes(), configuration);
        let ledger = &outcome.ledger;
        assert_eq!(ledger.read, ledger.passed + ledger.filtered + ledger.rejected + ledger.late, "{expression}");
        let found = (String::from_utf8_lossy(&out).into_owned(), [ledger.passed, ledger.filtered, ledger.failed]);
        match &printed {
            None => printed = Some(found),
            Some(first) => assert_eq!(*first, found, "{expression} {configuration:?}"),
        }
    }
    printed.expect("there are configurations").0
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() }
}

/// Records of a key and a number, or something else in its place.
fn records() -> impl Strategy<Value = Vec<(String, String)>> {
    let key = prop_oneof![Just("a"), Just("b"), Just("a key of more than 16 bytes"), Just("")];
    let value = prop_oneof![
        6 => (-50i64..50).prop_map(|value| value.to_string()),
        2 => (-50i64..50).prop_map(|value| format!("{}.25", value)),
        1 => Just(String::new()),
        1 => Just("x".to_owned()),
    ];
    let record = (key.prop_map(str::to_owned), value);
    prop::collection::vec(record, 0..60)
}

fn csv(records: &[(String, String)]) -> String {
    let line = |(key, value): &(String, String)| format!("{key},{value}\n");
    records.iter().map(line).collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn dedup_keeps_the_first_of_each(records in records()) {
        let input = csv(&records);
        let mut lines = HashSet::new();
        let first: String = input.split_inclusive('\n').filter(|line| lines.insert(*line)).collect();
        prop_assert_eq!(print("dedup", &input), first);
        let mut keys = HashSet::new();
        let first = records.iter().filter(|(key, _)| keys.insert(key.clone())).cloned();
        prop_assert_eq!(print("csv as k, v | dedup k", &input), csv(&first.collect::<Vec<_>>()));
        let mut pairs = HashSet::new();
        let first = records.iter().filter(|(key, value)| pairs.insert((key.len(), value.clone())));
        let first: String = first.map(|(key, value)| format!("{value}\t{}\n", key.len())).collect();
        prop_assert_eq!(print("csv as k, v | select v, len(k) as n | dedup", &input), first);
    }

    #[test]
    fn dedup_within(steps in prop::collection::vec((0u8..3, -20i64..60), 0..60)) {
        let (mut time, mut input, mut expected) = (1_800_000_000i64, String::new(), String::new());
        let mut kept: HashMap<u8, i64> = HashMap::new();
        for (key, step) in steps {
            time += step;
            let line = format!("{time} {key}\n");
            input += &line;
            if kept.get(&key).is_none_or(|last| (time - last).abs() >= 60) {
                kept.insert(key, time);
                expected += &line;
            }
        }
        prop_assert_eq!(print("parse \"{t} {k}\" | dedup k within 1m on t", &input), expected);
    }

    #[test]
    fn running_is_what_the_records_up_to_each_come_to(records in records()) {
        let (mut expected, mut sums) = (String::new(), HashMap::<String, (u32, Option<f64>, Option<f64>)>::new());
        for (key, value) in &records {
            let (count, sum, smoothed) = sums.entry(key.clone()).or_default();
            *count += 1;
            if let Some(value) = number(value) {
                *sum = Some(sum.unwrap_or(0.0) + value);
                *smoothed = Some(smoothed.map_or(value, |before| 0.5 * value + 0.5 * before));
            }
            let shown = |value: &Option<f64>| value.map_or(String::new(), |value| format!("{value}"));
            let _ = writeln!(expected, "{key}\t{count}\t{}\t{}", shown(sum), shown(smoothed));
        }
        let expected = expected.replace("-0\t", "0\t");
        let found = print(
            "csv as k, v | running count, sum(v) as s, ewma(v, 0.5) as e by k | select k, count, s, e", &csv(&records));
        let found = found.replace("-0\n", "0\n");
        let parts = |line: &str| -> Vec<String> {
            let cell = |cell: &str| cell.parse::<f64>().map_or(cell.to_owned(), |number| format!("{number:e}"));
            line.split('\t').map(cell).collect()
        };
        let rows = |text: &str| text.lines().map(parts).collect::<Vec<_>>();
        prop_assert_eq!(rows(&found), rows(&expected));
    }

    #[test]
    fn running_over_the_last_rows(records in records(), over in 1usize..5) {
        let (mut expected, mut last) = (String::new(), HashMap::<String, VecDeque<Option<f64>>>::new());
        for (key, value) in &records {
            let rows = last.entry(key.clone()).or_default();
            rows.push_back(number(value));
            if rows.len() > over {
                rows.pop_front();
            }
            let numbers: Vec<f64> = rows.iter().flatten().copied().collect();
            let sum = (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>());
            let most = numbers.iter().copied().reduce(f64::max);
            let shown = |value: Option<f64>| value.map_or(String::new(), |value| format!("{}", value + 0.0));
            let _ = writeln!(expected, "{}\t{}\t{}", rows.len(), shown(sum), shown(most));
        }
        let expression = format!(
            "csv as k, v | running count over {over} rows as c, sum(v) over {over} rows as s, max(num(v)) over {over} rows as m by k | select c, s, m");
        prop_assert_eq!(print(&expression, &csv(&records)), expected);
    }

    #[test]
    fn fold_is_a_loop(records in records()) {
        let mut states: HashMap<String, (f64, String)> = HashMap::new();
        let mut each = String::new();
        for (key, value) in &records {
            let (total, text) = states.entry(key.clone()).or_insert((1.0, String::new()));
            (*total, *text) = (*total + number(value).unwrap_or(0.0), format!("{text}{value};"));
            let _ = writeln!(each, "{key}\t{value}\t{total}\t{text}");
        }
        let fold = "fold s = 1 then s + if(is_number(v), num(v), 0), t = '' then concat(t, v, ';') by k";
        prop_assert_eq!(print(&format!("csv as k, v | running {fold}"), &csv(&records)), each);
        let mut rows: Vec<(String, (f64, String))> = states.into_iter().collect();
        // Keys are as sort has them: empty text is a text, and none is a number.
        rows.sort_by(|left, right| right.1.0.total_cmp(&left.1.0).then(left.0.cmp(&right.0)));
        let last: String = rows.iter().map(|(key, (total, text))| format!("{key}\t{total}\t{text}\n")).collect();
        prop_assert_eq!(print(&format!("csv as k, v | {fold}"), &csv(&records)), last);
    }

    #[test]
    fn lookup_is_a_join(records in records(), table in records()) {
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().expect("a file");
        let rows = table.iter().map(|(key, value)| format!("\"{key}\",{value}\n"));
        let text = format!("id,w\n{}", rows.collect::<String>());
        file.write_all(text.as_bytes()).expect("room for the table");
        let path = file.path().to_str().expect("a plain path");
        let (mut inner, mut left) = (String::new(), String::new());
        for (key, value) in &records {
            let matches: Vec<&String> = table.iter().filter(|(id, _)| id == key).map(|(_, w)| w).collect();
            for w in &matches {
                let _ = writeln!(inner, "{key}\t{value}\t{w}");
                let _ = writeln!(left, "{key}\t{value}\t{w}");
            }
            if matches.is_empty() {
                let _ = writeln!(left, "{key}\t{value}\t");
            }
        }
        let lookup = format!("csv as k, v | lookup \"{path}\" on k = id");
        prop_assert_eq!(print(&lookup, &csv(&records)), inner);
        prop_assert_eq!(print(&format!("{lookup} left"), &csv(&records)), left);
    }
}

/// Each record's running aggregate is the aggregate of the records up to it, whatever the aggregate.
#[test]
fn running_agrees_with_every_aggregate() {
    let mut checked = 0;
    let records = ["a,3", "b,1", "a,", "a,2.5", "b,7", "b,x", "a,3", "c,0", "a,-4", "b,7"];
    for def in bourn::aggregate::AGGREGATES {
        let name = def.entry.name;
        if def.running_only || name == "rate" {
            continue; // they are no aggregates of all records; rate is by the clock
        }
        let call = match name {
            "count" => "count(v > 1)".to_owned(),
            "any" | "all" => format!("{name}(v > 1)"),
            "percentile" | "percentile_cont" => format!("{name}(v, 75)"),
            "ewma" => "ewma(v, 0.3)".to_owned(),
            "linreg" | "corr" => format!("{name}(v, v * v)"),
            _ => format!("{name}(v)"),
        };
        for clause in ["", " where v != 7"] {
            let running = format!("csv as k, v | running {call}{clause} as r by k | drop v");
            let found = print(&running, &(records.join("\n") + "\n"));
            for (index, line) in found.lines().enumerate() {
                let key = line.split('\t').next().expect("a line has a key");
                let aggregate = format!("csv as k, v | {call}{clause} as r by k | where k == '{key}'");
                let upto = records[..=index].join("\n") + "\n";
                let expected = print(&aggregate, &upto);
                assert_eq!(line, expected.trim_end_matches('\n'), "{running}: record {index}");
            }
            assert_eq!(found.lines().count(), records.len());
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} aggregates");
}

#[test]
fn silent_keys_begin_anew() {
    let (mut input, mut time) = (String::new(), 1_800_000_000);
    for round in 0..3000 {
        time += if round % 7 == 0 { 90 } else { 5 };
        let _ = writeln!(input, "{time} k{}", round % 5);
    }
    let forget = Some(Duration::from_secs(60));
    let (mut seen, mut expected, mut counts) = (HashMap::new(), String::new(), HashMap::new());
    let mut running = String::new();
    for line in input.lines() {
        let (time, key) = line.split_once(' ').expect("two fields");
        let time: i64 = time.parse().expect("a number");
        let is_known = seen.insert(key, time).is_some_and(|last| time - last <= 60);
        if !is_known {
            let _ = writeln!(expected, "{key}");
            counts.insert(key, 0);
        }
        let count = counts.entry(key).or_insert(0);
        *count += 1;
        let _ = writeln!(running, "{count}");
    }
    let head = "parse \"{t:int} {k}\"";
    let window = "window 1d on t";
    for (stage, printed) in [
        ("dedup k | select k", &expected),
        ("running count by k | select count", &running),
        ("running fold n = 0 then n + 1 by k | select n", &running),
    ] {
        // One window that all records are in, so that time is theirs.
        let whole = window.replace("1d", "3000d");
        let found = print_forgetting(&format!("{head} | {stage} | {whole}"), &input, forget);
        let rows = found.lines().map(|line| line.rsplit('\t').next().unwrap_or_default());
        assert_eq!(rows.map(|row| format!("{row}\n")).collect::<String>(), *printed, "{stage}");
    }
}

/// More keys than a worker remembers, and than a sweep waits for.
#[test]
fn many_keys() {
    let mut input = String::new();
    for round in 0..2 {
        for key in 0..150_000 {
            let _ = writeln!(input, "{}", key * (round + 1));
        }
    }
    let mut seen = HashSet::new();
    let first: String = input.split_inclusive('\n').filter(|line| seen.insert(*line)).collect();
    let configuration = Configuration { threads: 2, chunk_bytes: 64 << 10, batch: None, origin: Origin::File };
    let (out, outcome) = run(&plan("dedup", None), input.as_bytes(), configuration);
    assert!(out == first.as_bytes());
    assert_eq!(outcome.ledger.passed + outcome.ledger.filtered, 300_000);
    let (out, _) =
        run(&plan("running count by line | where count == 2 | count", None), input.as_bytes(), configuration);
    assert_eq!(out, b"75000\n");
}
