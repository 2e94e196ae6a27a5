//! How a run ends: every exit status, alone and with the others, and the report for a build server.

#![cfg(target_os = "linux")] // waits for pipes to be read

#[path = "support/child.rs"]
#[allow(dead_code)]
mod child;
#[path = "support/program.rs"]
mod program;

use std::time::{Duration, Instant};

use child::Child;
use program::{Files, bourn};

/// What is promised to happen at once; the machine may be busy.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Whether each of these can happen in a run, by the exit status that it has alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Check = 1,
    Source = 3,
    Rejects = 4,
}

/// The last of these is the one that counts.
const BY_WEIGHT: [Trouble; 3] = [Trouble::Rejects, Trouble::Check, Trouble::Source];

/// Checks that fail and checks that hold, of two good records and whatever is rejected.
const CHECKS: &[(&str, &str)] = &[
    ("json | assert n != 2", "json | assert n < 9"),
    ("json | count | assert count == 0", "json | count | assert count == 2"),
    ("json | sort n | assert n > 1", "json | sort n | assert n > 0"),
    ("json | count by n | window 1 rows | assert n != 2", "json | count by n | window 1 rows | assert n < 9"),
    ("json | until n > 2", "json | until n > 1"),
    ("json | count | until count > 2", "json | count | until count > 1"),
    ("json | sort n | until n > 2", "json | sort n | until n > 1"),
    ("json | count by n | window 1 rows | until n > 2", "json | count by n | window 1 rows | until n > 1"),
    ("json | assert n != 2 | until n > 1", "json | assert n < 9 | until n > 1"),
];

#[test]
fn of_several_troubles_the_one_that_makes_the_others_doubtful_counts() {
    let files = Files::new();
    let good = files.write("good.json", b"{\"n\":1}\n{\"n\":2}\n");
    // Records after the one that `until` waits for may not be read, so the bad one comes first.
    let bad = files.write("bad.json", b"{\n{\"n\":1}\n{\"n\":2}\n");
    let missing = files.path().join("missing.json");
    let missing = missing.to_str().expect("a plain path");
    for (fails, holds) in CHECKS {
        for set in 0..8 {
            let has = |bit: u32| set >> bit & 1 == 1;
            let troubles = BY_WEIGHT.into_iter().zip(0..).filter(|(_, bit)| has(*bit)).map(|(trouble, _)| trouble);
            let expected = troubles.last().map_or(0, |trouble| trouble as i32);
            let expression = if has(1) { fails } else { holds };
            let file = if has(0) { &bad } else { &good };
            let mut arguments = vec!["--max-rejects", "0", "-o", "json", expression];
            arguments.extend(has(2).then_some(missing)); // in front: what until waits for ends the run
            arguments.push(file);
            let ended = bourn(&arguments, b"");
            assert_eq!(ended.status, Some(expected), "{arguments:?}\n{}", ended.stderr);
            let quiet = bourn(&[&["--quiet"], arguments.as_slice()].concat(), b"");
            assert_eq!(quiet.status, ended.status, "{arguments:?}");
            assert_eq!((quiet.stdout, quiet.stderr.as_str()), (ended.stdout, ""));
        }
    }
}

#[test]
fn a_mistake_comes_before_everything() {
    for arguments in [
        ["--max-rejects", "0", "count | assert", "missing"],
        ["--max-rejects", "x", "count | assert count > 5", "missing"],
        ["--report", "/none/report.xml", "count", "missing"],
    ] {
        let ended = bourn(&arguments, b"{\n");
        assert_eq!(ended.status, Some(2), "{arguments:?}");
        assert_eq!(ended.stdout, "");
        assert!(!ended.stderr.contains("missing:"), "{}", ended.stderr);
    }
}

#[test]
fn a_signal_outweighs_checks_sources_and_rejects() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        for expression in [
            "json | count | assert count == 0",
            "json | count | until count > 5",
            "json | assert n > 5",
            "json | count | assert count == 0 | window 1h",
        ] {
            let mut child = Child::start(&["--max-rejects", "0", expression, "/none/missing.json", "-"]);
            child.feed("{\"n\":1}\n{\n");
            child.signal(signal);
            let ended = child.end_within(AT_ONCE);
            assert_eq!(ended.status, Some(status), "{expression}: {}", ended.stderr);
            assert!(!ended.stdout.is_empty(), "{expression}: results are printed");
            assert!(ended.stderr.contains("1 rejected"), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_closed_pipe_hides_no_broken_assert() {
    for (expression, status) in [
        ("count | assert count == 0", 1),
        ("count | assert count > 0", 0),
        ("count | until count > 5", 0),
        ("assert line != 'a'", 1),
        ("assert line != 'b'", 0),
        ("until line == 'b'", 0),
    ] {
        let mut child = Child::start_unread(&[expression]);
        drop(child.take_stdout());
        child.feed("a\n");
        drop(child.take_stdin());
        let ended = child.end_within(AT_ONCE);
        assert_eq!(ended.status, Some(status), "{expression}: {}", ended.stderr);
        assert_eq!(ended.stderr.is_empty(), status == 0, "{}", ended.stderr);
    }
}

#[test]
fn a_full_disk_is_a_failure_whatever_the_checks_say() {
    for expression in ["count | assert count == 0", "count | until count > 0"] {
        let full = std::fs::File::create("/dev/full").expect("the device of no room");
        let ended = child::bourn(&[expression])
            .stdin(std::process::Stdio::null())
            .stdout(full)
            .output()
            .expect("the binary starts");
        assert_eq!(ended.status.code(), Some(3), "{expression}");
    }
}

// ── until, live ──

#[test]
fn a_result_is_looked_at_while_the_input_goes_on() {
    for expression in [
        "match 'ready' | count | until count > 0",
        "match 'ready' | limit 9 | count | until count > 0",
        "match 'ready' | count by line | count | until count > 0",
        "match 'ready' | count by line | sort count | let n = count | select n | until n > 0",
    ] {
        let mut child = Child::start(&[expression]);
        child.feed("starting\n");
        assert_eq!(child.line_within(Duration::from_millis(400)), None);
        child.feed("ready\n");
        let fed = Instant::now();
        assert_eq!(child.line_within(AT_ONCE).as_deref(), Some("1"), "{expression}");
        let ended = child.end_within(AT_ONCE);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{expression}");
        assert!(fed.elapsed() < Duration::from_secs(2), "{:?}", fed.elapsed());
    }
}

#[test]
fn looking_takes_nothing_from_a_result_of_many_groups() {
    let words = |from: usize, to: usize| {
        let lines: Vec<String> = (from..to).map(|word| format!("w{word}\n")).collect();
        lines.concat()
    };
    let mut child = Child::start(&["count by line | until count > 2"]);
    for part in 0..4 {
        child.feed(&words(part * 10_000, part * 10_000 + 20_000)); // most twice
        std::thread::sleep(Duration::from_millis(150)); // it is looked at
        assert!(child.is_running(), "no word came three times");
    }
    child.feed("w25000\n");
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.stdout.as_str(), ended.status), ("w25000\t3\n", Some(0)));

    let mut child = Child::start(&["count by line | until count > 2 | assert count < 3"]);
    child.feed(&words(0, 20_000));
    std::thread::sleep(Duration::from_millis(150));
    child.feed(&words(5_000, 6_000));
    drop(child.take_stdin());
    let ended = child.end_within(AT_ONCE);
    assert_eq!(ended.stdout.lines().count(), 20_000);
    assert_eq!(ended.stdout.lines().filter(|line| line.ends_with("\t2")).count(), 1_000);
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    assert_eq!(ended.stderr, "bourn: until count > 2 was not reached\n");
}

#[test]
fn a_record_ends_the_run_when_it_comes() {
    let mut child = Child::start(&["until line == 'ready'"]);
    child.feed("starting\n");
    assert_eq!(child.line_within(AT_ONCE).as_deref(), Some("starting"));
    child.feed("ready\n");
    assert_eq!(child.line_within(AT_ONCE).as_deref(), Some("ready"));
    assert_eq!(child.end_within(AT_ONCE).status, Some(0));
}

#[test]
fn the_ledger_holds_when_the_run_ends_early() {
    let input: String = (0..5000).map(|number| format!("{number}\n")).collect();
    for (chunk, expression) in [
        ("1", "until line == 700"),
        ("64", "until line == 700"),
        ("1MiB", "until line == 700"),
        ("1MiB", "skip /5$/ | until line == 702"),
        ("64", "sort line | until line == 700"),
    ] {
        let ended = bourn(&["--stats", "--chunk", chunk, expression], input.as_bytes());
        assert_eq!(ended.status, Some(0), "{expression}: {}", ended.stderr);
        let equation = ended.stderr.lines().next().unwrap_or_default();
        let numbers: Vec<u64> =
            equation.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
        assert_eq!(numbers[0], numbers[1..].iter().sum(), "{expression}: {equation}");
        let printed = ended.stdout.lines().count() as u64;
        let is_result = expression.starts_with("sort");
        assert!(is_result || numbers[1] == printed, "{expression}: {equation}");
    }
}

#[test]
fn a_window_ends_the_run_when_it_is_final() {
    let mut child = Child::start(&["count by line | window 2 rows | until count == 2"]);
    child.feed("a\nb\n");
    child.feed("c\nc\n");
    let ended = child.end_within(AT_ONCE);
    assert_eq!(ended.stdout, "1\t2\ta\t1\n1\t2\tb\t1\n3\t4\tc\t2\n");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[test]
fn a_limit_stops_the_input_of_a_count_that_is_one_too_many() {
    let mut child = Child::start(&["match 'FATAL' | limit 1 | count | assert count == 0"]);
    child.feed("ok\nFATAL\n");
    let ended = child.end_within(AT_ONCE);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), "1\n"));
}

// ── the report ──

#[test]
fn a_report_names_every_check() {
    let files = Files::new();
    let source = files.write("a.json", b"{\"n\":1,\"t\":\"<&\\\"]]>\\u0000\\u001b[0m\\ufffe\"}\n{\n{\"n\":2}\n");
    let report = files.path().join("report.xml");
    let path = report.to_str().expect("a plain path");
    let expression = "json | select n, t | assert n > 1 \"a<b & 'c'\" | assert n < 9 | until n > 5";
    let arguments = ["--report", path, "--max-rejects", "0", expression, &source];
    let ended = bourn(&arguments, b"");
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let text = std::fs::read_to_string(&report).expect("the report");
    let elements = xml::elements(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    let cases: Vec<&str> =
        elements.iter().filter(|element| element.name == "testcase").map(|element| element.attribute("name")).collect();
    assert_eq!(
        cases,
        ["assert n > 1", "assert n < 9", "until n > 5", "--max-rejects 0", "everything is read and written"]
    );
    let suite = elements.iter().find(|element| element.name == "testsuite");
    let suite = suite.expect("a suite");
    assert_eq!(suite.attribute("name"), expression);
    assert_eq!((suite.attribute("tests"), suite.attribute("failures")), ("5", "3"));
    assert_eq!(suite.attribute("errors"), "0");
    let failures: Vec<&xml::Element> = elements.iter().filter(|element| element.name == "failure").collect();
    assert_eq!(failures.len(), 3);
    assert_eq!(failures[0].attribute("message"), "a<b & 'c': assert n > 1 failed for 1 of 2 rows");
    assert!(failures[0].text.contains("<&\"]]>"), "{}", failures[0].text);
    assert_eq!(failures[1].attribute("message"), "until n > 5 was not reached");
}

#[test]
fn a_report_of_a_good_run_has_no_failure_and_replaces_the_last_one() {
    let files = Files::new();
    let report = files.write("report.xml", b"what was there");
    for _ in 0..2 {
        let ended = bourn(&["--report", &report, "count | assert count == 1"], b"a\n");
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let text = std::fs::read_to_string(&report).expect("the report");
        let elements = xml::elements(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
        assert!(elements.iter().all(|element| element.name != "failure"));
    }
    let left = std::fs::read_dir(files.path()).expect("a directory").count();
    assert_eq!(left, 1, "nothing is left beside the report");
}

#[test]
fn a_report_says_what_could_not_be_read() {
    let files = Files::new();
    let report = files.path().join("report.xml");
    let path = report.to_str().expect("a plain path");
    let ended = bourn(&["--report", path, "count", "/none/a.log"], b"");
    assert_eq!(ended.status, Some(3));
    let text = std::fs::read_to_string(&report).expect("the report");
    let elements = xml::elements(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    let error = elements.iter().find(|element| element.name == "error");
    let error = error.expect("an error");
    assert_eq!(error.attribute("message"), "/none/a.log: no such file or directory");
}

#[test]
fn a_report_is_written_when_the_run_is_interrupted_but_not_before_its_end() {
    let files = Files::new();
    let report = files.path().join("report.xml");
    let path = report.to_str().expect("a plain path");
    let mut child = Child::start(&["--report", path, "count | assert count > 1"]);
    child.feed("a\n");
    let names = std::fs::read_dir(files.path()).expect("a directory").count();
    assert_eq!(names, 0, "nothing half-written lies about");
    child.signal("TERM");
    assert_eq!(child.end_within(AT_ONCE).status, Some(143));
    let text = std::fs::read_to_string(&report).expect("the report");
    let elements = xml::elements(&text).unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    assert!(elements.iter().any(|element| element.name == "error"));
    assert!(elements.iter().any(|element| element.name == "failure"));
}

#[test]
fn a_report_that_cannot_be_written_at_the_end_is_a_failure() {
    let ended = bourn(&["--report", "/dev/full", "count | assert count > 5"], b"a\n");
    assert_eq!(ended.status, Some(3));
    assert_eq!(ended.stdout, "1\n");
    assert!(ended.stderr.contains("/dev/full: no space left on device"), "{}", ended.stderr);
}

#[test]
fn a_report_that_cannot_be_written_empties_no_file() {
    let files = Files::new();
    let rejects = files.write("rejects", b"of the last run");
    let missing = files.path().join("none/report.xml");
    let missing = missing.to_str().expect("a plain path");
    let ended = bourn(&["--rejects", &rejects, "--report", missing, "json | count"], b"{\n");
    assert_eq!(ended.status, Some(2));
    assert_eq!(std::fs::read(&rejects).expect("the file"), b"of the last run");
}

/// A small check of XML: what is not well-formed is said, not read over.
mod xml {
    /// An element with its own text.
    #[derive(Debug)]
    pub struct Element {
        pub name: String,
        attributes: Vec<(String, String)>,
        pub text: String,
    }

    impl Element {
        pub fn attribute(&self, name: &str) -> &str {
            let found = self.attributes.iter().find(|(own, _)| own == name);
            found.map_or_else(|| panic!("no {name} in {self:?}"), |(_, value)| value)
        }
    }

    /// All elements in the order in which they begin.
    pub fn elements(text: &str) -> Result<Vec<Element>, String> {
        let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").ok_or("no declaration")?;
        let (mut elements, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
        while let Some(start) = rest.find('<') {
            let (before, tag) = rest.split_at(start);
            let content = unescaped(before)?;
            match open.last() {
                Some(last) => elements[*last].text.push_str(&content),
                None if content.trim().is_empty() => {}
                None => return Err(format!("text outside: {content}")),
            }
            let end = tag.find('>').ok_or("a tag without an end")?;
            let (inner, after) = (&tag[1..end], &tag[end + 1..]);
            rest = after;
            if let Some(name) = inner.strip_prefix('/') {
                let last = open.pop().ok_or("an end without a beginning")?;
                if elements[last].name != name {
                    return Err(format!("</{name}> ends <{}>", elements[last].name));
                }
                continue;
            }
            let (inner, is_empty) = match inner.strip_suffix('/') {
                Some(inner) => (inner, true),
                None => (inner, false),
            };
            if open.is_empty() && !elements.is_empty() {
                return Err("two roots".to_owned());
            }
            elements.push(element(inner)?);
            if !is_empty {
                open.push(elements.len() - 1);
            }
        }
        if !open.is_empty() || !rest.trim().is_empty() || elements.is_empty() {
            return Err("it does not end".to_owned());
        }
        Ok(elements)
    }

    fn element(inner: &str) -> Result<Element, String> {
        let (name, mut rest) = inner.split_once(' ').unwrap_or((inner, ""));
        let mut attributes = Vec::new();
        while !rest.trim().is_empty() {
            let (name, after) = rest.split_once("=\"").ok_or("an attribute without value")?;
            let (value, after) = after.split_once('"').ok_or("a value without end")?;
            attributes.push((name.trim().to_owned(), unescaped(value)?));
            rest = after;
        }
        Ok(Element { name: name.to_owned(), attributes, text: String::new() })
    }

    fn unescaped(text: &str) -> Result<String, String> {
        let is_xml =
            |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        if let Some(bad) = text.chars().find(|c| !is_xml(*c) || *c == '>') {
            return Err(format!("{bad:?} in {text}"));
        }
        let mut pieces = text.split('&');
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once(';').ok_or("a bare &")?;
            out.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "#9" => '\t',
                "#10" => '\n',
                "#13" => '\r',
                other => return Err(format!("&{other};")),
            });
            out.push_str(rest);
        }
        Ok(out)
    }

    #[test]
    fn what_is_not_well_formed_is_found() {
        const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        for wrong in ["<a>", "<a></b>", "<a>&</a>", "<a x=\"1>\"/>", "<a/><b/>", "<a>\u{1}</a>", ""] {
            assert!(elements(&format!("{HEAD}{wrong}")).is_err(), "{wrong}");
        }
        let right = elements(&format!("{HEAD}<a x=\"&lt;\"><b/>c&amp;</a>\n")).expect("it is right");
        assert_eq!((right[0].attribute("x"), right[0].text.as_str()), ("<", "c&"));
    }
}
