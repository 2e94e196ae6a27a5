//! States that were saved by released versions: the present one goes on with them.
//!
//! `tests/data/saved/FORMAT` has a checkpoint directory for each pipeline, made from the first half of the input.
//! `BOURN_BLESS=1` adds those that are missing; those of a released format are never written again.

#[path = "support/program.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod program;

use std::path::{Path, PathBuf};

use program::{Ended, Files, bourn};

/// The format of checkpoints that is written now.
const FORMAT: &str = "1";

/// The name of a state, and its pipeline.
const PIPELINES: &[(&str, &str)] = &[
    (
        "groups",
        "parse '{t:time} {k} {v:int}' | count, sum(v), avg(v), p95(v), count_distinct(v), first(v), last(v) by k",
    ),
    ("windows", "parse '{t:time} {k} {v:int}' | count, min(v), max(v), stddev(v) by k | window 1m on t late 10s"),
    ("sliding", "parse '{t:time} {k} {v:int}' | sum(v) by k | window 2m/30s on t"),
    ("sessions", "parse '{t:time} {k} {v:int}' | count, collect(v) by k | window session 20s on t"),
    ("rows", "parse '{t:time} {k} {v:int}' | count, mode(v) by k | window 70 rows"),
    ("levels", "parse '{t:time} {k} {v:int}' | count by k | window 1m on t | max(count) as peak by k | window 5m"),
    ("running", "parse '{t:time} {k} {v:int}' | running sum(v) as total, prev(v) as before by k"),
    ("sort", "parse '{t:time} {k} {v:int}' | sort v desc, k | limit 9"),
    ("tail", "parse '{t:time} {k} {v:int}' | tail 9"),
    ("dedup", "parse '{t:time} {k} {v:int}' | dedup k within 30s on t"),
    ("fold", "parse '{t:time} {k} {v:int}' | fold x = 0 then (x * 31 + v) % 1009 by k"),
    ("top", "parse '{t:time} {k} {v:int}' | top 2 k"),
];

/// Lines of an hour, in the order of their times but for a few.
fn lines(from: usize, to: usize) -> String {
    let line = |index: usize| {
        let second = index * 5 - index % 3 * 4;
        let (minute, second) = (second / 60, second % 60);
        format!("2026-03-01T10:{minute:02}:{second:02}Z k{} {}\n", index * 7 % 5, index * 37 % 101)
    };
    (from..to).map(line).collect()
}

fn run(arguments: &[&str], input: &str) -> String {
    let Ended { status, stdout, stderr } = bourn(arguments, input.as_bytes());
    assert_eq!((status, stderr.as_str()), (Some(0), ""), "{arguments:?}");
    stdout
}

fn saved(format: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/saved").join(format).join(name)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for file in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let file = file.expect("a file").path();
        std::fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("room");
    }
}

#[test]
fn saved_states_of_all_formats_go_on() {
    for (name, expression) in PIPELINES {
        let directory = saved(FORMAT, name);
        if std::env::var_os("BOURN_BLESS").is_some_and(|value| value == "1") && !directory.exists() {
            let made = directory.to_str().expect("plain text");
            run(&["--quiet", "--checkpoint", made, expression], &lines(0, 300));
            std::fs::remove_file(directory.join("lock")).ok();
        }
        let files = Files::new();
        let state = files.path().join("state");
        copy(&directory, &state);
        let state = state.to_str().expect("plain text");
        let rest = run(&["--quiet", "--checkpoint", state, "--finish", expression], &lines(300, 600));
        let whole = run(&["--quiet", expression], &lines(0, 600));
        let again = files.path().join("again");
        let again = again.to_str().expect("plain text");
        let first = run(&["--quiet", "--checkpoint", again, expression], &lines(0, 300));
        // Results of the whole stream are printed by each run, the others once.
        let is_right = !rest.is_empty() && (whole == rest || whole == first + &rest);
        assert!(is_right, "{name}: {rest:?} of {whole:?}");
    }
}
