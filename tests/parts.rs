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
    "json | sort ts | let share = status / total(status) | select path, share",
    "json | sort status, path | select path, status",
    "json | sort path desc | limit 3 | select path, ts",
    "json | limit 25 | count by path",
    "tail 7",
    "limit 30",
    "json | top 2 path",
    "json | count by path | count as paths by count",
    "json | count by path | window 1m on ts late 10m",
    "json | count, p95(ms), first(path) by status | window 2m/1m on ts late 10m",
    "json | count by path | window session 20s on ts late 10m",
    "json | count, last(path) | window session 10s on ts late 10m",
    "json | sort path desc | limit 2 | select ts, path | window 1m on ts late 10m",
    "json | dedup path | select path, ts | window 1m on ts late 10m",
    "json | count by path | window 1m on ts late 10m | running sum(count) as so_far by path",
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
            assert_ne!(whole.status, Some(2), "{}", whole.stderr);
            let part = |(number, source): (usize, &&str)| {
                files.write(&format!("{number}.part"), &output(&["--partial", "--quiet", expression, source]))
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

/// Parts of an earlier version are still read: these files are only made anew with `BOURN_BLESS=1`, when the version of
/// the format changes.
#[test]
fn parts_of_this_version_are_in_the_data() {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let log = std::fs::read(data.join("access.log")).expect("there is data");
    let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
    for (number, lines) in [&lines[..100], &lines[100..]].into_iter().enumerate() {
        let files = Files::new();
        let source = files.write("access.log", &lines.concat());
        let part = output(&["--partial", "parse combined | count by status", &source]);
        let path = data.join(format!("web{}.part", number + 1));
        if std::env::var_os("BOURN_BLESS").is_some() {
            std::fs::write(&path, &part).expect("room");
        }
        assert_eq!(std::fs::read(&path).expect("there is a part"), part, "{}", path.display());
    }
}

#[test]
fn parts_have_the_same_bytes_for_any_number_of_threads() {
    let files = Files::new();
    let pieces = pieces(&files, &[20]);
    for expression in MERGEABLE {
        let of = |threads: &str, chunk: &str| {
            output(&["--partial", "--quiet", "-j", threads, "--chunk", chunk, expression, &pieces[0], &pieces[1]])
        };
        let part = of("1", "1MiB");
        assert_eq!(of("4", "1MiB"), part, "{expression}");
        assert!(!part.is_empty());
    }
}

/// The last block of commands in the README's section about several machines.
fn recipes() -> Vec<String> {
    let readme = include_str!("../README.md");
    let (_, section) = readme.split_once("### Several machines").expect("there is such a section");
    let (_, block) = section.split_once("```sh\n").expect("there is a block");
    let (block, _) = block.split_once("```").expect("the block ends");
    block.lines().map(str::to_owned).collect()
}

#[test]
fn recipes_of_the_readme_give_the_result_of_one_run() {
    let files = Files::new();
    let log = include_bytes!("data/access.log");
    files.write("access.log", log);
    std::fs::create_dir(files.path().join("logs")).expect("room");
    let lines: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
    for (number, piece) in lines.chunks(lines.len().div_ceil(5)).enumerate() {
        files.write(&format!("logs/{number}.gz"), &piece.concat()); // named like a compressed file, which it may be
    }
    let (setting, recipes) =
        recipes().split_first().map(|(first, rest)| (first.clone(), rest.to_vec())).expect("a block");
    assert_eq!(recipes.len(), 3);
    let expression = setting.strip_prefix("E='").and_then(|rest| rest.strip_suffix('\'')).expect("an assignment");
    let log = files.path().join("access.log").to_str().expect("a plain path").to_owned();
    let one = bourn(&[expression, &log], b"").stdout;
    let two = bourn(&[expression, &log, &log], b"").stdout;
    let has_parallel = Command::new("parallel").arg("--version").output().is_ok_and(|ended| ended.status.success());
    for (recipe, expected) in recipes.iter().zip([&two, &one, &one]) {
        if recipe.contains("| parallel") && !has_parallel {
            eprintln!("skipped, because GNU parallel is not installed: {recipe}");
            continue;
        }
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_bourn")).parent().expect("a directory");
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let script = format!("ssh() {{ shift; sh -c \"$*\"; }}\n{setting}\n{recipe}");
        let ended = Command::new("sh").args(["-c", &script]).env("PATH", path).current_dir(files.path()).output();
        let ended = ended.expect("sh starts");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{recipe}");
        assert_eq!(String::from_utf8_lossy(&ended.stdout), **expected, "{recipe}");
    }
}

#[test]
fn pipelines_that_need_the_order_of_all_records_are_rejected() {
    for (expression, caret, reason) in [
        ("json | running sum(ms) as s", "running sum(ms) as s", "it needs the records of all parts in order"),
        ("json | dedup path | count", "dedup path", "it needs the records of all parts in order"),
        ("json | fold n = 0 then n + 1", "fold n = 0 then n + 1", "it needs the records of all parts in order"),
        ("count | window 1m", "window 1m", "the records of each part arrive at another time"),
        ("count | window 10 rows", "window 10 rows", "its records are counted over all parts"),
        ("json | rate by path", "rate by path", "`rate` counts the seconds since a run began"),
        ("count | until count > 3", "until count > 3", "it ends the run at a row of the whole result"),
    ] {
        let ended = bourn(&["--check", "--partial", expression], b"");
        assert_eq!(ended.status, Some(2), "{expression}");
        assert!(ended.stderr.contains(&format!("cannot run over parts: {reason}")), "{}", ended.stderr);
        assert!(ended.stderr.contains(&"^".repeat(caret.len())), "{}", ended.stderr);
    }
}

#[test]
fn what_is_no_part_of_the_same_answer_is_named() {
    let files = Files::new();
    let part = output(&["--partial", "split | count by word", &files.write("in", b"a b\n")]);
    let good = files.write("good.part", &part);
    let fails = |name: &str, bytes: &[u8], message: &str| {
        let bad = files.write(name, bytes);
        let ended = bourn(&["--merge", &good, &bad], b"");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(3), ""), "{name}");
        let expected = format!("{bad}: {message}");
        assert!(ended.stderr.contains(&expected), "{name}: {}", ended.stderr);
    };
    fails("empty.part", b"", "is empty");
    fails("text.part", b"a b\n", "is not a saved state");
    for end in (8..part.len()).step_by(7) {
        fails("torn.part", &part[..end], "is damaged");
    }
    for place in 0..part.len() {
        let mut bytes = part.clone();
        bytes[place] ^= 1;
        let bad = files.write("flipped.part", &bytes);
        let ended = bourn(&["--merge", &bad], b"");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(3), ""), "byte {place}");
    }
    let other = output(&["--partial", "--exact", "split | count by word", "/dev/null"]);
    fails("other.part", &other, "is a part of another expression");
    let missing = bourn(&["--merge", &good, "/nowhere.part"], b"");
    assert_eq!((missing.status, missing.stdout.as_str()), (Some(3), ""));
    assert_eq!(missing.stderr, "bourn: /nowhere.part: no such file or directory\n");
}

#[test]
fn options_without_effect_are_errors() {
    for (arguments, message) in [
        (&["--merge", "--follow", "x.part"][..], "--follow: has no effect with --merge"),
        (&["--merge", "--tz", "UTC", "x.part"], "--tz: has no effect with --merge"),
        (&["--partial", "--every", "1s", "count"], "--every: has no effect with --partial"),
        (&["--merge"], "missing parts"),
    ] {
        let ended = bourn(arguments, b"");
        assert_eq!(ended.status, Some(2), "{arguments:?}");
        assert!(ended.stderr.starts_with(&format!("bourn: {message}")), "{}", ended.stderr);
    }
}

#[test]
fn output_and_checks_are_chosen_when_parts_are_merged() {
    let files = Files::new();
    let pieces = pieces(&files, &[20]);
    let part = |number: usize| {
        let bytes = output(&[
            "--partial",
            "--quiet",
            "json | count by status | assert count < 3 \"too many\"",
            &pieces[number],
        ]);
        files.write(&format!("{number}.part"), &bytes)
    };
    let (first, second) = (part(0), part(1));
    let table = bourn(&["--merge", "-o", "csv", &first, &second], b"");
    assert_eq!(table.stdout, "status,count\n200,17\n404,12\n500,11\n");
    assert_eq!(table.status, Some(1), "{}", table.stderr);
    assert!(table.stderr.contains("too many: assert count < 3 failed for 3 of 3 rows"), "{}", table.stderr);
}

#[test]
fn a_part_of_an_incomplete_run_fails_the_merge() {
    let files = Files::new();
    let source = files.write("in", b"a b\n");
    let part =
        files.write("half.part", &output(&["--partial", "--quiet", "split | count by word", &source, "/nowhere"]));
    let merged = bourn(&["--merge", &part], b"");
    assert_eq!((merged.status, merged.stdout.as_str()), (Some(3), "a\t1\nb\t1\n"));
    assert_eq!(merged.stderr, format!("bourn: {part}: is incomplete: /nowhere: no such file or directory\n"));
    let again = files.write("again.part", &output(&["--merge", "--quiet", "--partial", &part]));
    assert_eq!(bourn(&["--merge", &again], b"").status, Some(3));
}
