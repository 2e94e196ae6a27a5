//! Parses RFC 3339 times with a zone, in the years 0000 to 9999.

use super::calendar::{Date, days_since_1970};
use super::digits::{pair, year_of};
use super::time_of_day::seconds_of_day;
use super::zone::seconds_east;

/// An instant, ordered: unlike times of 64 bits, which end in 2262, it covers all years of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Seconds since 1970-01-01 UTC.
    seconds: i64,
    /// Nanoseconds of the second.
    nanoseconds: u32,
}

const SECOND_NS: i64 = 1_000_000_000;

impl Instant {
    /// Parses an RFC 3339 time with a zone that is the whole text: `T`, `t` or a blank between date and clock, a
    /// fraction of any length, `Z`, `z` or an offset. Digits after the ninth of a fraction are dropped.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Instant> {
        // The shortest form is `2026-03-01T10:00:30Z`.
        if text.len() < 20 || text[4] != b'-' || text[13] != b':' {
            return None;
        }
        parse_long(text)
    }

    /// Converts nanoseconds since 1970.
    pub fn of_ns(ns: i64) -> Instant {
        Instant { seconds: ns.div_euclid(SECOND_NS), nanoseconds: ns.rem_euclid(SECOND_NS) as u32 }
    }

    /// A word of 60 bits that sorts as the instant does, and whether it is all of the instant.
    pub(in crate::data) fn word(self) -> (u64, bool) {
        // The years 0000 to 9999 have seconds of 39 bits.
        let seconds = (self.seconds + (1 << 39)).clamp(0, (1 << 40) - 1) as u64;
        (seconds << 20 | u64::from(self.nanoseconds >> 10), self.nanoseconds & 0x3ff == 0)
    }

    /// Returns the nanoseconds since an earlier instant, if 64 bits hold them.
    pub fn since(self, earlier: Instant) -> Option<i64> {
        let seconds = i128::from(self.seconds - earlier.seconds);
        let ns = i128::from(self.nanoseconds) - i128::from(earlier.nanoseconds);
        i64::try_from(seconds * i128::from(SECOND_NS) + ns).ok()
    }
}

fn parse_long(text: &[u8]) -> Option<Instant> {
    let (head, tail) = text.split_first_chunk::<19>()?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b't' | b' ', h0, h1, b':', n0, n1, b':', s0, s1] = *head
    else {
        return None;
    };
    let date = Date { year: year_of(&[y0, y1, y2, y3])?, month: pair(m0, m1), day: pair(d0, d1) };
    let clock_s = seconds_of_day(pair(h0, h1), pair(n0, n1), pair(s0, s1))?;
    let (nanoseconds, zone) = match tail {
        [b'.', rest @ ..] => {
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let ns = (0..9).fold(0, |ns, place| {
                let digit = rest[..len].get(place).map_or(0, |digit| digit - b'0');
                ns * 10 + u32::from(digit)
            });
            (ns, (len > 0).then(|| &rest[len..])?)
        }
        zone => (0, zone),
    };
    let offset_s = match *zone {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => i64::from(seconds_east(sign, pair(h0, h1), pair(m0, m1))?),
        _ => return None,
    };
    Some(Instant { seconds: days_since_1970(date)? * 86_400 + i64::from(clock_s) - offset_s, nanoseconds })
}

#[cfg(test)]
mod tests {
    use super::super::parse_time;
    use super::*;

    #[test]
    fn the_same_instant_as_a_time() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-03-01T10:00:30.5Z",
            "2026-03-01 12:00:00+02:00",
            "2024-02-29T23:59:59.999999999-11:30",
            "1969-12-31T23:59:59.75Z",
        ] {
            let time = parse_time(text.as_bytes()).map(Instant::of_ns);
            assert_eq!(Instant::parse(text.as_bytes()), time, "{text}");
            assert!(time.is_some(), "{text}");
        }
    }

    #[test]
    fn beyond_64_bits_of_nanoseconds() {
        let instant = |text: &str| Instant::parse(text.as_bytes()).expect("an instant");
        let (first, last) = (instant("0001-01-01T00:00:00Z"), instant("9999-12-31T23:59:59Z"));
        let now = instant("2026-03-01t10:00:30z");
        assert!(first < now && now < last);
        assert_eq!(last.since(first), None);
        assert_eq!(now.since(instant("2026-03-01T10:00:00.25Z")), Some(29_750_000_000));
    }

    #[test]
    fn nothing_else_names_one() {
        for text in [
            "2026-03-01T10:00:30",
            "2026-03-01",
            "2026-03-01T10:00Z",
            "2026-02-30T10:00:30Z",
            "2026-03-01T24:00:30Z",
            "2026-03-01T10:00:30.Z",
            "2026-03-01T10:00:30,5Z",
            "2026-03-01T10:00:30+0200",
            "2026-03-01T10:00:30Z ",
            "2026-03-01T10:00:30 UTC",
            "x026-03-01T10:00:30Z",
        ] {
            assert_eq!(Instant::parse(text.as_bytes()), None, "{text}");
        }
    }
}
