//! Random sequences of tokens.

use super::*;
use crate::plan::OutputMode;

proptest::proptest! {
    /// Any sequence of tokens gets a valid suggestion or none, without a panic.
    #[test]
    fn any_soup_of_words_is_answered(
        words in proptest::collection::vec(proptest::sample::select(SOUP), 1..9),
    ) {
        let text = words.join(" ");
        if let Err(found) = Plan::read(&text, OutputMode::AsItCame) {
            for diagnostic in found {
                let _ = &text[diagnostic.span.start.min(text.len())..diagnostic.span.end.min(text.len())];
            }
        }
        if let Some(answer) = answer_stage(&text) {
            proptest::prop_assert!(accepts(&answer.here), "{}: {}", text, answer.here);
        }
        if let Some(answer) = shapes::answer(&text).and_then(checked) {
            proptest::prop_assert!(accepts(&answer.here), "{}: {}", text, answer.here);
        }
    }
}

const SOUP: &[&str] = &[
    "select",
    "from",
    "where",
    "group",
    "by",
    "order",
    "count",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "|",
    ".",
    ",",
    "a",
    "$1",
    "'é'",
    "\"x\"",
    "/x/",
    "5m",
    "0.5",
    "-",
    "=",
    "==",
    "is",
    "not",
    "null",
    "case",
    "when",
    "then",
    "else",
    "end",
    "over",
    "partition",
    "lag(",
    "dc(",
    "index=",
    "print",
    "END",
    "sort",
    "uniq",
    "cut",
    "-f1",
    "-d",
    "head",
    "!",
    "?",
    ":",
    "stats",
    "bin",
    "top",
    "limit",
    "match",
    "and",
    "like",
    "in",
    "between",
    "tr",
    "sed",
    "s/",
    "%",
    "*",
    "~",
    "window",
];
