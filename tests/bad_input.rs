//! What the world gives instead of clean lines: nothing may panic, hang, or be lost in silence.

#[path = "support/child.rs"]
#[allow(dead_code)]
mod child;
#[path = "support/compress.rs"]
mod compress;
#[path = "support/program.rs"]
mod program;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use child::Child;
use compress::{KINDS, compress};
use program::{Files, bourn};

const MIB: usize = 1 << 20;

/// Bytes with a meaning in some format, in random order.
fn noise(bytes: usize) -> Vec<u8> {
    const PIECES: &[&[u8]] = &[
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b" ",
        b",",
        b"\t",
        b"\\",
        b"\"",
        b"a",
        b"1",
        b"0.1",
        b"-",
        b"\xff",
        b"\xc3",
        b"\xc3\xa9",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\x1b[31m",
        b"1e999",
        b"99999999999999999999",
        b"nan",
        b"\xef\xbb\xbf",
    ];
    let mut state: u64 = 42;
    let mut noise = Vec::new();
    while noise.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.extend_from_slice(PIECES[(state >> 33) as usize % PIECES.len()]);
    }
    noise
}

#[test]
fn noise_goes_through_every_stage_and_is_the_same_in_every_part() {
    let files = Files::new();
    let input = noise(60_000);
    let path = files.write("noise", &input);
    for expression in [
        "skip 'zz'",
        "match /a.*1/",
        "split | count by word",
        "split ',' keep | top 20 word",
        "split /[\\s,]+/ | sum(word), avg(word), min(word), max(word), count",
        "let u = upper(line), l = lower(line), t = trim(line), n = len(line), s = substr(line, -3, 2)",
        "let r = replace(line, 'a', '\\xff'), n = round(line, 2), m = line // 3, k = line % 0.7",
        "sort line desc, @number | tail 50",
        "where line > 0 or line ~ /é/ | count by line",
        "count by line, len(line) | sort count desc, line | limit 100",
    ] {
        let mut first = None;
        for options in
            [&["-j", "1"][..], &["-j", "8", "--chunk", "500"], &["-j", "2", "--batch", "1ms", "--chunk", "70"]]
        {
            for source in [&[path.as_str()][..], &[]] {
                for format in [&[][..], &["-o", "json"], &["-o", "csv"], &["-o", "logfmt"], &["-o", "table"]] {
                    if format.is_empty() || source.is_empty() && options.len() == 2 {
                        let ended = bourn(&[options, format, &[expression], source].concat(), &input);
                        assert_eq!(ended.status, Some(0), "{options:?} {format:?} {expression}: {}", ended.stderr);
                        if format.is_empty() {
                            let printed = first.get_or_insert_with(|| ended.stdout.clone());
                            assert!(ended.stdout == *printed, "{options:?} {source:?} {expression}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_line_that_is_too_long_is_rejected_with_its_number_and_the_others_are_kept() {
    let files = Files::new();
    let long = vec![b'x'; 40 * MIB];
    let input = [b"first\n", long.as_slice(), b"\nlast\n"].concat();
    let path = files.write("long", &input);
    for (options, limit) in [(&[][..], 16 * MIB), (&["--max-line", "1kB"], 1000), (&["--max-line", "39MiB"], 39 * MIB)]
    {
        for source in [path.as_str(), "-"] {
            let ended = bourn(&[options, &["skip 'z'", source]].concat(), if source == "-" { &input } else { b"" });
            assert_eq!(ended.stdout, "first\nlast\n", "{options:?} {source}");
            let message = format!(
                "bourn: 3 read, 1 rejected ({source}:2: the line is longer than {limit} bytes, see --max-line)\n"
            );
            assert_eq!(ended.stderr, message);
            assert_eq!(ended.status, Some(0));
        }
    }
    for source in [path.as_str(), "-"] {
        let stdin = if source == "-" { input.as_slice() } else { b"" };
        let ended = bourn(&["--max-line", "40MiB", "select len(line)", source], stdin);
        assert_eq!(ended.stdout, format!("5\n{}\n4\n", 40 * MIB), "{source}");
        assert_eq!(ended.stderr, "");
    }
}

#[test]
fn the_longest_line_that_is_allowed_ends_in_any_way() {
    let files = Files::new();
    for length in [1, 7, 5000, 70_000] {
        for (end, surplus) in [("\n", 0), ("\r\n", 0), ("", 0), ("\n", 1), ("\r\n", 1), ("", 1)] {
            let input = format!("a\n{}{end}", "x".repeat(length + surplus));
            let path = files.write("long", input.as_bytes());
            let kept = 2 - surplus;
            for chunk in ["1", "4096", "1MiB"] {
                for source in [path.as_str(), "-"] {
                    let limit = length.to_string();
                    let arguments = ["--max-line", &limit, "--chunk", chunk, "count", source];
                    let ended = bourn(&arguments, input.as_bytes());
                    assert_eq!(ended.stdout, format!("{kept}\n"), "{arguments:?} {end:?} {surplus}");
                    assert_eq!(ended.stderr.contains("1 rejected"), surplus == 1, "{arguments:?}: {}", ended.stderr);
                }
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn memory_stays_bounded_when_a_line_never_ends() {
    let mut child = Child::start_unread(&["--max-line", "1MiB", "count"]);
    let mut stdin = child.take_stdin();
    let block = vec![b'x'; MIB];
    for _ in 0..60 {
        stdin.write_all(&block).expect("the child reads");
    }
    let peak = child.peak_memory_bytes().expect("the child runs");
    stdin.write_all(b"\nlast").expect("the child reads");
    drop(stdin);
    let mut printed = String::new();
    child.take_stdout().read_to_string(&mut printed).expect("text");
    let ended = child.end_within(Duration::from_secs(20));
    assert_eq!(printed, "1\n");
    assert!(ended.stderr.contains("2 read, 1 rejected (-:1:"), "{}", ended.stderr);
    assert!(peak < 50 << 20, "{} MiB", peak >> 20);
}

#[test]
#[cfg(target_os = "linux")]
fn memory_stays_bounded_when_a_file_is_one_line() {
    let files = Files::new();
    let path = files.write("zeros", b"first\n");
    let file = std::fs::File::options().write(true).open(&path).expect("the file");
    file.set_len(300 << 20).expect("holes need no room");
    let mut child = Child::start(&["-j", "4", "count", &path]);
    let mut peak = 0;
    while child.is_running() {
        peak = peak.max(child.peak_memory_bytes().unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let ended = child.end_within(Duration::from_secs(1));
    assert_eq!(ended.stdout, "1\n");
    assert!(ended.stderr.contains("2 read, 1 rejected"), "{}", ended.stderr);
    assert!(peak < 120 << 20, "{} MiB", peak >> 20);
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_read() {
    let files = Files::new();
    let path = files.write("shrinking", &b"a line\n".repeat(1000));
    let file = std::fs::File::options().write(true).open(&path).expect("the file");
    file.set_len(8 << 30).expect("holes need no room");
    let mut child = Child::start(&["count by line", &path]);
    // Once it has worked for a moment it is in the middle of eight gigabytes of holes.
    let patience = Instant::now() + Duration::from_secs(30);
    while child.busy() < Duration::from_millis(100) && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(20));
    }
    file.set_len(7000).expect("a regular file");
    let ended = child.end_within(Duration::from_secs(50));
    assert!(ended.stdout.starts_with("a line\t1000\n"), "{}", &ended.stdout[..ended.stdout.len().min(200)]);
    let message = format!("bourn: {path}: became shorter while it was read\n");
    assert_eq!((ended.status, ended.stderr.contains(&message)), (Some(3), true), "{}", ended.stderr);
}

#[test]
fn sources_that_cannot_be_read_are_named_and_the_others_are_read() {
    let files = Files::new();
    let good = files.write("good", b"a\nb\n");
    let directory = files.path().to_str().expect("a plain path");
    for (bad, reason) in [
        ("/nowhere/at/all", "no such file or directory"),
        (directory, "is a directory"),
        ("", "no such file or directory"),
        ("/dev/null/x", "not a directory"),
    ] {
        for chunk in ["1", "1MiB"] {
            let ended = bourn(&["--chunk", chunk, "count by line", bad, &good, bad, &good], b"");
            assert_eq!(ended.stdout, "a\t2\nb\t2\n", "{bad}");
            assert_eq!(ended.status, Some(3), "{bad}");
            assert!(ended.stderr.starts_with(&format!("bourn: {bad}: {reason}")), "{}", ended.stderr);
            assert_eq!(ended.stderr.lines().count(), 1, "once: {}", ended.stderr);
        }
    }
    let all_bad = bourn(&["count", "/nowhere"], b"");
    assert_eq!((all_bad.stdout.as_str(), all_bad.status), ("0\n", Some(3)));
}

#[test]
#[cfg(unix)]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::new();
    let path = files.write("secret", b"a\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
    if std::fs::read(&path).is_ok() {
        return; // root may
    }
    let ended = bourn(&["count", &path], b"");
    assert_eq!((ended.stdout.as_str(), ended.status), ("0\n", Some(3)));
    assert_eq!(ended.stderr, format!("bourn: {path}: permission denied\n"));
}

#[test]
fn compressed_sources_that_are_cut_off_or_damaged() {
    let files = Files::new();
    let text: String = (0..20_000).map(|number| format!("{}\n", number * 7919 % 20_011)).collect();
    for kind in KINDS {
        let bytes = compress(kind, text.as_bytes());
        let mut damaged = bytes.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 4].iter_mut().for_each(|byte| *byte ^= 0x5a);
        for (what, bytes) in [("cut off", &bytes[..bytes.len() * 2 / 3]), ("damaged", &damaged)] {
            let path = files.write("bad", bytes);
            let good = files.write("good", b"good\n");
            for source in [path.as_str(), "-"] {
                let ended = bourn(&["skip 'z'", source, &good], bytes);
                assert_eq!(ended.status, Some(3), "{kind} {what} {source}: {}", ended.stderr);
                assert!(ended.stderr.starts_with(&format!("bourn: {source}: ")), "{}", ended.stderr);
                let printed = ended.stdout.strip_suffix("good\n").expect("the good file is read");
                // What was read before is printed, its last line perhaps in part.
                let whole = printed.strip_suffix('\n').unwrap_or(printed);
                let is_damaged = what == "damaged"; // which shows at the end only, by the checksum
                assert!(is_damaged || text.starts_with(whole), "{kind} {source}");
            }
        }
    }
}

#[test]
fn compressed_text_that_is_cut_off_is_printed_as_far_as_it_goes() {
    for kind in ["gz", "zst", "lz4"] {
        let bytes = compress(kind, &b"a line of text\n".repeat(300_000));
        let ended = bourn(&["count"], &bytes[..bytes.len() - 5]);
        assert_eq!(ended.status, Some(3), "{kind}");
        let count: u64 = ended.stdout.trim_end().parse().expect("a count");
        assert!(count > 1000, "{kind}: {count}");
    }
}

#[test]
fn expressions_beyond_reason_are_refused_in_a_sentence() {
    let files = Files::new();
    let deep = |open: &str, close: &str| format!("where {}1{}", open.repeat(10_000), close.repeat(10_000));
    for (what, text) in [
        ("long", format!("match \"{}\"", "x".repeat(MIB))),
        ("many stages", "match 'x' | ".repeat(100_000)),
        ("parentheses", deep("(", ")")),
        ("functions", deep("abs(", ")")),
        ("not", format!("where {} true", "not ".repeat(10_000))),
        ("minus", format!("let x = {}1", "-".repeat(10_000))),
        ("sum", format!("let x = 1{}", "+1".repeat(10_000))),
        ("or", format!("where line == 1{}", " or line == 2".repeat(4_000))),
        ("open", "(".repeat(50_000)),
        ("lists", deep("(1 in (", "))")),
        ("noise", String::from_utf8_lossy(&noise(50_000)).into_owned()),
        ("paths", format!("select line{}", ".a".repeat(20_000))),
        ("aggregates", format!("count{}", ", count".repeat(5_000))),
    ] {
        let path = files.write("expression", text.as_bytes());
        let ended = bourn(&["-x", &path], b"a\n");
        assert_eq!(ended.status, Some(2), "{what}: {}", &ended.stderr[..ended.stderr.len().min(300)]);
        assert_eq!(ended.stdout, "", "{what}");
        assert!(!ended.stderr.contains("panicked"), "{what}");
        assert!(ended.stderr.len() < 20_000, "{what}: {} bytes of message", ended.stderr.len());
    }
    let binary = files.write("binary", b"match '\xff'");
    assert_eq!(bourn(&["-x", &binary], b"").status, Some(2));
    assert_eq!(bourn(&["-x", "/nowhere"], b"").status, Some(2));
    assert_eq!(bourn(&["-x", "/"], b"").status, Some(2));
}

#[test]
fn large_expressions_within_reason_are_run() {
    let files = Files::new();
    let many = format!("where {}line == 'a'", "line == 'b' or ".repeat(150));
    let path = files.write("many", many.as_bytes());
    let ended = bourn(&["-x", &path], b"a\nb\nc\n");
    assert_eq!((ended.stdout.as_str(), ended.status), ("a\nb\n", Some(0)), "{}", ended.stderr);
    let list: Vec<String> = (0..5_000).map(|number| number.to_string()).collect();
    let path = files.write("list", format!("where line in ({})", list.join(", ")).as_bytes());
    let ended = bourn(&["-x", &path], b"4999\n5000\n");
    assert_eq!((ended.stdout.as_str(), ended.status), ("4999\n", Some(0)), "{}", ended.stderr);
    let stages = vec!["split as line"; 500].join(" | ");
    let path = files.write("stages", stages.as_bytes());
    let ended = bourn(&["-x", &path], b"a b\n");
    assert_eq!((ended.stdout.as_str(), ended.status), ("a\nb\n", Some(0)), "{}", ended.stderr);
    let fields: Vec<String> = (0..1_000).map(|number| format!("f{number} = {number}")).collect();
    let path = files.write("fields", format!("let {} | select f999", fields.join(", ")).as_bytes());
    let ended = bourn(&["-x", &path], b"a\n");
    assert_eq!((ended.stdout.as_str(), ended.status), ("999\n", Some(0)), "{}", ended.stderr);
}
