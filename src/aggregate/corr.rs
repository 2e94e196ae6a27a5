//! `corr(x, y)`: the correlation of two numbers.

use super::moments::{Moments, Sums};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, Value};

pub(super) const CORR: AggregateDef = AggregateDef {
    entry: Entry {
        name: "corr",
        usage: "corr(x, y)",
        summary: "The correlation of two numbers (Pearson), from −1 to 1.",
        details: "Records in which either is null or no number are left out. Of fewer than two, and where one of them \
                  never changes, it is null.",
        examples: &[Example {
            expr: "split ';' | let x = substr(word, 0, 1), y = substr(word, 1) | corr(x, y) as r",
            input: "12;24;36\n",
            output: "1\n",
        }],
    },
    argument: ArgumentKind::Numbers(2, 2),
    ordered: false,
    columns: None,
    shares_states: None,
    only_runs: false,
    accumulator: |settings| Moments::boxed(settings, 1, |sums| vec![correlation(sums)]),
};

fn correlation(sums: &Sums) -> Value {
    if sums.count() < 2 {
        return Value::Null;
    }
    let (xx, yy, xy) = (sums.centred(0, 0), sums.centred(1, 1), sums.centred(0, 1));
    let product = xx * yy;
    // The root of the product is exact for x = y; the product of the roots cannot overflow.
    let scale = if product.is_normal() {
        product.sqrt()
    } else {
        xx.sqrt() * yy.sqrt()
    };
    Value::float((xy / scale).clamp(-1.0, 1.0)) // 0 / 0 is no float: null
}
