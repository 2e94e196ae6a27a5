//! Decides when results that are not final are shown: at the intervals of `--every`, as frames on a terminal, or on a
//! signal.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::data::{Batch, Slot, encode_key};

/// When to show snapshots. The intervals start with the run.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    /// Printed snapshots.
    every: Option<Ticks>,
    /// Frames on a terminal.
    frames: Option<Frames>,
    /// A signal asked for a snapshot or a redrawn frame that covers the input up to here.
    asked: Option<ReadPosition>,
}

/// The reader's position when a snapshot was requested.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadPosition {
    /// Chunks dispatched so far.
    pub(super) chunks: u64,
    /// Batches dispatched so far.
    pub(super) batches: u64,
}

/// The kind of output that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Print a snapshot.
    Snapshot,
    /// Draw a frame: of a new snapshot, or of the last one.
    Frame { is_new: bool },
    /// Answer a signal.
    SnapshotRequested,
}

/// The effect of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MergeEffect {
    /// Records were merged.
    Records,
    /// Only event time advanced; at most windows became final.
    Time,
}

#[derive(Debug)]
struct Ticks {
    every: Duration,
    /// Earliest time of the next one.
    next: Instant,
    /// Something has changed since the last one.
    is_stale: bool,
}

/// Draws a new snapshot as soon as the interval allows, and the last one again if none comes for a while, so that the
/// elapsed time is updated. A redrawn frame does not delay the next snapshot.
#[derive(Debug)]
struct Frames {
    /// When the first frame is due, until it is drawn: an empty terminal looks as if the run hung.
    first: Option<Instant>,
    pictures: Ticks,
    again: Instant,
}

/// How late (as a fraction of the interval) a snapshot may be before the previous frame is redrawn. Batches are as long
/// as the interval and end a little after it.
const PATIENCE: u32 = 4;

/// Latest time of the first frame.
const FIRST_FRAME: Duration = Duration::from_millis(50);

/// The pause after a frame is at least this multiple of the time it took, so watching a large result costs a tenth of
/// the time.
const SHARE: u32 = 9;

impl Triggers {
    pub(super) fn new(every: Option<Duration>, frames: Option<Duration>, began: Instant) -> Triggers {
        let ticks = |every| Ticks { every, next: began + every, is_stale: false };
        let drawn = |every: Duration| Frames {
            first: Some(began + every.min(FIRST_FRAME)),
            pictures: ticks(every),
            again: began + every + every / PATIENCE,
        };
        Triggers { every: every.map(ticks), frames: frames.map(drawn), asked: None }
    }

    /// Marks snapshots stale after a merge. Printed snapshots stay fresh if only the clock advanced.
    pub(super) fn merged(&mut self, news: MergeEffect) {
        if let Some(frames) = &mut self.frames {
            frames.pictures.is_stale = true;
        }
        if let (MergeEffect::Records, Some(every)) = (news, &mut self.every) {
            every.is_stale = true;
        }
    }

    /// Requests a snapshot of the input dispatched so far.
    pub(super) fn ask(&mut self, place: ReadPosition) {
        self.asked = Some(place);
    }

    /// The output that is due at this time, after this many merged chunks and batches. The caller shows it and then calls
    /// [`Triggers::done`].
    pub(super) fn due(&mut self, chunks: u64, batches: u64, now: Instant) -> Option<Due> {
        self.due_asked(chunks, batches).or_else(|| self.due_at(now))
    }

    fn due_asked(&mut self, chunks: u64, batches: u64) -> Option<Due> {
        let is_reached = |place: &ReadPosition| place.chunks <= chunks && place.batches <= batches;
        let is_due = self.asked.as_ref().is_some_and(is_reached);
        if is_due {
            self.asked = None;
        }
        is_due.then_some(Due::SnapshotRequested)
    }

    /// The output that is due at this time.
    fn due_at(&mut self, now: Instant) -> Option<Due> {
        if self.every.as_mut().is_some_and(|every| every.take(now)) {
            return Some(Due::Snapshot);
        }
        let frames = self.frames.as_mut()?;
        let every = frames.pictures.every;
        let is_first = frames.first.take_if(|first| now >= *first).is_some();
        if frames.pictures.take(now) {
            frames.again = now + every + every / PATIENCE;
            return Some(Due::Frame { is_new: true });
        }
        if is_first {
            return Some(Due::Frame { is_new: false });
        }
        (now >= frames.again).then(|| {
            frames.again = now + every;
            Due::Frame { is_new: false }
        })
    }

    /// Marks output as shown by now; `took` is the time it cost.
    pub(super) fn done(&mut self, due: Due, took: Duration, now: Instant) {
        if let (Due::Frame { .. }, Some(frames)) = (due, &mut self.frames) {
            let rested = now + took * SHARE;
            frames.pictures.next = frames.pictures.next.max(rested);
            frames.again = frames.again.max(rested);
        }
    }

    /// The next time at which output may be due without a message.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let pictures = self.frames.as_ref().map(|frames| &frames.pictures);
        let ticks = self.every.iter().chain(pictures);
        let due = ticks.filter(|ticks| ticks.is_stale).map(|ticks| ticks.next);
        let frames = self.frames.as_ref();
        let again = frames.map(|frames| frames.first.map_or(frames.again, |first| first.min(frames.again)));
        due.chain(again).min()
    }
}

impl Ticks {
    /// True if the interval has passed and something changed. The next interval begins now: batches have the same
    /// length, and a fixed beat would drift against them.
    fn take(&mut self, now: Instant) -> bool {
        let is_due = self.is_stale && now >= self.next;
        if is_due {
            (self.is_stale, self.next) = (false, now + self.every);
        }
        is_due
    }
}

/// `--changed`: remembers the rows of the last snapshot.
#[derive(Debug)]
pub(super) struct Changes {
    slots: Vec<Slot>,
    rows: HashSet<Vec<u8>>,
}

impl Changes {
    /// No snapshot so far; a row consists of these slots.
    pub(super) fn new(slots: impl Iterator<Item = Slot>) -> Changes {
        Changes { slots: slots.collect(), rows: HashSet::new() }
    }

    /// The rows of `snapshot` that the last snapshot did not have.
    pub(super) fn since(&mut self, snapshot: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        let mut rows = HashSet::new();
        let mut changed = Vec::new();
        for batch in snapshot {
            let mut new = Vec::new();
            for row in 0..batch.rows {
                let key = self.key(&batch, row);
                if !self.rows.contains(&key) {
                    new.push(row as u32);
                }
                rows.insert(key);
            }
            if !new.is_empty() {
                changed.push(batch.select(&new, &batch.slots()));
            }
        }
        self.rows = rows;
        changed
    }

    /// A unique key of a row.
    fn key(&self, batch: &Batch<'_>, row: usize) -> Vec<u8> {
        let mut key = Vec::new();
        for slot in &self.slots {
            let start = key.len();
            let kind = encode_key(batch.column(*slot).get(row), &mut key);
            let length = (key.len() - start) as u64;
            key.extend_from_slice(&length.to_le_bytes());
            key.push(kind as u8);
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fake::FakeClock;
    use crate::data::{Clock, Column, Position, Validity};

    #[test]
    fn pictures_wait_for_something_new_and_frames_do_not() {
        let now = FakeClock::at(0).now();
        let mut triggers = Triggers::new(Some(Duration::ZERO), None, now);
        assert_eq!((triggers.due(0, 0, now), triggers.deadline()), (None, None));
        triggers.merged(MergeEffect::Records);
        assert_eq!(triggers.deadline(), Some(now));
        assert_eq!(triggers.due(0, 0, now), Some(Due::Snapshot));
        triggers.done(Due::Snapshot, Duration::ZERO, now);
        assert_eq!(triggers.due(0, 0, now), None);
        let mut triggers = Triggers::new(None, Some(Duration::ZERO), now);
        assert_eq!(triggers.due(0, 0, now), Some(Due::Frame { is_new: false }), "the first");
        triggers.merged(MergeEffect::Records);
        assert_eq!(triggers.due(0, 0, now), Some(Due::Frame { is_new: true }));
    }

    #[test]
    fn a_snapshot_is_due_one_interval_after_the_last_one_was() {
        let (began, every) = (FakeClock::at(0).now(), Duration::from_secs(10));
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut triggers = Triggers::new(Some(every), None, began);
        triggers.merged(MergeEffect::Records);
        assert_eq!((triggers.due(0, 0, at(9)), triggers.deadline()), (None, Some(at(10))));
        assert_eq!(triggers.due(0, 0, at(14)), Some(Due::Snapshot));
        assert_eq!((triggers.due(0, 0, at(30)), triggers.deadline()), (None, None), "nothing has changed");
        triggers.merged(MergeEffect::Records);
        assert_eq!(triggers.deadline(), Some(at(24)));
        assert_eq!(triggers.due(0, 0, at(30)), Some(Due::Snapshot));
        triggers.merged(MergeEffect::Records);
        assert_eq!(triggers.due(0, 0, at(39)), None);
        assert_eq!(triggers.due(0, 0, at(40)), Some(Due::Snapshot));
    }

    #[test]
    fn a_costly_frame_is_followed_by_a_long_pause() {
        let (began, every) = (FakeClock::at(0).now(), Duration::from_secs(1));
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut triggers = Triggers::new(None, Some(every), began);
        triggers.merged(MergeEffect::Records);
        let new = Due::Frame { is_new: true };
        assert_eq!(triggers.due(0, 0, at(1)), Some(new));
        triggers.done(new, Duration::from_secs(4), at(5));
        triggers.merged(MergeEffect::Records);
        assert_eq!((triggers.due(0, 0, at(40)), triggers.deadline()), (None, Some(at(41))));
        assert_eq!(triggers.due(0, 0, at(41)), Some(new));
    }

    #[test]
    fn a_new_picture_is_drawn_when_it_comes_and_the_last_one_where_none_does() {
        let began = FakeClock::at(0).now();
        let every = Duration::from_secs(100);
        let mut triggers = Triggers::new(None, Some(every), began);
        let (new, old) = (Due::Frame { is_new: true }, Due::Frame { is_new: false });
        let mut at = |seconds, merged: Option<MergeEffect>| {
            if let Some(news) = merged {
                triggers.merged(news);
            }
            triggers.due(0, 0, began + Duration::from_secs(seconds))
        };
        assert_eq!(at(1, None), Some(old), "the first");
        assert_eq!(at(110, None), None, "the batch ends a little later");
        assert_eq!(at(115, Some(MergeEffect::Records)), Some(new));
        assert_eq!(at(210, Some(MergeEffect::Records)), None);
        assert_eq!(at(220, None), Some(new));
        assert_eq!(at(350, None), Some(old));
        assert_eq!(at(351, Some(MergeEffect::Time)), Some(new), "a window has gone");
    }

    #[test]
    fn time_alone_is_no_news_in_print() {
        let now = FakeClock::at(0).now();
        let mut triggers = Triggers::new(Some(Duration::ZERO), None, now);
        triggers.merged(MergeEffect::Time);
        assert_eq!((triggers.due(0, 0, now), triggers.deadline()), (None, None));
        triggers.merged(MergeEffect::Records);
        triggers.merged(MergeEffect::Time);
        assert_eq!(triggers.due(0, 0, now), Some(Due::Snapshot));
        assert_eq!(triggers.due(0, 0, now), None);
    }

    #[test]
    fn what_is_asked_for_waits_for_its_place() {
        let (now, mut triggers) = (FakeClock::at(0).now(), Triggers::default());
        triggers.ask(ReadPosition { chunks: 3, batches: 2 });
        assert_eq!(triggers.due(3, 1, now), None);
        assert_eq!(triggers.due(2, 2, now), None);
        assert_eq!(triggers.due(3, 2, now), Some(Due::SnapshotRequested));
        assert_eq!(triggers.due(3, 2, now), None);
    }

    #[test]
    fn rows_of_the_last_picture_are_left_out() {
        let snapshot = |numbers: &[i64]| {
            let mut batch = Batch::new(numbers.len(), Position(0));
            batch.set(Slot(0), Column::Int(numbers.to_vec(), Validity::ALL));
            vec![batch]
        };
        let rows = |batches: Vec<Batch<'static>>| batches.iter().map(|batch| batch.rows).sum();
        let mut changes = Changes::new([Slot(0)].into_iter());
        let mut since = |numbers: &[i64]| -> usize { rows(changes.since(snapshot(numbers))) };
        assert_eq!(since(&[1, 2]), 2);
        assert_eq!(since(&[1, 2]), 0);
        assert_eq!(since(&[1, 3]), 1);
        assert_eq!(since(&[2, 3]), 1);
    }
}
