//! Attempts after a failure: with growing pauses, and one message for an outage.

use std::time::Duration;

use super::{Consumer, ConsumerEvent, ConsumerLink, EngineGone, KafkaError};

/// The pause before the second attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A bounded reading gives up after pauses of this length; a following one does not.
const PATIENCE: Duration = Duration::from_secs(60);

/// A failure that lasts.
#[derive(Debug, Default)]
pub(super) struct Outage {
    attempts: u32,
    paused: Duration,
    is_said: bool,
}

impl Outage {
    /// The next pause; `None` if a bounded reading gives up.
    fn pause(&mut self, follow: bool) -> Option<Duration> {
        if !follow && self.paused >= PATIENCE {
            return None;
        }
        let pause = (FIRST_PAUSE * 2u32.saturating_pow(self.attempts.min(10))).min(LONGEST_PAUSE);
        self.attempts += 1;
        self.paused += pause;
        Some(pause)
    }
}

impl<L: ConsumerLink> Consumer<L> {
    /// Handles a failure: pauses and reads the metadata again, or gives up.
    pub(super) fn trouble(&mut self, error: &KafkaError) -> Result<(), EngineGone> {
        if !error.is_passing() {
            return self.fail_all(&error.to_string());
        }
        let Some(pause) = self.outage.pause(self.setup.follow) else {
            return self.fail_all(&format!("{error}; gave up after a minute"));
        };
        // The first attempts are silent if a leader has moved: they succeed as soon as the new one is known.
        let is_short = error.is_of_leader() && self.outage.attempts < 5;
        if !is_short && !std::mem::replace(&mut self.outage.is_said, true) {
            self.send(ConsumerEvent::Note(None, format!("{error}; trying again")))?;
        }
        if !self.link.wait(pause) {
            return Err(EngineGone);
        }
        for partition in &mut self.partitions {
            partition.leader = None;
        }
        Ok(())
    }

    /// Notes that a response has come: the next failure is reported again.
    pub(super) fn has_answered(&mut self) {
        self.outage = Outage::default();
    }

    /// Ends all partitions, for a reason.
    pub(super) fn fail_all(&mut self, reason: &str) -> Result<(), EngineGone> {
        self.fetchers.clear();
        self.partitions.iter_mut().for_each(|partition| partition.is_over = true);
        self.send(ConsumerEvent::AllFailed(reason.to_owned()))?;
        Err(EngineGone)
    }

    /// Ends a partition, for a reason.
    pub(super) fn fail(&mut self, index: usize, reason: String) -> Result<(), EngineGone> {
        self.partitions[index].is_over = true;
        self.send(ConsumerEvent::Failed(index, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_a_bounded_reading_gives_up() {
        let mut outage = Outage::default();
        let pauses: Vec<u128> = (0..8).filter_map(|_| outage.pause(false)).map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        let rest = std::iter::from_fn(|| outage.pause(false)).count();
        assert!((5..15).contains(&rest), "{rest}");
        assert!(outage.pause(true).is_some());
    }
}
