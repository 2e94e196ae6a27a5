//! Numbers since 1970.

/// `1431857103`, `1431857103.25`, `-1`
pub(super) fn parse_epoch(text: &[u8]) -> Option<i64> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let whole_length = unsigned.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = unsigned.split_at(whole_length);
    let fraction = match rest {
        [] => rest,
        [b'.', fraction @ ..] if !fraction.is_empty() => fraction,
        _ => return None,
    };
    if whole.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut value: u64 = 0;
    if whole.len() > 19 {
        return None; // beyond 64 bits, leading zeros or not
    }
    for digit in whole {
        value = value * 10 + u64::from(digit - b'0'); // 19 digits fit
    }
    epoch(value, fraction, unsigned.len() < text.len())
}

/// Numbers since 1970 are seconds below 10¹¹ (the year 5138), milliseconds below 10¹⁴, microseconds below 10¹⁷, else
/// nanoseconds. So the units can be distinguished from 1973 on.
pub(super) fn epoch(whole: u64, fraction: &[u8], is_negative: bool) -> Option<i64> {
    let unit_ns: u64 = match whole {
        ..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    if fraction.is_empty() && !is_negative {
        return i64::try_from(whole.checked_mul(unit_ns)?).ok();
    }
    let mut place_ns = unit_ns;
    let mut ns = i128::from(whole) * i128::from(unit_ns);
    for digit in fraction {
        place_ns /= 10;
        ns += i128::from(digit - b'0') * i128::from(place_ns);
    }
    i64::try_from(if is_negative { -ns } else { ns }).ok()
}
