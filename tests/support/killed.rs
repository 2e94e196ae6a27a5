//! Runs with a checkpoint that are killed, and deliver to a table.

use std::fmt::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::program::Files;

/// Pipelines whose results are rows, windows, and a result over everything read.
pub const PIPELINES: &[&str] = &[
    "json | where status >= 404 | select path, status, n",
    "json | count, sum(n) by path | window 1m on ts late 1m",
    "json | sort n desc | limit 3 | select n, path | window 1m on ts late 1m",
    "json | let g = n % 500 | count by g | window session 30s on ts late 2m",
    "json | count, sum(n) by path, status",
    "json | sort n desc | limit 20 | select n, path",
    "json | explode tags | select tags, n",
];

/// Requests of some hours.
pub fn requests(count: usize) -> String {
    let mut lines = String::new();
    for n in 0..count {
        let (hour, minute, second) = (n / 7200 % 24, n / 120 % 60, n * 11 % 60);
        let (path, status) = (["\"/a\"", "\"/b\"", "null"][n % 3], [200, 404, 500][n % 7 % 3]);
        let _ = writeln!(
            lines,
            r#"{{"ts":"2026-03-01T{hour:02}:{minute:02}:{second:02}Z","path":{path},"status":{status},"n":{n},"tags":["t{}","u"]}}"#,
            n % 4
        );
    }
    lines
}

/// Starts a run over a file.
pub fn start(files: &Files, expression: &str, target: &str, options: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(["--chunk", "4000", "--to", target])
        .args(options)
        .args([expression, "log"])
        .current_dir(files.path())
        .env_remove("TZ")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// The messages of a run that succeeds.
pub fn ended(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr
}

/// Kills runs at any time, then lets one end. Results of windows and of everything read are written before they are final,
/// too.
pub fn kill_often(files: &Files, expression: &str, target: &str, kills: u64) {
    let every = if expression.contains("count") || expression.contains("sort") { "--every=20ms" } else { "--stats" };
    let options = ["--checkpoint", "state", "--checkpoint-every", "10ms", every];
    for kill in 0..kills {
        let mut child = start(files, expression, target, &options);
        std::thread::sleep(Duration::from_millis(kill * kill * 3));
        let _ = child.kill(); // it may have ended
        child.wait().expect("it ends");
    }
    ended(start(files, expression, target, &[&options[..], &["--finish"]].concat()));
}

/// Kills a run that has saved nothing when the table has rows, and lets another one end. `between` runs after the kill.
pub fn kill_once(files: &Files, expression: &str, target: &str, has_rows: impl Fn() -> bool, between: impl Fn()) {
    let options = ["--checkpoint", "state", "--checkpoint-every", "1h"];
    let mut child = start(files, expression, target, &[&options[..], &["--follow"]].concat());
    wait_for("rows", has_rows);
    child.kill().expect("it follows the log");
    child.wait().expect("it ends");
    between();
    ended(start(files, expression, target, &[&options[..], &["--finish"]].concat()));
}

/// Waits until this is true.
pub fn wait_for(what: &str, is_true: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is_true() {
        assert!(Instant::now() < until, "no {what} in time");
        std::thread::sleep(Duration::from_millis(10));
    }
}
