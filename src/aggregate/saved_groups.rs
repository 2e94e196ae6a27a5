//! Groups of an aggregation in a saved state: the keys, then the states of each aggregate.
//!
//! Merged groups are saved in the order of the bytes of their keys. Workers hand over their groups in any order, and
//! partitions follow a hash with a seed of the process: the saved state depends on neither.

use std::ops::Range;

use super::accumulator::Accumulator;
use super::aggregation::Aggregation;
use super::partial::{GroupRun, RunSlice};
use crate::data::HeapBytes;
use crate::data::persist::{Persist, StateError, StateReader};
use crate::group::{Keys, in_byte_order, save_keys};

/// Some groups of a run or a table.
#[derive(Clone, Debug)]
pub(super) struct GroupsView<'g> {
    pub(super) keys: &'g Keys,
    pub(super) accumulators: &'g [Box<dyn Accumulator>],
    pub(super) groups: Range<usize>,
}

/// Appends the groups of these views, of which no two have the same key.
pub(super) fn save_groups(views: &[GroupsView<'_>], out: &mut Vec<u8>) {
    let keys: Vec<&Keys> = views.iter().map(|view| view.keys).collect();
    let of_view = |(set, view): (usize, &GroupsView<'_>)| view.groups.clone().map(move |group| (set, group));
    let order = in_byte_order(&keys, views.iter().enumerate().flat_map(of_view));
    save_keys(order.iter().map(|place| (keys[place.set as usize], place.group as usize)), out);
    let aggregates = views.first().map_or(0, |view| view.accumulators.len());
    let mut groups = Vec::new();
    for index in 0..aggregates {
        for same_view in order.chunk_by(|left, right| left.set == right.set) {
            groups.clear();
            groups.extend(same_view.iter().map(|place| place.group));
            views[same_view[0].set as usize].accumulators[index].save_groups(&groups, out);
        }
    }
}

/// Appends the groups of a view in their order, which [`load_run`] reads.
pub(super) fn save_run(view: &GroupsView<'_>, out: &mut Vec<u8>) {
    save_keys(view.groups.clone().map(|group| (view.keys, group)), out);
    let groups: Vec<u32> = view.groups.clone().map(|group| group as u32).collect();
    view.accumulators.iter().for_each(|accumulator| accumulator.save_groups(&groups, out));
}

impl<'g> GroupsView<'g> {
    /// The same groups in views of at most `most` groups.
    pub(super) fn split(self, most: usize) -> impl Iterator<Item = GroupsView<'g>> {
        let Range { start, end } = self.groups;
        (start..end).step_by(most).map(move |first| GroupsView { groups: first..end.min(first + most), ..self.clone() })
    }
}

/// Reads groups that [`save_groups`] has appended.
pub(super) fn load_groups(aggregation: &Aggregation, input: &mut StateReader<'_>) -> Result<GroupRun, StateError> {
    let run = load_run(aggregation, input)?;
    let is_sound = run.keys.have_columns(aggregation.keys.len()) && run.keys.are_in_byte_order();
    if is_sound { Ok(run) } else { Err(StateError::Damaged) }
}

/// Reads groups in any order, as [`save_run`] has appended them: keys, then the states of each aggregate. Their columns are not checked.
pub(super) fn load_run(aggregation: &Aggregation, input: &mut StateReader<'_>) -> Result<GroupRun, StateError> {
    let keys = Keys::load(input)?;
    let mut accumulators = aggregation.accumulators();
    for accumulator in &mut accumulators {
        accumulator.load_groups(keys.len(), input)?;
    }
    Ok(GroupRun::small(keys, accumulators))
}

impl GroupRun {
    /// Returns all groups.
    pub(super) fn view(&self) -> GroupsView<'_> {
        GroupsView { keys: &self.keys, accumulators: &self.accumulators, groups: 0..self.groups() }
    }

    /// Appends the groups to a saved state.
    pub fn save(&self, out: &mut Vec<u8>) {
        save_groups(&[self.view()], out);
    }

    /// Reads the groups that [`GroupRun::save`] has appended for the same aggregation.
    pub fn load(aggregation: &Aggregation, input: &mut StateReader<'_>) -> Result<GroupRun, StateError> {
        load_groups(aggregation, input)
    }
}

impl RunSlice {
    /// Returns its groups.
    pub(super) fn view(&self) -> GroupsView<'_> {
        GroupsView { groups: self.groups.clone(), ..self.run.view() }
    }
}

impl HeapBytes for Box<dyn Accumulator> {
    fn heap_bytes(&self) -> usize {
        size_of_val(&**self) + (**self).heap_bytes()
    }
}

impl HeapBytes for GroupRun {
    fn heap_bytes(&self) -> usize {
        self.keys.heap_bytes() + self.accumulators.heap_bytes() + self.offsets.heap_bytes()
    }
}

/// All slices of a run together count it once.
impl HeapBytes for RunSlice {
    fn heap_bytes(&self) -> usize {
        self.run.heap_bytes() / std::sync::Arc::strong_count(&self.run)
    }
}
