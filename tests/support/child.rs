//! The binary as a child: fed piece by piece, watched while it runs, never waited for without end.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A child that takes longer is stuck.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running child. It is killed when the test is through with it.
pub struct Child {
    child: std::process::Child,
    stdin: Option<ChildStdin>,
    /// Lines of its output as they come; nothing if the test reads it otherwise.
    lines: Option<Receiver<String>>,
}

/// How a child ended.
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program with these arguments.
pub fn bourn(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bourn"));
    command.args(arguments).env_remove("TZ");
    command
}

impl Child {
    /// Starts the program with pipes at all ends; its output is read as it comes.
    pub fn start(arguments: &[&str]) -> Child {
        let mut child = Child::start_unread(arguments);
        let stdout = child.take_stdout();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if line.is_ok_and(|line| sender.send(line).is_err()) {
                    break; // the test is over
                }
            }
        });
        child.lines = Some(lines);
        child
    }

    /// Starts the program; its output is not read.
    pub fn start_unread(arguments: &[&str]) -> Child {
        let mut command = bourn(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        Child { stdin: child.stdin.take(), child, lines: None }
    }

    pub fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().expect("stdin is open")
    }

    pub fn put_back_stdin(&mut self, stdin: ChildStdin) {
        self.stdin = Some(stdin);
    }

    pub fn take_stdout(&mut self) -> impl Read + Send + 'static {
        self.child.stdout.take().expect("stdout is piped")
    }

    /// Writes to its standard input and waits until it has been read.
    pub fn feed(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(text.as_bytes()).expect("the child reads");
        let begun = Instant::now();
        while rustix::io::ioctl_fionread(&*stdin).expect("a pipe") > 0 {
            assert!(begun.elapsed() < PATIENCE, "the input is never read");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(20)); // from the pipe into its hands
    }

    /// The next line of its output.
    pub fn line_within(&self, time: Duration) -> Option<String> {
        let lines = self.lines.as_ref().expect("the output is read as it comes");
        lines.recv_timeout(time).ok()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill starts").success());
    }

    /// The largest memory so far; nothing once it has ended.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib << 10)
    }

    /// The time that it has kept a core busy.
    pub fn busy(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).expect("the child runs");
        let behind_name = stat.rsplit(") ").next().expect("a name in parentheses");
        let fields: Vec<&str> = behind_name.split(' ').collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number of ticks")).sum();
        Duration::from_millis(ticks * 10)
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Waits for the end, with the rest of what it has printed. Its input stays as it is.
    pub fn end_within(&mut self, time: Duration) -> Ended {
        let begun = Instant::now();
        while self.is_running() {
            assert!(begun.elapsed() < time, "it has not ended within {time:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut stdout = String::new();
        if let Some(lines) = &self.lines {
            for line in lines.iter() {
                stdout.push_str(&line);
                stdout.push('\n');
            }
        }
        let mut stderr = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut stderr).expect("messages are UTF-8");
        }
        let status = self.child.try_wait().expect("a child").and_then(|status| status.code());
        Ended { status, stdout, stderr }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it has ended already
        let _ = self.child.wait();
    }
}
