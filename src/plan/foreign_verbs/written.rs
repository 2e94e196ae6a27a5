//! Expressions as text, combined with the parentheses that they need.

use super::tokens::ForeignToken;

/// An expression as text, and the precedence of its outermost operator.
#[derive(Clone, Debug)]
pub(super) struct WrittenExpr {
    pub(super) text: String,
    pub(super) level: Binding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    Or,
    And,
    Not,
    Compare,
    Add,
    Multiply,
    Unary,
    Primary,
}

impl WrittenExpr {
    pub(super) fn primary(text: impl Into<String>) -> WrittenExpr {
        WrittenExpr { text: text.into(), level: Binding::Primary }
    }

    pub(super) fn of(level: Binding, text: impl Into<String>) -> WrittenExpr {
        WrittenExpr { text: text.into(), level }
    }

    /// The text, in parentheses if it binds more loosely than `level`.
    pub(super) fn within(&self, level: Binding) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text.clone() }
    }

    pub(super) fn is_text(&self) -> bool {
        self.text.starts_with('"')
    }
}

pub(super) fn joined(left: &WrittenExpr, operator: &str, right: &WrittenExpr, level: Binding) -> WrittenExpr {
    let tighter = match level {
        Binding::Compare => Binding::Add,
        Binding::Add => Binding::Multiply,
        Binding::Multiply => Binding::Unary,
        level => level,
    };
    let text = format!(
        "{} {operator} {}",
        left.within(level.max(if level == Binding::Compare { Binding::Add } else { level })),
        right.within(tighter)
    );
    WrittenExpr::of(level, text)
}

pub(super) fn chosen(condition: &WrittenExpr, first: &WrittenExpr, second: &WrittenExpr) -> WrittenExpr {
    WrittenExpr::primary(format!("if({}, {}, {})", condition.text, first.text, second.text))
}

pub(super) fn concat(left: &WrittenExpr, right: &WrittenExpr) -> WrittenExpr {
    let inner = left.text.strip_prefix("concat(").and_then(|text| text.strip_suffix(')'));
    WrittenExpr::primary(format!("concat({}, {})", inner.unwrap_or(&left.text), right.text))
}

pub(super) fn cast(value: &WrittenExpr, of: &str) -> Option<WrittenExpr> {
    let name = match of.to_ascii_lowercase().as_str() {
        "int" | "integer" | "bigint" | "float" | "double" | "real" | "decimal" | "numeric" | "number" | "long" => "num",
        "text" | "string" | "varchar" | "str" | "char" => "text",
        "timestamp" | "datetime" | "date" | "timestamptz" => "time",
        _ => return None,
    };
    Some(WrittenExpr::primary(format!("{name}({})", value.text)))
}

/// Quotes a text with straight double quotes.
pub(super) fn text_of(token: ForeignToken<'_>) -> String {
    match token.text.starts_with('"') {
        true => token.text.to_owned(),
        false => in_quotes(token.inner()),
    }
}

pub(super) fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace("\\'", "'").replace('"', "\\\""))
}

/// A text in quotes as a /regex/.
pub(super) fn regex_of(quoted: &str, flags: &str) -> Option<String> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    let (inner, flags) = match inner.strip_prefix("(?i)") {
        Some(inner) => (inner, "i"),
        None => (inner, flags),
    };
    let mut pattern = String::new();
    let mut escaped = false;
    for c in inner.replace("\\\\", "\\").chars() {
        if c == '/' && !escaped {
            pattern.push('\\');
        }
        escaped = c == '\\' && !escaped;
        pattern.push(c);
    }
    (!pattern.is_empty()).then(|| format!("/{}/{flags}", pattern.replace("?P<", "?<")))
}

/// Translates SQL's `like` to an equivalent function.
pub(super) fn like(x: &str, pattern: &str, ignores_case: bool) -> Option<WrittenExpr> {
    let inner = pattern.trim_start_matches('%').trim_end_matches('%');
    if ignores_case || inner.contains(['%', '_']) || inner.is_empty() {
        let mut regex = String::new();
        for c in pattern.chars() {
            match c {
                '%' => regex.push_str(".*"),
                '_' => regex.push('.'),
                '/' => regex.push_str("\\/"),
                c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        let start = match regex.strip_prefix(".*") {
            Some(rest) => rest.to_owned(),
            None => format!("^{regex}"),
        };
        let whole = match start.strip_suffix(".*") {
            Some(rest) => rest.to_owned(),
            None => format!("{start}$"),
        };
        let flags = if ignores_case { "i" } else { "" };
        return (!whole.is_empty()).then(|| WrittenExpr::of(Binding::Compare, format!("{x} ~ /{whole}/{flags}")));
    }
    let text = in_quotes(inner);
    Some(match (pattern.starts_with('%'), pattern.ends_with('%')) {
        (true, true) => WrittenExpr::primary(format!("contains({x}, {text})")),
        (false, true) => WrittenExpr::primary(format!("startswith({x}, {text})")),
        (true, false) => WrittenExpr::primary(format!("endswith({x}, {text})")),
        (false, false) => WrittenExpr::of(Binding::Compare, format!("{x} == {text}")),
    })
}

/// Translates `5 minutes`, `5min`, `1 hour` to `5m` and the like; durations are returned unchanged.
pub(super) fn duration_of(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "w" | "week" | "weeks" => "w",
        _ => return None,
    };
    let number = if number.is_empty() { "1" } else { number };
    number.parse::<f64>().ok()?;
    Some(format!("{number}{unit}"))
}
