//! What is printed on a terminal: what fits it, with color, and with nothing of the data that could drive it.

#![cfg(target_os = "linux")] // what was written to a terminal can be read to its end

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const ESCAPES: &str = "a\u{1b}[2J\u{7}\tb";

/// What a terminal of so many columns is sent, its ends of lines as they were written.
fn shown(columns: u16, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> String {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = openpt(flags).expect("there are terminals");
    grantpt(&terminal).expect("it is ours");
    unlockpt(&terminal).expect("it can be opened");
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).expect("it takes a size");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name");
    let other_end = OpenOptions::new()
        .read(true)
        .write(true)
        .open(OsStr::from_bytes(name.as_bytes()))
        .expect("its other end opens");
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
        .stdout(other_end)
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut out = Vec::new();
    // Once the other end is closed, reading fails: that is its end.
    let _ = File::from(terminal).read_to_end(&mut out);
    assert!(child.wait().expect("it ends").success());
    String::from_utf8(out).expect("text").replace("\r\n", "\n")
}

#[test]
fn a_table_fits_and_has_color() {
    let expression = "select line as text, len(line) as n, num(line) as x";
    let input = "a line of thirty characters...\n";
    assert_eq!(
        shown(24, &[expression], &[], input),
        concat!(
            "\u{1b}[1mtext             n  x\u{1b}[0m\n",
            "a line of thi…  30  \u{1b}[2mnull\u{1b}[0m\n"
        )
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
    for (arguments, environment) in [
        (&["count as n"][..], &[("NO_COLOR", "")]),
        (&["--color", "always", "count as n"], &[("NO_COLOR", "1")]),
    ] {
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
