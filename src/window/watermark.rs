//! The watermark: the time that no record is expected to fall below any more.
//!
//! For one source it is the largest time of the records so far, less what was allowed for lateness; of several
//! it is the smallest of theirs. It is a matter of the place in the stream alone: whoever reads, in chunks of
//! whatever size, finds the same (the watermarks of T. Akidau et al., *The Dataflow Model*, VLDB 2015, made
//! deterministic).

use std::collections::BTreeMap;

use super::arrival::{Arrival, Punctuation};

/// What a chunk adds to the watermark of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkTimes {
    /// How many records.
    rows: u64,
    /// The largest time that is no jump.
    largest: i64,
    /// From here on a time is a jump: it lies ahead of the clock by more than is allowed.
    limit: i64,
    /// If there is a jump: all times from the first one on, in their order.
    times: Vec<i64>,
}

impl ChunkTimes {
    /// Of no records yet; times beyond `limit` are jumps.
    pub fn new(limit: i64) -> ChunkTimes {
        ChunkTimes { rows: 0, largest: NEVER, limit, times: Vec::new() }
    }

    /// Adds so many records whose times nobody asks for.
    pub fn add_rows(&mut self, rows: usize) {
        self.rows += rows as u64;
    }

    /// Adds records with their times.
    pub fn add(&mut self, times: &[i64]) {
        self.rows += times.len() as u64;
        let largest = times.iter().copied().max().unwrap_or(NEVER);
        if largest <= self.limit && self.times.is_empty() {
            self.largest = self.largest.max(largest);
            return;
        }
        if self.times.is_empty() && self.largest > NEVER {
            self.times.push(self.largest);
        }
        self.times.extend_from_slice(times);
    }
}

/// Where time stands at a place of the stream, for the records of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceClock {
    /// No record below is expected any more.
    pub watermark: i64,
    /// The largest time of the source.
    largest: i64,
    /// A first time that was a jump: a second one near it makes it none.
    candidate: i64,
    /// The smallest of the largest times of the other sources.
    others: i64,
    late: i64,
    max_jump: i64,
}

impl SourceClock {
    /// Moves past a record; whether its time was a jump, which moves nothing. From `limit` on it may be one.
    #[inline]
    pub fn pass(&mut self, time: i64, limit: i64) -> bool {
        if time > self.largest {
            if time > limit && self.is_jump(time) {
                return true;
            }
            self.largest = time;
            let reached = self.largest.min(self.others).saturating_sub(self.late);
            self.watermark = self.watermark.max(reached);
        }
        false
    }

    /// Whether a time that is ahead of the clock is also ahead of the other records. Without any, a second one
    /// near it says that it is meant.
    #[cold]
    fn is_jump(&mut self, time: i64) -> bool {
        let near = if self.largest > NEVER { self.largest } else { self.candidate };
        let is_jump = near == NEVER || time > near.saturating_add(self.max_jump);
        if is_jump && self.largest == NEVER {
            self.candidate = time;
        }
        is_jump
    }
}

/// No record was there.
const NEVER: i64 = i64::MIN;

/// By what the places of records are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WatermarkBasis {
    /// The number of the record.
    Rows,
    /// When it was read.
    Arrival,
    /// A time that it has.
    Time,
}

/// The watermark of all sources.
#[derive(Clone, Debug)]
pub struct Watermark {
    by: WatermarkBasis,
    late: i64,
    max_jump: i64,
    /// Those that have not ended, by number.
    sources: BTreeMap<usize, SourceWatermark>,
    /// The largest time of those that have.
    ended: i64,
    /// When the last chunk was read.
    read_ns: i64,
    /// After so long without a source, time goes on with the clock.
    idle: i64,
    watermark: i64,
    rows: u64,
}

#[derive(Clone, Copy, Debug)]
struct SourceWatermark {
    state: SourceActivity,
    largest: i64,
    candidate: i64,
    /// How long it has been silent.
    silent: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SourceActivity {
    /// Holds windows open.
    Live,
    /// Has been silent for long: it moves with the clock and holds nothing open.
    Silent,
}

impl SourceWatermark {
    const NEW: SourceWatermark =
        SourceWatermark { state: SourceActivity::Live, largest: NEVER, candidate: NEVER, silent: 0 };
}

impl Watermark {
    /// Of the numbers of records.
    pub fn of_rows() -> Watermark {
        let mut watermark = Watermark::new(WatermarkBasis::Rows, 0, 0, 1);
        watermark.watermark = 1;
        watermark
    }

    /// Of the times at which records were read.
    pub fn of_arrival() -> Watermark {
        Watermark::new(WatermarkBasis::Arrival, 0, i64::MAX, 1)
    }

    /// Of times that records have: so many sources are known from the start and hold windows open until they
    /// have said something. A time that is ahead of the clock and of the other records by more than `max_jump`
    /// nanoseconds moves nothing.
    pub fn of_times(late: i64, max_jump: i64, sources: usize) -> Watermark {
        Watermark::new(WatermarkBasis::Time, late, max_jump, sources)
    }

    fn new(by: WatermarkBasis, late: i64, max_jump: i64, sources: usize) -> Watermark {
        Watermark {
            by,
            late,
            max_jump,
            sources: (0..sources).map(|index| (index, SourceWatermark::NEW)).collect(),
            ended: NEVER,
            read_ns: NEVER,
            idle: i64::MAX,
            watermark: NEVER,
            rows: 0,
        }
    }

    /// No record below is expected any more.
    pub fn now(&self) -> i64 {
        self.watermark
    }

    /// Records before this place.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The clock in front of the next chunk, which is of this source; then moves past the chunk.
    pub fn pass(&mut self, source: usize, reach: &ChunkTimes) -> SourceClock {
        self.read_ns = reach.limit.saturating_sub(self.max_jump);
        let rows_before = self.rows;
        self.rows += reach.rows;
        let still = |watermark| SourceClock {
            watermark,
            largest: watermark,
            candidate: NEVER,
            others: i64::MAX,
            late: 0,
            max_jump: i64::MAX,
        };
        match self.by {
            WatermarkBasis::Rows => {
                self.watermark = self.rows as i64 + 1;
                still(rows_before as i64 + 1)
            }
            WatermarkBasis::Arrival => {
                let before = self.watermark;
                self.watermark = before.max(reach.largest);
                still(before)
            }
            WatermarkBasis::Time => {
                let clock = self.clock(source);
                let mut after = clock;
                for &time in &reach.times {
                    after.pass(time, reach.limit);
                }
                if reach.times.is_empty() && reach.largest > NEVER {
                    after.pass(reach.largest, reach.limit);
                }
                let own = self.source(source);
                (own.largest, own.candidate) = (after.largest, after.candidate);
                self.watermark = after.watermark;
                clock
            }
        }
    }

    /// Moves by what a mark says.
    pub fn mark(&mut self, mark: Punctuation, arrival: Arrival) {
        match mark {
            Punctuation::Ended => self.end(arrival.source),
            Punctuation::Silent(ns) => self.silence(arrival.source, ns),
            Punctuation::Clock => {}
        }
        self.tick(arrival.read_ns);
    }

    /// Whether there are sources, and all of them have been silent for long.
    pub fn is_silent(&self) -> bool {
        let is_silent = |source: &SourceWatermark| source.state == SourceActivity::Silent && source.silent > 0;
        !self.sources.is_empty() && self.sources.values().all(is_silent)
    }

    /// A source has ended.
    pub fn end(&mut self, source: usize) {
        if self.by == WatermarkBasis::Time {
            if let Some(ended) = self.sources.remove(&source) {
                self.ended = self.ended.max(ended.largest);
            }
            self.settle();
        }
    }

    /// A source has been silent for so many nanoseconds: its time goes on with the clock.
    pub fn silence(&mut self, source: usize, ns: i64) {
        if self.by == WatermarkBasis::Time {
            let source = self.source(source);
            (source.state, source.silent) = (SourceActivity::Silent, ns);
            self.settle();
        }
    }

    /// The clock shows this time.
    pub fn tick(&mut self, ns: i64) {
        match self.by {
            WatermarkBasis::Arrival => self.watermark = self.watermark.max(ns),
            WatermarkBasis::Time if self.sources.is_empty() && self.read_ns > NEVER => {
                // All connections have ended, and others may come: what they leave open is not held for ever.
                let silent = ns.saturating_sub(self.read_ns);
                if silent >= self.idle && self.ended > NEVER {
                    let reached = self.ended.saturating_add(silent);
                    self.watermark = self.watermark.max(reached.saturating_sub(self.late));
                }
            }
            WatermarkBasis::Time | WatermarkBasis::Rows => {}
        }
    }

    /// Without a source for so many nanoseconds, time goes on with the clock.
    pub fn idle_after(mut self, ns: i64) -> Watermark {
        self.idle = ns;
        self
    }

    /// A source that speaks holds windows open again.
    fn clock(&mut self, source: usize) -> SourceClock {
        let own = self.source(source);
        (own.state, own.silent) = (SourceActivity::Live, 0);
        let own = *own;
        let others = self.sources.iter();
        let others = others.filter(|(index, other)| **index != source && other.state == SourceActivity::Live);
        SourceClock {
            watermark: self.watermark,
            largest: own.largest,
            candidate: own.candidate,
            others: others.map(|(_, other)| other.largest).min().unwrap_or(i64::MAX),
            late: self.late,
            max_jump: self.max_jump,
        }
    }

    /// A source by its number; those that come later are silent until they speak.
    fn source(&mut self, index: usize) -> &mut SourceWatermark {
        self.sources.entry(index).or_insert(SourceWatermark { state: SourceActivity::Silent, ..SourceWatermark::NEW })
    }

    /// Moves to where the sources allow it: the slowest of those that speak, else of those that are silent. Once
    /// all have ended, nothing holds it back from the largest time that there was.
    fn settle(&mut self) {
        let of = |state| self.sources.values().filter(move |source| source.state == state);
        let live = of(SourceActivity::Live).map(|source| source.largest).min();
        let reached = live.or_else(|| {
            // A source that has said nothing, as a listening one, goes on from what all have said.
            let spoken = self.sources.values().map(|source| source.largest);
            let largest = spoken.fold(self.ended, i64::max);
            let moved = |source: &SourceWatermark| match source.largest {
                NEVER => largest,
                own => own,
            };
            if of(SourceActivity::Silent).next().is_none() {
                return Some(largest);
            }
            of(SourceActivity::Silent)
                .filter(|source| source.silent > 0 && moved(source) > NEVER)
                .map(|source| moved(source).saturating_add(source.silent))
                .min()
        });
        if let Some(reached) = reached.filter(|reached| *reached > NEVER) {
            self.watermark = self.watermark.max(reached.saturating_sub(self.late));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reach(limit: i64, times: &[i64]) -> ChunkTimes {
        let mut reach = ChunkTimes::new(limit);
        reach.add(times);
        reach
    }

    #[test]
    fn the_slowest_live_source_holds_the_watermark() {
        let mut watermark = Watermark::of_times(5, 1000, 2);
        watermark.pass(0, &reach(1000, &[100, 90]));
        assert_eq!(watermark.now(), i64::MIN);
        watermark.pass(1, &reach(1000, &[50]));
        assert_eq!(watermark.now(), 45);
        watermark.pass(1, &reach(1000, &[120]));
        assert_eq!(watermark.now(), 95);
        watermark.end(0);
        assert_eq!(watermark.now(), 115);
        watermark.pass(1, &reach(1000, &[90]));
        watermark.end(1);
        assert_eq!(watermark.now(), 115);
    }

    #[test]
    fn when_all_have_ended_it_stands_at_the_largest_time() {
        let mut watermark = Watermark::of_times(5, 1000, 2);
        watermark.pass(0, &reach(1000, &[100]));
        watermark.end(0);
        watermark.pass(1, &reach(1000, &[50]));
        assert_eq!(watermark.now(), 45);
        watermark.end(1);
        assert_eq!(watermark.now(), 95);
    }

    #[test]
    fn a_silent_source_moves_with_the_clock() {
        let mut watermark = Watermark::of_times(0, 1000, 2);
        watermark.pass(0, &reach(1000, &[100]));
        watermark.silence(1, 30);
        assert_eq!(watermark.now(), 100);
        watermark.silence(0, 30);
        assert_eq!(watermark.now(), 130);
        watermark.pass(0, &reach(1000, &[110]));
        assert_eq!(watermark.now(), 130);
        watermark.silence(1, 90);
        assert_eq!(watermark.now(), 130);
    }

    #[test]
    fn a_new_source_does_not_hold_windows_before_it_speaks() {
        let mut watermark = Watermark::of_times(0, 1000, 1);
        watermark.end(0); // it listens
        watermark.pass(1, &reach(1000, &[100]));
        assert_eq!(watermark.now(), 100);
        watermark.pass(2, &reach(1000, &[90]));
        watermark.pass(1, &reach(1000, &[200]));
        assert_eq!(watermark.now(), 100);
        watermark.end(1);
        watermark.end(2);
        watermark.silence(0, 50);
        assert_eq!(watermark.now(), 250);
    }

    #[test]
    fn a_jump_ahead_of_the_clock_and_the_others_moves_nothing() {
        let mut watermark = Watermark::of_times(0, 10, 1);
        watermark.pass(0, &reach(1010, &[900, 9_999, 901]));
        assert_eq!(watermark.now(), 901);
        watermark.pass(0, &reach(1010, &[9_999, 9_999]));
        assert_eq!(watermark.now(), 901);
        let mut future = Watermark::of_times(0, 10, 1);
        future.pass(0, &reach(1010, &[5_000]));
        assert_eq!(future.now(), i64::MIN);
        future.pass(0, &reach(1010, &[5_001, 5_020, 5_005]));
        assert_eq!(future.now(), 5_005);
    }

    proptest! {
        #[test]
        fn chunks_of_any_size_reach_the_same(times in proptest::collection::vec((0usize..3, 0i64..60), 0..40), cuts in proptest::collection::vec(1usize..6, 40), late in 0i64..5) {
            let mut one = Watermark::of_times(late, 7, 3);
            let mut clocks = Vec::new();
            for (source, time) in &times {
                clocks.push(one.pass(*source, &reach(30, &[*time])));
            }
            let mut many = Watermark::of_times(late, 7, 3);
            let (mut at, mut cut) = (0, cuts.iter());
            while at < times.len() {
                let source = times[at].0;
                let wanted = *cut.next().expect("as many as records");
                let chunk: Vec<i64> = times[at..].iter().take(wanted).take_while(|time| time.0 == source).map(|time| time.1).collect();
                let mut clock = many.pass(source, &reach(30, &chunk));
                for (time, expected) in chunk.iter().zip(&clocks[at..]) {
                    prop_assert_eq!(&clock, expected);
                    clock.pass(*time, 30);
                }
                at += chunk.len();
            }
            prop_assert_eq!(one.now(), many.now());
        }
    }
}
