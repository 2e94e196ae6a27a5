//! Operators that are words: `is null`, `like`, `between`, `not in`, `contains`.

use super::cursor::TokenCursor;
use super::expression::regex_of;
use super::tokens::{ForeignToken, TokenKind};
use super::written::{Binding, WrittenExpr, joined, like};

impl TokenCursor<'_> {
    /// `is null`, `like`, `between`, `in` and their like, with or without `not`.
    pub(super) fn compare_by_word(&mut self, left: &WrittenExpr, depth: usize) -> Option<WrittenExpr> {
        let mut ahead = self.clone();
        let sign = ahead.peek()?;
        let negated = ahead.sign("!") || !ahead.at_word(0, "is") && ahead.word("not").is_some();
        let word = ahead.of_kind(TokenKind::Word)?;
        let lower = word.text.to_ascii_lowercase();
        let is_own = matches!(lower.as_str(), "in") && word.text == "in" && sign.text != "!";
        if !is_own {
            let marked = match negated {
                true => ForeignToken { text: ahead.text.get(sign.start..word.end())?, ..sign },
                false => word,
            };
            ahead.note(marked, format!("unknown operator `{}`", marked.text));
        }
        let x = left.within(Binding::Add);
        let held = match lower.as_str() {
            "is" => is_constant(&mut ahead, &x)?,
            "in" => {
                ahead.sign("~");
                let list = ahead.list(depth)?;
                let word = if negated { "not in" } else { "in" };
                *self = ahead;
                return Some(WrittenExpr::of(Binding::Compare, format!("{x} {word} {list}")));
            }
            "between" => {
                let low = ahead.add(depth)?;
                if ahead.word("and").is_none() {
                    ahead.any_sign(&["..", ","])?;
                }
                let high = ahead.add(depth)?;
                let text = format!("{x} >= {} and {x} <= {}", low.text, high.text);
                WrittenExpr::of(Binding::And, text)
            }
            "like" | "ilike" => {
                let pattern = ahead.of_kind(TokenKind::Text)?;
                like(&x, pattern.inner(), lower == "ilike")?
            }
            "rlike" | "regexp" | "matches" | "regex" | "similar" => matches_regex(&mut ahead, &x)?,
            "contains" | "has" | "contains_cs" | "has_cs" | "includes" => {
                let right = ahead.add(depth)?;
                WrittenExpr::primary(format!("contains({x}, {})", right.text))
            }
            "startswith" | "endswith" | "startswith_cs" | "hasprefix" | "hassuffix" => {
                let right = ahead.add(depth)?;
                let name =
                    if lower.ends_with("suffix") || lower.starts_with("ends") { "endswith" } else { "startswith" };
                WrittenExpr::primary(format!("{name}({x}, {})", right.text))
            }
            "eq" | "ne" | "gt" | "ge" | "lt" | "le" => {
                let right = ahead.add(depth)?;
                let sign = ["==", "!=", ">", ">=", "<", "<="]
                    [["eq", "ne", "gt", "ge", "lt", "le"].iter().position(|w| *w == lower)?];
                joined(left, sign, &right, Binding::Compare)
            }
            _ => return Some(left.clone()),
        };
        *self = ahead;
        Some(match negated {
            true => WrittenExpr::of(Binding::Not, format!("not {}", held.within(Binding::Compare))),
            false => held,
        })
    }
}

/// Reads the constant after `x is`, with or without `not`.
fn is_constant(cursor: &mut TokenCursor<'_>, x: &str) -> Option<WrittenExpr> {
    let sign = if cursor.word("not").is_some() { "!=" } else { "==" };
    let value = cursor.of_kind(TokenKind::Word)?.text.to_ascii_lowercase();
    let value = match value.as_str() {
        "null" | "none" | "missing" | "na" => "null",
        "true" | "false" => &value,
        _ => return None,
    };
    Some(WrittenExpr::of(Binding::Compare, format!("{x} {sign} {value}")))
}

/// Reads the pattern after `x rlike`, `x similar to` and their like.
fn matches_regex(cursor: &mut TokenCursor<'_>, x: &str) -> Option<WrittenExpr> {
    cursor.word("to");
    cursor.word("regex");
    let right = cursor.next()?;
    let regex = match right.kind {
        TokenKind::Regex => right.text.to_owned(),
        TokenKind::Text => regex_of(right.text, "")?,
        _ => return None,
    };
    Some(WrittenExpr::of(Binding::Compare, format!("{x} ~ {regex}")))
}
