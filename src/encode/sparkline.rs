//! Prints a list of numbers or a histogram as one line of small columns: `▁▂▅█`.

use crate::data::{Value, ValueRef};

/// From the lowest to the highest.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Appends the sparkline of a list and returns true if it has one: a list of numbers, drawn between its minimum and
/// maximum, or of objects with a number `count`, drawn from zero.
pub(super) fn write_sparkline(value: ValueRef<'_>, out: &mut String) -> bool {
    let ValueRef::List(values) = value else {
        return false;
    };
    let numbers: Option<Vec<f64>> = values.iter().map(|value| number(value.borrow())).collect();
    let (low, numbers) = match numbers {
        Some(numbers) => (numbers.iter().copied().fold(f64::INFINITY, f64::min), numbers),
        None => match values.iter().map(count).collect::<Option<Vec<f64>>>() {
            Some(counts) => (0.0, counts),
            None => return false,
        },
    };
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    out.extend(numbers.iter().map(|&number| STEPS[step(number, low, high)]));
    !numbers.is_empty()
}

/// Returns the step of a number between `low` and `high`; the lowest if all are equal.
fn step(number: f64, low: f64, high: f64) -> usize {
    // Halved, because the difference of two floats may be infinite.
    let share = (number / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    let last = STEPS.len() - 1;
    ((share * last as f64).round() as usize).min(last) // an empty range gives NaN, which becomes 0
}

/// Converts a number to the nearest float.
pub(super) fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Int(value) => Some(value as f64),
        ValueRef::BigInt(value) => Some(value.to_f64()).filter(|value| value.is_finite()),
        ValueRef::Float(value) => Some(value),
        _ => None,
    }
}

/// Returns the count of a bin.
fn count(bin: &Value) -> Option<f64> {
    let Value::Object(fields) = bin else {
        return None;
    };
    let (_, count) = fields.iter().find(|(name, _)| name == b"count")?;
    number(count.borrow())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparkline(values: Vec<Value>) -> Option<String> {
        let mut out = String::new();
        write_sparkline(Value::List(values).borrow(), &mut out).then_some(out)
    }

    fn bin(count: i64) -> Value {
        Value::Object(vec![(b"from".to_vec(), Value::Int(0)), (b"count".to_vec(), Value::Int(count))])
    }

    #[test]
    fn numbers_from_the_smallest_to_the_largest() {
        let steps = (10..18).map(Value::Int).collect();
        assert_eq!(sparkline(steps).as_deref(), Some("▁▂▃▄▅▆▇█"));
        let equal = vec![Value::Int(3), Value::Float(3.0)];
        assert_eq!(sparkline(equal).as_deref(), Some("▁▁"));
        let far = vec![Value::Float(f64::MIN), Value::Int(0), Value::Float(f64::MAX)];
        assert_eq!(sparkline(far).as_deref(), Some("▁▅█"));
    }

    #[test]
    fn bins_from_zero() {
        let bins = vec![bin(7), bin(0), bin(14)];
        assert_eq!(sparkline(bins).as_deref(), Some("▅▁█"));
    }

    #[test]
    fn other_values_have_none() {
        assert_eq!(sparkline(vec![]), None);
        assert_eq!(sparkline(vec![Value::Int(1), Value::Null]), None);
        assert_eq!(sparkline(vec![Value::Int(1), bin(1)]), None);
        assert_eq!(sparkline(vec![Value::Object(vec![])]), None);
        assert!(!write_sparkline(ValueRef::Int(1), &mut String::new()));
    }
}
