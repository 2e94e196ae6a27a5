//! awk programs, and the `s/a/b/` of sed.

use super::super::cursor::TokenCursor;
use super::super::expression::{in_quotes, regex_of};
use super::super::tokens::TokenKind;

pub(super) fn is_awk(cursor: &TokenCursor<'_>) -> bool {
    let has = |text: &str| cursor.tokens.iter().any(|token| token.text == text);
    let first = cursor.tokens.first().map_or("", |token| token.text);
    let measures = first == "length" && has("$0");
    let condition =
        measures || matches!(first, "NR" | "NF" | "FNR") || first.starts_with('$') || matches!(first, "BEGIN" | "END");
    first == "!" && has("++") || condition && !first.starts_with("${") || has("{") && has("print")
}

/// `NR > 1 && /x/ {print $1, $3}`.
pub(in crate::plan::foreign_verbs) fn awk(program: &str) -> Option<String> {
    separated(program, " ")
}

/// Translates a program for lines whose fields are separated by `separator`.
pub(in crate::plan::foreign_verbs) fn separated(program: &str, separator: &str) -> Option<String> {
    let mut program = program.trim();
    let mut separator = separator.to_owned();
    if let Some(rest) = program.strip_prefix("BEGIN") {
        let (begin, rest) = rest.split_once('}')?;
        let set = begin.split_once("FS=").or_else(|| begin.split_once("FS = "));
        if let Some(text) = set.and_then(|(_, text)| text.trim().strip_prefix('"')?.split_once('"')) {
            separator = text.0.to_owned();
        }
        program = rest.trim();
    }
    let here = stages_of(program)?;
    let quoted = in_quotes(&separator);
    Some(match separator.as_str() {
        " " => here,
        _ => here.replace("split_part(line, \" \"", &format!("split_part(line, {quoted}")),
    })
}

fn stages_of(program: &str) -> Option<String> {
    if program.contains("seen[") || program.starts_with('!') && program.contains("++") {
        let key = program.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("$0", |(key, _)| key);
        return Some(match key {
            "$0" => "dedup".to_owned(),
            key => format!("let key = {} | dedup key | drop key", expression(key)?),
        });
    }
    let (pattern, action) = program.split_once('{').map_or((program, ""), |(pattern, action)| (pattern.trim(), action));
    let (action, after) = action.split_once('}').unwrap_or((action, ""));
    let action = action.trim().trim_end_matches(';');
    let mut stages = Vec::new();
    if !pattern.is_empty() && pattern != "END" {
        stages.push(pattern_stage(pattern, action)?);
    }
    let is_at_end = after.contains("END");
    if let Some(grouped) = grouped(action) {
        stages.push(grouped?);
    } else if let Some((_, of)) = action.split_once("+=").filter(|_| is_at_end) {
        let of = expression(of)?;
        let averages = after.contains("/NR") || after.contains("/ NR") || after.contains("/n");
        stages.push(format!("{}({of})", if averages { "avg" } else { "sum" }));
    } else if is_at_end && action.ends_with("++") || pattern == "END" && action.contains("NR") {
        stages.push("count".to_owned());
    } else if let Some(printed) = action.strip_prefix("print") {
        let printed = printed.trim_start_matches('f').trim();
        if !printed.is_empty() && printed != "$0" {
            stages.push(printed_columns(printed)?);
        }
    } else if !action.is_empty() {
        return None;
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

fn expression(text: &str) -> Option<String> {
    let mut cursor = TokenCursor::new(text.trim())?;
    let written = cursor.expression()?;
    cursor.is_done().then_some(written)
}

/// Translates a pattern to a stage: `/x/`, `NR > 1`, `length($0) > 80`, `/a/,/b/`; fields alone are printed.
fn pattern_stage(pattern: &str, action: &str) -> Option<String> {
    let mut condition = TokenCursor::new(pattern)?;
    let are_fields = condition.tokens.iter().all(|token| token.text == "," || token.text.starts_with('$'));
    match (condition.peek()?, condition.tokens.len()) {
        (regex, 1) if regex.kind == TokenKind::Regex => Some(format!("match {}", regex.text)),
        _ if are_fields && action.is_empty() => printed_columns(pattern),
        _ => {
            let written = condition.expression()?;
            condition.is_done().then(|| format!("where {written}"))
        }
    }
}

/// `c[$1]++` counts, `s[$1] += $2` adds.
fn grouped(action: &str) -> Option<Option<String>> {
    let counted = action.strip_suffix("++");
    let (array, of) = match counted {
        Some(array) => (array, None),
        None => action.split_once("+=").map(|(array, of)| (array.trim(), Some(of)))?,
    };
    let (_, key) = array.split_once('[')?;
    let key = expression(key.strip_suffix(']')?);
    let aggregate = match of.map(str::trim) {
        None | Some("1") => Some("count".to_owned()),
        Some(of) => expression(of).map(|of| format!("sum({of}) as sum")),
    };
    Some(key.zip(aggregate).map(|(key, aggregate)| match key.as_str() {
        "line" => format!("{aggregate} by line"),
        key => format!("{aggregate} by {key} as key"),
    }))
}

/// The columns of `print $1, $3`; values without a comma between them are one text.
pub(super) fn printed_columns(printed: &str) -> Option<String> {
    let mut cursor = TokenCursor::new(printed)?;
    let mut columns = Vec::new();
    while !cursor.is_done() {
        let token = cursor.peek()?;
        let mut parts = vec![cursor.expression()?];
        while !cursor.is_done() && !cursor.at_sign(",") {
            parts.push(cursor.expression()?);
        }
        let name = token.text.strip_prefix('$').filter(|digits| digits.parse::<u16>().is_ok_and(|n| n > 0));
        columns.push(match (name, parts.as_slice()) {
            (Some(number), [column]) if column.starts_with("split_part(") => format!("{column} as f{number}"),
            (_, [column]) => column.clone(),
            (_, parts) => format!("concat({}) as text", parts.join(", ")),
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

/// `s/a/b/` and several of them, `s/a/b/; s/c/d/`.
pub(super) fn sed(text: &str) -> Option<String> {
    let mut stages = Vec::new();
    for command in script(text).split(';') {
        let mut parts = command.trim().strip_prefix("s/")?.split('/');
        let (pattern, to) = (parts.next()?, parts.next()?);
        let flags = if parts.next().is_some_and(|flags| flags.contains(['i', 'I'])) { "i" } else { "" };
        let regex = regex_of(&format!("\"{pattern}\""), flags)?;
        stages.push(format!("select regex_replace(line, {regex}, {}) as line", in_quotes(to)));
    }
    Some(stages.join(" | "))
}

/// `sed '/x/d'`, `sed -n '/x/p'`, `sed -n '5,10p'`, `sed 5q`.
pub(super) fn sed_lines(text: &str) -> Option<String> {
    let inner = text.strip_prefix("sed")?.trim();
    let inner = inner.strip_prefix("-n").unwrap_or(inner).trim().trim_matches(['"', '\'']);
    let command = inner.chars().next_back().filter(|command| "dpq".contains(*command))?;
    let address = inner[..inner.len() - 1].trim();
    if let Some(pattern) = address.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        let verb = if command == 'd' { "skip" } else { "match" };
        return (command != 'q' && !pattern.contains("/,/")).then(|| format!("{verb} /{pattern}/"));
    }
    let (first, last) = address.split_once(',').unwrap_or((address, address));
    let first: u64 = first.trim().parse().ok()?;
    let last = last.trim();
    Some(match (command, last) {
        ('q', _) => format!("limit {first}"),
        ('p', "$") => format!("where @number >= {first}"),
        ('d', "$") => format!("limit {}", first.checked_sub(1)?),
        ('p', last) if last.parse() == Ok(first) => format!("where @number == {first}"),
        ('d', last) if last.parse() == Ok(first) => format!("where @number != {first}"),
        ('p', last) => format!("where @number >= {first} and @number <= {}", last.parse::<u64>().ok()?),
        (_, last) => format!("where @number < {first} or @number > {}", last.parse::<u64>().ok()?),
    })
}
