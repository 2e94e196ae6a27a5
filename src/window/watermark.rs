//! The watermark: the time below which no more records are expected.
//!
//! For one source it is the largest time of the records so far, minus the allowed lateness; for several sources it
//! is the smallest of theirs. It depends only on the position in the stream, not on threads or chunk sizes (the
//! watermarks of T. Akidau et al., *The Dataflow Model*, VLDB 2015, made deterministic).

mod state;

use std::collections::BTreeMap;

use super::arrival::{Arrival, Punctuation};

/// The times of a chunk's records, as far as the watermark of the source needs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkTimes {
    /// The number of records.
    rows: u64,
    /// The largest time that is not too far ahead.
    largest: i64,
    /// Times from here on are further ahead of the clock than allowed.
    limit: i64,
    /// If a time is too far ahead: all times from the first such time on, in order.
    times: Vec<i64>,
}

impl ChunkTimes {
    /// No records yet; times beyond `limit` are too far ahead.
    pub fn new(limit: i64) -> ChunkTimes {
        ChunkTimes { rows: 0, largest: NEVER, limit, times: Vec::new() }
    }

    /// Adds `records` records whose times are not needed.
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

/// The watermark and related times at a position of the stream, for the records of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceClock {
    /// No record below this time is expected.
    pub watermark: i64,
    /// The largest time of the source.
    largest: i64,
    /// A first time that was too far ahead: a second one near it confirms it.
    candidate: i64,
    /// The smallest of the other sources' largest times.
    others: i64,
    late: i64,
    max_jump: i64,
}

impl SourceClock {
    /// Advances past a record. Returns true if its time was too far ahead (possible from `limit` on) and was ignored.
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

    /// True if a time that is ahead of the clock is also ahead of the other records. Without other records, a second
    /// time near it confirms it.
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

/// No record yet.
const NEVER: i64 = i64::MIN;

/// The value that the watermark follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WatermarkBasis {
    /// The record number.
    Rows,
    /// The arrival time.
    Arrival,
    /// The event time.
    Time,
    /// The watermark of the windows whose results are the records.
    Level,
}

/// The watermark of all sources.
#[derive(Clone, Debug)]
pub struct Watermark {
    by: WatermarkBasis,
    late: i64,
    max_jump: i64,
    /// Sources that have not ended, by number.
    sources: BTreeMap<usize, SourceWatermark>,
    /// The largest time of sources that ended.
    ended: i64,
    /// The arrival time of the last chunk.
    read_ns: i64,
    /// After this long without a source, the watermark advances with the clock.
    idle: i64,
    watermark: i64,
    rows: u64,
}

#[derive(Clone, Copy, Debug)]
struct SourceWatermark {
    largest: i64,
    candidate: i64,
    /// For how long an idle source has been idle, 0 before its first record: it advances with the clock and holds no
    /// window open. `None` for a source that holds windows open.
    idle: Option<i64>,
}

impl SourceWatermark {
    const NEW: SourceWatermark = SourceWatermark { largest: NEVER, candidate: NEVER, idle: None };

    /// For how long the source has been idle, if it advances with the clock.
    fn moved_by(&self) -> Option<i64> {
        self.idle.filter(|ns| *ns > 0)
    }
}

impl Watermark {
    /// A watermark over record numbers.
    pub fn of_rows() -> Watermark {
        let mut watermark = Watermark::new(WatermarkBasis::Rows, 0, 0, 1);
        watermark.watermark = 1;
        watermark
    }

    /// A watermark over arrival times.
    pub fn of_arrival() -> Watermark {
        Watermark::new(WatermarkBasis::Arrival, 0, i64::MAX, 1)
    }

    /// A watermark that [`Watermark::tick`] alone moves: the records are results of windows that have such a watermark.
    pub fn of_level() -> Watermark {
        Watermark::new(WatermarkBasis::Level, 0, i64::MAX, 1)
    }

    /// A watermark over event times. `sources` sources are known from the start and hold windows open until their
    /// first record. A time that is ahead of the clock and of the other records by more than `max_jump` nanoseconds
    /// is ignored.
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

    /// No record below this time is expected.
    pub fn now(&self) -> i64 {
        self.watermark
    }

    /// The number of records so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the clock before the next chunk, which is of this source, and advances past the chunk.
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
            WatermarkBasis::Level => SourceClock { largest: i64::MAX, ..still(self.watermark) },
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

    /// Advances by an event without records.
    pub fn mark(&mut self, mark: Punctuation, arrival: Arrival) {
        match mark {
            Punctuation::Ended | Punctuation::Left => self.end(arrival.source),
            Punctuation::Paused => self.silence(arrival.source, 0),
            Punctuation::Drained => self.drain(arrival.source),
            Punctuation::Resumed => self.resume(arrival.source),
            Punctuation::Silent(ns) => self.silence(arrival.source, ns),
            Punctuation::Clock => {}
        }
        self.tick(arrival.read_ns);
    }

    /// True if there are sources and all of them are idle.
    pub fn is_silent(&self) -> bool {
        !self.sources.is_empty() && self.sources.values().all(|source| source.moved_by().is_some())
    }

    /// Marks a source as ended.
    pub fn end(&mut self, source: usize) {
        if self.by == WatermarkBasis::Time {
            if let Some(ended) = self.sources.remove(&source) {
                self.ended = self.ended.max(ended.largest);
            }
            self.settle();
        }
    }

    /// Marks a source as idle for `silent` nanoseconds: its watermark advances with the clock.
    pub fn silence(&mut self, source: usize, ns: i64) {
        if self.by == WatermarkBasis::Time {
            self.source(source).idle = Some(ns);
            self.settle();
        }
    }

    /// Marks a source without a record as idle.
    fn drain(&mut self, source: usize) {
        if self.by == WatermarkBasis::Time && self.source(source).largest == NEVER {
            self.silence(source, 0);
        }
    }

    /// Marks a source as one that will be read: it holds windows open from its largest time on.
    fn resume(&mut self, source: usize) {
        if self.by == WatermarkBasis::Time {
            self.sources.entry(source).or_insert(SourceWatermark::NEW).idle = None;
        }
    }

    /// Advances the clock.
    pub fn tick(&mut self, ns: i64) {
        match self.by {
            WatermarkBasis::Arrival | WatermarkBasis::Level => self.watermark = self.watermark.max(ns),
            WatermarkBasis::Time if self.sources.is_empty() && self.read_ns > NEVER => {
                // All connections ended and new ones may come: windows must not stay open for ever.
                let silent = ns.saturating_sub(self.read_ns);
                if silent >= self.idle && self.ended > NEVER {
                    let reached = self.ended.saturating_add(silent);
                    self.watermark = self.watermark.max(reached.saturating_sub(self.late));
                }
            }
            WatermarkBasis::Time | WatermarkBasis::Rows => {}
        }
    }

    /// Without a source for this many nanoseconds, the watermark advances with the clock.
    pub fn idle_after(mut self, ns: i64) -> Watermark {
        self.idle = ns;
        self
    }

    /// A source with new records holds windows open again.
    fn clock(&mut self, source: usize) -> SourceClock {
        let own = self.source(source);
        own.idle = None;
        let own = *own;
        let others = self.sources.iter();
        let others = others.filter(|(index, other)| **index != source && other.idle.is_none());
        SourceClock {
            watermark: self.watermark,
            largest: own.largest,
            candidate: own.candidate,
            others: others.map(|(_, other)| other.largest).min().unwrap_or(i64::MAX),
            late: self.late,
            max_jump: self.max_jump,
        }
    }

    /// Returns a source by its number; sources that connect later are idle until their first record.
    fn source(&mut self, index: usize) -> &mut SourceWatermark {
        self.sources.entry(index).or_insert(SourceWatermark { idle: Some(0), ..SourceWatermark::NEW })
    }

    /// Advances to the slowest of the active sources, else of the idle ones. Once all have ended, it advances to the
    /// largest time seen.
    fn settle(&mut self) {
        let sources = || self.sources.values();
        let live = sources().filter(|source| source.idle.is_none()).map(|source| source.largest).min();
        let reached = live.or_else(|| {
            // A source without records, such as a listening one, continues from the largest time of all.
            let largest = sources().map(|source| source.largest).fold(self.ended, i64::max);
            if self.sources.is_empty() {
                return Some(largest);
            }
            let moved = |source: &SourceWatermark| {
                let from = if source.largest == NEVER { largest } else { source.largest };
                source.moved_by().filter(|_| from > NEVER).map(|ns| from.saturating_add(ns))
            };
            sources().filter_map(moved).min()
        });
        if let Some(reached) = reached.filter(|reached| *reached > NEVER) {
            self.watermark = self.watermark.max(reached.saturating_sub(self.late));
        }
    }
}

#[cfg(test)]
mod tests;
