use jiff::tz::TimeZone;

use super::*;
use proptest::prelude::*;

/// 2015-05-17T10:05:03Z
const MAY: i64 = 1_431_857_103_000_000_000;

#[test]
fn the_same_time_in_many_clothes() {
    for text in [
        "2015-05-17T10:05:03Z",
        "2015-05-17t10:05:03z",
        "2015-05-17 10:05:03",
        "2015-05-17 10:05:03 UTC",
        "2015/05/17 10:05:03",
        "2015-05-17T12:05:03+02:00",
        "2015-05-17T05:35:03-0430",
        "2015-05-17T12:05:03+02",
        "2015-05-17 12:05:03 +0200",
        "2015-05-17T10:05:03.000",
        "20150517T100503Z",
        "17/May/2015:10:05:03 +0000",
        "17/May/2015:12:05:03 +0200",
        "17/may/2015:10:05:03",
        "17 May 2015 10:05:03",
        "17 May 15 10:05:03 GMT",
        "Sunday, 17-May-15 10:05:03 GMT",
        "Sunday May 17 10:05:03 2015",
        "17 May 2015 10:05:03 Z",
        "2015-05-17 05:05:03 EST",
        "2015-05-17 03:05:03.0 PDT",
        "2015-05-17 12:05:03 Europe/Berlin",
        "2015-05-17T12:05:03+02:00[Europe/Berlin]",
        "2015-05-17T12:05:03[Europe/Berlin]",
        "2015-05-17 12:05:03 CET",
        "2015-05-17 10:05:03 AM",
        "Sun, May 17, 2015 10:05:03 am UTC",
        "Sun May 17 2015 12:05:03 GMT+0200",
        "2015-05-17 12:05:03 UTC+2",
        "Sun, 17 May 2015 12:05:03 +0200 (CEST)",
        "20150517t100503z",
        "20150517 10:05:03",
        "20150517T120503.000+0200",
        "17-MAY-2015 10:05:03",
        "Sun, 17 May 2015 10:05:03 GMT",
        "Sun, 17 May 2015 10:05:03 +0000",
        "Sun May 17 10:05:03 2015",
        "Sun May 17 10:05:03.000000 2015",
        "Sun May 17 10:05:03 UTC 2015",
        "May 17 2015 10:05:03",
        "May 17, 2015 10:05:03",
        "May  17 2015 10:05:03 +0000",
        "1431857103",
        "1431857103000",
        "1431857103000000",
        "1431857103000000000",
        "1431857103.0",
    ] {
        assert_eq!(parse_time(text.as_bytes()), Some(MAY), "{text}");
    }
}

#[test]
fn fractions_dates_and_edges() {
    for (text, ns) in [
        ("2015-05-17T10:05:03.25Z", MAY + 250_000_000),
        ("2015-05-17 10:05:03,250", MAY + 250_000_000),
        ("2015-05-17T10:05:03.1234567899Z", MAY + 123_456_789),
        ("17/May/2015:10:05:03.5 +0000", MAY + 500_000_000),
        ("2015-05-17T10:05Z", MAY - 3_000_000_000),
        ("2015-05-17", MAY - 36_303_000_000_000),
        ("2015/05/17", MAY - 36_303_000_000_000),
        ("2015-05-17T10:05:03.250Z", MAY + 250_000_000),
        ("1431857103.25", MAY + 250_000_000),
        ("1431857103250.5", MAY + 250_500_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("-1", -1_000_000_000),
        ("0", 0),
        ("2000-02-29", 951_782_400_000_000_000),
        ("2262-04-11T23:47:16.854775807Z", i64::MAX),
        ("1677-09-21T00:12:43.145224192Z", i64::MIN),
    ] {
        assert_eq!(parse_time(text.as_bytes()), Some(ns), "{text}");
    }
}

#[test]
fn refuses_what_is_no_time() {
    for text in [
        "",
        "-",
        "x",
        "2015-05-17T",
        "2015-05-17T10",
        "2015-05-17x",
        "2015-13-01",
        "2015-02-29",
        "1900-02-29",
        "2015-04-31",
        "2015-00-10",
        "2015-05-17T24:00:00Z",
        "2015-05-17T10:60:00Z",
        "2015-05-17T10:05:03Z ",
        "2015-05-17 10:05:03 CEST",
        "2015-05-17 10:05:03 BST",
        "2015-05-17 13:05:03 PM",
        "2015-05-17 0:05:03 AM",
        "2015-05-17 10:05:03 I",
        "2015-05-17 10:05:03 Japan",
        "2015-05-17 10:05:03 Europe/Atlantis",
        "2015-05-17 10:05:03 ESTX",
        "2015-05-17 10:05:03 utc",
        "2015-05-17 10:05:03 z",
        " 2015-05-17",
        "2015-05-17 10:05:03 -5",
        "2015/05-17",
        "17/Mai/2015:10:05:03 +0000",
        "May 17",
        "Monday 10:05:03",
        "10:05:03",
        "9999-01-01",
        "99999999999999999999",
        "1e9",
        "1.",
        ".5",
        "1.2.3.4",
    ] {
        assert_eq!(parse_time(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_prefix_says_where_it_ends() {
    for (text, used) in [
        ("2015-05-17 10:05:03,250 INFO x", 23),
        ("2015-05-17 10:05:03, x", 19),
        ("2015-05-17 the", 10),
        ("17/May/2015:10:05:03 +0000] x", 26),
        ("Mar 27 13:06:56 host sshd", 15),
        ("Sun May 17 10:05:03 2015] x", 24),
    ] {
        assert_eq!(time_prefix(text.as_bytes()).map(|(_, used)| used), Some(used), "{text}");
    }
}

#[test]
fn numbers_are_since_1970() {
    assert_eq!(time_of(ValueRef::Float(1431857103.25)), Some(MAY + 250_000_000));
    assert_eq!(time_of(ValueRef::Int(1431857103)), Some(MAY));
    assert_eq!(time_of(ValueRef::Int(i64::MAX)), Some(i64::MAX));
    assert_eq!(time_of(ValueRef::Float(1e300)), None);
    assert_eq!(time_of(ValueRef::Bool(true)), None);
}

#[test]
fn a_zone_with_a_history() {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
    let summer = jiff::civil::date(2015, 5, 17).at(12, 5, 3, 0);
    assert_eq!(time_in_zone(summer, &zone), Some(MAY));
}

proptest! {
    #[test]
    fn printed_times_are_read_back(ns in any::<i64>()) {
        let mut text = Vec::new();
        crate::data::write_text(ValueRef::Time(ns), &mut text);
        prop_assert_eq!(parse_time(&text), Some(ns));
        let (year, month, day) = date_of(ns);
        let zoned = jiff::Timestamp::from_nanosecond(i128::from(ns)).expect("within the calendar").to_zoned(TimeZone::UTC);
        prop_assert_eq!((year, month, day), (i64::from(zoned.year()), i64::from(zoned.month()), i64::from(zoned.day())));
        prop_assert_eq!(weekday_of(ns), i64::from(zoned.weekday().to_monday_one_offset()));
    }

    #[test]
    fn bytes_never_panic(text in proptest::collection::vec(prop_oneof![Just(b'0'), Just(b'-'), Just(b':'), Just(b' '), Just(b'/'), Just(b'T'), Just(b'.'), any::<u8>()], 0..40)) {
        let _ = parse_time(&text);
    }
}
