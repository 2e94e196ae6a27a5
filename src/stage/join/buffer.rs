//! Buffers the records of two streams that may still find a partner, by key and time.
//!
//! The records of each key and side are sorted by time, so that those within a time span are found by bisection; a
//! queue over all keys yields the next record to evict. This is the symmetric hash join of streams (A. N. Wilschut,
//! P. M. G. Apers, *Dataflow Query Execution in a Parallel Main-Memory Environment*, 1991) with state bounded by
//! time, as in J. Kang, J. F. Naughton, S. D. Viglas, *Evaluating Window Joins over Unbounded Streams*, ICDE 2003.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::RangeInclusive;

use super::super::Side;
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Column, HeapBytes, KeyKind, RowId};
use crate::group::KeyedState;

/// The group of null, which matches no record.
pub(super) const NO_KEY: u32 = 0;

/// A record that may still find a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BufferedRow {
    pub(super) time: i64,
    /// Sequence number over both sides.
    pub(super) order: u64,
    pub(super) place: RowId,
    /// True if it has found a partner.
    pub(super) is_paired: bool,
    /// True if a possible partner was evicted before it arrived.
    pub(super) is_late: bool,
}

impl HeapBytes for BufferedRow {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// The buffered records of both sides.
pub(super) struct JoinBuffer {
    /// By group and side, sorted by time, then arrival.
    waiting: KeyedState<Vec<[VecDeque<BufferedRow>; 2]>>,
    /// By side: time, order and group of each record, the next to be evicted on top.
    queues: [BinaryHeap<Reverse<(i64, u64, u32)>>; 2],
    /// Groups without records are dropped when the table reaches this size.
    sweep_at: usize,
}

/// A sweep runs when there are at least this many keys, and twice as many as the last sweep left.
const SWEEP_GROUPS: usize = 1 << 14;

impl JoinBuffer {
    /// Creates an empty buffer.
    pub(super) fn new() -> JoinBuffer {
        let mut partners = JoinBuffer {
            waiting: KeyedState::new(1, Vec::new(), None),
            queues: Default::default(),
            sweep_at: SWEEP_GROUPS,
        };
        partners.waiting.add(KeyKind::Null, &[]);
        partners
    }

    /// Number of buffered records of a side.
    pub(super) fn waiting(&self, side: Side) -> usize {
        self.queues[side as usize].len()
    }

    /// Number of known keys.
    pub(super) fn keys(&self) -> usize {
        self.waiting.len()
    }

    /// Returns the group of each key, a column of text. They are valid until the next call.
    pub(super) fn groups(&mut self, keys: &Column<'_>) -> Vec<u32> {
        if self.waiting.len() >= self.sweep_at {
            self.sweep();
        }
        self.waiting.find(&[keys], keys.len());
        self.waiting.groups.clone()
    }

    /// Drops keys without records.
    fn sweep(&mut self) {
        let is_kept = |group: &u32| {
            let [first, second] = &self.waiting.states[*group as usize];
            *group == NO_KEY || !first.is_empty() || !second.is_empty()
        };
        let kept: Vec<u32> = (0..self.waiting.len() as u32).filter(is_kept).collect();
        let mut numbers = vec![NO_KEY; self.waiting.len()];
        for (number, group) in kept.iter().enumerate() {
            numbers[*group as usize] = number as u32;
        }
        self.waiting.keep(&kept);
        for queue in &mut self.queues {
            let renumbered =
                queue.drain().map(|Reverse((time, order, group))| Reverse((time, order, numbers[group as usize])));
            *queue = renumbered.collect();
        }
        self.sweep_at = SWEEP_GROUPS.max(kept.len() * 2);
    }

    /// Finds the records of `side` with this key and a time in this span, in order of arrival, and marks them as
    /// paired.
    pub(super) fn pair(&mut self, group: u32, side: Side, times: RangeInclusive<i64>, found: &mut Vec<BufferedRow>) {
        found.clear();
        if group == NO_KEY {
            return;
        }
        let waiting = &mut self.waiting.states[group as usize][side as usize];
        let start = waiting.partition_point(|waiting| waiting.time < *times.start());
        let end = waiting.partition_point(|waiting| waiting.time <= *times.end());
        if start == end {
            return;
        }
        for partner in waiting.range_mut(start..end) {
            partner.is_paired = true;
            found.push(*partner);
        }
        if !found.is_sorted_by_key(|partner| partner.order) {
            found.sort_unstable_by_key(|partner| partner.order);
        }
    }

    /// Buffers a record, the latest so far.
    pub(super) fn keep(&mut self, group: u32, side: Side, record: BufferedRow) {
        let waiting = &mut self.waiting.states[group as usize][side as usize];
        match waiting.back() {
            Some(last) if last.time > record.time => {
                let place = waiting.partition_point(|other| other.time <= record.time);
                waiting.insert(place, record);
            }
            _ => waiting.push_back(record),
        }
        self.queues[side as usize].push(Reverse((record.time, record.order, group)));
    }

    /// Removes and returns the earliest record of a side, if its time is less than `below` (`None`: any).
    pub(super) fn forget(&mut self, side: Side, below: Option<i64>) -> Option<BufferedRow> {
        let queue = &mut self.queues[side as usize];
        let Reverse((_, _, group)) = *queue.peek().filter(|next| below.is_none_or(|below| next.0.0 < below))?;
        queue.pop();
        let waiting = &mut self.waiting.states[group as usize][side as usize];
        let forgotten = waiting.pop_front();
        if waiting.is_empty() {
            *waiting = VecDeque::new(); // frees memory: a key may be idle for long
        }
        forgotten
    }

    /// The row ids of a side's records, to be updated when rows move.
    pub(super) fn places(&mut self, side: Side) -> impl Iterator<Item = &mut RowId> {
        let groups = self.waiting.states.iter_mut();
        let waiting = groups.flat_map(move |group| group[side as usize].iter_mut());
        waiting.map(|waiting| &mut waiting.place)
    }
}

/// The least bytes of a saved record, after its columns.
pub(super) const SAVED_ROW_BYTES: usize = 4 + 8 + 8 + 1 + 1;

impl JoinBuffer {
    /// Appends the keys.
    pub(super) fn save_keys(&self, out: &mut Vec<u8>) {
        self.waiting.table.save(out);
        (self.sweep_at as u64).save(out);
    }

    /// Loads the keys into a new buffer.
    pub(super) fn load_keys(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.waiting.load_keys(input)?;
        self.waiting.states.resize_with(self.waiting.len(), Default::default);
        let sweep_at = usize::try_from(u64::load(input)?).ok().filter(|groups| *groups >= SWEEP_GROUPS);
        self.sweep_at = sweep_at.ok_or(StateError::Damaged)?;
        let no_key = self.waiting.table.find(KeyKind::Null, &[]);
        if no_key == NO_KEY { Ok(()) } else { Err(StateError::Damaged) }
    }

    /// Returns the ids of a side's records in the order of arrival, and appends the records without ids.
    pub(super) fn save_side(&self, side: Side, out: &mut Vec<u8>) -> Vec<RowId> {
        let groups = (0u32..).zip(&self.waiting.states);
        let mut rows: Vec<(u32, &BufferedRow)> =
            groups.flat_map(|(group, sides)| sides[side as usize].iter().map(move |row| (group, row))).collect();
        rows.sort_unstable_by_key(|(_, row)| row.order);
        for (group, BufferedRow { time, order, place: _, is_paired, is_late }) in &rows {
            group.save(out);
            time.save(out);
            order.save(out);
            is_paired.save(out);
            is_late.save(out);
        }
        rows.iter().map(|(_, row)| row.place).collect()
    }

    /// Loads a side's records, which have these ids. `orders` is the number of records so far.
    pub(super) fn load_side(
        &mut self,
        side: Side,
        ids: &[RowId],
        orders: u64,
        input: &mut StateReader<'_>,
    ) -> Result<(), StateError> {
        let mut next = 0;
        for place in ids.iter().copied() {
            let group = u32::load(input)?;
            let (time, order) = (i64::load(input)?, u64::load(input)?);
            let record = BufferedRow { time, order, place, is_paired: bool::load(input)?, is_late: bool::load(input)? };
            let is_key = group != NO_KEY && (group as usize) < self.waiting.len();
            if !is_key || order < next || order >= orders {
                return Err(StateError::Damaged);
            }
            next = order + 1;
            self.keep(group, side, record);
        }
        Ok(())
    }

    /// True if no two records have the same sequence number.
    pub(super) fn has_unique_orders(&self) -> bool {
        let mut orders: Vec<u64> = self.queues.iter().flatten().map(|Reverse((_, order, _))| *order).collect();
        orders.sort_unstable();
        orders.is_sorted_by(|left, right| left < right)
    }
}

impl HeapBytes for JoinBuffer {
    fn heap_bytes(&self) -> usize {
        let queues = self.queues.iter().map(|queue| queue.capacity() * size_of::<Reverse<(i64, u64, u32)>>());
        self.waiting.heap_bytes() + queues.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ValueRef;
    use proptest::prelude::*;

    fn keys(texts: &[&str]) -> Column<'static> {
        texts.iter().map(|text| ValueRef::Text(text.as_bytes())).collect()
    }

    fn record(time: i64, order: u64) -> BufferedRow {
        BufferedRow { time, order, place: (0, order as u32), is_paired: false, is_late: false }
    }

    fn orders(found: &[BufferedRow]) -> Vec<u64> {
        found.iter().map(|waiting| waiting.order).collect()
    }

    #[test]
    fn partners_come_in_their_order_whatever_their_times() {
        let mut partners = JoinBuffer::new();
        let groups = partners.groups(&keys(&["a", "b"]));
        for (order, time) in [5, 3, 4, 9].into_iter().enumerate() {
            partners.keep(groups[0], Side::Left, record(time, order as u64));
        }
        let mut found = Vec::new();
        partners.pair(groups[0], Side::Left, 3..=5, &mut found);
        assert_eq!(orders(&found), [0, 1, 2]);
        partners.pair(groups[0], Side::Right, 3..=5, &mut found);
        assert!(found.is_empty(), "the other side has none");
        partners.pair(groups[1], Side::Left, 3..=5, &mut found);
        assert!(found.is_empty(), "another key");
        let forgotten = |partners: &mut JoinBuffer| partners.forget(Side::Left, Some(9));
        let times: Vec<_> = std::iter::from_fn(|| forgotten(&mut partners)).collect();
        assert_eq!(orders(&times), [1, 2, 0]);
        assert!(times.iter().all(|waiting| waiting.is_paired));
        assert_eq!(partners.waiting(Side::Left), 1);
        let last = partners.forget(Side::Left, None);
        assert!(last.is_some_and(|waiting| !waiting.is_paired));
    }

    proptest! {
        #[test]
        fn a_buffer_is_a_list_that_is_searched(
            steps in prop::collection::vec((0u8..4, any::<bool>(), 0usize..3, 0i64..20), 0..80),
        ) {
            let names = ["a", "b", "a key of more than 16 bytes"];
            let mut partners = JoinBuffer::new();
            let groups = partners.groups(&keys(&names));
            let mut list: Vec<(Side, usize, BufferedRow)> = Vec::new();
            for (order, (kind, is_left, key, time)) in (0..).zip(steps) {
                let side = if is_left { Side::Left } else { Side::Right };
                if kind == 0 {
                    let mut found = Vec::new();
                    partners.pair(groups[key], side, time..=time + 4, &mut found);
                    let is_found = |(other, of, row): &&mut (Side, usize, BufferedRow)| {
                        *other == side && *of == key && (time..=time + 4).contains(&row.time)
                    };
                    let mark = |(_, _, row): &mut (Side, usize, BufferedRow)| {
                        row.is_paired = true;
                        *row
                    };
                    prop_assert_eq!(found, list.iter_mut().filter(is_found).map(mark).collect::<Vec<_>>());
                } else if kind == 1 {
                    let earliest = |below: i64, list: &[(Side, usize, BufferedRow)]| {
                        let rows = list.iter().enumerate().filter(|(_, (other, ..))| *other == side);
                        let rows = rows.filter(|(_, (_, _, row))| row.time < below);
                        rows.min_by_key(|(_, (_, _, row))| (row.time, row.order)).map(|(place, _)| place)
                    };
                    while let Some(place) = earliest(time, &list) {
                        prop_assert_eq!(partners.forget(side, Some(time)), Some(list.remove(place).2));
                    }
                    prop_assert_eq!(partners.forget(side, Some(time)), None);
                } else {
                    partners.keep(groups[key], side, record(time, order));
                    list.push((side, key, record(time, order)));
                }
                let held = |side: Side| list.iter().filter(|(other, ..)| *other == side).count();
                prop_assert_eq!(Side::BOTH.map(|side| partners.waiting(side)), Side::BOTH.map(held));
            }
        }
    }

    #[test]
    fn keys_without_records_are_forgotten() {
        let mut partners = JoinBuffer::new();
        for number in 0..3 * SWEEP_GROUPS as u64 {
            let key = number.to_string();
            let groups = partners.groups(&keys(&[&key]));
            partners.keep(groups[0], Side::Right, record(number as i64, number));
            partners.forget(Side::Right, Some(number as i64 - 4));
        }
        assert!(partners.keys() <= SWEEP_GROUPS + 1);
        assert_eq!(partners.waiting(Side::Right), 5);
        let last = 3 * SWEEP_GROUPS as i64 - 1;
        let groups = partners.groups(&keys(&[&last.to_string()]));
        let mut found = Vec::new();
        partners.pair(groups[0], Side::Right, last..=last, &mut found);
        assert_eq!(orders(&found), [last as u64]);
    }
}
