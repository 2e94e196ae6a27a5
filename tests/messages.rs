//! What a message suggests can be typed: every suggestion in the messages of all cases is parsed and bound again.

use std::path::Path;
use std::process::{Command, Output};

use bourn::lang;
use bourn::plan::{OutputMode, Plan, Settings};
use toml::{Table, Value};

/// Where a suggestion may be meant: as a stage, a condition, a value, an operator, an aggregate, or a part of a stage.
const PLACES: &[&str] = &[
    "{}",
    "json | {}",
    "json | {} | count",
    "json | count by x | {}",
    "json | count | {}",
    "json | where {}",
    "json | let z = {}",
    "json | where a {} b",
    "json | where {} a",
    "json | where a {} /b/",
    "json | count | window {}",
    "json | count | window 1m {}",
    "json | count | window 1m on a {}",
    "json | running count {}",
    "json | running avg(a) {}",
    "json | count {}",
    "json | count by x {}",
    "json | sort {}",
    "json | join (b | json) {} within 1s",
    "json | join (b | json) on id {}",
    "json | lookup \"f.csv\" {}",
    "json | let {}",
    "match {}",
    "json | parse {}",
];

/// Words around a suggestion that say where it goes.
const AROUND: &[&str] = &[
    " before it",
    " in front of",
    " before it",
    " after it",
    " for groups",
    " to merge in its records",
    " where all records go through it",
    " for the last 10 records of a stream",
    " in its place",
    " for ",
    "', or leave",
    ", or a time such as",
];

fn accepts(text: &str) -> bool {
    let settings = Settings {
        inputs: ["a", "b", "c", "x"].map(str::to_owned).to_vec(),
        side_files: bourn::expr::FileContents::sample(b"id,name,column,a,x,line\n1,a,b,c,d,e\n"),
        ..Settings::from(OutputMode::AsItCame)
    };
    lang::parse(text).and_then(|pipeline| Plan::of(&pipeline, settings)).is_ok()
}

fn is_accepted(suggestion: &str) -> bool {
    let is_option = suggestion.starts_with("--")
        || suggestion.starts_with("-o ")
        || suggestion.starts_with("-j ")
        || suggestion == "-x FILE";
    let is_source = suggestion.contains("://");
    is_option || is_source || PLACES.iter().any(|place| accepts(&place.replace("{}", suggestion)))
}

/// The suggestions of a help: what follows `write`, in back quotes or up to the end.
fn suggestions(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("write ") else {
        return Vec::new();
    };
    if rest.starts_with('`') {
        let quoted = rest.split('`').skip(1).step_by(2);
        return quoted.map(str::to_owned).collect();
    }
    if ["it ", "them ", "this stage ", "what follows", "a time such as", "+ for "]
        .iter()
        .any(|prose| rest.starts_with(prose))
    {
        return rest.split_once(": ").map(|(_, here)| here.to_owned()).into_iter().collect();
    }
    let rest = rest
        .strip_prefix("… | ")
        .or_else(|| rest.strip_prefix("'… | ").map(|rest| rest.trim_end_matches('\'')))
        .or_else(|| rest.strip_prefix("a longer slide, such as "))
        .unwrap_or(rest);
    let rest = AROUND.iter().fold(rest.to_owned(), |rest, around| match rest.split_once(around) {
        Some((before, _)) => before.to_owned(),
        None => rest,
    });
    vec![rest]
}

/// Whether a suggestion holds if read as a whole, or as alternatives: `window 30s or window 30 rows`.
fn holds(suggestion: &str) -> bool {
    let whole = suggestion.trim_end_matches('?');
    if whole.starts_with("bourn ") || is_accepted(whole) {
        return true;
    }
    let pieces = whole.split("; ").next().unwrap_or(whole);
    let pieces: Vec<&str> = pieces.split(" or ").flat_map(|piece| piece.split(", or ")).collect();
    pieces.iter().all(|piece| {
        let piece = piece.trim().trim_matches('`').trim_end_matches(',');
        is_accepted(piece) || piece.split(", ").all(|piece| is_accepted(piece.trim_matches('`')))
    })
}

/// The helps in the source that are whole: those with holes are met in the cases.
fn helps_in_source() -> Vec<String> {
    let literal = regex::Regex::new(r#"help(?:: Some)?\(\s*(?:format!\(\s*)?"((?:[^"\\]|\\.)*)""#).expect("a regex");
    let hole = regex::Regex::new(r"\{[a-z_.]*\}").expect("a regex");
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a file");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                for help in literal.captures_iter(code) {
                    let text = help[1]
                        .replace("\\\"", "\"")
                        .replace("\\\\", "\\")
                        .replace("{{", "\u{1}")
                        .replace("}}", "\u{2}");
                    if hole.is_match(&text) {
                        continue; // the cases meet it
                    }
                    let text = text.replace('\u{1}', "{").replace('\u{2}', "}");
                    found.push(format!("{}: {text}", path.display()));
                }
            }
        }
    }
    found
}

#[test]
fn every_suggestion_in_the_source_is_accepted() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for help in helps_in_source() {
        for suggestion in suggestions(&help) {
            seen += 1;
            if !holds(&suggestion) {
                wrong.push(format!("{help}\n    {suggestion}"));
            }
        }
    }
    assert!(seen > 15, "only {seen} suggestions");
    assert!(wrong.is_empty(), "{} of {seen} suggestions are not accepted:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a case types and has.
struct Case {
    args: Vec<String>,
    files: Vec<String>,
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("the cases can be listed") {
        let path = entry.expect("the cases can be listed").path();
        let text = std::fs::read_to_string(&path).expect("a case file can be read");
        let table: Table = text.parse().expect("a case file is TOML");
        for case in table["case"].as_array().expect("cases") {
            let case = case.as_table().expect("a case");
            if case.get("status").and_then(Value::as_integer) != Some(2) {
                continue;
            }
            let strings = |value: Option<&Value>| -> Vec<String> {
                let list = value.and_then(Value::as_array).into_iter().flatten();
                list.filter_map(|item| Some(item.as_str()?.to_owned())).collect()
            };
            let files = case.get("files").and_then(Value::as_table);
            found.push(Case {
                args: strings(case.get("args")),
                files: files.into_iter().flat_map(|files| files.keys().cloned()).collect(),
            });
        }
    }
    found
}

fn run(case: &Case) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    for name in &case.files {
        std::fs::write(directory.path().join(name), "id,name\n1,a\n").expect("a file");
    }
    let here = directory.path().to_string_lossy();
    Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(case.args.iter().map(|argument| argument.replace("$DIR", &here)))
        .current_dir(directory.path())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the program runs")
}

#[test]
fn every_suggestion_of_every_case_is_accepted() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for case in cases() {
        let stderr = String::from_utf8_lossy(&run(&case).stderr).into_owned();
        for help in stderr.lines().filter_map(|line| line.split_once("= help: ")).map(|(_, help)| help) {
            for suggestion in suggestions(help) {
                seen += 1;
                if !holds(&suggestion) {
                    wrong.push(format!("{:?}\n    {help}\n    {suggestion}", case.args));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} suggestions");
    assert!(wrong.is_empty(), "{} of {seen} suggestions are not accepted:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn suggestions_are_found_in_helps() {
    for (help, expected) in [
        ("write count by x", vec!["count by x"]),
        ("did you mean `sum`? write sum(x)", vec!["sum(x)"]),
        ("write `a == null` or `a != null`", vec!["a == null", "a != null"]),
        ("write … | limit 5", vec!["limit 5"]),
        ("write limit 5 before it", vec!["limit 5"]),
        ("usage: tail N", vec![]),
    ] {
        assert_eq!(suggestions(help), expected, "{help}");
    }
    assert!(holds("window 30s or window 30 rows") && !holds("stats count") && !holds("where a && b"));
}
