//! Times in logs: what they look like to a pattern, and the one that names only month and day.

use crate::data::{parse_time, time_defaults};

/// What the times that [`parse_time`] reads look like, as a regular expression over bytes: a hole of the type
/// `time` stands for nothing else. `parse_time` has the last word. Optional parts are as short as can be, or at
/// the end of a pattern as long as can be; a number since 1970 has at least ten digits here.
pub(super) fn shape(is_last: bool) -> String {
    let (maybe, many) = if is_last { ("?", "+") } else { ("??", "+?") };
    let fraction = format!("(?:[.,][0-9]{many}){maybe}");
    let clock = format!("[0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}{fraction}){maybe}");
    let zone =
        format!("(?: {maybe}(?:[Zz]|UTC|GMT|[+-][0-9]{{2}}(?::{maybe}[0-9]{{2}}){maybe})){maybe}");
    let weekday = "(?:[A-Za-z]{3},? +)?";
    let forms = [
        format!("[0-9]{{4}}[-/][0-9]{{2}}[-/][0-9]{{2}}(?:[Tt ]{clock}{zone}){maybe}"),
        format!("[0-9]{{8}}T[0-9]{{6}}{fraction}{zone}"),
        format!("[0-9]{{4}} [A-Za-z]{{3}} +[0-9]{{1,2}} +{clock}{zone}"),
        format!("{weekday}[0-9]{{1,2}}[-/ ][A-Za-z]{{3}}[-/ ][0-9]{{4}}[: ]{clock}{zone}"),
        format!(
            "{weekday}[A-Za-z]{{3}} +[0-9]{{1,2}},? +(?:[0-9]{{4}} +)?{clock}{zone}(?: +[0-9]{{4}}){maybe}"
        ),
        format!("[0-9]{{10,19}}(?:\\.[0-9]{many}){maybe}"),
    ];
    forms.join("|")
}

/// Nanoseconds since 1970 of month, day and clock, as klog writes them: `0517 10:05:03.123456`; glog can be told
/// to write the year too: `20150517 10:05:03.123456`.
pub(super) fn parse_month_and_day(text: &[u8]) -> Option<i64> {
    if text.get(8) == Some(&b' ') {
        let (date, clock) = text.split_at(8);
        let (year, day) = date.split_at(4);
        return parse_time(&[year, b"-", &day[..2], b"-", &day[2..], clock].concat());
    }
    let ([m0, m1, d0, d1, b' '], clock) = text.split_first_chunk()? else {
        return None;
    };
    let mut whole = format!("{:04}-", time_defaults().year).into_bytes();
    whole.extend_from_slice(&[*m0, *m1, b'-', *d0, *d1, b' ']);
    whole.extend_from_slice(clock);
    parse_time(&whole)
}

#[cfg(test)]
mod tests {
    use regex::bytes::Regex;

    use super::*;

    #[test]
    fn what_is_read_has_the_shape() {
        for is_last in [false, true] {
            let regex = Regex::new(&format!("^(?:{})$", shape(is_last))).expect("a right shape");
            for text in [
                "17/May/2015:10:05:03 +0000",
                "7-May-2015 10:05:03",
                "2015-05-17T10:05:03.25Z",
                "2015-05-17 10:05:03,250 +02:00",
                "2015/05/17 10:05:03",
                "2015-05-17",
                "20150517T100503Z",
                "Sun, 17 May 2015 10:05:03 GMT",
                "May  7 10:05:03",
                "2015 May  7 10:05:03.25",
                "Sun May 17 10:05:03 2015",
                "1431857103",
                "1431857103.25",
            ] {
                assert!(parse_time(text.as_bytes()).is_some(), "{text}");
                assert!(regex.is_match(text.as_bytes()), "{text}");
            }
        }
    }

    #[test]
    fn reads_month_and_day() {
        let year = time_defaults().year;
        let same = parse_time(format!("{year}-05-17T10:05:03.5Z").as_bytes());
        assert_eq!(parse_month_and_day(b"0517 10:05:03.5"), same);
        assert_eq!(
            parse_month_and_day(b"20150517 10:05:03.5"),
            parse_time(b"2015-05-17T10:05:03.5Z")
        );
        for text in [
            "",
            "0517",
            "0517T10:05:03",
            "1317 10:05:03",
            "20151317 10:05:03",
            "0517 x",
            "051 10:05:03",
        ] {
            assert_eq!(parse_month_and_day(text.as_bytes()), None, "{text}");
        }
    }
}
