//! Endings other than the end of input, and what must hold until then: signals, closed and full pipes, enough
//! rows, input that pauses, output that is read slowly.

#![cfg(target_os = "linux")] // reads /proc

#[path = "support/child.rs"]
mod child;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use child::{Child, PATIENCE, bourn};

/// What is promised to happen at once; the machine may be busy.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn a_signal_ends_the_input_and_what_was_read_is_printed() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let mut child = Child::start(&["count by line"]);
        child.feed("a\nb\na\nlast");
        child.signal(signal);
        let ended = child.end_within(AT_ONCE);
        assert_eq!(ended.stdout, "a\t2\nb\t1\nlast\t1\n", "{signal}");
        assert_eq!(ended.status, Some(status), "{signal}: {}", ended.stderr);
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn a_signal_finishes_the_last_line_of_row_by_row_output() {
    let mut child = Child::start(&["skip 'b'"]);
    child.feed("a\nb\nlast");
    assert_eq!(child.line_within(AT_ONCE).as_deref(), Some("a"));
    child.signal("INT");
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("last\n", Some(130)));
}

#[test]
fn a_signal_before_any_input_prints_the_result_of_nothing() {
    let mut child = Child::start(&["count"]);
    std::thread::sleep(Duration::from_millis(300)); // until signals are listened to
    child.signal("TERM");
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("0\n", Some(143)));
}

#[test]
fn a_signal_while_a_named_pipe_has_no_writer() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo starts").success());
    let mut child = Child::start(&["count", path.to_str().expect("a plain path")]);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.is_running(), "it waits for a writer");
    child.signal("INT");
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("0\n", Some(130)));
}

#[test]
fn a_named_pipe_is_read_once_somebody_writes() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo starts").success());
    let mut child = Child::start(&["count by line", path.to_str().expect("a plain path")]);
    std::thread::sleep(Duration::from_millis(100));
    let mut writer = File::options().write(true).open(&path).expect("the pipe opens");
    writer.write_all(b"a\n").expect("an open connection");
    std::thread::sleep(Duration::from_millis(100));
    writer.write_all(b"a\nb").expect("an open connection");
    drop(writer);
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("a\t2\nb\t1\n", Some(0)));
}

#[test]
fn a_signal_in_the_middle_of_compressed_input_prints_what_was_read() {
    let mut child = Child::start(&["count by line"]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"a\nb\na\nlast").expect("memory");
    encoder.flush().expect("memory"); // all of the text so far, but no end
    let stdin_bytes = encoder.get_ref().clone();
    let mut stdin = child.take_stdin();
    stdin.write_all(&stdin_bytes).expect("the child reads");
    std::thread::sleep(Duration::from_millis(500));
    child.signal("INT");
    let ended = child.end_within(AT_ONCE);
    assert_eq!(ended.stdout, "a\t2\nb\t1\nlast\t1\n");
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(130), ""));
}

#[test]
fn a_line_whose_rest_is_not_read_is_no_record() {
    let mut child = Child::start(&["count by line"]);
    let mut stdin = child.take_stdin();
    std::thread::spawn(move || while stdin.write_all(&b"abcdef\n".repeat(1000)).is_ok() {});
    std::thread::sleep(Duration::from_millis(500));
    child.signal("INT");
    let ended = child.end_within(PATIENCE);
    assert!(ended.stdout.starts_with("abcdef\t"), "{}", ended.stdout);
    assert_eq!((ended.stdout.lines().count(), ended.status), (1, Some(130)), "{}", ended.stdout);
}

#[test]
fn a_signal_ends_compressed_files_between_two_lines() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("large.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&b"abcdef\n".repeat(1 << 17)).expect("memory");
    let member = encoder.finish().expect("memory");
    std::fs::write(&path, member.repeat(300)).expect("there is room");
    let path = path.to_str().expect("a plain path");
    for expression in ["count by line", "count by line | window 1h"] {
        let mut child = Child::start(&["-o", "json", expression, path]);
        std::thread::sleep(Duration::from_millis(300));
        child.signal("INT");
        let ended = child.end_within(PATIENCE);
        assert!(!ended.stdout.is_empty() && ended.status == Some(130), "{expression}: {}", ended.stderr);
        let is_whole = |line: &str| line.contains("\"abcdef\"");
        assert!(ended.stdout.lines().all(is_whole), "{expression}: {}", ended.stdout);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (second, status) in [("INT", 130), ("TERM", 143)] {
        let mut child = Child::start_unread(&["skip 'z'"]); // its output is never read, so it cannot finish
        let mut stdin = child.take_stdin();
        std::thread::spawn(move || while stdin.write_all(&[b'\n'; 4096]).is_ok() {});
        std::thread::sleep(Duration::from_millis(500));
        child.signal("INT");
        std::thread::sleep(Duration::from_millis(300));
        assert!(child.is_running(), "the first signal lets it finish");
        child.signal(second);
        assert_eq!(child.end_within(AT_ONCE).status, Some(status));
    }
}

#[test]
fn a_closed_pipe_ends_row_by_row_output_quietly() {
    let mut child = Child::start_unread(&["skip 'z'"]);
    let mut stdin = child.take_stdin();
    std::thread::spawn(move || while stdin.write_all(b"some line of text\n").is_ok() {});
    let mut first = String::new();
    let mut stdout = BufReader::new(child.take_stdout());
    stdout.read_line(&mut first).expect("a line comes");
    assert_eq!(first, "some line of text\n");
    drop(stdout);
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_closed_pipe_ends_a_large_result_quietly() {
    for options in [&["-o", "tsv"][..], &["-o", "json"], &["-o", "table"]] {
        let mut child = Child::start_unread(&[options, &["count by line"]].concat());
        let mut stdin = child.take_stdin();
        for number in 0..100_000 {
            writeln!(stdin, "{number}").expect("the child reads");
        }
        drop(stdin);
        let mut stdout = child.take_stdout();
        let mut few = [0; 10];
        stdout.read_exact(&mut few).expect("a result comes");
        drop(stdout);
        let ended = child.end_within(PATIENCE);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{options:?}");
    }
}

#[test]
fn a_failed_write_ends_a_run_whose_source_is_quiet() {
    for options in [&[][..], &["--every", "30ms"]] {
        // A run with a check goes on until a write fails.
        let expression = match options {
            [] => "skip 'z' | assert line != 'q'",
            _ => "count by line | assert count < 9",
        };
        let mut child = Child::start_unread(&[options, &[expression]].concat());
        child.feed("a\n");
        let mut stdout = BufReader::new(child.take_stdout());
        stdout.read_line(&mut String::new()).expect("a line comes while the input is open");
        drop(stdout);
        child.stdin_accepts("b\n"); // and nothing more
        let ended = child.end_within(PATIENCE);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_closed_pipe_ends_the_run_before_anything_is_written() {
    for arguments in [
        &["skip 'z'"][..],
        &["count"],
        &["--every", "30ms", "count"],
        &["count | window 1h"],
        &["count", "tcp-listen://0"],
        &["skip 'z'", "Cargo.toml", "--follow"],
    ] {
        let mut child = Child::start_unread(arguments);
        let mut stdout = child.take_stdout();
        if arguments.contains(&"--follow") {
            stdout.read_exact(&mut [0]).expect("it has begun");
        }
        drop(stdout);
        let ended = child.end_within(PATIENCE);
        assert_eq!(ended.status, Some(0), "{arguments:?}: {}", ended.stderr);
    }
    let mut child = Child::start_unread(&["count"]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"a\n").expect("memory");
    encoder.flush().expect("memory"); // no end
    let mut stdin = child.take_stdin();
    stdin.write_all(encoder.get_ref()).expect("the child reads");
    drop(child.take_stdout());
    let ended = child.end_within(PATIENCE);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
}

#[test]
fn enough_rows_end_the_run_although_the_input_stays_open() {
    for (expression, printed) in [
        ("limit 2", "a\nb\n"),
        ("limit 0", ""),
        ("limit 0 | count", "0\n"),
        ("limit 3 | count by line", "a\t1\nb\t1\nc\t1\n"),
        ("split | where word != 'b' | limit 2", "a\nc\n"),
        ("limit 3 | tail 1", "c\n"),
        ("limit 3 | sort line desc | limit 1", "c\n"),
    ] {
        let mut child = Child::start(&[expression]);
        child.stdin_accepts("a\nb\nc\n");
        let ended = child.end_within(AT_ONCE);
        assert_eq!(ended.stdout, printed, "{expression}");
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{expression}");
    }
}

#[test]
fn enough_rows_of_an_endless_producer() {
    let mut child = Child::start(&["limit 1000 | count"]);
    let mut stdin = child.take_stdin();
    std::thread::spawn(move || while stdin.write_all(b"some line of text\n").is_ok() {});
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("1000\n", Some(0)));
}

#[test]
fn a_full_disk_is_a_failure_with_a_reason() {
    for expression in ["match 'a'", "count by line", "sort line"] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = bourn(&[expression, "/proc/cpuinfo"]).stdout(full).output();
        let output = output.expect("the binary starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{expression}: {stderr}");
        assert!(stderr.contains("standard output: no space left on device"), "{expression}: {stderr}");
    }
}

#[test]
fn messages_that_nobody_can_read_are_no_panic() {
    for (arguments, status) in [
        (&["count", "/nowhere", "/proc/cpuinfo"][..], 3),
        (&["sum(line)", "/proc/cpuinfo"], 0),
        (&["nonsense"], 2),
        (&["--no-such-option"], 2),
    ] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = bourn(arguments).stderr(full).output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    }
}

#[test]
fn help_that_nobody_can_read_is_no_panic() {
    for arguments in [&["--explain", "count"][..], &["--help"], &["--version"]] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = bourn(arguments).stdout(full).output().expect("the binary starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn rows_appear_while_the_input_pauses() {
    for arguments in [
        &["skip 'z'"][..],
        &["-o", "json", "select line"],
        &["let n = len(line) | drop n"],
        &["split | where word != 'z'"],
        &["limit 100"],
        &["--batch", "10s", "skip 'z'"],
        &["-j", "1", "--chunk", "1GiB", "skip 'z'"],
    ] {
        let mut child = Child::start(arguments);
        for text in ["one", "two", "three"] {
            child.feed(&format!("{text}\n"));
            let line = child.line_within(Duration::from_secs(3));
            assert!(line.is_some_and(|line| line.contains(text)), "{arguments:?}: {text}");
        }
        child.feed("half a li");
        assert_eq!(child.line_within(Duration::from_millis(50)), None, "{arguments:?}");
        child.feed("ne\n");
        let line = child.line_within(Duration::from_secs(3));
        assert!(line.is_some_and(|line| line.contains("half")), "{arguments:?}");
    }
}

#[test]
fn rows_of_compressed_input_appear_while_it_pauses() {
    let mut child = Child::start(&["skip 'z'"]);
    let mut stdin = child.take_stdin();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for text in ["one", "two"] {
        writeln!(encoder, "{text}").expect("memory");
        encoder.flush().expect("memory");
        stdin.write_all(encoder.get_ref()).expect("the child reads");
        encoder.get_mut().clear();
        let line = child.line_within(Duration::from_secs(3));
        assert_eq!(line.as_deref(), Some(text));
    }
}

#[test]
fn memory_stays_flat_however_slow_the_output_is_read() {
    let megabytes = if cfg!(debug_assertions) { 40 } else { 200 };
    for expression in ["match 'line'", "skip 'z'", "let n = len(line)"] {
        let mut child = Child::start_unread(&["-j", "4", expression]);
        let mut stdin = child.take_stdin();
        let block = b"a line of text that is kept\n".repeat((1 << 20) / 28);
        let producer = std::thread::spawn(move || {
            for _ in 0..megabytes {
                stdin.write_all(&block).expect("the child reads");
            }
        });
        let mut stdout = child.take_stdout();
        let consumer = std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 20];
            std::thread::sleep(Duration::from_secs(1)); // time enough to read far ahead
            while stdout.read(&mut buffer).expect("a pipe") > 0 {
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let mut peak = 0;
        while child.is_running() {
            peak = peak.max(child.peak_memory_bytes().unwrap_or(0));
            std::thread::sleep(Duration::from_millis(5));
        }
        producer.join().expect("all is read");
        consumer.join().expect("all is printed");
        assert!(peak > 0, "memory can be measured");
        assert!(peak < 80 << 20, "{expression}: {} MiB", peak >> 20);
    }
}

#[test]
fn a_slow_producer_costs_next_to_nothing() {
    for arguments in [&["skip 'z'"][..], &["count by line"], &["--batch", "5ms", "count by line"]] {
        let mut child = Child::start(arguments);
        child.feed("begin\n");
        let before = child.busy();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            child.stdin_accepts("a line\n");
            std::thread::sleep(Duration::from_millis(50));
        }
        let busy = child.busy() - before;
        assert!(busy <= Duration::from_millis(150), "{arguments:?}: {busy:?} of 2 s");
    }
}

impl Child {
    /// Writes to its standard input, read or not.
    fn stdin_accepts(&mut self, text: &str) {
        let mut stdin = self.take_stdin();
        let _ = stdin.write_all(text.as_bytes()); // it may have ended already
        self.put_back_stdin(stdin);
    }
}
