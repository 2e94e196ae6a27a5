//! `--report`: the results of the checks as JUnit XML for build servers.

use std::fmt::Write;
use std::time::Duration;

use super::check_report::{Case, Kind};

/// The start of every report.
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"bourn\"";

/// True if a file that begins with these bytes is the report of a run.
pub(super) fn is_report(start: &[u8]) -> bool {
    start.starts_with(HEAD.as_bytes())
}

/// The report of a run of `expression`.
pub(super) fn report(expression: &str, cases: &[Case], elapsed: Duration) -> String {
    let count = |wanted: fn(Kind) -> bool| {
        let fails = |case: &&Case| case.troubles.iter().any(|trouble| wanted(trouble.kind));
        cases.iter().filter(fails).count()
    };
    let (failures, errors) = (count(|kind| !is_error(kind)), count(is_error));
    let skipped = cases.iter().filter(|case| case.skipped.is_some()).count();
    let numbers = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{:.3}\"",
        cases.len(),
        elapsed.as_secs_f64()
    );
    let mut out = String::from(HEAD);
    // Writing to a String cannot fail.
    let _ = writeln!(out, " {numbers}>");
    let _ = writeln!(out, "  <testsuite name=\"{}\" {numbers}>", escaped(expression));
    for case in cases {
        write_case(case, &mut out);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// True if the check could not be made; false if it failed.
fn is_error(kind: Kind) -> bool {
    kind == Kind::Run
}

fn write_case(case: &Case, out: &mut String) {
    let name = escaped(&case.name);
    let _ = write!(out, "    <testcase name=\"{name}\" classname=\"bourn\" time=\"0.000\"");
    if let Some(reason) = &case.skipped {
        let _ = writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escaped(reason));
        return;
    }
    if case.troubles.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for trouble in &case.troubles {
        let tag = if is_error(trouble.kind) { "error" } else { "failure" };
        let kind = match trouble.kind {
            Kind::Assert => "assert",
            Kind::Until => "until",
            Kind::Rejects => "max-rejects",
            Kind::Strict => "strict",
            Kind::Run => "run",
        };
        let message = escaped(&trouble.message);
        let rows = escaped_text(&trouble.rows);
        let _ = writeln!(out, "      <{tag} message=\"{message}\" type=\"{kind}\">{rows}</{tag}>");
    }
    out.push_str("    </testcase>\n");
}

/// Escapes text of an element. Characters that XML 1.0 does not allow are left out.
fn escaped_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars().filter(|character| is_xml(*character)) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
    out
}

/// Escapes the value of an attribute in double quotes, including white space, which a parser would normalize.
fn escaped(text: &str) -> String {
    escaped_text(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

/// True for a character that XML 1.0 allows.
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_or_drops_special_characters() {
        assert_eq!(escaped("a<b & \"c\"\n\t\r"), "a&lt;b &amp; &quot;c&quot;&#10;&#9;&#13;");
        assert_eq!(escaped_text("]]>\0\u{1b}[0m\u{fffe}é\u{1f600}"), "]]&gt;[0mé\u{1f600}");
    }
}
