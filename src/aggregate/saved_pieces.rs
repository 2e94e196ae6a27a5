//! The groups of a stream in pieces, for snapshots: they are saved and loaded in the order in which they are in memory, and
//! are in memory once.
//!
//! Groups are frozen while another thread saves them ([`Merged::freeze`]): those that arrive meanwhile are kept apart.

use std::sync::{Mutex, PoisonError};

use crate::data::persist::{Persist, StateError, StateReader};
use crate::expr::Failures;

use super::group_set::GroupSet;
use super::merged::{Executor, Merged, run};
use super::partial::{GroupRun, SEAL_GROUPS, UNPARTED_GROUPS};
use super::saved_groups::{load_run, save_run};
use super::spilled_groups::TakenRun;

/// The groups of a piece: as many as a worker hands over at a time, so that they are few runs again after they are loaded.
const PIECE_GROUPS: usize = SEAL_GROUPS;

/// Pieces that are loaded at the same time. They are in memory twice.
const PIECES_AT_A_TIME: usize = 16;

impl Merged {
    /// Moves all groups out, so that another thread can save them. Others can be added here until
    /// [`Merged::thaw`] brings them back.
    pub fn freeze(&mut self) -> Merged {
        let fresh = Merged::within(self.aggregation.clone(), self.held.budget());
        let frozen = std::mem::replace(self, fresh);
        self.frozen = frozen.settled();
        frozen
    }

    /// Brings back the groups that [`Merged::freeze`] has moved out.
    pub fn thaw(&mut self, frozen: Merged, executor: &dyn Executor) {
        let mut later = std::mem::replace(self, frozen);
        self.failures.append(later.take_failures());
        later.frozen = 0;
        self.add(later.into_unmerged_runs(), executor);
    }

    /// Appends what is not a group.
    pub fn save_failures(&self, out: &mut Vec<u8>) {
        self.failures.save(out);
    }

    /// Replaces what is not a group.
    pub fn load_failures(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.failures = Failures::load(input)?;
        Ok(())
    }

    /// Passes the groups to `save`, piece by piece. The bytes depend on the order in which groups were merged. Returns false
    /// if some are in a file that cannot be read, which the budget then knows.
    pub fn save_pieces<E>(&self, save: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
        let mut bytes = Vec::new();
        let views = self.sets.iter().map(GroupSet::view).chain(self.pending.iter().map(GroupRun::view));
        for view in views.chain(self.parts().iter().map(|part| part.view())).flat_map(|view| view.split(PIECE_GROUPS)) {
            bytes.clear();
            save_run(&view, &mut bytes);
            save(&bytes)?;
        }
        match &self.spilled {
            Some(spilled) => spilled.save_blocks(save),
            None => Ok(true),
        }
    }

    /// Adds the groups of the pieces that [`Merged::save_pieces`] has saved; `read` returns the bytes of one.
    pub fn load_pieces<E: From<StateError> + Send>(
        &mut self,
        pieces: usize,
        read: &(dyn Fn(usize) -> Result<Vec<u8>, E> + Sync),
        executor: &dyn Executor,
    ) -> Result<(), E> {
        for first in (0..pieces).step_by(PIECES_AT_A_TIME) {
            let count = PIECES_AT_A_TIME.min(pieces - first);
            let loaded: Vec<Mutex<Option<Result<GroupRun, E>>>> = (0..count).map(|_| Mutex::default()).collect();
            run(executor, count, &|index| {
                let run = read(first + index).and_then(|bytes| Ok(self.load_piece(&bytes)?));
                *loaded[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
            });
            let loaded = loaded.into_iter().map(|run| run.into_inner().unwrap_or_else(PoisonError::into_inner));
            self.add(loaded.flatten().collect::<Result<Vec<GroupRun>, E>>()?, executor);
        }
        Ok(())
    }

    fn load_piece(&self, bytes: &[u8]) -> Result<GroupRun, StateError> {
        let mut input = StateReader::new(bytes);
        let run = load_run(&self.aggregation, &mut input)?;
        if !input.is_empty() || !run.keys.have_columns(self.aggregation.keys.len()) {
            return Err(StateError::Damaged);
        }
        // Many groups are merged by partition. All threads divide them here; later one would.
        Ok(if run.groups() < UNPARTED_GROUPS { run } else { run.parted() })
    }

    /// Returns all groups as runs, in which a key may be several times.
    pub(super) fn into_unmerged_runs(mut self) -> Vec<TakenRun> {
        self.merge_parts_into_runs();
        let in_sets = self.sets.into_iter().map(|mut set| set.take_run(0));
        let held = self.pending.into_iter().chain(in_sets).filter(|run| run.groups() > 0).map(TakenRun::Held);
        held.chain(self.spilled.map(TakenRun::Spilled)).collect()
    }
}
