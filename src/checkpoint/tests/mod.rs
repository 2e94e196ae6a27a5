//! Crashes, damage, failures, threads, real directories and messages.

mod crashes;
mod damage;
mod directories;
mod failures;
mod format;

use std::sync::Arc;

use super::simulated::SimulatedStorage;
use super::{Checkpoint, CheckpointError, Holder};

/// Opens a simulated directory.
fn open(storage: &SimulatedStorage) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(Arc::new(storage.clone()), None)
}

/// Opens a simulated directory that is empty, and begins its first log.
fn begin(storage: &SimulatedStorage) -> Checkpoint {
    let mut checkpoint = open(storage).expect("an empty directory");
    checkpoint.write_manifest(b"manifest").expect("there is room");
    checkpoint.recover().expect("it is empty");
    checkpoint.begin_log(0).expect("there is room");
    checkpoint
}

/// The content of a directory: the manifest, the snapshot with its batch, and the records after it.
type Content = (Option<Vec<u8>>, Option<(u64, Vec<u8>)>, Vec<Vec<u8>>);

/// Reads all of a simulated directory.
fn read(storage: &SimulatedStorage) -> Result<Content, CheckpointError> {
    let mut checkpoint = open(storage)?;
    let manifest = checkpoint.manifest().map(<[u8]>::to_vec);
    let recovery = checkpoint.recover()?;
    let snapshot = recovery.snapshot.map(|snapshot| (snapshot.batch, snapshot.bytes()));
    let records = recovery.log.collect::<Result<Vec<Vec<u8>>, CheckpointError>>()?;
    Ok((manifest, snapshot, records))
}

fn holder() -> Holder {
    Holder { process: 4711, began_ns: 1_790_000_000_000_000_000, expression: "count by status".to_owned() }
}
