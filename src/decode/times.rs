//! Finds times for the holes of a pattern: the longest text that is one, then shorter ones.

use crate::data::{parse_time, shorter_time_prefix, time_prefix};

/// The position of a hole of the type `time` in its pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// It is the first part of the pattern: it may begin anywhere in a text.
    pub(super) is_first: bool,
    /// It is the last part of the pattern: it may end anywhere in a text.
    pub(super) is_last: bool,
}

/// The minimum number of digits for a number in the middle of a text to be a time: one since 2001.
const LEAST_DIGITS: usize = 10;

/// The maximum number of digits of a time.
const MOST_DIGITS: usize = 19;

/// Returns the end of the longest time that begins at an offset.
#[inline]
pub(super) fn longest(text: &[u8], at: usize, around: Surroundings) -> Option<usize> {
    if around.is_first && at > 0 && is_inside(text, at) {
        return None;
    }
    match time_prefix(&text[at..]) {
        Some((_, length)) => Some(at + length),
        None => number(text, at, text.len(), around),
    }
}

/// Returns the end of the longest time that begins at an offset and ends before another.
pub(super) fn shorter(text: &[u8], at: usize, end: usize, around: Surroundings) -> Option<usize> {
    match shorter_time_prefix(&text[at..], end - at) {
        Some((_, length)) => Some(at + length),
        None => number(text, at, end - 1, around),
    }
}

/// True if an offset is within a number or a word: `2026-Mar-01` does not contain the time `26-Mar-01`.
fn is_inside(text: &[u8], at: usize) -> bool {
    match (text.get(at - 1), text.get(at)) {
        (Some(before), Some(after)) if after.is_ascii_digit() => before.is_ascii_digit(),
        (Some(before), Some(_)) => before.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Returns the end of the longest number since 1970 that begins at an offset and ends at `latest` or before.
fn number(text: &[u8], at: usize, latest: usize, around: Surroundings) -> Option<usize> {
    let digits_from = |start: usize| {
        let digits = text.get(start..).unwrap_or_default().iter();
        digits.take_while(|byte| byte.is_ascii_digit()).count()
    };
    let start = at + usize::from(text.get(at) == Some(&b'-'));
    let digits = digits_from(start);
    if digits == 0 || digits > MOST_DIGITS {
        return None;
    }
    if around.is_first && at > 0 {
        let is_in_word = text[at - 1].is_ascii_alphanumeric() || b"._:/-+".contains(&text[at - 1]);
        if is_in_word || digits < LEAST_DIGITS {
            return None;
        }
    }
    let whole = start + digits;
    let fraction = match text.get(whole) {
        Some(b'.') => digits_from(whole + 1),
        _ => 0,
    };
    let ends = |end: usize| {
        let is_cut = match &text[end..] {
            [b'.' | b':' | b'-' | b'/', digit, ..] => digit.is_ascii_digit(),
            [byte, ..] => byte.is_ascii_alphanumeric(),
            [] => false,
        };
        end <= latest
            && !(is_cut && around.is_last)
            && !(digits < LEAST_DIGITS && is_joined(text, end))
            && parse_time(&text[at..end]).is_some()
    };
    let with_fraction = whole + 1 + fraction;
    if fraction > 0 && ends(with_fraction) {
        return Some(with_fraction);
    }
    ends(whole).then_some(whole)
}

/// True if a number is the first part of an address, a date or a time of day.
fn is_joined(text: &[u8], end: usize) -> bool {
    text.get(end).is_some_and(|byte| b".:-/".contains(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the ends of the times that begin at an offset, the longest first.
    fn ends(text: &[u8], at: usize, around: Surroundings) -> Vec<usize> {
        let next = |end: &usize| shorter(text, at, *end, around);
        std::iter::successors(longest(text, at, around), next).collect()
    }

    /// The texts that a hole may take: times that end neither in a number nor in a word.
    fn naive(text: &[u8]) -> Vec<usize> {
        let is_whole = |end: &usize| {
            let (before, after) = (text[end - 1], text.get(*end).copied().unwrap_or(b' '));
            !(before.is_ascii_digit() && after.is_ascii_digit()
                || before.is_ascii_alphabetic() && after.is_ascii_alphanumeric())
        };
        (1..=text.len())
            .rev()
            .filter(is_whole)
            .filter(|end| {
                let is_number = text[..*end].iter().all(u8::is_ascii_digit);
                !is_number || *end >= LEAST_DIGITS || !is_joined(text, *end)
            })
            .filter(|end| parse_time(&text[..*end]).is_some())
            .collect()
    }

    #[test]
    fn the_longest_comes_first() {
        for (text, expected) in [
            ("2026-01-01 10:00:00,123 INFO", vec![23, 19, 16, 10]),
            ("2026-01-01 10:00:00 +0200 x", vec![25, 19, 16, 10]),
            ("2026-01-01T10:00:00+02:00", vec![25, 22, 19, 16, 10]),
            ("2026-01-01 10:00:00 EST x", vec![23, 19, 16, 10]),
            ("2026-01-01 10:00:00 ESTABLISHED", vec![19, 16, 10]),
            ("2026-01-01 10:00:00 I tag", vec![19, 16, 10]),
            ("2026-01-01 10:00:00 Europe/Berlin x", vec![33, 19, 16, 10]),
            ("2026-01-01 25:00:00 x", vec![10]),
            ("2026-01-01 10:00: a", vec![16, 10]),
            ("Mar  7 13:06:56 2015 x", vec![20, 15, 12]),
            ("Sun May 17 10:05:03 UTC 2015]", vec![28, 23, 19, 16]),
            ("1431857103.25 x", vec![13, 10]),
            ("-5 x", vec![2]),
            ("x", vec![]),
        ] {
            let found = ends(text.as_bytes(), 0, Surroundings::default());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_number_in_the_middle_must_be_alone() {
        let first = Surroundings { is_first: true, is_last: false };
        assert_eq!(longest(b"at 1431857103 x", 3, first), Some(13));
        assert_eq!(longest(b"at 12 x", 3, first), None);
        assert_eq!(longest(b"a-1431857103", 2, first), None);
        let last = Surroundings { is_first: false, is_last: true };
        assert_eq!(longest(b"at 10.0.0.1", 3, last), None);
        assert_eq!(longest(b"at 10.5", 3, last), Some(7));
    }

    fn time_text() -> impl Strategy<Value = String> {
        let date = prop_oneof![
            Just("2026-01-02"),
            Just("2026/11/30"),
            Just("20260102"),
            Just("02/Jan/2026"),
            Just("Jan  2"),
            Just("Fri Jan 2"),
            Just("Fri, 2 Jan 2026"),
            Just("January 2, 2026"),
            Just("1431857103"),
        ];
        let between = prop_oneof![Just(" "), Just("T"), Just(":"), Just(""), Just("-")];
        let clock = prop_oneof![
            Just("10:00"),
            Just("10:00:30"),
            Just("10:00:30.250"),
            Just("10:00:30,5"),
            Just("100030"),
            Just("24:00"),
        ];
        let zone = prop_oneof![
            Just(""),
            Just("Z"),
            Just(" +0200"),
            Just("+02:00"),
            Just(" UTC"),
            Just(" GMT+2"),
            Just(" CET"),
            Just(" Asia/Tokyo"),
            Just(" +0000 (UTC)"),
            Just("[Asia/Tokyo]"),
            Just(" I"),
        ];
        let rest = "([ ,:.\\]][ 0-9A-Za:.,]{0,5})?";
        (date, between, clock, zone, rest)
            .prop_map(|(date, between, clock, zone, rest)| format!("{date}{between}{clock}{zone}{rest}"))
    }

    proptest! {
        #[test]
        fn candidates_are_those_of_the_naive_search(text in time_text()) {
            let text = text.as_bytes();
            prop_assert_eq!(ends(text, 0, Surroundings::default()), naive(text));
        }
    }
}
