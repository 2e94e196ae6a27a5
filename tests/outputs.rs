//! Where results and reports go: closed and unwritable streams, one file for two outputs, and what a run that fails early
//! leaves behind.

#![cfg(target_os = "linux")] // the shell's redirections, /proc

#[path = "support/child.rs"]
#[allow(dead_code)]
mod child;
#[path = "support/program.rs"]
#[allow(dead_code)]
mod program;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use child::Child;
use program::Files;

/// How long a run may take to end; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a shell command in which `$BOURN` is the program, in a folder.
fn shell(files: &Files, command: &str) -> Output {
    Command::new("sh")
        .args(["-c", command])
        .env("BOURN", env!("CARGO_BIN_EXE_bourn"))
        .current_dir(files.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell")
}

/// What a shell command prints on stderr, and its status.
fn ended(files: &Files, command: &str) -> (String, Option<i32>) {
    let output = shell(files, command);
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
}

#[test]
fn closed_and_unwritable_streams_are_failures() {
    let files = Files::new();
    files.write("a", b"x\n");
    for (command, message) in [
        ("$BOURN count a >&-", "bourn: standard output: is closed\n"),
        ("$BOURN --version >&-", "bourn: standard output: is closed\n"),
        ("$BOURN count <&-", "bourn: -: standard input is closed\n"),
        ("$BOURN count a 1<a", "bourn: a: is both read and written; send the results to another file\n"),
        ("$BOURN count 1<a", "bourn: standard output: is open for reading only\n"),
        ("$BOURN count a >/dev/full", "bourn: standard output: no space left on device\n"),
        ("$BOURN --formats >/dev/full", "bourn: standard output: no space left on device\n"),
    ] {
        let (stderr, status) = ended(&files, command);
        let expected = if message.contains("both read") { 2 } else { 3 };
        assert_eq!((stderr.as_str(), status), (message, Some(expected)), "{command}");
    }
}

#[test]
fn streams_that_lead_nowhere_are_open() {
    let files = Files::new();
    files.write("a", b"x\n");
    for command in [
        "$BOURN count a >/dev/null",
        "$BOURN count a <&- >/dev/null",
        "$BOURN count </dev/null 1<>/dev/null",
        "$BOURN count 0<>/dev/null 1<>/dev/null",
    ] {
        assert_eq!(ended(&files, command), (String::new(), Some(0)), "{command}");
    }
}

#[test]
fn results_never_go_into_what_is_read_or_kept() {
    let files = Files::new();
    files.write("a", b"x\n");
    for (command, message) in [
        ("$BOURN 'match \"x\"' a >> a", "a: is both read and written; send the results to another file"),
        ("$BOURN count - < a >> a", "standard input: is both read and written; send the results to another file"),
        ("$BOURN --rejects out 'json | count' a > out", "--rejects out: results go to the same file"),
        ("$BOURN --report out count a > out", "--report out: results go to the same file"),
        (
            "$BOURN --rejects told 'json | count' a 2> told; status=$?; cat told >&2; exit $status",
            "--rejects told: messages go to the same file",
        ),
        (
            "$BOURN --report /dev/stderr count a 2> told; status=$?; cat told >&2; exit $status",
            "--report /dev/stderr: messages go to the same file",
        ),
        (
            "ln -sf new link; $BOURN --rejects new --report link 'json | count' a",
            "--rejects and --report go to the same",
        ),
    ] {
        let (stderr, status) = ended(&files, command);
        assert!(stderr.contains(message), "{command}: {stderr}");
        assert_eq!(status, Some(2), "{command}");
    }
    assert_eq!(std::fs::read(files.path().join("a")).expect("the file"), b"x\n");
    let both = ended(&files, "$BOURN --rejects /dev/null --report /dev/null 'json | count' a");
    assert_eq!(both.1, Some(0), "{}", both.0);
}

#[test]
fn a_report_never_outlives_a_run_that_fails_early() {
    let files = Files::new();
    files.write("a", b"x\n");
    let report = files.path().join("r.xml");
    for early in [
        "$BOURN --report r.xml 'cuont' a",
        "$BOURN --report=r.xml --no-such-option count a",
        "$BOURN --no-such-option --report r.xml count a",
        "$BOURN --report r.xml -x missing a",
        "$BOURN --report r.xml --rejects /none/f 'json | count' a",
        "$BOURN --report r.xml count a >&-",
        "$BOURN --report r.xml --rejects f --late f 'json | count | window 1s on t' a",
        "$BOURN --report r.xml 'match \"x\"' a >>a",
    ] {
        let first = ended(&files, "$BOURN --report r.xml 'count | assert count == 1' a");
        assert_eq!(first.1, Some(0), "{}", first.0);
        assert!(report.exists());
        let failed = ended(&files, early);
        assert!(matches!(failed.1, Some(2 | 3)), "{early}: {failed:?}");
        assert!(!report.exists(), "{early}");
    }
    files.write("notes", b"mine\n");
    ended(&files, "$BOURN --report notes 'cuont' a");
    let notes = std::fs::read(files.path().join("notes")).expect("the file");
    assert_eq!(notes, b"mine\n", "what is no report is not removed");
}

#[test]
fn a_report_goes_into_a_pipe_that_is_read() {
    let files = Files::new();
    files.write("a", b"x\n");
    let command = "mkfifo p; cat p > copy & $BOURN --report p 'count | assert count == 1' a && wait && cat copy";
    let output = shell(&files, command);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("<testsuites name=\"bourn\" tests=\"3\" failures=\"0\""), "{text}");
    let (stderr, status) = ended(&files, "$BOURN --report p count a");
    assert_eq!((stderr.as_str(), status), ("bourn: p: is a pipe that no process reads\n", Some(2)));
}

#[test]
fn a_hangup_ends_the_input_and_prints_results() {
    let mut child = Child::start(&["--every", "20ms", "count"]);
    child.feed("a\n");
    assert_eq!(child.line_within(PATIENCE).as_deref(), Some("1"));
    child.signal("HUP");
    let ended = child.end_within(PATIENCE);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(129), "1\n"), "{}", ended.stderr);
}

#[test]
fn a_hangup_that_is_ignored_stays_so() {
    let mut child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$BOURN\" --every 20ms count"])
        .env("BOURN", env!("CARGO_BIN_EXE_bourn"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdin.write_all(b"a\n").expect("it reads");
    let mut line = String::new();
    stdout.read_line(&mut line).expect("it prints");
    assert_eq!(line, "1\n");
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::HUP).expect("it runs");
    stdin.write_all(b"b\n").expect("it still reads");
    drop(stdin);
    let last = stdout.lines().map_while(Result::ok).last();
    assert_eq!(last.as_deref(), Some("2"));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
