//! Parts of a time in `--tz`: `year(t)`, `month(t)`, `day(t)`, `hour(t)`, `minute(t)`, `weekday(t)`.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, date_of, ns_of_day, weekday_of};

pub(super) const YEAR: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "year",
        usage: "year(t)",
        summary: "The year of a time in `--tz`.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select year(line) as y", input: "2015-05-17T10:05:03Z\n", output: "2015\n" }],
    },
    &[Parameter::new("t", ParameterKind::Time)],
    |arguments, _| part(arguments, |ns| date_of(ns).0),
);

pub(super) const MONTH: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "month",
        usage: "month(t)",
        summary: "The month of a time in `--tz`, from 1 to 12.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select month(line) as m", input: "2015-05-17T10:05:03Z\n", output: "5\n" }],
    },
    &[Parameter::new("t", ParameterKind::Time)],
    |arguments, _| part(arguments, |ns| date_of(ns).1),
);

pub(super) const DAY: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "day",
        usage: "day(t)",
        summary: "The day of the month of a time in `--tz`, from 1 to 31.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select day(line) as d", input: "2015-05-17T10:05:03Z\n", output: "17\n" }],
    },
    &[Parameter::new("t", ParameterKind::Time)],
    |arguments, _| part(arguments, |ns| date_of(ns).2),
);

pub(super) const HOUR: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "hour",
        usage: "hour(t)",
        summary: "The hour of a time in `--tz`, from 0 to 23.",
        details: "Text is parsed as by time(x).",
        examples: &[Example {
            expr: "count by hour(line) as hour",
            input: "2015-05-17T10:05:03Z\n",
            output: "10\t1\n",
        }],
    },
    &[Parameter::new("t", ParameterKind::Time)],
    |arguments, _| part(arguments, |ns| ns_of_day(ns) / 3_600_000_000_000),
);

pub(super) const MINUTE: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "minute",
        usage: "minute(t)",
        summary: "The minute of a time, from 0 to 59.",
        details: "Text is parsed as by time(x).",
        examples: &[Example { expr: "select minute(line) as m", input: "2015-05-17T10:05:03Z\n", output: "5\n" }],
    },
    &[Parameter::new("t", ParameterKind::Time)],
    |arguments, _| part(arguments, |ns| ns_of_day(ns) / 60_000_000_000 % 60),
);

pub(super) const WEEKDAY: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "weekday",
        usage: "weekday(t)",
        summary: "The day of the week of a time in `--tz`: 1 is Monday, 7 Sunday.",
        details: "The numbers are those of ISO 8601; format_time(t, \"%A\") gives the name. Text is parsed as by time(x).",
        examples: &[Example { expr: "select weekday(line) as w", input: "2015-05-17T10:05:03Z\n", output: "7\n" }],
    },
    &[Parameter::new("t", ParameterKind::Time)],
    |arguments, _| part(arguments, weekday_of),
);

/// Computes a part of a time.
fn part<'a>(arguments: &[ValueRef<'a>], of: impl Fn(i64) -> i64) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [ValueRef::Time(ns)] => Ok(ValueRef::Int(of(*ns))),
        _ => Err(TypeMismatch { expected: "a time" }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn year_also_before_1970() {
        let of = |ns| call(&YEAR, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(1970)));
        assert_eq!(of(-1), Ok(Value::Int(1969)));
    }

    #[test]
    fn month_also_before_1970() {
        let of = |ns| call(&MONTH, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(1)));
        assert_eq!(of(-1), Ok(Value::Int(12)));
    }

    #[test]
    fn day_also_before_1970() {
        let of = |ns| call(&DAY, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(1)));
        assert_eq!(of(-1), Ok(Value::Int(31)));
    }

    #[test]
    fn hour_also_before_1970() {
        let of = |ns| call(&HOUR, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(0)));
        assert_eq!(of(-1), Ok(Value::Int(23)));
    }

    #[test]
    fn minute_also_before_1970() {
        let of = |ns| call(&MINUTE, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(0)));
        assert_eq!(of(-1), Ok(Value::Int(59)));
        assert_eq!(of(3_660_000_000_000), Ok(Value::Int(1)));
    }

    #[test]
    fn weekday_also_before_1970() {
        let of = |ns| call(&WEEKDAY, &[ValueRef::Time(ns)]);
        assert_eq!(of(0), Ok(Value::Int(4)));
        assert_eq!(of(-1), Ok(Value::Int(3)));
        assert_eq!(of(3 * 86_400_000_000_000), Ok(Value::Int(7)));
        assert_eq!(of(4 * 86_400_000_000_000), Ok(Value::Int(1)));
    }
}
