//! Runs with `--checkpoint` that are killed at any time: what targets have received at the end.

#![cfg(target_os = "linux")]

#[path = "support/program.rs"]
mod program;
#[cfg(feature = "http")]
#[path = "support/server.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use program::{Files, bourn};

/// How often each run is killed.
const KILLS: u64 = 14;

/// The lines of the input.
const LINES: usize = 100_000;

/// A stream that is read by several runs.
struct Stream {
    files: Files,
    expression: &'static str,
    target: String,
    options: &'static [&'static str],
}

impl Stream {
    fn new(expression: &'static str, target: &str, options: &'static [&'static str]) -> Stream {
        let files = Files::new();
        let lines: String = (0..LINES).map(|line| format!("{line}\n")).collect();
        files.write("in", lines.as_bytes());
        Stream { files, expression, target: target.to_owned(), options }
    }

    fn start(&self, options: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(["--checkpoint", "state", "--checkpoint-every", "10ms", "--chunk", "1000", "--batch", "1ms"])
            .args(["--to", &self.target])
            .args(self.options)
            .args(options)
            .arg(self.expression)
            .arg("in")
            .current_dir(self.files.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }

    /// Kills some runs, and lets the last one end the stream.
    fn run(&self) {
        for kill in 0..KILLS {
            let mut child = self.start(&["--finish"]);
            std::thread::sleep(Duration::from_millis(kill * kill * 2)); // any time will do
            let has_ended = child.try_wait().expect("a child").is_some();
            let _ = child.kill();
            let output = child.wait_with_output().expect("it ends");
            if has_ended {
                return Stream::check(&output);
            }
        }
        Stream::check(&self.start(&["--finish"]).wait_with_output().expect("it ends"));
    }

    /// The run has succeeded, or the one before was killed after it had done everything.
    fn check(output: &Output) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || stderr.contains("its stream was ended by --finish"), "{stderr}");
    }

    /// What one run prints on standard output.
    fn undisturbed(&self, format: &str) -> String {
        let path = self.files.path().join("in");
        let printed = bourn(&["-o", format, self.expression, path.to_str().expect("a plain path")], b"").stdout;
        assert!(!printed.is_empty(), "{}", self.expression);
        printed
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.files.path().join(name)
    }
}

/// The files of a directory, except those that were not complete when a run was killed.
fn complete(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("a directory").map(|entry| entry.expect("an entry"));
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let named = named.filter(|(name, path)| path.is_file() && !name.starts_with(".bourn-") && !name.ends_with(".tmp"));
    named.map(|(name, path)| (name, std::fs::read_to_string(path).expect("a file"))).collect()
}

#[test]
fn a_file_has_every_result_once() {
    for (expression, format) in [
        ("where true", "csv"),
        ("count by line | window 100 rows", "csv"),
        ("let digits = len(line) | count by digits | sort digits", "json"),
        ("running count() as n | where n // 10 * 10 == n", "json"),
    ] {
        let stream = Stream::new(expression, &format!("out.{format}"), &[]);
        stream.run();
        let found = std::fs::read_to_string(stream.path(&stream.target)).unwrap_or_else(|_| panic!("{expression}"));
        assert!(found == stream.undisturbed(format), "{expression}: {} bytes", found.len());
        assert!(
            complete(stream.files.path()).keys().all(|name| ["in", "state", &stream.target].contains(&name.as_str()))
        );
    }
}

#[test]
fn each_name_has_every_row_once() {
    let stream = Stream::new("count by line | window 5000 rows", "files:out/{window_start}.json", &[]);
    stream.run();
    let mut files: Vec<(u64, String)> = complete(&stream.path("out"))
        .into_iter()
        .map(|(name, text)| (name.trim_end_matches(".json").parse().expect("a number"), text))
        .collect();
    files.sort();
    let found: String = files.into_iter().map(|(_, text)| text).collect();
    assert!(found == stream.undisturbed("json"), "{} bytes", found.len());

    let stream = Stream::new("where true", "files:out/{batch}.txt", &[]);
    stream.run();
    let found: String = complete(&stream.path("out")).into_values().collect();
    assert!(found == stream.undisturbed("raw"), "{} bytes", found.len());
}

/// Sorts results by the numbers of their names, and joins them.
fn in_order(results: &BTreeMap<String, String>) -> String {
    let number = |name: &str| -> Vec<u64> { name.split('-').map(|part| part.parse().expect("a number")).collect() };
    let mut results: Vec<(Vec<u64>, &String)> = results.iter().map(|(name, text)| (number(name), text)).collect();
    results.sort();
    results.into_iter().map(|(_, text)| text.as_str()).collect()
}

#[test]
fn a_command_has_the_same_rows_for_the_same_number() {
    let command = "exec:cat > runs/$$.tmp && mv runs/$$.tmp runs/$BOURN_BATCH.$$";
    for expression in
        ["where true", "count by line | window 5000 rows", "let digits = len(line) | count by digits | sort digits"]
    {
        let stream = Stream::new(expression, command, &["-o", "json"]);
        std::fs::create_dir(stream.path("runs")).expect("room");
        stream.run();
        std::thread::sleep(Duration::from_millis(200)); // a command outlives its run
        let mut results: BTreeMap<String, String> = BTreeMap::new();
        for (name, text) in complete(&stream.path("runs")) {
            let (number, _) = name.split_once('.').expect("two parts");
            let known = results.entry(number.to_owned()).or_insert_with(|| text.clone());
            assert!(*known == text, "{expression}: result {number} has changed");
        }
        assert!(in_order(&results) == stream.undisturbed("json"), "{expression}");
    }
}

#[cfg(feature = "http")]
#[test]
fn a_server_has_the_same_rows_for_the_same_key() {
    for expression in
        ["where true", "count by line | window 5000 rows", "let digits = len(line) | count by digits | sort digits"]
    {
        let server = server::Server::start(Vec::new());
        let stream = Stream::new(expression, &server.url("/"), &[]);
        stream.run();
        let mut results: BTreeMap<String, String> = BTreeMap::new();
        for request in server.requests() {
            let (_, number) = request.headers["idempotency-key"].split_once('-').expect("a stream and a number");
            let known = results.entry(number.to_owned()).or_insert_with(|| request.body.clone());
            assert!(*known == request.body, "{expression}: request {number} has changed");
        }
        assert!(in_order(&results) == stream.undisturbed("json"), "{expression}");
    }
}
