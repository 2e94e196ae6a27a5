//! Parts of an answer: `--partial` for each piece of the input, then `--merge`, gives the bytes of one run.

#[path = "support/program.rs"]
mod program;

use std::process::Command;

use program::{Files, bourn};

/// Requests of five minutes, some out of order, one with a text instead of a number.
fn requests() -> Vec<String> {
    let row = |index: usize| {
        let (minute, second) = (index * 7 % 5, index * 11 % 60);
        let (path, status) = (["/a", "/b", "/c"][index % 3], [200, 404, 500][index % 7 % 3]);
        let ms = if index == 17 { "\"slow\"".to_owned() } else { format!("{}.5", index * 37 % 101) };
        let tag = index % 4;
        format!(
            r#"{{"ts":"2026-03-01T10:0{minute}:{second:02}Z","path":"{path}","status":{status},"ms":{ms},"tags":["t{tag}","u"]}}"#
        ) + "\n"
    };
    (0..40).map(row).collect()
}

/// Pipelines whose parts can be merged.
const MERGEABLE: &[&str] = &[
    "match \"/a\"",
    "json | where status >= 404",
    "json | select path, ms",
    "json | explode tags | count by tags",
    "json | explode tags | select path, tags",
    "count",
    "json | count by status",
    "json | count where status == 200, count by path",
    "json | sum(ms), avg(ms), min(ms), max(ms), stddev(ms) by path",
    "json | first(ms), last(ms), mode(status), collect(status), any(status == 500), all(status > 1) by path",
    "json | p50(ms), p95(ms), percentile(ms, 99), count_distinct(ms) by path",
    "json | ewma(status, 0.3), linreg(status, len(path)) by path",
    "json | count by path, status | sort count desc | limit 2",
    "json | count by path | let share = count / total(count)",
    "json | let share = status / total(status) | select path, share",
    "json | sort status, path | select path, status",
    "json | sort path desc | limit 3 | select path, ts",
    "json | limit 25 | count by path",
    "tail 7",
    "limit 30",
    "json | top 2 by path",
    "json | count by path | count by count",
    "json | count by path | window 1m on ts",
    "json | count, p95(ms), first(path) by status | window 2m/1m on ts",
    "json | count by path | window session 20s on ts",
    "json | count, last(path) | window session 10s on ts",
    "json | sort path desc | limit 2 | select ts, path | window 1m on ts",
    "json | dedup path | select path, ts | window 1m on ts",
    "json | count by path | window 1m on ts | running sum(count) as so_far by path",
    "split \"/\" | count by word | sort count desc, word",
    "json | count by status | assert count > 0",
    "json | select status | assert status < 500",
];

/// The bytes that the program writes to standard output.
fn output(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_bourn")).args(arguments).output().expect("the binary starts");
    output.stdout
}

/// Files with the requests, cut at these lines, and files for their parts.
fn pieces(files: &Files, cuts: &[usize]) -> Vec<String> {
    let requests = requests();
    let bounds: Vec<usize> = [0].iter().chain(cuts).chain(&[requests.len()]).copied().collect();
    let write = |(number, bounds): (usize, &[usize])| {
        files.write(&format!("{number}.json"), requests[bounds[0]..bounds[1]].concat().as_bytes())
    };
    bounds.windows(2).enumerate().map(write).collect()
}

#[test]
fn merged_parts_are_the_result_of_one_run() {
    let files = Files::new();
    for cuts in [vec![13, 14, 29], vec![20], vec![0, 40]] {
        let pieces = pieces(&files, &cuts);
        let sources: Vec<&str> = pieces.iter().map(String::as_str).collect();
        for expression in MERGEABLE {
            let whole = bourn(&[&[*expression], &sources[..]].concat(), b"");
            let part = |(number, source): (usize, &&str)| {
                files.write(&format!("{number}.part"), &output(&["--partial", "-q", expression, source]))
            };
            let parts: Vec<String> = sources.iter().enumerate().map(part).collect();
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let merged = bourn(&[&["--merge"], &parts[..]].concat(), b"");
            assert_eq!(merged.stdout, whole.stdout, "{expression} {cuts:?}");
            assert_eq!(merged.status, whole.status, "{expression}: {} {}", merged.stderr, whole.stderr);
            let (half, rest) = parts.split_at(parts.len() / 2);
            let half = files.write("half.part", &output(&[&["--merge", "--partial"], half].concat()));
            let again = bourn(&[&["--merge", &half], rest].concat(), b"");
            assert_eq!(again, merged, "{expression} {cuts:?}");
        }
    }
}

#[test]
fn parts_have_the_same_bytes_for_any_number_of_threads() {
    let files = Files::new();
    let pieces = pieces(&files, &[20]);
    for expression in MERGEABLE {
        let of = |threads: &str, chunk: &str| {
            output(&["--partial", "-q", "-j", threads, "--chunk", chunk, expression, &pieces[0], &pieces[1]])
        };
        let part = of("1", "1MiB");
        assert_eq!(of("4", "1MiB"), part, "{expression}");
        assert!(!part.is_empty());
    }
}
