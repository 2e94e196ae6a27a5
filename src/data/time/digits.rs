//! Digits at fixed places.

/// Two digits, or a number that no field of a time allows.
#[inline(always)]
pub(super) fn pair(tens: u8, ones: u8) -> u32 {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if tens > 9 || ones > 9 {
        return 1000;
    }
    u32::from(tens) * 10 + u32::from(ones)
}

/// Four digits.
#[inline(always)]
pub(super) fn year_of(text: &[u8; 4]) -> Option<u32> {
    let [a, b, c, d] = *text;
    let (century, rest) = (pair(a, b), pair(c, d));
    (century < 100 && rest < 100).then_some(century * 100 + rest)
}

/// The bytes at a place, as many as the pattern takes.
#[inline(always)]
pub(super) fn bytes_at<const N: usize>(text: &[u8], at: usize) -> Option<&[u8; N]> {
    text.get(at..)?.first_chunk()
}
