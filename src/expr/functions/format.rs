//! `format("…{x:>10,}…")`: text with values in it. The template is bound in `expr/format`.

use super::{FunctionDef, Kernel, Parameter, ParameterKind};
use crate::data::{Entry, Example};

pub(super) const FORMAT: FunctionDef = FunctionDef {
    entry: Entry {
        name: "format",
        usage: "format(\"…{EXPR:SPEC}…\")",
        summary: "Text with values in it, as Python's format writes them.",
        details: "An expression in braces is replaced by its value; {{ and }} are braces. After a `:` there may be a \
                  specification as in Python: fill and align (`<` `>` `^`, `=` for after the sign), sign (`+` or a \
                  space), `0`, width, `,` (or `_`) between thousands, `.` and a precision, and a type: d for ints, f, \
                  e, g and % for other numbers, x, o and b for ints in base 16, 8 and 2, s for text. h is a human \
                  size (1.2M), H one in units of 1024 (1.2Mi). Without a type a value is written as it is printed \
                  elsewhere; numbers are on the right, other values on the left of the width. Text that is a number \
                  is one wherever the specification asks for a number, and a duration is its seconds. A time takes \
                  a format of strftime: {time:%H:%M}.\n\nNull prints nothing but fills its width. A value that does \
                  not fit its specification does the same and counts as a failed conversion.",
        examples: &[
            Example {
                expr: "csv as ip, bytes, s | select format(\"{ip:<8}|{bytes:>9,}|{s:.1f}s {bytes:h}\") as line",
                input: "10.0.0.1,1234567,0.25\n::1,99,12\n",
                output: "10.0.0.1|1,234,567|0.2s 1.2M\n::1     |       99|12.0s 99\n",
            },
            Example {
                expr: "split | count by word | select format(\"{word}: {count / total(count):.0%}\") as share",
                input: "a b a a\n",
                output: "a: 75%\nb: 25%\n",
            },
        ],
    },
    parameters: &[Parameter::new("template", ParameterKind::Text)],
    required: 1,
    variadic: false,
    kernel: Kernel::Format,
};
