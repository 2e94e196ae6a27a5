//! The binary on a terminal of its own, which the test looks at and resizes.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A child that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal: our end, and the one that programs have.
pub struct Terminal {
    ours: OwnedFd,
    theirs: File,
}

impl Terminal {
    /// A terminal of this size.
    pub fn new(columns: u16, rows: u16) -> Terminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).expect("there are terminals");
        grantpt(&ours).expect("it is ours");
        unlockpt(&ours).expect("it can be opened");
        let name = ptsname(&ours, Vec::new()).expect("it has a name");
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .open(OsStr::from_bytes(name.as_bytes()))
            .expect("its other end opens");
        let terminal = Terminal { ours, theirs };
        resize(&terminal.ours, columns, rows);
        terminal
    }

    /// The end that a program writes to.
    pub fn end(&self) -> File {
        self.theirs.try_clone().expect("it is open")
    }

    /// Our end alone: once no program has the other one, reading it fails, and that is its end.
    pub fn into_ours(self) -> OwnedFd {
        self.ours
    }
}

fn resize(terminal: impl AsFd, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).expect("it takes a size");
}

/// The program with a terminal, and a pipe as its input.
pub struct Session {
    terminal: OwnedFd,
    child: Child,
    stdin: Option<ChildStdin>,
    pieces: Receiver<Vec<u8>>,
    /// All that the terminal was sent so far.
    pub seen: String,
}

/// Where the program writes to the terminal.
pub enum On {
    Stdout,
    /// Standard output goes to a file.
    Stderr(File),
}

impl Session {
    pub fn start(arguments: &[&str], environment: &[(&str, &str)], (columns, rows): (u16, u16), on: On) -> Session {
        let terminal = Terminal::new(columns, rows);
        let end = terminal.end();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bourn"));
        command
            .args(arguments)
            .env_remove("NO_COLOR")
            .env_remove("TZ")
            .env("TERM", "xterm")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped());
        match on {
            On::Stdout => command.stdout(end).stderr(Stdio::null()),
            On::Stderr(file) => command.stdout(file).stderr(end),
        };
        let mut child = command.spawn().expect("the binary starts");
        drop(command); // it holds the terminal's other end
        let stdin = child.stdin.take();
        let terminal = terminal.into_ours();
        let mut reader = File::from(terminal.try_clone().expect("it is open"));
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            // Once the other end is closed, reading fails: that is its end.
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Session { terminal, child, stdin, pieces, seen: String::new() }
    }

    pub fn feed(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(text.as_bytes()).expect("the child reads");
    }

    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        resize(&self.terminal, columns, rows);
        // The terminal is not the child's own, which would be told by the kernel.
        self.signal("WINCH");
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.expect("kill starts").success());
    }

    /// Stops the child, and writes something beside it on its terminal, as a shell would.
    pub fn stop_and_write(&self, text: &str) {
        self.signal("STOP");
        let path = format!("/proc/{}/stat", self.child.id());
        let begun = Instant::now();
        while !std::fs::read_to_string(&path).expect("it runs").contains(") T ") {
            assert!(begun.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
        let name = ptsname(&self.terminal, Vec::new()).expect("it has a name");
        let mut end =
            OpenOptions::new().write(true).open(OsStr::from_bytes(name.as_bytes())).expect("its other end opens");
        end.write_all(text.as_bytes()).expect("it takes all");
    }

    /// Waits until what the terminal was sent since the last call has a text in it; all that was sent since.
    pub fn wait_for(&mut self, text: &str) -> String {
        let begun = Instant::now();
        let mut new = String::new();
        while !new.contains(text) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => new.push_str(&String::from_utf8_lossy(&piece).replace("\r\n", "\n")),
                Err(_) => panic!("no {text:?} in {new:?} after {:?}", self.seen),
            }
        }
        self.seen.push_str(&new);
        new
    }

    /// Waits for the end: the exit status, and all that was sent since the last call.
    pub fn end(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it has not ended");
            std::thread::sleep(Duration::from_millis(2));
        };
        let rest: Vec<u8> = self.pieces.iter().flatten().collect();
        let rest = String::from_utf8_lossy(&rest).replace("\r\n", "\n");
        (status.code(), rest)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended already
        let _ = self.child.wait();
    }
}

/// The screen after these bytes. It knows the control sequences that the program may use, and panics at others.
pub fn screen(sent: &str, rows: usize) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut characters = sent.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => {
                (row, column) = (row + 1, 0);
                if row == lines.len() {
                    lines.push(Vec::new());
                }
            }
            '\r' => column = 0,
            '\u{1b}' => {
                assert_eq!(characters.next(), Some('['));
                let mut parameter = String::new();
                while let Some(next) = characters.next_if(|next| !next.is_ascii_alphabetic()) {
                    parameter.push(next);
                }
                let number = parameter.parse().unwrap_or(1);
                match characters.next() {
                    Some('A') => row = row.saturating_sub(number).max(lines.len().saturating_sub(rows)),
                    Some('K') => lines[row].truncate(column),
                    Some('J') => {
                        lines[row].truncate(column);
                        lines.truncate(row + 1);
                    }
                    Some('m') => {}
                    Some('h' | 'l') => assert!(["?2026", "?25"].contains(&parameter.as_str())),
                    other => panic!("ESC [ {parameter} {other:?}"),
                }
            }
            character => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
            }
        }
    }
    lines.into_iter().map(|line| line.into_iter().collect()).collect()
}
