//! `total(x)`: the sum of a column over all rows of a result.
//!
//! A table row only: binding adds a step that waits for the whole result, and a field that holds the sum.

use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const TOTAL: FunctionDef = FunctionDef {
    entry: Entry {
        name: "total",
        usage: "total(x)",
        summary: "The total of x over the whole result, repeated on each row.",
        details: "Only after a stage that needs all records, such as aggregates, `sort`, `top` or `tail`: a result has an end. Like `sum`, it adds ints exactly and skips nulls; null if there are no values.",
        examples: &[
            Example {
                expr: "split | count by word | let percent = round(100 * count / total(count), 1)",
                input: "a a b c c c\n",
                output: "c\t3\t50\na\t2\t33.3\nb\t1\t16.7\n",
            },
            Example {
                expr: "split | count by word | where count >= total(count) / 3",
                input: "a a b c c c\n",
                output: "c\t3\na\t2\n",
            },
        ],
    },
    parameters: &[Parameter::new("x", ParameterKind::Number)],
    required: 1,
    variadic: false,
    kernel: Kernel::Total,
};
