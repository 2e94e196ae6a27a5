mod borrowed;
mod phrases;
mod programs;
mod soup;

use super::super::Plan;
use super::values::{Is, VALUES};
use super::verbs::VERBS;
use super::*;
use crate::plan::OutputMode;

/// Returns the first message of an expression, its help, and the marked text.
pub(super) fn said(text: &str) -> Option<(String, String, String)> {
    let found = Plan::read(text, OutputMode::AsItCame).err()?;
    let diagnostic = found.first()?;
    let marked = text[diagnostic.span.start..diagnostic.span.end].to_owned();
    Some((diagnostic.message.clone(), diagnostic.help.clone().unwrap_or_default(), marked))
}

/// The suggestion of a help.
fn suggested(help: &str) -> Option<&str> {
    help.split_once("write ").map(|(_, here)| here)
}

#[track_caller]
fn assert_accepted(text: &str, help: &str) {
    let here = suggested(help).unwrap_or_else(|| panic!("{text}: no suggestion in `{help}`"));
    assert!(accepts(here), "{text}: {here}");
}

#[test]
fn each_row_answers_its_example() {
    for verb in VERBS {
        let (message, help, marked) = said(verb.typed).unwrap_or_else(|| panic!("{} is accepted", verb.typed));
        assert_accepted(verb.typed, &help);
        let is_program = message.starts_with("this is ");
        assert!(is_program || message.ends_with(verb.means), "{}: {message}", verb.typed);
        assert!(verb.typed.starts_with(&marked) && !marked.is_empty(), "{}: {marked}", verb.typed);
    }
}

#[test]
fn each_word_has_one_row_and_is_no_name_here() {
    let mut seen = std::collections::HashMap::new();
    for verb in VERBS {
        for word in verb.words.split(' ') {
            let key = values::key(word);
            assert!(!is_own(&key), "`{word}` is a name here: the row hides nothing, but is never read");
            if let Some(other) = seen.insert(key, verb.typed) {
                panic!("`{word}` is in the rows of `{other}` and of `{}`", verb.typed);
            }
        }
        assert!(!verb.here.is_empty(), "{}", verb.typed);
    }
    let mut seen = std::collections::HashMap::new();
    for value in VALUES {
        for word in value.words.split(' ') {
            assert!(value.is == Is::Field || !values::is_own(word), "`{word}` is a name here");
            if let Some(other) = seen.insert((word, value.is == Is::Field), value.here) {
                panic!("`{word}` is in the rows of `{other}` and of `{}`", value.here);
            }
        }
    }
}

#[test]
fn every_suggestion_of_every_word_is_accepted() {
    let tails = [
        "",
        " x",
        " -v \"x\"",
        " -i x",
        " -c",
        " -d, -f1",
        " -n 5",
        " -5",
        " a as b",
        " a = 5",
        " by a",
        " a, b",
        " /x/",
        " 5m",
        " a > 1",
        " \"{print}\"",
        " -",
        " x desc",
        " count by a",
        "(a)",
        "('a')",
        "(a, 5)",
        "('5 minutes')",
        " span=5m a",
        " a b c",
        " a is null",
        " limit=3 x",
        "(x='sum')",
        " {",
        " \"a%s\" b",
        " 'it''s'",
    ];
    for verb in VERBS {
        for word in verb.words.split(' ') {
            for tail in tails {
                let text = format!("{word}{tail}");
                if let Some(answer) = answer_stage(&text) {
                    assert!(accepts(&answer.here), "{text}: {}", answer.here);
                }
            }
        }
        for template in verb.here.iter().rev().take(1) {
            let example = arguments::example(template);
            let is_any = verb.here.iter().any(|template| accepts(&arguments::example(template)));
            assert!(is_any, "{}: {example}", verb.typed);
        }
    }
}

#[test]
fn every_function_of_another_language_is_answered() {
    for value in VALUES.iter().filter(|value| value.is != Is::Field) {
        for word in value.words.split(' ') {
            if super::super::aggregates::percentile(word).is_some() || !word.chars().all(char::is_alphanumeric) {
                continue;
            }
            for call in
                [format!("{word}(a)"), format!("{word}(a, b)"), format!("{word}(a, 5, \"x\")"), format!("{word}()")]
            {
                let text = match value.is {
                    Is::Aggregate => format!("json | count, {call} by b"),
                    _ => format!("json | let y = {call}"),
                };
                let Some((message, help, _)) = said(&text) else {
                    panic!("{text} is accepted");
                };
                assert!(message.ends_with(value.means) || word == "case", "{text}: {message}");
                assert_accepted(&text, &help);
            }
        }
    }
}

#[test]
fn variables_of_other_languages_are_answered() {
    for (text, here) in [
        ("where NR > 5", "where @number > 5"),
        ("where FILENAME == 'a'", "where @source == \"a\""),
        ("select $0", "select line"),
        ("select $2", "select split_part(line, \" \", 2)"),
        ("select $NF", "select regex_extract(line, /\\S+$/)"),
        ("where _raw ~ /x/", "where line ~ /x/"),
    ] {
        let (_, help, _) = said(text).expect(text);
        assert_eq!(suggested(&help), Some(here), "{text}");
    }
}

/// Asserts the suggestion for each typed text.
pub(super) fn assert_written(pairs: &[(&str, &str)]) {
    for (text, here) in pairs {
        let (message, help, _) = said(text).unwrap_or_else(|| panic!("{text} is accepted"));
        assert_eq!(suggested(&help), Some(*here), "{text}: {message}");
        assert_accepted(text, &help);
    }
}

#[test]
fn carets_are_under_what_is_written_otherwise() {
    for (text, marked) in [
        ("json | count-distinct a", "count-distinct"),
        ("json | where x is not null", "is"),
        ("json | where x not between 1 and 5", "not between"),
        ("json | let y = x ? a : b", "?"),
        ("json | let p = lag(x)", "lag"),
        ("json | count, dc(x) by y", "dc"),
        ("json | top 5 by level", "by"),
        ("index=main error", "index"),
        (".foo | select(.bar)", "."),
        ("match \"a\" and \"b\"", "and"),
        ("json | tail -n 5", "-n"),
        ("json | where a = 5", "="),
    ] {
        assert_eq!(said(text).expect(text).2, marked, "{text}");
    }
}

#[test]
fn what_is_right_is_not_looked_at() {
    for text in ["count by line", "json | where a == 5", "sort -len(line)", "top 5 line"] {
        assert!(said(text).is_none(), "{text}");
    }
}

#[test]
fn an_unknown_stage_shows_the_three_nearest() {
    let (message, help, _) = said("frobnicate x").expect("no stage");
    assert_eq!(message, "unknown stage `frobnicate`");
    assert_eq!(help.matches('`').count(), 6, "{help}");
    assert_eq!(nearest("uniqcount")[0], "count_distinct");
    assert_eq!(nearest("groupsum")[0], "count");
}
