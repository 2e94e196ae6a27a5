//! Sources that are live: real sockets, and several side by side. No test depends on how fast the machine is: what
//! is waited for comes, or the test fails after a long while.

#![cfg(target_os = "linux")] // reads /proc

#[path = "support/live.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod live;
#[path = "support/program.rs"]
mod program;

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use live::{PATIENCE, Running};
use program::{Files, bourn};

const HOST: &str = "127.0.0.1";

/// A connection that has sent this and stays open.
fn client(port: u16, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect((HOST, port)).expect("a listener");
    stream.write_all(text.as_bytes()).expect("an open connection");
    stream
}

#[test]
fn connections_that_come_in_are_sources_of_their_own() {
    let mut run = Running::start(&["select @source, @number, line", "tcp-listen://0"]);
    let port = run.port();
    let _silent = client(port, "");
    let mut first = client(port, "a\r\nb\n");
    let name = first.local_addr().expect("an address").to_string();
    assert_eq!(run.line(), format!("{name}\t1\ta"));
    assert_eq!(run.line(), format!("{name}\t2\tb"));
    let second = client(port, "c\n");
    let other = second.local_addr().expect("an address").to_string();
    assert_eq!(run.line(), format!("{other}\t1\tc"));
    first.write_all(b"d\n").expect("an open connection");
    assert_eq!(run.line(), format!("{name}\t3\td"));
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn half_a_line_of_a_reset_connection_is_rejected() {
    let files = Files::new();
    let rejects = files.path().join("rejects");
    let rejects = rejects.to_str().expect("a plain path");
    let mut run = Running::start(&["skip 'z'", "tcp-listen://0", "--rejects", rejects]);
    let port = run.port();
    let stream = client(port, "a\nb\nhal");
    let name = stream.local_addr().expect("an address").to_string();
    assert_eq!((run.line(), run.line()), ("a".to_owned(), "b".to_owned()));
    run.wait_until_read(port);
    reset(stream);
    let _next = client(port, "next\n");
    assert_eq!(run.line(), "next");
    run.signal("TERM");
    let ended = run.end();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(143), ""));
    let expected = format!("bourn: 4 read, 1 rejected ({name}:3: the connection ended in the middle of the line)\n");
    assert_eq!(ended.stderr, expected);
    assert_eq!(std::fs::read_to_string(rejects).expect("a file"), "hal\n");
}

/// Closes a connection the hard way: what it does when its peer is gone.
fn reset(socket: impl std::os::fd::AsFd) {
    let at_once = Some(Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(&socket, at_once).expect("a socket");
}

#[test]
fn the_last_line_of_a_closed_connection_needs_no_newline() {
    let mut run = Running::start(&["select @number, line", "tcp-listen://0"]);
    let port = run.port();
    for text in ["1\n2", "1\r\n2\n"] {
        drop(client(port, text));
        assert_eq!((run.line(), run.line()), ("1\t1".into(), "2\t2".into()));
    }
    run.signal("INT");
    let ended = run.end();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(130), ""));

    let files = Files::new();
    let path = files.path().join("socket");
    let server = UnixListener::bind(&path).expect("a socket");
    let written = format!("unix://{}", path.display());
    let run = Running::start(&["skip 'z'", &written]);
    let (mut stream, _) = server.accept().expect("it connects");
    stream.write_all(b"a\nlast").expect("it reads");
    drop(stream);
    let ended = run.end();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "a\nlast\n"));

    let mut run = Running::start(&["skip 'z'", &written, "--follow"]);
    let (mut stream, _) = server.accept().expect("it connects");
    stream.write_all(b"a\nlast").expect("it reads");
    drop(stream);
    assert_eq!((run.line(), run.line()), ("a".into(), "last".into()));
    let (mut stream, _) = server.accept().expect("it connects again");
    stream.write_all(b"next\n").expect("it reads");
    assert_eq!(run.line(), "next", "a line of its own");
}

#[test]
fn datagrams_that_the_system_drops_are_counted() {
    let mut run = Running::start(&["count", "udp-listen://0", "--stats", "--batch", "50ms"]);
    let port = run.port();
    let socket = UdpSocket::bind((HOST, 0)).expect("a socket");
    let text = [b'x'; 60_000];
    let send = |text: &[u8]| socket.send_to(text, (HOST, port)).expect("it is sent");
    send(b"first");
    run.wait_until_read(port);
    run.signal("STOP");
    let sent: u64 = 2000; // 120 MB: more than any buffer that is granted
    (0..sent).for_each(|_| {
        send(&text);
    });
    run.signal("CONT");
    let note = run.message();
    let told = ": the system drops datagrams because they arrive faster than bourn reads them";
    assert!(note.ends_with(told), "{note}");
    let drained = || !live::has_unread_datagrams(port);
    let begun = Instant::now();
    while !drained() {
        assert!(begun.elapsed() < PATIENCE, "it does not read");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300)); // from its hands into the count
    run.signal("INT");
    let ended = run.end();
    let counted: u64 = ended.stdout.trim().parse().expect("a number");
    let line = ended.stderr.lines().find(|line| line.contains("dropped"));
    let line = line.expect("the number of dropped datagrams is printed");
    let dropped: u64 = line.split(' ').find_map(|word| word.parse().ok()).expect("a number");
    assert_eq!(counted + dropped, sent + 1, "{}", ended.stderr);
    assert!(line.ends_with("datagrams before they could be read"), "{line}");
}

#[test]
fn a_connection_ends_with_its_peer() {
    for text in ["h1,h2\n1,x\n2,y\n", "\u{feff}h1,h2\r\n1,x\r\n2,y\r\n"] {
        let server = TcpListener::bind((HOST, 0)).expect("a port");
        let port = server.local_addr().expect("an address").port();
        let address = format!("tcp://{HOST}:{port}");
        let run = Running::start(&["csv | select h2, @source", &address]);
        let (mut stream, _) = server.accept().expect("it connects");
        stream.write_all(text.as_bytes()).expect("it reads");
        drop(stream);
        let ended = run.end();
        assert_eq!(ended.stdout, format!("x\t{address}\ny\t{address}\n"));
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_followed_connection_is_made_again() {
    let server = TcpListener::bind((HOST, 0)).expect("a port");
    let address = server.local_addr().expect("an address");
    let written = format!("tcp://{address}");
    let mut run = Running::start(&["skip 'z'", &written, "--follow"]);
    let (mut stream, _) = server.accept().expect("it connects");
    stream.write_all(b"one\nhal").expect("it reads");
    assert_eq!(run.line(), "one");
    drop(server); // no answer for a while
    reset(stream);
    assert_eq!(run.message(), format!("bourn: {written}: connection reset by peer; reconnecting"));
    let begun = Instant::now();
    let server = loop {
        match TcpListener::bind(address) {
            Ok(server) => break server,
            Err(_) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
            Err(error) => panic!("the port does not come free: {error}"),
        }
    };
    let (mut stream, _) = server.accept().expect("it connects again");
    stream.write_all(b"two\n").expect("it reads");
    assert_eq!(run.line(), "two");
    run.signal("INT");
    let ended = run.end();
    assert_eq!(ended.status, Some(130));
    let rejected = format!("bourn: 3 read, 1 rejected ({written}:2: the connection ended in the middle of the line)\n");
    assert_eq!(ended.stderr, rejected, "and nothing is said twice");
}

#[test]
fn sockets_of_this_machine() {
    let files = Files::new();
    let path = files.path().join("socket");
    let written = format!("unix-listen://{}", path.display());
    drop(UnixListener::bind(&path).expect("a socket")); // left over from a run that was killed
    let mut run = Running::start(&["select @source, line", &written]);
    let begun = Instant::now();
    let connect = || loop {
        match UnixStream::connect(&path) {
            Ok(stream) => break stream,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "there is no listener: {error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut first = connect();
    first.write_all(b"a\n").expect("it reads");
    assert_eq!(run.line(), format!("{}#1\ta", path.display()));
    connect().write_all(b"b\n").expect("it reads");
    assert_eq!(run.line(), format!("{}#2\tb", path.display()));
    let second = bourn(&["count", &written], b"");
    assert_eq!(second.status, Some(3));
    assert_eq!(
        second.stderr,
        format!("bourn: {written}: address already in use\n").replacen(
            "bourn: ",
            &format!("{}bourn: ", live::WAITS),
            1
        )
    );
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
    assert!(!path.exists(), "the socket is removed");

    let server = UnixListener::bind(&path).expect("a socket");
    let run = Running::start(&["count by line", &format!("unix://{}", path.display())]);
    let (mut stream, _) = server.accept().expect("it connects");
    stream.write_all(b"x\nx\n").expect("it reads");
    drop(stream);
    let ended = run.end();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "x\t2\n"));
}

#[test]
fn a_datagram_is_one_or_several_records() {
    let mut run = Running::start(&["select @source, @number, line", "udp-listen://0"]);
    let port = run.port();
    let (one, two) = (UdpSocket::bind((HOST, 0)).expect("a socket"), UdpSocket::bind((HOST, 0)).expect("a socket"));
    let name = |socket: &UdpSocket| socket.local_addr().expect("an address").to_string();
    let send = |socket: &UdpSocket, text: &str| {
        socket.send_to(text.as_bytes(), (HOST, port)).expect("it is sent");
    };
    send(&one, "a\r\nb");
    assert_eq!(run.line(), format!("{}\t1\ta", name(&one)));
    assert_eq!(run.line(), format!("{}\t2\tb", name(&one)));
    send(&two, "");
    send(&two, "c\n");
    assert_eq!(run.line(), format!("{}\t1\tc", name(&two)));
    send(&one, "d");
    assert_eq!(run.line(), format!("{}\t3\td", name(&one)));
    run.signal("INT");
    let ended = run.end();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(130), ""));
}

#[test]
fn a_record_of_several_lines_ends_with_its_datagram() {
    let mut run = Running::start(&["select len(line)", "udp-listen://0", "--records", "/^[0-9]/"]);
    let port = run.port();
    let socket = UdpSocket::bind((HOST, 0)).expect("a socket");
    for (text, lengths) in [("1 a\n b\n2\n", &["6", "1"][..]), (" c", &["2"])] {
        socket.send_to(text.as_bytes(), (HOST, port)).expect("it is sent");
        lengths.iter().for_each(|length| assert_eq!(run.line(), *length));
    }
}

#[test]
fn what_cannot_be_opened_is_named_and_the_others_are_read() {
    let taken = TcpListener::bind((HOST, 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let files = Files::new();
    let file = files.write("a", b"a\nb\n");
    for (source, reason) in [
        (format!("tcp-listen://{port}"), "address already in use"),
        (format!("tcp-listen://192.0.2.1:{port}"), "cannot assign requested address"),
        ("unix:///nowhere/socket".to_owned(), "no such file or directory"),
        ("unix-listen:///nowhere/socket".to_owned(), "no such file or directory"),
    ] {
        let ended = bourn(&["skip 'z'", &source, &file], b"");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(3), "a\nb\n"));
        assert_eq!(ended.stderr, format!("bourn: {source}: {reason}\n"));
    }
    drop(taken);
    let ended = bourn(&["skip 'z'", &format!("tcp://{HOST}:{port}")], b"");
    let refused = format!("bourn: tcp://{HOST}:{port}: connection refused\n");
    assert_eq!((ended.status, ended.stderr), (Some(3), refused));
    let ended = bourn(&["skip 'z'", "tcp://no.such.host.invalid:9"], b"");
    assert_eq!(ended.status, Some(3));
    let unknown = "bourn: tcp://no.such.host.invalid:9: the host is unknown: ";
    assert!(ended.stderr.starts_with(unknown), "{}", ended.stderr);
}

#[test]
fn errors_in_the_syntax_of_sources() {
    for (arguments, message) in [
        (
            &["count", "tcp://localhost"][..],
            "bourn: expected a port after the host\n  |\n1 | tcp://localhost\n  |                ^\n  = help: write tcp://localhost:9999\n",
        ),
        (
            &["count", "tcp-listn://1"],
            "bourn: unknown kind of source `tcp-listn`\n  |\n1 | tcp-listn://1\n  | ^^^^^^^^^\n  = help: did you mean `tcp-listen`?\n",
        ),
        (
            &["count", "--records", "/a(/"],
            "bourn: this regular expression is wrong: unclosed group\n --> --records:1:1\n  |\n1 | /a(/\n  | ^^^^\n",
        ),
        (
            &["count", "--records", "/a/g"],
            "bourn: unknown regex flag `g`\n --> --records:1:4\n  |\n1 | /a/g\n  |    ^\n  = help: drop it: a record matches or not, and `regex_replace` replaces every match\n",
        ),
        (
            &["count", "--records", "nul"],
            "bourn: expected 0, json, cri, octet-counted or a /regex/\n --> --records:1:1\n  |\n1 | nul\n  | ^^^\n  = help: write --records 0, --records json or --records '/^[0-9]{4}-/'\n",
        ),
        (
            &["count", "--tail", "5"],
            "bourn: --tail: expected files, found a stream: standard input\n  = help: write '… | tail 10' for the last 10 records of a stream\n",
        ),
        (
            &["count", "--tail", "-5"],
            "bourn: unknown option `-5`\n  = help: `limit` keeps the first records; write limit 5\n",
        ),
        (
            &["count", "--for", "abc"],
            "bourn: --for: expected a duration, found `abc`\n  = help: write --for 500ms, 1s or 5m\n",
        ),
    ] {
        let ended = bourn(arguments, b"a\n");
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert_eq!(ended.stderr, message);
    }
}

#[test]
fn live_sources_are_read_side_by_side() {
    let files = Files::new();
    let file = files.write("file", b"f1\n");
    let mut run = Running::start(&["skip 'z'", "-", "tcp-listen://0", "udp-listen://0", &file]);
    assert_eq!(run.line(), "f1", "a file does not wait for a pipe before it");
    let (tcp, udp) = (run.port(), run.port());
    let mut stream = client(tcp, "t1\n");
    assert_eq!(run.line(), "t1");
    run.write("s1\n");
    assert_eq!(run.line(), "s1");
    let socket = UdpSocket::bind((HOST, 0)).expect("a socket");
    socket.send_to(b"u1", (HOST, udp)).expect("it is sent");
    assert_eq!(run.line(), "u1");
    run.write("s2");
    run.close_stdin();
    assert_eq!(run.line(), "s2", "what a pipe ends with is a record");
    stream.write_all(b"t2\n").expect("an open connection");
    assert_eq!(run.line(), "t2");
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn a_file_with_directives_keeps_its_fields_beside_live_sources() {
    let files = Files::new();
    let path = files.path().join("x.log");
    std::fs::write(&path, "#Fields: a b\n1 2\n#Fields: b a\n3 4\n").expect("room");
    let mut run = Running::start(&["w3c | select a, b", path.to_str().expect("a plain path"), "tcp-listen://0"]);
    assert_eq!((run.line(), run.line()), ("1\t2".to_owned(), "4\t3".to_owned()));
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn the_input_ends_after_some_time() {
    for source in ["-", "tcp-listen://0"] {
        let mut run = Running::start(&["count", source, "--for", "300ms"]);
        if source == "-" {
            run.write("a\nb\nhalf");
        }
        let ended = run.end();
        let stdout = if source == "-" { "3\n" } else { "0\n" };
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), stdout));
    }
}

#[test]
fn results_that_would_never_come_are_told_of() {
    let files = Files::new();
    let file = files.write("log", b"a\n");
    for (arguments, is_told) in [
        (&["count", "tcp-listen://0"][..], true),
        (&["count", &file, "--follow"], true),
        (&["limit 1 | count", &file, "--follow"], false),
        (&["count", &file, "--follow", "--for", "100ms"], false),
        (&["skip 'z'", &file, "--follow"], false),
    ] {
        let run = Running::start(arguments);
        std::thread::sleep(Duration::from_millis(300));
        run.signal("INT");
        let ended = run.end();
        assert_eq!(ended.stderr.contains("this input never ends"), is_told, "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_producer_that_is_too_fast_is_slowed() {
    let mut run = Running::start_unread(&["skip 'z'", "tcp-listen://0"]);
    let mut stream = client(run.port(), "");
    let patience = Duration::from_secs(2);
    stream.set_write_timeout(Some(patience)).expect("a timeout");
    let text = "some line of text\n".repeat(10_000);
    let mut sent = 0;
    let refused = loop {
        match stream.write(text.as_bytes()) {
            Ok(written) => sent += written,
            Err(error) => break error,
        }
        assert!(sent < 1 << 30, "it reads although its output is not read");
    };
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    assert!(run.peak_memory_bytes() < 200 << 20);
}

#[test]
fn thousands_of_connections() {
    raise_open_files();
    let mut run = Running::start(&["count, count_distinct(@source)", "tcp-listen://0"]);
    let port = run.port();
    let wanted = rustix::process::getrlimit(rustix::process::Resource::Nofile)
        .current
        .map_or(2000, |files| files.saturating_sub(100).min(2000));
    let mut streams: Vec<TcpStream> = (0..wanted).map(|_| client(port, "a\n")).collect();
    for stream in streams.iter_mut().rev() {
        stream.write_all(b"b\n").expect("an open connection");
    }
    run.wait_until_read(port);
    assert!(run.peak_memory_bytes() < 300 << 20);
    run.signal("INT");
    let ended = run.end();
    assert_eq!(ended.stdout, format!("{}\t{wanted}\n", 2 * wanted));
    assert_eq!(ended.status, Some(130));
}

#[test]
fn connections_that_come_and_go() {
    let mut run = Running::start(&["select @number, line", "tcp-listen://0"]);
    let port = run.port();
    for round in 0..300 {
        let stream = client(port, &format!("{round}\nx\n"));
        stream.shutdown(Shutdown::Write).expect("it is open");
        assert_eq!(run.line(), format!("1\t{round}"));
        assert_eq!(run.line(), "2\tx");
    }
    run.signal("INT");
    assert_eq!(run.end().status, Some(130));
}

#[test]
fn windows_are_final_although_nothing_more_comes() {
    let mut run = Running::start(&["count by line | window 200ms", "--batch", "50ms", "tcp-listen://0"]);
    let _open = client(run.port(), "x\n");
    let line = run.line();
    assert!(line.ends_with("\tx\t1"), "{line}");

    let by_time = "parse '{t:time} {w}' | count by w | window 10s on t";
    let mut run = Running::start(&[by_time, "--batch", "50ms", "--idle", "100ms", "tcp-listen://0"]);
    let port = run.port();
    let _silent = client(port, "2026-03-01T10:00:01Z a\n");
    let _ahead = client(port, "2026-03-01T10:00:15Z a\n");
    let window = "2026-03-01T10:00:00Z\t2026-03-01T10:00:10Z";
    assert_eq!(run.line(), format!("{window}\ta\t1"), "who is silent holds nothing");
}

#[test]
fn the_place_of_a_trouble_is_that_in_its_own_source() {
    let mut run = Running::start(&["json | select n", "tcp-listen://0"]);
    let port = run.port();
    let mut first = client(port, "{\"n\":1}\n");
    assert_eq!(run.line(), "1");
    let _second = client(port, "{\"n\":2}\n{\"n\":3}\n");
    assert_eq!((run.line(), run.line()), ("2".into(), "3".into()));
    first.write_all(b"{\"n\":\n{\"n\":4}\n").expect("it reads");
    assert_eq!(run.line(), "4");
    let name = first.local_addr().expect("an address");
    run.signal("INT");
    let ended = run.end();
    assert!(ended.stderr.starts_with(&format!("bourn: 5 read, 1 rejected ({name}:2: ")), "{}", ended.stderr);
}

fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit); // then there are fewer connections
}
