//! Mistakes that only the plan can see, each marked at its place.

use super::*;

/// The parts of an expression that its errors mark, in the order of the errors.
pub(super) fn marked(text: &str, settings: Settings) -> Vec<String> {
    let found = Plan::read(text, settings).err().unwrap_or_default();
    found.iter().map(|error| text[error.span.start..error.span.end].to_owned()).collect()
}

fn settings() -> Settings {
    Settings { inputs: vec!["b".to_owned()], ..Settings::from(OutputMode::AsItCame) }
}

#[test]
fn a_mistake_is_marked_where_it_is() {
    let mistakes = [
        ("csv as k, n | select k, n as k", "n"),
        ("csv as k, n | drop x | sort k", "x"),
        ("count by line | where n > 1", "n"),
        ("select upper(line) as up | count by line", "line"),
        ("count | window 5 rows | window 1m", "window 1m"),
        ("where line ~ 'x' | window 1m", "window 1m"),
        ("rate | window 5 rows", "rate"),
        ("csv as window_end, n | sort n | window 5 rows", "sort n"),
        ("assert line ~ 'x' | limit 2", "assert line ~ 'x'"),
        ("until line == 'a' | until line == 'b'", "until line == 'b'"),
        ("running rate over 3 rows", "rate"),
        ("running count, delta(len(line)) over 3 rows", "delta(len(line))"),
        ("count, delta(len(line)) by line", "delta"),
        ("running sum(len(line)) over 0 rows", "0"),
        ("running sum(len(line)) as s, max(len(line)) as s", "max(len(line)) as s"),
        ("p101(len(line))", "p101"),
        ("count, percentile(len(line), 0.5)", "0.5"),
        ("collect(line, 0)", "0"),
        ("linreg(len(line))", "linreg(len(line))"),
        ("sum('a')", "'a'"),
        ("let x = total(len(line))", "total(len(line))"),
        ("count by line | cuont", "cuont"),
        ("len(line) | count", "len(line)"),
        ("fold s = 0 then s + 1, s = 1 then s", "s"),
        ("union c", "c"),
        ("union b | union b", "b"),
        ("union (b | sort line)", "sort line"),
        ("csv as k, n | join (b | csv as k, n) on k within 1m", "b"),
        ("count by line | join (b | csv as k, n) on line = k within 1m", "join"),
    ];
    let found = mistakes.map(|(text, _)| (text, marked(text, settings()).join(", ")));
    assert_eq!(found, mistakes.map(|(text, mark)| (text, mark.to_owned())));
}

/// A name in two places is an error at the later one.
#[test]
fn a_repeated_name_is_marked_at_its_second_place() {
    for (text, start) in [
        ("count as n, sum(len(line)) as n by line", 12),
        ("csv as k, n, k", 13),
        ("running fold a = 0 then a + 1, b = 0 then a, a = 1 then b", 45),
        ("union b | where line ~ 'x' | union b", 35),
    ] {
        let found = Plan::read(text, settings()).err().unwrap_or_default();
        let starts: Vec<usize> = found.iter().map(|error| error.span.start).collect();
        assert_eq!(starts, [start], "{text}");
    }
}

/// All mistakes are reported at once, but no unknown name after a stage whose fields are not known.
#[test]
fn mistakes_of_several_stages_are_reported_together() {
    let text = "limit -1 | sample 200% | tail x | where nope > 1";
    assert_eq!(marked(text, settings()), ["-1", "200%", "x"]);
    let text = "where nope > 1 and other < 2 | let m = upper(1, 2) | count by another | limit -1";
    let found = marked(text, settings());
    assert_eq!(found[..2], ["nope", "other"]);
    assert_eq!(found.last().map(String::as_str), Some("-1"));
    assert!(!found.contains(&"another".to_owned()), "{found:?}");
    let many = (0..40).map(|_| "limit -1").collect::<Vec<_>>().join(" | ");
    assert_eq!(marked(&many, settings()).len(), MAX_DIAGNOSTICS);
}
