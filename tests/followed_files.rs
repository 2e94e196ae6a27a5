//! Files that grow, are rotated, emptied and removed, and directories of them.

#![cfg(target_os = "linux")] // reads /proc

#[path = "support/compress.rs"]
mod compress;
#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;
#[path = "support/program.rs"]
mod program;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use live::Running;
use program::{Files, bourn};

fn append(path: &Path, text: &str) {
    let mut file = File::options().append(true).create(true).open(path).expect("a file");
    file.write_all(text.as_bytes()).expect("room");
}

#[test]
fn a_followed_file_is_read_through_rotation_by_renaming() {
    let files = Files::new();
    let (path, old) = (files.path().join("log"), files.path().join("log.1"));
    append(&path, "1\n2");
    let written = path.to_str().expect("a plain path");
    let mut run = Running::start(&["select @number, line", written, "--follow"]);
    assert_eq!(run.line(), "1\t1");
    append(&path, "2\n3\n");
    assert_eq!((run.line(), run.line()), ("2\t22".into(), "3\t3".into()));
    std::fs::rename(&path, &old).expect("it is renamed");
    append(&old, "4\n");
    assert_eq!(run.line(), "4\t4", "the writer has not noticed");
    append(&path, "");
    append(&old, "5\n");
    assert_eq!(run.line(), "5\t5", "nor if there is a new file");
    append(&path, "new\n");
    assert_eq!(run.line(), "6\tnew");
    append(&old, "6\n");
    assert_eq!(run.line(), "7\t6", "one of several writers");
    append(&path, "new\n");
    assert_eq!(run.line(), "8\tnew");
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

/// Waits until the program has a file open.
fn wait_until_open(run: &Running, path: &Path) {
    let begun = std::time::Instant::now();
    while !run.has_open(path) {
        assert!(begun.elapsed() < live::PATIENCE, "it is not opened");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn a_new_file_that_is_renamed_before_it_was_looked_at_again_is_read() {
    let files = Files::new();
    let path = files.path().join("log");
    let old = |number: usize| files.path().join(format!("log.{number}"));
    append(&path, "0\n");
    let written = path.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!(run.line(), "0");
    std::fs::rename(&path, old(1)).expect("it is renamed");
    append(&path, "");
    wait_until_open(&run, &path);
    // All of this may happen between two looks.
    append(&path, "1\n");
    std::fs::rename(&path, old(2)).expect("it is renamed");
    append(&path, "2\n");
    assert_eq!((run.line(), run.line()), ("1".into(), "2".into()));
    // Empty files that follow each other are read in their order.
    for number in 3..6 {
        std::fs::rename(&path, old(number)).expect("it is renamed");
        append(&path, "");
        wait_until_open(&run, &path);
    }
    append(&old(4), "4\n");
    assert_eq!(run.line(), "4");
    append(&path, "5\n");
    assert_eq!(run.line(), "5");
    // A file that has its name again is not read again.
    std::fs::rename(&path, old(6)).expect("it is renamed");
    append(&path, "");
    wait_until_open(&run, &path);
    std::fs::rename(old(6), &path).expect("it is renamed back");
    append(&path, "6\n");
    assert_eq!(run.line(), "6");
    run.signal("INT");
    assert_eq!(run.end().stdout, "");
}

#[test]
fn a_followed_file_is_read_through_rotation_by_copying() {
    let files = Files::new();
    let path = files.path().join("log");
    append(&path, "1\n2\n");
    let written = path.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!((run.line(), run.line()), ("1".into(), "2".into()));
    File::create(&path).expect("it is emptied");
    assert_eq!(run.message(), format!("bourn: {written}: was truncated; reading from its start"));
    append(&path, "3\n");
    assert_eq!(run.line(), "3");
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn a_followed_file_may_come_go_and_return() {
    let files = Files::new();
    let directory = files.path().join("logs");
    let path = directory.join("log");
    let written = path.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!(run.message(), format!("bourn: {written}: no such file yet; waiting for it"));
    std::fs::create_dir(&directory).expect("a directory");
    append(&path, "1\n");
    assert_eq!(run.line(), "1", "its directory could not be watched");
    std::fs::remove_file(&path).expect("it is removed");
    assert_eq!(run.message(), format!("bourn: {written}: was removed; waiting for it to reappear"));
    append(&path, "2\n");
    assert_eq!(run.line(), "2");
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn a_followed_directory_is_all_its_files() {
    let files = Files::new();
    let path = |name: &str| files.path().join(name);
    append(&path("a.log"), "a1\n");
    append(&path(".hidden"), "no\n");
    std::fs::create_dir(path("below")).expect("a directory");
    let written = files.path().to_str().expect("a plain path");
    let mut run = Running::start(&["select @source, line", written, "--follow"]);
    let line = |name: &str, text: &str| format!("{}\t{text}", path(name).display());
    assert_eq!(run.line(), line("a.log", "a1"));
    append(&path("b.log"), "b1\n");
    assert_eq!(run.line(), line("b.log", "b1"));
    append(&path("a.log"), "a2\n");
    assert_eq!(run.line(), line("a.log", "a2"));
    std::fs::rename(path("a.log"), path("a.log.1")).expect("it is renamed");
    append(&path("a.log"), "a3\n");
    assert_eq!(run.line(), line("a.log", "a3"), "and nothing is read twice");
    std::fs::remove_file(path("b.log")).expect("it is removed");
    append(&path("b.log"), "b2\n");
    assert_eq!(run.line(), line("b.log", "b2"));
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
    let ended = bourn(&["count", written], b"");
    assert_eq!(ended.status, Some(3), "without --follow it is no source");
    assert!(ended.stderr.contains("--follow"), "{}", ended.stderr);
}

/// Waits until a followed file has been looked at once more: a line of another file has come through.
fn after_a_look(run: &mut Running, marker: &Path, text: &str) {
    append(marker, &format!("{text}\n"));
    assert_eq!(run.line(), text);
}

#[test]
fn copies_in_a_followed_directory_are_not_read_again() {
    let files = Files::new();
    let path = |name: &str| files.path().join(name);
    append(&path("app.log"), "1\n2\n");
    let written = files.path().to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!((run.line(), run.line()), ("1".into(), "2".into()));
    std::fs::copy(path("app.log"), path("app.log.1")).expect("it is copied");
    after_a_look(&mut run, &path("app.log"), "3");
    for kind in compress::KINDS {
        let bytes = std::fs::read(path("app.log")).expect("a file");
        let name = path(&format!("app.log.2.{kind}"));
        std::fs::write(name, compress::compress(kind, &bytes)).expect("room");
    }
    after_a_look(&mut run, &path("app.log"), "4");
    // A file that only begins alike is a file of its own, whatever it is called.
    append(&path("app.log.3"), "1\n2\nother\n");
    assert_eq!((run.line(), run.line(), run.line()), ("1".into(), "2".into(), "other".into()));
    append(&path("other.log"), "1\n");
    assert_eq!(run.line(), "1", "a short line may be the same by accident");
    run.signal("INT");
    let ended = run.end();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(130), ""));
}

#[test]
fn services_that_write_the_same_lines_are_told_apart() {
    let files = Files::new();
    let path = |name: &str| files.path().join(name);
    let alive = "the service is alive and has nothing to tell of\n";
    append(&path("a.log"), &alive.repeat(100));
    let written = files.path().to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    (0..100).for_each(|_| assert_eq!(run.line(), alive.trim_end()));
    append(&path("b.log"), &alive.repeat(3));
    (0..3).for_each(|_| assert_eq!(run.line(), alive.trim_end()));
    std::fs::rename(path("a.log"), path("a.log.1")).expect("it is renamed");
    append(&path("a.log"), &alive.repeat(2));
    (0..2).for_each(|_| assert_eq!(run.line(), alive.trim_end()));
    run.signal("INT");
    assert_eq!(run.end().stdout, "");
}

#[test]
fn a_file_that_is_replaced_by_a_longer_copy_is_read_on() {
    let files = Files::new();
    let path = |name: &str| files.path().join(name);
    let text = |lines: usize| -> String {
        let lines = (1..=lines).map(|line| format!("line {line} of what is brought here\n"));
        lines.collect()
    };
    append(&path("log"), &text(5));
    let written = files.path().to_str().expect("a plain path");
    let mut run = Running::start(&["select @source, line", written, "--follow"]);
    (0..5).for_each(|_| drop(run.line()));
    append(&path(".log.new"), &text(7));
    std::fs::rename(path(".log.new"), path("log")).expect("it replaces the other one");
    for line in [6, 7] {
        let expected = format!("{}\tline {line} of what is brought here", path("log").display());
        assert_eq!(run.line(), expected);
    }
    append(&path("log"), "8\n");
    assert!(run.line().ends_with("\t8"));
    run.signal("INT");
    assert_eq!(run.end().stdout, "");
}

#[test]
fn a_file_that_was_emptied_and_has_grown_again_is_noticed() {
    let files = Files::new();
    let (path, copy) = (files.path().join("log"), files.path().join("log.1"));
    append(&path, "1\nhal");
    let written = path.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!(run.line(), "1");
    run.signal("STOP");
    append(&path, "f\n3\n");
    std::fs::copy(&path, &copy).expect("it is copied");
    File::create(&path).expect("it is emptied");
    append(&path, "4 is a line that is longer than all before\n");
    run.signal("CONT");
    assert_eq!((run.line(), run.line()), ("half".into(), "3".into()));
    assert_eq!(run.line(), "4 is a line that is longer than all before");
    // The same number of bytes, and none copied.
    run.signal("STOP");
    let mut file = File::options().write(true).open(&path).expect("a file");
    file.set_len(0).expect("a file");
    file.write_all(b"5 is a line that is longer than all before\n").expect("room");
    run.signal("CONT");
    assert_eq!(run.line(), "5 is a line that is longer than all before");
    // A writer that does not append leaves a hole.
    run.signal("STOP");
    file.set_len(0).expect("a file");
    file.write_all(b"6\n").expect("room");
    run.signal("CONT");
    assert_eq!(run.line(), "6");
    run.signal("INT");
    assert_eq!(run.end().stdout, "");
}

#[test]
fn half_a_line_comes_before_the_new_file() {
    for is_directory in [false, true] {
        let files = Files::new();
        let (path, old) = (files.path().join("log"), files.path().join("log.1"));
        append(&path, "1\nhal");
        let followed = if is_directory { files.path() } else { &path };
        let written = followed.to_str().expect("a plain path");
        let mut run = Running::start(&["skip 'z'", written, "--follow"]);
        assert_eq!(run.line(), "1");
        std::fs::rename(&path, &old).expect("it is renamed");
        append(&path, "new\n");
        append(&old, "f\n");
        assert_eq!((run.line(), run.line()), ("half".into(), "new".into()));
        append(&path, "quart");
        after_a_look(&mut run, &old, "2");
        std::fs::rename(&path, files.path().join("log.2")).expect("it is renamed");
        append(&path, "newer\n");
        assert_eq!((run.line(), run.line()), ("quart".into(), "newer".into()));
        run.signal("INT");
        assert_eq!(run.end().stdout, "");
    }
}

#[test]
fn a_followed_directory_may_go_and_return() {
    let files = Files::new();
    let directory = files.path().join("logs");
    std::fs::create_dir(&directory).expect("a directory");
    append(&directory.join("log"), "1\n");
    let written = directory.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!(run.line(), "1");
    std::fs::remove_dir_all(&directory).expect("it is removed");
    assert_eq!(run.message(), format!("bourn: {written}: was removed; waiting for it to reappear"));
    std::fs::create_dir(&directory).expect("a directory");
    append(&directory.join("log"), "2\n");
    assert_eq!(run.line(), "2");
    append(&directory.join("log"), "3\n");
    assert_eq!(run.line(), "3");
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));

    let later = files.path().join("later");
    let written = later.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    let message = format!("bourn: {written}: no such file yet; waiting for it");
    assert_eq!(run.message(), message);
    std::fs::create_dir(&later).expect("a directory");
    append(&later.join("a"), "a\n");
    append(&later.join("b"), "b\n");
    let mut lines = [run.line(), run.line()]; // whichever of the files is found first
    lines.sort_unstable();
    assert_eq!(lines, ["a", "b"]);
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn a_run_does_not_read_what_it_writes() {
    let files = Files::new();
    let path = |name: &str| files.path().join(name);
    let name = |name: &str| path(name).to_str().expect("a plain path").to_owned();
    append(&path("log"), "{\"n\":1}\nno JSON\n");
    let written = files.path().to_str().expect("a plain path").to_owned();
    let output = File::create(path("out")).expect("a file");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(["json | select n", &written, "--follow", "--for", "1s"])
        .args(["--rejects", &name("rejects")])
        .stdout(output)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_eq!(std::fs::read_to_string(path("out")).expect("a file"), "1\n");
    let rejects = std::fs::read_to_string(path("rejects")).expect("a file");
    assert_eq!(rejects, "no JSON\n");
    let mut messages = String::new();
    let mut stderr = child.stderr.take().expect("it is piped");
    std::io::Read::read_to_string(&mut stderr, &mut messages).expect("text");
    for own in ["out", "rejects"] {
        let message = format!("bourn: {}: not read, because this run writes to it\n", name(own));
        assert!(messages.contains(&message), "{messages}");
    }
}

#[test]
fn files_that_the_system_makes_up_are_read_once() {
    let run = Running::start(&["skip 'z'", "/proc/loadavg", "--follow"]);
    let ended = run.end();
    assert_eq!((ended.status, ended.stdout.lines().count()), (Some(0), 1));
    let message = "bourn: /proc/loadavg: generated by the system on each read, so it is read only once\n";
    assert_eq!(ended.stderr, message);
}

#[test]
fn other_things_in_a_followed_directory_are_passed_over() {
    let files = Files::new();
    let path = |name: &str| files.path().join(name);
    std::fs::create_dir(path("below")).expect("a directory");
    let made = std::process::Command::new("mkfifo").arg(path("pipe")).status();
    assert!(made.expect("mkfifo starts").success());
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).expect("a socket");
    std::os::unix::fs::symlink("nowhere", path("dangling")).expect("a link");
    append(&path("log.1"), "1\n");
    std::os::unix::fs::symlink("log.1", path("current")).expect("a link");
    let written = files.path().to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!(run.line(), "1");
    append(&path("log.2"), "2\n");
    assert_eq!(run.line(), "2");
    std::fs::remove_file(path("current")).expect("it is removed");
    std::os::unix::fs::symlink("log.2", path("current")).expect("a link");
    append(&path("log.2"), "3\n");
    assert_eq!(run.line(), "3");
    run.signal("INT");
    let ended = run.end();
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));

    let link = path("link");
    std::os::unix::fs::symlink("log.1", &link).expect("a link");
    let written = link.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!(run.line(), "1");
    std::fs::remove_file(&link).expect("it is removed");
    std::os::unix::fs::symlink("log.2", &link).expect("a link");
    assert_eq!((run.line(), run.line()), ("2".into(), "3".into()));
}

#[test]
fn the_last_records_of_files() {
    let files = Files::new();
    let plain = files.write("plain", b"1\n2\n3");
    let headed = files.write("headed", b"h\n1\n2\n3\n");
    let traces = files.write("traces", b"1 a\n at\n2 b\n at\n at\n");
    for (arguments, stdout) in [
        (&["skip 'z'", "--tail", "2", &plain][..], "2\n3\n"),
        (&["skip 'z'", "--tail", "0", &plain], ""),
        (&["skip 'z'", "--tail", "9", &plain, &plain], "1\n2\n3\n1\n2\n3\n"),
        (&["csv | select h", "--tail", "1", &headed], "3\n"),
        (&["csv | select h", "--tail", "9", &headed], "1\n2\n3\n"),
        (&["skip 'z'", "--tail", "1", "--records", "/^[0-9]/", &traces], "2 b\n at\n at\n"),
    ] {
        let ended = bourn(arguments, b"");
        assert_eq!(ended.stdout, stdout, "{arguments:?}");
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    }
    let mut run = Running::start(&["csv | select h", "--tail", "1", "--follow", &headed]);
    assert_eq!(run.line(), "3");
    append(Path::new(&headed), "4\n");
    assert_eq!(run.line(), "4");
}

#[test]
fn compressed_files_can_be_followed_beside_others() {
    let files = Files::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"zipped\n").expect("memory");
    let zipped = files.write("old.gz", &encoder.finish().expect("memory"));
    let plain = files.write("log", b"");
    let mut run = Running::start(&["skip 'z1'", &zipped, &plain, "--follow"]);
    assert_eq!(run.line(), "zipped");
    append(Path::new(&plain), "plain\n");
    assert_eq!(run.line(), "plain");
}
