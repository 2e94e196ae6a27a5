//! `repeat(x, n)`: repeats a text.

use std::sync::Arc;

use super::limit::{LIMIT_BYTES, TOO_LONG};
use super::{
    ArgumentError, Checked, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, Scalar, TypeMismatch,
};
use crate::data::{Entry, Example, ValueRef};

pub(super) const REPEAT: FunctionDef = FunctionDef {
    entry: Entry {
        name: "repeat",
        usage: "repeat(x, n)",
        summary: "Repeat the text `n` times.",
        details: "The empty text if `n` is less than 1. A result of more than 16 MiB is null and counts as a failed conversion.",
        examples: &[Example { expr: "select repeat(line, 3) as r", input: "ab\n", output: "ababab\n" }],
    },
    parameters: &[Parameter::new("text", ParameterKind::Text), Parameter::new("count", ParameterKind::Int)],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    prepare_within(i64::MIN, const_args, repeat)
}

/// Prepares a function whose second argument is the length of the result; it must be at least `least` and within the
/// limit.
pub(super) fn prepare_within(
    least: i64,
    const_args: &[ConstArg<'_>],
    function: Scalar,
) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let fits = |count: i64| (least..=LIMIT_BYTES as i64).contains(&count);
    match const_args.get(1) {
        Some(ConstArg::Constant(ValueRef::Int(count))) if !fits(*count) => {
            Err(ArgumentError { argument: 1, message: "a result may have at most 16 MiB".to_owned() })
        }
        _ => Ok(Arc::new(Checked(function))),
    }
}

fn repeat<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text), ValueRef::Int(count)] = arguments else {
        return Err(TypeMismatch { expected: "text and an int" });
    };
    let count = usize::try_from((*count).max(0)).unwrap_or(usize::MAX);
    if text.len().saturating_mul(count) > LIMIT_BYTES {
        return Err(TOO_LONG);
    }
    if !text.is_empty() {
        for _ in 0..count {
            scratch.extend_from_slice(text);
        }
    }
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call_varying, refused};
    use super::*;
    use crate::data::Value;

    #[test]
    fn any_number_of_times() {
        let repeat = |x, count| call_varying(&REPEAT, &[ValueRef::Text(x), ValueRef::Int(count)]);
        assert_eq!(repeat(b"ab", 2), Ok(Value::Text(b"abab".to_vec())));
        assert_eq!(repeat(b"ab", 0), Ok(Value::Text(Vec::new())));
        assert_eq!(repeat(b"ab", i64::MIN), Ok(Value::Text(Vec::new())));
        assert_eq!(repeat(b"", i64::MAX), Ok(Value::Text(Vec::new())));
        assert_eq!(repeat(b"ab", i64::MAX), Err(TOO_LONG));
        let huge = [ValueRef::Text(b""), ValueRef::Int(i64::MAX)];
        assert_eq!(refused(&REPEAT, &huge).argument, 1);
    }
}
