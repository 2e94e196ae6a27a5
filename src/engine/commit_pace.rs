//! How closely commits follow each other.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A commit that takes long is followed by a pause of this multiple of its time, so that all of them take a twentieth of
/// the run, however large the state is.
const COMMIT_SHARE: u32 = 20;

/// Shorter commits follow each other at the interval that the user has set.
const LONG_COMMIT: Duration = Duration::from_millis(100);

/// The pause after a wait of the reader for a commit, or after the writing of a snapshot, that took this time.
pub(super) fn pause_after(took: Duration) -> Duration {
    if took < LONG_COMMIT { Duration::ZERO } else { took * COMMIT_SHARE }
}

/// Shared by the reader, which begins commits, and the threads that write them.
#[derive(Debug, Default)]
pub(super) struct CommitPace {
    writing: Mutex<Writing>,
}

#[derive(Debug, Default)]
struct Writing {
    /// A snapshot is being written.
    is_under_way: bool,
    /// The end of the pause after the last one.
    pauses_until: Option<Instant>,
}

impl CommitPace {
    /// The writing of a snapshot begins.
    pub(super) fn begin(&self) {
        self.update(|writing| writing.is_under_way = true);
    }

    /// A snapshot was written; the pause lasts until then.
    pub(super) fn end(&self, pauses_until: Instant) {
        self.update(|writing| *writing = Writing { is_under_way: false, pauses_until: Some(pauses_until) });
    }

    /// True if the next commit may begin. The reader would wait for the end of a snapshot that is being written.
    pub(super) fn allows(&self, now: Instant) -> bool {
        let mut allows = false;
        self.update(|writing| allows = !writing.is_under_way && writing.pauses_until.is_none_or(|until| until <= now));
        allows
    }

    fn update(&self, update: impl FnOnce(&mut Writing)) {
        update(&mut self.writing.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::system_clock;

    #[test]
    fn no_commit_begins_while_a_snapshot_is_written_or_soon_after_a_long_one() {
        let (pace, now) = (CommitPace::default(), system_clock().now());
        assert!(pace.allows(now));
        pace.begin();
        assert!(!pace.allows(now + Duration::from_secs(3600)));
        let end = now + Duration::from_secs(1);
        pace.end(end + pause_after(Duration::from_millis(99)));
        assert!(pace.allows(end), "a short one");
        pace.begin();
        pace.end(end + pause_after(Duration::from_millis(300)));
        assert!(!pace.allows(end + Duration::from_millis(5999)));
        assert!(pace.allows(end + Duration::from_secs(6)));
    }
}
