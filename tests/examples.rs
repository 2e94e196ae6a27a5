//! The manual is a test: every example of every table is run, and prints what the manual says.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use bourn::data::{Entry, Example};

/// An example that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn stages() {
    run(bourn::stage::STAGES.iter().map(|def| def.entry));
}

#[test]
fn aggregates() {
    run(bourn::aggregate::AGGREGATES.iter().map(|def| def.entry));
}

#[test]
fn functions() {
    run(bourn::expr::functions::FUNCTIONS.iter().map(|def| def.entry));
}

#[test]
fn formats() {
    run(bourn::encode::ENCODERS.iter().map(|def| def.entry));
}

#[test]
fn sinks() {
    let folder = tempfile::tempdir().expect("a directory"); // they write files
    run_in(folder.path(), bourn::sink::SINKS.iter().map(|def| def.entry));
}

#[test]
fn logs() {
    run(bourn::decode::log_formats::LOG_FORMATS.iter().map(|def| def.entry));
}

/// Runs all examples of a table and tells of every one that failed.
fn run(entries: impl Iterator<Item = Entry>) {
    run_in(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")), entries);
}

fn run_in(folder: &Path, entries: impl Iterator<Item = Entry>) {
    let mut failures = String::new();
    for entry in entries {
        assert!(!entry.examples.is_empty(), "{} has no example", entry.name);
        for example in entry.examples {
            if let Err(problem) = run_example(example, folder) {
                let _ = write!(failures, "\n── {}: {}\n{problem}", entry.name, example.expr);
            }
        }
    }
    assert!(failures.is_empty(), "examples failed\n{failures}");
}

fn run_example(example: &Example, folder: &Path) -> Result<(), String> {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(arguments(example.expr))
        .env_remove("TZ")
        .current_dir(folder)
        .write_stdin(example.input)
        .timeout(PATIENCE)
        .output()
        .map_err(|error| format!("  it did not run: {error}\n"))?;
    let mut problem = String::new();
    if output.stdout != example.output.as_bytes() {
        let _ = writeln!(problem, "  expected {:?}", example.output);
        let _ = writeln!(problem, "  found    \"{}\"", output.stdout.escape_ascii());
    }
    if !output.status.success() {
        let _ = writeln!(problem, "  {}", output.status);
    }
    if problem.is_empty() {
        return Ok(());
    }
    let _ = writeln!(problem, "  stderr \"{}\"", output.stderr.escape_ascii());
    Err(problem)
}

/// The arguments of an example: it is an expression, or begins with options and is split as a shell does.
fn arguments(expr: &str) -> Vec<String> {
    if expr.starts_with('-') {
        shlex::split(expr).expect("an example with options is written as for a shell")
    } else {
        vec![expr.to_owned()]
    }
}
