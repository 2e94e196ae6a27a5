//! LogQL and PromQL: `sum by (host) (rate({app="x"} |= "e" [1m]))`.

use super::super::cursor::TokenCursor;
use super::super::expression::{in_quotes, regex_of};
use super::super::lists::{name_of, quoted};
use super::super::tokens::TokenKind;
use super::super::{answer_stage, expression};

/// Returns the end of a selector such as `{app="x", env=~"a|b"}`.
pub(super) fn logql_selector(cursor: &TokenCursor<'_>) -> Option<usize> {
    let rest = &cursor.tokens[cursor.at..];
    let is_selector = rest.first()?.text == "{"
        && (rest.get(1)?.text == "}" || matches!(rest.get(2)?.text, "=" | "=~" | "!=" | "!~"));
    let end = rest.iter().position(|token| token.text == "}")?;
    is_selector.then_some(cursor.at + end)
}

pub(super) fn logql(text: &str) -> Option<String> {
    let cursor = TokenCursor::new(text)?;
    let end = cursor.tokens[logql_selector(&cursor)?].end();
    let stages = log_pipeline(&text[end..])?;
    Some(if stages.is_empty() { "match \"\"".to_owned() } else { stages.join(" | ") })
}

/// `|= "a" != "b" | json | level="error"`.
pub(super) fn log_pipeline(text: &str) -> Option<Vec<String>> {
    let mut stages = Vec::new();
    let Some(mut cursor) = TokenCursor::new(text) else {
        return text.trim().is_empty().then_some(stages);
    };
    while !cursor.is_done() {
        if let Some(sign) = cursor.any_sign(&["|=", "!=", "|~", "!~", "|>"]) {
            let pattern = cursor.of_kind(TokenKind::Text)?;
            let verb = if sign.text.starts_with('!') { "skip" } else { "match" };
            let pattern = match sign.text.ends_with('~') {
                true => regex_of(pattern.text, "")?,
                false => quoted(pattern).replace('`', "\""),
            };
            stages.push(format!("{verb} {pattern}"));
            continue;
        }
        cursor.any_sign(&["|"])?;
        let from = cursor.peek()?.start;
        let mut depth = 0i32;
        while let Some(token) = cursor.peek() {
            depth += i32::from(token.text == "(") - i32::from(token.text == ")");
            if depth == 0 && matches!(token.text, "|" | "|=" | "|~") {
                break;
            }
            cursor.at += 1;
        }
        let piece = &text[from..cursor.tokens[cursor.at - 1].end()];
        stages.push(log_stage(piece)?);
    }
    stages.retain(|stage| !stage.is_empty());
    Some(stages)
}

pub(super) fn log_stage(piece: &str) -> Option<String> {
    let word = piece.split_whitespace().next()?;
    match word {
        "json" | "logfmt" => Some(word.to_owned()),
        "unwrap" | "decolorize" => Some(String::new()),
        "line_format" => Some(answer_stage(piece).map(|answer| answer.here).unwrap_or_default()),
        "drop" | "keep" | "label_format" => answer_stage(piece).map(|answer| answer.here).or(Some(piece.to_owned())),
        "pattern" => {
            let text = TokenCursor::new(piece)?.tokens.get(1).copied().filter(|token| token.kind != TokenKind::Sign)?;
            let holes = text.inner().replace('<', "{").replace('>', "}");
            Some(format!("parse {}", in_quotes(&holes)))
        }
        "regexp" => {
            let text = TokenCursor::new(piece)?.tokens.get(1).copied().filter(|token| token.kind != TokenKind::Sign)?;
            Some(format!("regex {}", regex_of(text.text, "")?))
        }
        _ => {
            let mut cursor = TokenCursor::new(piece)?;
            let condition = cursor.expression()?;
            cursor.is_done().then(|| format!("where {condition}"))
        }
    }
}

pub(super) fn is_logql_metric(cursor: &TokenCursor<'_>) -> bool {
    let calls = cursor.tokens.first().is_some_and(|token| token.kind == TokenKind::Word)
        && cursor.tokens.iter().any(|token| token.text == "(");
    let open = cursor.tokens.iter().position(|token| token.text == "{");
    let selects = open.is_some_and(|at| logql_selector(&TokenCursor { at, ..cursor.clone() }).is_some());
    let ranges = cursor
        .tokens
        .windows(3)
        .any(|three| three[0].text == "[" && three[2].text == "]" && expression::duration_of(three[1].text).is_some());
    calls && (selects || ranges && cursor.tokens.len() < 200)
}

/// `sum by (host) (rate({app="x"} |= "e" [5m]))`.
pub(super) fn logql_metric(text: &str) -> Option<String> {
    let cursor = TokenCursor::new(text)?;
    let all = &cursor.tokens;
    let open = all.iter().position(|token| token.text == "{");
    let range = all.windows(3).position(|three| {
        three[0].text == "[" && three[2].text == "]" && expression::duration_of(three[1].text).is_some()
    });
    let window = match range {
        Some(at) => expression::duration_of(all[at + 1].text)?,
        None => "1m".to_owned(),
    };
    let mut stages = match (open, range) {
        (Some(open), range) => {
            let selector = logql_selector(&TokenCursor { at: open, ..cursor.clone() })?;
            let end = range.map_or(all.last()?.end(), |at| all[at].start);
            log_pipeline(text.get(all[selector].end()..end)?.trim_end_matches(')'))?
        }
        _ => Vec::new(),
    };
    let unwrapped = all.iter().position(|token| token.text == "unwrap").and_then(|at| all.get(at + 1));
    let value = unwrapped.map_or("x".to_owned(), |token| token.text.to_owned());
    let name = all
        .iter()
        .map(|token| token.text)
        .find(|text| text.ends_with("_over_time") || matches!(*text, "rate" | "bytes_rate" | "irate" | "increase"))
        .unwrap_or("count");
    let quantile = all.iter().find(|token| token.kind == TokenKind::Number && token.text.starts_with("0."));
    let aggregate = match name {
        "rate" | "irate" => "rate".to_owned(),
        "bytes_rate" | "bytes_over_time" => "sum(len(line)) as bytes".to_owned(),
        "quantile_over_time" => {
            let share: f64 = quantile.map_or(Some(0.95), |token| token.text.parse().ok())?;
            format!("p{}({value})", (share * 1e6).round() / 1e4)
        }
        name => match name.strip_suffix("_over_time").unwrap_or(name) {
            "count" | "absent" | "increase" => "count".to_owned(),
            own => format!("{own}({value})"),
        },
    };
    let keys = all.iter().position(|token| token.text == "by").and_then(|by| {
        let rest = &all[by + 1..];
        let end = rest.iter().position(|token| token.text == ")")?;
        let names: Vec<String> = rest[..end]
            .iter()
            .filter(|token| token.kind == TokenKind::Word)
            .filter_map(|token| name_of(*token))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    });
    let by = keys.map_or(String::new(), |keys| format!(" by {keys}"));
    stages.push(format!("{aggregate}{by}"));
    if let ("topk", Some(number)) = (all[0].text, all.get(2).filter(|number| number.kind == TokenKind::Number)) {
        stages.push(format!("limit {}", number.text));
    }
    stages.push(format!("window {window}"));
    Some(stages.join(" | "))
}

/// `unwrap ms`, `unwrap duration(took)`, `unwrap bytes(size)`.
pub(in crate::plan::foreign_verbs) fn unwrap(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let is_call = cursor.at_call();
    let first = cursor.next()?;
    if !is_call {
        let field = name_of(first)?;
        return Some(format!("let {field} = num({field})"));
    }
    let function = match first.text {
        "duration" | "duration_seconds" => "duration",
        "bytes" => "bytes",
        _ => return None,
    };
    cursor.any_sign(&["("])?;
    let field = name_of(cursor.next()?)?;
    Some(format!("let {field} = {function}({field})"))
}
