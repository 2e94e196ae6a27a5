//! `format_time(t, format)`: formats a time.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{ArgumentError, Caller, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, TimeFormat, ValueRef, time_defaults, zone_of_name};

pub(super) const FORMAT_TIME: FunctionDef = FunctionDef {
    entry: Entry {
        name: "format_time",
        usage: "format_time(t, format [, zone])",
        summary: "Format a time with a strftime format, in `--tz` or another zone.",
        details: "Formats are those of strftime(3) in the C locale, with glibc's flags and widths: `%Y-%m-%d %H:%M:%S`, `%-d`, `%c`. In addition, `%f`, `%3f` and `%.3f` are fractions of the second, the last one with its point, `%Q` is the IANA name of the zone, `%:z` its offset with a colon. The zone is an IANA name or an offset such as `+02:00`.",
        examples: &[Example {
            expr: "select format_time(time(line), '%A %H:%M') as t",
            input: "2015-05-17T10:05:03Z\n",
            output: "Sunday 10:05\n",
        }],
    },
    parameters: &[
        Parameter::new("t", ParameterKind::Time),
        Parameter::new("format", ParameterKind::Text),
        Parameter::new("zone", ParameterKind::Text),
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// The format if it is constant.
#[derive(Debug)]
struct FormatTime {
    format: Option<TimeFormat>,
    /// `None` if it is given as the third argument.
    zone: Option<TimeZone>,
}

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let format =
        match const_args.get(1) {
            Some(ConstArg::Constant(ValueRef::Text(format))) => Some(TimeFormat::new(format).map_err(|message| {
                ArgumentError { argument: 1, message: format!("this format is wrong: {message}") }
            })?),
            _ => None,
        };
    let zone = match const_args.get(2) {
        None => Some(time_defaults().zone.clone()),
        Some(ConstArg::Constant(ValueRef::Text(name))) => Some(zone_of_name(name).ok_or_else(|| ArgumentError {
            argument: 2,
            message: "expected a zone, such as 'Europe/Berlin', '+02:00' or 'UTC'".to_owned(),
        })?),
        Some(_) => None,
    };
    Ok(Arc::new(FormatTime { format, zone }))
}

impl Prepared for FormatTime {
    fn begin(&self) -> Caller<'_> {
        Box::new(move |arguments, scratch| {
            let [ValueRef::Time(ns), ValueRef::Text(text), zone @ ..] = arguments else {
                return Err(TypeMismatch { expected: "a time" });
            };
            let varying;
            let zone = match (&self.zone, zone) {
                (Some(zone), _) => zone,
                (None, [ValueRef::Text(name)]) => {
                    let expected = "the name of a zone as its third argument";
                    varying = zone_of_name(name).ok_or(TypeMismatch { expected })?;
                    &varying
                }
                (None, _) => return Err(TypeMismatch { expected: "a zone" }),
            };
            let is_written = match &self.format {
                Some(format) => format.write(*ns, zone, scratch),
                None => TimeFormat::new(text).is_ok_and(|format| format.write(*ns, zone, scratch)),
            };
            if is_written {
                Ok(ValueRef::Text(scratch))
            } else {
                Err(TypeMismatch { expected: "a time that the format can say" })
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
        let format = |ns, format: &str| text(&FORMAT_TIME, &[ValueRef::Time(ns), ValueRef::Text(format.as_bytes())]);
        assert_eq!(format(0, "%Y-%m-%d %H:%M:%S%.3f %z %Z %a %b"), b"1970-01-01 00:00:00.000 +0000 UTC Thu Jan");
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
