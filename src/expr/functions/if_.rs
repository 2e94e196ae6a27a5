//! `if(c, a, b)`: one of two values.
//!
//! A table row only: the evaluator computes only the chosen branch.

use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const IF: FunctionDef = FunctionDef {
    entry: Entry {
        name: "if",
        usage: "if(c, a, b)",
        summary: "`a` if the condition is true, else `b`.",
        details: "A null condition is not true. Only the chosen branch is evaluated.",
        examples: &[Example {
            expr: "select if(line > 5, 'big', 'small') as size",
            input: "9\n10\n3\n",
            output: "big\nbig\nsmall\n",
        }],
    },
    parameters: &[
        Parameter::new("condition", ParameterKind::Bool),
        Parameter::new("a", ParameterKind::Any),
        Parameter::new("b", ParameterKind::Any),
    ],
    required: 3,
    variadic: false,
    kernel: Kernel::If,
};
