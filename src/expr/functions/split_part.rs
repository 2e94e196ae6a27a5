//! `split_part(x, sep, n)`: one of the pieces between separators.

use std::sync::Arc;

use super::{ArgumentError, Checked, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const SPLIT_PART: FunctionDef = FunctionDef {
    entry: Entry {
        name: "split_part",
        usage: "split_part(x, sep, n)",
        summary: "Piece number `n` of a text that is separated by `sep`.",
        details: "The first piece is 1; a negative number counts from the end. A missing piece is null. An empty separator separates nothing.",
        examples: &[Example {
            expr: "select split_part(line, ':', 1) as user, split_part(line, ':', -1) as shell",
            input: "root:x:0:/bin/sh\n",
            output: "root\t/bin/sh\n",
        }],
    },
    parameters: &[
        Parameter::new("text", ParameterKind::Text),
        Parameter::new("separator", ParameterKind::Text),
        Parameter::new("number", ParameterKind::Int),
    ],
    required: 3,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    match const_args.get(2) {
        Some(ConstArg::Constant(ValueRef::Int(0))) => {
            Err(ArgumentError { argument: 2, message: "pieces are counted from 1, or from the end by -1".to_owned() })
        }
        _ => Ok(Arc::new(Checked(split_part))),
    }
}

fn split_part<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text), ValueRef::Text(separator), ValueRef::Int(number)] = arguments else {
        return Err(TypeMismatch { expected: "text and an int" });
    };
    let Ok(skipped) = usize::try_from(number.unsigned_abs().wrapping_sub(1)) else {
        return Ok(ValueRef::Null);
    };
    let piece = match number {
        0 => {
            return Err(TypeMismatch { expected: "pieces counted from 1" });
        }
        1.. => from_start(text, separator, skipped),
        _ => from_end(text, separator, skipped),
    };
    Ok(piece.map_or(ValueRef::Null, ValueRef::Text))
}

/// Returns the piece after `skipped` others.
fn from_start<'t>(text: &'t [u8], separator: &[u8], skipped: usize) -> Option<&'t [u8]> {
    let mut start = 0;
    let mut pieces = skipped;
    let mut ends = separators(text, separator);
    loop {
        let end = ends.next();
        if pieces == 0 {
            return Some(&text[start..end.unwrap_or(text.len())]);
        }
        start = end? + separator.len();
        pieces -= 1;
    }
}

/// Returns the piece before `skipped` others.
fn from_end<'t>(text: &'t [u8], separator: &[u8], skipped: usize) -> Option<&'t [u8]> {
    // from the left, so that counting from either end finds the same pieces
    let ends: Vec<usize> = separators(text, separator).collect();
    let piece = ends.len().checked_sub(skipped)?;
    let start = match piece {
        0 => 0,
        _ => ends[piece - 1] + separator.len(),
    };
    Some(&text[start..ends.get(piece).copied().unwrap_or(text.len())])
}

/// Returns the offsets of the separators; none if the separator is empty.
fn separators<'t>(text: &'t [u8], separator: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    let searched: &[u8] = if separator.is_empty() { b"" } else { text };
    memchr::memmem::find_iter(searched, separator).filter(|_| !separator.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, call_varying, refused};
    use super::*;
    use crate::data::Value;

    #[test]
    fn counted_from_either_end() {
        let call = |x: &[u8], separator: &[u8], number| {
            let arguments = [ValueRef::Text(x), ValueRef::Text(separator), ValueRef::Int(number)];
            call(&SPLIT_PART, &arguments)
        };
        let piece = |text: &[u8]| Ok(Value::Text(text.to_vec()));
        for (number, expected) in [(1, "a"), (2, ""), (3, "b"), (-1, "b"), (-2, ""), (-3, "a")] {
            assert_eq!(call(b"a,,b", b",", number), piece(expected.as_bytes()), "{number}");
        }
        for number in [4, -4, i64::MAX, i64::MIN] {
            assert_eq!(call(b"a,,b", b",", number), Ok(Value::Null), "{number}");
        }
        assert_eq!(call(b"abc", b"", 1), piece(b"abc"));
        assert_eq!(call(b"abc", b"", 2), Ok(Value::Null));
        assert_eq!(call(b"", b",", 1), piece(b""));
        assert_eq!(call(b"a---b", b"--", -1), piece(b"-b"));
        let zero = [ValueRef::Text(b"a"), ValueRef::Text(b","), ValueRef::Int(0)];
        assert_eq!(refused(&SPLIT_PART, &zero).argument, 2);
        assert!(call_varying(&SPLIT_PART, &zero).is_err());
    }
}
