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
    frames: Option<Ticks>,
    /// A picture or a redrawn frame is wanted of what was handed out before this place.
    asked: Option<Place>,
}

/// What the reader had handed out when it was asked for a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
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
    Asked,
}

#[derive(Debug)]
struct Ticks {
    every: Duration,
    next: Instant,
    /// Whether anything was merged since the last one.
    is_stale: bool,
}

/// Between two frames lies at least so many times what one takes: watching a large result costs a tenth of the time.
const SHARE: u32 = 9;

impl Triggers {
    pub(super) fn new(every: Option<Duration>, frames: Option<Duration>) -> Triggers {
        let began = Instant::now();
        let ticks = |every| Ticks {
            every,
            next: began + every,
            is_stale: false,
        };
        Triggers {
            every: every.map(ticks),
            frames: frames.map(ticks),
            asked: None,
        }
    }

    /// Something was merged: pictures are out of date.
    pub(super) fn merged(&mut self) {
        for ticks in self.every.iter_mut().chain(&mut self.frames) {
            ticks.is_stale = true;
        }
    }

    /// A picture is asked for of what was handed out so far.
    pub(super) fn ask(&mut self, place: Place) {
        self.asked = Some(place);
    }

    /// What is due when so much was merged. It is to be done at once, and [`Triggers::done`] to be told.
    pub(super) fn due(&mut self, chunks: u64, batches: u64) -> Option<Due> {
        let is_reached = |place: &Place| place.chunks <= chunks && place.batches <= batches;
        if self.asked.as_ref().is_some_and(is_reached) {
            self.asked = None;
            return Some(Due::Asked);
        }
        if self.every.is_none() && self.frames.is_none() {
            return None;
        }
        let now = Instant::now();
        // Counted from the last one, not by a beat of its own: batches, which are as long, would end beside it.
        let is_due = |ticks: &mut Ticks| {
            let is_due = now >= ticks.next;
            if is_due {
                ticks.next = now + ticks.every;
            }
            is_due
        };
        // Without anything new, a picture is no news; a frame says at least how the time goes by.
        if let Some(ticks) = self.every.as_mut().filter(|ticks| ticks.is_stale)
            && is_due(ticks)
        {
            ticks.is_stale = false;
            return Some(Due::Picture);
        }
        let frame = self.frames.as_mut()?;
        is_due(frame).then(|| Due::Frame {
            is_new: std::mem::take(&mut frame.is_stale),
        })
    }

    /// What was due is done; it took so long.
    pub(super) fn done(&mut self, due: Due, took: Duration) {
        if let (Due::Frame { .. }, Some(frames)) = (due, &mut self.frames) {
            frames.next = frames.next.max(Instant::now() + took * SHARE);
        }
    }

    /// When something may be due although nothing comes.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let every = self.every.as_ref().filter(|ticks| ticks.is_stale);
        let deadlines = every.into_iter().chain(&self.frames);
        deadlines.map(|ticks| ticks.next).min()
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
        Changes {
            slots: slots.collect(),
            rows: HashSet::new(),
        }
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
        triggers.merged();
        assert!(triggers.deadline().is_some());
        assert_eq!(triggers.due(0, 0), Some(Due::Picture));
        triggers.done(Due::Picture, Duration::ZERO);
        assert_eq!(triggers.due(0, 0), None);
        let mut triggers = Triggers::new(None, Some(Duration::ZERO));
        assert_eq!(triggers.due(0, 0), Some(Due::Frame { is_new: false }));
        triggers.merged();
        assert_eq!(triggers.due(0, 0), Some(Due::Frame { is_new: true }));
        triggers.done(Due::Frame { is_new: true }, Duration::from_secs(60));
        assert_eq!(triggers.due(0, 0), None, "a costly one is not drawn often");
    }

    #[test]
    fn what_is_asked_for_waits_for_its_place() {
        let mut triggers = Triggers::default();
        triggers.ask(Place {
            chunks: 3,
            batches: 2,
        });
        assert_eq!(triggers.due(3, 1), None);
        assert_eq!(triggers.due(2, 2), None);
        assert_eq!(triggers.due(3, 2), Some(Due::Asked));
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
