//! Cases as files: `tests/cases/*.toml`. What a user types, gives and sees; nothing of how it is done.
//!
//! ```toml
//! [[case]]
//! name = "what the case shows"
//! args = ["count by line"]          # options, expression, sources; `$DIR` is the working directory
//! stdin = "a\nb\na\n"               # or stdin_hex = "61 0a ff"; without either, stdin is empty
//! files = { "a.log" = "x\n" }       # in a new directory, which is the working directory; or
//!                                   # { "a.gz" = { hex = "1f 8b" } }
//! stdout = "a\t2\nb\t1\n"           # exact; or stdout_hex
//! stderr = ""                       # exact; or stderr_has = ["did you mean"]: pieces in any order
//! status = 0                        # which it is without
//! configurations = false            # run it once only
//! ```
//!
//! A case with input is run in every one of [`CONFIGURATIONS`] and must do the same in each: that nothing
//! depends on threads, chunks or batches is a promise of the language.

use std::fmt::Write;
use std::process::Output;
use std::time::Duration;

use toml::{Table, Value};

/// Options before those of a case.
const CONFIGURATIONS: &[&[&str]] = &[
    &[],
    &["-j", "1"],
    &["-j", "8", "--chunk", "1"],
    &["-j", "2", "--chunk", "4KiB"],
    &["-j", "3", "--batch", "1ms"],
    &["-j", "2", "--chunk", "100", "--memory", "1"],
];

/// A case that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// One test for each file.
macro_rules! case_files {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run_file(stringify!($name));
        })*

        const FILES: &[&str] = &[$(stringify!($name)),*];
    };
}

case_files!(
    aggregate_durations
    aggregate_values
    aggregates
    aggregates2
    approx
    borrowed
    chart
    checks
    collected
    counts
    csv
    delivery
    errors
    explode
    expressions
    fill
    formats
    functions2
    green
    header
    input
    input_faults
    join
    json_shapes
    levels
    live
    logfmt
    lookup
    lookup_stages
    memory
    messages
    neighbours
    newcomer
    open
    order
    output
    over_interval
    parse
    paths
    print
    ranges
    sessions
    shapes
    stages
    stamp
    state
    targets
    text_in_text
    time_holes
    times
    top
    total
    union
    values
    window_state
    windows
);

#[test]
fn every_file_is_run() {
    let mut files: Vec<String> = std::fs::read_dir(directory())
        .expect("tests/cases can be listed")
        .map(|entry| entry.expect("tests/cases can be listed").file_name())
        .filter_map(|name| Some(name.to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    files.sort();
    assert_eq!(files, FILES, "tests/cases and the list in tests/cases.rs");
}

fn directory() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// Runs all cases of a file and tells of every one that failed.
fn run_file(file: &str) {
    let path = directory().join(file).with_extension("toml");
    let text = std::fs::read_to_string(&path).expect("the case file can be read");
    let cases = read_cases(&text).unwrap_or_else(|problem| panic!("{file}.toml: {problem}"));
    let mut failures = String::new();
    let mut failed = 0;
    for case in &cases {
        let found = case.run();
        if !found.is_empty() {
            failed += 1;
            let _ = write!(failures, "\n── {file}: {}\n{found}", case.name);
        }
    }
    assert!(failures.is_empty(), "{failed} of {} cases failed\n{failures}", cases.len());
}

/// A case as written.
#[derive(Debug, Default)]
struct Case {
    name: String,
    args: Vec<String>,
    stdin: Option<Vec<u8>>,
    files: Vec<(String, Vec<u8>)>,
    stdout: Option<Vec<u8>>,
    stderr: Stderr,
    status: i32,
    configurations: bool,
}

/// The expected text on stderr.
#[derive(Debug, Default)]
enum Stderr {
    #[default]
    Anything,
    Exactly(Vec<u8>),
    AllOf(Vec<String>),
}

impl Case {
    /// Runs the case in every configuration that it asks for; what went wrong, or nothing.
    fn run(&self) -> String {
        let has_input = self.stdin.is_some() || !self.files.is_empty();
        let configurations = if self.configurations && has_input { CONFIGURATIONS } else { &CONFIGURATIONS[..1] };
        let mut problems = String::new();
        let mut first: Option<Output> = None;
        for configuration in configurations {
            let found = match self.run_once(configuration) {
                Ok(output) => {
                    let mut found = self.compare(&output);
                    if let Some(first) = &first
                        && first.stdout != output.stdout
                    {
                        let _ = writeln!(found, "  stdout differs between configurations");
                    }
                    first.get_or_insert(output);
                    found
                }
                Err(error) => format!("  it did not run: {error}\n"),
            };
            if found.is_empty() || problems.contains(&found) {
                continue; // nothing, or the same as before
            }
            let own = self.args.iter().map(String::as_str);
            let args: Vec<&str> = configuration.iter().copied().chain(own).collect();
            let _ = write!(problems, "  bourn {}\n{found}", args.join(" "));
        }
        problems
    }

    fn run_once(&self, configuration: &[&str]) -> std::io::Result<Output> {
        let directory = tempfile::tempdir()?;
        for (name, content) in &self.files {
            let path = directory.path().join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, content)?;
        }
        let place = directory.path().to_string_lossy();
        assert_cmd::Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(configuration)
            .args(self.args.iter().map(|arg| arg.replace("$DIR", &place)))
            .current_dir(directory.path())
            .env_remove("TZ")
            .write_stdin(self.stdin.clone().unwrap_or_default())
            .timeout(PATIENCE)
            .output()
    }

    /// What is not as expected.
    fn compare(&self, output: &Output) -> String {
        let mut found = String::new();
        if let Some(expected) = &self.stdout
            && *expected != output.stdout
        {
            describe("stdout", expected, &output.stdout, &mut found);
        }
        let mut show_stderr = false;
        match &self.stderr {
            Stderr::Anything => {}
            Stderr::Exactly(expected) if *expected != output.stderr => {
                describe("stderr", expected, &output.stderr, &mut found);
            }
            Stderr::Exactly(_) => {}
            Stderr::AllOf(pieces) => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                for piece in pieces.iter().filter(|piece| !stderr.contains(*piece)) {
                    let _ = writeln!(found, "  stderr has no {piece:?}");
                    show_stderr = true;
                }
            }
        }
        if output.status.code() != Some(self.status) {
            let _ = writeln!(found, "  status: expected {}, found {}", self.status, output.status);
            show_stderr = true;
        }
        if show_stderr {
            let _ = writeln!(found, "  stderr: {}", escape(&output.stderr));
        }
        found
    }
}

fn describe(what: &str, expected: &[u8], found: &[u8], out: &mut String) {
    let _ = writeln!(out, "  {what}: expected {}", escape(expected));
    let _ = writeln!(out, "  {what}: found    {}", escape(found));
}

/// Bytes in quotes, as a literal has them.
fn escape(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

/// Reads a case file. Anything that is not understood is a problem, for it would not be tested.
fn read_cases(text: &str) -> Result<Vec<Case>, String> {
    let mut table: Table = text.parse().map_err(|error| format!("{error}"))?;
    let Some(Value::Array(list)) = table.remove("case") else {
        return Err("expected [[case]] tables".to_owned());
    };
    if let Some(key) = table.keys().next() {
        return Err(format!("unknown key `{key}`"));
    }
    let mut cases: Vec<Case> = Vec::new();
    for value in list {
        let Value::Table(table) = value else {
            return Err("expected [[case]] tables".to_owned());
        };
        let name = table.get("name").and_then(Value::as_str);
        let name = name.unwrap_or("a case without a name").to_owned();
        let case = read_case(table).map_err(|problem| format!("{name}: {problem}"))?;
        if case.name.is_empty() || cases.iter().any(|other| other.name == case.name) {
            return Err(format!("{name}: a name must be given, and only once"));
        }
        cases.push(case);
    }
    Ok(cases)
}

fn read_case(table: Table) -> Result<Case, String> {
    let mut case = Case { configurations: true, ..Case::default() };
    for (key, value) in table {
        match (key.as_str(), value) {
            ("name", Value::String(name)) => case.name = name,
            ("args", value) => case.args = strings(value)?,
            ("stdin", Value::String(text)) => case.stdin = Some(text.into_bytes()),
            ("stdin_hex", Value::String(text)) => case.stdin = Some(hex(&text)?),
            ("files", Value::Table(files)) => {
                for (name, content) in files {
                    let content = match content {
                        Value::String(text) => text.into_bytes(),
                        Value::Table(table) => match table.get("hex").and_then(Value::as_str) {
                            Some(digits) => hex(digits)?,
                            None => return Err(format!("expected {{ hex = \"…\" }} of `{name}`")),
                        },
                        _ => return Err(format!("expected the text of `{name}`")),
                    };
                    case.files.push((name, content));
                }
            }
            ("stdout", Value::String(text)) => case.stdout = Some(text.into_bytes()),
            ("stdout_hex", Value::String(text)) => case.stdout = Some(hex(&text)?),
            ("stderr", Value::String(text)) => case.stderr = Stderr::Exactly(text.into_bytes()),
            ("stderr_has", value) => case.stderr = Stderr::AllOf(strings(value)?),
            ("status", Value::Integer(status)) => {
                case.status = i32::try_from(status).map_err(|error| error.to_string())?;
            }
            ("configurations", Value::Boolean(value)) => case.configurations = value,
            (key, value) => return Err(format!("`{key}` is unknown or cannot be {value}")),
        }
    }
    if case.args.is_empty() {
        return Err("expected `args`".to_owned());
    }
    if case.stdout.is_none() && matches!(case.stderr, Stderr::Anything) {
        return Err("expected `stdout`, `stderr` or `stderr_has`".to_owned());
    }
    Ok(case)
}

fn strings(value: Value) -> Result<Vec<String>, String> {
    value.try_into().map_err(|error| format!("{error}"))
}

/// Bytes from pairs of hexadecimal digits, white space between as one likes.
fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|index| {
            let pair = digits.get(index..index + 2);
            pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or_else(|| format!("`{digits}` is not hexadecimal"))
        })
        .collect()
}

mod harness {
    use super::*;

    #[test]
    fn reads_what_a_case_may_say() {
        let text = r#"
            [[case]]
            name = "a"
            args = ["x", "$DIR/f"]
            stdin_hex = "61 0aFF"
            files = { f = "y" }
            stdout = ""
            stderr_has = ["z"]
            status = 2
            configurations = false
        "#;
        let cases = read_cases(text).expect("a good case");
        let case = &cases[0];
        assert_eq!(case.stdin.as_deref(), Some(&b"a\n\xff"[..]));
        assert_eq!(case.files, [("f".to_owned(), b"y".to_vec())]);
        assert_eq!((case.status, case.configurations), (2, false));
    }

    #[test]
    fn refuses_what_would_not_be_tested() {
        for text in [
            "",
            "[[case]]\nname = 'a'\nargs = ['x']",
            "[[case]]\nname = 'a'\nstdout = ''",
            "[[case]]\nargs = ['x']\nstdout = ''",
            "[[case]]\nname = 'a'\nargs = ['x']\nstdou = ''",
            "[[case]]\nname = 'a'\nargs = ['x']\nstdout_hex = '6'",
            "[[case]]\nname = 'a'\nargs = ['x']\nstdout = ''\n[[case]]\nname = 'a'\nargs = ['x']\nstdout = ''",
        ] {
            assert!(read_cases(text).is_err(), "{text}");
        }
    }
}
