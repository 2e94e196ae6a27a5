use proptest::prelude::*;

use super::*;
use crate::data::{Bytes, TextSpan, Value};

/// Returns the fields of all lines, and the reasons for rejections.
fn decode(format: &'static LogFormatDef, names: &[&str], lines: &[&[u8]]) -> (Vec<Vec<Value>>, Vec<(u32, String)>) {
    let bytes = lines.join(&b'\n');
    let mut at = 0;
    let spans = lines
        .iter()
        .map(|line| {
            at += line.len() + 1;
            TextSpan::new(at - 1 - line.len(), at - 1)
        })
        .collect();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let decoded = format.decoder(&names).decode(&TextColumn { bytes: Bytes::Borrowed(&bytes), spans });
    let rows = lines.len() - decoded.rejected.len();
    let row = |row| {
        let value = |column: &crate::data::Column<'_>| column.get(row).to_value();
        decoded.columns.iter().map(value).collect()
    };
    ((0..rows).map(row).collect(), decoded.rejected)
}

fn text(text: &str) -> Value {
    Value::Text(text.as_bytes().to_vec())
}

#[test]
fn requests_of_all_kinds() {
    let of = |request: &str| {
        let line = format!("1 - - [17/May/2015:10:05:03 +0000] \"{request}\" 400 - \"-\" \"-\"");
        let (mut rows, rejected) = decode(&COMBINED, &["method", "path", "protocol", "bytes"], &[line.as_bytes()]);
        assert_eq!(rejected, []);
        rows.remove(0)
    };
    let whole = |path: &str| vec![Value::Null, text(path), Value::Null, Value::Null];
    assert_eq!(of("GET / HTTP/1.1"), [text("GET"), text("/"), text("HTTP/1.1"), Value::Null]);
    assert_eq!(of("GET /a b HTTP/2"), [text("GET"), text("/a b"), text("HTTP/2"), Value::Null]);
    assert_eq!(of("OPTIONS sip:x SIP/2.0"), [text("OPTIONS"), text("sip:x"), text("SIP/2.0"), Value::Null]);
    assert_eq!(of(r#"GET /\"a\" HTTP/1.1"#), [text("GET"), text(r#"/\"a\""#), text("HTTP/1.1"), Value::Null]);
    for request in ["-", "\"\""] {
        let line = if request == "-" { of("-") } else { of("") };
        assert_eq!(line, [Value::Null, Value::Null, Value::Null, Value::Null]);
    }
    for request in [
        "\\x16\\x03\\x01",
        "GET /",
        "a b c d",
        " HTTP/1.1",
        "  HTTP/1.1",
        "\\x16\\x03 \\x00 \\xfc",
        "\u{16}\u{3} / HTTP/1.1",
        "quit it now",
    ] {
        assert_eq!(of(request), whole(request), "{request}");
    }
}

#[test]
fn reasons() {
    let good = "1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"";
    for (line, reason) in [
        ("", "an address and ' ' at the start"),
        ("x", "an address and ' ' at the start"),
        ("x -", "' ' after the ident"),
        ("1 - -", "'[' after the user"),
        ("1 - - [17/May", "']' after the user"),
        ("1 - - [17/May] GET", "'\"' after the time"),
        ("1 - - [17/May] \"GET", "'\"' after the time"),
        ("1 - - \"GET\" 200", "'[' after the user"),
        ("1 - - [17/May \"GET\" 200", "']' after the user"),
        (&good[..51], "' ' after the request"),
        (&good[..55], "' ' after the status"),
        (&good[..56], "' ' after the status"),
        (&good[..57], "' ' after the bytes"),
        (&good[..58], "' ' after the bytes"),
        (&good[..59], "'\"' after the bytes"),
        (&good[..60], "'\"' after the bytes"),
        (&good[..61], "' ' after the referrer"),
        (&good[..64], "'\"' after the referrer"),
        (&format!("{good}x"), "the end of the line or ' ' and a field after the agent"),
        (&format!("{good} rt=0.2 ua=\"-"), "'\"' at the end of a field after the agent"),
    ] {
        let (rows, rejected) = decode(&COMBINED, &["status"], &[line.as_bytes(), good.as_bytes()]);
        assert_eq!(rejected, [(0, format!("combined: expected {reason}"))], "{line}");
        assert_eq!(rows, [[Value::Int(200)]]);
    }
}

#[test]
fn everything_after_the_fields_is_the_rest() {
    let good = "1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x y\"";
    let names = ["status", "bytes", "referrer", "agent", "rest"];
    for (more, rest) in [
        ("", Value::Null),
        (" ", Value::Null),
        (" -", Value::Null),
        (" \"-\"", text("\"-\"")),
        (" \"1.2.3.4, 5.6.7.8\"", text("\"1.2.3.4, 5.6.7.8\"")),
        (" \"-\" 0.005 0.004 .", text("\"-\" 0.005 0.004 .")),
        ("  rt=0.2\tua=\"-\"  ", text("rt=0.2\tua=\"-\"")),
        (" \"a\\\"b\" \"\"", text("\"a\\\"b\" \"\"")),
    ] {
        let line = format!("{good}{more}");
        let (rows, rejected) = decode(&COMBINED, &names, &[line.as_bytes(), good.as_bytes()]);
        assert_eq!(rejected, [], "{line}");
        let expected = |rest| [Value::Int(200), Value::Int(5), Value::Null, text("x y"), rest];
        assert_eq!(rows, [expected(rest), expected(Value::Null)], "{line}");
    }
    let (rows, rejected) = decode(&CLF, &["status", "rest"], &[good.as_bytes()]);
    assert_eq!(rejected, []);
    assert_eq!(rows, [[Value::Int(200), text("\"-\" \"x y\"")]]);
}

#[test]
fn heads() {
    let names = ["vhost", "port", "ip", "forwarded", "ident", "user"];
    let null = || Value::Null;
    for (head, [vhost, port, ip, forwarded, ident, user]) in [
        ("::1 - -", [null(), null(), text("::1"), null(), null(), null()]),
        ("::1 - ann", [null(), null(), text("::1"), null(), null(), text("ann")]),
        ("::1 - ann b", [null(), null(), text("::1"), null(), null(), text("ann b")]),
        ("::1 id ann b", [null(), null(), text("::1"), null(), text("id"), text("ann b")]),
        ("::1 - \"\"", [null(), null(), text("::1"), null(), null(), null()]),
        ("::1 - ", [null(), null(), text("::1"), null(), null(), null()]),
        ("::1\t-\tann", [null(), null(), text("::1"), null(), null(), text("ann")]),
        ("::1  -  ann", [null(), null(), text("::1"), null(), null(), text("ann")]),
        ("::1 - a [b", [null(), null(), text("::1"), null(), null(), text("a [b")]),
        ("h.example - ann b", [null(), null(), text("h.example"), null(), null(), text("ann b")]),
        ("a.b:443 1.2.3.4 - -", [text("a.b"), Value::Int(443), text("1.2.3.4"), null(), null(), null()]),
        ("a.b 1.2.3.4 - ann c", [text("a.b"), null(), text("1.2.3.4"), null(), null(), text("ann c")]),
        ("a.b h.example - -", [text("a.b"), null(), text("h.example"), null(), null(), null()]),
        ("a.b:80 1.2.3.4 - ", [text("a.b"), Value::Int(80), text("1.2.3.4"), null(), null(), null()]),
        ("9.9.9.9:80 1.2.3.4 - -", [text("9.9.9.9"), Value::Int(80), text("1.2.3.4"), null(), null(), null()]),
        ("9.9.9.9 1.2.3.4 - -", [text("9.9.9.9"), null(), text("1.2.3.4"), null(), null(), null()]),
        ("[::2]:80 ::1 - -", [text("[::2]"), Value::Int(80), text("::1"), null(), null(), null()]),
        ("::2 ::1 - -", [text("::2"), null(), text("::1"), null(), null(), null()]),
        ("- 1.2.3.4 - -", [null(), null(), text("1.2.3.4"), null(), null(), null()]),
        ("- - -", [null(), null(), null(), null(), null(), null()]),
        ("1.2.3.4, 5.6.7.8, ::1 - -", [null(), null(), text("1.2.3.4"), text("5.6.7.8, ::1"), null(), null()]),
        ("1.2.3.4,5.6.7.8 - ann", [null(), null(), text("1.2.3.4"), text("5.6.7.8"), null(), text("ann")]),
        ("unknown, 5.6.7.8 - -", [null(), null(), text("unknown"), text("5.6.7.8"), null(), null()]),
        ("(1.2.3.4, 5.6.7.8) - ann", [null(), null(), text("1.2.3.4"), text("5.6.7.8"), null(), text("ann")]),
        ("(1.2.3.4) - -", [null(), null(), text("1.2.3.4"), null(), null(), null()]),
        ("1.2.3.4 (5.6.7.8, ::1) - -", [null(), null(), text("1.2.3.4"), text("5.6.7.8, ::1"), null(), null()]),
        ("1.2.3.4 (-) - -", [null(), null(), text("1.2.3.4"), null(), null(), null()]),
        (
            "a.b:80 1.2.3.4, 5.6.7.8 - ann",
            [text("a.b"), Value::Int(80), text("1.2.3.4"), text("5.6.7.8"), null(), text("ann")],
        ),
        ("a.b (1.2.3.4, 5.6.7.8) - -", [text("a.b"), null(), text("1.2.3.4"), text("5.6.7.8"), null(), null()]),
    ] {
        let line = format!("{head} [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5");
        let combined = format!("{line} \"-\" \"x\"");
        for (format, line) in [(&CLF, line), (&COMBINED, combined)] {
            let (rows, rejected) = decode(format, &names, &[line.as_bytes()]);
            assert_eq!(rejected, [], "{line}");
            let expected = [&vhost, &port, &ip, &forwarded, &ident, &user].map(Value::clone);
            assert_eq!(rows, [expected], "{line}");
        }
    }
}

/// A line of a web server, often damaged.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let user = prop_oneof![3 => Just("-"), 1 => Just("ann b"), 1 => Just(""), 1 => Just("a [b")];
    let time = prop_oneof![4 => Just("17/May/2015:10:05:03 +0000"), 1 => Just("2015-05-17"), 1 => Just("x")];
    let quoted = prop_oneof![
        4 => Just("GET / HTTP/1.1"), 1 => Just("-"), 1 => Just(""), 1 => Just(r#"a\"b"#), 1 => Just(r"a\\"),
        1 => Just(r"a\"), 1 => Just("a\"b"), 1 => Just("\" \"")
    ];
    let number = prop_oneof![4 => Just("200"), 1 => Just("-"), 1 => Just("20 0"), 1 => Just("1234567")];
    let damage = proptest::option::weighted(0.5, (any::<proptest::sample::Index>(), "[ \\[\\]\"\\\\x]?"));
    (user, time, [quoted.clone(), quoted.clone(), quoted], [number.clone(), number], damage).prop_map(
        |(user, time, [request, referrer, agent], [status, size], damage)| {
            let mut line = format!("::1 - {user} [{time}] \"{request}\" {status} {size} \"{referrer}\" \"{agent}\"");
            if let Some((at, with)) = damage {
                let at = at.index(line.len());
                line.replace_range(at..=at, &with);
            }
            line.into_bytes()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A record accepted by the fast path is read the same way by the walk.
    #[test]
    fn both_ways_agree(lines in proptest::collection::vec(line(), 1..5)) {
        fn check<const QUOTES: usize>(lines: &[Vec<u8>]) -> Result<(), TestCaseError> {
            let bytes = lines.join(&b'\n');
            let mut start = 0;
            for line in lines {
                let end = start + line.len();
                let mut quotes: Vec<u32> = (start..bytes.len())
                    .filter(|at| bytes[*at] == b'"')
                    .map(|at| at as u32)
                    .collect();
                quotes.extend([u32::MAX; 8]);
                let quick = regular::<QUOTES>(&bytes, start, end, quotes.first_chunk().expect("enough quotes"));
                if let Some(quick) = quick {
                    let walked = walk::<QUOTES>(&bytes[..end], start).ok();
                    prop_assert!(walked.is_some(), "{}", String::from_utf8_lossy(line));
                    for field in 0..if QUOTES == 6 { FIELDS.len() } else { CLF_FIELDS } {
                        prop_assert_eq!(
                            quick.place(field, &bytes),
                            walked.expect("it was walked").place(field, &bytes),
                            "{} {}", field, String::from_utf8_lossy(line)
                        );
                    }
                }
                start = end + 1;
            }
            Ok(())
        }
        check::<6>(&lines)?;
        let short: Vec<Vec<u8>> = lines
            .iter()
            .map(|line| line[..line.len() * 2 / 3].to_vec())
            .collect();
        check::<2>(&short)?;
    }
}

#[test]
fn lines_far_between_or_in_any_order_are_read_too() {
    let line = COMBINED.sample.line;
    let bytes = format!("{line}\n{}\n{line}", "x".repeat(10_000));
    let last = bytes.len() - line.len();
    let texts = |spans| TextColumn { bytes: Bytes::Borrowed(bytes.as_bytes()), spans };
    for spans in [
        vec![TextSpan::new(0, line.len()), TextSpan::new(last, bytes.len())],
        vec![TextSpan::new(last, bytes.len()), TextSpan::NULL, TextSpan::new(0, line.len())],
    ] {
        let nulls = spans.iter().filter(|span| span.is_null()).count();
        let decoded = COMBINED.decoder(&["agent".to_owned()]).decode(&texts(spans));
        assert_eq!(decoded.rejected.len(), nulls);
        assert_eq!(decoded.columns[0].get(1).to_value(), text("curl/8.5"));
    }
}
