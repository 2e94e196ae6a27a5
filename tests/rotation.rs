//! Logs that are rotated while they are followed: every line that is written is counted once, whatever the file is
//! called then, and however it is copied and compressed.

#![cfg(target_os = "linux")] // reads /proc

#[path = "support/compress.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod compress;
#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod program;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use compress::compress;
use live::Running;
use program::Files;

/// How often a log is rotated in the long test.
const ROTATIONS: usize = 1000;

/// After this many rotations, older files are removed, as soon as their lines have come out.
const KEPT: usize = 40;

/// A log, its writer and logrotate.
struct Log {
    directory: PathBuf,
    lines: usize,
    /// The rest of a line that was not written yet.
    rest: String,
    rotations: usize,
    /// A rotated file that is compressed at the next rotation.
    delayed: Option<PathBuf>,
    random: u64,
}

impl Log {
    fn in_directory(directory: &Path) -> Log {
        let log = Log {
            directory: directory.to_owned(),
            lines: 0,
            rest: String::new(),
            rotations: 0,
            delayed: None,
            random: 0x9e37_79b9,
        };
        append(&log.path(), "");
        log
    }

    fn path(&self) -> PathBuf {
        self.directory.join("app.log")
    }

    /// A number below `count`, the same in every run.
    fn below(&mut self, count: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 33) % count
    }

    /// Writes some lines; the last one may be written only in part.
    fn write(&mut self) {
        let mut text = std::mem::take(&mut self.rest);
        for _ in 0..self.below(4) {
            self.lines += 1;
            text += &format!("line {} of the log\n", self.lines);
        }
        if self.below(4) == 0 && text.len() > 5 {
            self.rest = text.split_off(text.len() - 5);
        }
        append(&self.path(), &text);
    }

    /// Rotates the log in one of the ways that there are.
    fn rotate(&mut self) {
        self.rotations += 1;
        if let Some(delayed) = self.delayed.take() {
            self.compress(&delayed);
        }
        let rotated = self.directory.join(format!("app.log.{}", self.rotations));
        if self.below(2) == 0 {
            std::fs::rename(self.path(), &rotated).expect("it is renamed");
            // The rest of a line goes to where its beginning is.
            append(&rotated, &std::mem::take(&mut self.rest));
            append(&self.path(), "");
        } else {
            append(&self.path(), &std::mem::take(&mut self.rest));
            std::fs::copy(self.path(), &rotated).expect("it is copied");
            File::create(self.path()).expect("it is emptied");
        }
        match self.below(3) {
            0 => self.compress(&rotated),
            1 => self.delayed = Some(rotated),
            _ => {}
        }
    }

    fn compress(&mut self, path: &Path) {
        let kind = ["gz", "zst", "xz"][self.below(3) as usize];
        let bytes = compress(kind, &std::fs::read(path).expect("a file"));
        let mut file = File::create(format!("{}.{kind}", path.display())).expect("a file");
        for part in bytes.chunks(40) {
            file.write_all(part).expect("room"); // it takes a while
        }
        std::fs::remove_file(path).expect("it is removed");
    }

    /// Removes all rotated files.
    fn remove_old(&mut self) {
        self.delayed = None;
        for entry in std::fs::read_dir(&self.directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path != self.path() {
                std::fs::remove_file(path).expect("it is removed");
            }
        }
    }
}

fn append(path: &Path, text: &str) {
    let mut file = File::options().append(true).create(true).open(path).expect("a file");
    file.write_all(text.as_bytes()).expect("room");
}

/// Rotates a log while it is followed, as the directory or by its name.
fn rotate_while_followed(is_directory: bool) {
    let files = Files::new();
    let mut log = Log::in_directory(files.path());
    let written = match is_directory {
        true => files.path().to_owned(),
        false => log.path(),
    };
    let written = written.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    append(&log.path(), "begin\n");
    assert_eq!(run.line(), "begin");
    let mut found = BTreeSet::new();
    for round in 0..ROTATIONS {
        log.write();
        log.rotate();
        if round % KEPT == KEPT - 1 {
            while found.len() < log.lines {
                let line = run.line();
                assert!(found.insert(line.clone()), "{line}: came before");
            }
            log.remove_old();
        }
    }
    while found.len() < log.lines {
        let line = run.line();
        assert!(found.insert(line.clone()), "{line}: came before");
    }
    append(&log.path(), "end\n");
    assert_eq!(run.line(), "end");
    run.signal("INT");
    let ended = run.end();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(130), ""));
    let expected = (1..=log.lines).map(|line| format!("line {line} of the log"));
    assert_eq!(found, expected.collect());
}

#[test]
fn a_thousand_rotations_of_a_followed_directory() {
    rotate_while_followed(true);
}

#[test]
fn a_thousand_rotations_of_a_followed_file() {
    rotate_while_followed(false);
}

/// The name often means another file between the moment a directory is listed and the moment the file is opened.
#[test]
fn a_log_that_is_renamed_without_a_pause() {
    let files = Files::new();
    let log = files.path().join("app.log");
    append(&log, "begin\n");
    let written = files.path().to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", written, "--follow"]);
    assert_eq!(run.line(), "begin");
    let mut expected = BTreeSet::new();
    for round in 0..ROTATIONS {
        let lines = [format!("line {round}"), format!("{round}: after it")];
        append(&log, &format!("{}\n", lines[0]));
        let rotated = files.path().join(format!("app.log.{round}"));
        std::fs::rename(&log, &rotated).expect("it is renamed");
        append(&rotated, &format!("{}\n", lines[1]));
        expected.extend(lines);
        if round % 8 == 0 {
            std::thread::sleep(Duration::from_millis(1)); // rounds fall into all moments of a look
        }
    }
    let found: Vec<String> = expected.iter().map(|_| run.line()).collect();
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    append(&log, "end\n");
    assert_eq!(run.line(), "end");
    run.signal("INT");
    assert_eq!(run.end().stdout, "");
}

/// Where Debian's logrotate is; nothing where it is not installed.
fn logrotate() -> Option<&'static str> {
    let places = ["/usr/sbin/logrotate", "/usr/bin/logrotate"];
    let found = places.into_iter().find(|place| Path::new(place).exists());
    if found.is_none() {
        println!("skipped: logrotate is not installed");
    }
    found
}

/// Follows a log, and a directory, that logrotate rotates with these directives; every line is counted once.
fn rotate_by_logrotate(rotations: usize, directives: &str) {
    let Some(logrotate) = logrotate() else {
        return;
    };
    let files = Files::new();
    let logs = files.path().join("logs");
    std::fs::create_dir(&logs).expect("a directory");
    let log = logs.join("app.log");
    append(&log, "first\n");
    let config = files.path().join("logrotate.conf");
    let text = format!(
        "{} {{\n  rotate 20\n  su {} {}\n  {directives}\n}}\n",
        log.display(),
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw()
    );
    let text = text.replace("su 0 0", "su root root");
    std::fs::write(&config, text).expect("room");
    let by_name = log.to_str().expect("a plain path");
    let by_directory = logs.to_str().expect("a plain path");
    let mut runs = [by_name, by_directory].map(|source| Running::start(&["skip 'z'", source, "--follow"]));
    for run in &mut runs {
        assert_eq!(run.line(), "first");
    }
    for round in 0..rotations {
        append(&log, &format!("{round} a\n{round} b\n"));
        // Half of the time it is rotated before anybody has read the lines.
        if round % 2 == 0 {
            for run in &mut runs {
                assert_eq!((run.line(), run.line()), (format!("{round} a"), format!("{round} b")));
            }
        }
        let rotated = Command::new(logrotate)
            .args(["--force", "--state"])
            .arg(files.path().join("state"))
            .arg(&config)
            .output()
            .expect("logrotate starts");
        let message = String::from_utf8_lossy(&rotated.stderr);
        assert!(rotated.status.success(), "{directives}: {message}");
        append(&log, &format!("{round} c, after the rotation\n"));
        for run in &mut runs {
            if round % 2 == 1 {
                assert_eq!((run.line(), run.line()), (format!("{round} a"), format!("{round} b")));
            }
            assert_eq!(run.line(), format!("{round} c, after the rotation"), "{directives}");
        }
    }
    for run in runs {
        run.signal("INT");
        let ended = run.end();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(130), ""), "{directives}");
    }
}

#[test]
fn logrotate_makes_new_files() {
    rotate_by_logrotate(8, "create");
    rotate_by_logrotate(8, "nocreate");
}

#[test]
fn logrotate_copies_and_empties() {
    rotate_by_logrotate(8, "copytruncate");
}

#[test]
fn logrotate_copies() {
    rotate_by_logrotate(8, "copy");
}

#[test]
fn logrotate_compresses() {
    rotate_by_logrotate(8, "create\n  compress");
    rotate_by_logrotate(8, "create\n  compress\n  delaycompress");
    rotate_by_logrotate(8, "copytruncate\n  compress");
    rotate_by_logrotate(8, "copytruncate\n  compress\n  delaycompress");
}

#[test]
fn logrotate_names_files_by_dates() {
    rotate_by_logrotate(1, "create\n  dateext\n  dateformat -%Y%m%d\n  extension .log");
    rotate_by_logrotate(1, "copytruncate\n  compress\n  dateext\n  dateformat -%Y%m%d");
}
