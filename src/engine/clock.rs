//! The clocks of the system, and fake ones for tests.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Two clocks: the time of day, which can be set, and a monotonic one.
pub(super) trait Clock: Debug + Send + Sync {
    /// The time of day, in nanoseconds since 1970.
    fn wall_ns(&self) -> i64;

    /// The monotonic time.
    fn now(&self) -> Instant;
}

/// The clocks of the system.
#[derive(Debug)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn wall_ns(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Arrival time: the time of day, made monotonic.
///
/// If the clock is set back, arrival time continues at the pace of the monotonic clock: windows keep their length, and
/// no record falls into a window that was printed. If the clock is set forward, or the machine wakes up, arrival time
/// follows.
#[derive(Debug)]
pub(super) struct ArrivalClock {
    clock: Arc<dyn Clock>,
    /// The arrival time at one reading of the monotonic clock.
    known: (i64, Instant),
    /// By how many nanoseconds the time of day is below the arrival time, and the value last reported.
    behind_ns: i64,
    told_ns: i64,
}

/// Smaller steps back are not reported: time synchronization makes them.
const NOTED_NS: i64 = 1_000_000_000;

impl ArrivalClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> ArrivalClock {
        let known = (clock.wall_ns(), clock.now());
        ArrivalClock { clock, known, behind_ns: 0, told_ns: 0 }
    }

    /// The arrival time now, in nanoseconds since 1970.
    pub(super) fn now_ns(&mut self) -> i64 {
        let (known_ns, at) = self.known;
        let wall_ns = self.clock.wall_ns();
        let now = self.clock.now();
        let passed = now.saturating_duration_since(at).as_nanos();
        let expected_ns = known_ns.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        if wall_ns >= expected_ns {
            self.known = (wall_ns, now);
            (self.behind_ns, self.told_ns) = (0, 0);
            return wall_ns;
        }
        self.behind_ns = expected_ns.saturating_sub(wall_ns);
        expected_ns
    }

    /// By how many nanoseconds the clock was set back since the last call.
    pub(super) fn take_step_back(&mut self) -> Option<i64> {
        let step_ns = self.behind_ns.saturating_sub(self.told_ns);
        (step_ns >= NOTED_NS).then(|| {
            self.told_ns = self.behind_ns;
            step_ns
        })
    }
}

#[cfg(test)]
pub(super) mod fake {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    /// Clocks that only a test advances.
    #[derive(Debug)]
    pub(in crate::engine) struct FakeClock {
        began: Instant,
        /// The time of day and the elapsed time, in nanoseconds.
        state: Mutex<(i64, u64)>,
    }

    impl FakeClock {
        pub(in crate::engine) fn at(wall_ns: i64) -> Arc<FakeClock> {
            let (began, state) = (Instant::now(), Mutex::new((wall_ns, 0)));
            Arc::new(FakeClock { began, state })
        }

        /// Lets time pass.
        pub(in crate::engine) fn pass(&self, ns: u64) {
            let mut state = self.state.lock().expect("no test panics while it holds the clock");
            *state = (state.0 + ns as i64, state.1 + ns);
        }

        /// Sets the time of day.
        pub(in crate::engine) fn set(&self, wall_ns: i64) {
            let mut state = self.state.lock().expect("no test panics while it holds the clock");
            state.0 = wall_ns;
        }
    }

    impl Clock for FakeClock {
        fn wall_ns(&self) -> i64 {
            self.state.lock().expect("no test panics while it holds the clock").0
        }

        fn now(&self) -> Instant {
            let state = self.state.lock().expect("no test panics while it holds the clock");
            self.began + Duration::from_nanos(state.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::FakeClock;
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const HOUR: i64 = 3600 * SECOND;

    #[test]
    fn a_clock_that_is_set_back_leaves_arrival_going_on() {
        let clock = FakeClock::at(10 * HOUR);
        let mut arrival = ArrivalClock::new(Arc::clone(&clock) as Arc<dyn Clock>);
        clock.pass(5);
        assert_eq!(arrival.now_ns(), 10 * HOUR + 5);
        assert_eq!(arrival.take_step_back(), None);
        clock.set(9 * HOUR);
        assert_eq!(arrival.now_ns(), 10 * HOUR + 5);
        assert_eq!(arrival.take_step_back(), Some(HOUR + 5));
        clock.pass(SECOND as u64);
        assert_eq!(arrival.now_ns(), 10 * HOUR + SECOND + 5);
        assert_eq!(arrival.take_step_back(), None, "it is told once");
        clock.set(8 * HOUR);
        assert_eq!(arrival.now_ns(), 10 * HOUR + SECOND + 5);
        assert_eq!(arrival.take_step_back(), Some(HOUR + SECOND));
    }

    #[test]
    fn a_clock_that_is_set_forward_takes_arrival_along() {
        let clock = FakeClock::at(10 * HOUR);
        let mut arrival = ArrivalClock::new(Arc::clone(&clock) as Arc<dyn Clock>);
        clock.set(9 * HOUR);
        assert_eq!(arrival.now_ns(), 10 * HOUR);
        clock.set(12 * HOUR);
        assert_eq!(arrival.now_ns(), 12 * HOUR);
        assert_eq!(arrival.take_step_back(), None);
        clock.pass(7);
        assert_eq!(arrival.now_ns(), 12 * HOUR + 7);
        assert_eq!(arrival.take_step_back(), None);
    }
}
