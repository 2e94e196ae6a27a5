//! `coalesce(a, b…)`: the first argument that is not null.
//!
//! A table row only: the evaluator stops at the first value that is not null.

use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const COALESCE: FunctionDef = FunctionDef {
    entry: Entry {
        name: "coalesce",
        usage: "coalesce(a, b…)",
        summary: "The first argument that is not null.",
        details: "`a ?? b` is the same. The empty text is not null.",
        examples: &[Example { expr: "select coalesce(num(line), 0) as n", input: "7\n\n", output: "7\n0\n" }],
    },
    parameters: &[Parameter::new("a", ParameterKind::Any), Parameter::new("b", ParameterKind::Any)],
    required: 2,
    variadic: true,
    kernel: Kernel::Coalesce,
};
