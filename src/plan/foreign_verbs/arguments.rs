//! The arguments after a foreign verb, sorted by kind, and the templates they fill.

use super::cursor::TokenCursor;
use super::expression::{duration_of, regex_of};
use super::lists::{name_of, quoted};
use super::tokens::{ForeignToken, TokenKind};

/// Words that are not field names.
const CLAUSES: [&str; 27] = [
    "by", "as", "over", "where", "limit", "desc", "asc", "on", "of", "then", "with", "in", "from", "to", "into", "and",
    "or", "not", "distinct", "value", "values", "span", "field", "group", "having", "rows", "null",
];

/// The arguments by kind.
#[derive(Default)]
struct SortedArguments<'a> {
    fields: Vec<String>,
    numbers: Vec<&'a str>,
    durations: Vec<String>,
    texts: Vec<ForeignToken<'a>>,
    regexes: Vec<&'a str>,
    /// Flags `-f`, `--name`, each with its value.
    flags: Vec<(&'a str, Option<ForeignToken<'a>>)>,
    /// `name=value`.
    options: Vec<(&'a str, ForeignToken<'a>)>,
    by: Option<String>,
}

fn sorted<'a>(cursor: &TokenCursor<'a>) -> SortedArguments<'a> {
    let mut cursor = cursor.clone();
    let mut found = SortedArguments::default();
    while let Some(token) = cursor.next() {
        match token.kind {
            TokenKind::Sign if token.text == "-" => {
                cursor.sign("-");
                let flag = cursor.peek().filter(|flag| !flag.spaced && flag.kind != TokenKind::Sign);
                if let Some(flag) = flag {
                    cursor.at += 1;
                    match flag.kind {
                        TokenKind::Number => found.numbers.push(flag.text), // `head -5`
                        _ => found.flags.push((flag.text, cursor.peek())),
                    }
                }
            }
            TokenKind::Word if token.text.eq_ignore_ascii_case("by") => {
                let mut by = cursor.clone();
                found.by = found.by.or_else(|| by.keys());
                cursor.at = by.at;
            }
            TokenKind::Word => {
                let value = cursor.peek_at(1);
                match (cursor.at_sign("=") || cursor.at_sign(":"), value) {
                    (true, Some(value)) => {
                        cursor.at += 1;
                        found.options.push((token.text, value));
                        if !matches!(token.text, "field" | "f" | "by") && value.kind == TokenKind::Word {
                            cursor.at += 1;
                        }
                    }
                    _ if CLAUSES.contains(&token.text.to_ascii_lowercase().as_str()) => {}
                    _ => found.fields.extend(name_of(token)),
                }
            }
            TokenKind::Number => match duration_of(token.text) {
                Some(duration) => found.durations.push(duration),
                None => found.numbers.push(token.text),
            },
            TokenKind::Text => match duration_of(token.inner()) {
                Some(duration) => found.durations.push(duration),
                None => found.texts.push(token),
            },
            TokenKind::Regex => found.regexes.push(token.text),
            TokenKind::Sign => {}
        }
    }
    found
}

/// Fills a template with a verb's arguments; `None` if a hole without a default stays empty.
///
/// `{field}`, `{field2}`, `{fields}`, `{number}`, `{duration}`, `{text}`, `{regex}`, `{pattern}`, `{by}`, `{names}`,
/// `{condition}`, `{expression}`, `{aggregates}`, `{assignments}`, `{keys}`, `{sort}`, `{columns}`.
pub(super) fn fill(template: &str, cursor: &mut TokenCursor<'_>) -> Option<String> {
    let found = sorted(cursor);
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (hole, after) = after.split_once('}')?;
        let (name, default) = match hole.split_once('=') {
            Some((name, default)) => (name, Some(default)),
            None => (hole, None),
        };
        let given = hole_of(name, &found, cursor);
        match given.as_deref().or(default) {
            Some(text) => out.push_str(text),
            None if name == "by" => {}
            None => return None,
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Fills the template with its defaults.
pub(super) fn example(template: &str) -> String {
    let mut nothing = TokenCursor::of("", Vec::new());
    fill(template, &mut nothing).unwrap_or_default()
}

fn hole_of(name: &str, found: &SortedArguments<'_>, cursor: &mut TokenCursor<'_>) -> Option<String> {
    match name {
        "field" => found.fields.first().cloned().or_else(|| found.texts.first().and_then(|text| name_of(*text))),
        "field2" => found.fields.get(1).cloned(),
        "fields" => (!found.fields.is_empty()).then(|| found.fields.join(", ")),
        "number" => found.numbers.first().map(|number| (*number).to_owned()),
        "duration" => found.durations.first().cloned(),
        "text" => found.texts.first().map(|text| quoted(*text)),
        "value" => found
            .options
            .iter()
            .find(|(name, _)| *name == "value" || *name == "v")
            .map(|(_, value)| *value)
            .or_else(|| found.flags.iter().find(|(flag, _)| *flag == "v").and_then(|(_, value)| *value))
            .map(|value| match value.kind {
                TokenKind::Number => value.text.to_owned(),
                _ => quoted(value),
            }),
        "regex" => match found.regexes.first() {
            Some(regex) => Some((*regex).to_owned()),
            None => found.texts.first().and_then(|text| regex_of(text.text, "")),
        },
        "captures" => {
            let regex = found
                .texts
                .first()
                .and_then(|text| regex_of(text.text, ""))
                .or(found.regexes.first().map(|regex| (*regex).to_owned()))?;
            Some(match regex.contains("(?<") {
                true => regex,
                false => regex.replacen('(', "(?<value>", 1),
            })
        }
        "by" => found.by.as_ref().map(|keys| format!(" by {keys}")),
        "group" => found.by.clone(),
        "named" => {
            let flag = found.flags.iter().find(|(flag, _)| *flag == "f");
            let option = found.options.iter().find(|(name, _)| matches!(*name, "field" | "f"));
            flag.and_then(|(_, value)| *value).or(option.map(|(_, value)| *value)).and_then(name_of)
        }
        _ => {
            let mut ahead = cursor.clone();
            let opened = ahead.at_sign("(") && ahead.peek().is_some_and(|open| !open.spaced);
            if opened {
                // a call: take the contents of its parentheses
                let close = ahead.tokens.iter().rposition(|token| token.text == ")").filter(|close| *close > ahead.at);
                let inside = ahead.tokens.get(ahead.at + 1..close?)?.to_vec();
                ahead = TokenCursor { tokens: inside.into(), at: 0, ..ahead };
            }
            let written = match name {
                "condition" => ahead.expression()?,
                "expression" => ahead.expression()?,
                "aggregates" => ahead.aggregates()?,
                "assignments" => ahead.assignments()?,
                "keys" => ahead.keys()?,
                "sort" => ahead.sort_keys()?,
                "columns" => ahead.columns()?,
                "names" => ahead.names()?.join(", "),
                _ => return None,
            };
            cursor.note = cursor.note.take().or(ahead.note.clone());
            cursor.before.append(&mut ahead.before);
            ahead.is_done().then_some(written)
        }
    }
}
