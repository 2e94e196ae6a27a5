//! bourn's own stages with arguments in another tool's syntax: `top limit=5 x`, `match "a" and "b"`.

use super::cursor::TokenCursor;
use super::expression::in_quotes;
use super::lists::{name_of, quoted};
use super::shell;
use super::tokens::{ForeignToken, TokenKind};
use super::verbs::{inside, made_sort, with_before};

/// Translates the stage; the flag tells whether the error is known without a note.
pub(super) fn stage(name: &str, cursor: &mut TokenCursor<'_>) -> Option<String> {
    if cursor.peek().is_some_and(|open| open.text == "(" && !open.spaced)
        && let Some((mut inner, true)) = inside(cursor)
    {
        let head = cursor.tokens[cursor.at - 1];
        inner.note(head, format!("`{name}` is a stage: its arguments follow it without parentheses"));
        let chosen = inner.clone().expression().filter(|_| name == "select");
        let written = match chosen.filter(|value| is_condition(value)) {
            Some(condition) => Some(format!("where {condition}")), // as in jq
            None => stage(name, &mut inner),
        };
        cursor.note = inner.note;
        return written;
    }
    match name {
        "where" | "assert" | "until" => condition(name, cursor),
        "let" if cursor.at_word(2, "select") => selected(cursor),
        "let" => {
            let made = cursor.assignments()?;
            Some(with_before(&cursor.before, &format!("let {made}")))
        }
        "select" if cursor.at_sign("*") => every_field(cursor),
        "select" => {
            let columns = cursor.columns()?;
            Some(with_before(&cursor.before, &format!("select {columns}")))
        }
        "sort" => sort(cursor),
        "top" => top(cursor),
        "match" | "skip" => pattern(name, cursor),
        "limit" => limit(cursor),
        "pivot" => super::tables::pivot(cursor),
        "tail" => tail(cursor),
        "split" => split(cursor),
        "parse" => parse(cursor),
        "regex" => regex(cursor),
        "dedup" => dedup(cursor),
        "drop" => {
            match cursor.peek_at(1) {
                Some(second) if second.kind == TokenKind::Word => {
                    cursor.note(second, "a `,` is missing between two names")
                }
                _ => note_rest(cursor, "unexpected"),
            }
            cursor.word("columns");
            cursor.sign("=");
            Some(format!("drop {}", cursor.names()?.join(", ")))
        }
        "rename" => shell::rename(cursor),
        "explode" => {
            let name = cursor.next().and_then(name_of)?;
            Some(format!("explode {name}"))
        }
        "window" => super::windows::window(cursor),
        "running" => {
            let aggregates = cursor.aggregates()?;
            match cursor.before.as_slice() {
                [(made, _)] => Some(made.clone()),
                [] => Some(format!("running {aggregates}")),
                _ => None,
            }
        }
        "sample" => {
            let number = cursor.of_kind(TokenKind::Number)?;
            let share: f64 = number.text.parse().ok().filter(|share| (0.0..1.0).contains(share))?;
            cursor.note(number, format!("expected a share, found `{}`", number.text));
            Some(format!("sample {}%", (share * 1e6).round() / 1e4))
        }
        "csv" => {
            let rest = cursor.tokens[cursor.at..].to_vec();
            let separator = *rest.iter().find(|token| {
                token.kind == TokenKind::Text || token.kind == TokenKind::Sign && matches!(token.text, ";" | ":" | "|")
            })?;
            note_rest(cursor, "unexpected");
            Some(format!("csv {}", quoted(separator)))
        }
        _ => None,
    }
    .filter(|_| !cursor.is_done() || cursor.note.is_some())
}

/// `let x = select *`, `let x = select a`: a stage is not a value.
fn selected(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let name = name_of(cursor.next()?)?;
    cursor.sign("=");
    let select = cursor.next()?;
    cursor
        .note(select, "`select` is a stage, and no value: a field is written by its name, the whole record is `line`");
    let value = if cursor.sign("*") { "line".to_owned() } else { cursor.expression()? };
    Some(format!("let {name} = {value}"))
}

/// `select * from t`: all fields are kept anyway. `select *, a + 1 as b` is written so here.
fn every_field(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let star = cursor.next()?;
    if cursor.sign(",") {
        return None;
    }
    cursor.note(star, "unexpected `*` after `select`: every field is kept without `select`; more are added by `let`");
    Some("where true".to_owned())
}

/// True if an expression compares something.
pub(super) fn is_condition(value: &str) -> bool {
    const SIGNS: [&str; 11] = [" == ", " != ", " < ", " <= ", " > ", " >= ", " ~ ", " !~ ", " in ", " and ", " or "];
    SIGNS.iter().any(|sign| value.contains(sign)) || value.starts_with("not ")
}

/// Adds a message about the next token, unless there is one.
pub(super) fn note_rest(cursor: &mut TokenCursor<'_>, what: &str) {
    if let Some(token) = cursor.peek() {
        let flag = cursor.peek_at(1).filter(|flag| token.text == "-" && !flag.spaced);
        let end = flag.map_or(token.end(), |flag| flag.end());
        let text = cursor.text.get(token.start..end).unwrap_or(token.text);
        cursor.note(ForeignToken { text, ..token }, format!("{what} `{text}`"));
    }
}

/// `first 5`, `last 5`.
pub(super) fn first_or_last(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (name, number) = (cursor.peek()?, cursor.peek_at(1)?);
    let own = match name.text {
        "first" => "limit",
        "last" => "tail",
        _ => return None,
    };
    number.text.parse::<u64>().ok().filter(|_| cursor.tokens.len() - cursor.at == 2)?;
    cursor.note(
        number,
        format!("unexpected `{}`: `{}` is an aggregate, records are kept by `{own}`", number.text, name.text),
    );
    Some(format!("{own} {}", number.text))
}

fn condition(name: &str, cursor: &mut TokenCursor<'_>) -> Option<String> {
    if let ([text], Some(TokenKind::Text)) = (&cursor.tokens[cursor.at..], cursor.peek().map(|token| token.kind)) {
        let mut quoted = TokenCursor::new(text.inner())?; // `df.where("a > 5")`
        let condition = quoted.expression()?;
        return (quoted.is_done() && is_condition(&condition)).then(|| format!("{name} {condition}"));
    }
    if cursor.at_word(0, "in") || cursor.at_word(0, "not") && cursor.at_word(1, "in") {
        note_rest(cursor, "expected a value or a field, found");
        let word = cursor.rest().split('(').next()?.trim();
        cursor.at += word.split_whitespace().count();
        let list = cursor.list(0)?;
        return cursor.is_done().then(|| format!("{name} x {word} {list}"));
    }
    let condition = cursor.expression()?;
    let message = cursor.of_kind(TokenKind::Text).filter(|_| name == "assert");
    let message = message.map_or(String::new(), |text| format!(" {}", quoted(text)));
    let stage = format!("{name} {condition}{message}");
    cursor.is_done().then(|| with_before(&cursor.before, &stage))
}

fn sort(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let next = cursor.peek()?;
    if let Some(written) = shell::sort(cursor) {
        cursor.note(next, "`sort` takes an expression here, and no flags");
        return Some(written);
    }
    let is_elsewhere = |token: &&ForeignToken<'_>| {
        let word = token.text.to_ascii_lowercase();
        matches!(word.as_str(), "asc" | "desc" | "ascending" | "descending" | "nulls" | "reverse")
            && !matches!(token.text, "asc" | "desc")
    };
    let odd = cursor.tokens[cursor.at..].iter().skip(1).find(is_elsewhere);
    let odd = odd.copied().unwrap_or(next);
    cursor.note(odd, format!("unexpected `{}` after `sort`", odd.text));
    let counts = |after: ForeignToken<'_>| !matches!(after.text, "desc" | "asc" | ",");
    if cursor.peek_at(1).is_none_or(|after| !counts(after)) && next.kind == TokenKind::Number {
        return None; // a column by its number
    }
    let limit = cursor.of_kind(TokenKind::Number).map_or(String::new(), |number| format!(" | limit {}", number.text));
    Some(format!("{}{limit}", made_sort(cursor)?))
}

/// `top limit=5 x`, `top x`, `top 5 by x`, `top 5 by x desc`, `top 5 x by y`, `top n=5 x`.
fn top(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest: Vec<ForeignToken<'_>> = cursor.tokens[cursor.at..].to_vec();
    if rest.iter().any(|token| token.text.starts_with("approx")) {
        return None; // no other tool has this word
    }
    note_rest(cursor, "expected a number N, found");
    let number = rest.iter().find(|token| token.kind == TokenKind::Number).map_or("10", |token| token.text);
    let by = rest.iter().position(|token| token.text == "by");
    let names = |tokens: &[ForeignToken<'_>]| -> Vec<String> {
        let options = ["limit", "n", "count", "showperc", "showcount", "useother", "f", "a", "o", "g"];
        let words = tokens.iter().enumerate().filter(|(index, token)| {
            let is_option = options.contains(&token.text)
                && (tokens.get(index + 1).is_some_and(|sign| sign.text == "=")
                    || index.checked_sub(1).is_some_and(|before| tokens[before].text == "-" && !token.spaced));
            token.kind == TokenKind::Word && !is_option && !matches!(token.text, "desc" | "asc" | "of")
        });
        words.filter_map(|(_, token)| name_of(*token)).collect()
    };
    let has_flag = |flag: &str| rest.windows(2).any(|two| two[0].text == "-" && !two[1].spaced && two[1].text == flag);
    let written = match by {
        None if has_flag("f") => super::miller::top(cursor, number)?,
        Some(by) => {
            let (keys, of) = (names(&rest[..by]), names(&rest[by + 1..]));
            let ranks = rest[by..].iter().any(|token| matches!(token.text, "desc" | "asc" | "-"));
            cursor.note = None;
            let means = match (keys.is_empty(), ranks) {
                (true, false) => {
                    format!("`top {number} {}` counts values, the largest come first after `sort`", of.join(", "))
                }
                _ => "its keys follow the number".to_owned(),
            };
            cursor.note(rest[by], format!("unexpected `by` after `top`: {means}"));
            match keys.is_empty() {
                true => {
                    let desc = if rest[by..].iter().any(|token| token.text == "asc") { "" } else { " desc" };
                    let keys: Vec<String> = of.iter().map(|key| format!("{key}{desc}")).collect();
                    format!("sort {} | limit {number}", keys.join(", "))
                }
                false => format!("count by {}, {} | limit {number}", of.join(", "), keys.join(", ")),
            }
        }
        None => {
            let keys = names(&rest);
            (!keys.is_empty()).then(|| format!("top {number} {}", keys.join(", ")))?
        }
    };
    cursor.at = cursor.tokens.len();
    Some(written)
}

/// `match "a" and "b"`, `match error`, `match -v "x"`, `match not "a"`, `skip 5`.
fn pattern(name: &str, cursor: &mut TokenCursor<'_>) -> Option<String> {
    if let Some(condition) = compared(cursor) {
        let not = if name == "skip" { "not " } else { "" };
        return Some(format!("where {not}{condition}"));
    }
    if let (Some(token), 1) = (cursor.peek(), cursor.tokens.len() - cursor.at)
        && token.kind == TokenKind::Number
        && name == "skip"
    {
        cursor.note(token, format!("expected a \"text\" or a /regex/, found `{}`", token.text));
        return Some(after_the_first(cursor, token.text, None));
    }
    if cursor.at_sign("-") && cursor.peek().is_some_and(|sign| sign.spaced) {
        note_rest(cursor, "`match` takes no flags; unexpected");
        let written = shell::grep(cursor)?;
        cursor.at = cursor.tokens.len();
        return Some(match name {
            "skip" => written.replacen("match", "skip", 1),
            _ => written,
        });
    }
    let (mut written, mut verb, mut any) = (String::new(), name, Vec::new());
    loop {
        if let Some(not) = cursor.word("not").or_else(|| cursor.any_sign(&["!"])) {
            cursor.note(not, format!("unexpected `{}` after `{name}`: `skip` drops what matches", not.text));
            verb = if verb == "match" { "skip" } else { "match" };
        }
        let token = cursor.next()?;
        any.push(match token.kind {
            TokenKind::Regex => token.text.to_owned(),
            TokenKind::Sign => return None,
            _ => quoted(token),
        });
        if token.kind == TokenKind::Word || token.kind == TokenKind::Number {
            cursor.note(token, format!("expected a \"text\" or a /regex/, found `{}`", token.text));
        }
        let sign = cursor.next();
        match sign.map(|sign| (sign, sign.text.to_ascii_lowercase())) {
            None => break,
            Some((sign, word)) if word == "or" || word == "||" => {
                cursor.note(sign, format!("unexpected `{}`: several patterns are separated by commas", sign.text));
            }
            Some((_, word)) if word == "," => {}
            Some((sign, word)) if word == "and" || word == "&&" || sign.kind != TokenKind::Sign => {
                let goes_on = word == "and" || word == "&&";
                let means =
                    if goes_on { "each pattern is a stage" } else { "text of several words is one text in quotes" };
                cursor.note(sign, format!("unexpected `{}`: {means}", sign.text));
                if !goes_on {
                    return None;
                }
                written.push_str(&format!("{verb} {} | ", any.join(", ")));
                any.clear();
                verb = name;
            }
            Some(_) => return None,
        }
    }
    Some(format!("{written}{verb} {}", any.join(", ")))
}

/// The condition of `match a == 5`.
fn compared(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    let head = ahead.of_kind(TokenKind::Word)?;
    ahead.any_sign(&["==", "=", "!=", ">", "<", ">=", "<=", "~", "=~", "!~"])?;
    ahead.at = cursor.at;
    let condition = ahead.expression()?;
    if !ahead.is_done() || !is_condition(&condition) {
        return None;
    }
    ahead.note = None;
    ahead.note(head, "expected a \"text\" or a /regex/, found a condition: records are kept by `where`");
    *cursor = ahead;
    Some(condition)
}

/// `limit 10 offset 5`, `limit = 5`.
fn limit(cursor: &mut TokenCursor<'_>) -> Option<String> {
    note_rest(cursor, "expected a number N, found");
    cursor.sign("=");
    let is_comma_alone = cursor.peek_at(1).is_some_and(|comma| comma.text == ",")
        && cursor.peek_at(2).is_none_or(|second| second.spaced || second.text.len() != 3);
    let first = if is_comma_alone { cursor.next()?.text.to_owned() } else { cursor.number()? };
    if cursor.is_done() {
        return Some(format!("limit {first}"));
    }
    if let Some(by) = cursor.word("by") {
        cursor.note = None;
        cursor.note(by, "unexpected `by` after `limit`: the records of each key are numbered by `running count`");
        let keys = cursor.keys()?;
        return cursor.is_done().then(|| shell::first_of_each(&first, &keys));
    }
    if cursor.sign(",") {
        let number = cursor.number()?; // `limit OFFSET, N` of MySQL
        return cursor.is_done().then(|| after_the_first(cursor, &first, Some(&number)));
    }
    match cursor.word("offset") {
        Some(_) => {
            let offset = cursor.number()?;
            cursor.word("rows");
            cursor.is_done().then(|| after_the_first(cursor, &offset, Some(&first)))
        }
        None => None,
    }
}

/// Skips the first records and keeps `limit` of the others: by their number in the source, or by counting them if
/// stages have dropped or created records.
pub(super) fn after_the_first(cursor: &TokenCursor<'_>, offset: &str, number: Option<&str>) -> String {
    let limit = number.map_or(String::new(), |number| format!(" | limit {number}"));
    match cursor.after.as_ref() {
        "" | "json" | "logfmt" => format!("where @number > {offset}{limit}"),
        _ => format!("running count as n | where n > {offset}{limit} | drop n"),
    }
}

/// `tail -n 5`, `tail -f x`.
fn tail(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = cursor.tokens[cursor.at..].to_vec();
    let follows = rest.windows(2).find(|pair| pair[0].text == "-" && pair[1].text.eq_ignore_ascii_case("f"));
    let number = rest.iter().find(|token| token.kind == TokenKind::Number).map(|token| token.text);
    match follows {
        Some(pair) => cursor.note(pair[1], "unexpected `-f`: --follow reads a file as it grows"),
        None => note_rest(cursor, "expected a number of records, found"),
    }
    if let (Some(number), true) = (number, rest.iter().any(|token| token.text == "+")) {
        return Some(format!("where @number >= {number}"));
    }
    number.or(follows.map(|_| "10")).map(|number| format!("tail {number}"))
}

/// `split(line, ",")`, `split line by ","`, `split -d ,`.
fn split(cursor: &mut TokenCursor<'_>) -> Option<String> {
    note_rest(cursor, "expected a separator, found");
    let rest = &cursor.tokens[cursor.at..];
    let separator = rest.iter().find(|token| matches!(token.kind, TokenKind::Text | TokenKind::Regex));
    let sign = rest.iter().find(|token| token.kind == TokenKind::Sign && matches!(token.text, "," | ";" | ":"));
    let field = rest.iter().find(|token| {
        token.kind == TokenKind::Word && !matches!(token.text, "by" | "on" | "from" | "d" | "line" | "as")
    });
    let separator = match separator {
        Some(token) if token.kind == TokenKind::Regex => token.text.to_owned(),
        Some(token) => quoted(*token),
        None => in_quotes(sign?.text),
    };
    let from = field.map_or(String::new(), |field| format!(" from {}", field.text));
    Some(format!("split {separator}{from}"))
}

/// `parse "a * b" as x, y`, `parse x with "a" y "b"`.
fn parse(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = cursor.tokens[cursor.at..].to_vec();
    if let Some(text) = rest.first().filter(|text| text.kind == TokenKind::Text && text.text.contains('*')) {
        let names: Vec<String> = rest[1..]
            .iter()
            .filter(|token| token.kind == TokenKind::Word && token.text != "as")
            .filter_map(|token| name_of(*token))
            .collect();
        let mut names = names.into_iter();
        let mut pattern = String::new();
        for (index, piece) in text.inner().split('*').enumerate() {
            if index > 0 {
                pattern.push_str(&format!("{{{}}}", names.next().unwrap_or_else(|| "_".to_owned())));
            }
            pattern.push_str(piece);
        }
        cursor.note(*text, "a hole of a pattern is `{name}`, and no `*`");
        return Some(format!("parse {}", in_quotes(&pattern)));
    }
    let with = rest.iter().position(|token| token.text == "with")?;
    let from = rest.first().filter(|token| token.kind == TokenKind::Word && with > 0)?;
    let mut pattern = String::new();
    for token in &rest[with + 1..] {
        match token.kind {
            TokenKind::Text => pattern.push_str(token.inner()),
            TokenKind::Word => pattern.push_str(&format!("{{{}}}", token.text.split(':').next()?)),
            _ => {}
        }
    }
    cursor.note(rest[with], "unexpected `with`: a pattern is one text with holes");
    Some(format!("parse {} from {}", in_quotes(&pattern), from.text))
}

/// `regex _raw="…"`, `regex "…"`: extracts groups; without groups it is `match`.
fn regex(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = &cursor.tokens[cursor.at..];
    let text = *rest.iter().find(|token| token.kind == TokenKind::Text)?;
    let field = rest.iter().find(|token| token.kind == TokenKind::Word).and_then(|token| name_of(*token));
    if !text.text.contains("(?") && rest.len() == 1 {
        return None;
    }
    cursor.note(text, "a regular expression is written between slashes");
    let regex = super::expression::regex_of(text.text, "")?;
    let field = field.filter(|field| field != "line" && field != "_raw" && field != "field");
    Some(match (regex.contains("(?<"), field) {
        (true, Some(field)) => format!("regex {regex} from {field}"),
        (true, None) => format!("regex {regex}"),
        (false, Some(field)) => format!("match {regex} in {field}"),
        (false, None) => format!("match {regex}"),
    })
}

/// `dedup host sortby -x`, `dedup a b`.
fn dedup(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = cursor.tokens[cursor.at..].to_vec();
    let (mut keys, mut sort) = (Vec::new(), String::new());
    let begins = |word: &&ForeignToken<'_>| matches!(word.text, "by" | "on");
    let rest = match rest.first().filter(begins) {
        Some(by) => {
            cursor.note(*by, format!("unexpected `{}` after `dedup`", by.text));
            rest[1..].to_vec()
        }
        None => rest,
    };
    let end = rest.iter().position(|token| token.text == "sortby").unwrap_or(rest.len());
    for token in &rest[..end] {
        match token.kind {
            TokenKind::Word | TokenKind::Text => keys.push(name_of(*token)?),
            TokenKind::Sign if matches!(token.text, "," | "[" | "]") => {}
            _ => return None,
        }
    }
    if let Some(sortby) = rest.get(end) {
        cursor.note(*sortby, "unexpected `sortby`: records are sorted by a stage before");
        let name = rest[end..].iter().skip(1).find(|token| token.kind == TokenKind::Word)?;
        let desc = if rest[end..].iter().any(|token| token.text == "-") { " desc" } else { "" };
        sort = format!("sort {}{desc} | ", name.text);
    } else if cursor.note.is_none() {
        cursor.note(*rest.get(1)?, "a `,` is missing between two keys");
    }
    Some(format!("{sort}dedup {}", keys.join(", ")))
}
