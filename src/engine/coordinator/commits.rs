//! Commits of a run with a checkpoint: the state of everything, loaded at the start, and saved at barriers and at the end.

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::sink::SinkError;

use super::super::commit::{Barrier, SavedSources, SnapshotHead, StreamPosition};
use super::super::ledger_builder::SideOutputs;
use super::super::output::Output;
use super::super::output_positions::OutputPositions;
use super::super::results::Results;
use super::super::run_start::state_error;
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
            && let Err(error) = self.load(results, &mut StateReader::new(&state))
        {
            fail(output, state_error(&name, &error));
        }
    }

    fn load(&mut self, results: &mut Results<'_>, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.merged_records = u64::load(input)?;
        self.entries.load_state(input)?;
        self.entries.begin_run();
        results.load_state(input)?;
        if input.is_empty() { Ok(()) } else { Err(StateError::Damaged) }
    }

    /// The state after all chunks so far, as [`super::super::run_start::RunStart::begin`] and [`Coordinator::restore`] load it.
    fn state(&self, results: &mut Results<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        self.shared.save_state(self.plan, &mut out);
        self.offsets.save(&mut out);
        self.merged_records.save(&mut out);
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
        let state = self.state(results);
        self.commit(position, &state, output, kept, false);
    }

    /// The state at the end of the run, unless records were read that are not part of the results: then the next run goes
    /// on after the last commit.
    pub(super) fn state_at_end(&self, results: &mut Results<'_>, output: &Output<'_>) -> Option<Vec<u8>> {
        let is_whole = (self.is_complete() || results.is_done()) && !self.entries.is_unfinished() && !output.is_cut;
        let is_changed = |commits: &Commits| {
            let adds_header = output.may_print_header() || output.has_header() && !commits.has_header;
            adds_header || !self.is_unchanged()
        };
        let is_changed = self.commits.as_ref().is_some_and(is_changed);
        (is_changed && is_whole && output.error.is_none()).then(|| self.state(results))
    }

    /// True if the run has read nothing, so that the state is still that of the last commit.
    fn is_unchanged(&self) -> bool {
        let commits = self.commits.as_ref().filter(|commits| !commits.committer.is_finishing);
        let begins_at = commits.map(|commits| commits.begins_at);
        begins_at.is_some() && self.end.map(|end| end.sequence) == begins_at
    }

    /// Commits the state at the end of the run, after its results were written.
    pub(super) fn commit_at_end(&mut self, state: &[u8], output: &mut Output<'_>, kept: &mut SideOutputs) {
        let own = StreamPosition { sequence: self.next, batch: self.open_batch, read_ns: i64::MIN };
        let end = self.end.unwrap_or(own);
        // The results that are printed at the end are a batch of their own.
        let position = StreamPosition { batch: end.batch.max(self.open_batch) + 1, ..end };
        self.commit(position, state, output, kept, true);
    }

    fn commit(
        &mut self,
        position: StreamPosition,
        state: &[u8],
        output: &mut Output<'_>,
        kept: &mut SideOutputs,
        is_end: bool,
    ) {
        output.sync();
        kept.sync();
        if !is_end {
            output.settle_targets();
        }
        let outputs = output.position().into_iter().chain(kept.positions());
        let outputs = outputs.chain(output.targets.positions().iter().copied());
        let outputs = OutputPositions(outputs.collect());
        let has_header = output.has_header();
        let Some(commits) = &mut self.commits else {
            return;
        };
        if output.error.is_some() || output.is_cut {
            return;
        }
        let committer = &mut commits.committer;
        let head = SnapshotHead {
            is_finished: is_end && committer.is_finishing,
            position,
            outputs,
            has_header,
            sources: SavedSources::of(self.sources),
        };
        let committed = if is_end { committer.commit_last(&head, state) } else { committer.commit(&head, state) };
        if let Err(reason) = committed {
            fail(output, reason);
        }
    }
}
