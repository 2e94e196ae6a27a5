//! SQL: `select … from … where … group by … order by …`.

use super::super::accepts;
use super::super::cursor::Cursor;
use super::super::tokens::tokens;
use super::*;

pub(super) fn is_sql(cursor: &Cursor<'_>) -> bool {
    let has = |word: &str| cursor.tokens.iter().any(|token| token.text.eq_ignore_ascii_case(word));
    has("from") || has("where") || has("group") || has("order") || cursor.tokens.iter().any(|token| token.text == "*")
}

pub(super) fn sql(text: &str) -> Option<String> {
    let all = tokens(text)?;
    let starts = ["select", "from", "where", "group", "having", "order", "limit"];
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
        let by = usize::from(all.get(clauses[place].1 + 1).is_some_and(|word| word.text.eq_ignore_ascii_case("by")));
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
    let holds_aggregates =
        aggregated.as_ref().is_some_and(|list| list != "count" || text.to_lowercase().contains("count("));
    if let Some(keys) = &keys {
        stages.push(format!("{} by {keys}", aggregated.unwrap_or_else(|| "count".to_owned())));
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
        let place =
            stages.iter().position(|stage| stage.starts_with("select ")).filter(|_| keys_are_gone(&stages, &keys));
        stages.insert(place.unwrap_or(stages.len()), format!("sort {keys}"));
    }
    if let Some(limit) = clause("limit") {
        stages.push(format!("limit {}", limit.tokens.first()?.text));
    }
    if stages.is_empty() {
        stages.push("where true".to_owned());
    }
    Some(stages.join(" | "))
}

/// Whether a later `select` does not hold what is sorted by.
pub(super) fn keys_are_gone(stages: &[String], keys: &str) -> bool {
    let key = keys.split([' ', ',']).next().unwrap_or_default();
    let select = stages.iter().find(|stage| stage.starts_with("select "));
    select.is_some_and(|select| !select.split([' ', ',']).any(|word| word == key))
}
