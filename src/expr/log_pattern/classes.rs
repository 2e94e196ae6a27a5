//! Character classes of bytes.

/// A letter, a digit, or a byte of a letter beyond ASCII.
pub(super) const WORD: u8 = 1;
/// A digit.
pub(super) const DIGIT: u8 = 2;
/// A hexadecimal digit.
pub(super) const HEX: u8 = 4;
/// A byte that needs attention outside of words: white space, quotes, signs, `@` and `:`.
pub(super) const SPECIAL: u8 = 8;
/// A byte of an e-mail address before its `@`.
pub(super) const LOCAL: u8 = 16;

/// The classes of each byte.
pub(super) static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => WORD | DIGIT | HEX | LOCAL,
            b'a'..=b'f' | b'A'..=b'F' => WORD | HEX | LOCAL,
            b'g'..=b'z' | b'G'..=b'Z' => WORD | LOCAL,
            0x80.. => WORD,
            b' ' | b'\t' | b'"' | b'\'' | b'@' | b':' => SPECIAL,
            b'-' | b'+' => SPECIAL | LOCAL,
            b'.' | b'_' | b'%' => LOCAL,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// Returns the classes of a byte; 0 after the end.
#[inline(always)]
pub(super) fn class(line: &[u8], at: usize) -> u8 {
    line.get(at).map_or(0, |byte| CLASSES[usize::from(*byte)])
}

/// True if a word ends there.
#[inline(always)]
pub(super) fn is_end(line: &[u8], at: usize) -> bool {
    class(line, at) & WORD == 0
}
