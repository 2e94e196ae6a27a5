//! `corr(x, y)`: the correlation of two numbers.

use super::moments::{Moments, Sums};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, Value};

pub(super) const CORR: AggregateDef = AggregateDef {
    entry: Entry {
        name: "corr",
        usage: "corr(x, y)",
        summary: "The Pearson correlation of two numbers, from −1 to 1.",
        details: "Records in which either is null or not a number are left out. Null for fewer than two records, and \
                  if x or y is constant.",
        examples: &[Example {
            expr: "split ';' | let x = substr(word, 0, 1), y = substr(word, 1) | corr(x, y) as r",
            input: "12;24;36\n",
            output: "1\n",
        }],
    },
    argument: ArgumentKind::Numbers(2, 2),
    accumulator: |settings| Moments::boxed(settings, 1, |sums| vec![correlation(sums)]),
    ..AggregateDef::DEFAULT
};

fn correlation(sums: &Sums) -> Value {
    if sums.count() < 2 {
        return Value::Null;
    }
    let (Some(x), Some(y)) = (sums.exponent(0), sums.exponent(1)) else {
        return Value::Null; // one of the variables is always zero
    };
    let (x, y) = ((0, x), (1, y));
    let (xx, yy) = (sums.centred_without(x, x), sums.centred_without(y, y));
    if xx <= 0.0 || yy <= 0.0 {
        return Value::Null;
    }
    // Taking the root of the product, not of the factors, is exact for x = y.
    Value::float((sums.centred_without(x, y) / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}
