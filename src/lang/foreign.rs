//! Operators and words of other languages, with what to write instead.

use super::diagnostic::Diagnostic;
use super::failure::{Failure, SourceText, at, fail, skip, span_of};
use super::name::{bare_word, begins_operand, continues_name};
use super::recover::quoted_length;
use super::whitespace::skip_whitespace;

/// Operators of other languages, with what to write instead. They are looked up before our operators.
const FOREIGN_SIGNS: [(&str, &str); 34] = [
    ("&&", "write `and`"),
    ("||", "write `or` in a condition, and a single `|` between stages"),
    ("===", "write `==`"),
    ("!==", "write `!=`"),
    ("<>", "write `!=`"),
    ("=~", "write `~`"),
    ("~=", "write `~`"),
    ("=>", "write `>=`"),
    ("=<", "write `<=`"),
    ("**", "write pow(x, y)"),
    ("^", "write pow(x, y), or /^.../ for the start of the text"),
    ("+=", "write `let x = x + 1`"),
    ("-=", "write `let x = x - 1`"),
    (":=", "write `let x = 1`"),
    ("++", "write concat(a, b) for text, `a + b` for numbers"),
    ("|>", "write `|`"),
    ("&", "write `and`"),
    ("<<", "there are no shifts; write `<`"),
    (">>", "there are no shifts; the shell writes a file: bourn '...' > FILE"),
    ("->", "a member is written `a.b`"),
    ("::", "a member is written `a.b`; text becomes a number with num(x)"),
    (";", "stages are separated by `|`, assignments by `,`"),
    (":", "a choice is written if(c, a, b); a time of day needs quotes"),
    ("−", "write `-`"),
    ("–", "write `-`"),
    ("—", "write `-`"),
    ("≠", "write `!=`"),
    ("≤", "write `<=`"),
    ("≥", "write `>=`"),
    ("×", "write `*`"),
    ("÷", "write `/`"),
    (
        "$",
        "fields have names here: `split` makes `word`, `csv as a, b` or `parse \"{a} {b}\"` name columns; write the name without `$`",
    ),
    ("{", "an expression is a sequence of stages, without braces: `where status >= 500 | select path`"),
    ("\\", "a backslash is allowed only in quotes and in /.../"),
];

/// Typographic quotes, as word processors insert them.
const FOREIGN_QUOTES: [char; 8] = ['“', '”', '„', '‘', '’', '‚', '«', '»'];

/// Words that are operators in other languages, with what to write instead; `{}` is the left operand.
pub(super) const FOREIGN_WORDS: [(&str, &str); 16] = [
    ("is", "write `{} == null` or `{} != null`"),
    ("like", "write contains({}, \"text\"), or `{} ~ /regex/`"),
    ("ilike", "write `{} ~ /regex/i`"),
    ("rlike", "write `{} ~ /regex/`"),
    ("regexp", "write `{} ~ /regex/`"),
    ("matches", "write `{} ~ /regex/`"),
    ("between", "write `{} >= 1 and {} <= 2`"),
    ("contains", "write contains({}, \"text\")"),
    ("startswith", "write startswith({}, \"text\")"),
    ("endswith", "write endswith({}, \"text\")"),
    ("div", "write `{} // 2`"),
    ("mod", "write `{} % 2`"),
    ("AND", "write `and`"),
    ("OR", "write `or`"),
    ("NOT", "write `not`"),
    ("IN", "write `in`"),
];

/// Fails if the input begins with an operator of another language.
pub(super) fn reject_foreign_sign(input: SourceText<'_>) -> Result<(), nom::Err<Failure>> {
    let text = *input.fragment();
    let first = text.chars().next();
    if let Some(quote) = first.filter(|c| FOREIGN_QUOTES.contains(c)) {
        let diagnostic = Diagnostic::new(span_of(input, quote.len_utf8()), format!("unknown quotation mark `{quote}`"))
            .help("use straight quotes: \"text\" or 'text'");
        return Err(fail(diagnostic, input.location_offset()));
    }
    if first == Some('!') && !text.starts_with("!==") && !text.starts_with("!=") && !text.starts_with("!~") {
        let diagnostic = Diagnostic::new(span_of(input, 1), "unknown operator `!`").help("write `not x`");
        return Err(fail(diagnostic, input.location_offset() + 1));
    }
    if first == Some('{') && begins_object(input) {
        return Ok(());
    }
    let longest = FOREIGN_SIGNS.iter().filter(|(sign, _)| text.starts_with(sign)).max_by_key(|(sign, _)| sign.len());
    let Some((sign, help)) = longest else {
        return Ok(());
    };
    let word = text[sign.len()..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - sign.len());
    let length = sign.len() + if *sign == "$" { word } else { 0 };
    let kind = if matches!(*sign, "$" | "{" | ";" | ":" | "\\") { "unexpected" } else { "unknown operator" };
    let resume = input.location_offset() + if *sign == "{" { 0 } else { length };
    let diagnostic = Diagnostic::new(span_of(input, length), format!("{kind} `{}`", &text[..length])).help(*help);
    Err(fail(diagnostic, resume))
}

/// True at the `{` of an object, `{}` or `{name: …`, rather than of a block as other languages have it.
pub(super) fn begins_object(open: SourceText<'_>) -> bool {
    let Some(inside) = open.fragment().strip_prefix('{').map(|_| skip_whitespace(skip(open, 1))) else {
        return false;
    };
    let text = *inside.fragment();
    let length = match text.chars().next() {
        Some('"' | '\'' | '`') => quoted_length(text),
        _ => Some(text.find(|c| !continues_name(c) && c != '@').unwrap_or(text.len())).filter(|length| *length > 0),
    };
    let after = length.map(|length| skip_whitespace(skip(inside, length)));
    text.starts_with('}') || after.is_some_and(|after| at(after, ':') && !after.fragment().starts_with("::"))
}

/// Fails at a word that is an operator in another language, if it is used as one.
pub(super) fn reject_foreign_word(
    input: SourceText<'_>,
    rest: SourceText<'_>,
    word: &str,
    left: &str,
) -> Result<(), nom::Err<Failure>> {
    let Some((_, help)) = FOREIGN_WORDS.iter().find(|(foreign, _)| *foreign == word) else {
        return Ok(());
    };
    if !is_used_as_operator(word, skip_whitespace(rest)) {
        return Ok(()); // a field of that name
    }
    let diagnostic = Diagnostic::new(span_of(input, word.len()), format!("unknown operator `{word}`"))
        .help(help.replace("{}", if (1..=40).contains(&left.len()) { left } else { "x" }));
    Err(fail(diagnostic, rest.location_offset()))
}

/// True if the text after a foreign word shows that it is used as an operator.
fn is_used_as_operator(word: &str, after: SourceText<'_>) -> bool {
    let next = after.fragment().chars().next();
    match word {
        "is" => bare_word(after).is_some_and(|(_, word)| matches!(word, "null" | "not" | "NULL" | "NOT")),
        "between" | "div" | "mod" => next.is_some_and(|c| c.is_ascii_digit() || matches!(c, '-' | '"' | '\'')),
        "AND" | "OR" | "NOT" | "IN" => begins_operand(after),
        _ => matches!(next, Some('"' | '\'')) || begins_regex(after.fragment()),
    }
}

/// True if the text begins like a regular expression; `/ a` and `// a` are divisions.
fn begins_regex(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|rest| !rest.starts_with([' ', '\t', '\n', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_foreign_sign_has_its_help() {
        for (sign, help) in FOREIGN_SIGNS {
            let text = format!("{sign} x");
            match reject_foreign_sign(SourceText::new(&text)) {
                Err(nom::Err::Failure(failure)) => {
                    assert_eq!(failure.diagnostic.help.as_deref(), Some(help), "{sign}")
                }
                _ => panic!("{sign} is accepted"),
            }
        }
    }
}
