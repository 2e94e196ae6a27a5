//! `time(x [, format])`: a text or number as the time that it is.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use super::format_time::write_time;

use super::{
    Caller, FunctionDef, Given, Kernel, Parameter, ParameterKind, Prepared, Refused, Unfit,
};
use crate::data::{
    EXPECTED_IN_RANGE, Entry, Example, ValueRef, expected_time, time_defaults, time_in_zone,
    time_of, write_text,
};

pub(super) const TIME: FunctionDef = FunctionDef {
    entry: Entry {
        name: "time",
        usage: "time(x [, format])",
        summary: "The time that a text or number is; UTC unless it says a zone.",
        details: "Without `format` it recognises `2015-05-17T10:05:03.25Z` and its relatives, `17/May/2015:10:05:03 +0000`, `May 17 10:05:03`, `Sun, 17 May 2015 10:05:03 GMT`, and numbers since 1970: seconds below 10¹¹, then milli-, micro- and nanoseconds.\n\nA `format` is that of strptime, with English names: `%Y-%m-%d %H:%M:%S%.f %z`. Without a year it is the current one. The empty text gives null. Times are from 1677 to 2262.",
        examples: &[
            Example {
                expr: "select time(line) as t",
                input: "17/May/2015:10:05:03 +0200\n1431857103\n",
                output: "2015-05-17T08:05:03Z\n2015-05-17T10:05:03Z\n",
            },
            Example {
                expr: "select time(line, '%d.%m.%Y %H:%M') as t",
                input: "17.05.2015 10:05\n",
                output: "2015-05-17T10:05:00Z\n",
            },
        ],
    },
    parameters: &[
        Parameter {
            name: "x",
            kind: ParameterKind::Any,
        },
        Parameter {
            name: "format",
            kind: ParameterKind::Text,
        },
    ],
    required: 1,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// How a time is read.
#[derive(Debug)]
enum Reader {
    /// By what it looks like.
    Recognise,
    /// By a format, which comes as the second argument.
    Format,
}

fn prepare(given: &[Given<'_>]) -> Result<Arc<dyn Prepared>, Refused> {
    if let Some(Given::Constant(ValueRef::Text(format))) = given.get(1) {
        check(format).map_err(|message| Refused {
            argument: 1,
            message,
        })?;
    }
    Ok(Arc::new(match given {
        [_] => Reader::Recognise,
        _ => Reader::Format,
    }))
}

/// What is wrong with a format: it must print a time that it can read again.
fn check(format: &[u8]) -> Result<(), String> {
    let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let mut text = Vec::new();
    write_time(&sample, format, &mut text)?;
    match BrokenDownTime::parse(format, &text) {
        Err(error) => Err(format!("this format cannot read times: {error}")),
        Ok(parts) => (parts.timestamp().is_some() || date_and_time(parts).is_some())
            .then_some(())
            .ok_or_else(|| "this format says no day".to_owned()),
    }
}

/// Reads a text by a format.
fn read(text: &[u8], format: &[u8]) -> Option<i64> {
    let parts = BrokenDownTime::parse(format, text).ok()?;
    if let Some(timestamp) = parts.timestamp() {
        return i64::try_from(timestamp.as_nanosecond()).ok();
    }
    let offset = parts.offset();
    let civil = date_and_time(parts)?;
    match offset {
        Some(offset) => i64::try_from(offset.to_timestamp(civil).ok()?.as_nanosecond()).ok(),
        None => time_in_zone(civil, &time_defaults().zone),
    }
}

/// What was expected of a text that [`read`] refuses: a time in range if it says another.
#[cold]
fn expected_by(text: &[u8], format: &[u8]) -> &'static str {
    let is_time = BrokenDownTime::parse(format, text)
        .is_ok_and(|parts| parts.timestamp().is_some() || date_and_time(parts).is_some());
    if is_time { EXPECTED_IN_RANGE } else { "a time" }
}

/// The date and the time of day; a year that is not said is the default one.
fn date_and_time(mut parts: BrokenDownTime) -> Option<DateTime> {
    if parts.year().is_none() && parts.iso_week_year().is_none() {
        parts.set_year(Some(time_defaults().year)).ok()?;
    }
    Some(parts.to_date().ok()?.to_datetime(parts.to_time().ok()?))
}

impl Prepared for Reader {
    fn begin(&self) -> Caller<'_> {
        const NO_TIME: Unfit = Unfit { expected: "a time" };
        match self {
            Reader::Recognise => Box::new(|arguments, _| match arguments {
                [text] if text.is_blank() => Ok(ValueRef::Null),
                [value] => time_of(*value).map(ValueRef::Time).ok_or_else(|| Unfit {
                    expected: expected_time(*value),
                }),
                _ => Err(NO_TIME),
            }),
            Reader::Format => Box::new(|arguments, scratch| match arguments {
                [text, _] if text.is_blank() => Ok(ValueRef::Null),
                [ValueRef::Time(ns), _] => Ok(ValueRef::Time(*ns)),
                [value, ValueRef::Text(format)] => {
                    write_text(*value, scratch);
                    read(scratch, format)
                        .map(ValueRef::Time)
                        .ok_or_else(|| Unfit {
                            expected: expected_by(scratch, format),
                        })
                }
                _ => Err(NO_TIME),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, call_varying, refused};
    use super::*;
    use crate::data::Value;

    fn time(text: &str, format: &str) -> Result<Value, Unfit> {
        let arguments = [
            ValueRef::Text(text.as_bytes()),
            ValueRef::Text(format.as_bytes()),
        ];
        let result = call(&TIME, &arguments);
        assert_eq!(call_varying(&TIME, &arguments), result);
        result
    }

    /// 2015-05-17T10:05:03Z
    const MAY: i64 = 1_431_857_103_000_000_000;

    #[test]
    fn by_formats() {
        for (text, format) in [
            ("17.05.2015 10:05:03", "%d.%m.%Y %H:%M:%S"),
            ("17/May/2015:12:05:03 +0200", "%d/%b/%Y:%H:%M:%S %z"),
            (
                "Sunday, May 17 2015 10:05:03 AM",
                "%A, %B %d %Y %I:%M:%S %p",
            ),
            ("1431857103", "%s"),
            ("2015-137 10:05:03", "%Y-%j %H:%M:%S"),
            ("150517 100503", "%y%m%d %H%M%S"),
            ("2015-05-17 10:05:03.000", "%Y-%m-%d %H:%M:%S%.f"),
        ] {
            assert_eq!(time(text, format), Ok(Value::Time(MAY)), "{text}");
        }
        assert_eq!(time("", "%Y-%m-%d"), Ok(Value::Null));
        assert!(time("2015-02-30", "%Y-%m-%d").is_err());
        assert!(time("2015-02-03 ", "%Y-%m-%d").is_err());
        let number = call(&TIME, &[ValueRef::Int(20150517), ValueRef::Text(b"%Y%m%d")]);
        assert_eq!(number, Ok(Value::Time(MAY - 36_303_000_000_000)));
    }

    #[test]
    fn by_its_looks() {
        let recognise = |value| call(&TIME, &[value]);
        assert_eq!(
            recognise(ValueRef::Text(b"2015-05-17T10:05:03Z")),
            Ok(Value::Time(MAY))
        );
        assert_eq!(
            recognise(ValueRef::Int(1_431_857_103)),
            Ok(Value::Time(MAY))
        );
        assert_eq!(recognise(ValueRef::Time(MAY)), Ok(Value::Time(MAY)));
        assert_eq!(recognise(ValueRef::Text(b"")), Ok(Value::Null));
        assert!(recognise(ValueRef::Text(b"soon")).is_err());
        assert!(recognise(ValueRef::Bool(true)).is_err());
    }

    #[test]
    fn formats_that_cannot_be() {
        for (format, reason) in [
            ("%H:%M", "this format says no day"),
            ("%Y-%", "this format is wrong"),
            ("%Y-%m-%d %E", "this format is wrong"),
            ("day", "this format says no day"),
        ] {
            let arguments = [ValueRef::Text(b"x"), ValueRef::Text(format.as_bytes())];
            let refused = refused(&TIME, &arguments);
            assert_eq!(refused.argument, 1);
            assert!(
                refused.message.contains(reason),
                "{format}: {}",
                refused.message
            );
        }
    }
}
