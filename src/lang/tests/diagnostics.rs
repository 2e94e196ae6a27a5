//! Messages and help for wrong expressions.

use crate::lang::ast::Span;
use crate::lang::{MAX_DIAGNOSTICS, parse};

/// `(message, help, marked text)` of each diagnostic.
fn diagnostics(text: &str) -> Vec<(String, String, String)> {
    let marked = |span: Span| text[span.start..span.end].to_owned();
    let found = parse(text).err().unwrap_or_default();
    found
        .into_iter()
        .map(|diagnostic| (diagnostic.message, diagnostic.help.unwrap_or_default(), marked(diagnostic.span)))
        .collect()
}

#[test]
fn each_error_has_its_message_and_help() {
    for (text, message, help, marked) in [
        ("", "the expression is empty", "for example: split | count by word", ""),
        (" # only\n", "the expression is empty", "for example: split | count by word", ""),
        ("| count", "missing stage before `|`", "drop the `|`", "|"),
        ("json |", "missing stage after `|`", "drop the `|`", "|"),
        ("json | | count", "missing stage between `|` and `|`", "drop one of them", "| |"),
        ("union (b | json | ) | count", "missing stage after `|`", "drop the `|`", "|"),
        ("union (b | limit 3x | c) | count", "expected a duration, found `3x`; write 30s, 5m or 1h", "", "3x"),
        ("where a && b", "unknown operator `&&`", "write `and`", "&&"),
        ("where a || b", "unknown operator `||`", "write `or`", "||"),
        ("json || count", "unknown operator `||`", "a single `|` between stages", "||"),
        ("where !a", "unknown operator `!`", "write `not x`", "!"),
        ("where a <> b", "unknown operator `<>`", "write `!=`", "<>"),
        ("where a === b", "unknown operator `===`", "write `==`", "==="),
        ("where a =~ b", "unknown operator `=~`", "write `~`", "=~"),
        ("select $1", "unexpected `$1`", "fields have names here", "$1"),
        ("{print $1}", "unexpected `{`", "without braces", "{"),
        ("select $NF; count", "unexpected `$NF`", "fields have names here", "$NF"),
        ("count; count", "unexpected `;`", "stages are separated by `|`", ";"),
        ("match “x”", "unknown quotation mark `“`", "straight quotes", "“"),
        ("match \"x", "unterminated string", "close it with the same quote", "\""),
        ("match don't", "unterminated string", "close it with the same quote", "'"),
        ("match /x", "unterminated /regex/", "`\\/`", "/"),
        ("sort `x", "unterminated name", "", "`"),
        ("where (a or (b)", "unclosed `(`", "close it with `)`", "("),
        ("let x = f(a", "unclosed `(`", "close it with `)`", "("),
        ("let x = f(a,", "unclosed `(`", "close it with `)`", "("),
        ("let x = f(a, | count", "unclosed `(`", "close it with `)`", "("),
        ("let x = f(a,)", "unexpected `,` before `)`", "drop the comma", ","),
        ("let x = f(a b)", "expected `,` or `)`, found `b`", "", "b"),
        ("let x = (a, b)", "expected `)`, found `,`", "a list can follow `in`", ","),
        ("where a)", "unexpected `)`", "there is no open bracket", ")"),
        ("where ()", "nothing between the parentheses", "", "()"),
        ("where a in ()", "the list after `in` is empty", "x in (1, 2)", "()"),
        ("where if(a = 1, 2, 3)", "`=` assigns; a comparison is `==`", "", "="),
        ("where (a = 1)", "`=` assigns; a comparison is `==`", "", "="),
        ("where a < b < c", "a comparison cannot be compared again", "write `a < b and b < …`", "<"),
        ("where 1 < a.b == 2", "a comparison cannot be compared again", "write `1 < a.b and a.b == …`", "=="),
        ("where a in (1) == 2", "a comparison cannot be compared again", "`and`", "=="),
        ("where a in (1) + 2", "unexpected `+` after a list", "(x in (1, 2))", "+"),
        ("where a == not b", "`not` needs parentheses here", "`(not x)`", "not"),
        ("where a is null", "unknown operator `is`", "write `a == null`", "is"),
        ("where a.b is not null", "unknown operator `is`", "`a.b != null`", "is"),
        ("where a like 'x%'", "unknown operator `like`", "contains(a, \"text\")", "like"),
        ("where a between 1 and 2", "unknown operator `between`", "`a >= 1 and a <= 2`", "between"),
        ("where a contains 'x'", "unknown operator `contains`", "contains(a, \"text\")", "contains"),
        ("where NOT (a)", "unknown operator `NOT`", "write `not`", "NOT"),
        ("where a AND b", "unknown operator `AND`", "write `and`", "AND"),
        ("where a == 30x", "expected a duration, found `30x`; write 30s, 5m or 1h", "", "30x"),
        ("where a == 12abc", "the number `12` runs into `abc`", "`12 abc`", "12abc"),
        ("match \"\\d\"", "unknown escape `\\d`", "/\\d+/", "\\d"),
        ("match /x/g", "unknown regex flag `g`", "drop it", "g"),
        ("where a +", "expected a value or a field, found the end of the expression", "", ""),
        ("where a + | count", "expected a value or a field, found `|`", "", "|"),
        ("where .status == 1", "expected a value or a field, found `.`", "no dot before its name: `status`", "."),
        ("where and", "expected a value or a field, found `and`", "back quotes", "and"),
        ("where in.x", "expected a value or a field, found `in`", "back quotes", "in"),
        ("let x = true(1)", "expected a value or a field, found `true`", "back quotes", "true"),
        ("let x = to(1)", "expected a function's name before `(`", "len(x)", "to"),
        ("let x = a[0](1)", "expected a function's name before `(`", "len(x)", "a[0]"),
        ("count(*)", "expected a value or a field, found `*`", "`count` alone", "*"),
        ("status == 500", "unexpected `==` after `status`", "`where status == 500`", "=="),
        ("status = 500 | count", "expected a stage, found an assignment to `status`", "`let status = 500`", "status"),
        ("5 * 2", "expected a stage, found `5`", "`limit 10`", "5"),
        ("sum(x) /", "expected a value or a field, found the end of the expression", "", ""),
        ("\"ERROR\" | count", "expected a stage, found `\"ERROR\"`", "write `match \"ERROR\"`", "\"ERROR\""),
        ("/a|b/ | count", "expected a stage, found `/`", "write `match /a|b/`", "/"),
        ("not a | count", "expected a stage, found `not`", "`where not a`", "not"),
        ("(a or b)", "expected a stage, found `(`", "`where (a or b)`", "("),
        ("a.b == 1", "expected a stage, found `a`", "`where a.b == 1`", "a"),
        ("10", "expected a stage, found `10`", "`limit 10`", "10"),
        ("`count`", "expected a stage, found `count`", "without back quotes", "`count`"),
        ("where a ^ b", "unknown operator `^`", "pow(x, y)", "^"),
        ("where a ≥ b", "unknown operator `≥`", "write `>=`", "≥"),
        ("where a[x]", "expected a whole number between `[` and `]`", "`a[0]`", "[x]"),
        ("where a \u{1b}", "expected a value or a field, found `\\u{1b}`", "", "\u{1b}"),
    ] {
        let found = diagnostics(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!((found[0].0.as_str(), found[0].2.as_str()), (message, marked), "{text}: {found:?}");
        assert!(found[0].1.contains(help), "{text}: {found:?}");
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let found = diagnostics("| where a && 'x|y' | sort `a|b` 3x | count | | match /a|b/g | top (");
    let messages: Vec<&str> = found.iter().map(|(message, _, _)| message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "missing stage before `|`",
            "unknown operator `&&`",
            "expected a duration, found `3x`; write 30s, 5m or 1h",
            "missing stage between `|` and `|`",
            "unknown regex flag `g`",
            "unclosed `(`",
        ]
    );
    assert_eq!(diagnostics(&"|".repeat(1000).replace('|', "| ")).len(), MAX_DIAGNOSTICS);
}
