//! Finds text that every record must contain for a condition to be true: the scanner searches raw bytes for it, before
//! anything is decoded.

use std::borrow::Cow;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

use crate::data::{Instant, Slot, Value};

use super::Pattern;
use super::bound_expr::{BoundExpr, Comparison};

impl BoundExpr {
    /// Returns the longest text known to be in `field` whenever the condition is true. Records without it can be
    /// skipped: no failure is counted for a part of the condition that is evaluated before such text is required.
    pub fn required_text(&self, field: Slot) -> Option<Cow<'_, [u8]>> {
        Some(self.required(field)?.text)
    }

    fn required(&self, field: Slot) -> Option<Required<'_>> {
        let is_field = |node: &BoundExpr| matches!(node, BoundExpr::Field(slot, _) if *slot == field);
        let text: Option<Cow<'_, [u8]>> = match self {
            BoundExpr::And(first, second) => {
                let first = first.required(field)?;
                // The text of a conjunct after one that can fail is not used: skipping would hide the failures.
                let second = second.required(field).filter(|_| !first.can_fail);
                return Some(match second {
                    Some(second) if second.text.len() > first.text.len() => second,
                    second => Required { can_fail: second.is_none_or(|second| second.can_fail), ..first },
                });
            }
            BoundExpr::Compare(Comparison::Equal, first, second, _) => match (&**first, &**second) {
                (field, BoundExpr::Constant(Value::Text(text)))
                | (BoundExpr::Constant(Value::Text(text)), field)
                    // A time equals other spellings of the same instant.
                    if is_field(field) && Instant::parse(text).is_none() =>
                {
                    Some(Cow::Borrowed(text.as_slice()))
                }
                _ => None,
            },
            BoundExpr::Matches(text, pattern) if is_field(text) => pattern.required_text(),
            BoundExpr::Call { def, arguments } | BoundExpr::Prepared { def, arguments, .. } => {
                match (def.entry.name, arguments.as_slice()) {
                    ("contains" | "startswith" | "endswith", [text, BoundExpr::Constant(Value::Text(part))])
                        if is_field(text) =>
                    {
                        Some(Cow::Borrowed(part.as_slice()))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        Some(Required { text: text?, can_fail: false })
    }
}

/// The text that a condition requires.
struct Required<'n> {
    text: Cow<'n, [u8]>,
    /// True if evaluating it can count a failure.
    can_fail: bool,
}

impl Pattern {
    /// Returns the longest text that every match contains.
    pub fn required_text(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Pattern::Text(finder) => Some(Cow::Borrowed(finder.needle())),
            Pattern::Regex(regex) => {
                // With the settings of `regex::bytes`, which has compiled it already.
                let parsed = ParserBuilder::new().utf8(false).build().parse(regex.as_str());
                required_by(&parsed.ok()?).map(|text| Cow::Owned(text.to_vec()))
            }
        }
    }
}

/// Returns the longest literal that every match of a regular expression contains. For alternatives, which may have one
/// in common, it returns `None`.
fn required_by(regex: &Hir) -> Option<&[u8]> {
    match regex.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        HirKind::Capture(group) => required_by(&group.sub),
        HirKind::Repetition(repeated) if repeated.min > 0 => required_by(&repeated.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(required_by).max_by_key(|text| text.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scope, bind_condition};
    use crate::lang::arguments::Arguments;

    /// Returns the text that `line` must contain for a condition to be true.
    fn required(condition: &str) -> Option<String> {
        let mut scope = Scope::new();
        let line = scope.set("line");
        scope.set("other");
        let pipeline = crate::lang::parse(&format!("where {condition}")).expect("it is a pipeline");
        let mut arguments = Arguments::of(&pipeline.stages[0]);
        let condition = arguments.expression("a condition").expect("it is an expression");
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
            ("startswith(line, '#') and endswith(line, 'end')", Some("end")),
            (r"line ~ /GET \/[a-z]+ 500$/", Some("GET /")),
            ("line ~ /(x|y)+(abc){2,}z?/", Some("abc")),
            ("contains(line, 'a') and num(line) > 1", Some("a")),
            ("line ~ /ab/x", Some("ab")),
            ("line ~ 'b' and not num(line) > 0 and startswith(line, 'ab')", Some("b")),
            ("line ~ 'b' and (line ~ 'abc' and line ~ 'ab')", Some("abc")),
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
            "line == '2026-03-01T10:00:00Z'",
            "line !~ 'abc'",
            "num(line) > 1 and contains(line, 'a')",
            "not contains(line, 'a') and contains(line, 'a')",
        ] {
            assert_eq!(required(condition), None, "{condition}");
        }
    }
}
