//! Tries again after a failure that may pass, with pauses that double.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::channel::never;

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
}

impl Retries {
    pub(super) fn new(most: u32, control: Arc<Control>) -> Retries {
        Retries { most, control }
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
                say(format_args!("note: {name}: {reason}; trying again"));
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
