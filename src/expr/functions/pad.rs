//! `pad(x, n)`: pads a text to a length.

use std::sync::Arc;

use super::len::count_characters;
use super::limit::{LIMIT_BYTES, TOO_LONG};
use super::repeat::prepare_within;

use super::{ArgumentError, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const PAD: FunctionDef = FunctionDef {
    entry: Entry {
        name: "pad",
        usage: "pad(x, n)",
        summary: "Pad the text with spaces to `n` characters.",
        details: "After the text; before it if `n` is negative. A longer text is unchanged.",
        examples: &[Example {
            expr: "select concat('[', pad(line, 4), pad(line, -4), ']') as p",
            input: "née\n",
            output: "[née  née]\n",
        }],
    },
    parameters: &[Parameter::new("text", ParameterKind::Text), Parameter::new("count", ParameterKind::Int)],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    prepare_within(-(LIMIT_BYTES as i64), const_args, pad)
}

fn pad<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text), ValueRef::Int(count)] = arguments else {
        return Err(TypeMismatch { expected: "text and an int" });
    };
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let missing = wanted.saturating_sub(count_characters(text));
    if missing > LIMIT_BYTES {
        return Err(TOO_LONG);
    }
    if *count >= 0 {
        scratch.extend_from_slice(text);
    }
    scratch.resize(scratch.len() + missing, b' ');
    if *count < 0 {
        scratch.extend_from_slice(text);
    }
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call_varying, refused, text};
    use super::*;

    #[test]
    fn on_either_side_by_characters() {
        let pad = |x: &str, count| text(&PAD, &[ValueRef::Text(x.as_bytes()), ValueRef::Int(count)]);
        assert_eq!(pad("é", 3), "é  ".as_bytes());
        assert_eq!(pad("é", -3), "  é".as_bytes());
        assert_eq!(pad("abc", 2), b"abc");
        assert_eq!(pad("", 0), b"");
        let huge = [ValueRef::Text(b""), ValueRef::Int(i64::MIN)];
        assert_eq!(call_varying(&PAD, &huge), Err(TOO_LONG));
        assert_eq!(refused(&PAD, &huge).argument, 1);
    }
}
