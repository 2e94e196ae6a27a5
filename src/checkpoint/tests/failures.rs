//! Calls that fail, and threads that share a checkpoint.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::{begin, open, read};
use crate::checkpoint::Storage;
use crate::checkpoint::simulated::{Effect, SimulatedCall, SimulatedStorage};

/// Lets the calls of a kind fail for files whose name begins so, as often as `times`.
fn fail(storage: &SimulatedStorage, call: SimulatedCall, start: &'static str, kind: ErrorKind, mut times: u32) {
    storage.set_hook(move |done, file| {
        if done == call && file.starts_with(start) && times > 0 {
            times -= 1;
            return Effect::Fails(kind);
        }
        Effect::Normal
    });
}

#[test]
fn a_log_that_has_failed_stays_failed() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.append(&[b"one"]).expect("room");
    checkpoint.sync().expect("a disk");
    checkpoint.append(&[b"two"]).expect("room");
    fail(&storage, SimulatedCall::Sync, "log", ErrorKind::Other, 1);
    let error = checkpoint.sync().expect_err("the disk fails");
    let expected = "/simulated/log-00000000000000000000: other error\n  = help: check the disk, then run the same command \
        again: it continues after the last commit";
    assert_eq!(error.to_string(), expected);
    // the disk takes everything again, but the second record is lost
    assert_eq!(checkpoint.sync(), Err(error.clone()));
    assert_eq!(checkpoint.append(&[b"three"]), Err(error.clone()));
    assert_eq!(checkpoint.begin_log(1), Err(error));
    for crash in storage.crashes(7).filter(|crash| crash.operations == storage.operations()) {
        assert_eq!(read(&crash.disk).expect("a directory").2, [b"one"], "{}", crash.description);
    }
}

#[test]
fn a_full_disk_is_an_error_and_the_next_run_continues() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.append(&[b"one"]).expect("room");
    fail(&storage, SimulatedCall::Append, "log", ErrorKind::StorageFull, 1);
    let error = checkpoint.append(&[b"two"]).expect_err("no room");
    let expected = "/simulated/log-00000000000000000000: no storage space\n  = help: free some space, then run the same \
        command again: it continues after the last commit";
    assert_eq!(error.to_string(), expected);
    assert_eq!(checkpoint.append(&[b"three"]), Err(error), "a record after half of another one would be lost");
    let next = storage.copy();
    assert_eq!(read(&next).expect("a directory").2, [b"one"]);
}

#[test]
fn a_snapshot_that_failed_may_be_written_later() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.begin_log(1).expect("room");
    fail(&storage, SimulatedCall::Append, "snapshot", ErrorKind::StorageFull, 1);
    let error = checkpoint.write_snapshot(1, b"state").expect_err("no room").to_string();
    assert!(error.starts_with("/simulated/snapshot-00000000000000000001.tmp: no storage space\n"), "{error}");
    assert_eq!(storage.bytes("snapshot-00000000000000000001.tmp"), None, "it would take room");
    checkpoint.append(&[b"record"]).expect("the log goes on");
    checkpoint.write_snapshot(1, b"state").expect("there is room now");
    assert_eq!(read(&storage.copy()).expect("whole").1, Some((1, b"state".to_vec())));
}

#[test]
fn names_that_may_be_lost_end_the_log() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.begin_log(1).expect("room");
    fail(&storage, SimulatedCall::SyncDirectory, "", ErrorKind::Other, 1);
    let error = checkpoint.write_snapshot(1, b"state").expect_err("the disk fails");
    assert!(error.to_string().starts_with("/simulated/: other error\n"), "{error}");
    assert_eq!(checkpoint.begin_log(2), Err(error.clone()));
    assert_eq!(checkpoint.sync(), Err(error));
}

#[test]
fn every_call_may_fail() {
    use SimulatedCall::*;
    for call in [List, Open, Create, Rename, Remove, SyncDirectory, Append, Read, Truncate, Sync] {
        for before in 0..30 {
            let storage = SimulatedStorage::new();
            let mut left = before;
            storage.set_hook(move |done, _| {
                left -= i32::from(done == call);
                if left < 0 { Effect::Fails(ErrorKind::PermissionDenied) } else { Effect::Normal }
            });
            let run = |storage: &SimulatedStorage| {
                let mut checkpoint = open(storage)?;
                checkpoint.write_manifest(b"manifest")?;
                for record in checkpoint.recover()?.log {
                    record?;
                }
                let first = checkpoint.log_batch().unwrap_or_default();
                for batch in first..first + 4 {
                    checkpoint.begin_log(batch)?;
                    checkpoint.write_snapshot(batch, b"state")?;
                    checkpoint.append(&[b"record"])?;
                    checkpoint.sync()?;
                }
                Ok::<(), crate::checkpoint::CheckpointError>(())
            };
            let ended = run(&storage);
            if let Err(error) = ended {
                let text = error.to_string();
                assert!(text.starts_with("/simulated/"), "{text}");
                let help = "permission denied\n  = help: make it readable and writable, or give --checkpoint another";
                assert!(text.contains(help), "{text}");
            }
            run(&storage.copy()).expect("the next run goes on");
        }
    }
}

#[test]
fn left_over_files_are_removed_and_others_stay() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    for name in ["manifest.tmp", "snapshot-00000000000000000042.tmp", "notes", "notes.tmp", "lock"] {
        storage.set_bytes(name, b"text".to_vec());
    }
    checkpoint.begin_log(1).expect("room");
    checkpoint.write_snapshot(1, b"state").expect("room");
    let expected = ["lock", "log-00000000000000000000", "log-00000000000000000001", "manifest", "notes", "notes.tmp"];
    let names = storage.list().expect("a directory");
    assert_eq!(names, [&expected[..], &["snapshot-00000000000000000001"]].concat(), "log 0 is the older state");
}

#[test]
fn threads_append_while_another_syncs() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    let (appended, total) = (AtomicU64::new(0), 300u64);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..total {
                if number % 50 == 49 {
                    checkpoint.begin_log(number).expect("room");
                }
                checkpoint.append(&[&number.to_le_bytes()]).expect("room");
                appended.store(number + 1, Ordering::SeqCst);
            }
        });
        scope.spawn(|| {
            let mut acknowledged = 0;
            while acknowledged < total {
                let reached = appended.load(Ordering::SeqCst);
                checkpoint.sync().expect("a disk");
                storage.mark(reached);
                if reached / 50 > acknowledged / 50 && reached < total {
                    // as a snapshot thread: the state is that of an earlier batch
                    let batch = reached / 50 * 50 - 1;
                    checkpoint.write_snapshot(batch, &batch.to_le_bytes()).expect("room");
                }
                acknowledged = reached;
            }
        });
    });
    for crash in storage.crashes(3) {
        let (_, snapshot, records) = read(&crash.disk).expect("a directory");
        let first = snapshot.map_or(0, |(batch, _)| batch);
        let numbers: Vec<u64> =
            records.iter().map(|record| u64::from_le_bytes(record[..].try_into().expect("8"))).collect();
        let end = first + numbers.len() as u64;
        assert_eq!(numbers, (first..end).collect::<Vec<u64>>(), "{}", crash.description);
        assert!(crash.marks.last().is_none_or(|acknowledged| *acknowledged <= end), "{}", crash.description);
    }
}

#[test]
#[should_panic(expected = "the saved records are read before a log is begun")]
fn a_log_is_not_begun_before_the_saved_records_are_read() {
    let storage = SimulatedStorage::new();
    begin(&storage).append(&[b"one"]).expect("room");
    let mut checkpoint = open(&storage.copy()).expect("a directory");
    let _unread = checkpoint.recover().expect("whole");
    let _ = checkpoint.begin_log(0);
}
