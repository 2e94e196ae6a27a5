//! Arrival: every record of a pipe or socket falls into the window of arrival in which it was written, however long
//! a batch is. The writer's clock and the program's are the same one; only what no machine can delay is strict.

#![cfg(target_os = "linux")] // the support for live runs reads /proc

#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;

use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use live::Running;

/// How many lines are written, and how long a rest follows each: together some seconds.
const LINES: usize = 120;
const REST: Duration = Duration::from_millis(20);

/// Each word is its own group, in the window in which it arrived. A batch is longer than the test.
const ARGUMENTS: [&str; 3] = ["--batch", "1h", "split | count by word | window 1s"];

fn now_ns() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is set").as_nanos() as i64
}

/// Writes lines that say when they were written.
fn write_lines(mut write: impl FnMut(&str)) {
    for _ in 0..LINES {
        write(&format!("{}\n", now_ns()));
        std::thread::sleep(REST);
    }
}

/// Every line is there once, no line is in a window that ended before it was written, and but for a few, which a
/// busy machine may have read late, each is in the window of its own second.
fn check(stdout: &str) {
    let ns = |time: &str| {
        let time: jiff::Timestamp = time.parse().expect("a time");
        time.as_nanosecond() as i64
    };
    let mut own = 0;
    for row in stdout.lines() {
        let fields: Vec<&str> = row.split('\t').collect();
        let written: i64 = fields[2].parse().expect("a number");
        assert!(written < ns(fields[1]), "{row}");
        own += usize::from(written >= ns(fields[0]));
    }
    assert_eq!(stdout.lines().count(), LINES);
    assert!(own >= LINES * 4 / 5, "{own} of {LINES} are in their second");
}

#[test]
fn lines_of_a_pipe() {
    let mut run = Running::start(&ARGUMENTS);
    write_lines(|line| run.write(line));
    run.close_stdin();
    let ended = run.end();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    check(&ended.stdout);
}

#[test]
fn lines_of_a_tcp_connection() {
    let mut run = Running::start(&[&ARGUMENTS[..], &["tcp-listen://127.0.0.1:0"]].concat());
    let mut stream = TcpStream::connect(("127.0.0.1", run.port())).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    write_lines(|line| stream.write_all(line.as_bytes()).expect("it reads"));
    finish(run);
}

#[test]
fn datagrams() {
    let mut run = Running::start(&[&ARGUMENTS[..], &["udp-listen://127.0.0.1:0"]].concat());
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(("127.0.0.1", run.port())).expect("an address");
    write_lines(|line| {
        socket.send(line.as_bytes()).expect("it is sent");
    });
    finish(run);
}

#[test]
fn lines_of_a_unix_socket() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let source = format!("unix-listen://{}", path.display());
    let run = Running::start(&[&ARGUMENTS[..], &[source.as_str()]].concat());
    let mut stream = loop {
        match UnixStream::connect(&path) {
            Ok(stream) => break stream,
            Err(_) => std::thread::sleep(Duration::from_millis(5)), // it does not listen yet
        }
    };
    write_lines(|line| stream.write_all(line.as_bytes()).expect("it reads"));
    finish(run);
}

/// The input of a socket ends with the run.
fn finish(run: Running) {
    std::thread::sleep(Duration::from_millis(300)); // the last lines are on their way
    run.signal("INT");
    let ended = run.end();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    check(&ended.stdout);
}
