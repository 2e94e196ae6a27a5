//! Scanners, which turn bytes into the first batch, and the search of 64 bytes at a time.

use wide::u8x16;

use super::batch::{Batch, Slot};
use super::position::Position;

/// Turns whole records into the first batch of a pipeline.
///
/// The plan chooses one: usually lines become a column of lines, but the first stage may read the bytes itself (`match`
/// searches all of them for its text before it looks for lines, `split` for its separators), and if nothing reads the
/// records they are only counted.
pub trait Scanner: Send + Sync {
    /// Makes a batch of records: lines, each ended by `\n` except perhaps the last. Called for each piece of a chunk,
    /// in order, on any worker.
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a>;

    /// True if every record becomes one row, so that records need not be counted.
    fn keeps_all(&self) -> bool {
        false
    }

    /// Returns the slot of the texts that rows were made from, in byte order. Without one, each line is a row.
    fn texts(&self) -> Option<Slot> {
        None
    }

    /// True if a record may become several rows; otherwise a record without a row was filtered.
    fn explodes(&self) -> bool {
        false
    }
}

/// Counts whole records: newlines, and one more if the last record has none.
pub fn count_records(bytes: &[u8]) -> usize {
    let newlines = memchr::memchr_iter(b'\n', bytes).count();
    newlines + usize::from(bytes.last().is_some_and(|last| *last != b'\n'))
}

/// Returns a line without its terminator: `\n`, or `\r\n`.
#[inline]
pub fn trim_terminator(line: &[u8]) -> &[u8] {
    match line {
        [rest @ .., b'\r', b'\n'] | [rest @ .., b'\n'] => rest,
        _ => line,
    }
}

/// Calls `see` with the offset of every byte that is one of two, in order.
///
/// Four comparisons of 16 bytes make a mask of 64 bits, whose set bits are walked: with words of five bytes that is
/// three times as fast as a search from one hit to the next.
#[inline(always)]
pub fn each_of_two(bytes: &[u8], first: u8, second: u8, see: impl FnMut(usize)) {
    let (firsts, seconds) = (u8x16::splat(first), u8x16::splat(second));
    each(bytes, |lane| lane.simd_eq(firsts) | lane.simd_eq(seconds), |byte| byte == first || byte == second, see);
}

/// Calls `see` with the offset of every byte of ASCII white space: tab to carriage return, and space.
#[inline(always)]
pub fn each_white_space(bytes: &[u8], see: impl FnMut(usize)) {
    let (tab, carriage_return, space) = (u8x16::splat(b'\t'), u8x16::splat(b'\r'), u8x16::splat(b' '));
    let is_white =
        |lane: u8x16| lane.simd_eq(space) | (lane.max(tab).simd_eq(lane) & lane.min(carriage_return).simd_eq(lane));
    each(bytes, is_white, |byte| byte == b' ' || (b'\t'..=b'\r').contains(&byte), see);
}

/// Calls `see` with the offset of every wanted byte, testing 16 at once where possible.
#[inline(always)]
fn each(bytes: &[u8], lanes: impl Fn(u8x16) -> u8x16, one: impl Fn(u8) -> bool, mut see: impl FnMut(usize)) {
    let mut blocks = bytes.chunks_exact(64);
    let mut base = 0;
    for block in &mut blocks {
        let mut mask = 0u64;
        for (quarter, lane) in block.as_chunks::<16>().0.iter().enumerate() {
            let hits = lanes(u8x16::new(*lane)).to_bitmask();
            mask |= u64::from(hits) << (16 * quarter);
        }
        while mask != 0 {
            see(base + mask.trailing_zeros() as usize);
            mask &= mask - 1;
        }
        base += 64;
    }
    for (offset, byte) in blocks.remainder().iter().enumerate() {
        if one(*byte) {
            see(base + offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_byte() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * i % 7) as u8 + b'a').collect();
        let mut found = Vec::new();
        each_of_two(&bytes, b'a', b'c', |at| found.push(at));
        let expected: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at] == b'a' || bytes[at] == b'c').collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn counts_a_last_record_without_newline() {
        assert_eq!(count_records(b""), 0);
        assert_eq!(count_records(b"a\nb"), 2);
        assert_eq!(count_records(b"a\n\n"), 2);
    }
}
