//! Translates lists: aggregates with their keys, assignments, sort keys, names.

use super::cursor::TokenCursor;
use super::expression::in_quotes;
use super::times;
use super::tokens::{ForeignToken, TokenKind};
use super::values::{self, Is};

/// Words that end an item.
const CLAUSES: [&str; 11] = ["by", "as", "where", "over", "on", "having", "within", "limit", "per", "each", "every"];

/// Translates a name; pandas and Spark also quote names as text.
pub(super) fn name_of(token: ForeignToken<'_>) -> Option<String> {
    match token.kind {
        TokenKind::Word => Some(match values::field(token.text) {
            Some((_, here)) if token.text.starts_with('$') || here.starts_with('@') => here,
            _ => token.text.to_owned(),
        }),
        TokenKind::Text => {
            let inner = token.inner();
            let is_plain = inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
                && inner.starts_with(|c: char| c.is_alphabetic() || c == '_');
            Some(if is_plain { inner.to_owned() } else { format!("`{inner}`") })
        }
        _ => None,
    }
}

impl TokenCursor<'_> {
    /// True if the next token ends an item.
    fn at_clause(&self) -> bool {
        let is_call = self.at_call() && self.at_word(0, "every");
        !is_call && CLAUSES.iter().any(|word| self.at_word(0, word))
    }

    /// Translates `count() as n, dc(x) by a b`, also with names first (`n = count()`) or without commas.
    pub(super) fn aggregates(&mut self) -> Option<String> {
        let mut items: Vec<String> = Vec::new();
        self.options();
        while !self.is_done() && !self.at_clause() {
            if let Some(item) = self.aggregate()? {
                items.push(item);
            }
            self.sign(",");
        }
        if items.is_empty() {
            items.push("count".to_owned());
        }
        let list = items.join(", ");
        Some(match self.at_word(0, "by") || self.at_word(1, "by") && self.at_word(0, "group") {
            true => format!("{list} by {}", self.by()?),
            false => list,
        })
    }

    /// Skips `span=5m`, `limit=5`, `useother=f`.
    fn options(&mut self) {
        while let (Some(word), Some(sign), Some(_)) = (self.peek(), self.peek_at(1), self.peek_at(2)) {
            let is_option = word.kind == TokenKind::Word
                && sign.text == "="
                && !sign.spaced
                && [
                    "span",
                    "limit",
                    "useother",
                    "usenull",
                    "bins",
                    "cont",
                    "partial",
                    "window",
                    "current",
                    "global",
                    "time_window",
                    "reset_on_change",
                    "allnum",
                    "delim",
                    "sep",
                ]
                .contains(&word.text);
            if !is_option {
                return;
            }
            self.at += 3;
        }
    }

    /// Translates one aggregate; `Some(None)` for a key that SQL repeats.
    fn aggregate(&mut self) -> Option<Option<String>> {
        let start = self.peek()?;
        let named =
            start.kind == TokenKind::Word && self.peek_at(1).is_some_and(|sign| sign.text == "=" || sign.text == ":=");
        let mut alias = None;
        if named {
            alias = name_of(start);
            self.at += 2;
        }
        let head = self.peek()?;
        if let (true, TokenKind::Text) = (named, head.kind) {
            self.at += 1; // `agg(x='sum')`
            let called = self.called(ForeignToken { text: head.inner(), ..head }, alias.as_deref()?)?;
            return Some(Some(called));
        }
        let loose = head.kind == TokenKind::Word && !self.at_call();
        let mut text = match (loose, self.peek_at(1)) {
            (true, Some(next)) if self.at_word(1, "distinct") && head.text.eq_ignore_ascii_case("count") => {
                self.note(head, "distinct values are counted by `count_distinct`");
                let _ = next;
                self.at += 2;
                let of = self.expression()?;
                format!("count_distinct({})", of.trim_start_matches('(').trim_end_matches(')'))
            }
            (true, Some(next))
                if next.kind == TokenKind::Word
                    && !next.text.eq_ignore_ascii_case("by")
                    && !CLAUSES.contains(&next.text.to_ascii_lowercase().as_str())
                    && self.peek_at(2).is_none_or(|after| after.text != "(" || after.spaced)
                    && !head.text.eq_ignore_ascii_case("count") =>
            {
                self.note(next, format!("unexpected `{}` after `{}`", next.text, head.text));
                self.at += 2;
                self.called(head, next.text)?
            }
            (true, _) if head.text.eq_ignore_ascii_case("count") || head.text == "c" => {
                if head.text != "count" {
                    self.note(head, format!("unknown aggregate `{}`", head.text));
                }
                self.at += 1;
                "count".to_owned()
            }
            _ => self.choice(0)?.text,
        };
        if let Some(rest) = text.strip_prefix("total(") {
            self.note(head, "unknown aggregate `total`: numbers are added by `sum`");
            text = format!("sum({rest}");
        }
        let is_key = !named && values_alone(&text);
        if self.word("where").is_some() {
            text = format!("{text} where {}", self.expression()?);
        }
        if self.word("as").is_some() {
            alias = name_of(self.next()?);
        }
        if let Some(alias) = alias {
            text = format!("{text} as {alias}");
        }
        Some((!is_key).then_some(text))
    }

    /// `sum x` as `sum(x)`.
    fn called(&mut self, head: ForeignToken<'_>, of: &str) -> Option<String> {
        let of = super::expression::WrittenExpr::primary(of);
        values::call(self, head, head.text, &[of]).map(|written| written.text)
    }

    /// Reads the keys after `by` or `group by`, separated by commas or blanks.
    pub(super) fn by(&mut self) -> Option<String> {
        self.word("group");
        self.word("by")?;
        let in_parentheses = self.at_sign("(");
        if in_parentheses {
            self.at += 1;
        }
        let keys = self.keys()?;
        if in_parentheses {
            self.sign(")");
        }
        Some(keys)
    }

    /// Keys: `a`, `bin(t, 5m) as t`, `t = bin(t, 5m)`.
    pub(super) fn keys(&mut self) -> Option<String> {
        self.is_value = true;
        let mut keys = Vec::new();
        while !self.is_done() && !self.at_sign(")") {
            if self.at_word(0, "span") && self.peek_at(1).is_some_and(|sign| sign.text == "=") {
                self.at += 2; // `by _time span=1h`
                let span = super::expression::duration_of(self.next()?.text)?;
                let of = keys.pop_if(|key: &mut String| matches!(key.as_str(), "@time" | "time" | "timestamp" | "ts"));
                keys.push(format!("bin({}, {span})", of.unwrap_or_else(|| "@time".to_owned())));
                continue;
            }
            if self.at_clause() {
                break;
            }
            let named = self.peek_at(1).is_some_and(|sign| sign.text == "=");
            let mut alias = None;
            if named {
                alias = name_of(self.next()?);
                self.at += 1;
            }
            let is_text = self.peek()?.kind == TokenKind::Text;
            let mut key = match is_text {
                true => name_of(self.next()?)?,
                false => self.key()?,
            };
            if self.word("as").is_some() {
                alias = name_of(self.next()?);
            }
            if let Some(alias) = alias {
                key = format!("{} as {alias}", key.split(" as ").next().unwrap_or(&key));
            }
            keys.push(key);
            self.sign(",");
        }
        (!keys.is_empty()).then(|| keys.join(", "))
    }

    fn key(&mut self) -> Option<String> {
        times::rounded_by_words(self)
            .or_else(|| times::rounded_call(self))
            .or_else(|| times::unit_as_key(self))
            .or_else(|| self.expression())
    }

    /// `a = 1, b = 2`, `1 as a`, `"a", 1`.
    pub(super) fn assignments(&mut self) -> Option<String> {
        self.is_value = true;
        let mut made: Vec<String> = Vec::new();
        while !self.is_done() {
            let sign = self.peek_at(1);
            let is_named = sign.is_some_and(|sign| ["=", ":=", ",", ":", "=="].contains(&sign.text));
            let name = match self.peek()?.kind {
                TokenKind::Word | TokenKind::Text if is_named => {
                    let token = self.next()?;
                    let sign = self.next()?;
                    if sign.text != "=" {
                        self.note(sign, format!("unexpected `{}`: a field is made by `=`", sign.text));
                    }
                    let plain = token.text.trim_start_matches("$").to_owned();
                    Some(if token.kind == TokenKind::Text { name_of(token)? } else { plain })
                }
                TokenKind::Word if sign.is_some_and(|sign| ["+=", "-=", "++", ".="].contains(&sign.text)) => {
                    let (token, sign) = (self.next()?, self.next()?);
                    let by = if sign.text == "++" { "1".to_owned() } else { self.expression()? };
                    made.push(format!("{0} = {0} {1} {by}", token.text, &sign.text[..1]));
                    self.sign(",");
                    continue;
                }
                _ => None,
            };
            let value = self.expression()?;
            let alias = match self.word("as") {
                Some(_) => name_of(self.next()?),
                None => None,
            };
            let name = name.or(alias).unwrap_or_else(|| "x".to_owned());
            made.push(format!("{name} = {value}"));
            if !self.sign(",") && !self.sign(";") {
                break;
            }
        }
        self.sign(";");
        (!made.is_empty() && self.is_done()).then(|| made.join(", "))
    }

    /// Reads `a desc, -b`, `b asc`, the primary key first.
    pub(super) fn sort_keys(&mut self) -> Option<String> {
        self.is_value = true;
        let mut keys = Vec::new();
        while !self.is_done() && !self.at_word(0, "limit") {
            let sign = self.any_sign(&["-", "+"]);
            let mut key = match self.peek()?.kind {
                TokenKind::Text => name_of(self.next()?)?,
                _ => self.expression()?,
            };
            for wrapper in ["num(", "desc(", "asc("] {
                if let Some(inner) = key.strip_prefix(wrapper).and_then(|key| key.strip_suffix(')')) {
                    let suffix = if wrapper == "desc(" { " desc" } else { "" };
                    key = format!("{}{suffix}", inner.trim_matches('"'));
                }
            }
            let descends = sign.is_some_and(|sign| sign.text == "-")
                | self.word("desc").is_some()
                | self.word("descending").is_some();
            self.word("asc");
            self.word("ascending");
            if self.word("nulls").is_some() {
                self.next();
            }
            keys.push(if descends { format!("{key} desc") } else { key });
            self.sign(",");
        }
        (!keys.is_empty()).then(|| keys.join(", "))
    }

    /// Reads names separated by commas or blanks, without `-f` and brackets.
    pub(super) fn names(&mut self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        while let Some(token) = self.next() {
            match token.kind {
                TokenKind::Word | TokenKind::Text => names.push(name_of(token)?),
                TokenKind::Sign if matches!(token.text, "," | "(" | ")" | "[" | "]") => {}
                TokenKind::Sign
                    if token.text == "-" && self.peek().is_some_and(|word| !word.spaced && word.text.len() == 1) =>
                {
                    self.at += 1; // `-f`
                }
                TokenKind::Sign if token.text == "+" => {}
                _ => return None,
            }
        }
        (!names.is_empty()).then_some(names)
    }

    /// Reads names or expressions with optional names: `a, b as c, d = e`.
    pub(super) fn columns(&mut self) -> Option<String> {
        self.is_value = true;
        let mut columns = Vec::new();
        while !self.is_done() {
            if let Some(from) = self.word("from").filter(|_| !columns.is_empty()) {
                self.note(from, "unexpected `from`: sources are named after the expression");
                self.at = self.tokens.len();
                break;
            }
            let named = self.peek_at(1).is_some_and(|sign| sign.text == "=" || sign.text == ":");
            let mut alias = None;
            if named {
                alias = name_of(self.next()?);
                self.at += 1;
            }
            let mut column = match self.peek()?.kind {
                TokenKind::Text => name_of(self.next()?)?,
                _ => self.expression()?,
            };
            if self.word("as").is_some() {
                alias = name_of(self.next()?);
            }
            if let Some(alias) = alias {
                column = format!("{column} as {alias}");
            }
            columns.push(column);
            if !self.sign(",")
                && let Some(next) =
                    self.peek().filter(|next| next.kind == TokenKind::Word && !next.text.eq_ignore_ascii_case("from"))
            {
                self.note(next, "a `,` is missing between two columns");
            }
        }
        (!columns.is_empty()).then(|| columns.join(", "))
    }
}

impl TokenCursor<'_> {
    /// Reads the columns of SQL's `select`, each with its name.
    pub(super) fn columns_one_by_one(&mut self) -> Option<Vec<(String, Option<String>)>> {
        let mut columns = Vec::new();
        while !self.is_done() {
            let column = self.expression()?;
            let name = match self.word("as") {
                Some(_) => Some(name_of(self.next()?)?),
                None => None,
            };
            columns.push((column, name));
            self.sign(",");
        }
        Some(columns)
    }
}

/// True if a text is a plain name and not an aggregate.
fn values_alone(text: &str) -> bool {
    let is_name = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let is_aggregate =
        crate::aggregate::find(text).is_some() || values::find(text).is_some_and(|row| row.is == Is::Aggregate);
    is_name && !is_aggregate
}

/// Quotes a bare word, number or text.
pub(super) fn quoted(token: ForeignToken<'_>) -> String {
    match token.kind {
        TokenKind::Text => super::expression::text_of(token),
        _ => in_quotes(token.text),
    }
}
