//! Crashes at every operation: the recovered state is a prefix of what was done, and has all that was acknowledged.
//!
//! The program under test is a small engine. It appends numbered records, acknowledges them after a sync, and then prints
//! them to a file. Snapshots are written later than their batch ends, some of them two at a time. A program that leaves
//! out any of the syncs must fail the same test.

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;

use crate::checkpoint::simulated::{Crash, Dice, Effect, SimulatedCall, SimulatedStorage};
use crate::checkpoint::{Checkpoint, CheckpointError, SnapshotWriter};

/// Records of an undisturbed run.
const RECORDS: u64 = 14;

const MANIFEST_BYTES: &[u8] = b"count by line";

/// The file that records are printed to.
const OUTPUT: &str = "output";

/// The bytes of a record, of a length that depends on its number: some are longer than a sector, one is empty but for it.
fn record(number: u64) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend((0..number * 37 % 150).map(|index| (number + index) as u8));
    bytes
}

fn line(number: u64) -> String {
    format!("{number}\n")
}

/// The lines of all records below a number.
fn lines_below(number: u64) -> String {
    (0..number).map(line).collect()
}

/// A snapshot: the number of records, and the length of the output.
fn saved(records: u64, printed: u64) -> Vec<u8> {
    let mut bytes = [records.to_le_bytes(), printed.to_le_bytes()].concat();
    bytes.extend((0..records).flat_map(record));
    bytes
}

/// Takes up a run that was interrupted and ends it after `RECORDS` records. `acknowledged` records must be there.
/// Errors are those of the test: recovery fails, or what it has found is wrong.
fn run(storage: &SimulatedStorage, acknowledged: u64, dice: &mut Dice) -> Result<(), String> {
    let text = |error: CheckpointError| error.to_string();
    let mut checkpoint = Checkpoint::open(Arc::new(storage.clone()), None).map_err(text)?;
    match checkpoint.manifest() {
        Some(MANIFEST_BYTES) => {}
        Some(other) => return Err(format!("the manifest is {other:?}")),
        None if acknowledged > 0 => return Err("there is no manifest".to_owned()),
        None => checkpoint.write_manifest(MANIFEST_BYTES).map_err(text)?,
    }
    let mut model = Model { storage, records: 0, printed: 0, batch: 0, waiting: Vec::new() };
    model.recover(&mut checkpoint)?;
    if model.records < acknowledged {
        return Err(format!("{} of {acknowledged} acknowledged records are there", model.records));
    }
    model.go_on(&checkpoint, dice).map_err(text)?;
    let output = storage.output_bytes(OUTPUT);
    let output = String::from_utf8_lossy(&output);
    if output == lines_below(RECORDS) { Ok(()) } else { Err(format!("the output is {output:?}")) }
}

struct Model<'s> {
    storage: &'s SimulatedStorage,
    /// The state: as many records were seen.
    records: u64,
    /// Bytes of the output.
    printed: u64,
    /// The number of the current batch. One is ended now and then.
    batch: u64,
    /// Snapshots that are to be written.
    waiting: Vec<(u64, Vec<u8>)>,
}

impl Model<'_> {
    /// Loads the state, and prints again what the output may have lost.
    fn recover(&mut self, checkpoint: &mut Checkpoint) -> Result<(), String> {
        let recovery = checkpoint.recover().map_err(|error| error.to_string())?;
        if let Some(error) = recovery.damaged.first() {
            return Err(format!("nothing was damaged, but {error}"));
        }
        if let Some(snapshot) = &recovery.snapshot {
            let bytes = snapshot.bytes();
            let number = |start: usize| {
                let bytes = bytes.get(start..start + 8).ok_or("a short snapshot")?;
                Ok::<u64, String>(u64::from_le_bytes(bytes.try_into().expect("eight bytes")))
            };
            (self.records, self.printed) = (number(0)?, number(8)?);
            if bytes != saved(self.records, self.printed) {
                return Err(format!("snapshot {} is wrong", snapshot.batch));
            }
            self.batch = snapshot.batch;
        }
        let output = self.storage.output(OUTPUT);
        output.truncate(self.printed).map_err(|error| error.to_string())?;
        if self.storage.output_bytes(OUTPUT) != lines_below(self.records).into_bytes() {
            return Err("the output has lost lines from before the snapshot".to_owned());
        }
        for found in recovery.log {
            let found = found.map_err(|error| error.to_string())?;
            if found != record(self.records) {
                return Err(format!("record {} is wrong: {found:?}", self.records));
            }
            self.print(self.records);
            self.records += 1;
        }
        self.batch = self.batch.max(checkpoint.log_batch().unwrap_or_default());
        Ok(())
    }

    fn go_on(&mut self, checkpoint: &Checkpoint, dice: &mut Dice) -> Result<(), CheckpointError> {
        if checkpoint.log_batch().is_none() {
            begin_log(checkpoint, 0)?;
        }
        let mut writing: Option<(SnapshotWriter, Vec<u8>)> = None;
        while self.records < RECORDS {
            let count = (1 + dice.below(4) as u64).min(RECORDS - self.records);
            for number in self.records..self.records + count {
                let record = record(number);
                let (first, second) = record.split_at(dice.below(record.len()));
                checkpoint.append(&[first, second])?;
            }
            // the thread that appends may end a batch before its records are durable
            let (ends, is_early) = (dice.below(2) == 0, dice.below(2) == 0);
            self.batch += u64::from(ends);
            if ends && is_early {
                begin_log(checkpoint, self.batch)?;
            }
            checkpoint.sync()?;
            self.storage.mark(self.records + count); // the user may see it from now on
            (self.records..self.records + count).for_each(|number| self.print(number));
            self.records += count;
            if ends {
                begin_log(checkpoint, self.batch)?; // again if it was early
                self.waiting.push((self.batch, saved(self.records, self.printed)));
            }
            while (!self.waiting.is_empty() || writing.is_some()) && dice.below(2) == 0 {
                writing = match writing.take() {
                    // the log may go on before the next piece
                    None => {
                        let (batch, bytes) = self.waiting.remove(0);
                        let mut snapshot = checkpoint.begin_snapshot(batch)?;
                        snapshot.piece(&bytes[..bytes.len() / 2])?;
                        Some((snapshot, bytes))
                    }
                    Some((mut snapshot, bytes)) => {
                        let output = self.storage.output(OUTPUT);
                        output.sync().expect("the output can be synced"); // the snapshot says that it is there
                        snapshot.piece(&bytes[bytes.len() / 2..])?;
                        checkpoint.finish_snapshot(snapshot)?;
                        None
                    }
                }
            }
        }
        Ok(())
    }

    fn print(&mut self, number: u64) {
        let line = line(number);
        self.storage.output(OUTPUT).append(line.as_bytes()).expect("the output has room");
        self.printed += line.len() as u64;
    }
}

thread_local! {
    /// While a log is begun, the number of calls so far.
    static BEGINNING: Cell<Option<u32>> = const { Cell::new(None) };
}

fn begin_log(checkpoint: &Checkpoint, batch: u64) -> Result<(), CheckpointError> {
    BEGINNING.set(Some(0));
    let begun = checkpoint.begin_log(batch);
    BEGINNING.set(None);
    begun
}

/// Runs a program with this seed, crashes at every operation, and takes it up again. Some of the recoveries crash too.
fn crash_everywhere(
    seed: u64,
    hook: impl Fn(SimulatedCall, &str) -> Effect + Clone + Send + 'static,
) -> Result<(), String> {
    let mut dice = Dice(seed);
    let storage = SimulatedStorage::new();
    storage.set_hook(hook.clone());
    run(&storage, 0, &mut dice)?;
    for crash in storage.crashes(seed) {
        take_up(&crash, &mut dice, &hook)?;
        if dice.below(300) == 0 {
            for second in crash.disk.crashes(seed) {
                let marks = [crash.marks.clone(), second.marks].concat();
                let description = format!("{}; then {}", crash.description, second.description);
                take_up(&Crash { marks, description, ..second }, &mut dice, &hook)?;
            }
        }
    }
    Ok(())
}

fn take_up(
    crash: &Crash,
    dice: &mut Dice,
    hook: &(impl Fn(SimulatedCall, &str) -> Effect + Clone + Send + 'static),
) -> Result<(), String> {
    crash.disk.set_hook(hook.clone());
    let acknowledged = crash.marks.last().copied().unwrap_or_default();
    run(&crash.disk, acknowledged, dice).map_err(|error| format!("after {}: {error}", crash.description))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn nothing_acknowledged_is_lost(seed: u64) {
        crash_everywhere(seed, |_, _| Effect::Normal).map_err(TestCaseError::fail)?;
    }
}

/// Looks for a seed with which a program that has this fault fails.
fn is_found(hook: impl Fn(SimulatedCall, &str) -> Effect + Clone + Send + 'static) -> bool {
    (0..40).any(|seed| crash_everywhere(seed, hook.clone()).is_err())
}

/// A program that leaves out calls, of which it is told the name of the file and the call before.
fn without(omits: impl Fn(SimulatedCall, &str, (SimulatedCall, &str)) -> bool + Clone + Send + 'static) -> bool {
    thread_local! {
        static BEFORE: Cell<(SimulatedCall, String)> = const { Cell::new((SimulatedCall::List, String::new())) };
    }
    is_found(move |call, file| {
        BEGINNING.set(BEGINNING.get().map(|calls| calls + 1));
        let (before, name) = BEFORE.replace((call, file.to_owned()));
        if omits(call, file, (before, &name)) { Effect::Omitted } else { Effect::Normal }
    })
}

#[test]
fn a_forgotten_sync_of_a_file_is_found() {
    let without_sync_of =
        |start: &'static str| without(move |call, file, _| call == SimulatedCall::Sync && file.starts_with(start));
    for file in ["manifest", "snapshot", "log", OUTPUT] {
        assert!(without_sync_of(file), "{file}");
    }
}

#[test]
fn a_forgotten_sync_while_a_log_is_begun_is_found() {
    // the first call of all is the sync of the log before
    assert!(without(|call, _, _| call == SimulatedCall::Sync && BEGINNING.get() == Some(1)), "the log before");
    assert!(without(|call, _, _| call == SimulatedCall::Sync && BEGINNING.get() > Some(1)), "the new log");
}

#[test]
fn a_forgotten_sync_of_the_directory_is_found() {
    let without_sync_after = |after: SimulatedCall, start: &'static str| {
        without(move |call, _, (before, file)| {
            call == SimulatedCall::SyncDirectory && before == after && file.starts_with(start)
        })
    };
    assert!(without_sync_after(SimulatedCall::Rename, "manifest"), "after the manifest");
    assert!(without_sync_after(SimulatedCall::Rename, "snapshot"), "after a snapshot");
    assert!(without_sync_after(SimulatedCall::Sync, "log"), "after a log");
}

#[test]
fn renaming_before_the_sync_is_found() {
    for start in ["manifest", "snapshot"] {
        let is_late = move |call, file: &str| call == SimulatedCall::Sync && file.starts_with(start);
        let hook = move |call, file: &str| if is_late(call, file) { Effect::AfterRename } else { Effect::Normal };
        assert!(is_found(hook), "{start}");
    }
}
