//! Commands about time: `timechart`, `transaction`, `resample`, `bucket`, and units of time as keys.

use super::arguments;
use super::cursor::TokenCursor;
use super::expression::duration_of;
use super::tokens::TokenKind;
use super::valid::is_right;

/// Names of fields that hold the time of a record, the likeliest first.
const TIME_FIELDS: [&str; 9] = ["time", "timestamp", "ts", "t", "datetime", "start", "when", "date", "_time"];

/// The field with the time of a record after these stages; `None` if fields are known only from the data.
pub(super) fn time_field(after: &str) -> Option<&'static str> {
    let has = |field: &str| is_right(&format!("{after} | where {field} != null"));
    if after.is_empty() || !is_right(&format!("{after} | count")) || has("no_such_field") {
        return None;
    }
    TIME_FIELDS.into_iter().find(|field| has(field))
}

/// ` on time`, if the records have a time.
pub(super) fn on(cursor: &TokenCursor<'_>) -> String {
    time_field(&cursor.after).map_or(String::new(), |field| format!(" on {field}"))
}

/// The field to round if none was typed.
fn time_or_arrival(cursor: &TokenCursor<'_>) -> &'static str {
    match time_field(&cursor.after) {
        Some(field) => field,
        None if is_right(&format!("{} | where no_such_field != null", cursor.after)) => "time",
        None => "@time",
    }
}

/// `timechart span=1m count by level`.
pub(super) fn made_timechart(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let span = span(cursor).unwrap_or_else(|| "1m".to_owned());
    let on = on(cursor);
    let aggregates = cursor.aggregates();
    match aggregates.filter(|_| cursor.is_done()) {
        Some(aggregates) => Some(format!("{aggregates} | window {span}{on}")),
        None => Some(format!("count | window {span}{on}")),
    }
}

/// `transaction host maxspan=5m`, `transaction session_id, user maxpause=30s`.
pub(super) fn made_transaction(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let gap = span(cursor).unwrap_or_else(|| "5m".to_owned());
    let on = on(cursor);
    let keys = arguments::fill("{fields}", cursor).unwrap_or_default();
    let keys = keys.split(", ").filter(|key| !key.is_empty()).collect::<Vec<_>>().join(", ");
    let by = if keys.is_empty() { String::new() } else { format!(" by {keys}") };
    Some(format!("count, first(line), last(line){by} | window session {gap}{on}"))
}

/// `resample('1m').mean()`, `resample 5m`, `interval 5m`.
pub(super) fn made_resample(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let span = span(cursor)?;
    let on = on(cursor);
    let aggregate = called_after(cursor).unwrap_or_else(|| "count".to_owned());
    Some(format!("{aggregate} | window {span}{on}"))
}

/// The aggregate of `resample('1m')['x'].mean()`.
fn called_after(cursor: &TokenCursor<'_>) -> Option<String> {
    let close = cursor.tokens.iter().position(|token| token.text == ")")?;
    let mut rest = TokenCursor { at: close + 1, ..cursor.clone() };
    super::frames::aggregate_of_chain(&mut rest)
}

/// `bucket t 5m`, `bin span=5m t`, `bin(5m)`, `timeslice 5m`, `bin n span=10`, `bin n bins=10`.
pub(super) fn made_bin(cursor: &mut TokenCursor<'_>) -> Option<String> {
    if let Some(span) = span(cursor) {
        let field = arguments::fill("{field}", cursor).unwrap_or_else(|| time_or_arrival(cursor).to_owned());
        return Some(format!("count by bin({field}, {span})"));
    }
    let field = arguments::fill("{field}", cursor)?;
    let number = cursor.tokens.iter().rfind(|token| token.kind == TokenKind::Number)?.text;
    let is_number_of_bins = cursor.tokens.iter().any(|token| token.text.eq_ignore_ascii_case("bins"));
    Some(match is_number_of_bins {
        true => format!("histogram({field}, {number})"),
        false => format!("let {field} = bin({field}, {number})"),
    })
}

/// Reads a duration given as `span=5m`, `step 5m` or similar.
fn span(cursor: &TokenCursor<'_>) -> Option<String> {
    let tokens = &cursor.tokens[cursor.at..];
    let starts_with_digit = |duration: &String| duration.starts_with(|c: char| c.is_ascii_digit());
    tokens.iter().enumerate().find_map(|(index, token)| {
        let quoted = token.text.trim_matches(['"', '\'']);
        let apart =
            tokens.get(index + 1).filter(|unit| unit.kind == TokenKind::Word && token.kind == TokenKind::Number);
        let apart = apart.and_then(|unit| duration_of(&format!("{quoted}{}", unit.text))); // `every 5 minutes`
        let named = duration_of(quoted).filter(|_| token.kind != TokenKind::Word);
        named.or(apart).filter(starts_with_digit)
    })
}

/// `time bucket 1m`.
pub(super) fn rounded_by_words(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    let head = ahead.word("time").or_else(|| ahead.word("timestamp"))?;
    ["bucket", "bin", "interval", "span", "every", "slice", "window"].iter().find_map(|word| ahead.word(word))?;
    let span = ahead.next().and_then(|token| duration_of(token.text))?;
    ahead.note(head, MEANS);
    *cursor = ahead;
    Some(format!("bin({}, {span})", time_or_arrival(cursor)))
}

/// `time(1m)` of InfluxQL, `bin(5m)`: a call with only a duration.
pub(super) fn rounded_call(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let head = cursor.peek().filter(|head| head.kind == TokenKind::Word && cursor.at_call())?;
    let names = ["time", "bin", "bucket", "time_bucket", "timebucket", "tumble", "window", "timeslice", "interval"];
    let is_meant = names.iter().any(|name| head.text.eq_ignore_ascii_case(name));
    let span = cursor.peek_at(2).filter(|_| is_meant)?;
    let is_alone = cursor.peek_at(3).is_some_and(|close| close.text == ")");
    let span = duration_of(span.text.trim_matches(['"', '\''])).filter(|_| is_alone && span.kind != TokenKind::Word)?;
    cursor.note(head, MEANS);
    cursor.at += 4;
    Some(format!("bin({}, {span})", time_or_arrival(cursor)))
}

/// A unit of time as a key, `count by minute`, if no field has this name.
pub(super) fn unit_as_key(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let head = cursor.peek().filter(|head| head.kind == TokenKind::Word && !cursor.at_call())?;
    let unit = match head.text.to_ascii_lowercase().as_str() {
        "second" => "1s",
        "minute" => "1m",
        "hour" => "1h",
        "day" => "1d",
        "week" => "1w",
        _ => return None,
    };
    let after = if cursor.after.is_empty() { "where true" } else { &cursor.after };
    if is_right(&format!("{after} | where {} != null", head.text)) {
        return None; // a field, or one that only the data knows
    }
    cursor.note(head, format!("unknown field `{}`: {MEANS}", head.text));
    cursor.at += 1;
    Some(format!("bin({}, {unit}) as {}", time_or_arrival(cursor), head.text))
}

const MEANS: &str = "times are rounded down by `bin(time, 1m)`";

/// `count per minute`, `avg(x) over 5m`, `count every 5m by k`.
pub(super) fn per(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    let aggregates = ahead.aggregates()?;
    let word = ahead.next().filter(|word| matches!(word.text, "per" | "over" | "each" | "every" | "in"))?;
    let length = match ahead.number() {
        Some(number) => duration_of(&number)?,
        None => duration_of(ahead.next()?.text)?,
    };
    let by = match ahead.is_done() {
        true => String::new(),
        false => format!(" by {}", ahead.by()?),
    };
    if !ahead.is_done() {
        return None;
    }
    ahead.note(word, format!("unexpected `{}`: the time of a result is said by `window`", word.text));
    *cursor = ahead;
    Some(format!("{aggregates}{by} | window {length}{}", on(cursor)))
}
