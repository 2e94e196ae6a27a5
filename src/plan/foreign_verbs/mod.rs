//! Suggestions for SQL, Splunk, KQL, LogQL, jq, awk, Miller, angle-grinder, pandas, Spark and the shell: an
//! expression in another tool's syntax gets the equivalent bourn expression as a suggestion.
//!
//! Only text with errors gets here. It is read as tokens, because it does not follow bourn's grammar: `verbs` has a
//! row for each word that begins a stage elsewhere, `values` one for each function, aggregate and variable; `shapes`
//! reads programs that are not a sequence of stages, and `own` reads bourn's stages with another tool's arguments.
//! Every suggestion is parsed and bound before it is shown; one that fails is replaced by the example of its row.

mod arguments;
mod clauses;
mod cursor;
mod expression;
mod frames;
mod lists;
mod miller;
mod nearest;
mod own;
mod shapes;
mod shell;
mod tables;
#[cfg(test)]
mod tests;
mod times;
mod tokens;
mod valid;
mod values;
mod verbs;
mod windows;
mod word_operators;
mod written;

use crate::aggregate;
use crate::expr::functions;
use crate::lang::ast::{Span, Stage};
use crate::lang::{Diagnostic, DiagnosticKind, Diagnostics};
use crate::stage;

use cursor::TokenCursor;
use tokens::TokenKind;
use valid::{accepts, canonical, is_right};
use verbs::Verb;

pub(super) use nearest::nearest;

/// Longest text that is examined, in bytes.
const MAX_BYTES: usize = 4096;

/// A suggestion for a stage.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    span: Span,
    message: String,
    /// The equivalent in bourn.
    here: String,
}

impl Answer {
    fn into_mistake(self, offset: usize) -> Diagnostic {
        let span = Span { start: self.span.start + offset, end: self.span.end + offset };
        Diagnostic::new(span, self.message).help(format!("write {}", self.here))
    }
}

/// Improves the errors of an expression that is written in another tool's syntax.
pub(super) fn improve(text: &str, diagnostics: Diagnostics) -> Diagnostics {
    if text.len() > MAX_BYTES {
        return diagnostics;
    }
    if let Some(answer) = shapes::answer(text).and_then(checked) {
        return answer.into_mistake(0).into();
    }
    let mut rest = diagnostics;
    let mut improved = Diagnostics::default();
    let mut after = String::new();
    for (start, stage) in stages(text) {
        let end = start + stage.len();
        let is_here = |diagnostic: &Diagnostic| (start..=end).contains(&diagnostic.span.start);
        let (own, others): (Diagnostics, Diagnostics) = rest.into_iter().partition(is_here);
        rest = others;
        let is_mended = !own.is_empty() && !improved.is_empty() && is_right(&format!("{after} | {stage}"));
        if is_mended {
            then(&mut after, stage);
            continue; // the suggested stages create the field
        }
        let is_good = own.is_empty() || own.len() == 1 && is_good(&own[0]);
        let answer = (!is_good).then(|| answer_after(&after, stage)).flatten();
        let answer = answer.filter(|answer| !knows_name(&own, answer));
        then(&mut after, answer.as_ref().map_or(stage, |answer| &answer.here));
        match answer {
            Some(answer) => improved.push(with_name(answer.into_mistake(start), &own)),
            None => improved.extend(own),
        }
    }
    improved.extend(rest);
    improved
}

/// True if the error already has a valid suggestion.
fn is_good(diagnostic: &Diagnostic) -> bool {
    let quoted = diagnostic.help.as_deref().and_then(|help| help.strip_prefix("write `")?.split('`').next());
    let is_odd = |here: &str| {
        let words = [" by -", " by per", " by each", " by every", "first(", "last("]; // `count-distinct a`, `first 5`
        words.iter().any(|odd| here.contains(odd) && !here.contains("first(x") && !here.contains("last(x"))
    };
    let is_example = |here: &str| here == "let x = 1"; // `let x := 5`
    quoted.is_some_and(|here| !is_odd(here) && !is_example(here) && accepts(here))
}

/// True if the intended name is known, and the answer adds nothing or means another one.
fn knows_name(own: &[Diagnostic], answer: &Answer) -> bool {
    let mut meant = own.iter().filter_map(meant_name).peekable();
    meant.peek().is_some()
        && (!answer.message.contains(": ")
            || !meant.any(|name| answer.here.contains(name)) && !is_of_row(&answer.message))
}

/// True if a message comes from a row.
fn is_of_row(message: &str) -> bool {
    let Some((_, means)) = message.split_once("`: ") else {
        return false;
    };
    verbs::VERBS.iter().any(|verb| verb.means == means) || values::VALUES.iter().any(|value| value.means == means)
}

/// Adds the intended name to an answer, if it was known.
fn with_name(answer: Diagnostic, own: &[Diagnostic]) -> Diagnostic {
    let meant = own.iter().find_map(|diagnostic| Some((meant_name(diagnostic)?, diagnostic.help.as_deref()?)));
    match (meant, &answer.help) {
        (Some((name, own_help)), Some(help)) if help.contains(name) => {
            let help = format!("{own_help} {help}");
            answer.help(help)
        }
        _ => answer,
    }
}

/// The known name that a misspelt one resembles.
fn meant_name(diagnostic: &Diagnostic) -> Option<&str> {
    match &diagnostic.kind {
        DiagnosticKind::Misspelt(close) => Some(close),
        _ => None,
    }
}
/// Splits a text into stages with their positions.
fn stages(text: &str) -> Vec<(usize, &str)> {
    let Some(all) = tokens::tokens(text) else {
        return vec![(0, text)];
    };
    let (mut found, mut start, mut depth) = (Vec::new(), 0, 0i32);
    for token in all {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "|" if depth <= 0 && token.kind == TokenKind::Sign => {
                found.push((start, &text[start..token.start]));
                start = token.end();
            }
            _ => {}
        }
    }
    found.push((start, &text[start..]));
    found.into_iter().map(|(start, stage)| (start + stage.len() - stage.trim_start().len(), stage.trim())).collect()
}

/// Appends a stage to a pipeline.
fn then(pipeline: &mut String, stage: &str) {
    if !pipeline.is_empty() {
        pipeline.push_str(" | ");
    }
    pipeline.push_str(stage);
}

/// Suggests a valid equivalent of a foreign stage.
pub(super) fn answer_stage(text: &str) -> Option<Answer> {
    answer_after("", text)
}

/// Suggests an equivalent of a stage after others, which are in bourn's syntax.
fn answer_after(after: &str, text: &str) -> Option<Answer> {
    let mut cursor = TokenCursor { after: after.into(), ..TokenCursor::new(text)? };
    let head = cursor.peek()?;
    if head.text.starts_with('.')
        && let Some(answer) = shapes::answer(text)
    {
        let here = answer.here.strip_prefix("json | ")?; // a stage before this one decodes
        return Some(Answer { here: canonical(here)?, ..answer });
    }
    if let Some((verb, length)) = find(&cursor) {
        cursor.at = length;
        let last = cursor.tokens[length - 1];
        let name = &text[head.start..last.end()];
        return Some(Answer {
            span: Span { start: head.start, end: last.end() },
            message: format!("unknown stage `{name}`: {}", verb.means),
            here: written(verb, &cursor),
        });
    }
    let method = head.text.rsplit('.').next().filter(|_| cursor.at_call() && head.text.contains('.'));
    let name = method.unwrap_or(head.text);
    let is_own = head.kind == TokenKind::Word && stage::find(name).is_some();
    let here = if is_own {
        cursor.at = 1;
        own::stage(name, &mut cursor)
    } else {
        aggregated(&mut cursor)
    };
    let (span, message) = cursor.note?;
    let word = text.get(span.start..span.end)?.to_owned();
    let translated = here.and_then(|here| canonical(&here));
    if is_own && translated.is_some() && translated == canonical(text) {
        return None; // unchanged: the error is about a field
    }
    let here = translated.or_else(|| example_of(&word))?;
    Some(Answer { span, message, here })
}

/// Shows how a foreign function, aggregate or variable is used here, if the text cannot be translated.
fn example_of(word: &str) -> Option<String> {
    use values::Is;
    let name = word.rsplit('.').next()?;
    let row = values::find(name).or_else(|| values::field_row(word))?;
    let value = values::fill(row.here, &[])?;
    canonical(&match row.is {
        Is::Function => format!("let x = {value}"),
        Is::Aggregate => value,
        Is::Running(name) => match value.strip_prefix("lead ") {
            Some(of) => format!("sort @number desc | running prev({of}) as {name} | sort @number"),
            None => verbs::named(&value, name),
        },
        Is::Field => format!("select {value}"),
    })
}

/// Translates aggregates, functions and conditions that form a stage elsewhere.
fn aggregated(cursor: &mut TokenCursor<'_>) -> Option<String> {
    if let Some(list) = rate_of_range(cursor)
        .or_else(|| times::per(cursor))
        .or_else(|| own::first_or_last(cursor))
        .or_else(|| miller::count(cursor))
    {
        return Some(list);
    }
    let mut ahead = cursor.clone();
    if let Some(list) = ahead.aggregates().filter(|_| ahead.is_done()) {
        let list = match ahead.before.as_slice() {
            [] => list,
            made => made.iter().map(|(made, name)| verbs::named(made, name)).collect::<Vec<_>>().join(" | "),
        };
        if accepts(&list) {
            *cursor = ahead;
            return Some(list);
        }
        cursor.note = ahead.note; // an example of the row may do
    }
    let mut ahead = cursor.clone();
    let head = ahead.peek()?;
    let value = ahead.expression()?;
    if !ahead.is_done() {
        return None;
    }
    let here = match own::is_condition(&value) && accepts(&format!("where {value}")) {
        true => format!("where {value}"),
        false if head.text.starts_with('$') => format!("select {value}"),
        false => format!("let x = {value}"),
    };
    if ahead.note.is_some() && accepts(&here) {
        ahead.note(head, "");
        *cursor = ahead;
        return Some(here);
    }
    None
}

/// `rate(5m)`, `count(1h) by k`: the duration becomes a window.
fn rate_of_range(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let head = cursor.peek().filter(|head| matches!(head.text, "rate" | "count" | "count_over_time"))?;
    let name = head.text.split('_').next()?;
    cursor.at_call().then_some(())?;
    let length = cursor.peek_at(2).and_then(|range| expression::duration_of(range.text))?;
    let mut ahead = cursor.clone();
    ahead.at += 4;
    let is_range = length.starts_with(|c: char| c.is_ascii_digit()) && ahead.tokens.get(ahead.at - 1)?.text == ")";
    let by = if ahead.is_done() { String::new() } else { format!(" by {}", ahead.by()?) };
    if !is_range || !ahead.is_done() {
        return None;
    }
    ahead.note(head, format!("`{name}` takes no time: that of a result is said by `window`"));
    *cursor = ahead;
    let on = times::on(cursor);
    Some(format!("{name}{by} | window {length}{on}"))
}

/// Translates a stage whose head is a foreign verb.
pub(super) fn written_here(stage: &Stage) -> Option<String> {
    let text = stage.to_string();
    let mut cursor = TokenCursor::new(&text)?;
    let (verb, length) = find(&cursor)?;
    cursor.at = length;
    Some(written(verb, &cursor))
}

/// The bourn name of a foreign aggregate.
pub(super) fn aggregate(name: &str) -> Option<&'static str> {
    let row = values::find(name).filter(|row| row.is == values::Is::Aggregate)?;
    let own = row.here.split('(').next()?;
    aggregate::find(own).map(|def| def.entry.name)
}

/// Returns the row of the word or words that a stage begins with, and their number of tokens.
fn find(cursor: &TokenCursor<'_>) -> Option<(&'static Verb, usize)> {
    let tokens = &cursor.tokens[cursor.at..];
    let first = tokens.first().filter(|token| token.kind == TokenKind::Word)?;
    let method = first.text.rsplit('.').next().filter(|_| cursor.at_call()); // `df.groupby('a')`
    let mut key = values::key(method.unwrap_or(first.text));
    let name = method.filter(|_| first.text.matches('.').count() > 1).unwrap_or(first.text); // `df.a.mean()`
    let is_value =
        functions::find(name).is_some() || values::find(name).is_some_and(|row| row.is == values::Is::Aggregate);
    let is_called = is_value && tokens.get(1).is_some_and(|open| open.text == "(");
    let mut found = match is_own(first.text) || is_called {
        true => None,
        false => row(&key).map(|verb| (verb, 1)),
    };
    let mut before = *first;
    let mut index = 1;
    while let Some(next) = tokens.get(index).filter(|_| index < 5) {
        let joins = next.kind == TokenKind::Word
            || next.text == "-"
                && !next.spaced
                && tokens.get(index + 1).is_some_and(|after| !after.spaced && after.kind == TokenKind::Word);
        let begins_keys = next.text == "by" && is_own(first.text) && first.text != "sort"; // `count by`
        if !joins || begins_keys {
            break;
        }
        if next.kind == TokenKind::Word {
            let is_compound = before.text == "-" || next.spaced;
            key.push_str(&values::key(next.text));
            if let Some(verb) = row(&key).filter(|_| is_compound) {
                found = Some((verb, index + 1));
            }
        }
        before = *next;
        index += 1;
    }
    found
}

fn row(key: &str) -> Option<&'static Verb> {
    let is_meant = |verb: &&Verb| verb.words.split(' ').any(|word| values::key(word) == key);
    verbs::VERBS.iter().find(is_meant)
}

fn is_own(name: &str) -> bool {
    stage::find(name).is_some() || aggregate::find(name).is_some()
}

/// Translates a verb with its arguments.
fn written(verb: &Verb, cursor: &TokenCursor<'_>) -> String {
    let made = verb.made.and_then(|made| made(&mut cursor.clone()));
    let filled = verb.here.iter().filter_map(|template| arguments::fill(template, &mut cursor.clone()));
    let examples = verb.here.iter().rev().map(|template| arguments::example(template));
    let mut all = made.into_iter().chain(filled).chain(examples);
    let found = all.find_map(|here| canonical(&here));
    found.unwrap_or_else(|| "count".to_owned())
}

/// Returns the answer in canonical form if its suggestion is valid.
fn checked(answer: Answer) -> Option<Answer> {
    let here = canonical(&answer.here)?;
    Some(Answer { here, ..answer })
}

/// Explains a word of another language and how to write it, for `--help`.
pub fn meaning(text: &str) -> Option<(String, String)> {
    let named = |message: &str| match message.split_once("`: ") {
        Some((_, means)) => means.to_owned(),
        None if message.starts_with("unknown operator") => "the operator is written otherwise".to_owned(),
        None => message.to_owned(),
    };
    if let Some((means, here)) = values::field(text) {
        return Some((means, canonical(&format!("select {here}"))?));
    }
    if let Some(answer) = shapes::answer(text).and_then(checked) {
        return Some((named(&answer.message), answer.here));
    }
    let cursor = TokenCursor::new(text);
    if let Some((verb, length)) = cursor.as_ref().and_then(find) {
        let at = TokenCursor { at: length, ..cursor? };
        return Some((verb.means.to_owned(), written(verb, &at)));
    }
    if let Some(value) = values::find(text).or_else(|| values::field_row(text)) {
        return Some((value.means.to_owned(), example_of(text)?));
    }
    // an operator, or a part of a condition
    let tries = [
        "{}",
        "where x {} y",
        "where x {}",
        "where {} x",
        "where x {} \"a%\"",
        "where x {} 1 and 5",
        "let x = a {} \"b\"",
    ];
    tries.iter().find_map(|stage| {
        let answer = answer_stage(&stage.replace("{}", text))?;
        Some((named(&answer.message), answer.here))
    })
}
