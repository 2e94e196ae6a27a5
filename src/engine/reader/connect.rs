//! Outgoing connections. Each attempt runs in a thread of its own, because name lookup and connecting may block.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RunOver;
use super::event_loop::EventLoop;
use super::source_state::{Readiness, SourceKind};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::engine::thread_group::start_detached;
use crate::source::Endpoint;

/// The delay before the first retry; each further delay is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest delay between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A peer to connect to, and the state of the attempts.
pub(super) struct Reconnect {
    connect: Endpoint,
    /// The number of failed attempts since data was last received.
    attempts: u32,
    /// The time of the next attempt; `None` while one is in progress.
    at: Option<Instant>,
    /// True if the current outage was reported.
    is_said: bool,
}

impl Reconnect {
    /// Schedules the first attempt for now.
    pub(super) fn new(connect: Endpoint, now: Instant) -> Reconnect {
        Reconnect { connect, attempts: 0, at: Some(now), is_said: false }
    }

    /// Returns the time of the next attempt.
    pub(super) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// Notes that data was received: the next outage is reported again.
    pub(super) fn has_answered(&mut self) {
        (self.attempts, self.is_said) = (0, false);
    }

    /// Schedules the next attempt and returns its time.
    pub(super) fn wait(&mut self, now: Instant) -> Instant {
        let wait = FIRST_WAIT * 2u32.saturating_pow(self.attempts.min(10));
        self.attempts += 1;
        let at = now + wait.min(LONGEST_WAIT);
        self.at = Some(at);
        at
    }
}

impl EventLoop<'_> {
    /// Starts an attempt if it is due.
    pub(super) fn connect(&mut self, token: usize, dialing: &mut Reconnect) -> Readiness {
        if dialing.at.is_none_or(|at| at > self.now()) {
            return Readiness::Wait;
        }
        dialing.at = None;
        let (bell, connect) = (Arc::clone(&self.bell), dialing.connect.clone());
        let attempt = move || {
            let connected = connect.connect();
            bell.tell(|wakeup| wakeup.dialed.push((token, connected)));
        };
        if let Err(error) = start_detached("connect", attempt) {
            self.bell.tell(|wakeup| wakeup.dialed.push((token, Err(error))));
        }
        Readiness::Wait
    }

    /// Handles the result of an attempt.
    pub(super) fn dialed(&mut self, token: usize, connected: io::Result<File>) -> Result<(), RunOver> {
        let Some(mut slot) = self.slots[token].take() else {
            return Ok(());
        };
        let SourceKind::Dial(mut dialing) = slot.kind else {
            self.slots[token] = Some(slot);
            return Ok(());
        };
        match connected {
            Ok(file) => {
                slot.kind = SourceKind::Connection(file, Some(dialing));
                self.slots[token] = Some(slot);
                self.wait_for(token)
            }
            Err(error) if self.reader.reading.follow => {
                self.note_outage(slot.source, &mut dialing, &reason(&error));
                self.timers.again_at(dialing.wait(self.now()));
                slot.kind = SourceKind::Dial(dialing);
                self.slots[token] = Some(slot);
                Ok(())
            }
            Err(error) => {
                self.reader.fail(slot.source, reason(&error));
                slot.kind = SourceKind::Dial(dialing);
                self.close(token, *slot)
            }
        }
    }

    /// Reports an outage once.
    pub(super) fn note_outage(&self, source: SourceIndex, dialing: &mut Reconnect, why: &str) {
        if !std::mem::replace(&mut dialing.is_said, true) {
            let name = self.reader.sources.display(source);
            self.reader.say(format_args!("{name}: {why}; reconnecting"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Clock;
    use crate::data::fake::FakeClock;

    #[test]
    fn delays_grow_up_to_a_limit() {
        let written = std::ffi::OsStr::new("unix://none");
        let Ok(crate::source::Input::Endpoint(connect)) = crate::source::open(written) else {
            panic!("a peer");
        };
        let now = FakeClock::at(0).now();
        let mut dialing = Reconnect::new(connect, now);
        assert_eq!(dialing.at(), Some(now), "the first attempt is made at once");
        let waits: Vec<u128> = (0..9).map(|_| (dialing.wait(now) - now).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        (0..100).for_each(|_| assert_eq!(dialing.wait(now), now + LONGEST_WAIT));
        dialing.has_answered();
        let later = now + Duration::from_secs(5);
        assert_eq!(dialing.wait(later), later + FIRST_WAIT);
        assert_eq!(dialing.at(), Some(later + FIRST_WAIT));
    }
}
