//! Tries again after a failure that may pass, with pauses that double.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::channel::never;

use crate::data::format_duration;
use crate::engine::control::Control;
use crate::engine::say::say;
use crate::sink::DeliveryError;

/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often a waiting thread looks whether the run was interrupted.
const LOOK: Duration = Duration::from_millis(50);

/// How often and how long to wait.
pub(super) struct Retries {
    most: u32,
    control: Arc<Control>,
    /// The user knows how long deliveries are tried again.
    has_said: Cell<bool>,
}

impl Retries {
    pub(super) fn new(most: u32, control: Arc<Control>) -> Retries {
        Retries { most, control, has_said: Cell::new(false) }
    }

    /// Calls `attempt` until it succeeds, fails for good, or was tried again often enough; counts the retries. After a
    /// signal, no attempt waits any longer.
    pub(super) fn run<T>(
        &self,
        name: &str,
        quiet: bool,
        counter: &AtomicU64,
        attempt: &mut dyn FnMut() -> Result<T, DeliveryError>,
    ) -> Result<T, String> {
        let mut pause = FIRST_PAUSE;
        let mut retried = 0;
        loop {
            let (reason, at_least) = match attempt() {
                Ok(done) => return Ok(done),
                Err(DeliveryError::Failed(reason)) => return Err(reason),
                Err(DeliveryError::Retry(reason)) => (reason, Duration::ZERO),
                Err(DeliveryError::RetryAfter(reason, pause)) => (reason, pause),
            };
            if retried == self.most || self.control.signal().is_some() {
                return Err(match retried {
                    0 => reason,
                    1 => format!("{reason} (tried twice)"),
                    retried => format!("{reason} (tried {} times)", retried + 1),
                });
            }
            if retried == 0 && !quiet {
                let limit = match self.has_said.replace(true) {
                    true => String::new(),
                    false => format!(" for about {} (--retry {})", shown(all_pauses(self.most)), self.most),
                };
                let (sentence, help) = reason.split_at(reason.find('\n').unwrap_or(reason.len()));
                say(format_args!("note: {name}: {sentence}; trying again{limit}{help}"));
            }
            retried += 1;
            counter.fetch_add(1, Ordering::Relaxed);
            self.wait(pause.max(at_least.min(LONGEST_PAUSE)));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits for this time, or until a signal ends the run.
    fn wait(&self, pause: Duration) {
        let until = self.control.now() + pause;
        while self.control.signal().is_none() {
            let left = until.saturating_duration_since(self.control.now());
            if left.is_zero() {
                return;
            }
            let _ = never::<()>().recv_timeout(self.control.clock().limit_wait(left.min(LOOK))); // nothing comes
        }
    }
}

/// The sum of this number of pauses.
fn all_pauses(count: u32) -> Duration {
    let mut sum = Duration::ZERO;
    let mut pause = FIRST_PAUSE;
    for done in 0..count {
        if pause == LONGEST_PAUSE {
            return sum.saturating_add(LONGEST_PAUSE.saturating_mul(count - done));
        }
        sum += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    sum
}

/// A duration in whole seconds, if it has some.
fn shown(duration: Duration) -> String {
    let duration = if duration < Duration::from_secs(10) { duration } else { Duration::from_secs(duration.as_secs()) };
    let mut text = String::new();
    format_duration(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX), &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_add_up() {
        for (count, expected) in
            [(0, "0s"), (1, "100ms"), (2, "300ms"), (10, "1m42s"), (11, "2m42s"), (60, "51m42s"), (u32::MAX, "")]
        {
            let text = shown(all_pauses(count));
            assert!(text == expected || expected.is_empty(), "{count}: {text}");
        }
    }
}
