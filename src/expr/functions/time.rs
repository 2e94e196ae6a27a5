//! `time(x [, format])`: parses a time from text or a number.

use std::sync::Arc;

use super::{ArgumentError, Caller, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{
    EXPECTED_IN_RANGE, Entry, Example, TimeFormat, TimeReader, TimeSite, ValueRef, expected_time, write_text,
};

pub(super) const TIME: FunctionDef = FunctionDef {
    entry: Entry {
        name: "time",
        usage: "time(x [, format])",
        summary: "Parse a time from text or a number; UTC unless it names a zone.",
        details: "Without `format` it recognizes `2015-05-17T10:05:03.25Z` and its relatives, `17/May/2015:10:05:03 +0000`, `May 17 10:05:03`, `Sun, 17 May 2015 10:05:03 GMT`, and numbers since 1970: seconds below 10¹¹, then milli-, micro- and nanoseconds. A zone is an offset, an IANA name such as `Europe/Berlin`, one of `UTC GMT EST EDT CST CDT MST MDT PST PDT`, or an abbreviation that the zone of `--tz` uses; any other name is a failed conversion.\n\nA `format` is that of strftime(3) in the C locale, with fractions (`%f`, `%.f`, `%3f`), `%Q` (an IANA name) and `%:z`: `%Y-%m-%d %H:%M:%S%.f %z`. No part that a format reads is ignored: contradicting parts are a failed conversion. A time without a year takes the year that puts it nearest to the previous record (see `--year`). The empty text gives null. Times are from 1677 to 2262.",
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
    parameters: &[Parameter::new("x", ParameterKind::Any), Parameter::new("format", ParameterKind::Text)],
    required: 1,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// The prepared function.
#[derive(Debug)]
struct TimeFunction {
    by: HowRead,
    /// Times without a year take it from the previous record here.
    site: TimeSite,
}

#[derive(Debug)]
enum HowRead {
    /// By recognizing the format of each text.
    Looks,
    /// A constant format.
    Format(TimeFormat),
    /// By a format in the second argument.
    Varying,
}

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let by = match const_args {
        [_] => HowRead::Looks,
        [_, ConstArg::Constant(ValueRef::Text(format)), ..] => {
            HowRead::Format(format_of(format).map_err(|message| ArgumentError { argument: 1, message })?)
        }
        _ => HowRead::Varying,
    };
    Ok(reader(by))
}

fn reader(by: HowRead) -> Arc<dyn Prepared> {
    Arc::new(TimeFunction { by, site: TimeSite::new() })
}

/// Returns the function that parses an argument to a time.
pub(in crate::expr) fn recognise() -> (&'static FunctionDef, Arc<dyn Prepared>) {
    (&TIME, reader(HowRead::Looks))
}

/// Parses a format that can read times; an error says what is wrong with it.
fn format_of(text: &[u8]) -> Result<TimeFormat, String> {
    let format = TimeFormat::new(text).map_err(|message| format!("this format is wrong: {message}"))?;
    format.check_reading()?;
    Ok(format)
}

impl Prepared for TimeFunction {
    fn begin(&self) -> Caller<'_> {
        const NO_TIME: TypeMismatch = TypeMismatch { expected: "a time" };
        let mut reader = self.site.reader();
        match &self.by {
            HowRead::Looks => Box::new(move |arguments, _| match arguments {
                [text] if text.is_blank() => Ok(ValueRef::Null),
                [value] => reader
                    .read_value(*value)
                    .map(ValueRef::Time)
                    .ok_or_else(|| TypeMismatch { expected: expected_time(*value) }),
                _ => Err(NO_TIME),
            }),
            HowRead::Format(format) => Box::new(move |arguments, scratch| match arguments {
                [value, _] => by_format(*value, format, &mut reader, scratch),
                _ => Err(NO_TIME),
            }),
            HowRead::Varying => {
                let mut last: (Vec<u8>, Option<TimeFormat>) = (Vec::new(), None);
                Box::new(move |arguments, scratch| match arguments {
                    [value, ValueRef::Text(format)] => {
                        if last.1.is_none() || last.0 != *format {
                            last = (format.to_vec(), format_of(format).ok());
                        }
                        let format = last.1.as_ref().ok_or(TypeMismatch { expected: "a format that reads times" })?;
                        by_format(*value, format, &mut reader, scratch)
                    }
                    _ => Err(NO_TIME),
                })
            }
        }
    }
}

/// Reads a value by a format.
fn by_format<'a>(
    value: ValueRef<'a>,
    format: &TimeFormat,
    reader: &mut TimeReader,
    scratch: &mut Vec<u8>,
) -> Result<ValueRef<'a>, TypeMismatch> {
    let text = match value {
        value if value.is_blank() => return Ok(ValueRef::Null),
        ValueRef::Time(_) => return Ok(value),
        ValueRef::Text(text) => text,
        value => {
            write_text(value, scratch);
            scratch.as_slice()
        }
    };
    let moment = format.read(text);
    let ns = moment.and_then(|moment| reader.take(moment));
    ns.map(ValueRef::Time).ok_or_else(|| TypeMismatch { expected: expected_by(text, format) })
}

/// Returns what was expected of a text that a format does not read: a time in range if it is out of range.
#[cold]
fn expected_by(text: &[u8], format: &TimeFormat) -> &'static str {
    if format.is_out_of_range(text) { EXPECTED_IN_RANGE } else { "a time" }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, call_varying, refused};
    use super::*;
    use crate::data::Value;

    fn time(text: &str, format: &str) -> Result<Value, TypeMismatch> {
        let arguments = [ValueRef::Text(text.as_bytes()), ValueRef::Text(format.as_bytes())];
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
            ("Sunday, May 17 2015 10:05:03 AM", "%A, %B %d %Y %I:%M:%S %p"),
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
        assert_eq!(recognise(ValueRef::Text(b"2015-05-17T10:05:03Z")), Ok(Value::Time(MAY)));
        assert_eq!(recognise(ValueRef::Int(1_431_857_103)), Ok(Value::Time(MAY)));
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
            assert!(refused.message.contains(reason), "{format}: {}", refused.message);
        }
    }
}
