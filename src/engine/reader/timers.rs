//! Timers of the event loop: batches, idle sources, polling and retries.

use std::time::{Duration, Instant};

use super::RunOver;
use super::event_loop::EventLoop;
use super::source_state::{SourceKind, SourceState};
use crate::engine::message::SourceIndex;
use crate::window::Punctuation;

/// The polling interval for followed files that are watched. Some changes are not reported, such as those on network
/// file systems and through links.
const LOOK_WATCHED: Duration = Duration::from_secs(1);

/// The polling interval if files are not watched.
const LOOK_UNWATCHED: Duration = Duration::from_millis(100);

/// The times of the next timer events; `None` if a timer is not set.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Polls followed files, and drops idle senders of datagrams.
    look: Option<Instant>,
    /// True if some followed file is not watched by the system.
    pub(super) is_unwatched: bool,
    /// Retries connections, and resumes paused listeners.
    again: Option<Instant>,
    /// Closes open records of idle sources.
    idle: Option<Instant>,
}

impl Timers {
    /// Schedules the next poll after the polling interval.
    pub(super) fn look_on(&mut self, now: Instant) {
        let every = match self.is_unwatched {
            true => LOOK_UNWATCHED,
            false => LOOK_WATCHED,
        };
        self.look_at(now + every);
    }

    /// Schedules a poll at `at`, or earlier.
    pub(super) fn look_at(&mut self, at: Instant) {
        self.look = Some(self.look.map_or(at, |other| other.min(at)));
    }

    /// Schedules a retry.
    pub(super) fn again_at(&mut self, at: Instant) {
        self.again = Some(self.again.map_or(at, |other| other.min(at)));
    }

    /// Schedules a check for idle sources.
    pub(super) fn idle_from(&mut self, at: Instant) {
        self.idle = Some(self.idle.map_or(at, |other| other.min(at)));
    }

    fn next(&self) -> Option<Instant> {
        [self.look, self.again, self.idle].into_iter().flatten().min()
    }
}

/// Clears and returns true for a timer that has expired.
fn due(at: &mut Option<Instant>, now: Instant) -> bool {
    let is_due = at.is_some_and(|at| at <= now);
    if is_due {
        *at = None;
    }
    is_due
}

impl EventLoop<'_> {
    /// Returns how long the event loop may wait for input; `None` means no limit.
    pub(super) fn time_to_wait(&self, has_turns: bool) -> Option<Duration> {
        if has_turns {
            return Some(Duration::ZERO);
        }
        let dispatch = &self.reader.dispatch;
        let has_batch = self.reader.marks || dispatch.has_chunks() || self.held.is_some();
        let batch = dispatch.left().filter(|_| has_batch);
        let timer = self.timers.next().map(|at| at.saturating_duration_since(self.now()));
        let left = [batch, timer].into_iter().flatten().min()?;
        Some(self.reader.control.clock().limit_wait(left))
    }

    /// Runs all expired timers.
    pub(super) fn look_at_clock(&mut self) -> Result<(), RunOver> {
        let now = self.now();
        if due(&mut self.timers.idle, now) {
            self.close_idle(now)?;
        }
        if due(&mut self.timers.again, now) {
            self.try_again(now)?;
        }
        if due(&mut self.timers.look, now) {
            self.look_at_files(now)?;
        }
        if self.reader.dispatch.is_time() {
            self.end_batch(now)?;
        }
        Ok(())
    }

    /// Answers a snapshot request: dispatches held records, and ends the batch.
    pub(super) fn answer(&mut self) -> Result<(), RunOver> {
        if let Some(token) = self.held.take()
            && let Some(slot) = &mut self.slots[token]
        {
            self.reader.cut(&mut slot.buffer)?;
        }
        self.reader.dispatch.answer();
        Ok(())
    }

    /// Ends the batch. A batch without records still advances the clock.
    fn end_batch(&mut self, now: Instant) -> Result<(), RunOver> {
        if let Some(token) = self.held.take()
            && let Some(slot) = &mut self.slots[token]
        {
            self.reader.cut(&mut slot.buffer)?;
        }
        if self.reader.marks {
            let idle = self.reader.reading.idle;
            let silent = self.slots.iter().flatten().filter_map(|slot| {
                let silence = now.saturating_duration_since(slot.last);
                let is_silent = slot.can_be_silent() && silence >= idle;
                is_silent.then_some((slot.source, silence))
            });
            let silent = silent.chain(self.silent_partitions(now, idle));
            let mut is_told = false;
            for (source, silence) in silent {
                is_told = true;
                let ns = i64::try_from(silence.as_nanos()).unwrap_or(i64::MAX);
                self.reader.dispatch.mark(source, Punctuation::Silent(ns))?;
            }
            // Windows of arrival may end between the last record and now, unless a record that was read earlier is
            // still open.
            let is_held = |slot: &SourceState| slot.is_open && self.reader.stamps;
            let is_held = self.slots.iter().flatten().any(|slot| is_held(slot));
            let is_wanted = self.reader.stamps || !self.reader.dispatch.has_chunks();
            if !is_told && !is_held && is_wanted {
                self.reader.dispatch.mark(SourceIndex(0), Punctuation::Clock)?;
            }
            self.reader.dispatch.end_batch();
        } else {
            self.reader.dispatch.end_batch_in_time();
        }
        Ok(())
    }

    /// The partitions of topics without messages for at least `idle`. One that is read up to an end waits for its turn.
    #[cfg(feature = "kafka")]
    fn silent_partitions(&self, now: Instant, idle: Duration) -> Vec<(SourceIndex, Duration)> {
        let topics = self.slots.iter().flatten().filter_map(|slot| match &slot.kind {
            SourceKind::Topics(topics) if self.reader.reading.follow => Some(topics),
            _ => None,
        });
        let silence = |last: Instant| now.saturating_duration_since(last);
        let partitions = topics.flat_map(|topics| topics.partitions());
        let silent = partitions.map(|partition| (partition.source, silence(partition.last)));
        silent.filter(|(_, silence)| *silence >= idle).collect()
    }

    #[cfg(not(feature = "kafka"))]
    fn silent_partitions(&self, _: Instant, _: Duration) -> Vec<(SourceIndex, Duration)> {
        Vec::new()
    }

    /// Closes the open records of idle sources, without waiting for a line that starts the next record.
    fn close_idle(&mut self, now: Instant) -> Result<(), RunOver> {
        let idle = self.reader.reading.idle;
        for slot in self.slots.iter_mut().flatten() {
            if !slot.is_open {
                continue;
            }
            if slot.last + idle > now {
                self.timers.idle_from(slot.last + idle);
                continue;
            }
            slot.is_open = false;
            match &mut slot.kind {
                SourceKind::Followed(followed) => {
                    for buffer in followed.buffers() {
                        self.reader.close_record(buffer)?;
                    }
                }
                _ => self.reader.close_record(&mut slot.buffer)?,
            }
        }
        Ok(())
    }

    /// Reconnects, and resumes listeners, where due.
    fn try_again(&mut self, now: Instant) -> Result<(), RunOver> {
        for token in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[token] else {
                continue;
            };
            match &mut slot.kind {
                SourceKind::Dial(dialing) => match dialing.at() {
                    Some(at) if at <= now => self.read_ready(token)?,
                    Some(at) => self.timers.again_at(at),
                    None => {}
                },
                SourceKind::Listener(_, rests @ Some(_)) => {
                    *rests = None;
                    self.wait_for(token)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Polls files without change notification, and drops idle UDP senders.
    fn look_at_files(&mut self, now: Instant) -> Result<(), RunOver> {
        let idle = self.reader.reading.idle;
        for token in 0..self.slots.len() {
            let Some(mut slot) = self.slots[token].take() else {
                continue;
            };
            let is_file = matches!(slot.kind, SourceKind::Followed(_) | SourceKind::Directory(_));
            if let SourceKind::Datagrams(datagrams) = &mut slot.kind {
                for ended in datagrams.take_silent(now, idle) {
                    self.reader.dispatch.mark(ended, Punctuation::Ended)?;
                }
                self.look_at_dropped(slot.source, datagrams);
                self.timers.look_on(now);
            }
            self.slots[token] = Some(slot);
            if is_file {
                self.read_ready(token)?;
            }
        }
        Ok(())
    }
}
