//! Results that go to files and commands: `--to FILE.csv`, `--to files:…`, `--to exec:…`.

#![cfg(target_os = "linux")] // the shell, links, named pipes

#[path = "support/child.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod child;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod program;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use child::{Child, PATIENCE};
use program::Files;

/// Runs a shell command in which `$BOURN` is the program, in a folder.
fn shell(files: &Files, command: &str) -> Output {
    Command::new("sh")
        .args(["-c", command])
        .env("BOURN", env!("CARGO_BIN_EXE_bourn"))
        .env_remove("TZ")
        .current_dir(files.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell")
}

/// What a shell command prints, on stdout and stderr, and its status.
fn ended(files: &Files, command: &str) -> (String, String, Option<i32>) {
    let Output { stdout, stderr, status } = shell(files, command);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(stdout), text(stderr), status.code())
}

/// Runs a command that succeeds in silence.
fn succeeds(files: &Files, command: &str) {
    assert_eq!(ended(files, command), (String::new(), String::new(), Some(0)), "{command}");
}

fn text(files: &Files, name: &str) -> String {
    std::fs::read_to_string(files.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Events of two minutes, some without a field.
fn events(count: usize) -> String {
    let row = |index: usize| {
        let extra = if index.is_multiple_of(7) { ",\"extra\":[1,\"x,\\ty\"]" } else { "" };
        let time = format!("2026-03-01T10:{:02}:{:02}Z", index / 60, index % 60);
        format!("{{\"ts\":\"{time}\",\"path\":\"/{}\",\"ms\":{}.5{extra}}}\n", index % 5, index * 37 % 101)
    };
    (0..count).map(row).collect()
}

#[test]
fn all_rows_of_a_document_decide_its_columns() {
    let files = Files::new();
    files.write("d.json", b"{\"a\":1}\n{\"b\":2,\"a\":3}\n");
    let (stdout, stderr, status) =
        ended(&files, "$BOURN -o csv --to exec:cat --to 'files:o/{batch}.csv' json d.json; cat o/*");
    assert_eq!((stdout.as_str(), stderr.as_str(), status), ("a,b\n1,\n3,2\na,b\n1,\n3,2\n", "", Some(0)));
}

#[test]
fn a_target_that_may_be_meant_is_named() {
    let files = Files::new();
    for (target, help) in [
        ("sqlite3:web.db/t", "did you mean `sqlite:web.db/t`?"),
        ("sqllite:web.db/t", "did you mean `sqlite:web.db/t`?"),
        ("web.db/t", "did you mean `sqlite:web.db/t`?"),
        ("web.db", "did you mean `sqlite:web.db/TABLE`?"),
        ("kafka:host/t", "did you mean `kafka://host/t`?"),
        ("postgress://h/d/t", "did you mean `postgres://h/d/t`?"),
        ("stdout", "did you mean `-`?"),
        ("count by line", "the target is missing, as in --to results.csv 'count by line'"),
        ("file:///x.csv", "did you mean `/x.csv`?"),
        ("file:x.csv", "write --to x.csv"),
        ("sqlite://web.db/t", "write sqlite:web.db/t, or sqlite:/web.db/t from the root"),
    ] {
        let (_, stderr, status) = ended(&files, &format!("$BOURN --to '{target}' count /dev/null"));
        assert!(stderr.contains(help), "{target}: {stderr}");
        assert_eq!(status, Some(2), "{target}");
    }
}

#[test]
fn a_file_has_the_bytes_of_standard_output() {
    let files = Files::new();
    files.write("in", events(300).as_bytes());
    files.write("table", b"a,b\n1,x y\n2,\"p\tq\"\n\"\",z\n");
    files.write("none", b"a,b\n");
    let runs = [
        ("json | where ms > 40", "in"),
        ("json | count, avg(ms) by path", "in"),
        ("json | count by path | window 1m on ts", "in"),
        ("json | count by path | window session 3s on ts", "in"),
        ("json | count by path | window 7 rows", "in"),
        ("json | sort ms desc | limit 20", "in"),
        ("json | running sum(ms) by path | limit 50", "in"),
        ("json | where ms > 1000 | select ts", "in"),
        ("json | where ms > 1000 | count by path", "in"),
        ("csv | where a > 1", "table"),
        ("csv | where a > 100", "table"),
        ("csv | where true", "none"),
        ("csv | sort b", "none"),
        ("match \"x\"", "table"),
        ("match \"no such text\"", "table"),
    ];
    // Seven is no multiple of the number of formats.
    let configurations =
        ["", "-j 1", "-j 8 --chunk 1", "-j 3 --chunk 300 --batch 1ms", "--header", "-j 2 --chunk 100", "--no-header"];
    let formats =
        [("-o csv", "x.csv"), ("-o json", "x.json"), ("-o tsv", "x.tsv"), ("-o table", "x.txt"), ("", "x.txt")];
    let mut configuration = configurations.iter().cycle();
    for (expression, source) in runs {
        for (format, name) in formats {
            let configuration = configuration.next().expect("they repeat");
            let header = if configuration.ends_with("header") { configuration } else { "" };
            let option = if name == "x.txt" { format } else { "" };
            let command = format!(
                "$BOURN {header} {format} '{expression}' {source} > expected && \
                 $BOURN {configuration} {option} --to {name} '{expression}' {source} && cmp expected {name}"
            );
            let (stdout, stderr, status) = ended(&files, &command);
            assert_eq!((stdout.as_str(), status), ("", Some(0)), "{command}: {stderr}");
        }
    }
}

#[test]
fn a_whole_result_replaces_the_file_at_once() {
    let files = Files::new();
    files.write("real.csv", b"old\n");
    std::os::unix::fs::symlink("real.csv", files.path().join("link.csv")).expect("a link");
    let permissions = std::fs::Permissions::from_mode(0o604);
    std::fs::set_permissions(files.path().join("real.csv"), permissions).expect("it is ours");
    let path = files.path().join("link.csv");
    let mut child = Child::start(&["--to", path.to_str().expect("a plain path"), "count by line"]);
    child.feed("a\nb\na\n");
    assert_eq!(text(&files, "link.csv"), "old\n", "it is not complete");
    drop(child.take_stdin());
    assert_eq!(child.end_within(PATIENCE).status, Some(0));
    assert_eq!(text(&files, "real.csv"), "line,count\na,2\nb,1\n");
    assert!(path.is_symlink());
    let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o604);
    assert_eq!(names(files.path()), ["link.csv", "real.csv"], "nothing else is left");
}

#[test]
fn results_so_far_replace_the_file() {
    let files = Files::new();
    let path = files.path().join("x.json");
    let mut child = Child::start(&["--every", "10ms", "--to", path.to_str().expect("a plain path"), "count by line"]);
    let wait = |expected: &str| {
        let begun = Instant::now();
        while std::fs::read_to_string(&path).unwrap_or_default() != expected {
            assert!(begun.elapsed() < PATIENCE, "no {expected}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    child.feed("a\n");
    wait("{\"line\":\"a\",\"count\":1}\n");
    child.feed("a\n");
    wait("{\"line\":\"a\",\"count\":2}\n");
    drop(child.take_stdin());
    assert_eq!(child.end_within(PATIENCE).status, Some(0));
    let (_, stderr, status) = ended(&files, "$BOURN --every 1s --changed --to x.json 'count by line' x.json.old");
    assert!(stderr.contains("x.json: holds the whole result") && stderr.contains("leave --changed out"), "{stderr}");
    assert_eq!(status, Some(2));
}

#[test]
fn a_file_that_another_run_writes_to_is_refused_and_one_that_was_removed_is_named() {
    let files = Files::new();
    let path = files.path().join("x.csv").to_str().expect("a plain path").to_owned();
    let mut child = Child::start(&["--batch", "10ms", "--to", &path, "select line"]);
    child.feed("a\n");
    wait_for(&files, "x.csv", |text| text == "line\na\n");
    let (_, stderr, status) = ended(&files, "echo b | $BOURN --to x.csv 'select line'");
    assert!(stderr.contains("another run of bourn writes to it"), "{stderr}");
    assert_eq!((status, text(&files, "x.csv").as_str()), (Some(3), "line\na\n"));
    std::fs::remove_file(&path).expect("a file");
    child.feed("c\n");
    let ended = child.end_within(PATIENCE);
    assert_eq!(ended.status, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("was removed while rows were appended to it"), "{}", ended.stderr);
}

#[test]
fn rows_appear_while_the_input_lives() {
    let files = Files::new();
    let path = files.write("x.csv", b"old\n");
    let mut child = Child::start(&["--batch", "10ms", "--to", &path, "match \"a\" | select line"]);
    child.feed("a\nb\n");
    let begun = Instant::now();
    while text(&files, "x.csv") != "line\na\n" {
        assert!(begun.elapsed() < PATIENCE, "{:?}", text(&files, "x.csv"));
        std::thread::sleep(Duration::from_millis(5));
    }
    child.signal("INT");
    assert_eq!(child.end_within(PATIENCE).status, Some(130));
    assert_eq!(text(&files, "x.csv"), "line\na\n");
}

#[test]
fn an_output_that_something_else_needs_is_refused_before_it_is_emptied() {
    let files = Files::new();
    for (command, message) in [
        ("$BOURN --to a.csv 'csv | count' a.csv", "--to a.csv: is also read"),
        ("$BOURN --to a.csv 'csv | count' - < a.csv", "--to a.csv: is also read"),
        ("$BOURN --to a.csv 'csv | count' < a.csv", "--to a.csv: is also read"),
        ("$BOURN --to a.csv --with r=a.csv 'csv | join r by x' b", "--to a.csv: is also read"),
        ("$BOURN --to a.csv --rejects a.csv 'json | count' b", "--rejects and --to go to the same file, a.csv"),
        ("$BOURN --to a.csv --report l.csv 'count' b", "--report and --to go to the same file, a.csv"),
        ("$BOURN --to a.csv --to ./a.csv 'count' b", "--to ./a.csv: is the same place as a.csv"),
        ("$BOURN --to a.csv --to - 'count' b >> a.csv", "--to a.csv: standard output goes to the same file"),
        (
            "$BOURN --to a.csv 'count' b 2> a.csv; status=$?; cat a.csv >&2; exit $status",
            "messages go to the same file",
        ),
        (
            "$BOURN --to 'files:p/{batch}.csv' --to 'files:./p//{batch}.csv' 'where true' b",
            "--to files:./p//{batch}.csv: is the same place as files:p/{batch}.csv",
        ),
        ("mkdir -p in; $BOURN --to 'files:in/{batch}.json' --follow 'where true' in", "is also read"),
    ] {
        files.write("a.csv", b"x\n1\n");
        files.write("b", b"1\n");
        let _ = std::os::unix::fs::symlink("a.csv", files.path().join("l.csv"));
        let (_, stderr, status) = ended(&files, command);
        assert!(stderr.contains(message), "{command}: {stderr}");
        assert_eq!(status, Some(2), "{command}");
        assert!(command.contains("2>") || text(&files, "a.csv") == "x\n1\n", "{command}");
    }
    succeeds(&files, "$BOURN --to a.csv --to b.csv 'count' b");
    for _ in 0..2 {
        succeeds(&files, "$BOURN --to 'files:o/{batch}.csv' --to 'files:o/{batch}.json' 'where true' b");
    }
}

#[test]
fn what_cannot_be_written_is_found_before_reading() {
    let files = Files::new();
    files.write("keep.csv", b"old\n");
    for (target, message) in [
        ("none/x.csv", "bourn: none/x.csv: no such file or directory\n"),
        ("d.csv", "bourn: d.csv: is a directory\n"),
        ("/proc/x.csv", "bourn: /proc/x.csv: no such file or directory\n"),
    ] {
        for expression in ["count", "where true"] {
            let command = format!("mkdir -p d.csv; $BOURN --to keep.csv --to {target} '{expression}' /dev/zero");
            let (_, stderr, status) = ended(&files, &command);
            assert_eq!((stderr.as_str(), status), (message, Some(3)), "{command}");
            assert_eq!(text(&files, "keep.csv"), "old\n", "{command}");
        }
    }
}

#[test]
fn a_followed_directory_does_not_read_its_own_results() {
    let files = Files::new();
    std::fs::create_dir(files.path().join("logs")).expect("room");
    files.write("logs/a.txt", b"one\n");
    let target = files.path().join("logs/found.txt");
    let target = target.to_str().expect("a plain path");
    let folder = files.path().join("logs");
    let mut child = Child::start(&[
        "--batch",
        "10ms",
        "--for",
        "1s",
        "--follow",
        "--to",
        target,
        "match \"one\"",
        folder.to_str().expect("a path"),
    ]);
    let ended = child.end_within(PATIENCE);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(text(&files, "logs/found.txt"), "one\n");
}

#[test]
fn devices_and_pipes_are_written_as_they_are() {
    let files = Files::new();
    for expression in ["where true", "count by line"] {
        let command =
            format!("rm -f p.txt; mkfifo p.txt; cat p.txt > copy & echo a | $BOURN --to p.txt '{expression}'; wait");
        succeeds(&files, &command);
        let expected = if expression == "where true" { "a\n" } else { "a\t1\n" };
        assert_eq!(text(&files, "copy"), expected);
    }
    let printed = ended(&files, "ln -s /dev/stdout out.txt; echo a | $BOURN --to out.txt 'count by line'");
    assert_eq!(printed, ("a\t1\n".to_owned(), String::new(), Some(0)));
    let (_, stderr, status) = ended(&files, "echo a | $BOURN --to p.txt count");
    assert_eq!((stderr.as_str(), status), ("bourn: p.txt: is a pipe that no process reads\n", Some(3)));
}

#[test]
fn a_later_run_appends_without_a_second_header() {
    let files = Files::new();
    let run = |input: &str, options: &str| {
        files.write("in", input.as_bytes());
        let command = format!("$BOURN --checkpoint st {options} < in");
        let (_, stderr, status) = ended(&files, &command);
        assert_eq!(status, Some(0), "{stderr}");
        stderr
    };
    files.write("x.csv", b"of an earlier stream\n");
    let options = "--to x.csv 'json | where true'";
    run("{\"b,c\":1,\"a\":2}\n", options);
    let said = run("{\"a\":3,\"d\":0}\n", options);
    assert!(said.contains("no field `d`"), "{said}");
    run("", options);
    run("{\"b,c\":4}\n", options);
    assert_eq!(text(&files, "x.csv"), "\"b,c\",a\n1,2\n,3\n4,\n");
    run("{\"a\":1}\n", &format!("--checkpoint-reset --quiet {options}"));
    assert_eq!(text(&files, "x.csv"), "a\n1\n");
    let (_, stderr, _) = ended(&files, "$BOURN --checkpoint t --to x.tsv 'json | where true' in");
    assert!(stderr.contains("write --header, or name the columns with select"), "{stderr}");
    std::fs::remove_dir_all(files.path().join("st.old")).expect("the state of the earlier stream");
    run("a\n", "--checkpoint-reset --quiet --to x.csv 'count by line'");
    assert_eq!(text(&files, "x.csv"), "line,count\na,1\n");
    run("a\na\n", "--to x.csv 'count by line'");
    assert_eq!(text(&files, "x.csv"), "line,count\na,2\n");
}

#[test]
fn each_result_has_a_file_of_its_name() {
    let files = Files::new();
    files.write("in", events(130).as_bytes());
    succeeds(&files, "$BOURN --to 'files:out/{window_start:%d/%H%M}.json' 'json | count | window 1m on ts' in");
    assert_eq!(names(&files.path().join("out/01")), ["1000.json", "1001.json", "1002.json"]);
    let second = "{\"window_start\":\"2026-03-01T10:02:00Z\",\"window_end\":\"2026-03-01T10:03:00Z\",\"count\":10}\n";
    assert_eq!(text(&files, "out/01/1002.json"), second);
    succeeds(&files, "$BOURN --to 'files:by/{path}.csv' 'json | count by path' in");
    assert_eq!(names(&files.path().join("by")), ["%2F0.csv", "%2F1.csv", "%2F2.csv", "%2F3.csv", "%2F4.csv"]);
    assert_eq!(text(&files, "by/%2F1.csv"), "path,count\n/1,26\n");
    succeeds(&files, "$BOURN --to 'files:open/{path}.json' 'json | sort ts' in");
    assert_eq!(names(&files.path().join("open")).len(), 5);
    let together =
        ended(&files, "cat open/*.json | sort > a; sort in > b; $BOURN -o json 'json | sort ts' in | sort | cmp - a");
    assert_eq!(together.2, Some(0), "{together:?}");
    let (_, stderr, status) =
        ended(&files, "$BOURN --to 'files:hour/{window_start:%H}.json' 'json | count | window 1m on ts' in");
    assert_eq!(status, Some(3));
    let message = "hour/10.json: a second result has this name; at least 2 rows were not delivered\n  = help: add {window_start:%Y%m%dT%H%M%S} or {batch} to the name";
    assert!(stderr.contains(message), "{stderr}");
}

#[test]
fn mistakes_in_a_name_have_their_place() {
    let files = Files::new();
    files.write("in", b"a\n");
    for (target, message) in [
        ("files:out/{line", "1 | files:out/{line\n  |           ^\n  = help: a value is {column}"),
        ("files:out/{line}.xml", "expected a name that ends in .csv, .json, .tsv or .txt"),
        ("files:", "expected a name that ends in"),
        ("files:{t:day}.csv", "  |          ^^^\n  = help: formats are those of strftime"),
        ("exec: ", "missing command"),
    ] {
        let (_, stderr, status) = ended(&files, &format!("$BOURN --to '{target}' 'count by line' in"));
        assert!(stderr.contains(message), "{target}: {stderr}");
        assert_eq!(status, Some(2), "{target}");
    }
    for (target, message, expected) in [
        ("files:{lin}.csv", "the result has no column `lin`\n  = help: did you mean {line}?", 2),
        (
            "files:{count:%H}.csv",
            "{count:…} needs a time, and `count` is 1; at least 1 row was not delivered\n  = help: write {count}",
            3,
        ),
    ] {
        let (_, stderr, status) = ended(&files, &format!("$BOURN --to '{target}' 'count by line' in"));
        assert!(stderr.contains(message), "{target}: {stderr}");
        assert_eq!(status, Some(expected), "{target}");
    }
}

#[test]
fn a_command_is_run_for_each_result() {
    let files = Files::new();
    files.write("in", events(130).as_bytes());
    let run = |target: &str, options: &str| {
        let found = ended(&files, &format!("$BOURN {options} --to 'exec:{target}'"));
        assert_eq!((found.1.as_str(), found.2), ("", Some(0)), "{target}");
        found.0
    };
    let windows = "'json | count | window 1m on ts' in";
    let printed = run("echo $BOURN_WINDOW_START $BOURN_WINDOW_END $BOURN_ROWS; cut -f 3", &format!("-o tsv {windows}"));
    let printed = if printed.is_empty() { panic!("nothing") } else { printed };
    let line = |minute: usize, count: usize| {
        format!("2026-03-01T10:0{minute}:00Z 2026-03-01T10:0{}:00Z 1\n{count}\n", minute + 1)
    };
    assert_eq!(printed, line(0, 60) + &line(1, 60) + &line(2, 10));
    assert_eq!(run("sort | head -n 1", "'json | count by path' in"), "/0\t26\n");
    assert_eq!(run("cat", "'match \"ms\\\":0.5\" | limit 1' in"), events(1));
    assert_eq!(run("echo never", "'where false' in"), "");
    let statistics = ended(&files, &format!("$BOURN --stats --to 'exec:cat > /dev/null' {windows}")).1;
    assert!(statistics.contains("\nbourn: exec:cat > /dev/null: received "), "{statistics}");
    assert!(statistics.ends_with(", 3 rows\n"), "{statistics}");
}

#[test]
fn a_command_that_fails_is_run_again() {
    let files = Files::new();
    files.write("in", b"a\na\n");
    let command =
        "$BOURN --to 'exec:[ -e ok ] && cat > done || { touch ok; echo not yet >&2; exit 5; }' 'count by line' in";
    let (_, stderr, status) = ended(&files, command);
    assert_eq!(status, Some(0));
    assert!(
        stderr.starts_with("not yet\nbourn: note: exec:")
            && stderr.ends_with("exit status 5: not yet; trying again for about 1m42s (--retry 10)\n"),
        "{stderr}"
    );
    assert_eq!(text(&files, "done"), "a\t2\n");
    for (target, message) in [
        ("exit 4", "exit status 4 (tried twice); at least 1 row was not delivered"),
        ("kill -9 $$", "killed by signal 9 (SIGKILL) (tried twice); at least 1 row was not delivered"),
        ("no-such-command", "not found; at least 1 row was not delivered"),
    ] {
        let (_, stderr, status) = ended(&files, &format!("$BOURN --retry 1 --to 'exec:{target}' 'count by line' in"));
        assert!(stderr.trim_end().ends_with(message), "{stderr}");
        assert_eq!(status, Some(3));
    }
}

/// Starts a run in a process group of its own, as a shell does on a terminal.
fn in_a_group(files: &Files, arguments: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(arguments)
        .current_dir(files.path())
        .process_group(0)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// Waits until a file has text for which this holds.
fn wait_for(files: &Files, name: &str, is_right: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(files.path().join(name)).unwrap_or_default();
        if is_right(&text) {
            return text;
        }
        assert!(begun.elapsed() < PATIENCE, "{name}: {text:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What Ctrl-C does.
fn interrupt(child: &std::process::Child) {
    let group = rustix::process::Pid::from_child(child);
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).expect("it runs");
}

#[test]
fn interrupts_end_a_command_that_hangs() {
    let files = Files::new();
    let mut child = in_a_group(&files, &["--to", "exec:echo $$ > pid; exec sleep 600", "count by line"]);
    child.stdin.take().expect("a pipe").write_all(b"a\n").expect("it reads");
    let first = wait_for(&files, "pid", |pid| pid.ends_with('\n'));
    interrupt(&child);
    wait_for(&files, "pid", |pid| pid.ends_with('\n') && pid != first);
    interrupt(&child);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn a_second_signal_ends_a_command_and_its_children() {
    let files = Files::new();
    files.write("in", b"a\n");
    let command = "exec:trap '' INT TERM; (sleep 60 & echo $! > inner; wait); sleep 60";
    let mut child = in_a_group(&files, &["--to", command, "count by line", "in"]);
    let inner = wait_for(&files, "inner", |text| text.ends_with('\n'));
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("it runs");
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().expect("a child").is_none(), "it waits for the command");
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let path = format!("/proc/{}/stat", inner.trim());
    let is_gone = || std::fs::read_to_string(&path).map_or(true, |stat| stat.contains(") Z "));
    let begun = Instant::now();
    while !is_gone() {
        assert!(begun.elapsed() < PATIENCE, "the child of the command runs");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_file_that_the_shell_has_made_is_noted() {
    let files = Files::new();
    files.write("in", b"a\n");
    let (_, stderr, status) = ended(&files, "$BOURN count in > sqlite:r.db");
    let note =
        "bourn: note: the shell has made a file with the name sqlite:r.db; a target is written --to sqlite:r.db\n";
    assert_eq!((stderr.as_str(), status), (note, Some(0)));
}

#[test]
fn secrets_of_a_command_are_not_shown() {
    let files = Files::new();
    files.write("in", b"a\n");
    let command = "$BOURN --retry 0 --to \"exec:false --password geheim -H 'Authorization: Bearer geheim'\" count in";
    let (_, stderr, status) = ended(&files, command);
    assert_eq!(status, Some(3));
    let shown =
        "bourn: exec:false --password … -H 'Authorization: …': exit status 1; at least 1 row was not delivered\n";
    assert_eq!(stderr, shown);
}

#[test]
fn files_that_a_killed_run_has_left_are_removed() {
    let files = Files::new();
    files.write("in", b"a\n");
    succeeds(&files, "mkdir o; echo x > o/.bourn-aB3xYz; echo x > .bourn-aB3xYz");
    succeeds(&files, "$BOURN --to 'files:o/{batch}.csv' --to c.csv 'count' in");
    assert_eq!(names(&files.path().join("o")).len(), 1);
    assert_eq!(names(files.path()), ["c.csv", "in", "o"]);
}

#[test]
fn an_interrupt_loses_no_result_of_a_command() {
    let files = Files::new();
    let arguments = ["--batch", "10ms", "--to", "exec:echo > begun; sleep 0.5; cat >> out", "where true"];
    let mut child = in_a_group(&files, &arguments);
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"a\n").expect("it reads");
    wait_for(&files, "begun", |text| !text.is_empty());
    interrupt(&child);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(130), ""));
    assert_eq!(text(&files, "out"), "a\n");
}

#[test]
fn merged_parts_are_delivered() {
    let files = Files::new();
    files.write("1", b"a\nb\na\n");
    files.write("2", b"c\na\n");
    let parts = "for n in 1 2; do $BOURN --partial 'count by line' $n > $n.part; done";
    let merged = ended(&files, &format!("{parts}; $BOURN --merge 1.part 2.part --to m.csv --to 'exec:sort'"));
    assert_eq!(merged, ("a\t3\nb\t1\nc\t1\n".to_owned(), String::new(), Some(0)));
    assert_eq!(text(&files, "m.csv"), "line,count\na,3\nb,1\nc,1\n");
}
