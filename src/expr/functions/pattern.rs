//! `pattern(x)`: replaces the varying parts of a log line with placeholders.

use crate::expr::log_pattern::write_pattern;

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const PATTERN: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "pattern",
        usage: "pattern(x)",
        summary: "Replace the varying parts of a line, so that similar lines group.",
        details: "The placeholders are `<time>`, `<num>` (with its unit), `<ip>` (v4 with port, v6), `<mac>`, `<uuid>`, `<hex>` (after `0x`, or 8 or more hexadecimal digits with letters among them), `<str>` (quoted text, except names of JSON members), `<email>`, and `<id>` for a word in which letters and digits alternate. Digits at the end of a word are replaced (`eth<num>`), and white space becomes one space.",
        examples: &[Example {
            expr: "count by pattern(line) as kind",
            input: "May 17 10:05:03 web1 sshd[17]: login from 10.0.0.7\nMay 18 11:06:04 web2 sshd[9]: login from 10.1.2.3\n",
            output: "<time> web<num> sshd[<num>]: login from <ip>\t2\n",
        }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    pattern,
);

fn pattern<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(line)] = arguments else {
        return Err(TypeMismatch { expected: "text" });
    };
    write_pattern(line, scratch);
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::text;
    use super::*;

    #[test]
    fn of_a_line() {
        let pattern = |line: &str| text(&PATTERN, &[ValueRef::Text(line.as_bytes())]);
        assert_eq!(pattern("user 17 from ::1"), b"user <num> from <ip>");
    }
}
