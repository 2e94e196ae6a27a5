//! `regex_replace(x, /…/, y)`: replaces the matches of a pattern.

use std::sync::Arc;

use regex::bytes::{Match, Regex};

use crate::expr::pattern::Pattern;

use super::limit::{LIMIT_BYTES, TOO_LONG, check_length};
use super::{ArgumentError, Caller, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const REGEX_REPLACE: FunctionDef = FunctionDef {
    entry: Entry {
        name: "regex_replace",
        usage: "regex_replace(x, /…/, y)",
        summary: "Replace all matches of a /regex/ in the text with `y`.",
        details: "In `y`, `$1` or `${name}` stands for the text of a group, `$0` for the whole match, `$$` for a dollar sign. `$1a` means a group of that name: write `${1}a`. A result of more than 16 MiB is null and counts as a failed conversion.",
        examples: &[Example {
            expr: "select regex_replace(line, /\\d+/, 'N') as a, regex_replace(line, /(\\w+)=(\\w+)/, '$2:$1') as b",
            input: "id=42\n",
            output: "id=N\t42:id\n",
        }],
    },
    parameters: &[
        Parameter::new("text", ParameterKind::Text),
        Parameter::new("pattern", ParameterKind::Pattern),
        Parameter::new("replacement", ParameterKind::Text),
    ],
    required: 3,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// The expression, and whether the replacement is constant.
#[derive(Debug)]
struct Replace {
    regex: Regex,
    is_plain: bool,
}

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let regex = regex_of(const_args)?;
    let mut is_plain = false;
    if let Some(ConstArg::Constant(ValueRef::Text(replacement))) = const_args.get(2) {
        is_plain = !replacement.contains(&b'$');
        if let Some(missing) = missing_group(regex, replacement) {
            return Err(ArgumentError { argument: 2, message: format!("the expression has no group `{missing}`") });
        }
    }
    Ok(Arc::new(Replace { regex: regex.clone(), is_plain }))
}

/// Returns the expression given as the second argument.
pub(super) fn regex_of<'g>(const_args: &'g [ConstArg<'_>]) -> Result<&'g Regex, ArgumentError> {
    match const_args.get(1) {
        Some(ConstArg::Pattern(Pattern::Regex(regex))) => Ok(regex),
        _ => Err(ArgumentError { argument: 1, message: "expected a /regex/".to_owned() }),
    }
}

/// Returns the first group that a replacement names and the expression lacks.
fn missing_group(regex: &Regex, replacement: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(replacement);
    let mut rest = &*text;
    while let Some(dollar) = rest.find('$') {
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        let name = match rest.strip_prefix('{') {
            Some(braced) => braced.split_once('}').map_or("", |(name, _)| name),
            None => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                &rest[..end.unwrap_or(rest.len())]
            }
        };
        let exists = match name.parse::<usize>() {
            Ok(number) => number < regex.captures_len(),
            Err(_) => regex.capture_names().flatten().any(|known| known == name),
        };
        if !name.is_empty() && !exists {
            return Some(name.to_owned());
        }
    }
    None
}

impl Prepared for Replace {
    fn begin(&self) -> Caller<'_> {
        Box::new(|arguments, scratch| {
            let [ValueRef::Text(text), _, ValueRef::Text(replacement)] = arguments else {
                return Err(TypeMismatch { expected: "text" });
            };
            let mut copied = 0;
            let mut copy_up_to = |found: Match<'_>, scratch: &mut Vec<u8>| {
                scratch.extend_from_slice(&text[copied..found.start()]);
                copied = found.end();
            };
            if self.is_plain {
                for found in self.regex.find_iter(text) {
                    copy_up_to(found, scratch);
                    scratch.extend_from_slice(replacement);
                    check_length(scratch)?;
                }
            } else {
                for groups in self.regex.captures_iter(text) {
                    copy_up_to(groups.get_match(), scratch);
                    // A single expansion can be longer than memory: each `$` may be the whole match.
                    let references = memchr::memchr_iter(b'$', replacement).count();
                    if references.saturating_mul(groups.get_match().len()) > 16 * LIMIT_BYTES {
                        return Err(TOO_LONG);
                    }
                    groups.expand(replacement, scratch);
                    check_length(scratch)?;
                }
            }
            scratch.extend_from_slice(&text[copied..]);
            Ok(ValueRef::Text(scratch))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call_varying, refused, text};
    use super::*;
    use crate::data::Value;

    fn arguments<'v>(x: &'v [u8], pattern: &'v str, y: &'v [u8]) -> [ValueRef<'v>; 3] {
        [ValueRef::Text(x), ValueRef::Text(pattern.as_bytes()), ValueRef::Text(y)]
    }

    #[test]
    fn every_match_with_groups() {
        let replace = |x, pattern, y| text(&REGEX_REPLACE, &arguments(x, pattern, y));
        assert_eq!(replace(b"a1b22", "\\d+", b"N"), b"aNbN");
        assert_eq!(replace(b"a1b22", "([a-z])(\\d+)", b"$2${1}x$$"), b"1ax$22bx$");
        assert_eq!(replace(b"abc", "x", b"y"), b"abc");
        assert_eq!(replace(b"abc", "", b"-"), b"-a-b-c-");
        assert_eq!(replace(b"\xff1", "1", b"\xfe"), b"\xff\xfe");
        let varying = call_varying(&REGEX_REPLACE, &arguments(b"a1", "(\\d)", b"<$1>"));
        assert_eq!(varying, Ok(Value::Text(b"a<1>".to_vec())));
    }

    #[test]
    fn groups_that_are_not_there() {
        let refused = |pattern, y| refused(&REGEX_REPLACE, &arguments(b"", pattern, y)).message;
        assert_eq!(refused("(a)", b"$1b"), "the expression has no group `1b`");
        assert_eq!(refused("a", b"$$ $1"), "the expression has no group `1`");
    }
}
