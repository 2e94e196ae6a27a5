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
    "json | top 2 path approx",
    "json | count by path, status approx 100 | where error == 0",
    "json | count by path approx 2 | window 1m on ts late 10m",
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

/// Keys, counts and errors of rows as tsv.
fn approximate(printed: &[u8]) -> Vec<(String, u64, u64)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |index: usize| cells.get(index).and_then(|cell| cell.parse().ok()).unwrap_or(0);
        (cells[0].to_owned(), number(1), number(2))
    };
    String::from_utf8_lossy(printed).lines().map(row).collect()
}

#[test]
fn counters_of_parts_keep_their_bounds() {
    let files = Files::new();
    let word = |index: usize| format!("{}\n", if index.is_multiple_of(3) { index % 2 } else { index * index % 97 });
    let words: Vec<String> = (0..900).map(word).collect();
    let write = |(number, words): (usize, &[String])| files.write(&format!("{number}.txt"), words.concat().as_bytes());
    let sources: Vec<String> = words.chunks(250).enumerate().map(write).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let exact = output(&[&["count by line"], &sources[..]].concat());
    let merged = |options: &[&str], counters: u64| {
        let expression = format!("count by line approx {counters}");
        let part = |(number, source): (usize, &&str)| {
            let part = output(&[&["--partial"], options, &[&expression, source]].concat());
            files.write(&format!("{number}.part"), &part)
        };
        let parts: Vec<String> = sources.iter().enumerate().map(part).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let merged = output(&[&["--merge"], &parts[..]].concat());
        let half = files.write("half.part", &output(&[&["--merge", "--partial"], &parts[..2]].concat()));
        assert_eq!(output(&["--merge", &half, parts[2], parts[3]]), merged, "{expression}");
        merged
    };
    for counters in [1, 5, 20] {
        let rows = approximate(&merged(&[], counters));
        assert_eq!(rows.len() as u64, counters);
        for (key, truth, _) in approximate(&exact) {
            match rows.iter().find(|(found, ..)| *found == key) {
                Some((_, count, error)) => {
                    assert!(count - error <= truth && truth <= *count, "{key}: {truth} of {count} less {error}");
                    assert!(error * counters <= words.len() as u64);
                }
                None => assert!(truth * counters <= words.len() as u64, "{key}: {truth}"),
            }
        }
    }
    let with_error = |line: &str| format!("{line}\t0\n");
    let expected: String = String::from_utf8_lossy(&exact).lines().map(with_error).collect();
    assert_eq!(String::from_utf8_lossy(&merged(&[], 1000)), expected);
    assert_eq!(String::from_utf8_lossy(&merged(&["--exact"], 3)), expected);
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

/// The result of one run over these sources, and of their parts merged, with the options of either.
fn both(files: &Files, options: &[&str], expression: &str, sources: &[&str]) -> (program::Ended, program::Ended) {
    let whole = bourn(&[options, &[expression], sources].concat(), b"");
    let part = |(number, source): (usize, &&str)| {
        let made = output(&[options, &["--partial", "--quiet", expression, source]].concat());
        files.write(&format!("{number}.part"), &made)
    };
    let parts: Vec<String> = sources.iter().enumerate().map(part).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let merged = bourn(&[&["--merge"], &parts[..]].concat(), b"");
    let (half, rest) = parts.split_at(parts.len() / 2 + 1);
    let half = files.write("half.part", &output(&[&["--merge", "--partial"], half].concat()));
    assert_eq!(bourn(&[&["--merge", &half], rest].concat(), b""), merged, "{expression}");
    (whole, merged)
}

#[test]
fn lines_under_different_headers_are_printed_in_the_column_order_of_the_first() {
    let files = Files::new();
    let first = files.write("1.csv", b"id,name,v\n1,x,2.5\n2,\"q,r\",3\n");
    let empty = files.write("2.csv", b"");
    let other = files.write("3.csv", b"name,id,v,extra\nz,9,1e3,e\n\"y,z\",8,7,e\n");
    let no_rows = files.write("4.csv", b"v,name,id\n");
    for sources in [[&first, &empty, &other, &no_rows], [&empty, &no_rows, &other, &first]] {
        let sources = sources.map(String::as_str);
        for expression in ["csv", "csv | where id > 1", "csv | sort v", "csv | sort v | limit 3", "csv | tail 3"] {
            let (whole, merged) = both(&files, &[], expression, &sources);
            assert_eq!(merged, whole, "{expression}");
        }
    }
    // The second part has two headers, of which the first lacks a column and a line is short.
    let wide = files.write("5.csv", b"name,id,v,extra\nx,1,2,e\n");
    let short = files.write("6.csv", b"id,name,v\n6,z\n");
    let parts = [vec![&wide], vec![&short, &wide, &short]];
    let part = |sources: &Vec<&String>| {
        let names: Vec<&str> = sources.iter().map(|source| source.as_str()).collect();
        output(&[&["--partial", "csv"], &names[..]].concat())
    };
    let made: Vec<u8> = parts.iter().flat_map(part).collect();
    let made = files.write("two.part", &made);
    let whole = bourn(&["csv", &wide, &short, &wide, &short], b"");
    assert_eq!(whole.stdout, "name,id,v,extra\nx,1,2,e\nz,6,,\nx,1,2,e\nz,6,,\n");
    assert_eq!(bourn(&["--merge", &made], b""), whole);
    let again = files.write("again.part", &output(&["--merge", "--partial", &made]));
    assert_eq!(bourn(&["--merge", &again], b""), whole);
    assert_eq!(bourn(&["--merge", &again, &made], b"").stdout, whole.stdout.clone() + &whole.stdout[16..]);
    let (_, merged) = both(&files, &[], "csv", &[&first, &other]);
    assert_eq!(merged.stdout, "id,name,v\n1,x,2.5\n2,\"q,r\",3\n9,z,1e3\n8,\"y,z\",7\n");
}

#[test]
fn an_output_format_needs_fields_in_the_parts() {
    let files = Files::new();
    let source = files.write("in", b"{\"a\":1}\n{\"a\":2}\n");
    for expression in ["json", "json | where a > 1", "json | sort a | limit 1", "json | tail 1"] {
        let part = files.write("lines.part", &output(&["--partial", expression, &source]));
        let ended = bourn(&["--merge", "-o", "csv", &part], b"");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{expression}");
        let message = "bourn: --output: the parts have the lines of the records, not their fields\n  \
                       = help: make the parts with -o csv, or leave -o csv out\n";
        assert_eq!(ended.stderr, message, "{expression}");
        let part = files.write("fields.part", &output(&["--partial", "-o", "json", expression, &source]));
        let merged = bourn(&["--merge", "-o", "csv", &part], b"");
        assert_eq!(merged, bourn(&["-o", "csv", expression, &source], b""), "{expression}");
    }
}

#[test]
fn parts_after_the_end_of_the_result_are_not_counted() {
    let files = Files::new();
    let first = files.write("1.log", b"a=1\na=2\na=x\n");
    let last = files.write("2.log", b"bad\na=3\n");
    for expression in ["parse \"a={a}\" | limit 2", "parse \"a={a}\" | limit 2 | count", "limit 3 | parse \"a={a}\""] {
        let whole = bourn(&["--stats", "--strict", expression, &first, &last, &last], b"");
        let part = |source: &str, name: &str| files.write(name, &output(&["--partial", "--quiet", expression, source]));
        let (first, last) = (part(&first, "1.part"), part(&last, "2.part"));
        let merged = bourn(&["--merge", "--stats", "--strict", &first, &last, &last], b"");
        let counts = |ended: &program::Ended| ended.stderr.lines().next().map(str::to_owned);
        assert_eq!(counts(&merged), counts(&whole), "{expression}");
        assert_eq!((merged.stdout, merged.status), (whole.stdout, Some(0)), "{expression}");
        assert_eq!(whole.status, Some(0), "{expression}");
    }
}

#[test]
fn times_of_the_past_are_not_ahead_of_the_clock() {
    let files = Files::new();
    let pieces = pieces(&files, &[20]);
    let sources: Vec<&str> = pieces.iter().map(String::as_str).collect();
    for expression in [
        "json | count by path | window session 20s on ts late 10m",
        "json | sort path desc | limit 2 | select ts, path | window 1m on ts late 10m",
    ] {
        let (whole, merged) = both(&files, &[], expression, &sources);
        assert_eq!(merged, whole, "{expression}");
    }
}

#[test]
fn gaps_between_and_within_parts_are_filled() {
    let files = Files::new();
    let first = files.write("1.log", b"2026-03-01T10:00:05Z a\n2026-03-01T10:03:05Z b\n");
    let last = files.write("2.log", b"2026-03-01T10:06:05Z a\n2999-01-01T00:00:00Z a\n");
    for expression in [
        "parse '{t:time} {w}' | count by w | window 1m on t late 1h",
        "parse '{t:time} {w}' | count | window 1m on t",
        "parse '{t:time} {w}' | count by w | window 2m/1m on t late 1h",
    ] {
        let (whole, merged) = both(&files, &["--fill"], expression, &[&first, &last]);
        assert!(whole.stdout.lines().count() > 6, "{}", whole.stdout);
        assert_eq!(merged, whole, "{expression}");
    }
}
