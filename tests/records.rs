//! Records that are no lines: parted by NUL bytes, or each begun by a line that matches.

#![cfg(target_os = "linux")] // reads /proc

#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;
#[path = "support/program.rs"]
mod program;

use live::Running;
use program::{Files, bourn};

#[test]
fn silence_closes_a_record_that_only_the_next_one_would_end() {
    let mut run = Running::start(&["select @number, len(line)", "--records", "/^[0-9]/", "--idle", "100ms"]);
    run.write("1 a\n  at\n2 b\n  at\n  at\n");
    assert_eq!((run.line(), run.line()), ("1\t8".into(), "2\t13".into()));
    run.write("3 c\n  ha");
    assert_eq!(run.line(), "3\t3", "but not in the middle of a line");
    run.write("lf\n4\n");
    assert_eq!((run.line(), run.line()), ("4\t6".into(), "5\t1".into()));
    run.close_stdin();
    assert_eq!(run.end().status, Some(0));
}

#[test]
fn records_of_other_kinds_wherever_they_come_from() {
    let files = Files::new();
    let nul = b"a\nb\0c\r\n\0\0last";
    let trace = b"  at\n1 x\n  at a\r\n2 y\n3 z\n  at";
    for (records, input, lengths) in [
        ("0", &nul[..], "3\n3\n0\n4\n"),
        ("/^[0-9]/", trace, "4\n10\n3\n8\n"),
        ("/^[A-Z]/", trace, "29\n"),
        ("/^/", b"\n\na\n", "0\n0\n1\n"),
    ] {
        let file = files.write("input", input);
        for parts in [&[][..], &["--chunk", "1"], &["--chunk", "7", "-j", "3"]] {
            let arguments = [parts, &["select len(line)", "--records", records]].concat();
            assert_eq!(bourn(&arguments, input).stdout, lengths, "{arguments:?}");
            let from_file = [&arguments[..], &[&file]].concat();
            assert_eq!(bourn(&from_file, b"").stdout, lengths, "{from_file:?}");
        }
        let counted = bourn(&["count", "--records", records, &file], b"");
        assert_eq!(counted.stdout, format!("{}\n", lengths.lines().count()));
    }
}

#[test]
fn records_that_are_too_long_are_left_out_with_all_their_lines() {
    let trace = b"1 x\n at\n at\n at\n at\n2 y\n at\n";
    let arguments = ["select line", "--records", "/^[0-9]/", "--max-line", "12"];
    for parts in [&[][..], &["--chunk", "1"]] {
        let ended = bourn(&[parts, &arguments].concat(), trace);
        assert_eq!(ended.stdout, "2 y\\n at\n", "{parts:?}");
        let rejected = "bourn: 2 read, 1 rejected (-:1: the line is longer than 12 bytes, see --max-line)\n";
        assert_eq!(ended.stderr, rejected);
    }
}
