//! `bin(x, step)`: a time or number rounded down to a multiple.

use std::sync::Arc;

use super::{ArgumentError, Caller, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, Number, TimeSite, TimeSteps, ValueRef, expected_time, time_defaults};
use crate::expr::arithmetic::finite;
use crate::expr::convert;

pub(super) const BIN: FunctionDef = FunctionDef {
    entry: Entry {
        name: "bin",
        usage: "bin(x, step)",
        summary: "The time or number rounded down to a multiple of `step`.",
        details: "With a duration, times are rounded to multiples on the clocks of `--tz`, as windows are: `6h` begins at 0, 6, 12 and 18 o'clock, `1d` at midnight, also when clocks change, and `7d` on a Monday; text is read as a time, and a duration is rounded as one. With a number, numbers are rounded.",
        examples: &[
            Example {
                expr: "select bin(time(line), 5m) as t",
                input: "2015-05-17T10:09:59Z\n",
                output: "2015-05-17T10:05:00Z\n",
            },
            Example { expr: "select bin(line, 10) as tens", input: "7\n42\n", output: "0\n40\n" },
        ],
    },
    parameters: &[Parameter::new("x", ParameterKind::Any), Parameter::new("step", ParameterKind::Any)],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// The width of a bin.
#[derive(Clone, Debug)]
enum BinStep {
    /// For times and durations, in nanoseconds.
    Ns(i64, TimeSteps),
    /// For numbers.
    Number(Number),
}

impl BinStep {
    fn of(ns: i64) -> Option<BinStep> {
        (ns > 0).then(|| BinStep::Ns(ns, TimeSteps::new(ns, &time_defaults().zone)))
    }
}

/// The step if it is constant.
#[derive(Debug)]
struct Bin {
    step: Option<BinStep>,
    site: TimeSite,
}

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let step = match const_args.get(1) {
        Some(ConstArg::Constant(ValueRef::Null)) => None,
        Some(ConstArg::Constant(step)) => Some(step_of(*step).ok_or_else(|| ArgumentError {
            argument: 1,
            message: "expected a duration or number above 0, such as 5m or 10".to_owned(),
        })?),
        _ => None,
    };
    Ok(Arc::new(Bin { step, site: TimeSite::new() }))
}

/// Converts a value to a step; `None` if it is not one.
fn step_of(value: ValueRef<'_>) -> Option<BinStep> {
    match value {
        ValueRef::Duration(ns) => BinStep::of(ns),
        _ => match value.as_number() {
            Some(number) => (number.to_f64() > 0.0).then_some(BinStep::Number(number)),
            None => match convert::duration(value) {
                Ok(Some(ns)) => BinStep::of(ns),
                _ => None,
            },
        },
    }
}

impl Prepared for Bin {
    fn begin(&self) -> Caller<'_> {
        let mut reader = self.site.reader();
        Box::new(move |arguments, _| {
            let [value, step] = arguments else {
                return Err(TypeMismatch { expected: "a time or number" });
            };
            let varying;
            let step = match &self.step {
                Some(step) => step,
                None => {
                    varying = step_of(*step).ok_or(TypeMismatch { expected: "a step above 0" })?;
                    &varying
                }
            };
            match (*value, step) {
                (text, _) if text.is_blank() => Ok(ValueRef::Null),
                (ValueRef::Duration(ns), BinStep::Ns(step, _)) => {
                    Ok(floor(ns, *step).map_or(ValueRef::Null, ValueRef::Duration))
                }
                (value, BinStep::Ns(_, steps)) => {
                    let ns = reader.read_value(value).ok_or_else(|| TypeMismatch { expected: expected_time(value) })?;
                    let start = steps.start(steps.number_of(ns));
                    // The earliest representable times are in a bin whose start is not representable.
                    Ok(if start == i64::MIN { ValueRef::Null } else { ValueRef::Time(start) })
                }
                (value, BinStep::Number(step)) => {
                    let number = value.as_number().ok_or(TypeMismatch { expected: "a number" })?;
                    Ok(floor_number(number, *step))
                }
            }
        })
    }
}

/// Returns the multiple at or below a number of nanoseconds; `None` on overflow.
fn floor(ns: i64, step: i64) -> Option<i64> {
    ns.checked_sub(ns.rem_euclid(step))
}

fn floor_number(number: Number, step: Number) -> ValueRef<'static> {
    if let (Number::Int(number), Number::Int(step)) = (number, step)
        && let Some(floor) = floor(number, step)
    {
        return ValueRef::Int(floor);
    }
    let (number, step) = (number.to_f64(), step.to_f64());
    finite((number / step).floor() * step)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, call_varying, refused};
    use super::*;
    use crate::data::Value;

    #[test]
    fn down_to_the_multiple() {
        let minute = ValueRef::Duration(60_000_000_000);
        for (value, step, binned) in [
            (ValueRef::Time(61_000_000_000), minute, Value::Time(60_000_000_000)),
            (ValueRef::Time(-1), minute, Value::Time(-60_000_000_000)),
            (ValueRef::Time(i64::MIN), minute, Value::Null),
            (ValueRef::Text(b"61.5"), minute, Value::Time(60_000_000_000)),
            (ValueRef::Int(61), minute, Value::Time(60_000_000_000)),
            (ValueRef::Duration(61_000_000_000), minute, Value::Duration(60_000_000_000)),
            (ValueRef::Time(61_000_000_000), ValueRef::Text(b"1m"), Value::Time(60_000_000_000)),
            (ValueRef::Int(-1), ValueRef::Int(10), Value::Int(-10)),
            (ValueRef::Text(b"42"), ValueRef::Int(10), Value::Int(40)),
            (ValueRef::Float(1.3), ValueRef::Float(0.5), Value::Float(1.0)),
            (ValueRef::Int(i64::MIN), ValueRef::Int(10), Value::Float(-9223372036854775810.0)),
            (ValueRef::Text(b""), minute, Value::Null),
        ] {
            assert_eq!(call(&BIN, &[value, step]), Ok(binned.clone()), "{value:?}");
            assert_eq!(call_varying(&BIN, &[value, step]), Ok(binned));
        }
        assert!(call(&BIN, &[ValueRef::Text(b"x"), minute]).is_err());
        assert!(call(&BIN, &[ValueRef::Time(0), ValueRef::Int(5)]).is_err());
    }

    #[test]
    fn steps_that_cannot_be() {
        for step in [ValueRef::Int(0), ValueRef::Duration(0), ValueRef::Int(-5), ValueRef::Text(b"x")] {
            assert_eq!(refused(&BIN, &[ValueRef::Int(1), step]).argument, 1);
        }
    }
}
