//! Bytes that the disk has changed, cut or lost: never a panic, and never other bytes than were written.

use proptest::prelude::*;

use super::{Content, begin, open, read};
use crate::checkpoint::simulated::SimulatedStorage;
use crate::checkpoint::{CheckpointError, CheckpointProblem, Storage, StoredKind};

/// The names of the files of [`example`].
const FILES: [&str; 5] = [
    "manifest",
    "snapshot-00000000000000000001",
    "snapshot-00000000000000000002",
    "log-00000000000000000001",
    "log-00000000000000000002",
];

const RECORDS: [&[u8]; 4] = [b"first", b"", b"third\nrec", b"fourth"];

/// A directory with two snapshots, and records after both.
fn example() -> SimulatedStorage {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.append(&[b"removed"]).expect("room");
    for batch in 1..3 {
        checkpoint.begin_log(batch).expect("room");
        let mut snapshot = checkpoint.begin_snapshot(batch).expect("room");
        [10, 0, 20].iter().for_each(|length| snapshot.piece(&[batch as u8; 20][..*length]).expect("room"));
        checkpoint.finish_snapshot(snapshot).expect("room");
        for record in &RECORDS[batch as usize * 2 - 2..batch as usize * 2] {
            checkpoint.append(&[record]).expect("room");
            checkpoint.sync().expect("a disk");
        }
    }
    drop(checkpoint);
    assert_eq!(storage.copy().bytes("log-00000000000000000000"), None, "it is not needed");
    storage
}

/// Accepts the content of [`example`], also from the older snapshot, and without the last records if they are damaged.
fn check(content: &Content, place: &str) {
    let (manifest, snapshot, records) = content;
    assert_eq!(manifest.as_deref(), Some(&b"manifest"[..]), "{place}");
    let (batch, bytes) = snapshot.as_ref().unwrap_or_else(|| panic!("{place}: a snapshot is whole"));
    assert_eq!(bytes, &[*batch as u8; 30], "{place}");
    let expected = &RECORDS[*batch as usize * 2 - 2..];
    assert!(expected.iter().zip(records).all(|(expected, found)| expected == found), "{place}: {records:?}");
    assert!(records.len() <= expected.len(), "{place}");
}

#[test]
fn an_undamaged_directory_is_read_as_it_was_written() {
    let (manifest, snapshot, records) = read(&example()).expect("it is whole");
    assert_eq!(manifest.as_deref(), Some(&b"manifest"[..]));
    assert_eq!(snapshot, Some((2, vec![2; 30])));
    assert_eq!(records, RECORDS[2..]);
}

#[test]
fn any_flipped_byte_is_noticed() {
    let storage = example();
    for file in FILES {
        let bytes = storage.bytes(file).expect("a file");
        for index in 0..bytes.len() {
            for mask in [1, 0x80, 0xff] {
                let damaged = storage.copy();
                let mut bytes = bytes.clone();
                bytes[index] ^= mask;
                damaged.set_bytes(file, bytes);
                let place = format!("{file} byte {index} ^ {mask}");
                let found = read(&damaged);
                match (&found, file) {
                    // a snapshot has another one before it; a damaged last record is like one that is not durable yet
                    (Ok(content), "snapshot-00000000000000000002") => {
                        assert_eq!(content.1.as_ref().expect("the older one").0, 1, "{place}");
                        assert_eq!(content.2, RECORDS, "{place}");
                    }
                    (Ok(content), "log-00000000000000000002") => assert_eq!(content.2, RECORDS[2..3], "{place}"),
                    // these are not read
                    (Ok(content), "snapshot-00000000000000000001" | "log-00000000000000000001") => {
                        assert_eq!(content.2, RECORDS[2..], "{place}");
                    }
                    (Ok(_), _) => panic!("{place}: nothing was noticed"),
                    (Err(error), _) => assert!(error.path.ends_with(file), "{place}: {error}"),
                }
                found.into_iter().for_each(|content| check(&content, &place));
            }
        }
    }
}

#[test]
fn any_truncated_file_is_noticed() {
    let storage = example();
    for file in FILES {
        let bytes = storage.bytes(file).expect("a file");
        for length in 0..bytes.len() {
            let damaged = storage.copy();
            damaged.set_bytes(file, bytes[..length].to_vec());
            let place = format!("{file} cut to {length}");
            match read(&damaged) {
                Ok(content) => check(&content, &place),
                Err(error) => assert!(error.path.ends_with(file), "{place}: {error}"),
            }
            if file == "manifest" {
                assert!(read(&damaged).is_err(), "{place}");
            }
        }
        let damaged = storage.copy();
        damaged.set_bytes(file, [bytes.clone(), bytes.clone()].concat());
        match read(&damaged) {
            Ok(content) => check(&content, file),
            Err(error) => assert!(error.path.ends_with(file), "{file} twice: {error}"),
        }
    }
}

#[test]
fn a_missing_file_is_noticed() {
    let storage = example();
    for (file, lost) in [
        ("manifest", "/simulated/manifest: is missing"),
        ("log-00000000000000000002", "/simulated/log-00000000000000000002: is missing"),
    ] {
        let damaged = storage.copy();
        damaged.remove(file).expect("it exists");
        let error = read(&damaged).expect_err("it is needed").to_string();
        assert!(error.starts_with(lost), "{error}");
    }
    // the log between two others
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.begin_log(5).expect("room");
    checkpoint.begin_log(7).expect("room");
    storage.remove("log-00000000000000000005").expect("it exists");
    let error = read(&storage.copy()).expect_err("it is needed").to_string();
    assert!(error.starts_with("/simulated/log-00000000000000000005: is missing\n  = help: restore the"), "{error}");
}

/// The error of a directory in which a file has other bytes.
fn error_with(file: &str, change: impl FnOnce(&mut Vec<u8>)) -> CheckpointError {
    let damaged = example().copy();
    let mut bytes = damaged.bytes(file).expect("a file");
    change(&mut bytes);
    damaged.set_bytes(file, bytes);
    read(&damaged).expect_err("it is noticed")
}

#[test]
fn foreign_newer_and_damaged_files_differ() {
    const RESET: &str =
        "write --checkpoint-reset, which renames the directory to DIR.old and starts from an empty state";
    let foreign = error_with("manifest", |bytes| *bytes = b"{\"name\": \"a web page\"}".to_vec());
    let help = "give --checkpoint another directory, restore the file, or";
    let expected = format!("/simulated/manifest: is not a file of a checkpoint\n  = help: {help} {RESET}");
    assert_eq!(foreign.to_string(), expected);

    let newer = error_with("manifest", |bytes| {
        bytes[8] = 2;
        let checksum = twox_hash::XxHash3_64::oneshot(&bytes[..16]).to_le_bytes();
        bytes[16..24].copy_from_slice(&checksum);
        bytes.truncate(30); // the rest is of a format that is unknown
    });
    let expected = "/simulated/manifest: was written by a newer version of bourn, in format 2; this one reads format 1\n  \
        = help: run the version of bourn that wrote it, or ";
    assert_eq!(newer.to_string(), format!("{expected}{RESET}"));

    let damaged = error_with("manifest", |bytes| bytes[60] ^= 1);
    let help = "restore the directory from a copy, or";
    let expected = format!("/simulated/manifest: is damaged at byte 48\n  = help: {help} {RESET}");
    assert_eq!(damaged.to_string(), expected);

    let storage = example();
    let log = storage.bytes("log-00000000000000000002").expect("a log");
    let other = error_with("manifest", |bytes| bytes.clone_from(&log));
    let expected = format!("/simulated/manifest: is a log; expected a manifest\n  = help: {help} {RESET}");
    assert_eq!(other.to_string(), expected);
    let (found, expected) = (StoredKind::Log, StoredKind::Manifest);
    assert_eq!(other.problem, CheckpointProblem::OtherKind { found, expected });

    let renamed = error_with("log-00000000000000000002", |bytes| {
        bytes.clone_from(&storage.bytes("log-00000000000000000001").expect("a log"));
    });
    let expected = "/simulated/log-00000000000000000002: follows batch 1; expected the one in its name\n  = help: ";
    assert_eq!(renamed.to_string(), format!("{expected}{help} {RESET}"));
}

#[test]
fn damage_before_the_tail_of_a_log_is_an_error() {
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    for record in [b"one", b"two", b"six"] {
        checkpoint.append(&[record]).expect("room");
        checkpoint.sync().expect("a disk");
    }
    let bytes = storage.bytes("log-00000000000000000000").expect("the log");
    // header of the file, header of the first record
    let damaged = storage.copy();
    damaged.set_bytes("log-00000000000000000000", {
        let mut bytes = bytes.clone();
        bytes[48 + 36] = b'O';
        bytes
    });
    let mut records = open(&damaged).expect("a directory").recover().expect("no snapshot").log;
    let error = records.next().expect("an error").expect_err("an error").to_string();
    assert!(error.starts_with("/simulated/log-00000000000000000000: is damaged at byte 48\n"), "{error}");
    assert!(records.next().is_none(), "nothing follows an error");
    assert_eq!(damaged.bytes("log-00000000000000000000").map(|bytes| bytes.len()), Some(bytes.len()), "nothing is cut");

    // the last record is a tail
    let torn = storage.copy();
    torn.set_bytes("log-00000000000000000000", bytes[..bytes.len() - 1].to_vec());
    let mut checkpoint = open(&torn).expect("a directory");
    let records: Vec<_> = checkpoint.recover().expect("no snapshot").log.map(|record| record.expect("whole")).collect();
    assert_eq!(records, [b"one", b"two"]);
    assert_eq!(torn.bytes("log-00000000000000000000").expect("a log"), bytes[..48 + 2 * 39]);
    checkpoint.append(&[b"t", b"en"]).expect("the log is open");
    checkpoint.sync().expect("a disk");
    assert_eq!(read(&torn.copy()).expect("whole").2, [b"one", b"two", b"ten"]);
}

#[test]
fn damage_is_told_from_a_tail_however_far_the_next_record_is() {
    const NAME: &str = "log-00000000000000000000";
    let buffer = 1 << 18; // of the search
    for distance in (buffer - 40..buffer + 4).chain([2 * buffer - 50, 3 * buffer]) {
        let storage = SimulatedStorage::new();
        let checkpoint = begin(&storage);
        let second = 48 + 36 + 5;
        checkpoint.append(&[b"first"]).expect("room");
        checkpoint.append(&[&vec![b'x'; distance - 36 - 36 - 5]]).expect("room");
        let mut bytes = storage.bytes(NAME).expect("the log");
        bytes[48..second + 36].fill(0);
        let tail = storage.copy();
        tail.set_bytes(NAME, bytes);
        assert_eq!(read(&tail).expect("nothing was durable").2.len(), 0, "{distance}");

        checkpoint.sync().expect("a disk");
        checkpoint.append(&[b"third"]).expect("room");
        let mut bytes = storage.bytes(NAME).expect("the log");
        bytes[48..second + 36].fill(0);
        let damaged = storage.copy();
        damaged.set_bytes(NAME, bytes);
        let error = read(&damaged).expect_err("the third record says that the others were durable");
        assert_eq!(error.problem, CheckpointProblem::Damaged(48), "{distance}");
    }
}

#[test]
fn a_log_as_input_is_not_taken_for_records() {
    // a copy of a log is a record of another log, and that record is torn: the headers in it must not count
    let inner = SimulatedStorage::new();
    let checkpoint = begin(&inner);
    for _ in 0..20 {
        checkpoint.append(&[b"inner"]).expect("room");
        checkpoint.sync().expect("a disk");
    }
    let copy = inner.bytes("log-00000000000000000000").expect("the log");
    let storage = SimulatedStorage::new();
    let checkpoint = begin(&storage);
    checkpoint.append(&[b"outer"]).expect("room");
    checkpoint.append(&[&copy]).expect("room");
    let mut bytes = storage.bytes("log-00000000000000000000").expect("the log");
    bytes.pop();
    let torn = storage.copy();
    torn.set_bytes("log-00000000000000000000", bytes);
    assert_eq!(read(&torn).expect("a tail").2, [b"outer"]);
}

#[test]
fn without_a_whole_snapshot_the_damaged_one_is_named() {
    let storage = example();
    for file in &FILES[1..3] {
        let mut bytes = storage.bytes(file).expect("a snapshot");
        bytes[60] ^= 1;
        storage.set_bytes(file, bytes);
    }
    let error = read(&storage).expect_err("no state is left").to_string();
    assert!(error.starts_with("/simulated/snapshot-00000000000000000002: is damaged at byte 48\n"), "{error}");
}

#[test]
fn the_older_snapshot_and_its_logs_replace_a_damaged_one() {
    let storage = example().copy();
    storage.set_bytes(FILES[2], b"foreign".to_vec());
    let mut checkpoint = open(&storage).expect("a directory");
    let recovery = checkpoint.recover().expect("the older one");
    assert_eq!(recovery.snapshot.map(|snapshot| snapshot.batch), Some(1));
    assert_eq!(recovery.damaged.len(), 1);
    assert!(recovery.damaged[0].to_string().starts_with("/simulated/snapshot-00000000000000000002: is not a file of"));
    assert_eq!(recovery.log.count(), 4);
    checkpoint.begin_log(3).expect("room");
    checkpoint.write_snapshot(3, b"third").expect("room");
    let names = storage.list().expect("a directory");
    let logs = ["log-00000000000000000001", "log-00000000000000000002", "log-00000000000000000003"];
    let snapshots = ["manifest", "snapshot-00000000000000000001", "snapshot-00000000000000000003"];
    assert_eq!(names, [&logs[..], &snapshots[..]].concat(), "the damaged one is removed, the older one is kept");
    assert_eq!(read(&storage).expect("whole"), (Some(b"manifest".to_vec()), Some((3, b"third".to_vec())), vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Any sizes, block boundaries included, come back.
    #[test]
    fn snapshots_and_records_of_any_size_come_back(
        sizes in proptest::collection::vec(0usize..3000, 0..8),
        blocks in 0usize..3,
        more in 0usize..3,
        cut in 0usize..4 << 20,
    ) {
        let storage = SimulatedStorage::new();
        let checkpoint = begin(&storage);
        let bytes: Vec<u8> = (0..(blocks << 20) + more).map(|index| ((index * 31) >> 3) as u8).collect();
        checkpoint.begin_log(9).expect("room");
        let pieces = bytes.split_at(cut.min(bytes.len()));
        let mut snapshot = checkpoint.begin_snapshot(9).expect("room");
        [pieces.0, pieces.1].iter().for_each(|piece| snapshot.piece(piece).expect("room"));
        checkpoint.finish_snapshot(snapshot).expect("room");
        for size in &sizes {
            let (first, second) = bytes.split_at(bytes.len().min(*size) / 2);
            checkpoint.append(&[first, &[*size as u8], second]).expect("room");
        }
        let stored = open(&storage.copy()).expect("whole").recover().expect("whole").snapshot.expect("a snapshot");
        let found: Vec<Vec<u8>> = (0..stored.pieces()).map(|piece| stored.read(piece).expect("whole")).collect();
        let written: Vec<&[u8]> = [pieces.0, pieces.1].into_iter().filter(|piece| !piece.is_empty()).collect();
        prop_assert!(found == written);
        let (_, snapshot, records) = read(&storage.copy()).expect("whole");
        prop_assert!(snapshot == Some((9, bytes.clone())));
        let lengths: Vec<usize> = records.iter().map(Vec::len).collect();
        prop_assert_eq!(lengths, vec![bytes.len() + 1; sizes.len()]);
    }
}
