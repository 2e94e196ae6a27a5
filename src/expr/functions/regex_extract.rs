//! `regex_extract(x, /…/ [, group])`: the part of a text that a pattern matches.

use std::sync::Arc;

use regex::bytes::Regex;

use super::regex_replace::regex_of;
use super::{ArgumentError, Caller, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, Number, ValueRef};

pub(super) const REGEX_EXTRACT: FunctionDef = FunctionDef {
    entry: Entry {
        name: "regex_extract",
        usage: "regex_extract(x, /…/ [, group])",
        summary: "Extract the match of a /regex/ from the text, or a group of it.",
        details: "Without `group`: the first group if there is one, else the whole match. A group is a number (0 is the whole match) or a name in quotes. Null without a match, and for a group that does not take part in it.",
        examples: &[
            Example {
                expr: "select regex_extract(line, /port (\\d+)/) as port, regex_extract(line, /\\w+/) as first",
                input: "open port 22\n",
                output: "22\topen\n",
            },
            Example {
                expr: "let user = regex_extract(line, /for (?<u>\\w+) from (?<ip>\\S+)/, 'u')",
                input: "failed for root from ::1\n",
                output: "failed for root from ::1\troot\n",
            },
        ],
    },
    parameters: &[
        Parameter::new("text", ParameterKind::Text),
        Parameter::new("pattern", ParameterKind::Pattern),
        Parameter::new("group", ParameterKind::Any),
    ],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// The expression and the wanted group.
#[derive(Debug)]
struct Extract {
    regex: Regex,
    group: usize,
}

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let regex = regex_of(const_args)?;
    let group = match const_args.get(2) {
        None => usize::from(regex.captures_len() > 1),
        Some(ConstArg::Constant(group)) => group_of(regex, *group).ok_or_else(|| ArgumentError {
            argument: 2,
            message: format!("there is no such group; {}", groups(regex)),
        })?,
        Some(_) => {
            return Err(ArgumentError { argument: 2, message: "expected a number or a name of a group".to_owned() });
        }
    };
    Ok(Arc::new(Extract { regex: regex.clone(), group }))
}

/// Finds a group by number or name.
fn group_of(regex: &Regex, group: ValueRef<'_>) -> Option<usize> {
    match (group, group.as_number()) {
        (_, Some(Number::Int(number))) => usize::try_from(number).ok().filter(|number| *number < regex.captures_len()),
        (ValueRef::Text(name), _) => {
            regex.capture_names().position(|known| known.is_some_and(|known| known.as_bytes() == name))
        }
        _ => None,
    }
}

/// Lists the groups.
fn groups(regex: &Regex) -> String {
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    match (regex.captures_len() - 1, names.as_slice()) {
        (0, _) => "the expression has none, so only 0, the whole match".to_owned(),
        (count, []) => format!("there are 0 to {count}"),
        (count, names) => format!("there are 0 to {count}, and {}", names.join(", ")),
    }
}

impl Prepared for Extract {
    fn begin(&self) -> Caller<'_> {
        if self.group == 0 {
            return Box::new(|arguments, _| {
                let [ValueRef::Text(text), ..] = arguments else {
                    return Err(TypeMismatch { expected: "text" });
                };
                let found = self.regex.find(text);
                Ok(found.map_or(ValueRef::Null, |found| ValueRef::Text(found.as_bytes())))
            });
        }
        let mut places = self.regex.capture_locations();
        Box::new(move |arguments, _| {
            let [ValueRef::Text(text), ..] = arguments else {
                return Err(TypeMismatch { expected: "text" });
            };
            if self.regex.captures_read(&mut places, text).is_none() {
                return Ok(ValueRef::Null);
            }
            let group = places.get(self.group);
            Ok(group.map_or(ValueRef::Null, |(start, end)| ValueRef::Text(&text[start..end])))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, refused};
    use super::*;
    use crate::data::Value;

    fn extract(x: &[u8], pattern: &str, group: Option<ValueRef<'_>>) -> Value {
        let mut arguments = vec![ValueRef::Text(x), ValueRef::Text(pattern.as_bytes())];
        arguments.extend(group);
        call(&REGEX_EXTRACT, &arguments).expect("text fits")
    }

    #[test]
    fn groups_by_number_and_name() {
        let text = |text: &[u8]| Value::Text(text.to_vec());
        let pattern = "(?<key>\\w+)=(\\d+)?";
        assert_eq!(extract(b"a=1", pattern, None), text(b"a"));
        assert_eq!(extract(b"a=1", pattern, Some(ValueRef::Int(0))), text(b"a=1"));
        assert_eq!(extract(b"a=1", pattern, Some(ValueRef::Int(2))), text(b"1"));
        assert_eq!(extract(b"a=1", pattern, Some(ValueRef::Text(b"key"))), text(b"a"));
        assert_eq!(extract(b"a=", pattern, Some(ValueRef::Int(2))), Value::Null);
        assert_eq!(extract(b"a", pattern, None), Value::Null);
        assert_eq!(extract(b"\xff12", "\\d+", None), text(b"12"));
    }

    #[test]
    fn groups_that_are_not_there() {
        let refused = |pattern: &str, group| {
            let arguments = [ValueRef::Text(b""), ValueRef::Text(pattern.as_bytes()), group];
            refused(&REGEX_EXTRACT, &arguments).message
        };
        assert_eq!(
            refused("(?<key>a)(b)", ValueRef::Text(b"kye")),
            "there is no such group; there are 0 to 2, and key"
        );
        assert!(refused("a", ValueRef::Int(1)).contains("only 0"));
        assert!(refused("(a)", ValueRef::Int(-1)).contains("0 to 1"));
    }
}
