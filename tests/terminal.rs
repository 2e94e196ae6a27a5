//! What is printed on a terminal: what fits it, with color, and with nothing of the data that could drive it.

#![cfg(target_os = "linux")] // what was written to a terminal can be read to its end

#[path = "support/terminal.rs"]
mod terminal;

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use terminal::{On, Session, Terminal, screen};

const ESCAPES: &str = "a\u{1b}[2J\u{7}\tb";

/// The bytes sent to a terminal of this width, with line ends as written.
fn shown(columns: u16, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> String {
    let terminal = Terminal::new(columns, 24);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("input");
    std::fs::write(&path, input).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(arguments)
        .arg(&path)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(terminal.end())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut out = Vec::new();
    // Once the other end is closed, reading fails: that is its end.
    let _ = File::from(terminal.into_ours()).read_to_end(&mut out);
    assert!(child.wait().expect("it ends").success());
    String::from_utf8(out).expect("text").replace("\r\n", "\n")
}

/// A session whose frames come as fast as they may.
fn session(arguments: &[&str], size: (u16, u16)) -> Session {
    let arguments = [&["--batch", "20ms", "--color", "never"], arguments].concat();
    Session::start(&arguments, &[], size, On::Stdout)
}

/// The lines of a screen, but for those that say how fast it goes.
fn table(sent: &str, rows: usize) -> Vec<String> {
    let lines = screen(sent, rows).into_iter();
    lines.filter(|line| !line.contains("record/s") && !line.contains("records/s")).collect()
}

#[test]
fn a_table_is_redrawn_in_place_and_printed_at_the_end() {
    let mut session = session(&["count by line"], (40, 10));
    session.feed("a\nb\n");
    session.wait_for("b         1");
    session.wait_for("2 records,");
    assert_eq!(table(&session.seen, 10), ["line  count", "a         1", "b         1", ""]);
    session.feed("b\n");
    session.wait_for("3 records,");
    let seen = session.seen.clone();
    assert_eq!(table(&seen, 10), ["line  count", "b         2", "a         1", ""]);
    session.close_input();
    let (status, rest) = session.end();
    assert_eq!(status, Some(0));
    assert_eq!(screen(&(seen + &rest), 10), ["line  count", "b         2", "a         1", ""]);
}

#[test]
fn what_does_not_fit_is_counted_and_follows_the_size() {
    let mut session = session(&["count by line | sort line"], (40, 8));
    let lines: String = (10..30).map(|number| format!("{number}\n")).collect();
    session.feed(&lines);
    session.wait_for("more rows");
    session.wait_for("20 records,");
    let shown = table(&session.seen, 8);
    assert_eq!(shown.first().map(String::as_str), Some("line  count"));
    assert_eq!(shown[shown.len() - 2], "… 16 more rows");
    assert_eq!(shown.len(), 7, "{shown:?}");
    session.resize(40, 12);
    session.wait_for("… 12 more rows");
    session.resize(8, 6);
    session.wait_for("… 18 mor");
    session.close_input();
    let (status, rest) = session.end();
    assert_eq!(status, Some(0));
    assert!(rest.contains("line  co\n") || rest.contains("29"), "all rows at the end: {rest}");
}

#[test]
fn nothing_of_the_frames_is_left_in_a_long_result() {
    for format in ["table", "tsv"] {
        let mut session = session(&["-o", format, "count by line | select line"], (40, 10));
        let lines: String = (1000..2500).map(|number| format!("{number}\n")).collect();
        session.feed(&lines);
        session.wait_for("1,500 records,");
        session.close_input();
        let seen = session.seen.clone();
        let (_, rest) = session.end();
        let shown = screen(&(seen + &rest), 10);
        let header = usize::from(format == "table");
        assert_eq!(shown[header..], lines.split('\n').collect::<Vec<_>>()[..]);
    }
}

#[test]
fn an_interrupt_prints_the_final_table() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let mut session = session(&["count by line"], (40, 10));
        session.feed("a\nlast");
        session.wait_for("1 record,");
        session.signal(signal);
        let seen = session.seen.clone();
        let (ended, rest) = session.end();
        assert_eq!(ended, Some(status));
        let all = seen + &rest;
        assert_eq!(screen(&all, 10), ["line  count", "a         1", "last      1", ""]);
        assert_eq!(all.matches("\u{1b}[?25l").count(), all.matches("\u{1b}[?25h").count(), "the cursor is shown");
    }
}

#[test]
fn a_stopped_run_draws_below_what_others_have_written() {
    let mut session = session(&["count"], (40, 10));
    session.feed("a\n");
    session.wait_for("1 record,");
    for round in 0..5 {
        let shell = format!("shell {round}\n");
        session.stop_and_write(&shell);
        // Long enough that a frame is due as soon as it goes on.
        std::thread::sleep(std::time::Duration::from_millis(60));
        session.signal("CONT");
        let sent = session.wait_for(&shell);
        let mut after = sent.split_once(&shell).expect("it came").1.to_owned();
        if !after.contains("count") {
            after.push_str(&session.wait_for("count"));
        }
        // A frame that does not move up: the lines above belong to others.
        assert!(after.starts_with("\u{1b}[?2026h\u{1b}[?25l\rcount"), "{after:?}");
    }
    session.stop_and_write("shell\n");
    session.close_input();
    session.signal("CONT");
    let (status, rest) = session.end();
    assert_eq!(status, Some(0));
    let after = rest.split_once("shell\n").map_or(rest.as_str(), |parts| parts.1);
    assert!(screen(after, 10).contains(&"count".to_owned()), "{rest:?}");
}

#[test]
fn a_frame_says_how_many_records_its_table_tells_of() {
    let mut session = self::session(&["count"], (60, 10));
    for number in 1..=20 {
        session.feed("a\n");
        session.wait_for(&format!("{number} record"));
    }
    session.close_input();
    let frames = session.seen.split("\u{1b}[?2026l");
    let mut counted = 0;
    for frame in frames.filter(|frame| frame.contains("records/s")) {
        let lines = screen(frame, 10);
        let status = lines.iter().find(|line| line.contains("records/s"));
        let status = status.expect("there is one");
        let records = status.split(", ").nth(1).expect("a number of records");
        let records = records.split(' ').next().expect("a number");
        assert!(lines.iter().any(|line| line.trim() == records), "{records} records: {lines:?}");
        counted += 1;
    }
    assert!(counted >= 20);
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn what_cannot_be_redrawn_is_printed_at_the_end() {
    let arguments = ["--batch", "20ms", "count by line"];
    let mut session = Session::start(&arguments, &[("TERM", "dumb")], (40, 10), On::Stdout);
    session.feed("a\n");
    std::thread::sleep(std::time::Duration::from_millis(200));
    session.close_input();
    let (status, sent) = session.end();
    assert_eq!((status, sent.as_str()), (Some(0), "line  count\na         1\n"));
}

#[test]
fn a_table_on_the_terminal_while_results_go_elsewhere() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let out = file.reopen().expect("it is there");
    let arguments = ["--live", "--batch", "20ms", "--color", "never", "count by line"];
    let mut session = Session::start(&arguments, &[], (40, 10), On::Stderr(out));
    session.feed("a\nb\na\n");
    session.wait_for("3 records,");
    let seen = session.seen.clone();
    assert_eq!(table(&seen, 10), ["line  count", "a         2", "b         1", ""]);
    session.close_input();
    let (status, rest) = session.end();
    assert_eq!(status, Some(0));
    assert_eq!(screen(&(seen + &rest), 10), [""], "nothing is left of it");
    let printed = std::fs::read_to_string(file.path()).expect("text");
    assert_eq!(printed, "a\t2\nb\t1\n");
}

#[test]
fn windows_and_rows_come_while_the_input_is_open() {
    let expression = "parse '{t:time} {w}' | count by w | window 1m on t";
    let mut session = self::session(&[expression], (80, 10));
    session.feed("2026-03-01T10:00:00Z a\n2026-03-01T10:01:00Z b\n");
    session.wait_for("2026-03-01T10:00:00Z  2026-03-01T10:01:00Z  a      1\n");
    session.feed("2026-03-01T10:02:00Z c\n");
    session.wait_for("2026-03-01T10:01:00Z  2026-03-01T10:02:00Z  b      1\n");
    let shown = screen(&session.seen, 10);
    let rows = |end: &str| shown.iter().filter(|line| line.ends_with(end)).count();
    assert_eq!((rows("a      1"), rows("b      1")), (1, 1), "{shown:?}");
    let mut session = self::session(&["select line as l"], (80, 10));
    session.feed("one\n");
    session.wait_for("l\none\n");
    session.feed("two\n");
    session.wait_for("two\n");
}

#[test]
fn a_table_fits_and_has_color() {
    let expression = "select line as text, len(line) as n, num(line) as x";
    let input = "a line of thirty characters...\n";
    assert_eq!(
        shown(24, &[expression], &[], input),
        concat!("\u{1b}[1mtext             n  x\u{1b}[0m\n", "a line of thi…  30  \u{1b}[2mnull\u{1b}[0m\n")
    );
}

#[test]
fn color_can_be_refused() {
    let plain = "n\n1\n";
    for (arguments, environment) in [
        (&["--color", "never", "count as n"][..], &[][..]),
        (&["count as n"], &[("NO_COLOR", "1")]),
        (&["count as n"], &[("TERM", "dumb")]),
    ] {
        assert_eq!(shown(80, arguments, environment, "a\n"), plain);
    }
    let bold = "\u{1b}[1mn\u{1b}[0m\n1\n";
    for (arguments, environment) in
        [(&["count as n"][..], &[("NO_COLOR", "")]), (&["--color", "always", "count as n"], &[("NO_COLOR", "1")])]
    {
        assert_eq!(shown(80, arguments, environment, "a\n"), bold);
    }
}

#[test]
fn bars_take_what_is_left() {
    let arguments = ["--color", "never", "-o", "bars", "count as n by line"];
    let bars = shown(20, &arguments, &[], "a\na\nb\n");
    let lines = ["line  n", "a     2  ███████████", "b     1  █████▌", ""];
    assert_eq!(bars, lines.join("\n"));
}

#[test]
fn data_does_not_drive_the_terminal() {
    let input = format!("{ESCAPES}\n");
    for (arguments, line) in [
        (&["match 'a'"][..], "a\\x1b[2J\\x07\tb\n"),
        (&["-o", "raw", "select line"], "a\\x1b[2J\\x07\tb\n"),
        (&["-o", "tsv", "select line"], "a\\x1b[2J\\x07\\tb\n"),
    ] {
        assert_eq!(shown(80, arguments, &[], &input), line);
    }
    let header = format!("x{ESCAPES}\n1\n");
    let shown = shown(80, &["csv | where true"], &[], &header);
    assert_eq!(shown, "xa\\x1b[2J\\x07\tb\n1\n");
}

#[test]
fn rows_appear_while_records_keep_coming() {
    for arguments in [
        &["--color", "never", "select line, len(line) as n"][..],
        &["--color", "never", "-o", "table", "logfmt | select n"],
    ] {
        let mut session = Session::start(arguments, &[], (40, 10), On::Stdout);
        // No pause is as long as a table waits for rows that come together.
        for _ in 0..200 {
            session.feed("n=1\n");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let row = if arguments.contains(&"table") { "n\n1\n" } else { "line  n\nn=1   3\n" };
        session.wait_for(row);
        session.feed("n=2\n");
        session.close_input();
        let (status, _) = session.end();
        assert_eq!(status, Some(0));
    }
}

#[test]
fn windows_that_are_open_are_drawn_below_the_final_ones() {
    let mut session = session(&["parse '{t:time} {w}' | count by w | window 1m on t"], (70, 12));
    session.feed("2026-03-01T10:00:00Z a\n2026-03-01T10:01:00Z b\n");
    session.wait_for("open windows, not final yet:");
    session.wait_for("2 records,");
    let shown = table(&session.seen, 12);
    let open = shown.iter().position(|line| line == "open windows, not final yet:").expect("it is said");
    assert!(shown[..open].iter().any(|line| line.ends_with("a      1")), "{shown:?}");
    assert!(shown[open..].iter().any(|line| line.ends_with("b      1")), "{shown:?}");
    let seen = session.seen.clone();
    session.close_input();
    let (status, rest) = session.end();
    assert_eq!(status, Some(0));
    let last = screen(&(seen + &rest), 12);
    assert!(!last.iter().any(|line| line.contains("open windows")), "{last:?}");
    assert!(last.iter().any(|line| line.ends_with("b      1")), "{last:?}");
}

#[test]
fn a_chart_shows_final_and_open_windows_together() {
    let expression = "parse '{t:time} {w}' | count by w | window 1m on t";
    let mut session = session(&["--color", "never", "-o", "chart", expression], (60, 24));
    session.feed("2026-03-01T10:00:00Z a\n2026-03-01T10:01:00Z b\n");
    session.wait_for("2 records,");
    let shown = table(&session.seen, 24);
    assert!(shown[0].starts_with("count by w ") && shown[0].ends_with(" 2026-03-01 UTC"), "{shown:?}");
    assert!(shown.iter().any(|line| line == "* a   + b"), "{shown:?}");
    let seen = session.seen.clone();
    session.close_input();
    let (status, rest) = session.end();
    assert_eq!(status, Some(0));
    let last = screen(&(seen + &rest), 24);
    assert_eq!(last.iter().filter(|line| line.starts_with("count by w")).count(), 1, "{last:?}");
    assert!(last.iter().any(|line| line == "* a   + b"), "{last:?}");
}

#[test]
fn no_row_is_wider_than_the_terminal() {
    let input = "2026-03-01T10:00:00Z a-long-word 1234567890123\n2026-03-01T10:01:30Z b 7\n";
    let expression = "parse '{t:time} {w} {n:int}' | sum(n) as a_long_name, count by w | window 1m on t";
    for columns in 1..100 {
        for format in ["table", "bars"] {
            let sent = shown(columns, &["--color", "never", "-o", format, expression], &[], input);
            for line in sent.lines() {
                assert!(line.chars().count() <= usize::from(columns), "{columns}: {line:?}");
            }
        }
    }
}

#[test]
fn bounds_of_one_day_are_times_of_day_where_there_is_no_room() {
    let input = "2026-03-01T23:58:00Z a\n2026-03-01T23:59:00Z b\n";
    let expression = "parse '{t:time} {w}' | count by w | window 1m on t";
    let at = |columns, input| shown(columns, &["--color", "never", expression], &[], input);
    assert!(at(70, input).contains("2026-03-01T23:58:00Z  2026-03-01T23:59:00Z  a      1\n"));
    let narrow = at(40, input);
    assert!(narrow.contains("23:58:00      23:59:00    a      1\n"), "{narrow}");
    assert!(narrow.contains("23:59:00      00:00:00    b      1\n"), "{narrow}");
    let both = at(40, "2026-03-01T23:59:00Z a\n2026-03-02T00:00:00Z b\n");
    assert!(both.lines().all(|line| line.chars().count() <= 40), "{both}");
}

#[test]
fn what_an_interrupt_echoes_is_cleared() {
    let mut session = session(&["count by line | sort line"], (40, 10));
    session.feed("a\n");
    session.wait_for("1 record,");
    session.signal("INT");
    let (status, rest) = session.end();
    assert_eq!(status, Some(130));
    assert!(rest.contains("\r\u{1b}[K"), "{rest:?}");
}

#[test]
fn text_of_the_data_does_not_change_its_direction() {
    let sent = shown(40, &["--color", "never", "select line as x"], &[], "a\u{202e}b\n");
    assert_eq!(sent, "x\na\\u{202e}b\n");
}

#[test]
fn what_breaks_a_line_or_is_not_seen_is_shown() {
    let input = "a\u{2028}b\u{200b}c\n";
    let escaped = "a\\u{2028}b\\u{200b}c\n";
    assert_eq!(shown(40, &["match 'a'"], &[], input), escaped);
    assert_eq!(shown(40, &["-o", "csv", "--no-header", "select line as x"], &[], input), escaped);
    assert_eq!(shown(40, &["--color", "never", "select line as x"], &[], input), format!("x\n{escaped}"));
    assert_eq!(shown(40, &["-o", "json", "select line as x"], &[], input), "{\"x\":\"a\\u2028b\\u200bc\"}\n");
}

#[test]
fn later_rows_fit_the_size_that_the_terminal_has_then() {
    // A result at the end, windows, and rows one by one; columns that the data decides too.
    for program in [
        "parse '{t} {w}' | count by w",
        "parse '{t:time} {w}' | count by w | window 1m on t",
        "parse '{t} {w}' | select w, t",
        "logfmt | where true",
    ] {
        let mut session = session(&["-o", "table", program], (100, 20));
        let word = "x".repeat(60);
        session.feed(&format!("2026-03-01T10:00:00Z w={word}\n2026-03-01T10:01:00Z w={word}\n"));
        session.wait_for(&"x".repeat(20));
        session.resize(50, 20);
        session.feed(&format!("2026-03-01T10:02:00Z w={word}y\n2026-03-01T10:03:00Z w={word}z\n"));
        session.close_input();
        let (status, rest) = session.end();
        assert_eq!(status, Some(0), "{program}");
        let last = rest.lines().rfind(|line| line.contains("xxxx")).expect("a row");
        let last =
            last.rsplit("\u{1b}[J").next().unwrap_or_default().rsplit("\u{1b}[?2026l").next().unwrap_or_default();
        assert!(last.contains('…') && last.chars().count() <= 50, "{program}: {last:?} of {rest:?}");
    }
}
