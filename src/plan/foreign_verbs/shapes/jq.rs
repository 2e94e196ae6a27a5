//! jq filters.

use super::super::cursor::TokenCursor;
use super::super::expression::WrittenExpr;
use super::super::tokens::tokens;

/// True if a text begins with a jq filter or path: `map(.a)`, `select(.a == 1)`, `group_by(.a)`.
pub(super) fn is_jq(text: &str) -> bool {
    let calls = ["map", "select", "group_by", "sort_by", "unique_by", "max_by", "min_by", "map_values"];
    let call = text.split_once('(').filter(|(name, _)| calls.contains(name));
    call.is_some_and(|(_, rest)| rest.starts_with('.') || rest.starts_with("select(.") || rest.starts_with('{'))
}

pub(super) fn jq(text: &str) -> Option<String> {
    let mut stages = vec!["json".to_owned()];
    let mut prefix = String::new();
    let mut kept = String::new(); // the conditions that select whole records
    for piece in split_at_pipes(text) {
        let piece = piece.trim().trim_end_matches('?');
        let inner = |name: &str| piece.strip_prefix(name)?.trim().strip_prefix('(')?.strip_suffix(')');
        let path = |under: &str, prefix: &str| match (under.trim_start_matches('.'), prefix) {
            ("", prefix) => prefix.to_owned(),
            (under, "") => under.to_owned(),
            (under, prefix) => format!("{prefix}.{under}"),
        };
        if let Some(condition) =
            inner("select").or_else(|| inner("map").and_then(|map| map.strip_prefix("select(")?.strip_suffix(')')))
        {
            stages.push(format!("where {}", jq_expression(condition, &prefix)?));
            kept.clone_from(&prefix);
        } else if let Some(list) = piece.strip_suffix("[]").filter(|list| is_path(list)) {
            let list = path(list, &prefix);
            if !list.is_empty() {
                stages.push(format!("explode {list} as item"));
                prefix = "item".to_owned();
            }
        } else if let Some((list, rest)) = piece.split_once("[].").filter(|(list, rest)| is_path(list) && is_path(rest))
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
            let of = if prefix.is_empty() { "parse_json(line)" } else { &prefix };
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
            stages.push(format!("sum({})", if prefix.is_empty() { "x" } else { &prefix }));
            prefix.clear();
        } else if let Some(columns) = piece.strip_prefix(['{', '[']).and_then(|list| list.strip_suffix(['}', ']'])) {
            let columns = columns.split(',').map(|column| {
                let (name, of) = column.split_once(':').unwrap_or((column, column));
                let (name, of) = (name.trim().trim_matches(['.', '"']), path(of.trim(), &prefix));
                if name == of { of } else { format!("{of} as {name}") }
            });
            stages.push(format!("select {}", columns.collect::<Vec<_>>().join(", ")));
            prefix.clear();
        } else if let Some(key) = inner("max_by").or_else(|| inner("min_by")) {
            let desc = if piece.starts_with("max") { " desc" } else { "" };
            stages.push(format!("sort {}{desc} | limit 1", path(key, &prefix)));
        } else if piece.starts_with('.') && piece.contains([' ', '(', '"']) {
            stages.push(format!("select {} as value", jq_expression(piece, &prefix)?));
            prefix.clear();
        } else if !matches!(piece, "@csv" | "@tsv" | "@json" | "tostring" | "first" | "last" | "unique" | "sort") {
            return None;
        }
    }
    let is_kept = prefix == kept && stages.last().is_some_and(|last| last.starts_with("where"));
    if !prefix.is_empty() && !is_kept {
        stages.push(format!("select {prefix}"));
    }
    Some(stages.join(" | "))
}

pub(super) fn jq_list(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('[')?;
    if inner.starts_with(".[]") {
        let (list, rest) = inner.rsplit_once(']')?; // `[.[] | .a] | add`
        return jq(&format!("{list}{rest}"));
    }
    let end = inner.find(']').filter(|end| !inner[..*end].ends_with('['))?;
    jq(&format!(". | [{}]", &inner[..end]))
}

pub(super) fn is_path(text: &str) -> bool {
    let is_name =
        |name: &str| matches!(name, "length" | "keys" | "add" | "first" | "last" | "unique" | "sort" | "tostring");
    !is_name(text) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))
}

/// Translates a jq condition on the value at a path.
pub(super) fn jq_expression(text: &str, prefix: &str) -> Option<String> {
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
    let mut cursor = TokenCursor::new(&prefixed)?;
    let mut written = cursor.expression()?;
    if let Some(pipe) = cursor.any_sign(&["|"]) {
        let _ = pipe; // `.a | test("x")`
        let method = cursor.next()?;
        written = cursor.call(method, method.text, vec![WrittenExpr::primary(written)], 0)?.text;
        return Some(written);
    }
    cursor.is_done().then_some(written)
}

/// Splits at `|` outside of parentheses and quotes.
pub(super) fn split_at_pipes(text: &str) -> Vec<&str> {
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
