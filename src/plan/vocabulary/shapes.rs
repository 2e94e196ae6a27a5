//! Programs of other languages that are no row of stages: SQL, awk, jq, LogQL, Miller, Splunk's searches.

use crate::lang::ast::Span;

use super::cursor::Cursor;
use super::expression::{Written, in_quotes, regex_of};
use super::lists::{name_of, quoted};
use super::tokens::{Kind, Token, tokens};
use super::{Answer, answer_stage};

/// The whole text, if it is a program of another language.
pub(super) fn answer(text: &str) -> Option<Answer> {
    let cursor = Cursor::new(text)?;
    let first = cursor.peek()?;
    let (found, here): (&str, Option<String>) = match first.text {
        "." => (
            "jq: stages are separated by `|`, and fields have no dot before them",
            jq(text),
        ),
        "{" if logql_selector(&cursor).is_some() => {
            ("LogQL: streams are files or other sources", logql(text))
        }
        "{" => (
            "awk: an expression is a sequence of stages, without braces",
            awk(text),
        ),
        "*" if cursor.peek_at(1).is_none_or(|next| next.text == "|") => {
            let rest = text.split_once('|').map(|(_, rest)| rest.trim().to_owned());
            (
                "`*`: every record comes in without being asked for",
                rest.or(Some("count".to_owned())),
            )
        }
        "|" => ("`|`: a stage is missing before it", without_pipe(text)),
        "[" => ("jq: a list is no stage", jq_list(text)),
        _ => match first.kind {
            Kind::Regex if cursor.peek_at(1).is_some_and(|next| next.text == "{") => (
                "awk: an expression is a sequence of stages, without braces",
                awk(text),
            ),
            _ if is_logql_metric(&cursor) => (
                "LogQL: streams are files or other sources",
                logql_metric(text),
            ),
            _ if is_awk(&cursor) => (
                "awk: an expression is a sequence of stages, without braces",
                awk(text),
            ),
            Kind::Word
                if first.text.eq_ignore_ascii_case("select")
                    && !text.contains('|')
                    && is_sql(&cursor) =>
            {
                (
                    "SQL: an expression is a sequence of stages, separated by `|`",
                    sql(text),
                )
            }
            Kind::Word if is_chain(text) => {
                ("a chain of calls: stages are separated by `|`", chain(text))
            }
            Kind::Word if first.text == "mlr" => (
                "Miller: stages are separated by `|`, and input is read by a stage",
                miller(text),
            ),
            Kind::Word if is_search(&cursor) => (
                "Splunk: a search is stages, too; `index` is a source",
                splunk(text),
            ),
            Kind::Word if is_sed(text) => ("sed: text is replaced by `regex_replace`", sed(text)),
            Kind::Word if is_sort_uniq(&cursor) => return sort_uniq(text, &cursor),
            Kind::Word
                if cursor.tokens.iter().any(|token| token.text == "then")
                    && !text.contains('|') =>
            {
                ("Miller: stages are separated by `|`", miller(text))
            }
            _ => return None,
        },
    };
    let message = match found.split_once(':') {
        Some((
            language @ ("SQL" | "jq" | "awk" | "LogQL" | "Miller" | "Splunk" | "sed"
            | "a chain of calls"),
            means,
        )) => {
            format!("this is {language}:{means}")
        }
        _ => format!("unexpected {found}"),
    };
    Some(Answer {
        span: Span {
            start: first.start,
            end: first.end(),
        },
        message,
        here: here?,
    })
}

/// A part of the tokens as a text of its own.
fn part<'a>(text: &'a str, tokens: &[Token<'_>]) -> Option<Cursor<'a>> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    Cursor::new(&text[first.start..last.end()])
}

/// `| json | line_format "…"`: stages, the first one missing.
fn without_pipe(text: &str) -> Option<String> {
    let rest = text.trim_start_matches(['|', ' ']);
    let own: Vec<Answer> = split_at_pipes(rest)
        .into_iter()
        .filter_map(|piece| answer_stage(piece.trim()))
        .collect();
    (!own.is_empty())
        .then(|| pipeline(&split_at_pipes(rest)))
        .flatten()
}

/// Stages as elsewhere or as here, all of them written as here.
fn pipeline(pieces: &[&str]) -> Option<String> {
    let mut stages = Vec::new();
    for piece in pieces {
        let piece = piece.trim();
        stages.push(match answer_stage(piece) {
            Some(answer) => answer.here,
            None if super::accepts(piece) => piece.to_owned(),
            None => return None,
        });
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

// ---- chains of calls: pandas, Spark

fn is_chain(text: &str) -> bool {
    !text.contains('|') && calls(text).is_some_and(|calls| calls.len() > 1)
}

/// `df.filter(x > 1).limit(5)` as `filter(x > 1)` and `limit(5)`.
fn calls(text: &str) -> Option<Vec<&str>> {
    let all = tokens(text)?;
    let (mut calls, mut start, mut depth) = (Vec::new(), None, 0i32);
    for (index, token) in all.iter().enumerate() {
        match token.text {
            "(" => depth += 1,
            ")" => {
                depth -= 1;
                if depth == 0 {
                    calls.push(&text[start?..token.end()]);
                    start = None;
                }
            }
            "." if depth == 0 && start.is_none() => {}
            _ if depth == 0 && start.is_none() && token.kind == Kind::Word => {
                let is_call = all
                    .get(index + 1)
                    .is_some_and(|open| open.text == "(" && !open.spaced);
                let name = token.text.rsplit('.').next()?;
                start = is_call.then(|| token.end() - name.len());
                start?;
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    (depth == 0).then_some(calls)
}

fn chain(text: &str) -> Option<String> {
    let calls = calls(text)?;
    let mut stages: Vec<String> = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let name = super::values::key(call.split('(').next()?);
        match name.as_str() {
            "show" | "collect" | "cache" | "persist" | "resetindex" | "topandas" | "readcsv"
            | "readjson" | "csv" | "json" | "load" | "start" | "awaittermination" | "reset" => {
                continue;
            }
            "groupby" | "groupbykey" | "resample" | "rolling" => {
                let from = call.as_ptr() as usize - text.as_ptr() as usize;
                stages.push(answer_stage(&text[from..])?.here);
                return Some(stages.join(" | "));
            }
            "count" | "size" if index > 0 => stages.push("count".to_owned()),
            _ => stages.push(answer_stage(call)?.here),
        }
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

// ---- SQL

fn is_sql(cursor: &Cursor<'_>) -> bool {
    let has = |word: &str| {
        cursor
            .tokens
            .iter()
            .any(|token| token.text.eq_ignore_ascii_case(word))
    };
    has("from")
        || has("where")
        || has("group")
        || has("order")
        || cursor.tokens.iter().any(|token| token.text == "*")
}

fn sql(text: &str) -> Option<String> {
    let all = tokens(text)?;
    let starts = [
        "select", "from", "where", "group", "having", "order", "limit",
    ];
    let mut depth = 0i32;
    let mut clauses: Vec<(&str, usize)> = Vec::new();
    for (index, token) in all.iter().enumerate() {
        depth += i32::from(token.text == "(") - i32::from(token.text == ")");
        let lower = token.text.to_ascii_lowercase();
        if let (0, Some(start)) = (depth, starts.iter().find(|start| **start == lower)) {
            clauses.push((start, index));
        }
    }
    let clause = |name: &str| {
        let place = clauses.iter().position(|(start, _)| *start == name)?;
        let end = clauses.get(place + 1).map_or(all.len(), |(_, end)| *end);
        let by = usize::from(
            all.get(clauses[place].1 + 1)
                .is_some_and(|word| word.text.eq_ignore_ascii_case("by")),
        );
        part(text, &all[clauses[place].1 + 1 + by..end])
    };
    let mut stages = Vec::new();
    if let Some(mut condition) = clause("where") {
        stages.push(format!("where {}", condition.expression()?));
    }
    let mut columns = clause("select")?;
    let distinct = columns.word("distinct").is_some();
    let is_all = columns.at_sign("*") && columns.tokens.len() - columns.at == 1;
    let keys = clause("group").and_then(|mut keys| keys.keys());
    let written = (!is_all).then(|| columns.clone().columns()).flatten();
    let aggregated = columns.clone().aggregates();
    let holds_aggregates = aggregated
        .as_ref()
        .is_some_and(|list| list != "count" || text.to_lowercase().contains("count("));
    if let Some(keys) = &keys {
        stages.push(format!(
            "{} by {keys}",
            aggregated.unwrap_or_else(|| "count".to_owned())
        ));
    } else if holds_aggregates && text.contains('(') && super::accepts(aggregated.as_deref()?) {
        stages.push(aggregated?);
    } else if let Some(columns) = written {
        stages.push(format!("select {columns}"));
    }
    if distinct {
        stages.push("dedup".to_owned());
    }
    if let Some(mut condition) = clause("having") {
        stages.push(format!("where {}", condition.expression()?));
    }
    if let Some(mut order) = clause("order") {
        let keys = order.sort_keys()?;
        let place = stages
            .iter()
            .position(|stage| stage.starts_with("select "))
            .filter(|_| keys_are_gone(&stages, &keys));
        stages.insert(place.unwrap_or(stages.len()), format!("sort {keys}"));
    }
    if let Some(limit) = clause("limit") {
        stages.push(format!("limit {}", limit.tokens.first()?.text));
    }
    if stages.is_empty() {
        stages.push("limit 10".to_owned());
    }
    Some(stages.join(" | "))
}

/// Whether a later `select` does not hold what is sorted by.
fn keys_are_gone(stages: &[String], keys: &str) -> bool {
    let key = keys.split([' ', ',']).next().unwrap_or_default();
    let select = stages.iter().find(|stage| stage.starts_with("select "));
    select.is_some_and(|select| !select.split([' ', ',']).any(|word| word == key))
}

// ---- awk

fn is_awk(cursor: &Cursor<'_>) -> bool {
    let has = |text: &str| cursor.tokens.iter().any(|token| token.text == text);
    let first = cursor.tokens.first().map_or("", |token| token.text);
    let condition = matches!(first, "NR" | "NF" | "FNR")
        || first.starts_with('$')
        || matches!(first, "BEGIN" | "END");
    first == "!" && has("++") || condition && !first.starts_with("${") || has("{") && has("print")
}

/// `NR > 1 && /x/ {print $1, $3}`.
pub(super) fn awk(program: &str) -> Option<String> {
    let program = program.trim();
    let program = match program.strip_prefix("BEGIN") {
        Some(rest) => rest.split_once('}')?.1.trim(), // FS and OFS
        None => program,
    };
    if program.contains("seen[") || program.starts_with('!') && program.contains("++") {
        let key = program
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'))
            .map_or("$0", |(key, _)| key);
        return Some(match key {
            "$0" => "dedup".to_owned(),
            key => format!(
                "let key = {} | dedup key | drop key",
                Cursor::new(key)?.expression()?
            ),
        });
    }
    let (pattern, action) = program
        .split_once('{')
        .map_or((program, ""), |(pattern, action)| (pattern.trim(), action));
    let (action, after) = action.split_once('}').unwrap_or((action, ""));
    let mut stages = Vec::new();
    if !pattern.is_empty() && pattern != "END" {
        let mut condition = Cursor::new(pattern)?;
        match (condition.peek()?, condition.tokens.len()) {
            (regex, 1) if regex.kind == Kind::Regex => stages.push(format!("match {}", regex.text)),
            _ => stages.push(format!("where {}", condition.expression()?)),
        }
    }
    if let Some(counted) = counted(action) {
        stages.push(counted?);
    } else if let Some((_, of)) = action.split_once("+=").filter(|_| after.contains("END")) {
        stages.push(format!(
            "sum({})",
            Cursor::new(of.trim().trim_end_matches(';'))?.expression()?
        ));
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
fn counted(action: &str) -> Option<Option<String>> {
    let action = action.trim().trim_end_matches(';');
    let inner = action
        .strip_suffix("++")
        .or_else(|| action.split_once("+=").map(|(left, _)| left.trim()))?;
    let (_, key) = inner.split_once('[')?;
    let key = key.strip_suffix(']')?;
    Some(
        Cursor::new(key)
            .and_then(|mut key| key.expression())
            .map(|key| match key.as_str() {
                "line" => "count by line".to_owned(),
                key => format!("count by {key} as key"),
            }),
    )
}

fn printed_columns(printed: &str) -> Option<String> {
    let mut cursor = Cursor::new(printed)?;
    let mut columns = Vec::new();
    while !cursor.is_done() {
        let token = cursor.peek()?;
        let column = cursor.expression()?;
        let name = token
            .text
            .strip_prefix('$')
            .filter(|digits| digits.parse::<u16>().is_ok_and(|n| n > 0));
        columns.push(match name {
            Some(number) if column.starts_with("split_part(") => format!("{column} as f{number}"),
            _ => column,
        });
        cursor.sign(",");
    }
    Some(format!("select {}", columns.join(", ")))
}

// ---- sed

fn is_sed(text: &str) -> bool {
    let inner = text
        .trim_start_matches("sed")
        .trim()
        .trim_start_matches("-e")
        .trim()
        .trim_matches(['"', '\'']);
    inner.starts_with("s/") && inner.matches('/').count() >= 3
}

fn sed(text: &str) -> Option<String> {
    let inner = text
        .trim_start_matches("sed")
        .trim()
        .trim_start_matches("-e")
        .trim()
        .trim_matches(['"', '\'']);
    let mut parts = inner.strip_prefix("s/")?.split('/');
    let (pattern, to) = (parts.next()?, parts.next()?);
    let flags = if parts.next().is_some_and(|flags| flags.contains(['i', 'I'])) {
        "i"
    } else {
        ""
    };
    let regex = regex_of(&format!("\"{pattern}\""), flags)?;
    Some(format!(
        "select regex_replace(line, {regex}, {}) as line",
        in_quotes(to)
    ))
}

// ---- jq

fn jq(text: &str) -> Option<String> {
    let mut stages = vec!["json".to_owned()];
    let mut prefix = String::new();
    let mut kept = String::new(); // what whole records were chosen by
    for piece in split_at_pipes(text) {
        let piece = piece.trim();
        let inner = |name: &str| {
            piece
                .strip_prefix(name)?
                .trim()
                .strip_prefix('(')?
                .strip_suffix(')')
        };
        let path = |under: &str, prefix: &str| match (under.trim_start_matches('.'), prefix) {
            ("", prefix) => prefix.to_owned(),
            (under, "") => under.to_owned(),
            (under, prefix) => format!("{prefix}.{under}"),
        };
        if let Some(condition) = inner("select")
            .or_else(|| inner("map").and_then(|map| map.strip_prefix("select(")?.strip_suffix(')')))
        {
            stages.push(format!("where {}", jq_expression(condition, &prefix)?));
            kept.clone_from(&prefix);
        } else if let Some(list) = piece.strip_suffix("[]").filter(|list| is_path(list)) {
            let list = path(list, &prefix);
            if !list.is_empty() {
                stages.push(format!("explode {list} as item"));
                prefix = "item".to_owned();
            }
        } else if let Some((list, rest)) = piece
            .split_once("[].")
            .filter(|(list, rest)| is_path(list) && is_path(rest))
        {
            let list = path(list, &prefix);
            prefix = match list.as_str() {
                "" => rest.to_owned(),
                list => {
                    stages.push(format!("explode {list} as item"));
                    format!("item.{rest}")
                }
            };
        } else if is_path(piece) {
            prefix = path(piece, &prefix);
        } else if piece == "length" {
            let of = if prefix.is_empty() { "line" } else { &prefix };
            stages.push(format!("let n = len({of})"));
            prefix = "n".to_owned();
        } else if piece == "keys" {
            let of = if prefix.is_empty() {
                "parse_json(line)"
            } else {
                &prefix
            };
            stages.push(format!("let names = keys({of})"));
            prefix = "names".to_owned();
        } else if let Some(key) = inner("group_by") {
            stages.push(format!("count by {}", path(key, &prefix)));
            prefix.clear();
        } else if let Some(key) = inner("sort_by") {
            stages.push(format!("sort {}", path(key, &prefix)));
        } else if let Some(key) = inner("unique_by") {
            stages.push(format!("dedup {}", path(key, &prefix)));
        } else if let Some(of) = inner("map") {
            prefix = path(of, &prefix).trim_matches('.').to_owned();
        } else if piece == "add" {
            stages.push(format!(
                "sum({})",
                if prefix.is_empty() { "x" } else { &prefix }
            ));
            prefix.clear();
        } else if let Some(columns) = piece
            .strip_prefix(['{', '['])
            .and_then(|list| list.strip_suffix(['}', ']']))
        {
            let columns = columns.split(',').map(|column| {
                let (name, of) = column.split_once(':').unwrap_or((column, column));
                let (name, of) = (
                    name.trim().trim_matches(['.', '"']),
                    path(of.trim(), &prefix),
                );
                if name == of {
                    of
                } else {
                    format!("{of} as {name}")
                }
            });
            stages.push(format!("select {}", columns.collect::<Vec<_>>().join(", ")));
            prefix.clear();
        } else if !matches!(
            piece,
            "@csv" | "@tsv" | "@json" | "tostring" | "first" | "last" | "unique" | "sort"
        ) {
            return None;
        }
    }
    let is_kept = prefix == kept && stages.last().is_some_and(|last| last.starts_with("where"));
    if !prefix.is_empty() && !is_kept {
        stages.push(format!("select {prefix}"));
    }
    Some(stages.join(" | "))
}

fn jq_list(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('[')?;
    let end = inner
        .find(']')
        .filter(|end| !inner[..*end].ends_with('['))?;
    jq(&format!(". | [{}]", &inner[..end]))
}

fn is_path(text: &str) -> bool {
    let is_name = |name: &str| {
        matches!(
            name,
            "length" | "keys" | "add" | "first" | "last" | "unique" | "sort" | "tostring"
        )
    };
    !is_name(text)
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))
}

/// A condition of jq, of what is at a path.
fn jq_expression(text: &str, prefix: &str) -> Option<String> {
    let prefixed = match prefix {
        "" => text.to_owned(),
        prefix => {
            let mut out = String::new();
            let mut before = ' ';
            for c in text.chars() {
                if c == '.' && !before.is_alphanumeric() && before != '_' && before != ')' {
                    out.push_str(prefix);
                }
                out.push(c);
                before = c;
            }
            out
        }
    };
    let mut cursor = Cursor::new(&prefixed)?;
    let mut written = cursor.expression()?;
    if let Some(pipe) = cursor.any_sign(&["|"]) {
        let _ = pipe; // `.a | test("x")`
        let method = cursor.next()?;
        written = cursor
            .call(method, method.text, vec![Written::primary(written)], 0)?
            .text;
        return Some(written);
    }
    cursor.is_done().then_some(written)
}

/// The pieces between `|` outside of parentheses and quotes.
fn split_at_pipes(text: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut depth) = (Vec::new(), 0, 0i32);
    for token in tokens(text).unwrap_or_default() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "|" if depth == 0 => {
                pieces.push(&text[start..token.start]);
                start = token.end();
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

// ---- LogQL and PromQL

/// Where the braces of a selector such as `{app="x", env=~"a|b"}` end.
fn logql_selector(cursor: &Cursor<'_>) -> Option<usize> {
    let rest = &cursor.tokens[cursor.at..];
    let is_selector = rest.first()?.text == "{"
        && (rest.get(1)?.text == "}" || matches!(rest.get(2)?.text, "=" | "=~" | "!=" | "!~"));
    let end = rest.iter().position(|token| token.text == "}")?;
    is_selector.then_some(cursor.at + end)
}

fn logql(text: &str) -> Option<String> {
    let cursor = Cursor::new(text)?;
    let end = cursor.tokens[logql_selector(&cursor)?].end();
    let stages = log_pipeline(&text[end..])?;
    Some(if stages.is_empty() {
        "match \"\"".to_owned()
    } else {
        stages.join(" | ")
    })
}

/// `|= "a" != "b" | json | level="error"`.
fn log_pipeline(text: &str) -> Option<Vec<String>> {
    let mut stages = Vec::new();
    let Some(mut cursor) = Cursor::new(text) else {
        return text.trim().is_empty().then_some(stages);
    };
    while !cursor.is_done() {
        if let Some(sign) = cursor.any_sign(&["|=", "!=", "|~", "!~", "|>"]) {
            let pattern = cursor.of_kind(Kind::Text)?;
            let verb = if sign.text.starts_with('!') {
                "skip"
            } else {
                "match"
            };
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

fn log_stage(piece: &str) -> Option<String> {
    let word = piece.split_whitespace().next()?;
    match word {
        "json" | "logfmt" => Some(word.to_owned()),
        "unwrap" | "decolorize" | "line_format" => Some(String::new()),
        "drop" | "keep" | "label_format" => answer_stage(piece)
            .map(|answer| answer.here)
            .or(Some(piece.to_owned())),
        "pattern" => {
            let text = Cursor::new(piece)?
                .tokens
                .get(1)
                .copied()
                .filter(|token| token.kind != Kind::Sign)?;
            let holes = text.inner().replace('<', "{").replace('>', "}");
            Some(format!("parse {}", in_quotes(&holes)))
        }
        "regexp" => {
            let text = Cursor::new(piece)?
                .tokens
                .get(1)
                .copied()
                .filter(|token| token.kind != Kind::Sign)?;
            Some(format!("regex {}", regex_of(text.text, "")?))
        }
        _ => {
            let mut cursor = Cursor::new(piece)?;
            let condition = cursor.expression()?;
            cursor.is_done().then(|| format!("where {condition}"))
        }
    }
}

fn is_logql_metric(cursor: &Cursor<'_>) -> bool {
    let calls = cursor
        .tokens
        .first()
        .is_some_and(|token| token.kind == Kind::Word)
        && cursor.tokens.iter().any(|token| token.text == "(");
    let open = cursor.tokens.iter().position(|token| token.text == "{");
    let selects = open.is_some_and(|at| {
        logql_selector(&Cursor {
            at,
            ..cursor.clone()
        })
        .is_some()
    });
    let ranges = cursor.tokens.windows(3).any(|three| {
        three[0].text == "["
            && three[2].text == "]"
            && super::expression::duration_of(three[1].text).is_some()
    });
    calls && (selects || ranges && cursor.tokens.len() < 200)
}

/// `sum by (host) (rate({app="x"} |= "e" [5m]))`.
fn logql_metric(text: &str) -> Option<String> {
    let cursor = Cursor::new(text)?;
    let all = &cursor.tokens;
    let open = all.iter().position(|token| token.text == "{");
    let range = all.windows(3).position(|three| {
        three[0].text == "["
            && three[2].text == "]"
            && super::expression::duration_of(three[1].text).is_some()
    });
    let window = match range {
        Some(at) => super::expression::duration_of(all[at + 1].text)?,
        None => "1m".to_owned(),
    };
    let mut stages = match (open, range) {
        (Some(open), range) => {
            let selector = logql_selector(&Cursor {
                at: open,
                ..cursor.clone()
            })?;
            let end = range.map_or(all.last()?.end(), |at| all[at].start);
            log_pipeline(text.get(all[selector].end()..end)?.trim_end_matches(')'))?
        }
        _ => Vec::new(),
    };
    let unwrapped = all
        .iter()
        .position(|token| token.text == "unwrap")
        .and_then(|at| all.get(at + 1));
    let value = unwrapped.map_or("x".to_owned(), |token| token.text.to_owned());
    let name = all
        .iter()
        .map(|token| token.text)
        .find(|text| {
            text.ends_with("_over_time")
                || matches!(*text, "rate" | "bytes_rate" | "irate" | "increase")
        })
        .unwrap_or("count");
    let quantile = all
        .iter()
        .find(|token| token.kind == Kind::Number && token.text.starts_with("0."));
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
    let keys = all
        .iter()
        .position(|token| token.text == "by")
        .and_then(|by| {
            let rest = &all[by + 1..];
            let end = rest.iter().position(|token| token.text == ")")?;
            let names: Vec<String> = rest[..end]
                .iter()
                .filter(|token| token.kind == Kind::Word)
                .filter_map(|token| name_of(*token))
                .collect();
            (!names.is_empty()).then(|| names.join(", "))
        });
    let by = keys.map_or(String::new(), |keys| format!(" by {keys}"));
    stages.push(format!("{aggregate}{by}"));
    stages.push(format!("window {window}"));
    Some(stages.join(" | "))
}

// ---- Miller

/// `mlr --icsv --opprint cat then head -n 4`, or the verbs alone.
fn miller(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix("mlr").unwrap_or(text).trim();
    let mut stages: Vec<String> = Vec::new();
    let mut verbs = rest;
    while let Some(flag) = verbs.strip_prefix("--") {
        let (flag, after) = flag.split_once(' ').unwrap_or((flag, ""));
        let input = match flag {
            flag if flag.starts_with("icsv") || flag.starts_with("c2") || flag == "csv" => "csv",
            flag if flag.starts_with("ijson")
                || flag.starts_with("j2")
                || flag.starts_with("json") =>
            {
                "json"
            }
            flag if flag.starts_with("itsv") || flag.starts_with("t2") || flag == "tsv" => "tsv",
            flag if flag.starts_with("idkvp") => "logfmt \",\"",
            _ => "",
        };
        if !input.is_empty() && stages.is_empty() {
            stages.push(input.split(' ').next()?.to_owned());
        }
        verbs = after.trim_start();
    }
    for verb in verbs.split(" then ") {
        let verb = verb.trim();
        if matches!(verb, "" | "cat" | "then") {
            continue;
        }
        stages.push(match answer_stage(verb) {
            Some(answer) => answer.here,
            None if super::accepts(verb) => verb.to_owned(),
            None => return None,
        });
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

// ---- Splunk

/// `index=main error`: words and `name=value` without blanks around the sign.
fn is_search(cursor: &Cursor<'_>) -> bool {
    let names = [
        "index",
        "sourcetype",
        "source",
        "host",
        "eventtype",
        "tag",
        "earliest",
        "splunk_server",
    ];
    let named = cursor
        .peek()
        .is_some_and(|token| names.contains(&token.text));
    named
        && cursor
            .peek_at(1)
            .is_some_and(|sign| sign.text == "=" && !sign.spaced)
}

fn splunk(text: &str) -> Option<String> {
    let pieces = split_at_pipes(text);
    let (search, stages) = pieces.split_first()?;
    let mut cursor = Cursor::new(search)?;
    let mut written: Vec<String> = Vec::new();
    let mut verb = "match";
    let mut any = false;
    while let Some(token) = cursor.next() {
        if token.kind == Kind::Sign {
            continue;
        }
        if token.kind == Kind::Word && matches!(token.text, "AND" | "OR" | "NOT") {
            verb = if token.text == "NOT" { "skip" } else { "match" };
            any |= token.text == "OR";
            continue;
        }
        if let Some(sign) = cursor.any_sign(&["=", "!=", ">", "<", ">=", "<="]) {
            let value = cursor.next()?;
            let is_source = matches!(token.text, "index" | "sourcetype" | "source" | "eventtype" | "tag" | "earliest" | "latest" | "splunk_server" | "host" if sign.text == "=");
            let value = match value.kind {
                Kind::Number => value.text.to_owned(),
                Kind::Sign => continue,
                _ => quoted(value),
            };
            let own = if sign.text == "=" { "==" } else { sign.text };
            if !is_source {
                written.push(format!("where {} {own} {value}", token.text));
            }
            continue;
        }
        match written
            .last_mut()
            .filter(|last| any && last.starts_with("match"))
        {
            Some(last) => last.push_str(&format!(", {}", quoted(token))),
            None => written.push(format!("{verb} {}", quoted(token))),
        }
        (verb, any) = ("match", false);
    }
    if !stages.is_empty() {
        written.push(pipeline(stages)?);
    }
    if written.is_empty() {
        written.push("count".to_owned());
    }
    Some(written.join(" | "))
}

// ---- sort | uniq -c | sort -rn | head

fn is_sort_uniq(cursor: &Cursor<'_>) -> bool {
    let tokens = &cursor.tokens;
    let pipe = tokens.iter().position(|token| token.text == "|");
    tokens[0].text == "sort"
        && pipe.is_some_and(|pipe| {
            pipe <= 3 && tokens.get(pipe + 1).is_some_and(|next| next.text == "uniq")
        })
}

fn sort_uniq(text: &str, cursor: &Cursor<'_>) -> Option<Answer> {
    let uniq = cursor.tokens.iter().find(|token| token.text == "uniq")?;
    let mut pieces = split_at_pipes(text).into_iter().skip(1);
    let mut stages = vec![answer_stage(pieces.next()?.trim())?.here];
    let counts = stages[0] == "count by line";
    for piece in pieces {
        let piece = piece.trim();
        let sorts = piece.split_whitespace().next() == Some("sort");
        stages.push(match (sorts && counts, answer_stage(piece)) {
            (true, _) if piece.contains('r') => continue, // the largest come first
            (true, _) => "sort count".to_owned(),
            (_, Some(answer)) => answer.here,
            (_, None) if super::accepts(piece) => piece.to_owned(),
            (_, None) => return None,
        });
    }
    Some(Answer {
        span: Span {
            start: uniq.start,
            end: uniq.end(),
        },
        message: format!(
            "unknown stage `uniq`: {}",
            "the first of each is kept by `dedup`, each is counted by `count by`"
        ),
        here: stages.join(" | "),
    })
}
