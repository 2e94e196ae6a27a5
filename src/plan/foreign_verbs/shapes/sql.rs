//! SQL: `select … from … where … group by … order by …`.

use super::super::cursor::TokenCursor;
use super::super::tokens::{ForeignToken, TokenKind, tokens};
use super::super::valid::accepts;
use super::part;

pub(super) fn is_sql(cursor: &TokenCursor<'_>) -> bool {
    let has = |word: &str| cursor.tokens.iter().any(|token| token.text.eq_ignore_ascii_case(word));
    has("from") || has("where") || has("group") || has("order") || cursor.tokens.iter().any(|token| token.text == "*")
}

pub(super) fn sql(text: &str) -> Option<String> {
    let all = tokens(text)?;
    let clauses = clauses(&all);
    let clause = |name: &str| {
        let place = clauses.iter().position(|(start, _)| *start == name)?;
        let end = clauses.get(place + 1).map_or(all.len(), |(_, end)| *end);
        let by = usize::from(all.get(clauses[place].1 + 1).is_some_and(|word| word.text.eq_ignore_ascii_case("by")));
        part(text, &all[clauses[place].1 + 1 + by..end])
    };
    let mut stages = Vec::new();
    if let Some(mut from) = clause("from") {
        stages.extend(joined(&mut from)?);
    }
    if let Some(mut condition) = clause("where") {
        stages.push(format!("where {}", condition.expression()?));
    }
    let mut columns = clause("select")?;
    let top = columns.word("top").and_then(|_| columns.of_kind(TokenKind::Number)).map(|number| number.text);
    let distinct = columns.word("distinct").is_some();
    let is_all = columns.at_sign("*") && columns.tokens.len() - columns.at == 1;
    let chosen = columns.clone().columns_one_by_one().unwrap_or_default();
    let keys = clause("group").and_then(|mut keys| keys.keys()).map(|keys| meant_keys(&keys, &chosen));
    let written = (!is_all).then(|| columns.clone().columns()).flatten();
    let aggregated = columns.clone().aggregates();
    let holds_aggregates =
        aggregated.as_ref().is_some_and(|list| list != "count" || text.to_lowercase().contains("count("));
    if let Some(keys) = &keys {
        let named = chosen.iter().filter(|(column, _)| accepts(column)).map(|(column, name)| match name {
            Some(name) => format!("{column} as {name}"),
            None => column.clone(),
        });
        let named: Vec<String> = named.collect(); // without the keys, which SQL repeats
        let aggregates = if named.is_empty() { aggregated } else { Some(named.join(", ")) };
        stages.push(format!("{} by {keys}", aggregates.unwrap_or_else(|| "count".to_owned())));
    } else if holds_aggregates && text.contains('(') && accepts(aggregated.as_deref()?) {
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
        let keys: Vec<String> = keys.split(", ").map(|key| ordinal(key, &chosen)).collect();
        let keys = keys.join(", ");
        let place =
            stages.iter().position(|stage| stage.starts_with("select ")).filter(|_| keys_are_gone(&stages, &keys));
        stages.insert(place.unwrap_or(stages.len()), format!("sort {keys}"));
    }
    if let Some(limit) = clause("limit") {
        stages.push(limited(&limit, &stages)?);
    }
    if let Some(number) = top {
        stages.push(format!("limit {number}"));
    }
    if stages.is_empty() {
        stages.push("where true".to_owned());
    }
    Some(stages.join(" | "))
}

/// The first words of the clauses outside parentheses, with their positions.
fn clauses(tokens: &[ForeignToken<'_>]) -> Vec<(&'static str, usize)> {
    let starts = ["select", "from", "where", "group", "having", "order", "limit"];
    let mut depth = 0i32;
    let mut clauses = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        depth += i32::from(token.text == "(") - i32::from(token.text == ")");
        let lower = token.text.to_ascii_lowercase();
        if let (0, Some(start)) = (depth, starts.iter().find(|start| **start == lower)) {
            clauses.push((*start, index));
        }
    }
    clauses
}

/// Returns the stage for `limit n [offset m]` after `stages`.
fn limited(limit: &TokenCursor<'_>, stages: &[String]) -> Option<String> {
    let number = limit.tokens.first()?.text;
    let offset = limit.tokens.iter().position(|token| token.text.eq_ignore_ascii_case("offset"));
    Some(match offset.and_then(|at| limit.tokens.get(at + 1)) {
        Some(offset) => {
            let place = TokenCursor { after: stages.join(" | ").into(), ..limit.clone() };
            super::super::own::after_the_first(&place, offset.text, Some(number))
        }
        None => format!("limit {number}"),
    })
}

/// True if a later `select` drops the sort keys.
pub(super) fn keys_are_gone(stages: &[String], keys: &str) -> bool {
    let key = keys.split([' ', ',']).next().unwrap_or_default();
    let select = stages.iter().find(|stage| stage.starts_with("select "));
    select.is_some_and(|select| !select.split([' ', ',']).any(|word| word == key))
}

/// Resolves keys of `group by`: names of columns to their expressions, and numbers to the columns at that position.
fn meant_keys(keys: &str, chosen: &[(String, Option<String>)]) -> String {
    let meant = keys.split(", ").map(|key| {
        let place = key.parse::<usize>().ok().and_then(|nth| chosen.get(nth.checked_sub(1)?));
        let named = chosen.iter().find(|(_, name)| name.as_deref() == Some(key));
        match place.or(named) {
            Some((column, Some(name))) => format!("{column} as {name}"),
            Some((column, None)) => column.clone(),
            None => key.to_owned(),
        }
    });
    meant.collect::<Vec<_>>().join(", ")
}

/// A key of `order by` that is the number of a column.
fn ordinal(key: &str, chosen: &[(String, Option<String>)]) -> String {
    let (number, desc) = key.split_once(' ').map_or((key, ""), |(number, _)| (number, " desc"));
    let column = number.parse::<usize>().ok().and_then(|nth| chosen.get(nth.checked_sub(1)?));
    match column {
        Some((_, Some(name))) => format!("{name}{desc}"),
        Some((column, None)) => format!("{column}{desc}"),
        None => key.to_owned(),
    }
}

/// `x left join y on x.id = y.id` as a `lookup`; `None` inside for a single table.
fn joined(from: &mut TokenCursor<'_>) -> Option<Option<String>> {
    let Some(join) = from.tokens.iter().position(|token| token.text.eq_ignore_ascii_case("join")) else {
        return Some(None);
    };
    let is_left = from.tokens[..join].iter().any(|token| token.text.eq_ignore_ascii_case("left"));
    let table = from.tokens.get(join + 1)?.text;
    let key = |token: &ForeignToken<'_>| token.text.rsplit('.').next().unwrap_or(token.text).to_owned();
    let on = from.tokens.iter().position(|token| matches!(token.text.to_ascii_lowercase().as_str(), "on" | "using"))?;
    let mut keys: Vec<String> =
        from.tokens[on + 1..].iter().filter(|token| token.kind == TokenKind::Word).map(key).collect();
    keys.dedup();
    let left = if is_left { " left" } else { "" };
    Some(Some(match keys.as_slice() {
        [key] => format!("lookup \"{table}.csv\" on {key}{left}"),
        [first, second] => format!("lookup \"{table}.csv\" on {first} = {second}{left}"),
        _ => return None,
    }))
}
