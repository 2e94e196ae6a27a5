//! `concat(a…)`: concatenates texts.

use super::limit::check_length;
use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, write_text};

pub(super) const CONCAT: FunctionDef = FunctionDef {
    entry: Entry {
        name: "concat",
        usage: "concat(a…)",
        summary: "Concatenate the texts of all arguments.",
        details: "Other values are converted to text, null to the empty text. A result of more than 16 MiB is null and counts as a failed conversion.",
        examples: &[Example {
            expr: "select concat(line, ':', len(line), null) as c",
            input: "ab\n",
            output: "ab:2\n",
        }],
    },
    parameters: &[Parameter::new("text", ParameterKind::Text)],
    required: 1,
    variadic: true,
    kernel: Kernel::NullAware(concat),
};

fn concat<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    for argument in arguments {
        write_text(*argument, scratch);
        check_length(scratch)?;
    }
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn nulls_are_empty() {
        let (a, b) = (ValueRef::Text(b"a"), ValueRef::Text(b"\xff"));
        assert_eq!(text(&CONCAT, &[a, ValueRef::Null, b]), b"a\xff");
        assert_eq!(text(&CONCAT, &[ValueRef::Null]), b"");
        assert_eq!(text(&CONCAT, &[ValueRef::Int(7), a]), b"7a");
    }
}
