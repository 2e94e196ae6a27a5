//! When results that are not final are printed: by the clock, by a signal, and with what between them.

#![cfg(target_os = "linux")] // reads /proc

#[allow(dead_code)]
#[path = "support/child.rs"]
mod child;
#[allow(dead_code)]
mod support;

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use bourn::engine::{self, Control, Encoding, Job, LiveTableOptions};
use bourn::plan::Plan;
use bourn::sink::{self, Display, Size};
use child::{Child, PATIENCE};
use proptest::prelude::*;
use support::generate;

/// What the child prints next.
fn next(child: &Child) -> String {
    child.line_within(PATIENCE).expect("a line comes")
}

#[test]
fn the_result_so_far_is_printed_by_the_clock() {
    let mut child = Child::start(&["--every", "30ms", "count by line"]);
    child.feed("a\n");
    assert_eq!(next(&child), "a\t1");
    child.feed("a\n");
    assert_eq!(next(&child), "a\t2");
    // Without anything new, nothing is said.
    assert_eq!(child.line_within(Duration::from_millis(200)), None);
    drop(child.take_stdin());
    let ended = child.end_within(PATIENCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("a\t2\n", Some(0)));
}

#[test]
fn a_fold_shows_its_states_so_far() {
    let mut child = Child::start(&["--every", "30ms", "fold n = 0 then n + 1 by line"]);
    child.feed("a\n");
    assert_eq!(next(&child), "a\t1");
    child.feed("a\nb\n");
    assert_eq!((next(&child), next(&child)), ("a\t2".into(), "b\t1".into()));
    drop(child.take_stdin());
    let ended = child.end_within(PATIENCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("a\t2\nb\t1\n", Some(0)));
}

#[test]
fn until_sees_the_states_of_a_fold() {
    let mut child = Child::start(&["fold n = 0 then n + 1 by line | until n == 2"]);
    child.feed("a\nb\n");
    child.feed("b\n");
    // Its input goes on.
    let ended = child.end_within(PATIENCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("b\t2\n", Some(0)));
}

#[test]
fn a_window_that_has_nothing_new_is_not_printed_again() {
    for expression in
        ["count by line | window 24h", "sort line | count by line | window 24h", "count by line | window session 24h"]
    {
        let mut child = Child::start(&["--every", "30ms", expression]);
        child.feed("a\n");
        assert!(next(&child).ends_with("\ta\t1"), "{expression}");
        let more = child.line_within(Duration::from_millis(300));
        assert_eq!(more, None, "{expression}: nothing has come");
        child.feed("a\n");
        assert!(next(&child).ends_with("\ta\t2"), "{expression}");
    }
}

#[test]
fn stages_after_a_result_see_it_so_far() {
    for (expression, printed) in [
        ("sort line | limit 2", "a\nb\n"),
        ("tail 1", "c\n"),
        ("count by line | count", "3\n"),
        ("count by line | let t = total(count) | sort line | limit 1", "a\t1\t3\n"),
        ("limit 9 | sort line desc | select line as l", "c\nb\na\n"),
    ] {
        let mut child = Child::start(&["--every", "30ms", expression]);
        child.feed("b\na\nc\n");
        for line in printed.lines() {
            assert_eq!(next(&child), line, "{expression}");
        }
        drop(child.take_stdin());
        assert_eq!(child.end_within(PATIENCE).stdout, printed, "{expression}");
    }
}

#[test]
fn only_what_has_changed() {
    let mut child = Child::start(&["--every", "30ms", "--changed", "count by line"]);
    child.feed("a\nb\n");
    assert_eq!((next(&child), next(&child)), ("a\t1".into(), "b\t1".into()));
    child.feed("b\n");
    assert_eq!(next(&child), "b\t2");
    drop(child.take_stdin());
    assert_eq!(child.end_within(PATIENCE).stdout, "b\t2\na\t1\n");
}

#[test]
fn open_windows_and_sessions() {
    let at = |time: &str, who: &str| format!("2026-03-01T10:{time}Z {who}\n");
    let parse = "parse \"{t:time} {w}\"";
    for (window, so_far) in [
        ("count by w | window 1m on t", "10:00:00Z\t2026-03-01T10:01:00Z\ta\t2"),
        ("count by w | window 1m/1m on t", "10:00:00Z\t2026-03-01T10:01:00Z\ta\t2"),
        ("sort w | select w | window 1m on t", "a"),
        ("count by w | window session 1m on t", "10:00:00Z\t2026-03-01T10:01:30Z\ta\t2"),
        ("limit 9 | count by w | window 1m on t", "10:00:00Z\t2026-03-01T10:01:00Z\ta\t2"),
    ] {
        let mut child = Child::start(&["--every", "30ms", &format!("{parse} | {window}")]);
        child.feed(&(at("00:00", "a") + &at("00:30", "a")));
        let line = next(&child);
        assert!(line.ends_with(so_far), "{window}: {line}");
    }
    let mut child = Child::start(&["--every", "30ms", "count | window 4 rows/2 rows"]);
    child.feed("1\n2\n3\n4\n5\n6\n");
    assert_eq!((next(&child), next(&child)), ("1\t4\t4".into(), "3\t6\t4".into()));
}

#[test]
fn sliding_windows_so_far() {
    let expression = "parse \"{t:time}\" | count | window 3m/1m on t";
    let mut child = Child::start(&["--every", "30ms", expression]);
    child.feed("2026-03-01T10:00:00Z\n2026-03-01T10:01:00Z\n2026-03-01T10:01:30Z\n");
    for row in [
        "09:58:00Z\t2026-03-01T10:01:00Z\t1", // final
        "09:59:00Z\t2026-03-01T10:02:00Z\t3",
        "10:00:00Z\t2026-03-01T10:03:00Z\t3",
        "10:01:00Z\t2026-03-01T10:04:00Z\t2",
    ] {
        assert_eq!(next(&child), format!("2026-03-01T{row}"));
    }
}

#[test]
fn a_signal_asks_for_the_result_so_far() {
    for arguments in [&["count by line"][..], &["sort line | count by line"]] {
        let mut child = Child::start(arguments);
        child.feed("a\na\nhalf a");
        child.signal("USR1");
        assert_eq!(next(&child), "a\t2", "{arguments:?}");
        child.signal("USR1"); // also if there is nothing new
        assert_eq!(next(&child), "a\t2", "{arguments:?}");
        drop(child.take_stdin());
        assert_eq!(child.end_within(PATIENCE).stdout, "a\t2\nhalf a\t1\n");
    }
    let mut child = Child::start(&["skip 'z'"]);
    child.feed("a\n");
    assert_eq!(next(&child), "a");
    child.signal("USR1"); // all there is to say has been said
    child.feed("b\n");
    assert_eq!(next(&child), "b");
}

#[test]
fn tables_stand_apart_and_rows_follow() {
    for (options, picture, last) in [
        (&["-o", "table"][..], &["l  count", "a      1"][..], "\nl  count\na      1\nb      1\n"),
        (&["-o", "csv"], &["l,count", "a,1"], "a,1\nb,1\n"),
        (&["-o", "json"], &["{\"l\":\"a\",\"count\":1}"], "{\"l\":\"a\",\"count\":1}\n{\"l\":\"b\",\"count\":1}\n"),
    ] {
        let arguments = [options, &["--every", "30ms", "count by line as l"]].concat();
        let mut child = Child::start(&arguments);
        child.feed("a\n");
        for line in picture {
            assert_eq!(next(&child), *line);
        }
        child.feed("b");
        drop(child.take_stdin());
        assert_eq!(child.end_within(PATIENCE).stdout, last, "{options:?}");
    }
}

#[test]
fn a_final_window_is_not_held_back_in_a_table() {
    let expression = "parse \"{t:time}\" | count | window 1m on t";
    let mut child = Child::start(&["-o", "table", "--batch", "20ms", expression]);
    child.feed("2026-03-01T10:00:00Z\n2026-03-01T10:01:00Z\n");
    assert_eq!(next(&child), "window_start          window_end            count");
    assert_eq!(next(&child), "2026-03-01T10:00:00Z  2026-03-01T10:01:00Z      1");
}

#[test]
fn files_have_a_note_that_arrival_is_hardly_meant() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "2026-03-01T10:00:00Z\n").expect("room for a line");
    let path = file.path().to_str().expect("a plain path");
    let run = |expression: &str, stdin: std::process::Stdio, path: &[&str]| {
        let arguments = [&[expression], path].concat();
        let output = child::bourn(&arguments).stdin(stdin).output();
        String::from_utf8(output.expect("the binary starts").stderr).expect("text")
    };
    let note = "bourn: the window uses the time the file was read; to use the records' own time write window … on ";
    let null = std::process::Stdio::null;
    let parse = "parse \"{time:time}\" | count | window 1m";
    assert_eq!(run(parse, null(), &[path]), format!("{note}time\n"));
    assert_eq!(run("count | window 1m", null(), &[path]), format!("{note}FIELD\n"));
    let open = || std::fs::File::open(file.path()).expect("it is there").into();
    assert_eq!(run(parse, open(), &[]), format!("{note}time\n"));
    assert_eq!(run(parse, null(), &[]), "");
    assert_eq!(run(&format!("{parse} on time"), null(), &[path]), "");
    assert_eq!(run("count | window 2 rows", null(), &[path]), "");
}

/// Runs a plan with a snapshot for each batch, which is not printed, or without snapshots.
fn print(plan: &Arc<Plan>, input: &[u8], looks: bool) -> (Vec<u8>, String) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let input = input.to_vec();
    std::thread::spawn(move || {
        for piece in input.chunks(100) {
            if writer.write_all(piece).is_err() {
                break; // enough was read
            }
        }
    });
    let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
    let encoding = match plan.output.lines {
        Some(_) => Encoding::Lines(true),
        None => Encoding::Format(bourn::encode::find("tsv").expect("tsv"), false),
    };
    let size = Size { columns: 80, rows: 24 };
    let live = LiveTableOptions {
        display: Display::new(Box::new(std::io::sink()), Box::new(move || Some(size))),
        every: Duration::ZERO,
        encoding,
        look: Default::default(),
    };
    let job = Job {
        sources: vec![path.clone().into()],
        inputs: vec![0],
        threads: 2,
        chunk_bytes: 64,
        batch: Some(Duration::from_nanos(1)),
        max_line_bytes: 16 << 20,
        encoding,
        look: Default::default(),
        every: None,
        changed: false,
        live: looks.then_some(live),
        progress: None,
        rejects: None,
        late: None,
        max_jump_ns: 86_400_000_000_000,
        reading: Default::default(),
        watches: false,
        quiet: false,
        targets: Default::default(),
        budget: bourn::data::budget::Budget::unlimited(),
        part: None,
        checkpoint: None,
    };
    let control = Control::new(bourn::data::system_clock()).expect("a pipe");
    let (mut sink, printed) = sink::in_memory();
    let outcome = engine::run(Arc::clone(plan), job, &mut sink, &control);
    let printed = std::mem::take(&mut *printed.lock().expect("the run is over"));
    (printed, outcome.ledger.to_string().replace(&path, "-"))
}

/// Windows over the generated input.
const WINDOWS: &[&str] = &[
    "split | count, sum(word) as s, p90(word) as p, count_distinct(word) as d, mode(word) as m by len(word) as n | window 3 rows/2 rows",
    "split | count, ewma(word, 0.3) as e, first(word) as f, last(word) as l, collect(word) as c by len(word) as n | window 5 rows",
    "let t = @number * 10s | count, avg(len(line)) as a by len(line) as n | window 50s/20s on t late 20s",
    "let t = @number * 10s | count, ewma(len(line), 0.5) as e by len(line) as n | window session 15s on t late 30s",
    "let t = @number * 10s | sort line | tail 2 | window 50s/20s on t",
    "let t = @number * 10s | sort line desc | limit 2 | let s = total(len(line)) | window session 15s on t",
    "limit 20 | count by line | let share = count / total(count) | window 4 rows/1 rows",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn looking_changes_nothing(
        stages in prop::collection::vec(any::<u16>(), 1..40),
        choices in prop::collection::vec(any::<u16>(), 0..200),
        window in 0..WINDOWS.len() * 2,
    ) {
        let generated = generate::pipeline(&stages, 4);
        let expression = WINDOWS.get(window).map_or(generated, |window| (*window).to_owned());
        let Ok(plan) = support::run::plan(&expression) else { return Ok(()) };
        let input = generate::input(&choices);
        let (plain, ledger) = print(&plan, &input, false);
        let (looked, looked_ledger) = print(&plan, &input, true);
        prop_assert_eq!(String::from_utf8_lossy(&looked), String::from_utf8_lossy(&plain), "{}", &expression);
        // A run that `limit` ends has read as much as it happened to.
        if !expression.contains("limit") {
            prop_assert_eq!(looked_ledger, ledger, "{}", &expression);
        }
    }
}

#[test]
fn the_windows_of_the_property_are_right() {
    for expression in WINDOWS {
        let plan = support::run::plan(expression);
        plan.unwrap_or_else(|diagnostics| panic!("{expression}: {diagnostics:?}"));
    }
}
