//! Real directories: locks, resets, and what can be wrong with a path.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use rustix::event::Timespec;

use super::holder;
use crate::checkpoint::{Checkpoint, CheckpointError, DiskStorage, Holder, Lock, reset};

fn open(path: &Path) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open_directory(path, &holder())
}

/// Opens a new directory and begins a log.
fn begin(path: &Path) -> Checkpoint {
    let mut checkpoint = open(path).expect("a directory");
    checkpoint.write_manifest(b"manifest").expect("room");
    assert_eq!(checkpoint.recover().expect("it is empty").log.count(), 0);
    checkpoint.begin_log(0).expect("room");
    checkpoint
}

/// The error without its path, and without the help.
fn problem(error: &CheckpointError) -> String {
    error.problem.to_string()
}

#[test]
fn what_is_written_is_there_in_the_next_run() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("a/b/state");
    let checkpoint = begin(&path);
    checkpoint.append(&[b"one"]).expect("room");
    checkpoint.begin_log(3).expect("room");
    checkpoint.write_snapshot(3, b"state").expect("room");
    checkpoint.append(&[b"t", b"wo"]).expect("room");
    checkpoint.sync().expect("a disk");
    drop(checkpoint);
    let log = path.join("log-00000000000000000003");
    let whole = fs::read(&log).expect("the log");
    fs::write(&log, [&whole[..], b"\nrec and so on"].concat()).expect("room");

    let mut checkpoint = open(&path).expect("a directory");
    assert_eq!(checkpoint.manifest(), Some(&b"manifest"[..]));
    let recovery = checkpoint.recover().expect("whole");
    let snapshot = recovery.snapshot.expect("a snapshot");
    assert_eq!((snapshot.batch, &snapshot.bytes()[..]), (3, &b"state"[..]));
    let records: Vec<Vec<u8>> = recovery.log.map(|record| record.expect("whole")).collect();
    assert_eq!(records, [b"two"]);
    assert_eq!(fs::read(&log).expect("the log"), whole, "the tail is cut");
    checkpoint.append(&[b"three"]).expect("the log is open");
    assert_eq!(checkpoint.log_batch(), Some(3));
    drop(checkpoint);
    let recovery = open(&path).expect("a directory").recover().expect("whole");
    assert_eq!(recovery.log.map(|record| record.expect("whole")).collect::<Vec<_>>(), [&b"two"[..], b"three"]);
}

#[test]
fn a_second_run_hears_who_uses_the_directory() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("state");
    let expression = "split |\ncount".to_owned();
    let first = Lock::acquire(&path, &Holder { expression, ..holder() }).expect("it is free");
    let error = open(&path).expect_err("it is in use");
    let expected = format!(
        "{}: is in use by process 4711 since 2026-09-21T14:13:20Z, which runs `split |\\ncount`\n  \
        = help: wait until that run has ended, or give --checkpoint another directory",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(reset(&path).expect_err("it is in use").to_string(), expected);
    assert_eq!(first.directory(), path);
    fs::write(path.join("lock"), "").expect("room");
    let error = open(&path).expect_err("it is in use");
    assert_eq!(problem(&error), "is in use by another run");
    drop(first);
    fs::write(path.join("lock"), "bourn checkpoint\nlonger than the next text\n".repeat(100)).expect("room");
    drop(open(&path).expect("it is free"));
    let text = fs::read_to_string(path.join("lock")).expect("the lock");
    assert_eq!(text, "bourn checkpoint\nprocess 4711\nsince 2026-09-21T14:13:20Z\nrunning count by status\n");
}

#[test]
fn a_run_that_is_about_to_end_is_waited_for() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("state");
    let first = Lock::acquire(&path, &holder()).expect("it is free");
    let ending = std::thread::spawn(move || {
        let _ = rustix::event::poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: 50_000_000 }));
        drop(first);
    });
    drop(open(&path).expect("free in a moment"));
    ending.join().expect("it ends");
}

#[test]
fn a_directory_of_other_files_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path();
    fs::create_dir(path.join("lost+found")).expect("room");
    drop(open(path).expect("an empty file system"));
    drop(open(path).expect("what an interrupted run leaves"));
    fs::write(path.join("\u{1b}[2Jnotes"), "").expect("room");
    let error = open(path).expect_err("a directory of notes");
    let expected = format!(
        "{}: is not a checkpoint directory: it contains `\\u{{1b}}[2Jnotes`\n  \
        = help: give --checkpoint an empty directory, or a new one",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(reset(path).expect_err("a directory of notes").to_string(), expected);
    fs::remove_file(path.join("\u{1b}[2Jnotes")).expect("it exists");
    fs::write(path.join("lock"), "of another program").expect("room");
    assert_eq!(problem(&open(path).expect_err("foreign")), "is not a checkpoint directory: it contains `lock`");
    assert_eq!(fs::read_to_string(path.join("lock")).expect("the file"), "of another program");
    fs::write(path.join("lock"), "").expect("room");
    drop(begin(path));
    fs::write(path.join("notes"), "").expect("room");
    drop(open(path).expect("notes may be added"));
    fs::write(path.join("manifest"), "of another program").expect("room");
    assert_eq!(problem(&open(path).expect_err("foreign")), "is not a checkpoint directory: it contains `notes`");
}

#[test]
fn a_path_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("room");
    let error = open(&file).expect_err("a file");
    let help = "give --checkpoint a directory; it is created if needed";
    assert_eq!(error.to_string(), format!("{}: is not a directory\n  = help: {help}", file.display()));
    assert_eq!(reset(&file), Err(error));
    let error = open(&file.join("state")).expect_err("below a file");
    assert_eq!(error.to_string(), format!("{}/state: not a directory\n  = help: {help}", file.display()));
    // as root everything is allowed
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("room");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).expect("it is ours");
    if fs::write(closed.join("probe"), "").is_err() {
        let error = open(&closed).expect_err("no permission");
        let help = "make it readable and writable, or give --checkpoint another directory";
        let expected = format!("{}/lock: permission denied\n  = help: {help}", closed.display());
        assert_eq!(error.to_string(), expected);
        assert_eq!(problem(&open(&closed.join("new")).expect_err("no permission")), "permission denied");
    }
    if Path::new("/proc/version").exists() {
        assert!(open(Path::new("/proc/state")).is_err());
    }
}

#[test]
fn a_directory_that_was_removed_is_noticed() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("state");
    let checkpoint = begin(&path);
    checkpoint.append(&[b"one"]).expect("room");
    fs::remove_dir_all(&path).expect("it is ours");
    let error = checkpoint.sync().expect_err("the log is gone");
    let expected = format!(
        "{}/log-00000000000000000000: was removed during the run\n  = help: let the directory and its files be while a run \
        uses them; the same command continues from the files that are left",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    let checkpoint = begin(&path);
    checkpoint.begin_log(1).expect("room");
    fs::remove_dir_all(&path).expect("it is ours");
    let error = checkpoint.write_snapshot(1, b"state").expect_err("no directory");
    assert_eq!(error.path, path.join("snapshot-00000000000000000001.tmp"));
    assert_eq!(problem(&error), "no such file or directory");
    assert!(checkpoint.begin_log(2).is_err());
}

#[test]
fn a_full_disk_is_named() {
    // every write to /dev/full fails; a link is the file that cannot grow
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("state");
    let mut checkpoint = open(&path).expect("a directory");
    symlink("/dev/full", path.join("manifest.tmp")).expect("room");
    let error = checkpoint.write_manifest(b"manifest").expect_err("no room");
    let expected = format!(
        "{}/manifest.tmp: no space left on device\n  = help: free some space, then run the same command again: it continues \
        after the last commit",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_reset_keeps_the_state_under_another_name() {
    let folder = tempfile::tempdir().expect("a directory");
    let (path, old) = (folder.path().join("state"), folder.path().join("state.old"));
    assert_eq!(reset(&path), Ok(None));
    assert!(!path.exists() && !old.exists());
    drop(begin(&path));
    let canonical = folder.path().canonicalize().expect("it exists").join("state.old");
    assert_eq!(reset(&path.join("")), Ok(Some(canonical.clone())), "with a slash at the end");
    assert_eq!(open(&path).expect("it is empty").manifest(), None);
    assert_eq!(open(&old).expect("it is whole").manifest(), Some(&b"manifest"[..]));

    drop(begin(&path));
    let error = reset(&path).expect_err("no state is lost");
    let help = "move or remove it, then write --checkpoint-reset again";
    let expected =
        format!("{}: exists already, and a reset does not replace it\n  = help: {help}", canonical.display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(open(&path).expect("it is as it was").manifest(), Some(&b"manifest"[..]));

    let link = folder.path().join("link");
    symlink(&path, &link).expect("a link");
    fs::remove_dir_all(&old).expect("it is ours");
    // damaged files can be reset
    fs::write(path.join("manifest"), "").expect("room");
    assert_eq!(reset(&link), Ok(Some(canonical)));
    assert!(link.is_symlink() && old.join("manifest").exists());
    assert_eq!(open(&link).expect("it is empty").manifest(), None);
    assert_eq!(
        problem(&reset(Path::new("/")).expect_err("the root")).split(':').next(),
        Some("is not a checkpoint directory")
    );
}

#[test]
fn a_missing_directory_is_named() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("none");
    let error = Checkpoint::open(Arc::new(DiskStorage::new(&path)), None).expect_err("none");
    assert!(error.to_string().starts_with(&format!("{}: no such file or directory\n", path.display())), "{error}");
}
