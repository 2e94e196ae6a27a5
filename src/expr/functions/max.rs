//! `max(a, b…)`: the largest of several values.

use std::cmp::Ordering;

use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const MAX: FunctionDef = FunctionDef {
    entry: Entry {
        name: "max",
        usage: "max(a, b…)",
        summary: "The largest of the arguments.",
        details: "Numbers, and text that is a number, are compared by value. If any argument is a number, the result is one: other text counts as a failed conversion, except empty text and `-`. Without numbers the order is that of `sort`. Nulls are skipped; null if there are no values. The result is the argument itself, so text stays text; of equal ones it is the first.",
        examples: &[Example { expr: "select max(line, 5) as m", input: "3\n10\n", output: "5\n10\n" }],
    },
    parameters: &[Parameter::new("a", ParameterKind::Any), Parameter::new("b", ParameterKind::Any)],
    required: 2,
    variadic: true,
    kernel: Kernel::Extreme(Ordering::Greater),
};
