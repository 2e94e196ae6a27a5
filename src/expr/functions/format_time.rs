//! `format_time(t, format)`: a time written by a format.

use std::sync::Arc;

use jiff::Zoned;
use jiff::fmt::StdIoWrite;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use super::{
    Caller, FunctionDef, Given, Kernel, Parameter, ParameterKind, Prepared, Refused, Unfit,
};
use crate::data::{Entry, Example, ValueRef, time_defaults};

pub(super) const FORMAT_TIME: FunctionDef = FunctionDef {
    entry: Entry {
        name: "format_time",
        usage: "format_time(t, format)",
        summary: "The time written by a format of strftime, in `--tz`.",
        details: "`%Y-%m-%d %H:%M:%S` and the rest, with English names; `%.3f` is a fraction with its point, `%s` seconds since 1970.",
        examples: &[Example {
            expr: "select format_time(time(line), '%A %H:%M') as t",
            input: "2015-05-17T10:05:03Z\n",
            output: "Sunday 10:05\n",
        }],
    },
    parameters: &[
        Parameter {
            name: "t",
            kind: ParameterKind::Time,
        },
        Parameter {
            name: "format",
            kind: ParameterKind::Text,
        },
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// A format that comes as the second argument.
#[derive(Debug)]
struct Format;

fn prepare(given: &[Given<'_>]) -> Result<Arc<dyn Prepared>, Refused> {
    if let Some(Given::Constant(ValueRef::Text(format))) = given.get(1) {
        let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        write_time(&sample, format, &mut Vec::new()).map_err(|message| Refused {
            argument: 1,
            message,
        })?;
    }
    Ok(Arc::new(Format))
}

/// Writes a time by a format, or says what is wrong with the format.
pub(super) fn write_time(time: &Zoned, format: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    BrokenDownTime::from(time)
        .format(format, StdIoWrite(out))
        .map_err(|error| format!("this format is wrong: {error}"))
}

impl Prepared for Format {
    fn begin(&self) -> Caller<'_> {
        Box::new(|arguments, scratch| {
            let [ValueRef::Time(ns), ValueRef::Text(format)] = arguments else {
                return Err(Unfit { expected: "a time" });
            };
            let time = jiff::Timestamp::from_nanosecond(i128::from(*ns))
                .map_err(|_| Unfit { expected: "a time" })?
                .to_zoned(time_defaults().zone.clone());
            match write_time(&time, format, scratch) {
                Ok(()) => Ok(ValueRef::Text(scratch)),
                Err(_) => Err(Unfit {
                    expected: "a time that the format can say",
                }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refused, text};
    use super::*;

    #[test]
    fn any_time() {
        let format = |ns, format: &str| {
            text(
                &FORMAT_TIME,
                &[ValueRef::Time(ns), ValueRef::Text(format.as_bytes())],
            )
        };
        assert_eq!(
            format(0, "%Y-%m-%d %H:%M:%S%.3f %z %Z %a %b"),
            b"1970-01-01 00:00:00.000 +0000 UTC Thu Jan"
        );
        assert_eq!(format(1_500_000_000, "%s%.f %%"), b"1.5 %");
        assert_eq!(format(i64::MIN, "%Y"), b"1677");
        assert_eq!(format(0, ""), b"");
    }

    #[test]
    fn formats_that_cannot_be() {
        for format in ["%", "%E", "%Y %-"] {
            let arguments = [ValueRef::Time(0), ValueRef::Text(format.as_bytes())];
            assert_eq!(refused(&FORMAT_TIME, &arguments).argument, 1, "{format}");
        }
    }
}
