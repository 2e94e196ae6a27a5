//! The groups of windows, or of the stream, in pieces, for snapshots: they are saved and loaded in the order in which they
//! are in memory, and are in memory once.
//!
//! Groups are frozen while another thread saves them ([`Merged::freeze`]): those that arrive meanwhile are kept apart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::persist::{Persist, StateError, StateReader};

use super::aggregation::Aggregation;
use super::group_set::GroupSet;
use super::merged::{Executor, Merged, run};
use super::partial::{GroupRun, SEAL_GROUPS, UNPARTED_GROUPS};
use super::saved_groups::{load_run, save_run};
use super::spilled_groups::TakenRun;

/// A piece is saved once it has this many bytes.
const PIECE_BYTES: usize = 1 << 18;

/// The most groups that are saved together: as many as a worker hands over at a time, so that there are few runs again
/// after they are loaded.
const RUN_GROUPS: usize = SEAL_GROUPS;

/// Pieces that are loaded at the same time. They are in memory twice.
const PIECES_AT_A_TIME: usize = 16;

/// The groups of each window, or those of the stream under any number.
pub type GroupsByWindow = BTreeMap<i64, Merged>;

/// Passes groups to `save`, piece by piece. The bytes depend on the order in which groups were merged. Returns false if
/// some are in a file that cannot be read, which the budget then knows.
pub fn save_pieces<E>(windows: &GroupsByWindow, save: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
    let mut piece = Vec::new();
    let mut passed = |piece: &mut Vec<u8>, least: usize| {
        if piece.len() >= least {
            save(piece)?;
            piece.clear();
        }
        Ok(())
    };
    for (window, merged) in windows {
        let in_runs = merged.pending.iter().map(GroupRun::view).chain(merged.parts().iter().map(|part| part.view()));
        for view in merged.sets.iter().map(GroupSet::view).chain(in_runs).flat_map(|view| view.split(RUN_GROUPS)) {
            window.save(&mut piece);
            save_run(&view, &mut piece);
            passed(&mut piece, PIECE_BYTES)?;
        }
        let Some(spilled) = &merged.spilled else {
            continue;
        };
        let is_whole = spilled.each_block(&mut |run| {
            window.save(&mut piece);
            piece.extend_from_slice(run);
            passed(&mut piece, PIECE_BYTES)
        })?;
        if !is_whole {
            return Ok(false);
        }
    }
    passed(&mut piece, 1)?;
    Ok(true)
}

/// Passes the groups of the pieces that [`save_pieces`] has saved to `add`, with their window; `read` returns the bytes of a
/// piece.
pub fn load_pieces<E: From<StateError> + Send>(
    aggregation: &Aggregation,
    pieces: usize,
    read: &(dyn Fn(usize) -> Result<Vec<u8>, E> + Sync),
    executor: &dyn Executor,
    add: &mut dyn FnMut(i64, GroupRun) -> Result<(), E>,
) -> Result<(), E> {
    for first in (0..pieces).step_by(PIECES_AT_A_TIME) {
        let count = PIECES_AT_A_TIME.min(pieces - first);
        let loaded: Vec<Mutex<Option<Result<WindowRuns, E>>>> = (0..count).map(|_| Mutex::default()).collect();
        run(executor, count, &|index| {
            let runs = read(first + index).and_then(|piece| Ok(load_piece(aggregation, &piece)?));
            *loaded[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(runs);
        });
        for runs in loaded.into_iter().filter_map(|runs| runs.into_inner().unwrap_or_else(PoisonError::into_inner)) {
            runs?.into_iter().try_for_each(|(window, run)| add(window, run))?;
        }
    }
    Ok(())
}

/// The runs of a piece, with their windows.
type WindowRuns = Vec<(i64, GroupRun)>;

fn load_piece(aggregation: &Aggregation, piece: &[u8]) -> Result<WindowRuns, StateError> {
    let mut input = StateReader::new(piece);
    let mut runs = Vec::new();
    while !input.is_empty() {
        let window = i64::load(&mut input)?;
        let run = load_run(aggregation, &mut input)?;
        if !run.keys.have_columns(aggregation.keys.len()) {
            return Err(StateError::Damaged);
        }
        // Many groups are merged by partition. All threads divide them here; later one would.
        runs.push((window, if run.groups() < UNPARTED_GROUPS { run } else { run.parted() }));
    }
    Ok(runs)
}

impl Merged {
    /// Moves all groups out, so that another thread can save them. Others can be added here until [`Merged::thaw`] brings
    /// them back.
    pub fn freeze(&mut self) -> Merged {
        let fresh = Merged::within(Arc::clone(&self.aggregation), self.held.budget());
        let frozen = std::mem::replace(self, fresh);
        self.frozen = frozen.settled();
        frozen
    }

    /// Brings back the groups that [`Merged::freeze`] has moved out.
    pub fn thaw(&mut self, frozen: Merged, executor: &dyn Executor) {
        let mut later = std::mem::replace(self, frozen);
        self.failures.append(later.take_failures());
        self.add(later.into_unmerged_runs(), executor);
    }

    /// The aggregation of the groups.
    pub fn aggregation(&self) -> &Arc<Aggregation> {
        &self.aggregation
    }

    /// Returns all groups as runs, in which a key may be several times.
    pub(super) fn into_unmerged_runs(mut self) -> Vec<TakenRun> {
        self.merge_parts_into_runs();
        let in_sets = self.sets.into_iter().map(|mut set| set.take_run(0));
        let held = self.pending.into_iter().chain(in_sets).filter(|run| run.groups() > 0).map(TakenRun::Held);
        held.chain(self.spilled.map(TakenRun::Spilled)).collect()
    }
}
