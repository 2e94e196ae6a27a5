//! Translates expressions of other languages: `x is not null && y like 'a%'` becomes `x != null and startswith(y,
//! "a")`.
//!
//! A precedence climber over tokens that returns text. Unknown parts are left unchanged: the caller checks whether
//! the result is valid.

use super::cursor::TokenCursor;
use super::tokens::{ForeignToken, TokenKind};
use super::values;
use super::written::{cast, chosen, concat, joined};

pub(super) use super::written::{Binding, WrittenExpr, duration_of, in_quotes, regex_of, text_of};

/// Maximum nesting depth.
const MAX_DEPTH: usize = 40;

impl TokenCursor<'_> {
    /// Translates the next expression.
    pub(super) fn expression(&mut self) -> Option<String> {
        self.choice(0).map(|written| written.text)
    }

    /// `c ? a : b`, `a if c else b`, or anything else.
    pub(super) fn choice(&mut self, depth: usize) -> Option<WrittenExpr> {
        if depth > MAX_DEPTH {
            return None;
        }
        let condition = self.or(depth + 1)?;
        if let Some(sign) = self.any_sign(&["?"]) {
            self.note(sign, "unexpected `?`: a choice is made by `if`");
            let first = self.choice(depth + 1)?;
            self.any_sign(&[":"])?;
            let second = self.choice(depth + 1)?;
            return Some(chosen(&condition, &first, &second));
        }
        let mut ahead = self.clone();
        if let Some(word) = ahead.word("if") {
            ahead.note(word, "unexpected `if`: a choice is made by the function `if`");
            let first = ahead.or(depth + 1)?;
            if ahead.word("else").is_some() {
                let second = ahead.choice(depth + 1)?;
                *self = ahead;
                return Some(chosen(&first, &condition, &second));
            }
        }
        Some(condition)
    }

    fn or(&mut self, depth: usize) -> Option<WrittenExpr> {
        let mut left = self.and(depth)?;
        loop {
            let sign = match self.any_sign(&["||"]) {
                Some(sign) => sign,
                None => match self.word("or") {
                    Some(word) => word,
                    None => return Some(left),
                },
            };
            let right = self.and(depth)?;
            match sign.text == "||" && self.joins_text(&left, &right) {
                true => self.note(sign, "unknown operator `||`: text is joined by `concat`"),
                false => self.note_unless(sign, "or"),
            }
            left = match sign.text == "||" && self.joins_text(&left, &right) {
                true => concat(&left, &right),
                false => joined(&left, "or", &right, Binding::Or),
            };
        }
    }

    /// True if `||` joins text, as in SQL: in a value position if neither side is a condition.
    fn joins_text(&self, left: &WrittenExpr, right: &WrittenExpr) -> bool {
        let are_values = left.level > Binding::Compare && right.level > Binding::Compare;
        left.is_text() || right.is_text() || left.text.starts_with("concat(") || self.is_value && are_values
    }

    fn and(&mut self, depth: usize) -> Option<WrittenExpr> {
        let mut left = self.not(depth)?;
        loop {
            let sign = match self.any_sign(&["&&", "&"]) {
                Some(sign) => sign,
                None => match self.word("and") {
                    Some(word) => word,
                    None => return Some(left),
                },
            };
            self.note_unless(sign, "and");
            let right = self.not(depth)?;
            left = joined(&left, "and", &right, Binding::And);
        }
    }

    fn not(&mut self, depth: usize) -> Option<WrittenExpr> {
        if self.at_word(0, "not") && !self.at_word(1, "in") {
            let word = self.next()?;
            self.note_unless(word, "not");
            let inner = self.not(depth)?;
            let text = format!("not {}", inner.within(Binding::Not));
            return Some(WrittenExpr::of(Binding::Not, text));
        }
        self.compare(depth)
    }

    fn compare(&mut self, depth: usize) -> Option<WrittenExpr> {
        let left = self.add(depth)?;
        let Some(token) = self.peek() else {
            return Some(left);
        };
        if token.kind == TokenKind::Word {
            return self.compare_by_word(&left, depth);
        }
        const SIGNS: &[&str] = &[
            "==", "=", "===", "!=", "!==", "<>", "<", "<=", "=<", ">", ">=", "=>", "~", "=~", "~=", "!~", "≠", "≤", "≥",
        ];
        // `a=b, c=d` is a list of assignments elsewhere; its reader does not ask for a condition
        let Some(sign) = self.any_sign(SIGNS) else {
            return match self.at_sign("!") {
                true => self.compare_by_word(&left, depth),
                false => Some(left),
            };
        };
        let own = match sign.text {
            "=" => {
                self.note(sign, "`=` assigns; use `==` to compare");
                "=="
            }
            "===" => "==",
            "!==" | "<>" | "≠" => "!=",
            "=<" | "≤" => "<=",
            "=>" | "≥" => ">=",
            "=~" | "~=" => "~",
            own => own,
        };
        self.note_unless(sign, own);
        let right = self.add(depth)?;
        let right = match (own, right.text.as_str()) {
            ("~" | "!~", text) if right.is_text() && sign.text != own => WrittenExpr::primary(regex_of(text, "")?),
            _ => right,
        };
        Some(joined(&left, own, &right, Binding::Compare))
    }

    pub(super) fn add(&mut self, depth: usize) -> Option<WrittenExpr> {
        let mut left = self.multiply(depth)?;
        loop {
            let is_flag = self.at_sign("-")
                && self.peek_at(1).is_some_and(|next| !next.spaced)
                && self.peek().is_some_and(|sign| sign.spaced);
            if is_flag {
                return Some(left); // `sort a -b`
            }
            let is_apart = |ahead| self.peek_at(ahead).is_some_and(|token: ForeignToken<'_>| token.spaced);
            if self.at_sign(".") && !(is_apart(0) && is_apart(1)) {
                return Some(left); // `5.s`, `x.y`
            }
            let Some(sign) = self.any_sign(&["+", "-", "−", "–", "++", "."]) else {
                return Some(left);
            };
            let is_concat = sign.text == "++" || sign.text == ".";
            if is_concat {
                self.note(sign, format!("unknown operator `{}`: text is joined by `concat`", sign.text));
            }
            let right = self.multiply(depth)?;
            left = if is_concat
                || sign.text == "+" && (left.is_text() || right.is_text() || left.text.starts_with("concat("))
            {
                self.note(sign, "text is joined by `concat`, not by `+`");
                concat(&left, &right)
            } else {
                let own = if sign.text == "+" { "+" } else { "-" };
                joined(&left, own, &right, Binding::Add)
            };
        }
    }

    fn multiply(&mut self, depth: usize) -> Option<WrittenExpr> {
        let mut left = self.unary(depth)?;
        loop {
            let word = ["div", "mod"].iter().find_map(|word| {
                let follows = self.peek_at(1).is_some_and(|next| next.kind == TokenKind::Number);
                follows.then(|| self.word(word)).flatten()
            });
            let Some(sign) = word.or_else(|| self.any_sign(&["*", "/", "//", "%", "**", "^", "×", "÷", "??"])) else {
                return Some(left);
            };
            let right = self.unary(depth)?;
            if matches!(sign.text, "**" | "^") {
                self.note_unless(sign, "");
                left = WrittenExpr::primary(format!("pow({}, {})", left.text, right.text));
                continue;
            }
            let own = match sign.text.to_ascii_lowercase().as_str() {
                "×" => "*",
                "÷" => "/",
                "div" => "//",
                "mod" => "%",
                _ => sign.text,
            };
            let own = if own == "//" && right.is_text() { "??" } else { own }; // the alternative of jq
            self.note_unless(sign, own);
            left = match own {
                "??" => joined(&left, own, &right, Binding::Add), // `??` binds more loosely here, but the parentheses are harmless
                _ => joined(&left, own, &right, Binding::Multiply),
            };
        }
    }

    fn unary(&mut self, depth: usize) -> Option<WrittenExpr> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(sign) = self.any_sign(&["!"]) {
            self.note(sign, "unknown operator `!`");
            let inner = self.unary(depth + 1)?;
            return Some(WrittenExpr::of(Binding::Not, format!("not {}", inner.within(Binding::Not))));
        }
        if self.any_sign(&["-", "−"]).is_some() {
            let inner = self.unary(depth + 1)?;
            return Some(WrittenExpr::of(Binding::Unary, format!("-{}", inner.within(Binding::Unary))));
        }
        let mut value = self.primary(depth + 1)?;
        while let (true, Some(word)) = (self.at_sign("."), self.peek_at(1)) {
            let is_method =
                word.kind == TokenKind::Word && !word.spaced && self.peek_at(2).is_some_and(|open| open.text == "(");
            if !is_method {
                break;
            }
            self.at += 2;
            value = self.call(word, word.text, vec![value], depth)?;
        }
        if let Some(sign) = self.any_sign(&["::"]) {
            self.note(sign, "unknown operator `::`: text becomes a number by `num`");
            let of = self.of_kind(TokenKind::Word)?;
            value = cast(&value, of.text)?;
        }
        if self.at_word(0, "over") && self.peek_at(1).is_some_and(|open| open.text == "(") {
            value = self.over(&value)?;
        }
        if self.at_word(0, "filter") && self.peek_at(1).is_some_and(|open| open.text == "(") {
            value = self.filter(&value)?;
        }
        Some(value)
    }

    fn primary(&mut self, depth: usize) -> Option<WrittenExpr> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::Number => Some(WrittenExpr::primary(self.number()?)),
            TokenKind::Text => {
                self.at += 1;
                Some(WrittenExpr::primary(text_of(token)))
            }
            TokenKind::Regex => {
                self.at += 1;
                Some(WrittenExpr::primary(token.text))
            }
            TokenKind::Word => self.word_or_call(token, depth),
            TokenKind::Sign if token.text == "(" => {
                let list = self.list(depth)?;
                Some(WrittenExpr::primary(list))
            }
            TokenKind::Sign if token.text == "[" => Some(WrittenExpr::primary(self.list(depth)?)),
            TokenKind::Sign if token.text == "." => {
                let name = self.peek_at(1).filter(|name| name.kind == TokenKind::Word && !name.spaced)?;
                self.note(token, "a field is written without a dot before it");
                self.at += 2;
                Some(WrittenExpr::primary(name.text))
            }
            TokenKind::Sign => None,
        }
    }

    /// Reads a number: `1 MB` as `1MB`, and `1,000` as `1000` if no comma can separate arguments.
    pub(super) fn number(&mut self) -> Option<String> {
        let first = self.of_kind(TokenKind::Number)?;
        let mut number = first.text.to_owned();
        let is_digits = number.bytes().all(|byte| byte.is_ascii_digit());
        while let (true, true, Some(group)) = (is_digits && self.nested == 0, self.at_sign(","), self.peek_at(1)) {
            let is_group = group.kind == TokenKind::Number
                && !group.spaced
                && group.text.len() >= 3
                && group.text.bytes().take(3).all(|byte| byte.is_ascii_digit())
                && group.text[3..].bytes().all(|byte| !byte.is_ascii_digit())
                && first.text.len() <= 3;
            if !is_group || self.peek().is_some_and(|comma| comma.spaced) {
                break;
            }
            let comma = self.next()?;
            self.note(comma, "a number is written without commas");
            number.push_str(self.next()?.text);
        }
        if let Some(unit) = self.peek().filter(|unit| unit.kind == TokenKind::Word && unit.spaced)
            && let Some(unit_here) = unit_of(unit.text)
            && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            self.note(unit, format!("a unit follows its number without a blank: `{number}{unit_here}`"));
            self.at += 1;
            number.push_str(&unit_here);
        }
        Some(number)
    }

    /// `(a, b)` or `[a, b]`, as `(a, b)`.
    pub(super) fn list(&mut self, depth: usize) -> Option<String> {
        let open = self.any_sign(&["(", "["])?;
        if open.text == "[" {
            self.note(open, "a list is written in parentheses");
        }
        let end = if open.text == "(" { ")" } else { "]" };
        let mut items = Vec::new();
        self.nested += 1;
        loop {
            items.push(self.choice(depth + 1)?.text);
            if !self.sign(",") {
                break;
            }
        }
        self.nested -= 1;
        self.sign(end).then(|| format!("({})", items.join(", ")))
    }

    fn word_or_call(&mut self, token: ForeignToken<'_>, depth: usize) -> Option<WrittenExpr> {
        let is_call = self.at_call();
        let lower = token.text.to_ascii_lowercase();
        match lower.as_str() {
            "case" if !is_call => return self.case(depth),
            "if" if !is_call => {
                self.at += 1;
                self.note(token, "unexpected `if`: a choice is made by the function `if`");
                let condition = self.or(depth + 1)?;
                self.word("then")?;
                let first = self.choice(depth + 1)?;
                self.word("else")?;
                let second = self.choice(depth + 1)?;
                self.word("end");
                return Some(chosen(&condition, &first, &second));
            }
            "interval" if self.peek_at(1).is_some_and(|next| next.kind == TokenKind::Text) => {
                self.at += 2;
                self.note(token, "unexpected `interval`: a duration is written `5m`");
                let text = self.tokens[self.at - 1].inner().to_owned();
                return Some(WrittenExpr::primary(duration_of(&text)?));
            }
            "and" | "or" | "in" | "not" | "by" | "over" | "then" | "else" | "end" => return None,
            "when" | "where" if !is_call => return None,
            _ => {}
        }
        self.at += 1;
        if is_call {
            let method = token.text.rsplit_once('.').filter(|_| token.text.ends_with(|c: char| c.is_alphanumeric()));
            return match method {
                Some((of, method)) => {
                    let of = of.trim_end_matches(".str").trim_end_matches(".dt");
                    let of = of.strip_prefix("df.").unwrap_or(of);
                    let of = match of {
                        "F" | "f" | "functions" | "np" | "pd" | "Math" => Vec::new(),
                        _ => vec![WrittenExpr::primary(of)],
                    };
                    self.call(token, method, of, depth)
                }
                None => self.call(token, token.text, Vec::new(), depth),
            };
        }
        if let Some(text) = self.peek().filter(|text| lower == "f" && text.kind == TokenKind::Text && !text.spaced) {
            self.note(token, "text is joined by `concat`");
            self.at += 1;
            return Some(WrittenExpr::primary(format!("concat({})", values::format_parts(text.inner(), &[])?)));
        }
        if let Some(name) = token.text.strip_prefix("df.") {
            self.note(token, format!("unknown field `{}`: a field is written by its name", token.text));
            return self.member(WrittenExpr::primary(name));
        }
        let here = match (token.text, lower.as_str()) {
            ("null" | "true" | "false", _) => token.text.to_owned(),
            (_, "null" | "none" | "nil" | "undefined") => "null".to_owned(),
            (_, "true" | "false") => lower,
            _ => match values::field(token.text) {
                Some((means, here)) => {
                    self.note(token, format!("unknown field `{}`: {means}", token.text));
                    here
                }
                None => token.text.to_owned(),
            },
        };
        self.member(WrittenExpr::primary(here))
    }

    /// Translates a call; the `(` is next. The object of a method is its first argument.
    pub(super) fn call(
        &mut self,
        token: ForeignToken<'_>,
        name: &str,
        mut arguments: Vec<WrittenExpr>,
        depth: usize,
    ) -> Option<WrittenExpr> {
        self.any_sign(&["("])?;
        let distinct = self.word("distinct").is_some();
        if self.sign(")") {
            return values::call(self, token, name, &arguments);
        }
        if self.at_sign("*") && self.peek_at(1).is_some_and(|next| next.text == ")") {
            self.at += 2;
            self.note(token, "`count` alone counts records");
            return values::call(self, token, name, &arguments);
        }
        let is_conditional = self.at_word(0, "where") || self.at_sign("*") && self.at_word(1, "where");
        if is_conditional {
            self.sign("*");
            let condition = self.inner_condition()?;
            let counted = values::call(self, token, name, &arguments)?;
            return self.sign(")").then(|| super::clauses::with_condition(&counted.text, &condition));
        }
        self.nested += 1;
        loop {
            let mut argument = self.choice(depth + 1)?;
            if let Some(condition) = self.inner_condition() {
                self.nested -= 1;
                arguments.push(argument);
                let called = values::call(self, token, name, &arguments)?;
                return self.sign(")").then(|| super::clauses::with_condition(&called.text, &condition));
            }
            if self.word("as").is_some() {
                let of = self.of_kind(TokenKind::Word)?;
                self.note(token, format!("unknown function `{name}`: text becomes a number by `num`"));
                argument = cast(&argument, of.text)?;
                arguments.clear();
                return self.sign(")").then_some(argument);
            }
            if self.word("from").is_some() {
                let of = self.choice(depth + 1)?; // extract(hour from t)
                self.note(token, format!("unknown function `{name}`: the parts of a time are functions"));
                let part = argument.text.to_ascii_lowercase();
                let part = if part == "dow" { "weekday" } else { &part };
                return self.sign(")").then(|| WrittenExpr::primary(format!("{part}({})", of.text)));
            }
            arguments.push(argument);
            if !self.sign(",") && !self.sign(";") {
                break;
            }
        }
        self.nested -= 1;
        if !self.sign(")") {
            return None;
        }
        if distinct {
            self.note(token, "distinct values are counted by `count_distinct`");
            return Some(WrittenExpr::primary(format!("count_distinct({})", arguments.first()?.text)));
        }
        values::call(self, token, name, &arguments)
    }

    /// `case when c then a … else b end`, `case x when 1 then a … end`.
    fn case(&mut self, depth: usize) -> Option<WrittenExpr> {
        let case = self.next()?;
        self.note(case, "unexpected `case`: a choice is made by `if`");
        let of = match self.at_word(0, "when") {
            true => None,
            false => Some(self.or(depth + 1)?),
        };
        let mut branches = Vec::new();
        while self.word("when").is_some() {
            let condition = self.or(depth + 1)?;
            self.word("then")?;
            branches.push((condition, self.choice(depth + 1)?));
        }
        let mut value = match self.word("else") {
            Some(_) => self.choice(depth + 1)?,
            None => WrittenExpr::primary("null"),
        };
        self.word("end");
        for (condition, result) in branches.iter().rev() {
            let condition = match &of {
                Some(of) => joined(of, "==", condition, Binding::Compare),
                None => condition.clone(),
            };
            value = chosen(&condition, result, &value);
        }
        (!branches.is_empty()).then_some(value)
    }

    pub(super) fn note_unless(&mut self, token: ForeignToken<'_>, own: &str) {
        if token.text != own {
            self.note(token, format!("unknown operator `{}`", token.text));
        }
    }
}

/// Translates a unit of size or time.
fn unit_of(word: &str) -> Option<String> {
    const SIZES: [&str; 11] = ["B", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let size = SIZES.iter().find(|size| size.eq_ignore_ascii_case(word));
    size.map(|size| (*size).to_owned()).or_else(|| {
        let duration = duration_of(&format!("1{word}")).or(match word {
            "us" | "µs" | "ns" => Some(format!("1{word}")),
            _ => None,
        })?;
        Some(duration[1..].to_owned())
    })
}
