//! Arrival times: the time of day, made monotonic.

use std::sync::Arc;
use std::time::Instant;

use crate::data::Clock;

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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::data::fake::FakeClock;

    const SECOND: i64 = 1_000_000_000;
    const HOUR: i64 = 3600 * SECOND;

    #[test]
    fn a_clock_that_is_set_back_leaves_arrival_going_on() {
        let clock = FakeClock::at(10 * HOUR);
        let mut arrival = ArrivalClock::new(Arc::clone(&clock) as Arc<dyn Clock>);
        clock.pass(Duration::from_nanos(5));
        assert_eq!(arrival.now_ns(), 10 * HOUR + 5);
        assert_eq!(arrival.take_step_back(), None);
        clock.set(9 * HOUR);
        assert_eq!(arrival.now_ns(), 10 * HOUR + 5);
        assert_eq!(arrival.take_step_back(), Some(HOUR + 5));
        clock.pass(Duration::from_secs(1));
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
        clock.pass(Duration::from_nanos(7));
        assert_eq!(arrival.now_ns(), 12 * HOUR + 7);
        assert_eq!(arrival.take_step_back(), None);
    }
}
