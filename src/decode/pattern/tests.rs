use proptest::prelude::*;

use super::*;
use crate::data::{Bytes, Value};
use crate::decode::times;

fn decode(pattern: &str, text: &[u8]) -> Result<Vec<Value>, String> {
    let pattern = LinePattern::new(pattern.as_bytes()).expect("a right pattern");
    let names = pattern.names();
    let decoded = PatternDecoder::new(pattern, &names)
        .decode(&TextColumn { bytes: Bytes::Borrowed(text), spans: vec![TextSpan::new(0, text.len())] });
    match decoded.rejected.into_iter().next() {
        Some((_, reason)) => Err(reason),
        None => Ok(decoded.columns.iter().map(|column| column.get(0).to_value()).collect()),
    }
}

fn texts(texts: &[&str]) -> Vec<Value> {
    let value = |text: &&str| Value::Text(text.as_bytes().to_vec());
    texts.iter().map(value).collect()
}

#[test]
fn holes_take_the_shortest_text_and_the_last_one_the_rest() {
    for (pattern, text, found) in [
        ("{a}={b}", "x=y=z", vec!["x", "y=z"]),
        ("{a} {b}", "x \t y z", vec!["x", "y z"]),
        ("[{a}]", "p [q] [r]", vec!["q"]),
        ("{a} {b} {c}", "x  y", vec!["x", "", "y"]),
        ("{a}", "", vec![""]),
        ("{{{a}}}", "{x}", vec!["x"]),
        ("x {_} y {a}", "x 1 y 2", vec!["2"]),
        ("from {a} port {b:word}", "from h port 22 ssh2", vec!["h", "22"]),
        ("{a} b{c}", "x   y   b!", vec!["x   y", "!"]),
    ] {
        assert_eq!(decode(pattern, text.as_bytes()), Ok(texts(&found)), "{pattern}");
    }
}

#[test]
fn types_narrow_a_hole() {
    let one = |pattern: &str, text: &str| decode(pattern, text.as_bytes()).map(|mut all| all.remove(0));
    assert_eq!(one("{n:int} ms", "took 15 ms"), Ok(Value::Int(15)));
    assert_eq!(one("took {n:int}", "took -15ms"), Ok(Value::Int(-15)));
    assert_eq!(one("={n:int};", "=x;=7;"), Ok(Value::Int(7)));
    assert_eq!(one("t={x:float}s", "t=1s t=2"), Ok(Value::Float(1.0)));
    assert_eq!(one("t={x:float}", "t=1.5e1s"), Ok(Value::Float(15.0)));
    assert_eq!(one("in {d:duration}", "in 1.5ms."), Ok(Value::Duration(1_500_000)));
    assert_eq!(one("[{t:time}]", "[17/May/2015:10:05:03 +0000]"), Ok(Value::Time(1_431_857_103_000_000_000)));
    assert_eq!(one("{t:time} {m}", "at 2015-05-17T10:05:03Z x"), Ok(Value::Time(1_431_857_103_000_000_000)));
    assert_eq!(one("={n:int};", "=9223372036854775808;"), Ok(Value::int(1 << 63)));
}

#[test]
fn a_reason_names_the_place() {
    let reason = |pattern: &str, text: &str| decode(pattern, text.as_bytes()).unwrap_err();
    assert_eq!(reason("[{time}] {rest}", "[now"), "parse: expected \"] \" after {time}");
    assert_eq!(reason("a {b}", "x"), "parse: expected \"a \"");
    assert_eq!(reason("n={n:int};", "n=x;"), "parse: expected an int at {n}, found \"x\"");
    assert_eq!(reason("n={_:int} b={b};", "n=x "), "parse: expected \" b=\" after {_}");
    assert_eq!(
        reason("[{t:time}]", "[99/May/2015:10:05:03]"),
        "parse: expected a time at {t}, found \"99/May/2015:10:05:03\""
    );
}

#[test]
fn mistakes_have_a_place() {
    for (pattern, start, end, message) in [
        ("", 0, 0, "this pattern is empty"),
        ("abc", 0, 3, "this pattern captures nothing"),
        ("a{_}", 0, 4, "this pattern captures nothing"),
        ("a{b", 1, 2, "this brace is not closed"),
        ("a{b{c}", 1, 2, "this brace is not closed"),
        ("a}b{c}", 1, 2, "this brace closes nothing"),
        ("{a:itn}", 0, 7, "unknown type `itn`"),
        ("{a}{b}", 3, 6, "there is no text between {b} and the hole before it"),
        ("{a} {a}", 4, 7, "two holes are named {a}"),
        ("{}", 0, 2, "this hole has no name"),
        ("{a b}", 0, 5, "`a b` is no name for a hole"),
    ] {
        let error = LinePattern::new(pattern.as_bytes()).unwrap_err();
        assert_eq!((error.place, error.message.as_str()), (start..end, message), "{pattern}");
    }
}

/// The match of a pattern's regular expression.
fn by_regex(pattern: &LinePattern, text: &[u8]) -> Option<Vec<(usize, usize)>> {
    let regex = Regex::new(&pattern.regex()).expect("a right regular expression");
    let captures = regex.captures(text)?;
    (1..=pattern.holes.len()).map(|group| captures.get(group).map(|hit| (hit.start(), hit.end()))).collect()
}

fn pattern_text() -> impl Strategy<Value = String> {
    let literal = "[ab1. ]{1,3}";
    let hole = prop_oneof![
        4 => Just(""), 1 => Just(":int"), 1 => Just(":word"), 1 => Just(":float"), 1 => Just(":duration")
    ];
    (proptest::option::of(literal), proptest::collection::vec((hole, literal), 1..4), any::<bool>()).prop_map(
        |(first, holes, ends_with_hole)| {
            let mut pattern = first.unwrap_or_default();
            let last = holes.len() - 1;
            for (index, (kind, literal)) in holes.into_iter().enumerate() {
                pattern.push_str(&format!("{{h{index}{kind}}}"));
                if index < last || !ends_with_hole {
                    pattern.push_str(&literal);
                }
            }
            pattern
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn means_its_regular_expression(pattern in pattern_text(), text in "[ab1. m-]{0,14}") {
        let pattern = LinePattern::new(pattern.as_bytes()).expect("a right pattern");
        let mut places = vec![(0, 0); pattern.holes.len()];
        let mut again = pattern.fallback.as_ref().map(Fallback::again);
        let found = pattern.find(text.as_bytes(), &mut places, again.as_mut());
        prop_assert_eq!(found.ok().map(|()| places), by_regex(&pattern, text.as_bytes()));
    }

    #[test]
    fn any_bytes_do(pattern in pattern_text(), text in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = decode(&pattern, &text);
    }

    #[test]
    fn any_pattern_does(pattern in "[{}a:_int ]{0,12}", text in "[ab1 ]{0,9}") {
        if LinePattern::new(pattern.as_bytes()).is_ok() {
            let _ = decode(&pattern, text.as_bytes());
        }
    }
}

/// A part of a pattern, for the naive search.
#[derive(Clone, Debug)]
enum TestPart {
    White,
    Text(&'static str),
    Hole(&'static str),
}

fn time_parts() -> impl Strategy<Value = Vec<TestPart>> {
    let literal = prop_oneof![
        3 => Just(TestPart::White),
        1 => Just(TestPart::Text("[")),
        1 => Just(TestPart::Text("]")),
        1 => Just(TestPart::Text(":")),
        1 => Just(TestPart::Text("0")),
    ];
    let hole = prop_oneof![Just(TestPart::Hole("time")), Just(TestPart::Hole("")), Just(TestPart::Hole("word"))];
    let pairs = proptest::collection::vec((literal, hole), 1..3);
    (any::<bool>(), pairs, any::<bool>()).prop_map(|(begins, pairs, ends)| {
        let mut parts = Vec::new();
        if begins {
            parts.push(TestPart::Hole("time"));
        }
        for (literal, hole) in pairs {
            parts.extend([literal, hole]);
        }
        if ends {
            parts.push(TestPart::Text("]"));
        }
        parts
    })
}

/// The holes of the parts from an offset, trying every choice in order.
fn naive(text: &[u8], at: usize, parts: &[TestPart], is_first: bool) -> Option<Vec<(usize, usize)>> {
    let Some((part, rest)) = parts.split_first() else {
        return Some(Vec::new());
    };
    let go = |end: usize| naive(text, end, rest, false);
    let is_before_white = matches!(rest.first(), Some(TestPart::White));
    let is_white = |byte: &u8| literal::is_white(*byte);
    match part {
        TestPart::White => {
            let white = text[at..].iter().take_while(|byte| is_white(byte)).count();
            (1..=white).rev().find_map(|length| go(at + length))
        }
        TestPart::Text(literal) => {
            let is_there = text[at..].starts_with(literal.as_bytes());
            is_there.then(|| go(at + literal.len()))?
        }
        TestPart::Hole(kind) => {
            let around = Surroundings { is_first, is_last: rest.is_empty() };
            let found = |end: usize| {
                let mut places = vec![(at, end)];
                places.extend(go(end)?);
                Some(places)
            };
            let ends = at..=text.len();
            match *kind {
                "time" => {
                    let starts = at..=at + usize::from(!is_first && torn::is_opener(text, at));
                    starts.into_iter().find_map(|start| {
                        let next = |end: &usize| times::shorter(text, start, *end, around);
                        let first = times::longest(text, start, around);
                        std::iter::successors(first, next).find_map(|end| {
                            let closers = if is_before_white { torn::closers(text, end) } else { 0 };
                            let holes = (0..=closers).find_map(|closers| go(end + closers))?;
                            Some([vec![(start, end)], holes].concat())
                        })
                    })
                }
                "word" => {
                    let word = text[at..].iter().take_while(|byte| !is_white(byte)).count();
                    let mut lengths: Vec<usize> = (1..=word).collect();
                    if around.is_last {
                        lengths.reverse();
                    }
                    lengths.into_iter().find_map(|length| found(at + length))
                }
                _ if around.is_last => found(text.len()),
                _ => ends.clone().find_map(found),
            }
        }
    }
}

fn time_line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("2026-01-02"),
        Just(" 10:00:30"),
        Just(",25"),
        Just(" "),
        Just("["),
        Just("]"),
        Just(":"),
        Just(" +0200"),
        Just(" EST"),
        Just("Jan  2 10:00:30"),
        Just("1431857103"),
        Just("0"),
        Just("x"),
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_time_is_the_longest_that_lets_the_rest_match(parts in time_parts(), text in time_line()) {
        let mut written = String::new();
        let mut names = 0..;
        for part in &parts {
            match part {
                TestPart::White => written.push(' '),
                TestPart::Text(literal) => written.push_str(literal),
                TestPart::Hole("") => written.push_str(&format!("{{h{}}}", names.next().unwrap_or(0))),
                TestPart::Hole(kind) => written.push_str(&format!("{{h{}:{kind}}}", names.next().unwrap_or(0))),
            }
        }
        let pattern = LinePattern::new(written.as_bytes()).expect("a right pattern");
        let text = text.as_bytes();
        let mut places = vec![(0, 0); pattern.holes.len()];
        let mut again = pattern.fallback.as_ref().map(Fallback::again);
        let found = pattern.find(text, &mut places, again.as_mut()).is_ok().then_some(places);
        let is_first = matches!(parts.first(), Some(TestPart::Hole(_)));
        let expected = (0..=text.len()).find_map(|start| naive(text, start, &parts, is_first));
        let expected = expected.filter(|places| pattern.torn(text, places).is_none());
        prop_assert_eq!(found, expected, "{}", written);
    }
}
