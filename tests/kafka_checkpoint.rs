//! Topics with `--checkpoint`: several runs read one stream, whatever happens to the runs and to the topics.

#![cfg(feature = "kafka")]

#[path = "support/kafka_broker.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod kafka_broker;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod program;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use kafka_broker::FakeBroker;
use program::{Ended, Files, bourn};

/// A broker with a topic of one partition.
fn broker(values: &[&str]) -> FakeBroker {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 1);
    broker.produce("t", 0, values);
    broker
}

/// Runs an expression with a checkpoint in a directory.
fn with_checkpoint(files: &Files, options: &[&str], expression: &str, address: &str) -> Ended {
    let state = files.path().join("state").to_str().expect("a plain path").to_owned();
    bourn(&[&["--checkpoint", &state], options, &[expression, address]].concat(), b"")
}

#[test]
fn runs_with_a_checkpoint_read_on() {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 2);
    broker.produce("t", 0, &["1", "2"]);
    let files = Files::new();
    let next = |query: &str| {
        let ended = with_checkpoint(&files, &[], "select @partition, @offset, line, @number", &broker.address(query));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        ended.stdout
    };
    assert_eq!(next("t"), "0\t0\t1\t1\n0\t1\t2\t2\n");
    assert_eq!(next("t"), "");
    broker.produce("t", 0, &["3"]);
    broker.produce("t", 1, &["4"]);
    // The options of an address do not make another stream of it; `from` is for partitions that were never read.
    assert_eq!(next("t?from=latest"), "0\t2\t3\t3\n1\t0\t4\t1\n");
    let mut state = broker.state();
    state.topics.get_mut("t").expect("a topic").partitions.push(kafka_broker::Log::default());
    drop(state);
    broker.produce("t", 2, &["5"]);
    assert_eq!(next("t?from=latest"), "2\t0\t5\t1\n", "a new partition begins at its start");
    broker.produce("t", 1, &["6"]);
    assert_eq!(next("t"), "1\t1\t6\t2\n");
}

#[test]
fn a_partition_without_messages_keeps_its_place() {
    let broker = broker(&["1"]);
    let files = Files::new();
    let next = |query: &str| {
        let ended = with_checkpoint(&files, &[], "select line", &broker.address(query));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        ended.stdout
    };
    assert_eq!(next("t?from=latest"), "");
    broker.produce("t", 0, &["2"]);
    assert_eq!(next("t"), "2\n");
}

#[test]
fn windows_wait_for_every_partition() {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 3); // the last one stays empty
    let files = Files::new();
    let next = |options: &[&str]| {
        let expression = "json | count by @partition as p | window 1m on ts";
        let ended = with_checkpoint(&files, options, expression, &broker.address("t"));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
        ended.stdout
    };
    let at = |minute: u32| format!(r#"{{"ts":"2026-03-01T10:{minute:02}:00Z"}}"#);
    let window = |minute: u32, partition: u32, count: u32| {
        let (start, end) = (format!("2026-03-01T10:{minute:02}:00Z"), format!("2026-03-01T10:{:02}:00Z", minute + 1));
        format!("{start}\t{end}\t{partition}\t{count}\n")
    };
    broker.produce("t", 0, &[&at(0), &at(5)]);
    broker.produce("t", 1, &[&at(0), &at(1)]);
    assert_eq!(next(&[]), window(0, 0, 1) + &window(0, 1, 1));
    broker.produce("t", 0, &[&at(9)]);
    assert_eq!(next(&[]), "", "partition 1 is at minute 1");
    broker.produce("t", 1, &[&at(3), &at(6)]);
    assert_eq!(next(&[]), window(1, 1, 1) + &window(3, 1, 1) + &window(5, 0, 1));
    assert_eq!(next(&["--finish"]), window(6, 1, 1) + &window(9, 0, 1));
}

#[test]
fn messages_that_are_gone_are_reported() {
    let broker = broker(&["1", "2"]);
    let files = Files::new();
    let next = |query: &str| {
        let address = broker.address(query);
        let ended = with_checkpoint(&files, &[], "select line", &address);
        let base = broker.address("");
        (ended.status, ended.stdout, ended.stderr.replace(&base, "ADDRESS/"))
    };
    assert_eq!(next("t"), (Some(0), "1\n2\n".to_owned(), String::new()));
    broker.produce("t", 0, &["3"]);
    broker.produce("t", 0, &["4"]);
    broker.produce("t", 0, &["5"]);
    broker.expire("t", 0, 4);
    let (status, output, message) = next("t");
    assert_eq!((status, output.as_str()), (Some(3), ""), "{message}");
    let gone = "ADDRESS/t/0: offset 2 is gone: the partition has offsets 4 to 4";
    assert!(message.contains(&format!("{gone}; on-loss=earliest goes on with the first one")), "{message}");
    let (status, output, message) = next("t?on-loss=earliest");
    assert_eq!((status, output.as_str()), (Some(0), "5\n"), "{message}");
    assert!(message.contains(&format!("{gone}; going on with offset 4: 2 messages at most are lost")), "{message}");
    broker.create("t", 1);
    broker.produce("t", 0, &["6", "7", "8", "9", "10", "11"]);
    let (status, _, message) = next("t");
    assert_eq!(status, Some(3));
    assert!(message.contains("ADDRESS/t/0: the topic was deleted and created again"), "{message}");
    let (status, output, _) = next("t?on-loss=earliest");
    assert_eq!((status, output.lines().count()), (Some(0), 6));
    assert_eq!(next("t"), (Some(0), String::new(), String::new()));
}

#[test]
fn a_run_that_was_killed_loses_and_repeats_nothing() {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 3);
    broker.state().most_bytes = 2000;
    let files = Files::new();
    let (state, results) = (files.path().join("state"), files.path().join("results"));
    let mut written = 0;
    for round in 0..=12u64 {
        for _ in 0..40 {
            let values: Vec<String> = (0..5).map(|place| format!("{}", written + place)).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            broker.produce("t", written / 5 % 3, &values);
            written += 5;
        }
        let output = std::fs::OpenOptions::new().append(true).create(true).open(&results).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args((round < 12).then_some("--follow"))
            .args(["--quiet", "--chunk=40", "--batch=20ms", "--checkpoint-every=100ms", "--checkpoint"])
            .arg(&state)
            .args(["select line", &broker.address("t")])
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(Duration::from_millis(150 + round * 67 % 400));
        if round < 12 {
            child.kill().expect("it runs");
        }
        child.wait().expect("a status");
    }
    let text = std::fs::read_to_string(&results).expect("a file");
    let mut numbers: Vec<usize> = text.lines().map(|line| line.parse().expect("a number")).collect();
    numbers.sort_unstable();
    let expected: Vec<usize> = (0..written).collect();
    assert_eq!(numbers.len(), expected.len());
    assert_eq!(numbers, expected);
}

#[test]
fn a_run_with_finish_that_was_killed_after_a_topic_had_ended_does_not_read_it_again() {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 2);
    broker.produce("t", 0, &["a", "b"]);
    broker.produce("t", 1, &["c"]);
    let files = Files::new();
    let state = files.path().join("state");
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(["--quiet", "--finish", "--batch=5ms", "--checkpoint-every=1ms", "--checkpoint"])
            .arg(&state)
            .args(["where line != 'x' | count by line", &broker.address("t"), "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts")
    };
    let mut killed = start();
    let mut input = killed.stdin.take().expect("a pipe");
    for _ in 0..50 {
        input.write_all(b"x\n").expect("it reads"); // each batch is followed by a snapshot
        std::thread::sleep(Duration::from_millis(20));
    }
    killed.kill().expect("it runs");
    killed.wait().expect("a status");
    let ended = start().wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "a\t1\nb\t1\nc\t1\n");
}
