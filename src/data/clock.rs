//! The clocks of the system, and fake ones for tests. Nothing else reads the time.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Two clocks: the time of day, which can be set, and a monotonic one.
pub trait Clock: Debug + Send + Sync {
    /// The time of day, in nanoseconds since 1970.
    fn wall_ns(&self) -> i64;

    /// The monotonic time.
    fn now(&self) -> Instant;

    /// How long a thread may really wait for an event if the next deadline is `left` away. A fake clock may pass the
    /// deadline at any moment.
    fn limit_wait(&self, left: Duration) -> Duration {
        left
    }

    /// The time of day, to be compared with those of files.
    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(u64::try_from(self.wall_ns()).unwrap_or_default())
    }
}

/// The clocks of the system.
#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn wall_ns(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Returns the clocks of the system.
pub fn system_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Measures the time since it was started.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    clock: Arc<dyn Clock>,
    began: Instant,
}

impl Stopwatch {
    /// Starts it.
    pub fn start(clock: &Arc<dyn Clock>) -> Stopwatch {
        Stopwatch { began: clock.now(), clock: Arc::clone(clock) }
    }

    /// The time since the start.
    pub fn time(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.began)
    }
}

#[cfg(test)]
pub mod fake {
    //! Clocks that only a test advances.

    use std::sync::{Mutex, MutexGuard};

    use super::*;

    /// Clocks that only a test advances.
    #[derive(Debug)]
    pub struct FakeClock {
        began: Instant,
        /// The time of day and the elapsed time, in nanoseconds.
        state: Mutex<(i64, u64)>,
    }

    /// Threads that wait look at the clock this often.
    const LOOK: Duration = Duration::from_millis(1);

    impl FakeClock {
        /// Clocks at this time of day.
        pub fn at(wall_ns: i64) -> Arc<FakeClock> {
            let (began, state) = (Instant::now(), Mutex::new((wall_ns, 0)));
            Arc::new(FakeClock { began, state })
        }

        /// Lets time pass.
        pub fn pass(&self, time: Duration) {
            let ns = time.as_nanos() as u64;
            let mut state = self.state();
            *state = (state.0 + ns as i64, state.1 + ns);
        }

        /// Sets the time of day.
        pub fn set(&self, wall_ns: i64) {
            self.state().0 = wall_ns;
        }

        fn state(&self) -> MutexGuard<'_, (i64, u64)> {
            self.state.lock().expect("no test panics while it holds the clock")
        }
    }

    impl Clock for FakeClock {
        fn wall_ns(&self) -> i64 {
            self.state().0
        }

        fn now(&self) -> Instant {
            self.began + Duration::from_nanos(self.state().1)
        }

        fn limit_wait(&self, left: Duration) -> Duration {
            left.min(LOOK)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::FakeClock;
    use super::*;

    #[test]
    fn a_stopwatch_follows_the_monotonic_clock() {
        let fake = FakeClock::at(7_000_000_000);
        let clock: Arc<dyn Clock> = Arc::clone(&fake) as Arc<dyn Clock>;
        let stopwatch = Stopwatch::start(&clock);
        fake.set(0);
        assert_eq!((stopwatch.time(), clock.wall()), (Duration::ZERO, UNIX_EPOCH));
        fake.pass(Duration::from_secs(3));
        assert_eq!(stopwatch.time(), Duration::from_secs(3));
        assert_eq!(clock.wall(), UNIX_EPOCH + Duration::from_secs(3));
    }
}
