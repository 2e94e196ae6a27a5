//! Times without a year take it from the previous record: the state of time readers between records.
//!
//! Each place in the plan that reads times, a site, keeps its last time for each source. Several threads read records,
//! a chunk at a time; within a chunk the thread knows what came before. The first time of a chunk without a year
//! requests the last time of the chunks before, which waits until they have been read. Times with a year never request
//! it, so they never wait.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::heap_bytes::HeapBytes;
use super::super::persist::{Persist, StateError, StateReader};
use super::super::value::ValueRef;
use super::moment::ParsedTime;
use super::{moment_of, parse_moment};

/// A place in the plan that reads times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeSite(usize);

/// Sites are numbered as the plan is bound, so a run of the same expression has the same ones.
impl Persist for TimeSite {
    fn save(&self, out: &mut Vec<u8>) {
        (self.0 as u64).save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        usize::try_from(u64::load(input)?).map(TimeSite).map_err(|_| StateError::Damaged)
    }
}

impl HeapBytes for TimeSite {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// The last times that were read, by site.
pub type LastTimes = Vec<(TimeSite, i64)>;

/// Finds the last time of a site before the chunk that is being read.
pub type Earlier = Box<dyn Fn(TimeSite) -> Option<i64>>;

/// The state of this thread for the current chunk.
#[derive(Default)]
struct ChunkYears {
    last: LastTimes,
    earlier: Option<Earlier>,
}

thread_local! {
    static CHUNK: RefCell<ChunkYears> = const { RefCell::new(ChunkYears { last: Vec::new(), earlier: None }) };
}

/// Begins a chunk on this thread; `earlier` finds the last times of the chunks before.
pub fn begin_chunk(earlier: Earlier) {
    CHUNK.with_borrow_mut(|chunk| {
        chunk.last.clear();
        chunk.earlier = Some(earlier);
    });
}

/// Ends the chunk; returns the last time of each site that has read one.
pub fn end_chunk() -> LastTimes {
    CHUNK.with_borrow_mut(|chunk| {
        chunk.earlier = None;
        std::mem::take(&mut chunk.last)
    })
}

/// Returns the last times of the chunk so far.
pub fn last_times() -> LastTimes {
    CHUNK.with_borrow(|chunk| chunk.last.clone())
}

/// Replaces the last times; returns the previous ones.
pub fn replace_last_times(last: LastTimes) -> LastTimes {
    CHUNK.with_borrow_mut(|chunk| std::mem::replace(&mut chunk.last, last))
}

impl Default for TimeSite {
    fn default() -> Self {
        TimeSite::new()
    }
}

impl TimeSite {
    /// Makes a new site.
    pub fn new() -> TimeSite {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        TimeSite(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a reader for records of one source, in order.
    pub fn reader(self) -> TimeReader {
        TimeReader { site: Some(self), last: None }
    }

    fn before(self) -> Option<i64> {
        CHUNK.with_borrow(|chunk| {
            let own = chunk.last.iter().find(|(site, _)| *site == self);
            match own {
                Some((_, ns)) => Some(*ns),
                None => chunk.earlier.as_ref().and_then(|earlier| earlier(self)),
            }
        })
    }

    fn remember(self, ns: i64) {
        CHUNK.with_borrow_mut(|chunk| match chunk.last.iter_mut().find(|(site, _)| *site == self) {
            Some((_, last)) => *last = ns,
            None => chunk.last.push((self, ns)),
        });
    }
}

/// Reads one time after another.
#[derive(Debug)]
pub struct TimeReader {
    /// `None` if the reader's last time is not kept after it.
    site: Option<TimeSite>,
    /// The last time that this reader has read.
    last: Option<i64>,
}

impl TimeReader {
    /// Makes a reader without a previous record.
    pub fn detached() -> TimeReader {
        TimeReader { site: None, last: None }
    }

    /// Parses a whole text.
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Option<i64> {
        self.take(parse_moment(text)?)
    }

    /// Converts a value.
    #[inline]
    pub fn read_value(&mut self, value: ValueRef<'_>) -> Option<i64> {
        self.take(moment_of(value)?)
    }

    /// Completes a parsed time.
    #[inline]
    pub fn take(&mut self, moment: ParsedTime) -> Option<i64> {
        let ns = match moment {
            ParsedTime::At(ns) => ns,
            ParsedTime::Yearless(yearless) => {
                let before = || self.site.and_then(TimeSite::before);
                yearless.after(self.last.or_else(before))?
            }
        };
        self.last = Some(ns);
        Some(ns)
    }
}

impl Drop for TimeReader {
    fn drop(&mut self) {
        if let (Some(site), Some(ns)) = (self.site, self.last) {
            site.remember(ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parse_time;

    #[test]
    fn a_site_goes_on_from_chunk_to_chunk() {
        let site = TimeSite::new();
        let at = |text: &str| parse_time(text.as_bytes());
        let new_year = at("2015-12-31T23:59:59Z");
        begin_chunk(Box::new(move |_| new_year));
        assert_eq!(site.reader().read(b"Jan  1 00:00:00"), at("2016-01-01T00:00:00Z"));
        assert_eq!(site.reader().read(b"Feb 29 00:00:00"), at("2016-02-29T00:00:00Z"));
        assert_eq!(site.reader().read(b"soon"), None);
        let saved = last_times();
        assert_eq!(site.reader().read(b"2020-01-01"), at("2020-01-01"));
        assert_eq!(site.reader().read(b"Jan  2 00:00:00"), at("2020-01-02"));
        replace_last_times(saved);
        assert_eq!(site.reader().read(b"Jan  2 00:00:00"), at("2016-01-02"));
        assert_eq!(Some(end_chunk()), at("2016-01-02").map(|ns| vec![(site, ns)]));
    }
}
