//! The face of the command line: what is said without an expression, of wrong options and of a split expression;
//! how the program ends when its output is not read.

use std::io::Read;
use std::process::{Command, Stdio};

mod support {
    pub mod shell;
}

use support::shell::{printed, run};

fn stderr(command: &str) -> (Option<i32>, String) {
    let output = run(command);
    assert!(output.stdout.is_empty(), "{command} prints on stdout");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

#[test]
fn without_an_expression_the_usage_is_shown() {
    for command in ["bourn", "bourn -j 2", "bourn --check"] {
        let (status, text) = stderr(command);
        assert_eq!(status, Some(2));
        assert!(text.starts_with("bourn: missing expression\n"));
        assert_eq!(text.matches("\n  bourn ").count(), 2, "{text}");
        assert!(text.contains("usage: bourn [OPTIONS] EXPR [SOURCE...]"));
        assert!(text.contains("bourn --help"));
    }
}

#[test]
fn errors_in_options_are_reported() {
    for (command, message) in [
        ("bourn --thread 2 count", "bourn: unknown option `--thread`\n  = help: did you mean `--threads`?\n"),
        ("bourn --zzz count", "bourn: unknown option `--zzz`\n  = help: bourn --help options lists them\n"),
        (
            "bourn -j 0 count",
            "bourn: --threads: expected a number from 1 to 1024, found `0`\n  = help: write --threads 4\n",
        ),
        (
            "bourn --batch 30x count",
            "bourn: --batch: expected a duration, found `30x`\n  = help: write --batch 500ms, 1s or 5m\n",
        ),
        (
            "bourn --max-line 2GiB count",
            "bourn: --max-line: expected a size up to 1GiB, found `2GiB`\n  = help: write --max-line 4096, 10kB or 16MiB\n",
        ),
        ("bourn -o cvs count", "bourn: --output: expected a format, found `cvs`\n  = help: did you mean `csv`?\n"),
        (
            "bourn -j",
            "bourn: --threads: expected a number from 1 to 1024, found nothing\n  = help: write --threads 4\n",
        ),
        (
            "bourn -x",
            "bourn: --expression-file: expected a file, found nothing\n  = help: write --expression-file FILE\n",
        ),
        ("bourn --header=yes count", "bourn: --header takes no value, found `yes`\n  = help: write --header\n"),
        ("bourn -x no-such-file", "bourn: no-such-file: the expression cannot be read: no such file or directory\n"),
    ] {
        assert_eq!(stderr(command), (Some(2), message.to_owned()), "{command}");
    }
}

#[test]
fn an_expression_in_pieces_is_put_together() {
    assert_eq!(
        stderr("bourn split ' ' '|' count by word"),
        (Some(2), "bourn: an expression is one argument; write bourn 'split   | count by word'\n".to_owned())
    );
    let (status, text) = stderr("bourn Cargo.toml 'limit 1'");
    assert_eq!(status, Some(2));
    assert!(text.ends_with("bourn: the expression comes first; write bourn 'limit 1' Cargo.toml\n"));
}

#[test]
fn options_may_stand_anywhere_and_the_last_one_counts() {
    assert_eq!(printed("bourn count -j 2 Cargo.toml -j 1 --header"), {
        let lines = include_str!("../Cargo.toml").lines().count();
        format!("count\n{lines}\n")
    });
    assert_eq!(printed("printf 'a\\n' | bourn --header --no-header count"), "1\n");
}

#[test]
fn check_and_explain_read_nothing() {
    assert_eq!(printed("bourn --check count no-such-file"), "");
    let output = run("bourn --explain count no-such-file");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("count"));
    assert_eq!(stderr("bourn --check 'cuont'").0, Some(2));
}

#[test]
fn an_expression_file_takes_every_argument_as_a_source() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("lines.bourn");
    std::fs::write(&path, "# how many\ncount   # lines\n").expect("a file");
    let command = format!("bourn -x {} LICENSE LICENSE", path.display());
    let lines = include_str!("../LICENSE").lines().count();
    assert_eq!(printed(&command), format!("{}\n", 2 * lines));
    std::fs::write(&path, "count |\n  limt 1\n").expect("a file");
    let (status, text) = stderr(&command);
    assert_eq!(status, Some(2));
    assert!(text.contains("lines.bourn:2:3"), "{text}");
}

#[test]
fn names_of_sources_need_no_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(std::ffi::OsStr::from_bytes(b"a\xff.log"));
    if std::fs::write(&path, "x\n").is_err() {
        return; // the file system takes no such names
    }
    let output =
        Command::new(env!("CARGO_BIN_EXE_bourn")).args(["select @source"]).arg(&path).output().expect("it runs");
    let expected = [path.as_os_str().as_bytes(), b"\n"].concat();
    assert_eq!(output.stdout, expected);
    let missing = Command::new(env!("CARGO_BIN_EXE_bourn"))
        .arg("count")
        .arg(std::ffi::OsStr::from_bytes(b"no\xff\x1b"))
        .output()
        .expect("it runs");
    assert_eq!(missing.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&missing.stderr), "bourn: no\u{fffd}\\u{1b}: no such file or directory\n");
}

#[test]
fn the_version() {
    let version = concat!("bourn ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(printed("bourn --version"), version);
    assert_eq!(printed("bourn -V"), version);
}

#[test]
fn nobody_has_to_listen() {
    for arguments in [&["--help"][..], &["--help", "values"], &["--explain", "count"], &["select line", "LICENSE"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(closed_pipe())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut text = String::new();
        let mut stderr = child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut text).expect("text");
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
        assert_eq!(text, "", "{arguments:?}");
    }
    for (arguments, status) in [(&["--nope"][..], 2), (&["cuont"], 2), (&["count", "no-such-file"], 3), (&[], 2)] {
        let ended = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(closed_pipe())
            .status();
        assert_eq!(ended.expect("it runs").code(), Some(status), "{arguments:?}");
    }
}

/// The writing end of a pipe without a reader.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn a_full_disk_is_a_failure() {
    if std::path::Path::new("/dev/full").exists() {
        for command in ["bourn count LICENSE >/dev/full", "bourn --help >/dev/full"] {
            assert_eq!(stderr(command), (Some(3), "bourn: standard output: no space left on device\n".to_owned()));
        }
    }
}
