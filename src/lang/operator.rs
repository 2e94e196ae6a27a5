//! The table of operators and their precedence.

use super::ast::{BinaryOp, Span};
use super::diagnostic::Diagnostic;
use super::failure::{Failure, SourceText, skip};
use super::foreign::{reject_foreign_sign, reject_foreign_word};
use super::name::bare_word;
use super::whitespace::skip_whitespace;

/// Precedence, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the variants are the operators' names
pub(super) enum Level {
    Or,
    And,
    Not,
    /// Not associative: `a < b < c` is an error.
    Compare,
    Coalesce,
    Add,
    Multiply,
    Negate,
    /// Never needs parentheses.
    Atom,
}

/// The symbols of operators. A symbol comes before every shorter one that it begins with.
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

/// An operator after an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infix {
    /// An operator with a right operand.
    Binary(BinaryOp),
    /// `in`, or `not in`.
    In {
        /// True for `not in`.
        negated: bool,
    },
}

impl Infix {
    /// Its precedence.
    pub fn level(self) -> Level {
        match self {
            Infix::Binary(op) => op.level(),
            Infix::In { .. } => Level::Compare,
        }
    }
}

impl BinaryOp {
    /// True if the result is a value, and no condition.
    pub fn calculates(self) -> bool {
        self.level() >= Level::Coalesce
    }

    /// The operator as it is written.
    pub fn sign(self) -> &'static str {
        match self {
            BinaryOp::Or => "or",
            BinaryOp::And => "and",
            _ => SIGNS.iter().find(|(_, op)| *op == self).map_or("?", |(sign, _)| sign),
        }
    }

    /// Its precedence.
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
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::FloorDivide | BinaryOp::Remainder => Level::Multiply,
        }
    }
}

/// The operator at the start of the input, after an operand whose text is `left`.
pub(super) fn infix<'a>(
    input: SourceText<'a>,
    left: &str,
) -> Result<Option<(SourceText<'a>, Infix)>, nom::Err<Failure>> {
    reject_foreign_sign(input)?;
    if let Some((rest, word)) = bare_word(input) {
        return infix_word(input, rest, word, left);
    }
    let text = *input.fragment();
    let sign = SIGNS.iter().find(|(sign, _)| text.starts_with(sign));
    Ok(sign.map(|(sign, op)| (skip(input, sign.len()), Infix::Binary(*op))))
}

/// `and`, `or`, `in`, `not in`; fails at a word that is an operator in another language.
fn infix_word<'a>(
    input: SourceText<'a>,
    rest: SourceText<'a>,
    word: &str,
    left: &str,
) -> Result<Option<(SourceText<'a>, Infix)>, nom::Err<Failure>> {
    match word {
        "and" => return Ok(Some((rest, Infix::Binary(BinaryOp::And)))),
        "or" => return Ok(Some((rest, Infix::Binary(BinaryOp::Or)))),
        "in" => return Ok(Some((rest, Infix::In { negated: false }))),
        "not" => {
            let second = bare_word(skip_whitespace(rest)).filter(|(_, word)| *word == "in");
            return Ok(second.map(|(rest, _)| (rest, Infix::In { negated: true })));
        }
        _ => {}
    }
    reject_foreign_word(input, rest, word, left)?;
    Ok(None)
}

/// The diagnostic for a chained comparison: `a < b < c`.
pub(super) fn compared_twice(sign: Span, texts: [&str; 3]) -> Diagnostic {
    let [left, middle, operator] = texts;
    let diagnostic = Diagnostic::new(sign, "a comparison cannot be compared again");
    if left.len() + middle.len() > 60 {
        return diagnostic.help("join two comparisons with `and`");
    }
    diagnostic.help(format!("write `{left} and {middle} {operator} …`"))
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
    fn every_operator_is_read() {
        for (sign, op) in SIGNS {
            let text = format!("{sign} x");
            let read = infix(SourceText::new(&text), "a").ok().flatten().map(|(_, infix)| infix);
            assert_eq!(read, Some(Infix::Binary(op)), "{sign}");
            assert_eq!(op.sign(), sign);
        }
        for (text, op) in [("and", BinaryOp::And), ("or", BinaryOp::Or)] {
            assert_eq!(op.sign(), text);
        }
    }
}
