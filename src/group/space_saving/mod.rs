//! Approximate counts of the most frequent keys in a fixed number of counters.
//!
//! The algorithm is Space-Saving (A. Metwally, D. Agrawal, A. El Abbadi, *Efficient Computation of Frequent and Top-k
//! Elements in Data Streams*, ICDT 2005). Each counter has a key. A record whose key has no counter takes the counter
//! with the smallest count, adds one to that count, and keeps the old count as the counter's error: the new key may
//! have had that many records before, but not more. So with n records and N counters:
//!
//! - the true count of a key is at most its count, and at least its count less its error;
//! - the smallest count, and with it every error, is at most n/N;
//! - a key without a counter has at most as many records as the smallest count, so every key with more than n/N
//!   records has a counter;
//! - with at most N distinct keys, all counts are exact.
//!
//! Counters are kept as the paper's *stream summary*: lists of counters with equal counts, in ascending order of the
//! counts, so that a record takes constant time. Among equal counts, the counter that reached the count first is
//! replaced first. The result depends on the order of the records and on nothing else.
//!
//! Summaries of parts of a stream are merged by adding the counts of each key (P. Agarwal et al., *Mergeable Summaries*,
//! PODS 2012). A key without a counter in a full summary counts there with the smallest count as its count and as its
//! error. The N largest sums stay. All of the bounds above hold for the merged summary: for any N keys, the added counts
//! are at most all records, so the smallest count is at most n/N; and a key that was dropped has at most as many
//! records as its sum, which is at most the smallest count that stays.

mod state;
#[cfg(test)]
mod tests;

use super::table::{GroupTable, Keys, NO_GROUP};
use super::{compare_keys, keys::encode_part};
use crate::data::{Column, HeapBytes, KeyKind, buffer_bytes, encode_key};

/// The counters of a stream. A counter has the number of its key's group.
#[derive(Debug)]
pub(crate) struct SpaceSaving {
    /// The largest number of counters; at least one.
    capacity: usize,
    /// The number of columns of a key.
    columns: usize,
    table: GroupTable,
    counters: Vec<Counter>,
    buckets: Vec<Bucket>,
    /// Buckets that are not in use.
    free: Vec<u32>,
    /// The bucket with the smallest count.
    lowest: u32,
    /// Long keys are tidied when they take more bytes than this.
    most_long_bytes: usize,
    /// The number of the current block of rows, and the groups found for it.
    block: u32,
    groups: Vec<u32>,
    /// Scratch buffer for one key.
    key: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Counter {
    error: u64,
    bucket: u32,
    /// The neighbours among the counters of the bucket.
    previous: u32,
    next: u32,
    /// The last block in which its key was replaced.
    replaced_in: u32,
}

/// The counters with a certain count, in the order in which they reached it.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    count: u64,
    first: u32,
    last: u32,
    /// The buckets with the next smaller and the next larger count.
    lower: u32,
    higher: u32,
}

/// No counter, or no bucket.
const NONE: u32 = u32::MAX;

/// Rows that are looked up together.
const BLOCK_ROWS: usize = 128;

/// Long keys are not tidied below this size.
const MIN_LONG_BYTES: usize = 1 << 16;

impl SpaceSaving {
    /// Starts without records. Keys have this number of columns.
    pub(crate) fn new(capacity: usize, columns: usize) -> SpaceSaving {
        SpaceSaving {
            capacity,
            columns,
            table: GroupTable::with_capacity(0),
            counters: Vec::new(),
            buckets: Vec::new(),
            free: Vec::new(),
            lowest: NONE,
            most_long_bytes: MIN_LONG_BYTES,
            block: 0,
            groups: Vec::new(),
            key: Vec::new(),
        }
    }

    /// The keys, one for each counter.
    pub(crate) fn keys(&self) -> &Keys {
        &self.table.keys
    }

    /// The largest number of records that a key may have.
    pub(crate) fn count(&self, counter: u32) -> u64 {
        self.buckets[self.counters[counter as usize].bucket as usize].count
    }

    /// The largest number by which the count exceeds the number of records.
    pub(crate) fn error(&self, counter: u32) -> u64 {
        self.counters[counter as usize].error
    }

    /// Adds a batch of records with these keys.
    pub(crate) fn add(&mut self, columns: &[&Column<'_>], rows: usize) {
        let mut key = std::mem::take(&mut self.key);
        match columns {
            [Column::Text(texts)] => {
                // Blocks are looked up together: most records have keys with counters, and for the others the lookup
                // has loaded the slots that are searched again.
                let mut groups = std::mem::take(&mut self.groups);
                for spans in texts.spans.chunks(BLOCK_ROWS) {
                    groups.clear();
                    self.table.find_spans(spans, &texts.bytes, &mut groups);
                    self.block = self.block.wrapping_add(1);
                    for (span, group) in spans.iter().zip(&groups) {
                        if *group != NO_GROUP && self.counters[*group as usize].replaced_in != self.block {
                            self.increment(*group);
                        } else {
                            let kind = if span.is_null() { KeyKind::Null } else { KeyKind::Text };
                            self.add_key(kind, span.slice(&texts.bytes));
                        }
                    }
                }
                self.groups = groups;
            }
            [column] => {
                for row in 0..rows {
                    key.clear();
                    let kind = encode_key(column.get(row), &mut key);
                    self.add_key(kind, &key);
                }
            }
            columns => {
                for row in 0..rows {
                    key.clear();
                    columns.iter().for_each(|column| encode_part(column.get(row), &mut key));
                    self.add_key(KeyKind::Tuple, &key);
                }
            }
        }
        self.key = key;
    }

    /// Adds a record.
    fn add_key(&mut self, kind: KeyKind, bytes: &[u8]) {
        let found = self.table.find(kind, bytes);
        if found != NO_GROUP {
            return self.increment(found);
        }
        if self.counters.len() < self.capacity {
            let counter = self.table.group_of(kind, bytes);
            self.counters.push(Counter { error: 0, bucket: NONE, previous: NONE, next: NONE, replaced_in: self.block });
            let bucket = match self.buckets.get(self.lowest as usize) {
                Some(lowest) if lowest.count == 1 => self.lowest,
                _ => self.add_bucket(1, NONE),
            };
            return self.append(counter, bucket);
        }
        let Bucket { count, first, .. } = self.buckets[self.lowest as usize];
        self.table.replace(first, kind, bytes);
        if self.table.keys.long_bytes() > self.most_long_bytes {
            self.table.keys.tidy();
            self.most_long_bytes = (2 * self.table.keys.long_bytes()).max(MIN_LONG_BYTES);
        }
        let counter = &mut self.counters[first as usize];
        (counter.error, counter.replaced_in) = (count, self.block);
        self.increment(first);
    }

    /// Adds one to a count.
    fn increment(&mut self, counter: u32) {
        let from = self.counters[counter as usize].bucket;
        let Bucket { count, first, last, higher, .. } = self.buckets[from as usize];
        let next = self.buckets.get(higher as usize).filter(|next| next.count == count + 1).map(|_| higher);
        if first == last {
            match next {
                None => self.buckets[from as usize].count += 1, // it has the counter to itself
                Some(next) => {
                    self.remove_bucket(from);
                    self.append(counter, next);
                }
            }
            return;
        }
        self.detach(counter);
        let to = next.unwrap_or_else(|| self.add_bucket(count + 1, from));
        self.append(counter, to);
    }

    /// Adds an empty bucket after another, or before all.
    fn add_bucket(&mut self, count: u64, lower: u32) -> u32 {
        let higher = if lower == NONE { self.lowest } else { self.buckets[lower as usize].higher };
        let bucket = Bucket { count, first: NONE, last: NONE, lower, higher };
        let number = match self.free.pop() {
            Some(number) => {
                self.buckets[number as usize] = bucket;
                number
            }
            None => {
                self.buckets.push(bucket);
                self.buckets.len() as u32 - 1
            }
        };
        self.link(lower, number);
        self.link(number, higher);
        number
    }

    fn remove_bucket(&mut self, number: u32) {
        let Bucket { lower, higher, .. } = self.buckets[number as usize];
        self.link(lower, higher);
        self.free.push(number);
    }

    /// Makes two buckets neighbours; either may be [`NONE`].
    fn link(&mut self, lower: u32, higher: u32) {
        match self.buckets.get_mut(lower as usize) {
            Some(lower) => lower.higher = higher,
            None => self.lowest = higher,
        }
        if let Some(higher) = self.buckets.get_mut(higher as usize) {
            higher.lower = lower;
        }
    }

    /// Appends a counter to a bucket.
    fn append(&mut self, counter: u32, bucket: u32) {
        let last = std::mem::replace(&mut self.buckets[bucket as usize].last, counter);
        match self.counters.get_mut(last as usize) {
            Some(last) => last.next = counter,
            None => self.buckets[bucket as usize].first = counter,
        }
        let counter = &mut self.counters[counter as usize];
        (counter.bucket, counter.previous, counter.next) = (bucket, last, NONE);
    }

    /// Removes a counter from a bucket that has others.
    fn detach(&mut self, counter: u32) {
        let Counter { bucket, previous, next, .. } = self.counters[counter as usize];
        match self.counters.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.buckets[bucket as usize].first = next,
        }
        match self.counters.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.buckets[bucket as usize].last = previous,
        }
    }

    /// The counters in the order in which they would be replaced: by count, then by the time they reached it.
    fn in_order(&self) -> impl Iterator<Item = u32> + '_ {
        let bucket = |number: u32| self.buckets.get(number as usize);
        let buckets = std::iter::successors(bucket(self.lowest), move |last| bucket(last.higher));
        let counter = |number: u32| (number != NONE).then_some(number);
        buckets.flat_map(move |bucket| {
            std::iter::successors(counter(bucket.first), move |last| counter(self.counters[*last as usize].next))
        })
    }

    /// The largest number of records of a key without a counter.
    fn most_of_others(&self) -> u64 {
        match self.buckets.get(self.lowest as usize) {
            Some(lowest) if self.counters.len() >= self.capacity => lowest.count,
            _ => 0,
        }
    }

    /// Adds the counts of a later part of the stream, made with the same settings.
    pub(crate) fn merge(&mut self, later: SpaceSaving) {
        if later.counters.is_empty() {
            return;
        }
        if self.counters.is_empty() {
            *self = later;
            return;
        }
        let (most, most_later) = (self.most_of_others(), later.most_of_others());
        let mut short = [0; 16];
        let sum = |left: u64, right: u64| left.saturating_add(right);
        let mut sums: Vec<Sum<'_>> = Vec::with_capacity(self.counters.len() + later.counters.len());
        for counter in self.in_order() {
            let (kind, bytes) = self.table.keys.get(counter as usize, &mut short);
            let (count, error) = match later.table.find(kind, bytes) {
                NO_GROUP => (most_later, most_later),
                other => (later.count(other), later.error(other)),
            };
            let (count, error) = (sum(self.count(counter), count), sum(self.error(counter), error));
            sums.push(Sum { keys: &self.table.keys, group: counter, count, error });
        }
        for counter in later.in_order() {
            let (kind, bytes) = later.table.keys.get(counter as usize, &mut short);
            if self.table.find(kind, bytes) == NO_GROUP {
                let (count, error) = (sum(later.count(counter), most), sum(later.error(counter), most));
                sums.push(Sum { keys: &later.table.keys, group: counter, count, error });
            }
        }
        sums.sort_by_key(|sum| sum.count); // stable: among equals, those of the earlier part come first
        let dropped = sums.len().saturating_sub(self.capacity);
        let mut merged = SpaceSaving::new(self.capacity, self.columns);
        for Sum { keys, group, count, error } in sums.drain(dropped..) {
            merged.table.group_of_stored(keys, group as usize);
            merged.push_largest(count, error);
        }
        *self = merged;
    }

    /// Adds the counter of the last key; no other has a larger count.
    fn push_largest(&mut self, count: u64, error: u64) {
        let counter = self.counters.len() as u32;
        let last = self.counters.last().map_or(NONE, |last| last.bucket);
        self.counters.push(Counter { error, bucket: NONE, previous: NONE, next: NONE, replaced_in: self.block });
        let bucket = match self.buckets.get(last as usize) {
            Some(bucket) if bucket.count == count => last,
            _ => self.add_bucket(count, last),
        };
        self.append(counter, bucket);
    }

    /// The counters with the largest counts, in the order of a result: largest first, ties by key.
    pub(crate) fn largest(&self, limit: usize) -> Vec<u32> {
        let mut counters: Vec<u32> = (0..self.counters.len() as u32).collect();
        let keys = &self.table.keys;
        let compare = |left: &u32, right: &u32| {
            self.count(*right).cmp(&self.count(*left)).then_with(|| {
                let (mut left_short, mut right_short) = ([0; 16], [0; 16]);
                let left = keys.get(*left as usize, &mut left_short);
                compare_keys(left, keys.get(*right as usize, &mut right_short))
            })
        };
        if limit == 0 {
            return Vec::new();
        }
        if limit < counters.len() {
            counters.select_nth_unstable_by(limit - 1, compare);
            counters.truncate(limit);
        }
        counters.sort_unstable_by(compare);
        counters
    }
}

/// The added counts of a key.
struct Sum<'k> {
    keys: &'k Keys,
    group: u32,
    count: u64,
    error: u64,
}

impl HeapBytes for SpaceSaving {
    fn heap_bytes(&self) -> usize {
        let lists = buffer_bytes(&self.counters) + buffer_bytes(&self.buckets) + buffer_bytes(&self.free);
        self.table.heap_bytes() + lists + buffer_bytes(&self.groups) + buffer_bytes(&self.key)
    }
}
