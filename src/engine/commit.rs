//! Commits of a run with `--checkpoint`: the state of everything at the end of a batch, as a snapshot on disk.
//!
//! The reader stops at a barrier until all chunks before it are processed, the groups of the stream are frozen, and the
//! rest of the state is copied to bytes. A thread then writes them while the next batches are read.
//!
//! A snapshot has pieces: those of the groups, one with the rest of the state, and the head. The commit at the end of a run
//! writes the state before it becomes results, and the head after these are written, because it has their length.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam::channel::Sender;

use crate::checkpoint::{Checkpoint, Recovery, SnapshotWriter};
use crate::data::persist::{Persist, StateError, StateReader, load_text, save_text};
use crate::data::{Clock, FileId, reason};

use super::commit_pace::{CommitPace, pause_after};
use super::input_log::outputs_record;
use super::message::SourceIndex;
use super::output_positions::OutputPositions;
use super::sources::Sources;
use super::stream_groups::{FrozenGroups, write_groups};

/// The checkpoint of a run.
pub struct CheckpointJob {
    /// The open directory.
    pub checkpoint: Arc<Checkpoint>,
    /// The state that earlier runs have left.
    pub recovery: Recovery,
    /// The directory as the user wrote it.
    pub name: String,
    /// Identifies the stream that all runs with the directory read: letters and digits.
    pub stream: String,
    /// How often the state is written.
    pub every: Duration,
    /// Keep input that cannot be read again.
    pub journal: bool,
    /// End the stream: every open window becomes final.
    pub finish: bool,
}

/// The reader's position in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamPosition {
    /// Chunks dispatched so far.
    pub(super) sequence: u64,
    /// Batches ended so far.
    pub(super) batch: u64,
    /// The arrival time of the last chunk.
    pub(super) read_ns: i64,
}

/// From the reader: it waits until the state after all chunks before this position was copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Barrier(pub(super) StreamPosition);

impl StreamPosition {
    /// The position of the first run.
    pub(super) const START: StreamPosition = StreamPosition { sequence: 0, batch: 0, read_ns: i64::MIN };
}

/// The last piece of a snapshot: what a run needs to know before it loads the state.
#[derive(Debug)]
pub(super) struct SnapshotHead {
    /// The stream was ended by `--finish`.
    pub(super) is_finished: bool,
    pub(super) position: StreamPosition,
    /// The lengths of the outputs.
    pub(super) outputs: OutputPositions,
    /// The results that a file has so far begin with a header.
    pub(super) has_header: bool,
    pub(super) sources: SavedSources,
}

/// The sources of a run, by name, so that a later one may have more or fewer.
#[derive(Debug, Default)]
pub(super) struct SavedSources {
    /// The name and the plan's input of each source of the command line.
    pub(super) written: Vec<(Vec<u8>, u64)>,
    /// The other sources that have not ended: number, name, and the source that each came from.
    pub(super) added: Vec<(SourceIndex, (Vec<u8>, SourceIndex))>,
}

impl Persist for StreamPosition {
    fn save(&self, out: &mut Vec<u8>) {
        self.sequence.save(out);
        self.batch.save(out);
        self.read_ns.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(StreamPosition { sequence: input.count()?, batch: input.count()?, read_ns: i64::load(input)? })
    }
}

/// The first byte of a head. Snapshots with another one have other contents.
const HEAD: u8 = 3;

impl Persist for SnapshotHead {
    fn save(&self, out: &mut Vec<u8>) {
        HEAD.save(out);
        self.is_finished.save(out);
        self.position.save(out);
        self.outputs.save(out);
        self.has_header.save(out);
        self.sources.written.save(out);
        (self.sources.added.len() as u64).save(out);
        for (index, (name, by)) in &self.sources.added {
            index.save(out);
            save_text(name, out);
            by.save(out);
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        if u8::load(input)? != HEAD {
            return Err(StateError::Damaged);
        }
        let is_finished = bool::load(input)?;
        let position = StreamPosition::load(input)?;
        let outputs = OutputPositions::load(input)?;
        let has_header = bool::load(input)?;
        let written = Vec::load(input)?;
        let mut added = Vec::new();
        for _ in 0..input.length(24)? {
            let index = SourceIndex::load(input)?;
            added.push((index, (load_text(input)?.to_vec(), SourceIndex::load(input)?)));
        }
        Ok(SnapshotHead { is_finished, position, outputs, has_header, sources: SavedSources { written, added } })
    }
}

impl SavedSources {
    /// The sources of a run.
    pub(super) fn of(sources: &Sources) -> SavedSources {
        use std::os::unix::ffi::OsStrExt;
        let name = |source: SourceIndex| sources.name(source).as_bytes().to_vec();
        let written = (0..sources.written()).map(SourceIndex);
        let root = |source: SourceIndex| sources.root(source).map_or(source, SourceIndex);
        SavedSources {
            written: written.map(|source| (name(source), sources.input(source) as u64)).collect(),
            added: sources.added().into_iter().map(|source| (source, (name(source), root(source)))).collect(),
        }
    }
}

/// Writes snapshots; used by the coordinator.
pub(super) struct Committer {
    checkpoint: Arc<Checkpoint>,
    /// Lets the reader go on after a barrier.
    go_on: Sender<()>,
    clock: Arc<dyn Clock>,
    pace: Arc<CommitPace>,
    /// The snapshot that is being written.
    writing: Option<JoinHandle<Result<(), String>>>,
    pub(super) is_finishing: bool,
}

impl Committer {
    pub(super) fn new(
        checkpoint: Arc<Checkpoint>,
        go_on: Sender<()>,
        clock: Arc<dyn Clock>,
        pace: Arc<CommitPace>,
        is_finishing: bool,
    ) -> Committer {
        Committer { checkpoint, go_on, clock, pace, writing: None, is_finishing }
    }

    /// Makes what was read durable, before a result of it is delivered.
    pub(super) fn log(&self) -> Arc<Checkpoint> {
        Arc::clone(&self.checkpoint)
    }

    /// Commits the state at a barrier, and lets the reader go on. A thread writes the groups, which are frozen, and then
    /// the rest of the state.
    pub(super) fn commit(
        &mut self,
        head: &SnapshotHead,
        state: Vec<u8>,
        groups: Option<FrozenGroups>,
    ) -> Result<(), String> {
        self.wait()?;
        let number = self.next_number();
        self.checkpoint.begin_log(number)?;
        self.checkpoint.append(&[&outputs_record(&head.outputs)])?;
        let head = bytes_of(head);
        let (checkpoint, clock, pace) = (Arc::clone(&self.checkpoint), Arc::clone(&self.clock), Arc::clone(&self.pace));
        let write = move || {
            let began = clock.now();
            let mut snapshot = checkpoint.begin_snapshot(number)?;
            write_state(&mut snapshot, groups, state)?;
            snapshot.piece(&head)?;
            let took = clock.now().saturating_duration_since(began); // a sync takes time, but not that of a core
            checkpoint.finish_snapshot(snapshot)?;
            pace.end(clock.now() + pause_after(took));
            Ok(())
        };
        self.pace.begin();
        let thread = Builder::new().name("checkpoint".to_owned()).spawn(write);
        self.writing = Some(thread.map_err(|error| format!("threads cannot be started: {}", reason(&error)))?);
        let _ = self.go_on.send(()); // fails if the reader has ended
        Ok(())
    }

    /// Begins the commit at the end of the run. `None` if the run has ended before it took over what was logged, as with
    /// `limit`: the next run does.
    pub(super) fn begin_last(&mut self) -> Result<Option<SnapshotWriter>, String> {
        self.wait()?;
        if !self.checkpoint.is_recovered() {
            return Ok(None);
        }
        Ok(Some(self.checkpoint.begin_snapshot(self.next_number())?))
    }

    /// Completes the commit at the end of the run, whose state is written.
    pub(super) fn commit_last(&mut self, mut snapshot: SnapshotWriter, head: &SnapshotHead) -> Result<(), String> {
        self.checkpoint.begin_log(snapshot.batch())?;
        snapshot.piece(&bytes_of(head))?;
        Ok(self.checkpoint.finish_snapshot(snapshot)?)
    }

    /// The number of the next commit. It is larger than those of all earlier ones, also of one whose snapshot a crash has
    /// prevented.
    fn next_number(&self) -> u64 {
        self.checkpoint.log_batch().map_or(0, |last| last + 1)
    }

    /// Waits until the last snapshot is on disk.
    pub(super) fn wait(&mut self) -> Result<(), String> {
        match self.writing.take().map(JoinHandle::join) {
            Some(Ok(written)) => written,
            Some(Err(_)) => Err("the snapshot of the checkpoint was not written".to_owned()), // a panic has printed its message
            None => Ok(()),
        }
    }

    /// Returns why the last snapshot could not be written, if that is known.
    pub(super) fn failure(&mut self) -> Option<String> {
        let has_ended = self.writing.as_ref().is_some_and(JoinHandle::is_finished);
        if has_ended { self.wait().err() } else { None }
    }
}

/// Writes the pieces of the state. Groups are frozen no longer than needed.
pub(super) fn write_state(
    snapshot: &mut SnapshotWriter,
    groups: Option<FrozenGroups>,
    rest: Vec<u8>,
) -> Result<(), String> {
    if let Some(groups) = groups {
        write_groups(&groups, snapshot)?;
    }
    Ok(snapshot.piece(&rest)?)
}

fn bytes_of(head: &SnapshotHead) -> Vec<u8> {
    let mut bytes = Vec::new();
    head.save(&mut bytes);
    bytes
}

/// True if a file that the results were written to still has all of them, so that the next ones follow them.
pub(super) fn continues(outputs: &OutputPositions, output: Option<(FileId, u64)>) -> bool {
    output.is_some_and(|(file, length)| outputs.of(file).is_some_and(|before| 0 < before && before <= length))
}
