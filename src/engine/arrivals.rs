//! Arrival times of the records of a chunk.
//!
//! A chunk of a pipe or socket holds the bytes of several reads, each with its own time. One run of bytes is kept per
//! read that ended a record. A chunk of one read, and every chunk of a file, has one time and no runs. A record arrives
//! when its last byte is read.

use std::ops::Range;
use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Batch, Column, Slot, Value, count_records};

use super::chunk::Piece;

/// Pieces are split no smaller than this: each costs a pass through all stages.
const PART_BYTES: usize = 4 << 10;

/// Bytes whose records have one arrival time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// End of the run. It begins where the run before it ends.
    end: usize,
    /// In nanoseconds since 1970.
    read_ns: i64,
}

/// Runs of whole records, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrivals {
    runs: Vec<Run>,
}

impl Arrivals {
    /// Sets the arrival time of the records that end after the last run, up to `end`.
    pub(super) fn note(&mut self, end: usize, read_ns: i64) {
        match self.runs.last_mut() {
            Some(last) if last.end >= end => {}
            Some(last) if last.read_ns == read_ns => last.end = end,
            None if end == 0 => {}
            _ => self.runs.push(Run { end, read_ns }),
        }
    }

    /// Removes the first `bytes` bytes.
    pub(super) fn drop_front(&mut self, bytes: usize) {
        self.runs.retain(|run| run.end > bytes);
        self.runs.iter_mut().for_each(|run| run.end -= bytes);
    }

    /// Splits off the runs of the first `bytes` bytes.
    pub(super) fn cut(&mut self, bytes: usize) -> Arrivals {
        let mut front = self.clone();
        front.runs.retain(|run| run.end <= bytes);
        self.drop_front(bytes);
        if let Some(run) = self.runs.first() {
            front.note(bytes, run.read_ns); // no run is added if the last one ends there
        }
        front
    }

    /// The time of the last run.
    pub(super) fn last_ns(&self) -> Option<i64> {
        self.runs.last().map(|run| run.read_ns)
    }

    /// Raises earlier times to `least_ns`, which windows have already seen.
    pub(super) fn raise(&mut self, least_ns: i64) {
        let raise = |run: &mut Run| run.read_ns = run.read_ns.max(least_ns);
        self.runs.iter_mut().for_each(raise);
    }
}

impl Persist for Arrivals {
    fn save(&self, out: &mut Vec<u8>) {
        self.runs.iter().map(|run| (run.end as u64, run.read_ns)).collect::<Vec<_>>().save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut runs = Vec::new();
        for (end, read_ns) in Vec::<(u64, i64)>::load(input)? {
            runs.push(Run { end: usize::try_from(end).map_err(|_| StateError::Damaged)?, read_ns });
        }
        if runs.is_sorted_by(|left, right| left.end < right.end) {
            Ok(Arrivals { runs })
        } else {
            Err(StateError::Damaged)
        }
    }
}

/// Arrival times of the chunk that a worker processes.
#[derive(Clone, Debug)]
pub(super) struct ChunkArrivals {
    /// The time of the last read.
    read_ns: i64,
    /// After several reads: their runs, and the address range of the chunk.
    several: Option<Arc<(Arrivals, Range<usize>)>>,
}

impl ChunkArrivals {
    pub(super) fn new(read_ns: i64, arrivals: Arrivals, bytes: &[u8]) -> ChunkArrivals {
        let several = arrivals.runs.len() > 1;
        ChunkArrivals { read_ns, several: several.then(|| Arc::new((arrivals, addresses(bytes)))) }
    }

    /// Splits pieces between reads, so that most have one arrival time: a column of times costs more than a constant.
    /// Small pieces stay whole. `at_records`: runs end where records do.
    pub(super) fn part<'b>(&self, pieces: Vec<Piece<'b>>, at_records: bool) -> Vec<Piece<'b>> {
        if self.several.is_none() || !at_records {
            return pieces;
        }
        let mut parted = Vec::with_capacity(2 * pieces.len());
        for piece in pieces {
            let mut rest = match piece {
                Piece::Records(bytes) => bytes,
                Piece::Overlong => {
                    parted.push(Piece::Overlong);
                    continue;
                }
            };
            while let Some(end) = self.first_part(rest) {
                let (part, others) = rest.split_at(end);
                parted.push(Piece::Records(part));
                rest = others;
            }
            parted.push(Piece::Records(rest));
        }
        parted
    }

    /// Where to split these bytes, if that is worth it.
    fn first_part(&self, bytes: &[u8]) -> Option<usize> {
        let runs = self.runs_of(bytes);
        let small = runs.partition_point(|(end, _)| *end < PART_BYTES);
        let large = runs.get(small).map(|(end, _)| *end)?;
        let before = small.checked_sub(1).map(|last| runs[last].0);
        let end = before.filter(|before| large - before >= PART_BYTES).unwrap_or(large);
        Some(end).filter(|end| *end < bytes.len())
    }

    /// The arrival time of each row. The rows were scanned from `bytes`: each is the text in the column `texts`, or
    /// else a line.
    pub(super) fn column(&self, bytes: &[u8], batch: &Batch<'_>, texts: Option<Slot>) -> Column<'static> {
        let runs = self.runs_of(bytes);
        let [(_, first_ns), .., _] = runs.as_slice() else {
            let read_ns = runs.first().map_or(self.read_ns, |(_, read_ns)| *read_ns);
            return Column::Constant(Value::Time(read_ns), batch.rows);
        };
        let mut times = Vec::with_capacity(batch.rows);
        match texts.and_then(|slot| batch.get(slot)) {
            Some(Column::Text(texts)) => {
                let mut run = 0;
                for span in &texts.spans {
                    // An empty line arrives with its terminator.
                    let end = span.start as usize + (span.len as usize).max(1);
                    while run + 1 < runs.len() && end > runs[run].0 {
                        run += 1;
                    }
                    times.push(Value::Time(runs[run].1));
                }
            }
            _ => {
                let mut start = 0;
                for (end, read_ns) in &runs {
                    let records = count_records(&bytes[start..*end]);
                    times.extend(std::iter::repeat_n(Value::Time(*read_ns), records));
                    start = *end;
                }
            }
        }
        // Every scanner reports where its rows are, so this only pads after a fault in one.
        times.resize(batch.rows, Value::Time(*first_ns));
        Column::Values(times)
    }

    /// The runs that overlap these bytes, as offsets into them, with their times.
    fn runs_of(&self, bytes: &[u8]) -> Vec<(usize, i64)> {
        let Some((arrivals, chunk)) = self.several.as_deref() else {
            return Vec::new();
        };
        let own = addresses(bytes);
        if own.start < chunk.start || own.end > chunk.end {
            return Vec::new(); // the bytes were copied, so their runs are unknown
        }
        let (start, end) = (own.start - chunk.start, own.end - chunk.start);
        let first = arrivals.runs.partition_point(|run| run.end <= start);
        let mut runs = Vec::new();
        for run in &arrivals.runs[first..] {
            runs.push((run.end.min(end) - start, run.read_ns));
            if run.end >= end {
                break;
            }
        }
        runs
    }
}

/// The address range of bytes.
fn addresses(bytes: &[u8]) -> Range<usize> {
    let range = bytes.as_ptr_range();
    range.start as usize..range.end as usize
}

/// Arrival times of the rows of a batch, from their column.
pub(super) enum Arrived {
    /// One time for all rows.
    At(i64),
    /// A time per row.
    Each(Vec<i64>),
}

impl Arrived {
    /// Reads the column; rows without a value arrived at `read_ns`.
    pub(super) fn of(batch: &Batch<'_>, slot: Slot, read_ns: i64) -> Arrived {
        let ns = |value: &Value| match value {
            Value::Time(ns) => *ns,
            _ => read_ns,
        };
        match batch.get(slot) {
            Some(Column::Constant(value, _)) => Arrived::At(ns(value)),
            Some(Column::Values(values)) => Arrived::Each(values.iter().map(ns).collect()),
            _ => Arrived::At(read_ns),
        }
    }

    /// The time of each of `rows` rows.
    pub(super) fn times(self, rows: usize) -> Vec<i64> {
        match self {
            Arrived::At(ns) => vec![ns; rows],
            Arrived::Each(times) => times,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Bytes, Position, TextColumn, TextSpan};
    use proptest::prelude::*;

    fn arrivals(runs: &[(usize, i64)]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        runs.iter().for_each(|(end, ns)| arrivals.note(*end, *ns));
        arrivals
    }

    fn times(column: &Column<'_>) -> Vec<i64> {
        let time = |row| match column.get(row).to_value() {
            Value::Time(ns) => ns,
            other => panic!("{other:?}"),
        };
        (0..column.len()).map(time).collect()
    }

    #[test]
    fn a_read_that_ends_no_record_has_no_run() {
        let mut own = arrivals(&[(0, 1), (4, 1), (4, 2), (6, 3), (8, 3)]);
        assert_eq!(own, arrivals(&[(4, 1), (8, 3)]));
        own.raise(2);
        assert_eq!(own, arrivals(&[(4, 2), (8, 3)]));
        assert_eq!(own.last_ns(), Some(3));
    }

    #[test]
    fn every_line_has_the_time_of_its_read() {
        let bytes = b"a\nbb\ncc\nd\n";
        let own = arrivals(&[(2, 10), (8, 20), (10, 30)]);
        let own = ChunkArrivals::new(30, own, bytes);
        for (piece, expected) in [
            (&bytes[..], &[10, 20, 20, 30][..]),
            (&bytes[2..8], &[20, 20]),
            (&bytes[5..], &[20, 30]),
            (b"copied\n", &[30]),
        ] {
            let batch = Batch::new(count_records(piece), Position(0));
            assert_eq!(times(&own.column(piece, &batch, None)), expected);
        }
        let text = |start, end| TextSpan::new(start, end);
        let spans = vec![text(0, 1), text(2, 2), text(3, 4), text(5, 8), text(8, 8), text(9, 10)];
        let mut batch = Batch::new(spans.len(), Position(0));
        let bytes = Bytes::Borrowed(&bytes[..]);
        batch.set(Slot(0), Column::Text(TextColumn { bytes: bytes.clone(), spans }));
        let column = own.column(&bytes, &batch, Some(Slot(0)));
        assert_eq!(times(&column), [10, 20, 20, 20, 30, 30]);
    }

    #[test]
    fn large_reads_are_pieces_of_their_own_and_small_ones_stay_together() {
        let bytes = vec![b'\n'; 60_000];
        let ends = [10_000, 10_100, 10_200, 30_000, 30_001, 34_500, 34_501, 60_000];
        let runs: Vec<(usize, i64)> = ends.into_iter().zip(1..).collect();
        let own = ChunkArrivals::new(9, arrivals(&runs), &bytes);
        let pieces = vec![Piece::Records(&bytes[..20_000]), Piece::Records(&bytes[20_000..])];
        let lengths = |pieces: Vec<Piece<'_>>| {
            let length = |piece: &Piece<'_>| match piece {
                Piece::Records(bytes) => bytes.len(),
                Piece::Overlong => 0,
            };
            pieces.iter().map(length).collect::<Vec<usize>>()
        };
        assert_eq!(lengths(own.part(pieces, true)), [10_000, 200, 9_800, 10_000, 1, 4_499, 1, 25_499]);
        let whole = vec![Piece::Records(&bytes[..])];
        assert_eq!(lengths(own.part(whole, false)), [60_000]);
    }

    proptest! {
        #[test]
        fn a_cut_keeps_the_time_of_every_byte(steps in proptest::collection::vec((1usize..5, 0i64..4), 1..8), at in 0usize..30) {
            let mut runs = Vec::new();
            for (bytes, ns) in steps {
                let (end, last) = runs.last().copied().unwrap_or((0, 0));
                runs.push((end + bytes, last + ns));
            }
            let of_bytes = |own: &Arrivals| {
                let mut times = Vec::new();
                own.runs.iter().for_each(|run| times.resize(run.end, run.read_ns));
                times
            };
            let mut back = arrivals(&runs);
            let all = of_bytes(&back);
            let at = at.min(all.len());
            let front = back.cut(at);
            prop_assert_eq!([of_bytes(&front), of_bytes(&back)].concat(), all);
            prop_assert_eq!(of_bytes(&front).len(), at);
        }
    }
}
