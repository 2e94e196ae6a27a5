//! `len(x)`: how many characters.

use super::{FunctionDef, Kernel, Parameter, ParameterKind, Unfit};
use crate::data::{Entry, Example, ValueRef};

pub(super) const LEN: FunctionDef = FunctionDef {
    entry: Entry {
        name: "len",
        usage: "len(x)",
        summary: "The number of characters of a text.",
        details: "A byte that is not UTF-8 counts as one character.",
        examples: &[Example { expr: "let n = len(line)", input: "née\n", output: "née\t3\n" }],
    },
    parameters: &[Parameter { name: "text", kind: ParameterKind::Text }],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(len),
};

fn len<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, Unfit> {
    let [ValueRef::Text(text)] = arguments else { return Err(Unfit { expected: "text" }) };
    let characters: usize = text
        .utf8_chunks()
        .map(|chunk| chunk.valid().chars().count() + chunk.invalid().len())
        .sum();
    Ok(ValueRef::Int(characters as i64))
}
