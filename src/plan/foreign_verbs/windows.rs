//! Translates the length of a `window`.

use super::cursor::TokenCursor;
use super::expression::duration_of;
use super::own::note_rest;
use super::tokens::{ForeignToken, TokenKind};

/// `window tumbling 5m`, `window('5 minutes', '1 minute')`, `window 5m every 1m`.
pub(super) fn window(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = cursor.tokens[cursor.at..].to_vec();
    let is_clause = |token: &ForeignToken<'_>| matches!(token.text, "on" | "late" | "offset" | "fill" | "all");
    if rest.iter().any(|token| matches!(token.text, "rows" | "row" | "state")) {
        return None; // already valid here
    }
    let clauses = rest.iter().position(is_clause).unwrap_or(rest.len());
    let (rest, clauses) = rest.split_at(clauses);
    let is_odd_clause = clauses.iter().any(|token| {
        token.kind == TokenKind::Number && token.text.parse::<u32>().is_ok() || token.kind == TokenKind::Text
    });
    let clauses = clauses_of_window(clauses)?;
    let mut durations = Vec::new();
    for (index, token) in rest.iter().enumerate() {
        let text = match (token.kind, rest.get(index + 1)) {
            (TokenKind::Number, Some(unit)) if unit.kind == TokenKind::Word && token.text.parse::<u32>().is_ok() => {
                format!("{} {}", token.text, unit.text)
            }
            _ => token.text.trim_matches(['"', '\'']).to_owned(),
        };
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            durations.extend(duration_of(&text));
        }
    }
    let odd = rest
        .iter()
        .find(|token| !matches!(token.text, "," | "/") && duration_of(token.text).is_none_or(|own| own != token.text));
    match odd {
        Some(odd)
            if odd.kind == TokenKind::Number && duration_of(odd.text).is_none() && odd.text.parse::<u32>().is_err() =>
        {
            return None; // a valid duration: the error is elsewhere
        }
        Some(odd) if odd.kind == TokenKind::Number => {
            cursor.note(*odd, "a unit follows its number without a blank");
        }
        Some(odd) => cursor.note(*odd, format!("unexpected `{}` after `window`", odd.text)),
        None if is_odd_clause => note_rest(cursor, "a duration is one word, as in `10s`: unexpected"),
        None => return None,
    }
    let is_session = rest.iter().any(|token| token.text.eq_ignore_ascii_case("session"));
    let shape = match (durations.as_slice(), is_session) {
        ([gap], true) => format!("session {gap}"),
        ([length], false) => length.clone(),
        ([length, slide], false) => format!("{length}/{slide}"),
        _ => return None,
    };
    Some(format!("window {shape}{clauses}"))
}

/// ` on t late 10s` of `on t late 10 s`.
fn clauses_of_window(tokens: &[ForeignToken<'_>]) -> Option<String> {
    let mut out = String::new();
    let mut before: Option<ForeignToken<'_>> = None;
    for token in tokens {
        let number = before.filter(|before| before.kind == TokenKind::Number);
        match number.and_then(|number| duration_of(&format!("{}{}", number.text, token.text))) {
            Some(duration) => {
                out.truncate(out.len() - number?.text.len());
                out.push_str(&duration);
            }
            None => {
                out.push(' ');
                out.push_str(token.text);
            }
        }
        before = Some(*token);
    }
    Some(out)
}
