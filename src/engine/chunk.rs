//! Chunks: reads a range of a file such that exactly one worker reads each record, and cuts what was read into pieces
//! of whole records that fit the cache.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use memchr::{memchr, memrchr};

use crate::data::{Framing, RecordCursor, reason, trim_terminator};

use super::message::FileRange;
use super::offsets::ChunkOffset;
use crate::source::offset::{FileTail, Place, SourceOffset};

/// Bytes per batch: columns of this size fit the second-level cache.
const PIECE_BYTES: usize = 64 << 10;

/// Bytes read after a range's end at first: few records are longer.
const MARGIN_BYTES: usize = 4 << 10;

/// A larger buffer is freed.
const KEPT_BYTES: usize = 4 << 20;

/// The records that begin in a range.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// Where they are in the buffer.
    pub(super) start: usize,
    pub(super) end: usize,
    /// An overlong record follows them.
    pub(super) overlong: bool,
    /// Why reading stopped.
    pub(super) error: Option<String>,
    /// The position in the file after the records.
    pub(super) offset: ChunkOffset,
}

/// Whole records, or an overlong record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    Records(&'b [u8]),
    Overlong,
}

/// Reads all records that begin in a range. A record begins after a newline, so the byte before the range is read as
/// well, and after its end as much as the last record needs.
pub(super) fn load(range: &FileRange, max_line_bytes: usize, buffer: &mut Vec<u8>) -> Loaded {
    let is_first = range.low == range.first;
    let from = if is_first { range.low } else { range.low - 1 };
    let mut bytes = Filled { buffer, len: 0 };
    let want = (range.high - from) as usize + MARGIN_BYTES;
    let mut loaded = Loaded::default();
    let mut ended = match bytes.extend(&range.file, from, want.min((range.end - from) as usize)) {
        Ok(ended) => ended || from + bytes.len as u64 == range.end,
        Err(error) => {
            loaded.error = Some(reason(&error));
            true
        }
    };
    if ended && loaded.error.is_none() && from + (bytes.len as u64) < range.end.min(range.high) {
        loaded.error = Some("became shorter while it was read".to_owned());
    }
    loaded.start = if is_first { 0 } else { memchr(b'\n', bytes.filled()).map_or(bytes.len, |newline| newline + 1) };
    let high = (range.high - from) as usize; // the first byte of the next range
    if loaded.start >= high.min(bytes.len) {
        loaded.end = loaded.start;
        return loaded;
    }
    let mut searched = high - 1;
    loop {
        if let Some(newline) = memchr(b'\n', &bytes.filled()[searched.min(bytes.len)..]) {
            loaded.end = searched + newline + 1;
            break;
        }
        searched = bytes.len;
        if ended {
            loaded.end = bytes.len;
            break;
        }
        let last =
            memrchr(b'\n', &bytes.filled()[..high]).map_or(loaded.start, |newline| (newline + 1).max(loaded.start));
        // One byte more than the maximum can still be the `\r` of the record's end.
        if bytes.len - last > max_line_bytes.saturating_add(1) {
            (loaded.end, loaded.overlong) = (last, true);
            break;
        }
        let at = from + bytes.len as u64;
        let more = bytes.len.min((range.end - at) as usize);
        ended = match bytes.extend(&range.file, at, more) {
            Ok(ended) => ended || from + bytes.len as u64 == range.end,
            Err(error) => {
                loaded.error = Some(reason(&error));
                true
            }
        };
    }
    loaded.offset = offset_after(&loaded, range, &bytes.filled()[loaded.start..loaded.end], from);
    loaded
}

/// Returns the position in the file after the records that begin in a range; `from` is the offset of the bytes that were
/// read.
fn offset_after(loaded: &Loaded, range: &FileRange, records: &[u8], from: u64) -> ChunkOffset {
    let Some(file) = range.identity else {
        return ChunkOffset::Unknown;
    };
    ChunkOffset::At(match loaded.overlong {
        // The next range begins after the record, which has the last byte of this one.
        true => SourceOffset { place: Place::Overlong { in_line: true }, ..SourceOffset::at(file, range.high - 1) },
        false => SourceOffset { tail: FileTail::of(records), ..SourceOffset::at(file, from + loaded.end as u64) },
    })
}

/// Frees a buffer that an unusual record has made large.
pub(super) fn shrink(buffer: &mut Vec<u8>) {
    if buffer.len() > KEPT_BYTES {
        *buffer = Vec::new();
    }
}

/// The bytes read so far. The buffer keeps its largest length, so that it is zeroed only once.
struct Filled<'b> {
    buffer: &'b mut Vec<u8>,
    len: usize,
}

impl Filled<'_> {
    fn filled(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// Reads up to `bytes` bytes at an offset; returns true at the end of the file.
    fn extend(&mut self, file: &File, offset: u64, bytes: usize) -> io::Result<bool> {
        let wanted = self.len + bytes;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let mut offset = offset;
        while self.len < wanted {
            match file.read_at(&mut self.buffer[self.len..wanted], offset) {
                Ok(0) => return Ok(true),
                Ok(read) => {
                    self.len += read;
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}

/// Cuts records into pieces. A record longer than `max_line_bytes` is a piece of its own.
pub(super) fn pieces(bytes: &[u8], framing: Framing, max_line_bytes: usize) -> Vec<Piece<'_>> {
    if !framing.is_plain(bytes) {
        return quoted_pieces(bytes, framing, max_line_bytes);
    }
    let mut pieces = Vec::with_capacity(bytes.len() / PIECE_BYTES + 1);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(piece_end(rest));
        if piece.len() > max_line_bytes {
            part_overlong(piece, max_line_bytes, &mut pieces);
        } else {
            pieces.push(Piece::Records(piece));
        }
        rest = tail;
    }
    pieces
}

/// Cuts records that may have newlines in quotes. A record with an unclosed quote ends its piece, so that the piece
/// alone gives the same records.
fn quoted_pieces(bytes: &[u8], framing: Framing, max_line_bytes: usize) -> Vec<Piece<'_>> {
    let mut pieces = Vec::with_capacity(bytes.len() / PIECE_BYTES + 1);
    let (mut good, mut start) = (0, 0); // starts of the next piece and of this record
    RecordCursor::new(framing, max_line_bytes).each_end(bytes, true, |end, gave_up| {
        let is_overlong = framing.trim(&bytes[start..end]).len() > max_line_bytes;
        if good < start && (is_overlong || end - good > PIECE_BYTES) {
            pieces.push(Piece::Records(&bytes[good..start]));
            good = start;
        }
        if is_overlong {
            pieces.push(Piece::Overlong);
            good = end;
        } else if gave_up {
            pieces.push(Piece::Records(&bytes[good..end]));
            good = end;
        }
        start = end;
    });
    if good < bytes.len() {
        pieces.push(Piece::Records(&bytes[good..]));
    }
    pieces
}

/// The end of the first piece: the last newline that fits, else the first one.
fn piece_end(bytes: &[u8]) -> usize {
    if bytes.len() <= PIECE_BYTES {
        return bytes.len();
    }
    memrchr(b'\n', &bytes[..PIECE_BYTES])
        .or_else(|| memchr(b'\n', &bytes[PIECE_BYTES..]).map(|newline| PIECE_BYTES + newline))
        .map_or(bytes.len(), |newline| newline + 1)
}

/// Splits overlong records from the others.
fn part_overlong<'b>(bytes: &'b [u8], max_line_bytes: usize, pieces: &mut Vec<Piece<'b>>) {
    let mut good = 0; // start of the next piece
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |newline| start + newline + 1);
        let line = trim_terminator(&bytes[start..end]);
        if line.len() > max_line_bytes {
            if good < start {
                pieces.push(Piece::Records(&bytes[good..start]));
            }
            pieces.push(Piece::Overlong);
            good = end;
        }
        start = end;
    }
    if good < bytes.len() {
        pieces.push(Piece::Records(&bytes[good..]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::sync::Arc;

    /// All records of a file, read by ranges of `range_bytes`.
    fn by_ranges(content: &[u8], range_bytes: u64, max_line_bytes: usize) -> (Vec<u8>, usize) {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content).expect("it takes all");
        let (file, end) = (Arc::new(file), content.len() as u64);
        let (mut joined, mut overlong, mut low) = (Vec::new(), 0, 0);
        let mut buffer = Vec::new();
        while low < end {
            let high = (low + range_bytes).min(end);
            let loaded = load(
                &FileRange { file: Arc::clone(&file), identity: None, first: 0, low, high, end },
                max_line_bytes,
                &mut buffer,
            );
            assert_eq!(loaded.error, None);
            for piece in pieces(&buffer[loaded.start..loaded.end], Framing::Lines, max_line_bytes) {
                match piece {
                    Piece::Records(bytes) => joined.extend_from_slice(bytes),
                    Piece::Overlong => overlong += 1,
                }
            }
            overlong += usize::from(loaded.overlong);
            low = high;
        }
        (joined, overlong)
    }

    proptest! {
        #[test]
        fn every_record_is_read_once(content in "[ab\n]{0,80}", range_bytes in 1u64..30) {
            let (joined, overlong) = by_ranges(content.as_bytes(), range_bytes, 1000);
            prop_assert_eq!(joined, content.into_bytes());
            prop_assert_eq!(overlong, 0);
        }

        #[test]
        fn overlong_records_are_left_out_wherever_they_are_cut(content in "[ab\n]{0,80}", range_bytes in 1u64..30, max in 1usize..6) {
            let (joined, overlong) = by_ranges(content.as_bytes(), range_bytes, max);
            let lines = content.split_inclusive('\n');
            let (long, good): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.trim_end_matches('\n').len() > max);
            prop_assert_eq!(String::from_utf8(joined).expect("the test's own text"), good.concat());
            prop_assert_eq!(overlong, long.len());
        }
    }

    #[test]
    fn records_longer_than_the_margin_are_followed() {
        let content = [vec![b'x'; 100_000], vec![b'\n'], vec![b'y'; 100_000], b"\nz".to_vec()].concat();
        for range_bytes in [1000, 70_000, 300_000] {
            assert_eq!(by_ranges(&content, range_bytes, 1 << 20), (content.clone(), 0));
            assert_eq!(by_ranges(&content, range_bytes, 1 << 12), (b"z".to_vec(), 2));
        }
    }
}
