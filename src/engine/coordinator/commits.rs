//! Commits of a run with a checkpoint: the state of everything, loaded at the start, and saved at barriers and at the end.

use crate::checkpoint::SnapshotWriter;
use crate::data::persist::{Persist, StateError, Stateful};
use crate::sink::SinkError;

use super::super::commit::{Barrier, SavedSources, SnapshotHead, StreamPosition, write_state};
use super::super::ledger_builder::SideOutputs;
use super::super::output::Output;
use super::super::output_positions::OutputPositions;
use super::super::restored_state::{RestoreError, RestoredState};
use super::super::results::Results;
use super::Coordinator;
use crate::engine::run_start::Commits;

/// Ends the run because of a failure.
pub(super) fn fail(output: &mut Output<'_>, reason: String) {
    output.error.get_or_insert(SinkError::Failed(reason));
}

impl<'r> Coordinator<'r> {
    /// Loads the state that earlier runs have left.
    pub(super) fn restore(&mut self, results: &mut Results<'_>, output: &mut Output<'_>) {
        let Some(commits) = &mut self.commits else {
            return;
        };
        output.follow(self.open_batch, commits.committer.log(), commits.has_header, commits.every);
        let name = commits.name.clone();
        if let Some(state) = commits.restored.take()
            && let Err(error) = self.load(results, &state)
        {
            fail(output, error.message(&name));
        }
    }

    fn load(&mut self, results: &mut Results<'_>, restored: &RestoredState) -> Result<(), RestoreError> {
        let mut input = restored.rest();
        self.merged_records = u64::load(&mut input)?;
        self.quiet_chunks = u64::load(&mut input)?;
        self.entries.load_state(&mut input)?;
        let is_reported = self.entries.is_at_end;
        self.entries.begin_run();
        results.load_state(restored, &mut input)?;
        if is_reported {
            let (entries, results) = (self.entries.ledger.troubles(), results.troubles());
            self.reported = Some(std::array::from_fn(|kind| entries[kind] + results[kind]));
        }
        if input.is_empty() { Ok(()) } else { Err(StateError::Damaged.into()) }
    }

    /// The state after all chunks so far, apart from frozen groups. [`super::super::run_start::RunStart::begin`] and
    /// [`Coordinator::restore`] load it.
    fn state(&self, results: &mut Results<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        self.shared.save_state(self.plan, &mut out);
        self.offsets.save(&mut out);
        self.merged_records.save(&mut out);
        self.quiet_chunks.save(&mut out);
        self.entries.save_state(&mut out);
        results.save_state(&mut out);
        out
    }

    /// Commits the state if the reader waits for it and all chunks before are merged.
    pub(super) fn commit_at_barrier(
        &mut self,
        results: &mut Results<'_>,
        output: &mut Output<'_>,
        kept: &mut SideOutputs,
    ) {
        let Some(commits) = &mut self.commits else {
            return;
        };
        if let Some(reason) = commits.committer.failure() {
            return fail(output, reason);
        }
        let Some(Barrier(position)) = self.barrier else {
            return;
        };
        if self.next < position.sequence || self.open_batch < position.batch || output.error.is_some() {
            return;
        }
        self.barrier = None;
        let Some(head) = self.head(position, output, kept, false) else {
            return;
        };
        let groups = results.freeze_groups();
        let state = self.state(results);
        let committed = self.commits.as_mut().map(|commits| commits.committer.commit(&head, state, groups));
        if let Some(Err(reason)) = committed {
            fail(output, reason);
        }
    }

    /// Begins the commit at the end of the run: writes the state, before it becomes results. `None` if there is nothing to commit,
    /// or records were read that are not part of the results: then the next run goes on after the last commit.
    pub(super) fn begin_commit_at_end(
        &mut self,
        results: &mut Results<'_>,
        output: &Output<'_>,
    ) -> Option<Result<SnapshotWriter, String>> {
        let is_whole = (self.is_complete() || results.is_done()) && !self.entries.is_unfinished() && !output.is_cut;
        let is_changed = |commits: &Commits| {
            let adds_header = output.may_print_header() || output.has_header() && !commits.has_header;
            adds_header || !self.is_unchanged()
        };
        let is_changed = self.commits.as_ref().is_some_and(is_changed);
        if !is_changed || !is_whole || !results.has_state() || output.error.is_some() {
            return None;
        }
        let begun = self.commits.as_mut().map(|commits| commits.committer.begin_last())?;
        let groups = results.freeze_groups();
        self.entries.is_at_end = true;
        let rest = self.state(results);
        let with_state = |mut snapshot: SnapshotWriter| {
            write_state(&mut snapshot, groups, rest)?;
            Ok(snapshot)
        };
        begun.and_then(|snapshot| snapshot.map(with_state).transpose()).transpose()
    }

    /// True if the run has read nothing, so that the state is still that of the last commit.
    fn is_unchanged(&self) -> bool {
        let commits = self.commits.as_ref().filter(|commits| !commits.committer.is_finishing);
        let begins_at = commits.map(|commits| commits.begins_at);
        begins_at.is_some() && self.end.map(|end| end.sequence) == begins_at
    }

    /// Commits the state at the end of the run, after its results were written.
    pub(super) fn commit_at_end(
        &mut self,
        commit: Result<SnapshotWriter, String>,
        output: &mut Output<'_>,
        kept: &mut SideOutputs,
    ) {
        let own = StreamPosition { sequence: self.next, batch: self.open_batch, read_ns: i64::MIN };
        let end = self.end.unwrap_or(own);
        // The results that are printed at the end are a batch of their own.
        let position = StreamPosition { batch: end.batch.max(self.open_batch) + 1, ..end };
        let Some(head) = self.head(position, output, kept, true) else {
            return;
        };
        let committed = commit.and_then(|snapshot| match &mut self.commits {
            Some(commits) => commits.committer.commit_last(snapshot, &head),
            None => Ok(()),
        });
        if let Err(reason) = committed {
            fail(output, reason);
        }
    }

    /// Waits for the snapshot that is being written at the end of the run.
    pub(super) fn end_commits(&mut self, output: &mut Output<'_>) {
        if let Some(Err(reason)) = self.commits.as_mut().map(|commits| commits.committer.wait()) {
            fail(output, reason);
        }
    }

    /// Makes the outputs durable; returns the head of a snapshot at this position. `None` if the results are not whole.
    fn head(
        &self,
        position: StreamPosition,
        output: &mut Output<'_>,
        kept: &mut SideOutputs,
        is_end: bool,
    ) -> Option<SnapshotHead> {
        output.sync();
        kept.sync();
        if !is_end {
            output.settle_targets();
        }
        let outputs = output.position().into_iter().chain(kept.positions());
        let outputs = outputs.chain(output.targets.positions().iter().copied());
        let outputs = OutputPositions(outputs.collect());
        let has_header = output.has_header();
        let commits = self.commits.as_ref().filter(|_| output.error.is_none() && !output.is_cut)?;
        Some(SnapshotHead {
            is_finished: is_end && commits.committer.is_finishing,
            position,
            outputs,
            has_header,
            sources: SavedSources::of(self.sources),
        })
    }
}
