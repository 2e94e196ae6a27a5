//! Results so far in a table, the same for each kind of database.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::killed::{ended, wait_for};
use super::program::Files;

/// Starts a run whose input stays open.
pub fn live(target: &str, options: &[&str], expression: &str) -> (Child, ChildStdin) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(["--every", "50ms", "--to", target])
        .args(options)
        .arg(expression)
        .env_remove("TZ")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stdin = child.stdin.take().expect("a pipe");
    (child, stdin)
}

fn line(second: u32, path: &str) -> String {
    format!("{{\"t\":\"2026-03-01T10:00:{second:02}Z\",\"p\":{path}}}\n")
}

/// Runs the scenarios with tables of their own. `target` writes the target of a table; `rows` returns the rows of a query,
/// none if there is no such table.
pub fn check(target: &dyn Fn(&str) -> String, rows: &dyn Fn(&str) -> Vec<String>) {
    rows_of_an_open_window_are_replaced(target, rows);
    a_window_of_rows_is_final_after_a_result_so_far(target, rows);
    a_result_so_far_without_rows_is_delivered(target, rows);
    an_open_window_without_rows_is_delivered(target, rows);
    open_windows_remain_until_the_stream_goes_on(target, rows);
}

fn rows_of_an_open_window_are_replaced(target: &dyn Fn(&str) -> String, rows: &dyn Fn(&str) -> Vec<String>) {
    let target = target("replaced");
    let expression = "json | count by p | sort count desc, p | limit 1 | window 1m on t";
    let found = || rows("SELECT p, count FROM replaced");
    let (mut child, mut stdin) = live(&target, &[], expression);
    stdin.write_all(line(1, "\"a\"").as_bytes()).expect("it reads");
    wait_for("first result", || found() == ["a|1"]);
    stdin.write_all((line(2, "null") + &line(3, "null")).as_bytes()).expect("it reads");
    wait_for("second result", || found() == ["null|2"]);
    child.kill().expect("it reads");
    child.wait().expect("it ends");
    assert_eq!(rows("SELECT count(*) FROM bourn_provisional_replaced"), ["1"]);

    // Rows of a run that was killed, and did not know the rest of the window, are not left over.
    let (child, mut stdin) = live(&target, &[], expression);
    stdin.write_all(line(1, "\"a\"").as_bytes()).expect("it reads");
    wait_for("first result", || found() == ["a|1"]);
    stdin.write_all((line(2, "\"c\"") + &line(3, "\"c\"")).as_bytes()).expect("it reads");
    drop(stdin);
    ended(child);
    assert_eq!(found(), ["c|2"]);
    assert_eq!(rows("SELECT count(*) FROM bourn_provisional_replaced"), [""; 0], "the table is gone");
}

fn a_window_of_rows_is_final_after_a_result_so_far(
    target: &dyn Fn(&str) -> String,
    rows: &dyn Fn(&str) -> Vec<String>,
) {
    let (child, mut stdin) = live(&target("numbers"), &[], "count, sum(line) | window 3 rows");
    let found = || rows("SELECT * FROM numbers ORDER BY 1");
    stdin.write_all(b"1\n2\n3\n4\n5\n").expect("it reads");
    wait_for("a result so far", || found() == ["1|3|3|6", "4|5|2|9"]);
    drop(stdin);
    ended(child);
    assert_eq!(found(), ["1|3|3|6", "4|5|2|9"]);
}

fn a_result_so_far_without_rows_is_delivered(target: &dyn Fn(&str) -> String, rows: &dyn Fn(&str) -> Vec<String>) {
    let (child, mut stdin) = live(&target("single"), &[], "count by line | where count == 1");
    let found = || rows("SELECT line, count FROM single");
    stdin.write_all(b"a\n").expect("it reads");
    wait_for("a group", || found() == ["a|1"]);
    stdin.write_all(b"a\n").expect("it reads");
    wait_for("no group", || found().is_empty());
    stdin.write_all(b"b\n").expect("it reads");
    wait_for("another group", || found() == ["b|1"]);
    drop(stdin);
    ended(child);
    assert_eq!(found(), ["b|1"]);
}

fn an_open_window_without_rows_is_delivered(target: &dyn Fn(&str) -> String, rows: &dyn Fn(&str) -> Vec<String>) {
    let expression = "json | count by p | where count == 1 | window 1m on t";
    let (child, mut stdin) = live(&target("windowed"), &[], expression);
    let found = || rows("SELECT p, count FROM windowed");
    stdin.write_all(line(1, "\"a\"").as_bytes()).expect("it reads");
    wait_for("a group", || found() == ["a|1"]);
    stdin.write_all(line(2, "\"a\"").as_bytes()).expect("it reads");
    wait_for("no group", || found().is_empty());
    drop(stdin);
    ended(child);
    assert_eq!(found(), [""; 0]);
}

fn open_windows_remain_until_the_stream_goes_on(target: &dyn Fn(&str) -> String, rows: &dyn Fn(&str) -> Vec<String>) {
    let files = Files::new();
    let state = files.path().join("state").display().to_string();
    let log = files.write("log", line(1, "\"a\"").as_bytes());
    let target = target("open");
    let found = || rows("SELECT p, count FROM open ORDER BY p");
    let expression = "json | count by p | window 1m on t";
    let options = ["--follow", "--checkpoint", state.as_str()];
    let start = |options: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(["--every", "50ms", "--to", &target])
            .args(options)
            .args([expression, &log])
            .env_remove("TZ")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    };
    let stop = |child: Child| {
        let status = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
        assert!(status.expect("kill starts").success());
        child.wait_with_output().expect("it ends");
    };
    let child = start(&options);
    wait_for("a result so far", || found() == ["a|1"]);
    stop(child);
    assert_eq!(found(), ["a|1"], "the window is open");
    let append = |text: String| {
        let mut log = std::fs::OpenOptions::new().append(true).open(&log).expect("a file");
        log.write_all(text.as_bytes()).expect("room");
    };
    append(line(2, "\"b\""));
    let child = start(&options);
    wait_for("both groups", || found() == ["a|1", "b|1"]);
    stop(child);
    assert_eq!(found(), ["a|1", "b|1"]);
    append(line(3, "\"b\""));
    ended(start(&["--checkpoint", &state, "--finish"]));
    assert_eq!(found(), ["a|1", "b|2"]);
    assert_eq!(rows("SELECT count(*) FROM bourn_provisional_open"), [""; 0], "the table is gone");
}
