//! When results that are not final are shown: at the ticks of `--every`, as frames on a terminal, or because a
//! signal asks for it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::data::{Batch, Slot, encode_key};

/// When to show pictures, on a clock that starts with the run.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    /// Pictures are printed.
    every: Option<Ticks>,
    /// Frames are drawn.
    frames: Option<Frames>,
    /// A picture or a redrawn frame is wanted of what was handed out before this place.
    asked: Option<ReadPosition>,
}

/// What the reader had handed out when it was asked for a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadPosition {
    /// So many chunks.
    pub(super) chunks: u64,
    /// In so many batches.
    pub(super) batches: u64,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A picture is to be printed.
    Picture,
    /// A frame is to be drawn: of a new picture, or of the last one.
    Frame { is_new: bool },
    /// What a signal has asked for.
    SnapshotRequested,
}

/// What a merge has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MergeEffect {
    /// Records, or what has become of them.
    Records,
    /// Time alone has passed: at most windows have become final.
    Time,
}

#[derive(Debug)]
struct Ticks {
    every: Duration,
    /// Not before.
    next: Instant,
    /// Whether there is anything new since the last one.
    is_stale: bool,
}

/// A new picture is drawn as soon as it may be; the last one is drawn again where none comes for a while, so that
/// one sees time go by. It does not hold back a new one, which may come just then.
#[derive(Debug)]
struct Frames {
    /// When the first one is due, until it is drawn: a terminal that stays empty looks as if nothing ran.
    first: Option<Instant>,
    pictures: Ticks,
    again: Instant,
}

/// A picture may come late by one part in so many before the last one is drawn again: batches, which are as long as
/// the time between two pictures, end a little behind it.
const PATIENCE: u32 = 4;

/// The first frame comes no later.
const FIRST_FRAME: Duration = Duration::from_millis(50);

/// Between two frames lies at least so many times what one takes: watching a large result costs a tenth of the time.
const SHARE: u32 = 9;

impl Triggers {
    pub(super) fn new(every: Option<Duration>, frames: Option<Duration>) -> Triggers {
        let began = Instant::now();
        let ticks = |every| Ticks { every, next: began + every, is_stale: false };
        let drawn = |every: Duration| Frames {
            first: Some(began + every.min(FIRST_FRAME)),
            pictures: ticks(every),
            again: began + every + every / PATIENCE,
        };
        Triggers { every: every.map(ticks), frames: frames.map(drawn), asked: None }
    }

    /// Something was merged: pictures are out of date. One that is printed is no news if only time has passed.
    pub(super) fn merged(&mut self, news: MergeEffect) {
        if let Some(frames) = &mut self.frames {
            frames.pictures.is_stale = true;
        }
        if let (MergeEffect::Records, Some(every)) = (news, &mut self.every) {
            every.is_stale = true;
        }
    }

    /// A picture is asked for of what was handed out so far.
    pub(super) fn ask(&mut self, place: ReadPosition) {
        self.asked = Some(place);
    }

    /// What is due when so much was merged. It is to be done at once, and [`Triggers::done`] to be told.
    pub(super) fn due(&mut self, chunks: u64, batches: u64) -> Option<Due> {
        if let Some(asked) = self.due_asked(chunks, batches) {
            return Some(asked);
        }
        if self.every.is_none() && self.frames.is_none() {
            return None;
        }
        self.due_at(Instant::now())
    }

    fn due_asked(&mut self, chunks: u64, batches: u64) -> Option<Due> {
        let is_reached = |place: &ReadPosition| place.chunks <= chunks && place.batches <= batches;
        let is_due = self.asked.as_ref().is_some_and(is_reached);
        if is_due {
            self.asked = None;
        }
        is_due.then_some(Due::SnapshotRequested)
    }

    /// What is due by the clock.
    fn due_at(&mut self, now: Instant) -> Option<Due> {
        if self.every.as_mut().is_some_and(|every| every.take(now)) {
            return Some(Due::Picture);
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

    /// What was due is done; it took so long.
    pub(super) fn done(&mut self, due: Due, took: Duration) {
        if let (Due::Frame { .. }, Some(frames)) = (due, &mut self.frames) {
            let rested = Instant::now() + took * SHARE;
            frames.pictures.next = frames.pictures.next.max(rested);
            frames.again = frames.again.max(rested);
        }
    }

    /// When something may be due although nothing comes.
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
    /// Whether it is time for something new. The next one counts from here, not by a beat of its own: batches, which
    /// are as long, would end beside it.
    fn take(&mut self, now: Instant) -> bool {
        let is_due = self.is_stale && now >= self.next;
        if is_due {
            (self.is_stale, self.next) = (false, now + self.every);
        }
        is_due
    }
}

/// `--changed`: knows the rows of the last picture.
#[derive(Debug)]
pub(super) struct Changes {
    slots: Vec<Slot>,
    rows: HashSet<Vec<u8>>,
}

impl Changes {
    /// No picture yet; rows are what these slots hold.
    pub(super) fn new(slots: impl Iterator<Item = Slot>) -> Changes {
        Changes { slots: slots.collect(), rows: HashSet::new() }
    }

    /// The rows of the next picture that were not in the last one.
    pub(super) fn since(&mut self, picture: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        let mut rows = HashSet::new();
        let mut changed = Vec::new();
        for batch in picture {
            let mut new = Vec::new();
            for row in 0..batch.rows {
                let key = self.key(&batch, row);
                if !self.rows.contains(&key) {
                    new.push(row as u32);
                }
                rows.insert(key);
            }
            if !new.is_empty() {
                changed.push(batch.pick(&new, &batch.slots()));
            }
        }
        self.rows = rows;
        changed
    }

    /// A row as bytes that no other row has.
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
    use crate::data::{Column, Position, Validity};

    #[test]
    fn pictures_wait_for_something_new_and_frames_do_not() {
        let mut triggers = Triggers::new(Some(Duration::ZERO), None);
        assert_eq!((triggers.due(0, 0), triggers.deadline()), (None, None));
        triggers.merged(MergeEffect::Records);
        assert!(triggers.deadline().is_some());
        assert_eq!(triggers.due(0, 0), Some(Due::Picture));
        triggers.done(Due::Picture, Duration::ZERO);
        assert_eq!(triggers.due(0, 0), None);
        let mut triggers = Triggers::new(None, Some(Duration::ZERO));
        assert_eq!(triggers.due(0, 0), Some(Due::Frame { is_new: false }), "the first");
        triggers.merged(MergeEffect::Records);
        assert_eq!(triggers.due(0, 0), Some(Due::Frame { is_new: true }));
        triggers.done(Due::Frame { is_new: true }, Duration::from_secs(60));
        assert_eq!(triggers.due(0, 0), None, "a costly one is not drawn often");
    }

    #[test]
    fn a_new_picture_is_drawn_when_it_comes_and_the_last_one_where_none_does() {
        let began = Instant::now();
        let every = Duration::from_secs(100);
        let mut triggers = Triggers::new(None, Some(every));
        let (new, old) = (Due::Frame { is_new: true }, Due::Frame { is_new: false });
        let mut at = |seconds, merged: Option<MergeEffect>| {
            if let Some(news) = merged {
                triggers.merged(news);
            }
            triggers.due_at(began + Duration::from_secs(seconds))
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
        let mut triggers = Triggers::new(Some(Duration::ZERO), None);
        triggers.merged(MergeEffect::Time);
        assert_eq!((triggers.due(0, 0), triggers.deadline()), (None, None));
        triggers.merged(MergeEffect::Records);
        triggers.merged(MergeEffect::Time);
        assert_eq!(triggers.due(0, 0), Some(Due::Picture));
        assert_eq!(triggers.due(0, 0), None);
    }

    #[test]
    fn what_is_asked_for_waits_for_its_place() {
        let mut triggers = Triggers::default();
        triggers.ask(ReadPosition { chunks: 3, batches: 2 });
        assert_eq!(triggers.due(3, 1), None);
        assert_eq!(triggers.due(2, 2), None);
        assert_eq!(triggers.due(3, 2), Some(Due::SnapshotRequested));
        assert_eq!(triggers.due(3, 2), None);
    }

    #[test]
    fn rows_of_the_last_picture_are_left_out() {
        let picture = |numbers: &[i64]| {
            let mut batch = Batch::new(numbers.len(), Position(0));
            batch.set(Slot(0), Column::Int(numbers.to_vec(), Validity::ALL));
            vec![batch]
        };
        let rows = |batches: Vec<Batch<'static>>| batches.iter().map(|batch| batch.rows).sum();
        let mut changes = Changes::new([Slot(0)].into_iter());
        let mut since = |numbers: &[i64]| -> usize { rows(changes.since(picture(numbers))) };
        assert_eq!(since(&[1, 2]), 2);
        assert_eq!(since(&[1, 2]), 0);
        assert_eq!(since(&[1, 3]), 1);
        assert_eq!(since(&[2, 3]), 1);
    }
}
