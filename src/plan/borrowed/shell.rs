//! What `grep`, `cut`, `uniq` and `head` are told, written as here.

use crate::data::Value;
use crate::lang::ast::{Argument, BinaryOp, Expr, ExprKind, RegexLiteral, Span, Stage, UnaryOp};

/// `grep -v "x"` as `skip "x"`.
pub(super) fn grep(stage: &Stage) -> Option<String> {
    let flags = flags(stage);
    let has = |flag: char| flags.contains(flag);
    let verb = if has('v') { "skip" } else { "match" };
    let pattern = match (has('i'), has('E') || has('P')) {
        (true, _) => pattern(stage, Some("i")),
        (false, true) => pattern(stage, Some("")),
        (false, false) => pattern(stage, None),
    }?;
    let count = if has('c') { " | count" } else { "" };
    Some(format!("{verb} {pattern}{count}"))
}

/// `uniq -c` as `count by line`; what stands behind the name otherwise says of what the first are kept.
pub(super) fn uniq(stage: &Stage, rest: &str) -> String {
    let flags = flags(stage);
    let of = |condition: &str| format!("count by line | where count {condition} | select line");
    if flags.contains('c') {
        "count by line".to_owned()
    } else if flags.contains('d') {
        of("> 1")
    } else if flags.contains('u') {
        of("== 1")
    } else {
        format!("dedup {rest}").trim_end().to_owned()
    }
}

/// `cut -d, -f1` by what stands behind the name; fields that are named are chosen.
pub(super) fn cut(rest: &str) -> Option<String> {
    if !rest.starts_with('-') {
        return (!rest.is_empty() && !rest.starts_with('"')).then(|| format!("select {rest}"));
    }
    let flags = without_spaces(rest);
    let behind = |flag: &str| flags.find(flag).map(|at| &flags[at + flag.len()..]);
    if let Some((first, last)) = behind("-c").and_then(range) {
        let (start, length) = (first.checked_sub(1)?, (last + 1).checked_sub(first)?);
        return Some(format!("select substr(line, {start}, {length}) as text"));
    }
    let separator = match behind("-d") {
        None | Some("") => "\"\\t\"".to_owned(),
        Some(quoted) if quoted.starts_with('"') => {
            let end = quoted[1..].find('"')?;
            quoted[..end + 2].to_owned()
        }
        Some(plain) => plain.chars().take(1).map(|c| format!("\"{c}\"")).collect(),
    };
    let parts: Vec<String> = behind("-f")?
        .split(',')
        .map_while(|number| leading_number(number).map(|(number, _)| number))
        .map(|number| format!("split_part(line, {separator}, {number}) as f{number}"))
        .collect();
    (!parts.is_empty()).then(|| format!("select {}", parts.join(", ")))
}

/// The first text or /regex/, a bare word in quotes: `grep foo`. With `flags`, a text becomes a /regex/ with them.
pub(super) fn pattern(stage: &Stage, flags: Option<&str>) -> Option<String> {
    let text = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(Value::Text(text)) => String::from_utf8(text.clone()).ok(),
        ExprKind::Literal(Value::Int(number)) => Some(number.to_string()),
        ExprKind::Field(path) => Some(path.label()),
        _ => None,
    };
    stage.arguments.iter().find_map(|argument| {
        let Argument::Expr(expr) = argument else {
            return None;
        };
        match (&expr.kind, flags) {
            (ExprKind::Regex(_), _) => Some(expr.to_string()),
            (_, None) => text(expr).map(in_quotes),
            (_, Some(flags)) => text(expr).map(|text| regex_of(&text, flags)),
        }
    })
}

/// A text as it is written.
fn in_quotes(text: String) -> String {
    let literal = ExprKind::Literal(Value::Text(text.into_bytes()));
    Expr::new(literal, Span::default()).map_or_else(|_| String::new(), |expr| expr.to_string())
}

/// A text as a /regex/: as it is if it is one.
fn regex_of(text: &str, flags: &str) -> String {
    let is_regex = regex::Regex::new(text).is_ok();
    let pattern = if is_regex {
        text.to_owned()
    } else {
        regex::escape(text)
    };
    let flags = flags.to_owned();
    RegexLiteral { pattern, flags }.to_string()
}

/// The last number, also behind a dash: `head -n 5`, `head -5`.
pub(super) fn number(stage: &Stage) -> Option<String> {
    let digits = |text: String| {
        text.rsplit(|c: char| !c.is_ascii_digit())
            .next()
            .map(str::to_owned)
            .filter(|digits| !digits.is_empty())
    };
    stage
        .arguments
        .iter()
        .rev()
        .find_map(|argument| match argument {
            Argument::Expr(expr) => digits(expr.to_string()),
            _ => None,
        })
}

/// The letters behind dashes: `vi` of `-v -i x`.
fn flags(stage: &Stage) -> String {
    let mut letters = String::new();
    for argument in &stage.arguments {
        if let Argument::Expr(expr) = argument {
            add_flags(expr, &mut letters);
        }
    }
    letters
}

/// `-v`, or `-v -i`, which is read as a subtraction.
fn add_flags(expr: &Expr, letters: &mut String) {
    match &expr.kind {
        ExprKind::Unary(UnaryOp::Negate, of) => letters.push_str(of.as_word().unwrap_or("")),
        ExprKind::Binary(BinaryOp::Subtract, left, right) => {
            add_flags(left, letters);
            letters.push_str(right.as_word().unwrap_or(""));
        }
        _ => {}
    }
}

/// A text without the spaces that stand outside of its quotes.
fn without_spaces(text: &str) -> String {
    let mut is_quoted = false;
    let keeps = |c: &char| {
        is_quoted ^= *c == '"';
        is_quoted || *c != ' '
    };
    text.chars().filter(keeps).collect()
}

/// The number with which a text begins, and what follows it.
fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// `3-5`, or `3` alone.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, behind) = leading_number(text)?;
    let last = behind.strip_prefix('-').and_then(leading_number);
    Some((first, last.map_or(first, |(last, _)| last)))
}
