//! Grouping in pandas and Spark, written as chains of calls: `groupby('a')['x'].mean()`.

use super::cursor::TokenCursor;
use super::lists::name_of;
use super::tokens::TokenKind;
use super::values;

/// `group by a, b`, `groupby('a')['x'].mean()`, `groupBy("a").agg(sum("x"))`, `groupby(k).sum(n)`.
pub(super) fn made_grouped(cursor: &mut TokenCursor<'_>) -> Option<String> {
    cursor.word("by");
    if !cursor.sign("(") {
        let keys = cursor.keys()?;
        return cursor.is_done().then(|| format!("count by {keys}"));
    }
    let mut keys = Vec::new();
    while !cursor.sign(")") {
        let token = cursor.next()?;
        match token.kind {
            TokenKind::Text => keys.push(name_of(token)?),
            TokenKind::Word if cursor.at_sign("=") => return None, // an option of Spark or pandas
            TokenKind::Word if cursor.at_sign("(") => {
                cursor.at -= 1;
                keys.push(cursor.expression()?);
            }
            TokenKind::Word => keys.push(name_of(token)?),
            _ => {}
        }
    }
    let keys = keys.join(", ");
    let aggregate = aggregate_of_chain(cursor).unwrap_or_else(|| "count".to_owned());
    Some(format!("{aggregate} by {keys}"))
}

/// Translates the aggregates of a chain of calls: `['x'].mean()`, `.sum(n)`, `.agg(sum("x").alias("s"))`, `.size()`.
pub(super) fn aggregate_of_chain(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let mut columns: Vec<String> = Vec::new();
    while let Some(token) = cursor.next() {
        let is_called = cursor.at_sign("(");
        match (token.kind, token.text) {
            (TokenKind::Text, _) => columns.extend(name_of(token)),
            (TokenKind::Word, "agg" | "aggregate") if is_called => return aggregated(cursor, &columns),
            (TokenKind::Word, "size" | "count" | "value_counts") => return Some("count".to_owned()),
            (TokenKind::Word, "head" | "first" | "reset_index") if columns.is_empty() => return None,
            (TokenKind::Word, name) if is_called => {
                let name = match name.rsplit_once('.') {
                    Some((column, name)) => {
                        columns.push(column.to_owned()); // `.x.mean()`
                        name
                    }
                    None => name,
                };
                let row = values::find(name);
                let name = row.map_or(name, |row| row.here.split('(').next().unwrap_or(row.here));
                cursor.sign("(");
                while let Some(argument) = cursor.next().filter(|argument| argument.text != ")") {
                    columns.extend(name_of(argument).filter(|_| !cursor.at_sign("=")));
                }
                if columns.is_empty() {
                    columns.push("x".to_owned());
                }
                return Some(columns.iter().map(|column| format!("{name}({column})")).collect::<Vec<_>>().join(", "));
            }
            (TokenKind::Word, _) if columns.is_empty() => columns.push(token.text.to_owned()), // `.x.mean()`
            _ => {}
        }
    }
    None
}

/// `agg(sum("x"), avg("y").alias("m"))`, `agg({'x': 'sum'})`, `agg('sum')`, `agg(n=('x', 'sum'))`; the `(` is next.
fn aggregated(cursor: &mut TokenCursor<'_>, columns: &[String]) -> Option<String> {
    cursor.sign("(");
    let mut made = Vec::new();
    let name = |word: &str| {
        let row = values::find(word);
        row.map_or(word.to_owned(), |row| row.here.split('(').next().unwrap_or(row.here).to_owned())
    };
    while let Some(token) = cursor.next() {
        match token.kind {
            TokenKind::Word if cursor.at_sign("=") => {
                let [of, by] = two_texts(cursor)?; // `n=('x', 'sum')`
                made.push(format!("{}({}) as {}", name(by.inner()), name_of(of)?, token.text));
            }
            TokenKind::Text if cursor.at_sign(":") => {
                while let Some(by) = cursor.next().filter(|by| !matches!(by.text, "]" | "}")) {
                    if by.kind == TokenKind::Text {
                        made.push(format!("{}({})", name(by.inner()), name_of(token)?));
                    }
                    if by.kind == TokenKind::Text
                        && cursor.at_sign(",")
                        && cursor.peek_at(2).is_some_and(|s| s.text == ":")
                    {
                        break; // the next column
                    }
                }
            }
            TokenKind::Text => {
                made.extend(columns.iter().map(|column| format!("{}({column})", name(token.inner()))));
            }
            TokenKind::Word if cursor.at_sign("(") => {
                if made.is_empty() && token.text == "lambda" {
                    return None;
                }
                let called = name(token.text.rsplit('.').next()?);
                cursor.sign("(");
                let of = cursor.next()?;
                let of = if of.text == "*" || of.text == ")" { String::new() } else { name_of(of)? };
                made.push(if of.is_empty() { called } else { format!("{called}({of})") });
                if !of.is_empty() || cursor.at_sign(")") {
                    cursor.sign(")");
                }
                if cursor.at_sign(".") && cursor.at_word(1, "alias") {
                    cursor.at += 3;
                    let alias = name_of(cursor.next()?)?;
                    made.last_mut()?.push_str(&format!(" as {alias}"));
                    cursor.sign(")");
                }
            }
            TokenKind::Sign if token.text == ")" => break,
            _ => {}
        }
    }
    (!made.is_empty()).then(|| made.join(", "))
}

/// Reads the two texts of `=('x', 'sum')`.
fn two_texts<'a>(cursor: &mut TokenCursor<'a>) -> Option<[super::tokens::ForeignToken<'a>; 2]> {
    cursor.sign("=");
    cursor.sign("(");
    let of = cursor.of_kind(TokenKind::Text)?;
    cursor.sign(",");
    let by = cursor.of_kind(TokenKind::Text)?;
    cursor.sign(")");
    Some([of, by])
}

/// `df[df.a > 5]`, `df[["a", "b"]]`, `df["a"].mean()`, `df["a"].value_counts()`.
pub(super) fn frame(text: &str) -> Option<String> {
    let mut cursor = TokenCursor::new(text)?;
    cursor.any_sign(&["["]).is_none().then_some(())?;
    cursor.next()?;
    cursor.any_sign(&["["])?;
    if cursor.at_sign("[") {
        let inner = cursor.part(&cursor.tokens[cursor.at..]).names()?;
        return Some(format!("select {}", inner.join(", ")));
    }
    if let (Some(column), true) = (cursor.of_kind(TokenKind::Text), cursor.sign("]")) {
        let column = name_of(column)?;
        if cursor.is_done() {
            return Some(format!("select {column}"));
        }
        cursor.any_sign(&["."])?;
        let method = cursor.next()?;
        return match method.text {
            "value_counts" => Some(format!("count by {column}")),
            "unique" => Some(format!("select {column} | dedup")),
            name => {
                let row = values::find(name);
                let name = row.map_or(name, |row| row.here.split('(').next().unwrap_or(row.here));
                Some(format!("{name}({column})"))
            }
        };
    }
    let mut condition = TokenCursor { at: 2, ..TokenCursor::new(text)? };
    let written = condition.expression()?;
    (condition.sign("]") && condition.is_done()).then(|| format!("where {written}"))
}
