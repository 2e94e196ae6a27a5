//! What a byte is.

/// A letter, a digit, or a byte of a letter beyond ASCII.
pub(super) const WORD: u8 = 1;
/// A digit.
pub(super) const DIGIT: u8 = 2;
/// A hexadecimal digit.
pub(super) const HEX: u8 = 4;
/// What needs a closer look outside of words: white space, quotes, signs, `@` and `:`.
pub(super) const SPECIAL: u8 = 8;
/// What an e-mail address has in front of its `@`.
pub(super) const LOCAL: u8 = 16;

/// What each byte is.
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

/// What a byte is; nothing behind the end.
#[inline(always)]
pub(super) fn class(line: &[u8], at: usize) -> u8 {
    line.get(at).map_or(0, |byte| CLASSES[usize::from(*byte)])
}

/// Whether a word ends there.
#[inline(always)]
pub(super) fn is_end(line: &[u8], at: usize) -> bool {
    class(line, at) & WORD == 0
}
