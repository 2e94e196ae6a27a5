//! The cursor over a stage's arguments.

use crate::lang::ast::{Span, Stage};
use crate::lang::{Arguments, Diagnostic, parse};

fn stage(text: &str) -> Stage {
    parse(text).unwrap_or_else(|diagnostics| panic!("{text}: {diagnostics:?}")).stages.remove(0)
}

fn message<T>(result: Result<T, Diagnostic>) -> (String, Span) {
    result
        .map(|_| ())
        .map_or_else(|diagnostic| (diagnostic.message, diagnostic.span), |()| (String::new(), Span::default()))
}

#[test]
fn reads_in_order() {
    let stage = stage("split ' ' from user.name as a, b = 5 late 10s");
    let mut arguments = Arguments::of(&stage);
    assert_eq!(arguments.text("a separator").map(|(text, _)| text), Ok(&b" "[..]));
    assert!(!arguments.keyword("as"));
    assert!(arguments.is_at_clause());
    assert!(arguments.keyword("from"));
    assert_eq!(arguments.field("a field").map(|(path, _)| path.label()), Ok("user.name".to_owned()));
    assert!(arguments.keyword("as"));
    let names = arguments.names("a name").map(|names| names.into_iter().map(|name| name.text).collect::<Vec<_>>());
    assert_eq!(names, Ok(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(arguments.equals("it"), Ok(()));
    assert_eq!(arguments.integer("a number").map(|(number, _)| number), Ok(5));
    assert_eq!(message(arguments.finish("split SEP")).0, "unexpected `late`");
    assert!(arguments.keyword("late"));
    assert_eq!(arguments.duration("a duration").map(|(ns, _)| ns), Ok(10_000_000_000));
    assert!(arguments.is_done());
    assert_eq!(arguments.finish(""), Ok(()));
    assert_eq!(arguments.span_here(), Span { start: stage.span.end, end: stage.span.end });
}

#[test]
fn says_what_was_expected() {
    for (text, expected) in [
        ("tail -5", "expected a count, found `-5`"),
        ("tail 1.5", "expected a count, found `1.5`"),
        ("tail x", "expected a count, found `x`"),
        ("tail , 5", "expected a count, found `,`"),
        ("tail = 5 | x", "expected a stage, found an assignment to `tail`"),
        ("tail", "expected a count, found the end of the stage"),
    ] {
        let found = match parse(text) {
            Ok(pipeline) => message(Arguments::of(&pipeline.stages[0]).integer("a count")).0,
            Err(diagnostics) => diagnostics[0].message.clone(),
        };
        assert_eq!(found, expected, "{text}");
    }
    let text = stage("from word");
    assert_eq!(
        message(Arguments::of(&text).text("a text")),
        ("expected a text, found `word`".to_owned(), Span { start: 5, end: 9 })
    );
    let path = stage("as a.b");
    assert_eq!(message(Arguments::of(&path).name("a name")).0, "expected a name, found `a.b`");
    assert_eq!(message(Arguments::of(&path).equals("it")).0, "expected `=` in it, found `a.b`");
}

#[test]
fn an_equals_sign_is_no_comparison() {
    let stage = stage("where a = 1");
    let mut arguments = Arguments::of(&stage);
    assert!(arguments.expression("a condition").is_ok());
    let finished = message(arguments.finish("where COND"));
    let equals = Span { start: 8, end: 9 };
    assert_eq!(finished, ("`=` assigns; a comparison is `==`".to_owned(), equals));
}
