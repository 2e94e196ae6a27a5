//! How many columns of a terminal a character takes.

/// Ranges of characters that take two columns: East Asian wide ones and pictures.
const WIDE: [(u32, u32); 11] = [
    (0x1100, 0x115f),
    (0x2e80, 0x303e),
    (0x3041, 0xa4cf),
    (0xa960, 0xa97f),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff00, 0xff60),
    (0xffe0, 0xffe6),
    (0x1f300, 0x1faff),
    (0x20000, 0x3fffd),
];

/// Ranges of characters that take none: accents that stand on the character before.
const COMBINING: [(u32, u32); 6] = [
    (0x300, 0x36f),
    (0x1ab0, 0x1aff),
    (0x200b, 0x200f),
    (0x20d0, 0x20ff),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
];

/// The columns of one character: 0, 1 or 2. Control characters are drawn as one.
pub(super) fn width(c: char) -> usize {
    let is_in = |ranges: &[(u32, u32)]| {
        ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&u32::from(c)))
    };
    match c {
        '\0'..='\u{2ff}' => 1,
        _ if is_in(&COMBINING) => 0,
        _ if is_in(&WIDE) => 2,
        _ => 1,
    }
}
