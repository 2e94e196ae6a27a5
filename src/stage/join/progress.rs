//! The progress of time on each side of a join: it decides which records can no longer find a partner.

use super::super::Side;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{HeapBytes, buffer_bytes};
use crate::window::{Arrival, ChunkTimes, Punctuation, SourceClock, SourceInfo, Watermark, WatermarkConfig};

/// The time before which no more records of a side are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frontier {
    /// Any time is possible.
    Nothing,
    /// No record before this time is expected.
    Time(i64),
    /// The side has ended.
    End,
}

/// The time of both sides.
pub(super) struct JoinProgress {
    by: JoinClock,
    limits: WatermarkConfig,
    late_ns: i64,
    /// By index, the sources known from the start: their side, and whether they have ended.
    sources: Vec<(Side, SourceEnd)>,
}

enum JoinClock {
    /// The arrival of the last records, of either side.
    Arrival(i64),
    /// The event time of the records.
    Field([Watermark; 2]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SourceEnd {
    Never,
    Ahead,
    Reached,
}

impl JoinProgress {
    /// Uses arrival time, or event time out of order by up to `late_ns`.
    pub(super) fn new(late_ns: Option<i64>) -> JoinProgress {
        let watermark = || Watermark::of_times(0, 0, 0);
        JoinProgress {
            by: match late_ns {
                Some(_) => JoinClock::Field([watermark(), watermark()]),
                None => JoinClock::Arrival(i64::MIN),
            },
            limits: WatermarkConfig { sources: 0, max_jump_ns: 0, idle_ns: 0 },
            late_ns: late_ns.unwrap_or_default(),
            sources: Vec::new(),
        }
    }

    /// Sets what is known before reading; `side` maps a source to its side.
    pub(super) fn begin(
        &mut self,
        limits: WatermarkConfig,
        written: &[SourceInfo],
        side: impl Fn(&SourceInfo) -> Side,
    ) {
        self.limits = limits;
        let end = |source: &SourceInfo| match source.ends {
            true => SourceEnd::Ahead,
            false => SourceEnd::Never,
        };
        let source = |source: &SourceInfo| (side(source), end(source));
        self.sources = written.iter().map(source).collect();
        if let JoinClock::Field(watermarks) = &mut self.by {
            *watermarks = Side::BOTH.map(|side| {
                let (late, jump) = (self.late_ns, limits.max_jump_ns);
                let mut watermark = Watermark::of_times(late, jump, written.len());
                let others = self.sources.iter().enumerate();
                let others = others.filter(|(_, (of, _))| *of != side);
                others.for_each(|(number, _)| watermark.end(number));
                watermark.idle_after(limits.idle_ns)
            });
        }
    }

    /// Advances the processing time.
    pub(super) fn tick(&mut self, read_ns: i64) {
        match &mut self.by {
            JoinClock::Arrival(now) => *now = read_ns.max(*now),
            JoinClock::Field(watermarks) => watermarks.iter_mut().for_each(|own| own.tick(read_ns)),
        }
    }

    /// Event time advanced without records of this side.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival, side: Side) {
        if let (Punctuation::Ended, Some((_, end @ SourceEnd::Ahead))) = (mark, self.sources.get_mut(arrival.source)) {
            *end = SourceEnd::Reached;
        }
        if let JoinClock::Field(watermarks) = &mut self.by {
            watermarks[side as usize].mark(mark, arrival);
        }
        self.tick(arrival.read_ns);
    }

    /// Returns the frontier of a side.
    pub(super) fn reached(&self, side: Side) -> Frontier {
        let mut own = self.sources.iter().filter(|(of, _)| *of == side);
        if !self.sources.is_empty() && own.all(|(_, end)| *end == SourceEnd::Reached) {
            return Frontier::End;
        }
        let now = match &self.by {
            JoinClock::Arrival(now) => *now,
            JoinClock::Field(watermarks) => {
                let own = &watermarks[side as usize];
                match own.now() {
                    // It has been idle for long: it follows the other side.
                    i64::MIN if own.is_silent() => watermarks[side.other() as usize].now(),
                    now => now,
                }
            }
        };
        reached(now)
    }

    /// True if a record of a side with a time up to `until` can still arrive.
    pub(super) fn can_arrive(&self, side: Side, until: i64) -> bool {
        match self.reached(side) {
            Frontier::Nothing => true,
            Frontier::Time(time) => until >= time,
            Frontier::End => false,
        }
    }

    /// Advances past records of a side; returns the clock for each of them in turn.
    pub(super) fn pass(&mut self, side: Side, arrival: Arrival, times: &[i64]) -> SideClock {
        let limit = arrival.read_ns.saturating_add(self.limits.max_jump_ns);
        SideClock {
            limit,
            moment: match &mut self.by {
                JoinClock::Arrival(now) => SideTime::Arriving(*now),
                JoinClock::Field(watermarks) => {
                    let mut reach = ChunkTimes::new(limit);
                    reach.add(times);
                    SideTime::Moving(watermarks[side as usize].pass(arrival.source, &reach))
                }
            },
        }
    }
}

fn reached(time: i64) -> Frontier {
    match time {
        i64::MIN => Frontier::Nothing,
        time => Frontier::Time(time),
    }
}

/// The time of a side from record to record.
pub(super) struct SideClock {
    moment: SideTime,
    limit: i64,
}

enum SideTime {
    /// The arrival of the last record.
    Arriving(i64),
    Moving(SourceClock),
}

impl SideClock {
    /// Advances past a record; returns true if its time was too far ahead to count.
    pub(super) fn pass(&mut self, time: i64) -> bool {
        match &mut self.moment {
            SideTime::Arriving(now) => {
                *now = time.max(*now);
                false
            }
            SideTime::Moving(clock) => clock.pass(time, self.limit),
        }
    }

    /// The frontier of the side at this record.
    pub(super) fn reached(&self) -> Frontier {
        match &self.moment {
            SideTime::Arriving(now) => reached(*now),
            SideTime::Moving(clock) => reached(clock.watermark),
        }
    }
}

/// The sources and the settings of the watermarks are known before; only whether a source has ended is saved.
impl Stateful for JoinProgress {
    fn save_state(&self, out: &mut Vec<u8>) {
        let ended: Vec<bool> = self.sources.iter().map(|(_, end)| *end == SourceEnd::Reached).collect();
        ended.save(out);
        match &self.by {
            JoinClock::Arrival(now) => now.save(out),
            JoinClock::Field(watermarks) => watermarks.iter().for_each(|watermark| watermark.save_state(out)),
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let ended: Vec<bool> = Vec::load(input)?;
        if ended.len() != self.sources.len() {
            return Err(StateError::Damaged);
        }
        for ((_, end), _) in self.sources.iter_mut().zip(ended).filter(|(_, is_ended)| *is_ended) {
            match *end {
                SourceEnd::Never => return Err(StateError::Damaged),
                SourceEnd::Ahead | SourceEnd::Reached => *end = SourceEnd::Reached,
            }
        }
        match &mut self.by {
            JoinClock::Arrival(now) => *now = i64::load(input)?,
            JoinClock::Field(watermarks) => {
                watermarks.iter_mut().try_for_each(|watermark| watermark.load_state(input))?;
            }
        }
        Ok(())
    }
}

impl HeapBytes for JoinProgress {
    fn heap_bytes(&self) -> usize {
        let clocks = match &self.by {
            JoinClock::Arrival(_) => 0,
            JoinClock::Field(watermarks) => watermarks.heap_bytes(),
        };
        clocks + buffer_bytes(&self.sources)
    }
}

impl Side {
    /// Both sides, in order.
    pub(super) const BOTH: [Side; 2] = [Side::Left, Side::Right];

    /// The opposite side.
    pub(super) fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(source: usize) -> Arrival {
        Arrival { source, input: source, read_ns: 1000 }
    }

    fn time(ends: bool) -> JoinProgress {
        let mut time = JoinProgress::new(Some(5));
        let limits = WatermarkConfig { sources: 2, max_jump_ns: 1000, idle_ns: 10 };
        let written = [0, 1].map(|input| SourceInfo { input, ends });
        time.begin(limits, &written, |source| match source.input {
            0 => Side::Left,
            _ => Side::Right,
        });
        time
    }

    #[test]
    fn each_side_has_its_own_time_less_what_may_be_late() {
        let mut time = time(true);
        assert_eq!(time.reached(Side::Left), Frontier::Nothing);
        let mut passing = time.pass(Side::Left, arrival(0), &[100, 90]);
        passing.pass(100);
        assert_eq!(passing.reached(), Frontier::Time(95));
        assert_eq!(time.reached(Side::Left), Frontier::Time(95));
        assert_eq!(time.reached(Side::Right), Frontier::Nothing);
        assert!(time.can_arrive(Side::Left, 95) && !time.can_arrive(Side::Left, 94));
        time.mark(Punctuation::Ended, arrival(0), Side::Left);
        assert_eq!(time.reached(Side::Left), Frontier::End);
        assert_eq!(time.reached(Side::Right), Frontier::Nothing);
    }

    #[test]
    fn a_side_that_has_long_said_nothing_goes_with_the_other() {
        let mut time = time(false);
        time.pass(Side::Left, arrival(0), &[100]);
        time.mark(Punctuation::Ended, arrival(1), Side::Right); // it is a listener, so it does not end
        assert_eq!(time.reached(Side::Right), Frontier::Nothing);
        time.mark(Punctuation::Silent(10), arrival(1), Side::Right);
        assert_eq!(time.reached(Side::Right), Frontier::Time(95));
    }

    #[test]
    fn arrival_is_that_of_both_sides() {
        let mut time = JoinProgress::new(None);
        assert_eq!(time.reached(Side::Right), Frontier::Nothing);
        time.tick(7);
        assert_eq!(time.reached(Side::Left), Frontier::Time(7));
        let mut passing = time.pass(Side::Left, arrival(0), &[7, 7]);
        assert!(!passing.pass(7));
        assert_eq!(passing.reached(), Frontier::Time(7));
    }
}
