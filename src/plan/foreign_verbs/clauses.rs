//! Clauses after a call or within it: `over (partition by k order by t)`, `filter (where c)`, `sum(n where c)`.

use super::cursor::TokenCursor;
use super::written::{Binding, WrittenExpr};

impl TokenCursor<'_> {
    /// Reads `sum(x) over (partition by y order by t)`: the value so far.
    pub(super) fn over(&mut self, value: &WrittenExpr) -> Option<WrittenExpr> {
        let over = self.next()?;
        let inside = self.tokens[self.at..].iter().take_while(|token| token.text != ")");
        // without an order, the frame of SQL is the whole partition
        let is_whole = !inside.clone().any(|token| ["order", "rows"].contains(&token.text.to_lowercase().as_str()));
        let stage = if is_whole { "overall" } else { "running" };
        self.note(
            over,
            match is_whole {
                true => "unexpected `over`: the value of all records of a key is added to each by `overall`",
                false => "unexpected `over`: the value so far is added by `running`",
            },
        );
        self.next();
        let keys = match self.words(&["partition", "by"]) {
            true => format!(" by {}", self.keys_until_order()?),
            false => String::new(),
        };
        let order = match self.words(&["order", "by"]) {
            true => self.order_until_end()?,
            false => Vec::new(),
        };
        let rows = self.frame();
        while !self.sign(")") {
            self.next()?;
        }
        let is_made = self.before.iter().any(|(_, name)| *name == value.text); // `lag(x) over (…)`
        if !is_made {
            self.before.push((format!("{stage} {}{rows}", value.text), "so_far".to_owned()));
        }
        let is_backward = self.before.iter().any(|(made, _)| made == BACKWARD);
        for (made, name) in &mut self.before {
            match made.as_str() {
                BACKWARD if !order.is_empty() => *made = format!("sort {}", flipped(&order)),
                FORWARD if !order.is_empty() => *made = format!("sort {}", order.join(", ")),
                made_so_far if !name.is_empty() && !made_so_far.contains(" by ") => made.push_str(&keys),
                _ => {}
            }
        }
        let sort = (format!("sort {}", order.join(", ")), String::new());
        if !order.is_empty() && !is_backward && !self.before.contains(&sort) {
            self.before.insert(0, sort);
        }
        Some(if is_made { value.clone() } else { WrittenExpr::primary("so_far") })
    }

    fn keys_until_order(&mut self) -> Option<String> {
        let mut keys = Vec::new();
        while !self.at_word(0, "order") && !self.at_sign(")") {
            keys.push(self.expression()?);
            self.sign(",");
        }
        Some(keys.join(", "))
    }

    /// Reads the keys after `order by`, each with `desc` if descending.
    fn order_until_end(&mut self) -> Option<Vec<String>> {
        let mut keys = Vec::new();
        while !self.at_sign(")") && !self.at_word(0, "rows") && !self.at_word(0, "range") {
            let key = self.expression()?;
            let descends = self.word("desc").is_some();
            self.word("asc");
            if self.word("nulls").is_some() {
                self.next();
            }
            keys.push(if descends { format!("{key} desc") } else { key });
            self.sign(",");
        }
        Some(keys)
    }

    /// `rows between 4 preceding and current row` as ` over 5 rows`.
    fn frame(&mut self) -> String {
        self.word("rows");
        self.word("between");
        let number = self.peek().and_then(|token| token.text.parse::<u32>().ok());
        match number.filter(|_| self.at_word(1, "preceding")) {
            Some(number) => format!(" over {} rows", number.saturating_add(1)),
            None => String::new(),
        }
    }

    /// `filter (where c)` after an aggregate.
    pub(super) fn filter(&mut self, aggregate: &WrittenExpr) -> Option<WrittenExpr> {
        let filter = self.next()?;
        self.note(filter, "unexpected `filter`: the condition of an aggregate follows `where`");
        self.sign("(");
        self.word("where");
        let condition = self.condition()?;
        self.sign(")").then(|| with_condition(&aggregate.text, &condition))
    }

    /// The condition of `sum(n where c)`; the `)` is next.
    pub(super) fn inner_condition(&mut self) -> Option<String> {
        let word = self.word("where").or_else(|| self.word("if"))?;
        self.note(word, format!("unexpected `{}`: the condition of an aggregate follows its `)`", word.text));
        self.condition()
    }

    /// Reads a boolean expression.
    pub(super) fn condition(&mut self) -> Option<String> {
        let is_value = std::mem::replace(&mut self.is_value, false);
        let condition = self.expression();
        self.is_value = is_value;
        condition
    }

    /// The member of `b["x"]`, as `b.x`; of `b[k]`, as `get(b, k)`.
    pub(super) fn member(&mut self, of: WrittenExpr) -> Option<WrittenExpr> {
        let mut of = of;
        while let Some(member) = self.arrow() {
            of = WrittenExpr::primary(format!("{}.{member}", of.text));
        }
        if let Some(slice) = self.slice() {
            return Some(WrittenExpr::primary(format!("substr({}, {slice})", of.text)));
        }
        while self.at_sign("[") && self.peek().is_some_and(|open| !open.spaced) {
            let mut ahead = self.clone();
            let open = ahead.next()?;
            let key = ahead.choice(1)?;
            if !ahead.sign("]") {
                break;
            }
            ahead.note(open, "a member is written `a.name`, or `get(a, key)` if its name is a value");
            let name = key.text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            of = WrittenExpr::primary(match name {
                Some(name) if matches!(of.text.as_str(), "df" | "doc" | "row" | "record" | "event" | "r" | "this") => {
                    member_name(name)?
                }
                Some(name) => format!("{}.{}", of.text, member_name(name)?),
                None if of.text == "df" && key.level < Binding::Add => key.text, // `df[df.a > 5]`
                None => format!("get({}, {})", of.text, key.text),
            });
            while let (true, Some(name)) = (ahead.at_sign("."), ahead.peek_at(1)) {
                let is_name = name.kind == super::tokens::TokenKind::Word && !name.spaced;
                if !is_name || ahead.peek_at(2).is_some_and(|open| open.text == "(") {
                    break;
                }
                ahead.at += 2;
                of.text = format!("{}.{}", of.text, name.text);
            }
            *self = ahead;
        }
        Some(of)
    }
}

impl TokenCursor<'_> {
    /// `?.b`, `->b`, `->>'b'`: the name.
    fn arrow(&mut self) -> Option<String> {
        let mut ahead = self.clone();
        let sign = ahead.any_sign(&["?", "->"])?;
        let is_optional = sign.text == "?";
        if is_optional && !(ahead.at_sign(".") && ahead.peek().is_some_and(|dot| !dot.spaced)) {
            return None;
        }
        ahead.sign(if is_optional { "." } else { ">" });
        let name = ahead.next()?;
        let name = match name.kind {
            super::tokens::TokenKind::Word => name.text.to_owned(),
            super::tokens::TokenKind::Text => member_name(name.inner())?,
            _ => return None,
        };
        ahead.note(sign, format!("unknown operator `{}`: a member is written `a.{name}`", sign.text));
        *self = ahead;
        Some(name)
    }

    /// `[0:3]`, as the start and the length of `substr`.
    fn slice(&mut self) -> Option<String> {
        let mut ahead = self.clone();
        let open = ahead.any_sign(&["["])?;
        let number = |cursor: &mut Self| cursor.of_kind(super::tokens::TokenKind::Number)?.text.parse::<u32>().ok();
        let start = number(&mut ahead);
        ahead.any_sign(&[":"])?;
        let end = number(&mut ahead);
        ahead.any_sign(&["]"])?;
        ahead.note(open, "a part of a text is `substr`");
        *self = ahead;
        let start = start.unwrap_or(0);
        Some(match end {
            Some(end) => format!("{start}, {}", end.checked_sub(start)?),
            None => start.to_string(),
        })
    }
}

/// Sorts the last record first: `running prev` then returns the following record.
pub(super) const BACKWARD: &str = "sort @number desc";
pub(super) const FORWARD: &str = "sort @number";

/// Reverses the order.
fn flipped(keys: &[String]) -> String {
    let flipped = keys.iter().map(|key| match key.strip_suffix(" desc") {
        Some(key) => key.to_owned(),
        None => format!("{key} desc"),
    });
    flipped.collect::<Vec<_>>().join(", ")
}

/// Restricts an aggregate to the records for which a condition holds.
pub(super) fn with_condition(aggregate: &str, condition: &str) -> WrittenExpr {
    WrittenExpr::of(Binding::Or, format!("{aggregate} where {condition}"))
}

/// Writes a name, in back quotes unless it is plain.
fn member_name(name: &str) -> Option<String> {
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match name.contains(['`', '\\']) {
        true => None,
        false => Some(if is_plain { name.to_owned() } else { format!("`{name}`") }),
    }
}
