//! Files that grow, are rotated, emptied and removed, and directories of them.

#![cfg(target_os = "linux")] // reads /proc

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
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(path)
        .expect("a file");
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
    assert_eq!(run.line(), "4\t4", "whoever writes has not noticed");
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
    assert_eq!(
        run.message(),
        format!("bourn: {written}: was emptied; reading from its start")
    );
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
    assert_eq!(
        run.message(),
        format!("bourn: {written}: no such file yet; waiting for it")
    );
    std::fs::create_dir(&directory).expect("a directory");
    append(&path, "1\n");
    assert_eq!(run.line(), "1", "nobody could watch its directory");
    std::fs::remove_file(&path).expect("it is removed");
    assert_eq!(
        run.message(),
        format!("bourn: {written}: has gone; waiting for it")
    );
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

#[test]
fn the_last_records_of_files() {
    let files = Files::new();
    let plain = files.write("plain", b"1\n2\n3");
    let headed = files.write("headed", b"h\n1\n2\n3\n");
    let traces = files.write("traces", b"1 a\n at\n2 b\n at\n at\n");
    for (arguments, stdout) in [
        (&["skip 'z'", "--tail", "2", &plain][..], "2\n3\n"),
        (&["skip 'z'", "--tail", "0", &plain], ""),
        (
            &["skip 'z'", "--tail", "9", &plain, &plain],
            "1\n2\n3\n1\n2\n3\n",
        ),
        (&["csv | select h", "--tail", "1", &headed], "3\n"),
        (&["csv | select h", "--tail", "9", &headed], "1\n2\n3\n"),
        (
            &["skip 'z'", "--tail", "1", "--records", "/^[0-9]/", &traces],
            "2 b\n at\n at\n",
        ),
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
