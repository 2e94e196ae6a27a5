//! `--checkpoint DIR`: several runs read one stream, and print what one run would have printed.

#[path = "support/compress.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod compress;
#[path = "support/program.rs"]
mod program;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use compress::compress;
use program::{Ended, Files, bourn};

/// Pipelines with all kinds of state. The input is that of [`requests`].
const PIPELINES: &[&str] = &[
    "match \"/a\"",
    "json | where status >= 404 | select path, status, @number",
    "json | explode tags | select path, tags",
    "json | dedup path, status | select path, status",
    "json | running count() as seen, sum(status) as total by path | select path, seen, total",
    "json | fold total = 0 then total + status by path",
    "json | limit 25 | select ts",
    "json | count by path | window 1m on ts late 1m",
    "json | count, p95(ms), first(path), collect(status) by status | window 2m/1m on ts late 1m",
    "json | count by path | window session 20s on ts late 1m",
    "json | sort path desc | limit 2 | select ts, path | window 1m on ts late 1m",
    "json | dedup path | select path, ts | window 1m on ts late 1m",
    "json | count by path | window 1m on ts late 1m | running sum(count) as so_far by path",
    "json | count by path | window 7 rows",
    "json | count",
    "json | count, p50(ms), count_distinct(ms), stddev(ms), collect(status) by path",
    "json | count by path, status | sort count desc, path | limit 2",
    "json | sort ts, path | select ts, path",
    "json | tail 7 | select ts",
    "json | top 2 path",
    "json | count by status | let share = count / total(count)",
    "json | count by path | count as paths by count",
];

/// Requests of a quarter of an hour, some out of order.
fn requests(from: usize, to: usize) -> String {
    let row = |index: usize| {
        let (minute, second) = (index / 4 + index * 7 % 2, index * 11 % 60);
        let (path, status) = (["/a", "/b", "/c"][index % 3], [200, 404, 500][index % 7 % 3]);
        let (ms, tag) = (index * 37 % 101, index % 4);
        format!(
            r#"{{"ts":"2026-03-01T10:{minute:02}:{second:02}Z","path":"{path}","status":{status},"ms":{ms}.5,"tags":["t{tag}","u"]}}"#
        ) + "\n"
    };
    (from..to).map(row).collect()
}

/// A checkpoint directory, and a file for results.
struct Stream {
    files: Files,
    expression: &'static str,
    options: Vec<&'static str>,
}

impl Stream {
    fn new(expression: &'static str, options: &[&'static str]) -> Stream {
        Stream { files: Files::new(), expression, options: options.to_vec() }
    }

    fn state(&self) -> String {
        self.files.path().join("state").to_str().expect("a plain path").to_owned()
    }

    fn results(&self) -> String {
        std::fs::read_to_string(self.files.path().join("results")).unwrap_or_default()
    }

    /// Starts a run that appends its results to the file.
    fn start(&self, options: &[&str], sources: &[&str], stdin: impl Into<Stdio>) -> Child {
        let results = OpenOptions::new().append(true).create(true).open(self.files.path().join("results"));
        Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(["--checkpoint", &self.state(), "--checkpoint-every", "10ms"])
            .args(&self.options)
            .args(options)
            .arg(self.expression)
            .args(sources)
            .env_remove("TZ")
            .stdin(stdin)
            .stdout(results.expect("room for a file"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }

    /// Runs to the end on this input in a pipe.
    fn pipe(&self, options: &[&str], input: &str) -> String {
        let mut child = self.start(options, &[], Stdio::piped());
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
        ended(child)
    }
}

/// The messages of a run that succeeds.
fn ended(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr
}

/// The results of one run over all of the input.
fn undisturbed(expression: &str, options: &[&str], input: &str) -> String {
    let arguments: Vec<&str> = options.iter().copied().chain([expression]).collect();
    let Ended { status, stdout, stderr } = bourn(&arguments, input.as_bytes());
    assert_eq!(status, Some(0), "{expression}: {stderr}");
    stdout
}

/// True if every run prints the result over everything read so far.
fn prints_at_the_end(expression: &str) -> bool {
    let waits = ["json | count", "sort ts", "tail", "top", "fold"].iter().any(|start| expression.contains(start));
    waits && !expression.contains("window")
}

#[test]
fn several_runs_over_a_pipe_print_what_one_run_prints() {
    for expression in PIPELINES {
        for format in ["csv", "json"] {
            let stream = Stream::new(expression, &["-o", format]);
            let pieces = [(0, 13), (13, 13), (13, 14), (14, 40), (40, 60)];
            for (from, to) in pieces {
                let before = stream.results().len();
                stream.pipe(if to == 60 { &["--finish"] } else { &[] }, &requests(from, to));
                if prints_at_the_end(expression) {
                    let expected = undisturbed(expression, &["-o", format], &requests(0, to));
                    assert_eq!(&stream.results()[before..], expected, "{expression}: records up to {to}");
                }
            }
            if !prints_at_the_end(expression) {
                let expected = undisturbed(expression, &["-o", format], &requests(0, 60));
                assert_eq!(stream.results(), expected, "{expression}");
            }
        }
    }
}

#[test]
fn several_runs_over_a_growing_file_print_what_one_run_prints() {
    let all = requests(0, 60);
    for (expression, threads) in PIPELINES.iter().zip(["1", "2", "3"].into_iter().cycle()) {
        let stream = Stream::new(expression, &["-o", "csv", "-j"]);
        let path = stream.files.write("log", b"");
        let run = |options: &[&str]| {
            ended(stream.start(&[&[threads, "--chunk", "300"], options].concat(), &[&path], Stdio::null()))
        };
        // Two of the runs end in the middle of a line.
        for end in [1500, 1500, 2345, all.len() - 300, all.len()] {
            std::fs::write(&path, &all[..end]).expect("room");
            run(if end == all.len() { &["--finish"] } else { &[] });
        }
        let expected = undisturbed(expression, &["-o", "csv"], &all);
        match prints_at_the_end(expression) {
            true => assert!(stream.results().ends_with(&expected), "{expression}: {}", stream.results()),
            false => assert_eq!(stream.results(), expected, "{expression}"),
        }
    }
}

#[test]
fn a_run_that_is_killed_at_any_time_loses_and_doubles_nothing() {
    let lines: String = (0..200_000).map(|line| format!("{line}\n")).collect();
    for expression in ["where true", "count by line | window 100 rows"] {
        let stream = Stream::new(expression, &["--chunk", "1000"]);
        let path = stream.files.write("log", lines.as_bytes());
        for kill in 0..12u64 {
            let mut child = stream.start(&[], &[&path], Stdio::null());
            std::thread::sleep(Duration::from_millis(kill * kill * 2)); // any time will do
            let _ = child.kill(); // it may have ended
            child.wait().expect("it ends");
        }
        ended(stream.start(&["--finish"], &[&path], Stdio::null()));
        let found = stream.results();
        assert!(found == undisturbed(expression, &[], &lines), "{expression}: {} bytes", found.len());
    }
}

/// Starts a run that follows a log, and kills it after `change`, when the results have this many lines.
fn follow(stream: &Stream, path: &str, lines: [usize; 2], change: impl FnOnce()) {
    let mut child = stream.start(&["--follow"], &[path], Stdio::null());
    let wait = |lines: usize| {
        let until = Instant::now() + Duration::from_secs(60);
        while stream.results().lines().count() < lines {
            assert!(Instant::now() < until, "{:?}", stream.results());
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    wait(lines[0]);
    change();
    wait(lines[1]);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

#[test]
fn a_log_that_a_later_run_sees_compressed_is_not_read_again() {
    let stream = Stream::new("where true", &[]);
    let file = |name: &str| stream.files.path().join(name);
    let write = |name: &str| stream.files.write("log", name.repeat(20).as_bytes());
    let rename = |from: &str, to: &str| std::fs::rename(file(from), file(to)).expect("it is renamed");
    let path = write("the first log\n");
    follow(&stream, &path, [20, 40], || {
        rename("log", "log.1");
        write("the second log\n");
    });
    follow(&stream, &path, [40, 61], || {
        let mut log = OpenOptions::new().append(true).open(&path).expect("a file");
        log.write_all(b"some more\n").expect("room"); // the run has begun when this is read
        while stream.results().lines().count() < 41 {
            std::thread::sleep(Duration::from_millis(10));
        }
        rename("log.1", "log.2");
        std::fs::write(file("log.2.gz"), compress("gz", &std::fs::read(file("log.2")).expect("a file"))).expect("room");
        std::fs::remove_file(file("log.2")).expect("a file");
        rename("log", "log.1");
        write("the third log\n");
        std::thread::sleep(Duration::from_secs(1)); // for the run to decide what log.2.gz is
    });
    ended(stream.start(&["--finish"], &[&path], Stdio::null()));
    let [first, second, third] = ["first", "second", "third"].map(|name| format!("the {name} log\n").repeat(20));
    assert_eq!(stream.results(), first + &second + "some more\n" + &third);
}

#[test]
fn a_log_that_was_away_when_a_run_began_is_not_read_again_when_it_returns_compressed() {
    let stream = Stream::new("where true", &[]);
    let elsewhere = Files::new();
    let file = |name: &str| stream.files.path().join(name);
    let write = |name: &str| stream.files.write("log", name.repeat(20).as_bytes());
    let path = write("the first log\n");
    follow(&stream, &path, [20, 40], || {
        std::fs::rename(file("log"), file("log.1")).expect("it is renamed");
        write("the second log\n");
    });
    let away = elsewhere.path().join("log.1");
    std::fs::rename(file("log.1"), &away).expect("it is renamed");
    follow(&stream, &path, [40, 42], || {
        let append = |text: &str| {
            let mut log = OpenOptions::new().append(true).open(&path).expect("a file");
            log.write_all(text.as_bytes()).expect("room");
        };
        append("some more\n"); // the run has begun when this is read
        while stream.results().lines().count() < 41 {
            std::thread::sleep(Duration::from_millis(10));
        }
        let compressed = compress("gz", &std::fs::read(&away).expect("a file"));
        std::fs::write(file("log.1.gz"), compressed).expect("room");
        std::thread::sleep(Duration::from_secs(1)); // for the run to decide what log.1.gz is
        append("the end\n");
    });
    ended(stream.start(&["--finish"], &[&path], Stdio::null()));
    let [first, second] = ["first", "second"].map(|name| format!("the {name} log\n").repeat(20));
    assert_eq!(stream.results(), first + &second + "some more\nthe end\n");
}

#[test]
fn only_files_written_after_a_lost_one_are_read_for_it() {
    let stream = Stream::new("where true", &[]);
    let write = |name: &str, text: &str, age_s: u64| {
        let path = stream.files.write(name, text.as_bytes());
        let file = OpenOptions::new().append(true).open(&path).expect("a file");
        file.set_modified(SystemTime::now() - Duration::from_secs(age_s)).expect("a file");
        path
    };
    write("log.1", "never read\n", 3600);
    let path = write("log", "first\n", 60);
    ended(stream.start(&[], &[&path], Stdio::null()));
    std::fs::remove_file(&path).expect("a file");
    std::fs::rename(stream.files.path().join("log.1"), stream.files.path().join("log.2")).expect("it is renamed");
    write("log.1", "second\n", 0);
    write("log", "third\n", 0);
    let said = ended(stream.start(&["--finish"], &[&path], Stdio::null()));
    assert_eq!(stream.results(), "first\nsecond\nthird\n");
    assert!(said.contains("was read up to byte 6, but is another file now, and that one is gone"), "{said}");
}

#[test]
fn a_file_on_standard_input_is_read_to_its_end_after_a_kill() {
    let files = Files::new();
    let lines: String = (0..100_000).map(|line| format!("{line}\n")).collect();
    let path = files.write("log", lines.as_bytes());
    let start = |stdout: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(["--checkpoint", "state", "--checkpoint-every", "1h", "--chunk", "10000", "where true"])
            .current_dir(files.path())
            .stdin(File::open(&path).expect("the file"))
            .stdout(stdout)
            .spawn()
            .expect("the binary starts")
    };
    // Its results do not fit into the pipe: it is killed before the end.
    let mut child = start(Stdio::piped());
    child.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("the first result");
    child.kill().expect("it waits for the reader of the pipe");
    child.wait().expect("it ends");
    let output = start(Stdio::piped()).wait_with_output().expect("it ends");
    assert!(output.stdout == lines.as_bytes(), "{} bytes", output.stdout.len());
}

#[test]
fn lines_of_other_programs_are_kept_after_a_kill() {
    let stream = Stream::new("where true", &[]);
    let results = stream.files.path().join("results");
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(["--checkpoint", &stream.state(), "--checkpoint-every", "1h", stream.expression])
            .stdin(Stdio::piped())
            .stdout(OpenOptions::new().append(true).create(true).open(&results).expect("room for a file"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    };
    let mut child = start();
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"1\n2\n").expect("it reads");
    while stream.results() != "1\n2\n" {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("it waits for input");
    child.wait().expect("it ends");
    OpenOptions::new().append(true).open(&results).and_then(|mut file| file.write_all(b"# other\n")).expect("room");
    let mut child = start();
    child.stdin.take().expect("a pipe").write_all(b"3\n").expect("it reads");
    let messages = ended(child);
    let others = Path::new(&stream.state()).join("other-lines");
    assert_eq!(stream.results(), "1\n2\n3\n");
    assert_eq!(std::fs::read_to_string(&others).expect("it is kept"), "# other\n");
    assert!(
        messages.contains("note: standard output had lines after the last commit that were not printed again"),
        "{messages}"
    );
    let names = std::fs::read_dir(stream.state()).expect("a directory");
    let copies =
        names.filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().to_string_lossy().contains("cut-off")));
    assert_eq!(copies.count(), 0);
}

#[test]
fn after_a_copied_log_was_renamed_too_the_file_between_is_read() {
    let stream = Stream::new("where true", &[]);
    let path = stream.files.write("log", b"1\n2\n");
    ended(stream.start(&[], &[&path], Stdio::null()));
    // Copied and truncated: the same file now has other lines, and then another name.
    stream.files.write("log.2", b"1\n2\n3\n");
    std::fs::write(&path, "4\n5\n6\n").expect("room");
    std::fs::rename(&path, stream.files.path().join("log.1")).expect("it is renamed");
    stream.files.write("log", b"7\n");
    ended(stream.start(&["--finish"], &[&path], Stdio::null()));
    assert_eq!(stream.results(), "1\n2\n3\n4\n5\n6\n7\n");
}

#[test]
fn logs_with_the_same_header_are_told_from_each_other_by_their_rows() {
    let stream = Stream::new("where true", &[]);
    let path = stream.files.write("log", b"#header\n");
    ended(stream.start(&[], &[&path], Stdio::null()));
    // Rotated twice before the next run.
    std::fs::write(&path, "#header\n1\n").expect("room");
    std::fs::rename(&path, stream.files.path().join("log.2")).expect("it is renamed");
    stream.files.write("log.1", b"#header\n2\n");
    stream.files.write("log", b"#header\n3\n");
    ended(stream.start(&["--finish"], &[&path], Stdio::null()));
    assert_eq!(stream.results(), "#header\n1\n#header\n2\n#header\n3\n");
}

#[test]
fn runs_that_read_nothing_print_one_header() {
    for (expression, text, options) in [("where true", "x", &["-o", "csv"][..]), ("csv | where a > 1", "a,b\n2", &[])] {
        let stream = Stream::new(expression, options);
        let path = stream.files.write("log", text.as_bytes());
        for _ in 0..3 {
            ended(stream.start(&[], &[&path], Stdio::null()));
        }
        ended(stream.start(&["--finish"], &[&path], Stdio::null()));
        assert_eq!(stream.results(), undisturbed(expression, options, text), "{expression}");
    }
}

#[test]
fn the_journal_of_a_pipe_survives_a_kill() {
    let stream = Stream::new("where true", &[]);
    for run in 0..10 {
        let mut child = stream.start(&[], &[], Stdio::piped());
        let mut stdin = child.stdin.take().expect("a pipe");
        for line in 0..(run * 200) {
            writeln!(stdin, "{run} {line}").expect("it reads");
        }
        std::thread::sleep(Duration::from_millis(run * 7));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }
    stream.pipe(&["--finish"], "");
    // A run may have read any number of its first lines; their results come once, and in order.
    let mut next = (0, 0);
    for line in stream.results().lines() {
        let (run, number) = line.split_once(' ').expect("two numbers");
        let found: (u64, u64) = (run.parse().expect("a number"), number.parse().expect("a number"));
        assert!(found == next || found.0 > next.0 && found.1 == 0, "{found:?} after {next:?}");
        next = (found.0, found.1 + 1);
    }
}

#[test]
fn rejected_and_late_lines_are_written_once() {
    let stream = Stream::new("json | count by path | window 1m on ts late 0s", &["--rejects", "r", "--late", "l"]);
    let (rejects, late) = (stream.files.path().join("r"), stream.files.path().join("l"));
    let stream = Stream { options: Vec::new(), ..stream };
    let (rejects, late) = (rejects.to_str().expect("a plain path"), late.to_str().expect("a plain path"));
    let mut all = String::new();
    for from in [0, 20, 40] {
        let piece = requests(from, from + 20) + "no json\n";
        stream.pipe(&["--rejects", rejects, "--late", late], &piece);
        all += &piece;
    }
    let files = Files::new();
    let own = [files.write("r", b""), files.write("l", b"")];
    let arguments = ["--quiet", "--rejects", &own[0], "--late", &own[1], stream.expression];
    bourn(&arguments, all.as_bytes());
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).expect("a file");
    assert_eq!(read(rejects), read(&own[0]));
    assert_eq!(read(late), read(&own[1]));
    assert!(!read(late).is_empty());
}

#[test]
fn rejected_and_late_records_are_reported_by_one_run() {
    for expression in ["json | count by path", "json | count by path | window 1m on ts late 0s", "json | where ms > 3"]
    {
        let stream = Stream::new(expression, &["-o", "json"]);
        let first = stream.pipe(&[], &(requests(0, 5) + "bad\n"));
        assert!(first.contains("1 rejected (-:6: json: "), "{expression}: {first}");
        let quiet = stream.pipe(&[], &requests(40, 41));
        assert_eq!(quiet, "", "{expression}");
        let second = stream.pipe(&[], &(requests(41, 42) + "worse\n"));
        assert!(second.contains("2 rejected (-:9: json: "), "{expression}: {second}");
        let full = stream.pipe(&["--stats"], &requests(80, 81));
        assert!(full.contains(" 2 rejected"), "{expression}: {full}");
    }
}

#[test]
fn counts_and_checks_are_those_of_the_stream() {
    let stream = Stream::new("json | where status > 200 | assert status < 600", &[]);
    stream.pipe(&[], &requests(0, 10));
    let stderr = stream.pipe(&["--stats"], &requests(10, 30));
    let expected = bourn(&["--stats", stream.expression], requests(0, 30).as_bytes()).stderr;
    assert_eq!(stderr.lines().next(), expected.lines().next());
}

#[test]
fn a_run_that_until_has_ended_can_be_followed_by_another() {
    let stream = Stream::new("json | count | until count >= 6", &["-o", "csv", "--no-header"]);
    let mut child = stream.start(&[], &[], Stdio::piped());
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(requests(0, 6).as_bytes()).expect("it reads");
    ended(child); // although more may come
    drop(input);
    assert_eq!(stream.results(), "6\n");
    stream.pipe(&[], &requests(6, 7));
    // a provisional result is not committed: the next run begins before it
    assert!(["6\n", "7\n"].contains(&&*stream.results()), "{}", stream.results());
}

#[test]
fn the_directory_belongs_to_one_expression() {
    let stream = Stream::new("json | count by path", &[]);
    stream.pipe(&[], &requests(0, 5));
    let state = stream.state();
    // spaces do not matter
    let same = bourn(&["--checkpoint", &state, "json|count   by path"], b"");
    assert_eq!((same.status, same.stdout.as_str()), (Some(0), "/a\t2\n/b\t2\n/c\t1\n"));
    let other = bourn(&["--checkpoint", &state, "json | count by status"], b"");
    let expected = format!(
        "bourn: {state}: its state was saved for another expression\n  \
         saved: json | count by path\n  \
         given: json | count by status\n                         ^\n  \
         = help: run the saved one with --finish to end its stream, give --checkpoint another directory,\n    \
         or begin again with --checkpoint-reset, which keeps the state in {state}.old\n"
    );
    assert_eq!((other.status, other.stderr.as_str()), (Some(2), expected.as_str()));
    let zone = bourn(&["--checkpoint", &state, "--tz", "Asia/Tokyo", stream.expression], b"");
    assert_eq!(zone.status, Some(2));
    assert!(zone.stderr.contains("saved: no such options\n  given: --tz Asia/Tokyo\n"), "{}", zone.stderr);
    let finished = bourn(&["--checkpoint", &state, "--finish", stream.expression], b"");
    assert_eq!((finished.status, finished.stdout.as_str()), (Some(0), "/a\t2\n/b\t2\n/c\t1\n"));
    let ended = bourn(&["--checkpoint", &state, stream.expression], b"");
    assert_eq!(ended.status, Some(3));
    assert!(ended.stderr.contains("was ended by --finish"), "{}", ended.stderr);
    let reset = bourn(&["--checkpoint", &state, "--checkpoint-reset", "json | count"], requests(0, 3).as_bytes());
    assert_eq!((reset.status, reset.stdout.as_str()), (Some(0), "3\n"));
    assert_eq!(reset.stderr, format!("bourn: note: the state of {state} is kept in {state}.old\n"));
}

/// Runs an expression over the first requests, then another one over the rest; returns what the second run prints.
fn go_on_with(first: &'static str, second: &str) -> Ended {
    let stream = Stream::new(first, &[]);
    stream.pipe(&[], &requests(0, 40));
    let options = ["--quiet", "--checkpoint", &stream.state(), second];
    bourn(&options, requests(40, 90).as_bytes())
}

#[test]
fn stages_after_the_last_blocking_one_may_change() {
    const COUNTS: &str = "json | count, sum(ms), avg(ms) by path";
    const WINDOWS: &str = "json | count by path | window 10s on ts";
    for (first, second) in [
        (COUNTS, "json | count, sum(ms), avg(ms) by path | where count > 1"),
        (COUNTS, "json | count, sum(ms), avg(ms) by path | limit 2"),
        (COUNTS, "json | count, sum(ms), avg(ms) by path | let n = sum_ms * 2 | select path, n | limit 2"),
        (COUNTS, "json | count, sum(ms), avg(ms) by path | running sum(count) as total"),
        (COUNTS, "json | count, sum(ms), avg(ms) by path | assert count > 0"),
        ("json | count by path | where count > 1000 | limit 1", "json | count by path"),
        ("json | select path, ms | sort ms", "json | select path, ms | sort ms | where ms > 3 | let x = 1"),
        ("json | select path | tail 3 | where path == 1", "json | select path | tail 3"),
        ("json | running count by path | tail 5", "json | running count by path | tail 5 | limit 2"),
    ] {
        let found = go_on_with(first, second);
        assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""), "{second}");
        assert_eq!(found.stdout, undisturbed(second, &[], &requests(0, 90)), "{second}");
    }
    let last_window = go_on_with(WINDOWS, "json | count by path | where path == \"/a\" | window 10s on ts");
    assert_eq!(last_window.status, Some(0), "{}", last_window.stderr);
    for (first, second) in [
        (COUNTS, "json | count, sum(ms) by path"),
        (WINDOWS, "json | count by path | window 20s on ts"),
        ("json | select path, ms | sort ms", "json | select path, ms | sort ms | limit 2"),
        ("json | select path, ms | sort ms", "json | select path, ms | sort ms | select path"),
        ("json | where ms > 3", "json | where ms > 4"),
        ("json | dedup path", "json | dedup path | where ms > 4"),
    ] {
        let refused = go_on_with(first, second);
        assert_eq!(refused.status, Some(2), "{second}: {}", refused.stderr);
        assert!(refused.stderr.contains("its state was saved for another expression"), "{}", refused.stderr);
    }
}

#[test]
fn a_directory_is_used_by_one_run_at_a_time() {
    let stream = Stream::new("count", &[]);
    let mut first = stream.start(&[], &[], Stdio::piped());
    let manifest = Path::new(&stream.state()).join("manifest");
    while !manifest.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = bourn(&["--checkpoint", &stream.state(), "count"], b"");
    assert_eq!(second.status, Some(3));
    let holder = format!("is in use by process {} since ", first.id());
    assert!(second.stderr.contains(&holder) && second.stderr.contains("runs `count`"), "{}", second.stderr);
    drop(first.stdin.take());
    ended(first);
}

#[test]
fn options_that_need_a_checkpoint_say_so() {
    for option in [&["--finish"][..], &["--checkpoint-reset"], &["--checkpoint-every", "1s"], &["--journal", "off"]] {
        let refused = bourn(&[option, &["count"]].concat(), b"");
        assert_eq!(refused.status, Some(2), "{option:?}");
        assert!(refused.stderr.contains("has no effect without --checkpoint"), "{}", refused.stderr);
    }
    let refused = bourn(&["--checkpoint", "st", "--partial", "count"], b"");
    assert_eq!(refused.status, Some(2));
    assert!(refused.stderr.starts_with("bourn: --checkpoint: cannot be used with --partial"), "{}", refused.stderr);
}

#[test]
fn an_explanation_says_what_is_saved() {
    let explained = bourn(&["--checkpoint", "st", "--checkpoint-every", "90s", "--explain", "count by line"], b"");
    let last = explained.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("commit"), "{}", explained.stdout);
    assert!(
        last.ends_with("positions in the sources, counts, all memory above  to st, every 1m30s and at the end"),
        "{last}"
    );
    assert!(!Path::new("st").exists(), "nothing is written");
}

#[test]
fn damaged_states_are_named() {
    let stream = Stream::new("count", &[]);
    stream.pipe(&[], "a\n");
    let newest = || {
        let entries = std::fs::read_dir(stream.state()).expect("a directory");
        let names = entries.map(|entry| entry.expect("an entry").path());
        names.filter(|path| path.to_string_lossy().contains("snapshot-")).max().expect("a snapshot")
    };
    let snapshot = newest();
    let mut bytes = std::fs::read(&snapshot).expect("the file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    File::create(&snapshot).and_then(|mut file| file.write_all(&bytes)).expect("room");
    let damaged = bourn(&["--checkpoint", &stream.state(), "count"], b"b\n");
    let name = snapshot.to_string_lossy().into_owned();
    assert!(damaged.stderr.contains(&name) && damaged.stderr.contains("is damaged"), "{}", damaged.stderr);
    assert_ne!(damaged.stdout, "1\n", "the first record is not forgotten silently");
}
