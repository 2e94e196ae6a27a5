//! Any text parses or gives diagnostics, without panicking or exhausting the stack.

use std::thread;

use proptest::prelude::*;

use crate::lang::{Diagnostic, MAX_DEPTH, MAX_LENGTH_BYTES, parse, render};

/// Parses on a stack of 2 MB, then draws the diagnostics or prints the tree. Returns the first message.
fn answer(text: String) -> Option<String> {
    let reader = thread::Builder::new().stack_size(2 << 20).spawn(move || match parse(&text) {
        Ok(pipeline) => {
            assert!(!pipeline.to_string().is_empty());
            assert!(!format!("{:?}", pipeline.clone()).is_empty());
            assert_eq!(pipeline, pipeline.clone());
            None
        }
        Err(diagnostics) => {
            assert!(!render(&diagnostics, &text, Some("file")).is_empty());
            Some(diagnostics[0].message.clone())
        }
    });
    reader.expect("a thread starts").join().expect("the reader does not panic")
}

const PATTERNS: [&str; 18] = [
    "(",
    "-",
    "- ",
    "not ",
    "1+",
    "a.",
    "if(",
    "a[0]",
    "f(x).a(",
    "x in (",
    "x in (1) and ",
    "(a or b and c == d ?? e + f * -",
    "\"",
    "by /x ",
    "a == (",
    "f(1, -g(",
    "|",
    "((a).b + ",
];

#[test]
fn depth_is_limited() {
    let too_deep = "the expression is more than 200 levels deep";
    for pattern in PATTERNS {
        for size in [MAX_LENGTH_BYTES - 20, 1 << 20] {
            let text = format!("where {}", pattern.repeat(size / pattern.len()));
            let message = answer(text).unwrap_or_default();
            let is_long = size > MAX_LENGTH_BYTES;
            assert!(!is_long || message.ends_with("KiB long; at most 64 KiB"), "{pattern}: {message}");
            if !is_long
                && matches!(pattern, "(" | "if(" | "x in (" | "a == (" | "f(1, -g(" | "(a or b and c == d ?? e + f * -")
            {
                assert_eq!(message, too_deep, "{pattern}");
            }
        }
        let closed = format!("where {}1", pattern.repeat(MAX_LENGTH_BYTES / 2 / pattern.len()));
        let message = answer(closed).unwrap_or_default();
        if matches!(pattern, "-" | "- " | "not " | "1+" | "(" | "x in (1) and ") {
            assert_eq!(message, too_deep, "{pattern}");
        }
    }
}

#[test]
fn the_deepest_allowed_expressions_are_read() {
    let deepest = usize::from(MAX_DEPTH);
    let nested =
        |open: &str, count: usize, close: &str| format!("where {}x{}", open.repeat(count), close.repeat(count));
    for (open, close, most) in [
        ("(", ")", deepest),
        ("f(", ")", deepest - 1),
        ("-", "", deepest - 1),
        ("1+", "", deepest - 1),
        ("a-(", ")", deepest - 1),
        ("x in (", ")", deepest - 1),
    ] {
        assert_eq!(answer(nested(open, most, close)), None, "{open}");
        assert!(answer(nested(open, most + 1, close)).is_some(), "{open}");
    }
}

#[test]
fn nested_pipelines_are_limited() {
    let nested = |deep: usize| format!("a {}a | b{}", "(a | b ".repeat(deep - 1) + "(", ")".repeat(deep));
    assert_eq!(answer(nested(16)), None);
    let message = answer(nested(17)).unwrap_or_default();
    assert_eq!(message, "pipelines are nested more than 16 deep in parentheses");
    for pattern in ["(a | ", "(a ", "a (a | b) ", "(a | b ("] {
        let text = format!("a {}", pattern.repeat(MAX_LENGTH_BYTES / pattern.len() - 1));
        answer(text);
    }
}

/// Pieces of expressions, in any order.
fn soup() -> impl Strategy<Value = String> {
    let tokens = prop::sample::select(vec![
        "where", "by", "as", "from", "count", "a.b", "a[0]", "`x y`", "f(", "(", ")", ",", "=", "==", "|", "||", "-",
        "- ", "/", "/x/", "//", "%", "1%", "12", "1.5", "10kB", "30s", "30x", "\"t\"", "'", "\"", "`", "#", "\n", " ",
        " ", " ", "in", "not", "and", "or", "null", "is", "<", "<=", "~", "!~", "!", "??", "$1", "{", ";", "“", "\\",
        "é", "漢", "\u{1b}", "\u{301}", ".", "[", "]", "@", "(a | ", " | b)",
    ]);
    prop::collection::vec(tokens, 0..25).prop_map(|tokens| tokens.concat())
}

fn assert_answered(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(pipeline) => {
            let printed = pipeline.to_string();
            let again = parse(&printed);
            prop_assert_eq!(again.as_ref().ok(), Some(&pipeline), "{} -> {}", text, printed);
        }
        Err(diagnostics) => {
            prop_assert!(!diagnostics.is_empty());
            for diagnostic in &diagnostics {
                let Diagnostic { span, .. } = diagnostic;
                prop_assert!(text.get(span.start..span.end).is_some(), "{:?}: {:?}", text, diagnostic);
            }
            prop_assert!(
                diagnostics.is_sorted_by_key(|diagnostic| diagnostic.span.start),
                "{:?}: {:?}",
                text,
                diagnostics
            );
            prop_assert!(render(&diagnostics, text, None).lines().all(|line| !line.contains(char::is_control)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        assert_answered(&text)?;
    }

    #[test]
    fn any_soup_is_answered(text in soup()) {
        assert_answered(&text)?;
    }

    #[test]
    fn any_soup_after_a_stage_is_answered(text in soup()) {
        assert_answered(&format!("where a {text}"))?;
    }
}
