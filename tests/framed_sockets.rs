//! Framings over sockets: however the bytes come and whenever a peer ends, the records are those of a file.

#![cfg(target_os = "linux")] // the support for live runs reads /proc

#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod program;

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use live::{PATIENCE, Running};
use program::Files;

/// A framing: how its records are read, the text that a peer sends, and the rows that are printed. The last record is
/// cut off: `rejected` is 1 if that makes it unreadable.
struct Case {
    arguments: &'static [&'static str],
    text: &'static str,
    printed: &'static [&'static str],
    rejected: usize,
}

const CASES: [Case; 4] = [
    Case {
        arguments: &["json | select a"],
        text: "{\"a\":1}\n{\"a\":\"é\"}\n{\"a\":3}",
        printed: &["1", "é", "3"],
        rejected: 0,
    },
    Case {
        arguments: &["--records", "json", "json | select a"],
        text: "{\n\"a\": 1}[{\"a\":2},\n{\"a\":\"]\"}] {\"a\":",
        printed: &["1", "2", "]"],
        rejected: 1,
    },
    Case {
        arguments: &["--records", "cri", "parse cri | select log"],
        text: "2026-03-01T10:00:00Z stdout P one \n2026-03-01T10:00:01Z stdout F two\n2026-03-01T10:00:02Z stdout F thr",
        printed: &["one two", "thr"],
        rejected: 0,
    },
    Case {
        arguments: &["--records", "octet-counted", "select line"],
        text: "5 a\nb c3 é.7 cut",
        printed: &["a\\nb c", "é."],
        rejected: 1,
    },
];

/// Where peers connect to.
enum Address {
    Port(u16),
    Path(PathBuf),
}

impl Address {
    /// A connection that sends these pieces one by one, and ends in order.
    fn send<'p>(&self, pieces: impl IntoIterator<Item = &'p [u8]>) {
        let mut peer: Box<dyn Write> = match self {
            Address::Port(port) => {
                let peer = TcpStream::connect(("127.0.0.1", *port)).expect("bourn listens");
                peer.set_nodelay(true).expect("a socket");
                Box::new(peer)
            }
            Address::Path(path) => Box::new(connect(path)),
        };
        for piece in pieces {
            peer.write_all(piece).expect("bourn reads");
            std::thread::yield_now(); // so that the reader may see each piece by itself
        }
    }
}

/// Connects as soon as bourn listens.
fn connect(path: &Path) -> UnixStream {
    let begun = std::time::Instant::now();
    loop {
        match UnixStream::connect(path) {
            Ok(peer) => return peer,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "bourn does not listen: {error}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Waits until a file has this many lines.
fn wait_for_lines(path: &Path, lines: usize) {
    let begun = std::time::Instant::now();
    loop {
        let written = std::fs::read(path).unwrap_or_default();
        if written.iter().filter(|byte| **byte == b'\n').count() >= lines {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{} has fewer than {lines} lines", path.display());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Listens on both kinds of sockets in turn; `send` sends the text of a case `peers` times.
fn check(peers: usize, send: impl Fn(&Case, &Address)) {
    for case in &CASES {
        for is_local in [false, true] {
            let files = Files::new();
            let path = files.path().join("socket");
            let source = match is_local {
                true => format!("unix-listen://{}", path.display()),
                false => "tcp-listen://0".to_owned(),
            };
            let rejects = files.path().join("rejects");
            let options = ["--stats", "--rejects", rejects.to_str().expect("a path in UTF-8")];
            let mut run = Running::start(&[&options, case.arguments, &[source.as_str()]].concat());
            let address = match is_local {
                true => Address::Path(path),
                false => Address::Port(run.port()),
            };
            send(case, &address);
            let mut printed: Vec<String> = (0..peers * case.printed.len()).map(|_| run.line()).collect();
            let mut expected = case.printed.repeat(peers);
            printed.sort();
            expected.sort_unstable();
            assert_eq!(printed, expected, "{:?} {is_local}", case.arguments);
            // A record that is cut off ends with its connection: the run has read all of it once its reject is written.
            wait_for_lines(&rejects, peers * case.rejected);
            run.signal("TERM");
            let ended = run.end();
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(143), ""));
            let (passed, rejected) = (peers * case.printed.len(), peers * case.rejected);
            let ledger = format!("= {passed} passed + 0 filtered + {rejected} rejected");
            assert!(ended.stderr.contains(&ledger), "{:?}: {ledger}: {}", case.arguments, ended.stderr);
        }
    }
}

#[test]
fn records_are_the_same_wherever_the_bytes_are_cut() {
    const LONGEST: usize = 110;
    assert!(CASES.iter().all(|case| case.text.len() < LONGEST));
    // Cuts after the end leave the text whole, so that every case has as many peers.
    check(LONGEST, |case, address| {
        for at in 0..LONGEST {
            let (front, rest) = case.text.as_bytes().split_at(at.min(case.text.len()));
            address.send([front, rest]);
        }
    });
}

#[test]
fn records_that_come_byte_by_byte() {
    check(1, |case, address| address.send(case.text.as_bytes().chunks(1)));
}

#[test]
fn many_peers_at_once_do_not_mix() {
    const PEERS: usize = 50;
    check(PEERS, |case, address| {
        std::thread::scope(|scope| {
            for step in 0..PEERS {
                scope.spawn(move || address.send(case.text.as_bytes().chunks(1 + step % 7)));
            }
        });
    });
}
