//! Damages seeds, the same way each time.

/// What is put in: bytes that mean something somewhere, and pieces of which several are needed.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b"\t",
    b"\"",
    b"\"\"",
    b"'",
    b"\\",
    b"\\\"",
    b"\\u00e9",
    b"\\ud83d\\ude00",
    b"{",
    b"}",
    b"{}",
    b"[",
    b"]",
    b"(",
    b")",
    b",",
    b":",
    b";",
    b"=",
    b"|",
    b"/",
    b"<",
    b">",
    b"-",
    b"+",
    b".",
    b"%",
    b"#",
    b"*",
    b"_",
    b"a",
    b"Z",
    b"0",
    b"9",
    b"1e9",
    b"-0",
    b"1.5",
    b"007",
    b"9223372036854775808",
    b"99999999999999999999",
    b"null",
    b"true",
    b"NaN",
    b"\xc3\xa9",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x82",
    b"2015-05-17T10:05:03Z",
    b"17/May/2015:10:05:03 +0000",
    b"May 17 10:05:03",
    b"1m30s",
    b"10kB",
];

/// Makes inputs out of seeds.
pub struct Mutator<'s> {
    seeds: &'s [Vec<u8>],
    state: u64,
}

impl<'s> Mutator<'s> {
    /// One that begins at the beginning.
    pub fn new(seeds: &'s [Vec<u8>]) -> Self {
        Mutator { seeds, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next input: a seed with some of it changed.
    pub fn next(&mut self) -> Vec<u8> {
        let mut data = self.seed().to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut data);
        }
        data
    }

    fn change(&mut self, data: &mut Vec<u8>) {
        let (start, end) = self.range(data.len());
        match self.below(8) {
            0 if start < data.len() => data[start] ^= 1 << self.below(8),
            1 if start < data.len() => data[start] = self.below(256) as u8,
            2 => drop(data.drain(start..end)),
            3 => {
                let copy = data[start..end].to_vec();
                let (at, _) = self.range(data.len());
                data.splice(at..at, copy);
            }
            4 => {
                let other = self.seed();
                let (from, to) = self.range(other.len());
                data.splice(start..end, other[from..to].iter().copied());
            }
            5 => data.truncate(start),
            _ => {
                let piece = PIECES[self.below(PIECES.len())];
                data.splice(start..start, piece.iter().copied());
            }
        }
    }

    fn seed(&mut self) -> &'s [u8] {
        let seeds = self.seeds;
        &seeds[self.below(seeds.len())]
    }

    /// A part of random length, usually a short one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        let longest = if self.below(4) == 0 { length } else { 4 };
        let end = start + self.below(longest + 1);
        (start, end.min(length))
    }

    /// A number below another: xorshift* (Vigna, 2016).
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d);
        (number >> 33) as usize % limit.max(1)
    }
}
