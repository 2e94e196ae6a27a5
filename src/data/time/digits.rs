//! Parses digits at fixed offsets.

/// Parses two digits, or returns a number that no field of a time allows.
#[inline(always)]
pub(super) fn pair(tens: u8, ones: u8) -> u32 {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if tens > 9 || ones > 9 {
        return 1000;
    }
    u32::from(tens) * 10 + u32::from(ones)
}

/// Parses the three numbers of `10:05:03`; `None` if the text has another form. The pairs of digits are added together
/// in one word.
#[inline(always)]
pub(super) fn three_pairs(text: [u8; 8]) -> Option<(u32, u32, u32)> {
    const DIGITS: u64 = 0x0f0f_000f_0f00_0f0f; // all bits that a byte may have after it is XORed with the expected form
    let word = u64::from_le_bytes(text) ^ u64::from_le_bytes(*b"00:00:00");
    let above_nine = word.wrapping_add(0x0606_0006_0600_0606) & 0xf0f0_00f0_f000_f0f0;
    if word & !DIGITS != 0 || above_nine != 0 {
        return None;
    }
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let pair = |at: u32| (pairs >> (8 * at)) as u8 as u32;
    Some((pair(0), pair(3), pair(6)))
}

/// Parses four digits.
#[inline(always)]
pub(super) fn year_of(text: &[u8; 4]) -> Option<u32> {
    let [a, b, c, d] = *text;
    let (century, rest) = (pair(a, b), pair(c, d));
    (century < 100 && rest < 100).then_some(century * 100 + rest)
}

/// Returns the bytes at an offset, as many as the pattern has.
#[inline(always)]
pub(super) fn bytes_at<const N: usize>(text: &[u8], at: usize) -> Option<&[u8; N]> {
    text.get(at..)?.first_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_pairs_are_those_of_the_digits() {
        for number in 0..100 {
            for (a, b, c) in [(number, 0, 99), (7, number, 0), (99, 59, number)] {
                let text = format!("{a:02}:{b:02}:{c:02}");
                assert_eq!(three_pairs(text.as_bytes().try_into().unwrap()), Some((a, b, c)), "{text}");
            }
        }
    }

    #[test]
    fn other_shapes_are_none() {
        for at in 0..8 {
            for byte in 0..=u8::MAX {
                let mut text = *b"10:05:03";
                let is_shape = if matches!(at, 2 | 5) { byte == b':' } else { byte.is_ascii_digit() };
                text[at] = byte;
                assert_eq!(three_pairs(text).is_some(), is_shape, "{byte} at {at}");
            }
        }
    }
}
