//! Several inputs: what a naive reading of one after another gives, however the work is parted; and sources that are
//! live, side by side.

#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;
#[path = "support/run.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod run;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use bourn::engine::Outcome;
use bourn::plan::{OutputMode, Plan, Settings};
use proptest::prelude::*;

use live::Running;
use run::{Configuration, Origin, run_inputs};

const CONFIGURATIONS: [(usize, usize, Option<u64>); 4] =
    [(1, 1 << 20, None), (2, 1, None), (8, 7, Some(1)), (3, 64, Some(1))];

/// The plan of an expression that knows other sources as `b` and `c`.
fn plan(expression: &str) -> Arc<Plan> {
    let pipeline = bourn::lang::parse(expression).expect("a good expression");
    let settings = Settings { inputs: vec!["b".to_owned(), "c".to_owned()], ..Settings::from(OutputMode::AsItCame) };
    Arc::new(Plan::of(&pipeline, settings).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}")))
}

/// The output of an expression for files, the first of which is on the command line, in every configuration.
fn print(expression: &str, contents: &[&str]) -> (String, Outcome) {
    let mut first: Option<(String, Outcome)> = None;
    for (threads, chunk_bytes, batch) in CONFIGURATIONS {
        let plan = plan(expression);
        let files: Vec<tempfile::NamedTempFile> = contents
            .iter()
            .map(|content| {
                let mut file = tempfile::NamedTempFile::new().expect("a file");
                file.write_all(content.as_bytes()).expect("room for it");
                file
            })
            .collect();
        let names = ["", "b", "c"];
        let sources = files.iter().zip(names).map(|(file, name)| {
            let input = plan.inputs.iter().position(|input| input.name == name);
            let path = file.path().to_str().expect("a plain path").to_owned();
            (path, input.expect("the expression names it"))
        });
        let configuration =
            Configuration { threads, chunk_bytes, batch: batch.map(Duration::from_millis), origin: Origin::File };
        let (printed, outcome) = run_inputs(&plan, sources.collect(), configuration);
        let printed = String::from_utf8(printed).expect("text");
        let ledger = &outcome.ledger;
        let accounted = ledger.passed + ledger.filtered + ledger.rejected + ledger.late;
        assert_eq!(ledger.read, accounted, "{expression}: {ledger:?}");
        match &first {
            None => first = Some((printed, outcome)),
            Some((expected, other)) => {
                assert_eq!(&printed, expected, "{expression}: {configuration:?}");
                let places = |outcome: &Outcome| {
                    let ledger = &outcome.ledger;
                    (ledger.read, ledger.passed, ledger.filtered, ledger.rejected, ledger.late)
                };
                assert_eq!(places(&outcome), places(other), "{expression}: {configuration:?}");
            }
        }
    }
    first.expect("there are configurations")
}

/// Keys and numbers.
fn pairs() -> impl Strategy<Value = Vec<(char, i64)>> {
    prop::collection::vec((prop::char::range('a', 'c'), 0i64..6), 0..30)
}

fn written(pairs: &[(char, i64)], line: impl Fn(char, i64) -> String) -> String {
    pairs.iter().map(|(key, number)| line(*key, *number) + "\n").collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn records_are_merged_in_after_their_own_stages(main in pairs(), other in pairs(), third in pairs()) {
        let expression = "match 'b', 'a' | parse '{k}={v:int}' | union (b | csv as k, w | where w > 2) \
                          | let s = (v ?? 0) + (w ?? 0) | union (c | split ' ' as k) | where k != 'c'";
        let contents = [
            written(&main, |key, number| format!("{key}={number}")),
            written(&other, |key, number| format!("{key},{number}")),
            written(&third, |key, number| format!("{key} {number}")),
        ];
        let (printed, outcome) = print(expression, &contents.each_ref().map(String::as_str));
        let mut expected = String::new();
        for (key, number) in main.iter().filter(|(key, _)| *key != 'c') {
            expected += &format!("{key}\t{number}\t\t{number}\n");
        }
        for (key, number) in other.iter().filter(|(key, number)| *number > 2 && *key != 'c') {
            expected += &format!("{key}\t\t{number}\t{number}\n");
        }
        for (key, number) in &third {
            for piece in [key.to_string(), number.to_string()] {
                if piece != "c" {
                    expected += &format!("{piece}\t\t\t\n");
                }
            }
        }
        prop_assert_eq!(printed, expected);
        prop_assert_eq!(outcome.ledger.read as usize, main.len() + other.len() + third.len());
    }

    #[test]
    fn groups_are_those_of_all_records(main in pairs(), other in pairs()) {
        let contents = [
            written(&main, |key, number| format!("{{\"k\":\"{key}\",\"v\":{number}}}")),
            written(&other, |key, number| format!("{{\"w\":{number},\"k\":\"{key}\"}}")),
        ];
        let contents = contents.each_ref().map(String::as_str);
        let expression = "json | where v > 1 | union (b | json) | count, sum(v), sum(w), first(v), last(w) by k | sort k";
        let mut expected = String::new();
        for key in 'a'..='c' {
            let main: Vec<i64> = main.iter().filter(|(of, v)| *of == key && *v > 1).map(|(_, v)| *v).collect();
            let other: Vec<i64> = other.iter().filter(|(of, _)| *of == key).map(|(_, w)| *w).collect();
            let sum = |numbers: &[i64]| match numbers {
                [] => String::new(),
                numbers => numbers.iter().sum::<i64>().to_string(),
            };
            let text = |number: Option<&i64>| number.map_or(String::new(), i64::to_string);
            if main.len() + other.len() > 0 {
                expected += &format!(
                    "{key}\t{}\t{}\t{}\t{}\t{}\n",
                    main.len() + other.len(),
                    sum(&main),
                    sum(&other),
                    text(main.first()),
                    text(other.last()),
                );
            }
        }
        prop_assert_eq!(print(expression, &contents).0, expected);
    }

    #[test]
    fn a_window_waits_for_all_sources(main in pairs(), other in pairs()) {
        let time = |place: usize| format!("2026-03-01T10:00:{:02}Z", place);
        let of = |pairs: &[(char, i64)]| -> String {
            let lines = pairs.iter().enumerate().map(|(place, (key, _))| format!("{} {key}\n", time(place)));
            lines.collect()
        };
        let contents = [of(&main), of(&other)];
        let contents = contents.each_ref().map(String::as_str);
        let expression = "parse '{t} {k}' | union (b | parse '{t} {k}') | window 10s on t | count";
        let mut expected = String::new();
        for start in [0, 10, 20] {
            let within = |pairs: &[(char, i64)]| pairs.len().saturating_sub(start).min(10);
            let count = within(&main) + within(&other);
            if count > 0 {
                let end = start + 10;
                expected += &format!("{}\t{}\t{count}\n", time(start), time(end));
            }
        }
        prop_assert_eq!(print(expression, &contents).0, expected);
    }
}

/// A line of a key, a second and a number, which is its place.
fn timed((place, (key, second)): (usize, &(char, i64))) -> String {
    let second = place as i64 / 2 + second;
    format!("{key},2026-03-01T10:00:{second:02}Z,{place}\n")
}

/// What a join of two files prints, from its definition: of the first file nothing is forgotten before it is read.
fn nested_loop(main: &[(char, i64)], other: &[(char, i64)], is_left: bool) -> String {
    let second = |(place, (_, second)): (usize, &(char, i64))| place as i64 / 2 + second;
    let time = |place: usize, pairs: &[(char, i64)]| second((place, &pairs[place]));
    let mut printed = String::new();
    let mut is_paired = vec![false; main.len()];
    let mut is_gone = vec![false; main.len()];
    let mut reached = i64::MIN;
    for last in 0..=other.len() {
        reached = match last == other.len() {
            true => i64::MAX,
            false => reached.max(time(last, other) - 1),
        };
        let is_past = |place: &usize| time(*place, main) + 4 < reached;
        let mut gone: Vec<usize> = (0..main.len()).filter(is_past).collect();
        gone.retain(|place| !std::mem::replace(&mut is_gone[*place], true));
        gone.sort_by_key(|place| (time(*place, main), *place));
        for place in gone.into_iter().filter(|place| is_left && !is_paired[*place]) {
            let (key, time) = (main[place].0, time(place, main));
            printed += &format!("{key}\t2026-03-01T10:00:{time:02}Z\t{place}\t\n");
        }
        let Some(with) = other.get(last) else { break };
        for place in (0..main.len()).filter(|place| !is_gone[*place]) {
            let is_near = (time(place, main) - time(last, other)).abs() <= 4;
            if main[place].0 == with.0 && is_near {
                is_paired[place] = true;
                let (key, time) = (main[place].0, time(place, main));
                printed += &format!("{key}\t2026-03-01T10:00:{time:02}Z\t{place}\t{last}\n");
            }
        }
    }
    printed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_join_is_a_nested_loop(main in pairs(), other in pairs(), is_left in any::<bool>()) {
        let of = |pairs: &[(char, i64)]| pairs.iter().enumerate().map(timed).collect::<String>();
        let contents = [of(&main), of(&other)];
        let left = if is_left { "left" } else { "" };
        let expression = format!("csv as k, t, v | join (b | csv as k, t, w) on k within 4s on t late 1s {left}");
        let (printed, outcome) = print(&expression, &contents.each_ref().map(String::as_str));
        prop_assert_eq!(printed, nested_loop(&main, &other, is_left));
        prop_assert_eq!(outcome.ledger.read as usize, main.len() + other.len());
        // Without the fields' names before the data is read: the same pairs.
        let named = contents.map(|content| format!("k,t,v\n{content}"));
        let named = [named[0].clone(), named[1].replace("k,t,v", "k,t,w")];
        let open = format!("csv | join (b | csv) on k within 4s on t late 1s {left} | select k, t, v, w");
        let (printed, _) = print(&open, &named.each_ref().map(String::as_str));
        prop_assert_eq!(printed, nested_loop(&main, &other, is_left));
    }
}

#[test]
fn objects_keep_their_own_fields() {
    let expression = "json | drop x | union (b | csv) | let n = @number | union (c | logfmt | drop a)";
    let contents = ["{\"a\":1,\"x\":2}\n{\"b\":{\"c\":3}}\n", "a,z\n7,8\n", "a=5 d=6\n"];
    let plan = plan(expression);
    assert!(plan.output.columns.whole.is_some());
    let (printed, _) = print(&format!("{expression} | select a, b.c, z, d, n, x"), &contents);
    assert_eq!(printed, "1\t\t\t\t1\t\n\t3\t\t\t2\t\n7\t\t8\t\t2\t\n\t\t\t6\t\t\n");
}

#[test]
fn every_source_counts_its_own_records() {
    let expression = "union b | where @number % 2 == 0 | union c | select @number, line";
    let lines =
        |letter: &str, count: usize| -> String { (1..=count).map(|number| format!("{letter}{number}\n")).collect() };
    let contents = [lines("a", 5), lines("b", 4), lines("c", 2)];
    let (printed, _) = print(expression, &contents.each_ref().map(String::as_str));
    assert_eq!(printed, "2\ta2\n4\ta4\n2\tb2\n4\tb4\n1\tc1\n2\tc2\n");
}

#[test]
fn what_is_cut_up_on_one_side_keeps_the_account() {
    for expression in [
        "split as w | union (b | select line as w) | where w != 'x'",
        "select line as w | union (b | split as w) | where w != 'x' | tail 3",
        "select line as w | where w != 'x' | union (b | split as w) | dedup w",
        "select line as w | where w != 'x' | union (b | split as w) | count by w",
    ] {
        let (_, outcome) = print(expression, &["x\ny z\nx x\n", "x\nx y\n\nz\n"]);
        assert_eq!(outcome.ledger.read, 7, "{expression}");
    }
}

#[test]
fn live_sources_come_in_as_they_are() {
    let mut run = Running::start(&[
        "--with",
        "b=tcp-listen://0",
        "select line | union (b | csv | select name as line)",
        "tcp-listen://0",
    ]);
    let (main, other) = (run.port(), run.port());
    let connect = |port: u16| TcpStream::connect(("127.0.0.1", port)).expect("a listener");
    let mut first = connect(main);
    first.write_all(b"one\n").expect("an open connection");
    assert_eq!(run.line(), "one");
    let mut second = connect(other);
    second.write_all(b"id,name\n7,\"two\nlines\"\n").expect("an open connection");
    assert_eq!(run.line(), "two\\nlines");
    first.write_all(b"id,name\n").expect("an open connection");
    assert_eq!(run.line(), "id,name");
    second.write_all(b"8,three\n").expect("an open connection");
    assert_eq!(run.line(), "three");
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn live_sources_are_joined_as_they_come() {
    let mut run = Running::start(&[
        "--with",
        "b=tcp-listen://0",
        "json | join (b | json | select id, t, y) on id within 5s on t left | select id, x, y",
        "tcp-listen://0",
    ]);
    let (main, other) = (run.port(), run.port());
    let connect = |port: u16| TcpStream::connect(("127.0.0.1", port)).expect("a listener");
    let (mut first, mut second) = (connect(main), connect(other));
    let send = |to: &mut TcpStream, id: i64, second: i64, rest: &str| {
        let line = format!("{{\"id\":{id},\"t\":{},{rest}}}\n", 1_770_000_000 + second);
        to.write_all(line.as_bytes()).expect("an open connection");
    };
    send(&mut first, 1, 0, "\"x\":\"a\"");
    send(&mut first, 2, 1, "\"x\":\"b\"");
    send(&mut second, 2, 2, "\"y\":\"p\"");
    assert_eq!(run.line(), "2\tb\tp");
    send(&mut second, 3, 4, "\"y\":\"q\"");
    send(&mut first, 3, 3, "\"x\":\"c\"");
    assert_eq!(run.line(), "3\tc\tq");
    send(&mut second, 4, 6, "\"y\":\"r\"");
    assert_eq!(run.line(), "1\ta\t", "the other side has gone past it");
    send(&mut first, 5, 7, "\"x\":\"d\"");
    run.wait_until_read(main);
    run.signal("INT");
    let ended = run.end();
    assert_eq!(ended.stdout, "5\td\t\n", "nothing more can come");
    assert_eq!(ended.status, Some(130));
}

#[test]
fn a_side_that_is_silent_is_not_waited_for() {
    let mut run = Running::start(&[
        "--idle",
        "100ms",
        "--batch",
        "50ms",
        "--with",
        "b=tcp-listen://0",
        "json | join (b | json) on id within 1ms left | select id",
        "tcp-listen://0",
    ]);
    let main = run.port();
    let mut first = TcpStream::connect(("127.0.0.1", main)).expect("a listener");
    first.write_all(b"{\"id\":1}\n").expect("an open connection");
    assert_eq!(run.line(), "1", "the clock has gone past it");
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}
