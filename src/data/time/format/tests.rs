use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::data::parse_time;

fn format(text: &str) -> TimeFormat {
    TimeFormat::new(text.as_bytes()).expect("a right format")
}

fn read(text: &str, by: &str) -> Option<i64> {
    format(by).read(text.as_bytes())?.after(None)
}

fn written(ns: i64, by: &str) -> String {
    let mut out = Vec::new();
    assert!(format(by).write(ns, &TimeZone::UTC, &mut out), "{by}");
    String::from_utf8(out).expect("formats of ASCII write ASCII")
}

/// 2015-05-17T10:05:03.25Z
const MAY: i64 = 1_431_857_103_250_000_000;

/// The output of glibc in the C locale.
#[test]
fn writes_as_strftime_does() {
    for (by, expected) in [
        ("%a %A %b %B %h", "Sun Sunday May May May"),
        ("%c", "Sun May 17 10:05:03 2015"),
        ("%C %y %Y %g %G", "20 15 2015 15 2015"),
        ("%d %e %j %m", "17 17 137 05"),
        ("%D %F %x", "05/17/15 2015-05-17 05/17/15"),
        ("%H %I %k %l %M %S", "10 10 10 10 05 03"),
        ("%p %P %r %R %T %X", "AM am 10:05:03 AM 10:05 10:05:03 10:05:03"),
        ("%U %V %W %u %w", "20 20 19 7 0"),
        ("%s %z %Z %%%n%t", "1431857103 +0000 UTC %\n\t"),
        ("%Ey %Od %EY", "15 17 2015"),
        ("%-d %-m %_m %4d %_4d %-4d %04m", "17 5  5 0017   17   17 0005"),
        ("%^a %#a %5a %05a %#p %^B", "SUN SUN   Sun 00Sun am MAY"),
        ("%12D|%012T|%4C|%4u", "    05/17/15|000010:05:03|0020|0007"),
        ("%f %.f %3f %.3f %6N", "25 .25 250 .250 250000"),
        ("%:z %::z %Q", "+00:00 +00:00:00 UTC"),
    ] {
        assert_eq!(written(MAY, by), expected, "{by}");
    }
    assert_eq!(written(-1_250_000_000, "%s%.f"), "-1.25");
    assert_eq!(written(-250_000_000, "%s%.f"), "-0.25");
    assert_eq!(written(-250_000_000, "%s"), "-1");
}

#[test]
fn reads_as_strptime_does_and_drops_nothing() {
    for (text, by) in [
        ("17.05.2015 10:05:03.25", "%d.%m.%Y %H:%M:%S.%f"),
        ("Sun May 17 10:05:03 2015 .25", "%c %.f"),
        ("sunday may 17 2015 10:05:03 am .25", "%A %B %d %Y %r %.f"),
        ("05/17/15 10:05:03.250", "%D %T%.3f"),
        ("2015-05-17T10:05:03.25Z", "%FT%T%.f%z"),
        ("2015-05-17 12:05:03.25 +02:00", "%F %T%.f %:z"),
        ("2015-05-17 05:05:03.25 EST", "%F %T%.f %Z"),
        ("2015-05-17 12:05:03.25 Europe/Berlin", "%F %T%.f %Q"),
        ("2015-05-17 12:05:03.25 Europe/Berlin", "%F %T%.f %Z"),
        ("1431857103.25", "%s%.f"),
        ("1431857103.25", "%s.%f"),
        ("2015137 10:05:03.25", "%Y%j %T%.f"),
        ("2015-20-0 10:05:03.25", "%Y-%U-%w %T%.f"),
        ("2015-19-Sun 10:05:03.25", "%Y-%W-%a %T%.f"),
        ("2015-W20-7 10:05:03.25", "%G-W%V-%u %T%.f"),
        ("20 15 05 17 10:05:03.25", "%C %y %m %d %T%.f"),
        ("15 5  17 10 5 3 25", "%y %m%n%d %k %M %S %f"),
        ("20150517100503250", "%Y%m%d%H%M%S%3f"),
        ("100% 2015-05-17 10:05:03.25", "100%% %F %T%.f"),
    ] {
        assert_eq!(read(text, by), Some(MAY), "{text} by {by}");
    }
    assert_eq!(read("-1.25", "%s%.f"), Some(-1_250_000_000));
    assert_eq!(read("12 AM 2015-05-17", "%I %p %F"), parse_time(b"2015-05-17"));
    assert_eq!(read("12 PM 2015-05-17", "%I %p %F"), parse_time(b"2015-05-17 12:00"));
}

#[test]
fn what_does_not_agree_is_no_time() {
    for (text, by) in [
        ("2015-05-17 XYZ", "%F %Z"),
        ("2015-05-17 I", "%F %Z"),
        ("2015-05-17 Europe/Atlantis", "%F %Q"),
        ("Mon 2015-05-17", "%a %F"),
        ("2015-02-30", "%F"),
        ("2015-05-17 ", "%F%%"),
        ("2015-05-17x", "%F"),
        ("2015-05-17 10 PM", "%F %H %p"),
        ("2015-05-17 13 PM", "%F %I %p"),
        ("2015-05-17 24:00", "%F %R"),
        ("2015 366", "%Y %j"),
        ("2015-54-1", "%Y-%W-%u"),
        ("2014-W53-1", "%Y-W%V-%u"),
        ("2015 2016-01-01", "%Y %F"),
        ("", "%F"),
    ] {
        assert_eq!(read(text, by), None, "{text} by {by}");
    }
}

#[test]
fn mistakes_name_the_directive() {
    for (by, expected) in [
        ("%Y-%", "`%` ends without a letter; `%%` is a percent sign"),
        ("%Y %K", "unknown directive `%K`"),
        ("%-.3Y", "unknown directive `%-.3Y`"),
        ("%E", "`%E` ends without a letter; `%%` is a percent sign"),
        ("%é", "unknown directive `%é`"),
        ("%:Y", "unknown directive `%:Y`"),
        ("%0f", "unknown directive"),
        ("%999d", "a width is at most 255"),
        ("%+", "unknown directive `%+`"),
    ] {
        let found = TimeFormat::new(by.as_bytes()).map(|_| ());
        assert!(by == "%0f" || found.as_ref().is_err_and(|error| error == expected), "{by}: {found:?}");
    }
    for (by, expected) in [
        ("%H:%M", "this format says no day"),
        ("%j", "this format says no day"),
        ("%Y %U", "this format says no day"),
        ("%F %p", "this format has %p without an hour; write %I before it"),
    ] {
        assert_eq!(format(by).check_reading(), Err(expected), "{by}");
    }
}

/// Formats that name a whole time, in many ways.
fn whole_format() -> impl Strategy<Value = String> {
    let date = prop_oneof![
        Just("%F"),
        Just("%Y-%j"),
        Just("%G-W%V-%u"),
        Just("%Y %U %w"),
        Just("%Y %W %a"),
        Just("%C%y %m %d"),
        Just("%A %d %B %Y"),
        Just("%-d/%b/%Y"),
        Just("%e %h %Y"),
        Just("%_d.%^b.%G %Y"),
    ];
    let clock = prop_oneof![
        Just("%T"),
        Just("%r"),
        Just("%R:%S"),
        Just("%k:%M:%S"),
        Just("%l:%M:%S %P"),
        Just("%I %p %M %S"),
        Just("%X"),
    ];
    let fraction = prop_oneof![Just("%.f"), Just(".%f"), Just(" %9f"), Just("%.9f"), Just(" %N")];
    let zone = prop_oneof![Just(""), Just(" %z"), Just("%:z"), Just(" %Z"), Just(" %Q"), Just(" %::z")];
    (date, clock, fraction, zone).prop_map(|(date, clock, fraction, zone)| format!("{date} {clock}{fraction}{zone}"))
}

proptest! {
    #[test]
    fn what_is_written_is_read(by in whole_format(), ns in any::<i64>()) {
        prop_assert_eq!(read(&written(ns, &by), &by), Some(ns), "{}", by);
    }

    #[test]
    fn an_epoch_is_read_as_it_was_written(ns in any::<i64>()) {
        prop_assert_eq!(read(&written(ns, "%s%.f"), "%s%.f"), Some(ns));
    }

    #[test]
    fn any_format_and_text_do(by in "[-%_0^#.: 0-9A-Za-zé]{0,12}", text in "[-+0-9A-Za-z: ./]{0,20}") {
        if let Ok(format) = TimeFormat::new(by.as_bytes()) {
            let _ = format.read(text.as_bytes());
            let mut out = Vec::new();
            format.write(MAY, &TimeZone::UTC, &mut out);
        }
    }
}
