//! The table of operators, and of what people type instead of them.

use super::ast::{BinaryOp, Span};
use super::blank::blank;
use super::failure::{Failure, Input, fail, skip, span_of};
use super::mistake::Mistake;
use super::name::{bare_word, begins_operand};

/// How tightly an operator binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the variants are the operators' names
pub(super) enum Level {
    Or,
    And,
    Not,
    /// Does not associate: `a < b < c` is a mistake.
    Compare,
    Coalesce,
    Add,
    Multiply,
    Negate,
    /// What needs no parentheses anywhere.
    Atom,
}

/// Operators by their signs; no sign stands behind one that it begins with.
const SIGNS: [(&str, BinaryOp); 15] = [
    ("==", BinaryOp::Equal),
    ("!=", BinaryOp::NotEqual),
    ("<=", BinaryOp::LessEqual),
    (">=", BinaryOp::GreaterEqual),
    ("!~", BinaryOp::NotMatches),
    ("??", BinaryOp::Coalesce),
    ("//", BinaryOp::FloorDivide),
    ("<", BinaryOp::Less),
    (">", BinaryOp::Greater),
    ("~", BinaryOp::Matches),
    ("+", BinaryOp::Add),
    ("-", BinaryOp::Subtract),
    ("*", BinaryOp::Multiply),
    ("/", BinaryOp::Divide),
    ("%", BinaryOp::Remainder),
];

/// Signs of other languages, with what is written here; looked up before [`SIGNS`].
const FOREIGN_SIGNS: [(&str, &str); 34] = [
    ("&&", "write `and`"),
    (
        "||",
        "write `or` in a condition, and a single `|` between stages",
    ),
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
    (
        ">>",
        "there are no shifts; the shell writes a file: bourn '...' > FILE",
    ),
    ("->", "a member is written `a.b`"),
    (
        "::",
        "a member is written `a.b`; text becomes a number with num(x)",
    ),
    (";", "stages are separated by `|`, assignments by `,`"),
    (
        ":",
        "a choice is written if(c, a, b); a time of day stands in quotes",
    ),
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
    (
        "{",
        "an expression is a row of stages, without braces: `where status >= 500 | select path`",
    ),
    ("\\", "a backslash stands in quotes or in /.../ only"),
];

/// Quotes of word processors.
const FOREIGN_QUOTES: [char; 8] = ['“', '”', '„', '‘', '’', '‚', '«', '»'];

/// Words of other languages between two operands, with what is written here; `{}` is the left operand.
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

/// An operator behind an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infix {
    /// One with an operand on its right.
    Binary(BinaryOp),
    /// `in`, or `not in`.
    In {
        /// Whether it is `not in`.
        negated: bool,
    },
}

impl Infix {
    /// How tightly it binds.
    pub fn level(self) -> Level {
        match self {
            Infix::Binary(op) => op.level(),
            Infix::In { .. } => Level::Compare,
        }
    }
}

impl BinaryOp {
    /// The operator as it is written.
    pub fn sign(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            _ => SIGNS
                .iter()
                .find(|(_, op)| *op == self)
                .map_or("?", |(sign, _)| sign),
        }
    }

    /// How tightly it binds.
    pub(super) fn level(self) -> Level {
        match self {
            BinaryOp::Or => Level::Or,
            BinaryOp::And => Level::And,
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
            | BinaryOp::Matches
            | BinaryOp::NotMatches => Level::Compare,
            BinaryOp::Coalesce => Level::Coalesce,
            BinaryOp::Add | BinaryOp::Subtract => Level::Add,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::FloorDivide | BinaryOp::Remainder => {
                Level::Multiply
            }
        }
    }
}

/// The operator with which the input begins, behind an operand whose text is `left`.
pub(super) fn infix<'a>(
    input: Input<'a>,
    left: &str,
) -> Result<Option<(Input<'a>, Infix)>, nom::Err<Failure>> {
    refuse_foreign_sign(input)?;
    if let Some((rest, word)) = bare_word(input) {
        return infix_word(input, rest, word, left);
    }
    let text = *input.fragment();
    let sign = SIGNS.iter().find(|(sign, _)| text.starts_with(sign));
    Ok(sign.map(|(sign, op)| (skip(input, sign.len()), Infix::Binary(*op))))
}

/// Fails if the input begins with a sign that is written otherwise here.
pub(super) fn refuse_foreign_sign(input: Input<'_>) -> Result<(), nom::Err<Failure>> {
    let text = *input.fragment();
    let first = text.chars().next();
    if let Some(quote) = first.filter(|c| FOREIGN_QUOTES.contains(c)) {
        let mistake = Mistake::new(
            span_of(input, quote.len_utf8()),
            format!("unknown quotation mark `{quote}`"),
        )
        .help("text stands in straight quotes: \"text\" or 'text'");
        return Err(fail(mistake, input.location_offset()));
    }
    if first == Some('!')
        && !text.starts_with("!==")
        && !text.starts_with("!=")
        && !text.starts_with("!~")
    {
        let mistake = Mistake::new(span_of(input, 1), "unknown operator `!`").help("write `not x`");
        return Err(fail(mistake, input.location_offset() + 1));
    }
    let longest = FOREIGN_SIGNS
        .iter()
        .filter(|(sign, _)| text.starts_with(sign))
        .max_by_key(|(sign, _)| sign.len());
    let Some((sign, help)) = longest else {
        return Ok(());
    };
    let word = text[sign.len()..]
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(text.len() - sign.len());
    let length = sign.len() + if *sign == "$" { word } else { 0 };
    let kind = if matches!(*sign, "$" | "{" | ";" | ":" | "\\") {
        "unexpected"
    } else {
        "unknown operator"
    };
    let resume = input.location_offset() + if *sign == "{" { 0 } else { length };
    let mistake = Mistake::new(
        span_of(input, length),
        format!("{kind} `{}`", &text[..length]),
    )
    .help(*help);
    Err(fail(mistake, resume))
}

/// `and`, `or`, `in`, `not in`; fails at a word that others write there.
fn infix_word<'a>(
    input: Input<'a>,
    rest: Input<'a>,
    word: &str,
    left: &str,
) -> Result<Option<(Input<'a>, Infix)>, nom::Err<Failure>> {
    match word {
        "and" => return Ok(Some((rest, Infix::Binary(BinaryOp::And)))),
        "or" => return Ok(Some((rest, Infix::Binary(BinaryOp::Or)))),
        "in" => return Ok(Some((rest, Infix::In { negated: false }))),
        "not" => {
            let second = bare_word(blank(rest)).filter(|(_, word)| *word == "in");
            return Ok(second.map(|(rest, _)| (rest, Infix::In { negated: true })));
        }
        _ => {}
    }
    let Some((_, help)) = FOREIGN_WORDS.iter().find(|(foreign, _)| *foreign == word) else {
        return Ok(None);
    };
    if !stands_between_operands(word, blank(rest)) {
        return Ok(None); // a field of that name
    }
    let mistake = Mistake::new(
        span_of(input, word.len()),
        format!("unknown operator `{word}`"),
    )
    .help(help.replace(
        "{}",
        if (1..=40).contains(&left.len()) {
            left
        } else {
            "x"
        },
    ));
    Err(fail(mistake, rest.location_offset()))
}

/// Whether a foreign word is meant as an operator, judged by what follows it.
fn stands_between_operands(word: &str, behind: Input<'_>) -> bool {
    let next = behind.fragment().chars().next();
    match word {
        "is" => bare_word(behind)
            .is_some_and(|(_, word)| matches!(word, "null" | "not" | "NULL" | "NOT")),
        "between" | "div" | "mod" => {
            next.is_some_and(|c| c.is_ascii_digit() || matches!(c, '-' | '"' | '\''))
        }
        "AND" | "OR" | "NOT" | "IN" => begins_operand(behind),
        _ => matches!(next, Some('"' | '\'' | '/')),
    }
}

/// The mistake of comparing twice: `a < b < c`.
pub(super) fn compared_twice(sign: Span, texts: [&str; 3]) -> Mistake {
    let [left, middle, operator] = texts;
    let mistake = Mistake::new(sign, "a comparison cannot be compared again");
    if left.len() + middle.len() > 60 {
        return mistake.help("join two comparisons with `and`");
    }
    mistake.help(format!("write `{left} and {middle} {operator} …`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_is_hidden_by_one_before_it() {
        for (place, (sign, _)) in SIGNS.iter().enumerate() {
            for (earlier, _) in &SIGNS[..place] {
                assert!(!sign.starts_with(earlier), "{sign} is hidden by {earlier}");
            }
        }
    }

    #[test]
    fn every_foreign_sign_has_its_answer() {
        for (sign, help) in FOREIGN_SIGNS {
            let text = format!("{sign} x");
            match refuse_foreign_sign(Input::new(&text)) {
                Err(nom::Err::Failure(failure)) => {
                    assert_eq!(failure.mistake.help.as_deref(), Some(help), "{sign}")
                }
                _ => panic!("{sign} is accepted"),
            }
        }
    }

    #[test]
    fn every_operator_is_read() {
        for (sign, op) in SIGNS {
            let text = format!("{sign} x");
            let read = infix(Input::new(&text), "a")
                .ok()
                .flatten()
                .map(|(_, infix)| infix);
            assert_eq!(read, Some(Infix::Binary(op)), "{sign}");
            assert_eq!(op.sign(), sign);
        }
        for (text, op) in [("and", BinaryOp::And), ("or", BinaryOp::Or)] {
            assert_eq!(op.sign(), text);
        }
    }
}
