//! Runs that would go on for ever: each ends after one signal, or when the reader of its output has gone. No test has a
//! limit of its own: what would go on for hours is stuck for the harness.

#![cfg(target_os = "linux")] // the support for live runs reads /proc

#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use live::Running;

const TWO: &str = "1970-01-01T00:00:00Z boot\n2026-03-01T10:00:01Z up\n";

/// More rows than anybody can read: the records are in many windows, or decades of windows have none.
const ENDLESS: [&[&str]; 3] = [
    &["--fill", "--fill-limit", "99999999999", "parse '{t:time} {n}' | count | window 1s on t"],
    &["parse '{t:time} {n}' | count | window 1s/1us on t | limit 1"],
    &["parse '{t:time} {n}' | sort n | select n | window 1s/1us on t"],
];

#[test]
fn windows_without_end_hear_a_signal() {
    for arguments in ENDLESS {
        let mut run = Running::start(arguments);
        run.write(TWO);
        run.close_stdin();
        run.line(); // it is printing
        run.signal("TERM");
        let ended = run.end();
        assert_eq!(ended.status, Some(143));
        let cut = "bourn: interrupted: there were many more windows than records, the last ones are not printed\n";
        assert!(ended.stderr.contains(cut), "{}", ended.stderr);
    }
}

#[test]
fn windows_without_end_end_with_the_reader_of_their_rows() {
    // Where no window has a row, nothing is ever written that could fail.
    let silent: &[&str] = &["parse '{t:time} {n}' | count | window 1s/1us on t | where count > 5"];
    for arguments in ENDLESS.into_iter().chain([silent]) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(TWO.as_bytes()).expect("it reads");
        drop(stdin);
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        if arguments != silent {
            stdout.read_line(&mut String::new()).expect("a line comes");
        }
        drop(stdout);
        assert_eq!(child.wait().expect("a child").code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn a_chunk_that_takes_minutes_hears_a_signal() {
    let lines = "an ordinary line, of which there are many\n".repeat(400_000);
    // Each record costs a fraction of a millisecond, and all are in one chunk.
    let slow = "where repeat(line, 5000) ~ /q+u+x/ | count";
    for window in ["", " | window 1h"] {
        let expression = format!("{slow}{window}");
        let mut run = Running::start(&["-j", "1", "--chunk", "1GiB", &expression]);
        run.write(&lines); // most of it is read, and is one chunk
        run.signal("INT");
        let ended = run.end();
        assert_eq!(ended.status, Some(130), "{}", ended.stderr);
        let unfinished =
            "bourn: interrupted: processing what was read took too long, its last records are not in the results\n";
        assert!(ended.stderr.contains(unfinished), "{}", ended.stderr);
    }
}
