//! What a text must have in it for a condition on it to be true: it can be searched for in raw bytes, before
//! anything is decoded.

use std::borrow::Cow;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

use crate::data::{Slot, Value};

use super::Pattern;
use super::node::{Comparison, Node};

impl Node {
    /// The longest text known to be in `field` wherever the condition is true. Nothing is lost by not asking the
    /// condition of other records: whatever it does before it fails there cannot be counted as a failure.
    pub fn required_text(&self, field: Slot) -> Option<Cow<'_, [u8]>> {
        let is_field = |node: &Node| matches!(node, Node::Field(slot, _) if *slot == field);
        match self {
            Node::And(first, second) => {
                // What stands behind a conjunct that can fail is not asked first: the failures would be missed.
                let first = first.required_text(field)?;
                Some(match second.required_text(field) {
                    Some(second) if second.len() > first.len() => second,
                    _ => first,
                })
            }
            Node::Compare(Comparison::Equal, first, second) => match (&**first, &**second) {
                (field, Node::Constant(Value::Text(text)))
                | (Node::Constant(Value::Text(text)), field)
                    if is_field(field) =>
                {
                    Some(Cow::Borrowed(text))
                }
                _ => None,
            },
            Node::Matches(text, pattern) if is_field(text) => pattern.required_text(),
            Node::Call { def, arguments } | Node::Prepared { def, arguments, .. } => {
                match (def.entry.name, arguments.as_slice()) {
                    (
                        "contains" | "startswith" | "endswith",
                        [text, Node::Constant(Value::Text(part))],
                    ) if is_field(text) => Some(Cow::Borrowed(part)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Pattern {
    /// The longest text that is in everything that matches.
    pub fn required_text(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Pattern::Text(finder) => Some(Cow::Borrowed(finder.needle())),
            Pattern::Regex(regex) => {
                // As `regex::bytes` reads it, which has compiled it already.
                let parsed = ParserBuilder::new()
                    .utf8(false)
                    .build()
                    .parse(regex.as_str());
                required_by(&parsed.ok()?).map(|text| Cow::Owned(text.to_vec()))
            }
        }
    }
}

/// The longest literal that every match of a regular expression has. Alternatives, which may have one in common,
/// are taken for having none.
fn required_by(regex: &Hir) -> Option<&[u8]> {
    match regex.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        HirKind::Capture(group) => required_by(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => required_by(&repeated.sub),
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(required_by)
            .max_by_key(|text| text.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scope, bind_condition};
    use crate::lang::arguments::Arguments;

    /// What `line` must have for a condition on it to be true.
    fn required(condition: &str) -> Option<String> {
        let mut scope = Scope::new();
        let line = scope.set("line");
        scope.set("other");
        let pipeline = crate::lang::parse(&format!("where {condition}")).expect("it is a pipeline");
        let mut arguments = Arguments::of(&pipeline.stages[0]);
        let condition = arguments
            .expression("a condition")
            .expect("it is an expression");
        let condition = bind_condition(condition, &scope).expect("it is a condition");
        let text = condition.required_text(line)?;
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    #[test]
    fn the_longest_text_that_must_be_there() {
        for (condition, text) in [
            ("line == 'abc'", Some("abc")),
            ("'abc' == line", Some("abc")),
            ("contains(line, 'b c')", Some("b c")),
            (
                "startswith(line, '#') and endswith(line, 'end')",
                Some("end"),
            ),
            (r"line ~ /GET \/[a-z]+ 500$/", Some("GET /")),
            ("line ~ /(x|y)+(abc){2,}z?/", Some("abc")),
            ("contains(line, 'a') and num(line) > 1", Some("a")),
            ("line ~ /ab/x", Some("ab")),
        ] {
            assert_eq!(required(condition).as_deref(), text, "{condition}");
        }
    }

    #[test]
    fn nothing_where_a_text_may_be_missing_or_failures_would_be_missed() {
        for condition in [
            "line != 'abc'",
            "not contains(line, 'a')",
            "line == 'a' or line == 'b'",
            "contains(other, 'a')",
            "contains('abc', line)",
            "upper(line) == 'A'",
            "line ~ /a|b/",
            "line ~ /error/i",
            "line ~ /[a-c]*/",
            "line == 5",
            "num(line) > 1 and contains(line, 'a')",
        ] {
            assert_eq!(required(condition), None, "{condition}");
        }
    }
}
