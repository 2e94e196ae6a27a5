//! Foreign programs that are not a sequence of stages: SQL, awk, jq, LogQL, Miller, Splunk's searches.

mod awk;
mod jq;
mod logql;
mod sql;

use crate::lang::ast::Span;

use super::cursor::TokenCursor;
use super::lists::quoted;
use super::tokens::{ForeignToken, TokenKind, tokens};
use super::{Answer, answer_stage};
use awk::{is_awk, is_sed, sed, sed_lines};
use jq::{is_jq, jq, jq_list, split_at_pipes};
pub(super) use logql::unwrap;
use logql::{is_logql_metric, logql, logql_metric, logql_selector};
use sql::{is_sql, sql};

pub(super) use awk::{awk, separated};

/// Translates the whole text, if it is a program of another language.
pub(super) fn answer(text: &str) -> Option<Answer> {
    let cursor = TokenCursor::new(text)?;
    let first = cursor.peek()?;
    let (found, here): (&str, Option<String>) = match first.text {
        "." => ("jq: stages are separated by `|`, and fields have no dot before them", jq(text)),
        "{" if logql_selector(&cursor).is_some() => ("LogQL: streams are files or other sources", logql(text)),
        "{" => ("awk: an expression is a sequence of stages, without braces", awk(text)),
        "*" if cursor.peek_at(1).is_none_or(|next| next.text == "|") => {
            let rest = text.split_once('|').map(|(_, rest)| rest);
            let here = rest.map_or(Some("count".to_owned()), |rest| pipeline(&split_at_pipes(rest)));
            ("`*`: every record comes in without being asked for", here)
        }
        "|" => ("`|`: a stage is missing before it", without_pipe(text)),
        "[" => ("jq: a list is no stage", jq_list(text)),
        _ => match first.kind {
            TokenKind::Regex if cursor.peek_at(1).is_some_and(|next| next.text == "{") => {
                ("awk: an expression is a sequence of stages, without braces", awk(text))
            }
            _ if is_logql_metric(&cursor) => ("LogQL: streams are files or other sources", logql_metric(text)),
            _ if is_awk(&cursor) => ("awk: an expression is a sequence of stages, without braces", awk(text)),
            TokenKind::Word if first.text.eq_ignore_ascii_case("select") && !text.contains('|') && is_sql(&cursor) => {
                ("SQL: an expression is a sequence of stages, separated by `|`", sql(text))
            }
            TokenKind::Word if text.contains("flatMap") && text.contains("reduceByKey") => {
                ("a chain of calls: stages are separated by `|`", Some("split ' ' | count by word".to_owned()))
            }
            TokenKind::Word if first.text == "df" && super::frames::frame(text).is_some() => {
                ("pandas: fields are written by their names", super::frames::frame(text))
            }
            TokenKind::Word if is_chain(text) => ("a chain of calls: stages are separated by `|`", chain(text)),
            TokenKind::Word if first.text == "jq" && jq_program(text).is_some() => {
                ("jq: stages are separated by `|`, and fields have no dot before them", jq(jq_program(text)?))
            }
            TokenKind::Word if first.text == "mlr" => {
                ("Miller: stages are separated by `|`, and input is read by a stage", miller(text))
            }
            TokenKind::Word if is_search(&cursor) => {
                ("Splunk: a search is stages, too; `index` is a source", splunk(text))
            }
            TokenKind::Word if first.text == "sed" && sed_lines(text).is_some() => {
                ("sed: lines are kept by `match` and `where`, dropped by `skip`", sed_lines(text))
            }
            TokenKind::Word if is_jq(text) => {
                ("jq: stages are separated by `|`, and fields have no dot before them", jq(text))
            }
            TokenKind::Word if is_sed(text) => ("sed: text is replaced by `regex_replace`", sed(text)),
            TokenKind::Word if is_sort_uniq(&cursor) => return sort_uniq(text, &cursor),
            TokenKind::Word if cursor.tokens.iter().any(|token| token.text == "then") && !text.contains('|') => {
                ("Miller: stages are separated by `|`", miller(text))
            }
            _ => return None,
        },
    };
    let message = match found.split_once(':') {
        Some((
            language @ ("SQL" | "jq" | "awk" | "LogQL" | "Miller" | "Splunk" | "sed" | "pandas" | "a chain of calls"),
            means,
        )) => {
            format!("this is {language}:{means}")
        }
        _ => format!("unexpected {found}"),
    };
    Some(Answer { span: Span { start: first.start, end: first.end() }, message, here: here? })
}

/// The filter of `jq -r '.a'`.
fn jq_program(text: &str) -> Option<&str> {
    let mut rest = text.trim().strip_prefix("jq")?.trim_start();
    while let Some(flag) = rest.strip_prefix('-') {
        rest = flag.split_once(' ')?.1.trim_start();
    }
    let filter = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split_once(quote)?.0,
        _ => rest,
    };
    (filter.starts_with(['.', '[']) || is_jq(filter)).then_some(filter)
}

/// Returns the text of some tokens.
fn part<'a>(text: &'a str, tokens: &[ForeignToken<'_>]) -> Option<TokenCursor<'a>> {
    let (first, last) = (tokens.first()?, tokens.last()?);
    TokenCursor::new(&text[first.start..last.end()])
}

/// `| json | line_format "…"`: stages after a missing first one.
fn without_pipe(text: &str) -> Option<String> {
    let rest = text.trim_start_matches(['|', ' ']);
    let own: Vec<Answer> = split_at_pipes(rest).into_iter().filter_map(|piece| answer_stage(piece.trim())).collect();
    (!own.is_empty()).then(|| pipeline(&split_at_pipes(rest))).flatten()
}

/// Translates stages, some of which may be in bourn's syntax.
fn pipeline(pieces: &[&str]) -> Option<String> {
    let mut stages = Vec::new();
    for piece in pieces {
        let piece = piece.trim();
        stages.push(match answer_stage(piece) {
            Some(answer) => answer.here,
            None if super::valid::accepts(piece) => piece.to_owned(),
            None => return None,
        });
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

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
            _ if depth == 0 && start.is_none() && token.kind == TokenKind::Word => {
                let is_call = all.get(index + 1).is_some_and(|open| open.text == "(" && !open.spaced);
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
    let mut is_aggregated = false; // by the call before
    for (index, call) in calls.iter().enumerate() {
        if std::mem::take(&mut is_aggregated) {
            continue;
        }
        let name = super::values::key(call.split('(').next()?);
        match name.as_str() {
            "show" | "collect" | "cache" | "persist" | "resetindex" | "topandas" | "readcsv" | "readjson" | "csv"
            | "json" | "load" | "start" | "awaittermination" | "reset" => {
                continue;
            }
            "groupby" | "groupbykey" | "resample" | "rolling" => {
                let place = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
                let last = calls.get(index + 1).unwrap_or(call);
                stages.push(answer_stage(&text[place(call)..place(last) + last.len()])?.here);
                is_aggregated = true;
            }
            "sortvalues" | "sort" if call.contains("ascending=False") && !call.contains(['"', '\'']) => {
                continue; // groups are sorted already
            }
            "count" | "size" if index > 0 => stages.push("count".to_owned()),
            _ => match answer_stage(call) {
                Some(answer) => stages.push(answer.here),
                None => stages.push(called(call)?),
            },
        }
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

/// `select("a", "b")`, `limit(5)`: stages of ours as calls.
fn called(call: &str) -> Option<String> {
    let (name, inner) = call.split_once('(')?;
    let inner = inner.strip_suffix(')')?.replace(['"', '\''], "");
    Some(format!("{name} {inner}")).filter(|here| super::valid::accepts(here))
}

/// `mlr --icsv --opprint cat then head -n 4`, or the verbs alone.
fn miller(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix("mlr").unwrap_or(text).trim();
    let mut stages: Vec<String> = Vec::new();
    let mut verbs = rest;
    while let Some(flag) = verbs.strip_prefix("--") {
        let (flag, after) = flag.split_once(' ').unwrap_or((flag, ""));
        let input = match flag {
            flag if flag.starts_with("icsv") || flag.starts_with("c2") || flag == "csv" => "csv",
            flag if flag.starts_with("ijson") || flag.starts_with("j2") || flag.starts_with("json") => "json",
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
            None if super::valid::accepts(verb) => verb.to_owned(),
            None => return None,
        });
    }
    (!stages.is_empty()).then(|| stages.join(" | "))
}

/// `index=main error`: words and `name=value` without blanks around the sign.
fn is_search(cursor: &TokenCursor<'_>) -> bool {
    let names = ["index", "sourcetype", "source", "host", "eventtype", "tag", "earliest", "splunk_server"];
    let named = cursor.peek().is_some_and(|token| names.contains(&token.text));
    named && cursor.peek_at(1).is_some_and(|sign| sign.text == "=" && !sign.spaced)
}

fn splunk(text: &str) -> Option<String> {
    let pieces = split_at_pipes(text);
    let (search, stages) = pieces.split_first()?;
    let mut written = searched(TokenCursor::new(search)?, true)?;
    if !stages.is_empty() {
        written.push(pipeline(stages)?);
    }
    if written.is_empty() {
        written.push("count".to_owned());
    }
    Some(written.join(" | "))
}

/// `search status=500 error`, a stage of Splunk.
pub(super) fn search(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let written = searched(cursor.part(&cursor.tokens[cursor.at..]), false)?;
    (!written.is_empty()).then(|| written.join(" | "))
}

/// Translates the words and conditions of a search: all of them, or alternatives with `OR`.
fn searched(mut cursor: TokenCursor<'_>, has_sources: bool) -> Option<Vec<String>> {
    let mut written: Vec<String> = Vec::new();
    let mut verb = "match";
    let mut any = false;
    while let Some(token) = cursor.next() {
        if token.kind == TokenKind::Sign {
            continue;
        }
        if token.kind == TokenKind::Word && matches!(token.text, "AND" | "OR" | "NOT") {
            verb = if token.text == "NOT" { "skip" } else { "match" };
            any |= token.text == "OR";
            continue;
        }
        if let Some(sign) = cursor.any_sign(&["=", "!=", ">", "<", ">=", "<="]) {
            let value = cursor.next()?;
            let is_source = has_sources
                && matches!(token.text, "index" | "sourcetype" | "source" | "eventtype" | "tag" | "earliest" | "latest" | "splunk_server" | "host" if sign.text == "=");
            let value = match value.kind {
                TokenKind::Number => value.text.to_owned(),
                TokenKind::Sign => continue,
                _ => quoted(value),
            };
            let own = if sign.text == "=" { "==" } else { sign.text };
            let condition = format!("{} {own} {value}", token.text);
            let not = if verb == "skip" { "not " } else { "" };
            match written.last_mut().filter(|last| any && last.starts_with("where")) {
                Some(last) => last.push_str(&format!(" or {not}{condition}")),
                None if is_source => {}
                None => written.push(format!("where {not}{condition}")),
            }
            (verb, any) = ("match", false);
            continue;
        }
        match written.last_mut().filter(|last| any && last.starts_with("match")) {
            Some(last) => last.push_str(&format!(", {}", quoted(token))),
            None => written.push(format!("{verb} {}", quoted(token))),
        }
        (verb, any) = ("match", false);
    }
    Some(written)
}

fn is_sort_uniq(cursor: &TokenCursor<'_>) -> bool {
    let tokens = &cursor.tokens;
    let pipe = tokens.iter().position(|token| token.text == "|");
    tokens[0].text == "sort"
        && pipe.is_some_and(|pipe| pipe <= 3 && tokens.get(pipe + 1).is_some_and(|next| next.text == "uniq"))
}

fn sort_uniq(text: &str, cursor: &TokenCursor<'_>) -> Option<Answer> {
    let uniq = cursor.tokens.iter().find(|token| token.text == "uniq")?;
    let mut pieces = split_at_pipes(text).into_iter().skip(1);
    let mut stages = vec![answer_stage(pieces.next()?.trim())?.here];
    let counts = stages[0] == "count by line";
    for piece in pieces {
        let piece = piece.trim();
        let sorts = piece.split_whitespace().next() == Some("sort");
        stages.push(match (sorts && counts, answer_stage(piece)) {
            (true, _) if piece.contains('r') => continue, // sorted largest first
            (true, _) => "sort count".to_owned(),
            (_, Some(answer)) => answer.here,
            (_, None) if super::valid::accepts(piece) => piece.to_owned(),
            (_, None) => return None,
        });
    }
    Some(Answer {
        span: Span { start: uniq.start, end: uniq.end() },
        message: format!(
            "unknown stage `uniq`: {}",
            "the first of each is kept by `dedup`, each is counted by `count by`"
        ),
        here: stages.join(" | "),
    })
}
