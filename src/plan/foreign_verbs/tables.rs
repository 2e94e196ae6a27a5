//! Verbs that make tables and text: `chart … over … by …`, `pivot a by b`, `printf`.

use super::cursor::TokenCursor;
use super::lists::name_of;
use super::own::note_rest;
use super::verbs::inside;

/// `chart count over a by b`: the values of the second key become columns.
pub(super) fn chart(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = &cursor.tokens[cursor.at..];
    let over = rest.iter().position(|token| token.text.eq_ignore_ascii_case("over"))?;
    let mut aggregates = cursor.part(&rest[..over]);
    let mut keys = cursor.part(&rest[over + 1..]);
    let aggregates = aggregates.aggregates().filter(|_| aggregates.is_done())?;
    let row = name_of(keys.next()?)?;
    if keys.is_done() {
        return Some(format!("{aggregates} by {row}"));
    }
    keys.word("by")?;
    let column = name_of(keys.next()?)?;
    keys.is_done().then(|| format!("{aggregates} by {row}, {column} | pivot {column}"))
}

/// `pivot a by b`: the rows are the groups of an aggregate.
pub(super) fn pivot(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let column = name_of(cursor.next()?)?;
    note_rest(cursor, "rows are made by an aggregate before `pivot`: unexpected");
    cursor.word("by")?;
    let rows = cursor.keys()?;
    cursor.is_done().then(|| format!("count by {rows}, {column} | pivot {column}"))
}

/// `printf "%s: %d" a b`, `line_format "{{.a}} x"`, `format("…", a)`.
pub(super) fn format(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (mut inner, _) = inside(cursor)?;
    let format = inner.of_kind(super::tokens::TokenKind::Text)?;
    let mut arguments = Vec::new();
    while !inner.is_done() {
        inner.sign(",");
        arguments.push(inner.expression()?);
    }
    match template(format.inner(), &arguments) {
        Some(template) => Some(format!("print \"{template}\"")),
        None => {
            let parts = super::values::format_parts(format.inner(), &arguments)?;
            Some(format!("select concat({parts}) as text"))
        }
    }
}

/// The template of `print` for a format of C; `None` for `*`, values with quotes, and formats of other languages.
fn template(format: &str, arguments: &[String]) -> Option<String> {
    let mut arguments = arguments.iter();
    let mut out = String::new();
    let mut rest = format.strip_suffix("\\n").unwrap_or(format);
    if rest.contains(['{', '}', '"']) {
        return None;
    }
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let end = after.find(|c: char| c.is_ascii_alphabetic())?;
        let (flags, conversion) = (&after[..end], &after[end..=end]);
        rest = &after[end + 1..];
        let value = arguments.next().filter(|value| !value.contains(['"', '{']))?;
        let left = flags.strip_prefix('-');
        let specification = match (conversion, left) {
            ("s", None) if flags.is_empty() => String::new(),
            ("s", None) => format!(":>{flags}"),
            ("s", Some(width)) => format!(":<{width}"),
            ("d" | "i", None) if flags.is_empty() => String::new(),
            ("d" | "i", None) => format!(":{flags}d"),
            ("d" | "i", Some(width)) => format!(":<{width}d"),
            ("f", None) => format!(":{flags}f"),
            ("f", Some(width)) => format!(":<{width}f"),
            _ => return None,
        };
        out.push_str(&format!("{{{value}{specification}}}"));
    }
    out.push_str(rest);
    (arguments.len() == 0).then_some(out)
}
