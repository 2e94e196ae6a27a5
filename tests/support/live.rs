//! The binary while it runs, with its input, output and messages each at hand as they come.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A run that takes longer is stuck.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What is said where results wait for the end of an input that has none.
pub const WAITS: &str = "bourn: this input never ends, so nothing would ever be printed: `| window 1m` or --every 5s prints results as they come, --for 1m ends the input\n";

/// A running program. It is killed when the test is through with it.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    messages: Receiver<String>,
}

/// How it ended, with what was not looked at before.
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Running {
    /// Starts it; what it prints is read as it comes.
    pub fn start(arguments: &[&str]) -> Running {
        let mut running = Running::start_unread(arguments);
        let stdout = running.child.stdout.take().expect("stdout is piped");
        running.lines = lines_of(stdout);
        running
    }

    /// Starts it; its output is not read.
    pub fn start_unread(arguments: &[&str]) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(arguments)
            .env_remove("TZ")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        Running {
            stdin: child.stdin.take(),
            messages: lines_of(child.stderr.take().expect("stderr is piped")),
            lines: channel().1,
            child,
        }
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        next(&self.lines, "line")
    }

    /// The next message.
    pub fn message(&mut self) -> String {
        next(&self.messages, "message")
    }

    /// A message, if it has said one more.
    pub fn said(&mut self) -> Option<String> {
        self.messages.try_recv().ok()
    }

    /// The port on which it says it listens.
    pub fn port(&mut self) -> u16 {
        loop {
            let message = self.message();
            if let Some((_, address)) = message.split_once("listening on ") {
                let port = address.rsplit(':').next().unwrap_or_default();
                return port.parse().expect("a port");
            }
        }
    }

    pub fn write(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(text.as_bytes()).expect("it reads");
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits until the kernel has handed it what was sent to this port.
    pub fn wait_until_read(&self, port: u16) {
        let begun = Instant::now();
        while has_unread(port) {
            assert!(begun.elapsed() < PATIENCE, "it does not read");
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(300)); // from its hands into the count
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill starts").success());
    }

    /// Whether it has this file open.
    pub fn has_open(&self, path: &std::path::Path) -> bool {
        let path = path.canonicalize().expect("it is there");
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it runs");
        open.flatten().any(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path))
    }

    /// The largest memory so far.
    pub fn peak_memory_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kib.expect("a size") << 10
    }

    /// Waits for the end. Its input stays as it is.
    pub fn end(mut self) -> Ended {
        let begun = Instant::now();
        while self.child.try_wait().expect("a child").is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
        let rest = |lines: &Receiver<String>| lines.iter().map(|line| line + "\n").collect();
        Ended {
            status: self.child.wait().expect("a child").code(),
            stdout: rest(&self.lines),
            stderr: rest(&self.messages),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended already
        let _ = self.child.wait();
    }
}

/// Whether connections or bytes wait at this port: a queue of one of its sockets, or of their peers, is not empty.
fn has_unread(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux says");
    let end = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_meant = fields[1].ends_with(&end) || fields[2].ends_with(&end);
        is_meant && fields[4] != "00000000:00000000"
    })
}

/// Whether datagrams to this port wait to be read.
pub fn has_unread_datagrams(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/udp").expect("Linux says");
    let end = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[1].ends_with(&end) && !fields[4].ends_with(":00000000")
    })
}

/// Lines as they come.
fn lines_of(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            if line.is_ok_and(|line| sender.send(line).is_err()) {
                break; // the test is over
            }
        }
    });
    lines
}

fn next(lines: &Receiver<String>, what: &str) -> String {
    match lines.recv_timeout(PATIENCE) {
        Ok(line) => line,
        Err(error) => panic!("no {what} comes: {error}"),
    }
}
