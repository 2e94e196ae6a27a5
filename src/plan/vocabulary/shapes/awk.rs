//! awk programs, and the `s/a/b/` of sed.

use super::super::cursor::Cursor;
use super::super::expression::{in_quotes, regex_of};
use super::super::tokens::Kind;

pub(super) fn is_awk(cursor: &Cursor<'_>) -> bool {
    let has = |text: &str| cursor.tokens.iter().any(|token| token.text == text);
    let first = cursor.tokens.first().map_or("", |token| token.text);
    let condition = matches!(first, "NR" | "NF" | "FNR") || first.starts_with('$') || matches!(first, "BEGIN" | "END");
    first == "!" && has("++") || condition && !first.starts_with("${") || has("{") && has("print")
}

/// `NR > 1 && /x/ {print $1, $3}`.
pub(in crate::plan::vocabulary) fn awk(program: &str) -> Option<String> {
    let program = program.trim();
    let program = match program.strip_prefix("BEGIN") {
        Some(rest) => rest.split_once('}')?.1.trim(), // FS and OFS
        None => program,
    };
    if program.contains("seen[") || program.starts_with('!') && program.contains("++") {
        let key = program.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("$0", |(key, _)| key);
        return Some(match key {
            "$0" => "dedup".to_owned(),
            key => format!("let key = {} | dedup key | drop key", Cursor::new(key)?.expression()?),
        });
    }
    let (pattern, action) = program.split_once('{').map_or((program, ""), |(pattern, action)| (pattern.trim(), action));
    let (action, after) = action.split_once('}').unwrap_or((action, ""));
    let mut stages = Vec::new();
    if !pattern.is_empty() && pattern != "END" {
        let mut condition = Cursor::new(pattern)?;
        let are_fields = condition.tokens.iter().all(|token| token.text == "," || token.text.starts_with('$'));
        match (condition.peek()?, condition.tokens.len()) {
            (regex, 1) if regex.kind == Kind::Regex => stages.push(format!("match {}", regex.text)),
            _ if are_fields && action.is_empty() => stages.push(printed_columns(pattern)?),
            _ => stages.push(format!("where {}", condition.expression()?)),
        }
    }
    if let Some(counted) = counted(action) {
        stages.push(counted?);
    } else if let Some((_, of)) = action.split_once("+=").filter(|_| after.contains("END")) {
        stages.push(format!("sum({})", Cursor::new(of.trim().trim_end_matches(';'))?.expression()?));
    } else if action.trim().starts_with("print NR") || pattern == "END" && action.contains("NR") {
        stages.push("count".to_owned());
    } else if let Some(printed) = action.trim().strip_prefix("print") {
        let printed = printed.trim_start_matches('f').trim().trim_end_matches(';');
        if !printed.is_empty() && printed != "$0" {
            stages.push(printed_columns(printed)?);
        }
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

/// `c[$1]++` counts.
pub(super) fn counted(action: &str) -> Option<Option<String>> {
    let action = action.trim().trim_end_matches(';');
    let inner = action.strip_suffix("++").or_else(|| action.split_once("+=").map(|(left, _)| left.trim()))?;
    let (_, key) = inner.split_once('[')?;
    let key = key.strip_suffix(']')?;
    Some(Cursor::new(key).and_then(|mut key| key.expression()).map(|key| match key.as_str() {
        "line" => "count by line".to_owned(),
        key => format!("count by {key} as key"),
    }))
}

pub(super) fn printed_columns(printed: &str) -> Option<String> {
    let mut cursor = Cursor::new(printed)?;
    let mut columns = Vec::new();
    while !cursor.is_done() {
        let token = cursor.peek()?;
        let column = cursor.expression()?;
        let name = token.text.strip_prefix('$').filter(|digits| digits.parse::<u16>().is_ok_and(|n| n > 0));
        columns.push(match name {
            Some(number) if column.starts_with("split_part(") => format!("{column} as f{number}"),
            _ => column,
        });
        cursor.sign(",");
    }
    Some(format!("select {}", columns.join(", ")))
}

/// `s/a/b/` of `sed -e 's/a/b/'`.
fn script(text: &str) -> &str {
    text.trim_start_matches("sed").trim().trim_start_matches("-e").trim().trim_matches(['"', '\''])
}

pub(super) fn is_sed(text: &str) -> bool {
    script(text).starts_with("s/") && script(text).matches('/').count() >= 3
}

pub(super) fn sed(text: &str) -> Option<String> {
    let mut parts = script(text).strip_prefix("s/")?.split('/');
    let (pattern, to) = (parts.next()?, parts.next()?);
    let flags = if parts.next().is_some_and(|flags| flags.contains(['i', 'I'])) { "i" } else { "" };
    let regex = regex_of(&format!("\"{pattern}\""), flags)?;
    Some(format!("select regex_replace(line, {regex}, {}) as line", in_quotes(to)))
}
