//! Results that are sent to a web server: `--to http://…`.

#![cfg(feature = "http")]

#[path = "support/child.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod child;
#[path = "support/program.rs"]
mod program;
#[path = "support/server.rs"]
mod server;

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use child::{Child, PATIENCE};
use program::{Ended, Files, bourn};
use server::{Answer, Server};

const WORDS: &str = "split | count by word";

/// Sends the counts of two words.
fn send(server: &Server, query: &str, options: &[&str]) -> Ended {
    let url = server.url(&format!("/in{query}"));
    bourn(&[&["--to", &url], options, &[WORDS]].concat(), b"a b\na\n")
}

fn answer(status: &'static str, body: &str) -> Answer {
    Answer::Full(status, &[], body.as_bytes().to_vec())
}

#[test]
fn a_result_is_sent_once() {
    let server = Server::start(Vec::new());
    let sent = send(&server, "?db=x&header=X-Team: web %26 more", &["--stats"]);
    assert_eq!((sent.status, sent.stdout.as_str()), (Some(0), ""), "{}", sent.stderr);
    let told = format!("bourn: {}: received 1 batch, 2 rows\n", server.url("/in"));
    assert!(sent.stderr.ends_with(&told), "{}", sent.stderr);
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!(request.path, "/in?db=x");
    assert_eq!(request.body, "{\"word\":\"a\",\"count\":2}\n{\"word\":\"b\",\"count\":1}\n");
    assert_eq!(request.headers["content-type"], "application/x-ndjson");
    assert_eq!(request.headers["x-team"], "web & more");
    assert!(request.headers["idempotency-key"].len() > 16);
}

#[test]
fn what_may_pass_is_sent_again_with_the_same_key() {
    let answers = [
        answer("503 Service Unavailable", "starting\n"),
        answer("500 Internal Server Error", ""),
        answer("408 Request Timeout", ""),
        answer("425 Too Early", ""),
        Answer::Close,
        Answer::Bytes(b"\x00\x01 no HTTP"),
    ];
    let server = Server::start(answers.to_vec());
    let sent = send(&server, "", &[]);
    assert_eq!(sent.status, Some(0), "{}", sent.stderr);
    let first = "the server answers 503 (Service Unavailable): starting; trying again for about 1m42s (--retry 10)\n";
    assert_eq!(sent.stderr, format!("bourn: note: {}: {first}", server.url("/in")));
    let requests = server.requests();
    assert_eq!(requests.len(), answers.len() + 1);
    let keys: Vec<&String> = requests.iter().map(|request| &request.headers["idempotency-key"]).collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn refusals_end_the_run() {
    let long = "x".repeat(1000);
    for (answer, message) in [
        (answer("400 Bad Request", "\nno such bucket\nmore"), "the server answers 400 (Bad Request): no such bucket"),
        (answer("404 Not Found", &long), "the server answers 404 (Not Found): xxx"),
        (
            answer("401 Unauthorized", ""),
            "(Unauthorized); at least 2 rows were not delivered\n  = help: add token-file=FILE",
        ),
        (
            Answer::Full("301 Moved Permanently", &[("Location", "https://other/in")], Vec::new()),
            "= help: it has moved; write its new address, https://other/in",
        ),
        (Answer::Endless(100 << 20), "the server answers 400 (Bad Request): xxx"),
    ] {
        let server = Server::start(vec![answer]);
        let refused = send(&server, "", &[]);
        assert_eq!(refused.status, Some(3), "{}", refused.stderr);
        assert!(refused.stderr.contains(message), "{}", refused.stderr);
        assert!(refused.stderr.contains("; at least 2 rows were not delivered\n"), "{}", refused.stderr);
        assert!(refused.stderr.len() < 500, "{}", refused.stderr);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_never_recovers_ends_the_run() {
    let server = Server::start(vec![answer("503 Down", ""); 9]);
    let failed = send(&server, "", &["--retry", "2"]);
    assert_eq!(failed.status, Some(3));
    let message = "the server answers 503 (Service Unavailable) (tried 3 times); at least 2 rows were not delivered\n";
    assert!(failed.stderr.ends_with(message), "{}", failed.stderr);
    assert_eq!(server.requests().len(), 3);
    let gone = bourn(&["--retry", "0", "--to", "http://127.0.0.1:1/", WORDS], b"a\n");
    let message = "bourn: http://127.0.0.1:1/: connection refused; at least 1 row was not delivered\n";
    assert_eq!((gone.status, gone.stderr.as_str()), (Some(3), message));
}

#[test]
fn a_busy_server_says_how_long_to_wait() {
    let busy = Answer::Full("429 Too Many Requests", &[("Retry-After", "1")], Vec::new());
    let server = Server::start(vec![busy]);
    let begun = Instant::now();
    assert_eq!(send(&server, "", &[]).status, Some(0));
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_slow_server_is_given_up_after_the_timeout() {
    let server = Server::start(vec![Answer::Silence(PATIENCE)]);
    let sent = send(&server, "?timeout=300ms", &[]);
    assert_eq!(sent.status, Some(0));
    assert!(
        sent.stderr.ends_with(": no answer within 300ms; trying again for about 1m42s (--retry 10)\n"),
        "{}",
        sent.stderr
    );
}

#[test]
fn a_signal_ends_the_wait_for_a_server() {
    let server = Server::start(vec![answer("503 Down", ""); 100]);
    let url = server.url("/");
    let mut child = Child::start(&["--retry", "1000", "--to", &url, "where true"]);
    child.feed("a\n");
    let begun = Instant::now();
    while server.requests().len() < 2 {
        assert!(begun.elapsed() < PATIENCE, "nothing is sent");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.signal("INT");
    let ended = child.end_within(PATIENCE);
    assert_eq!(ended.status, Some(3));
    assert!(ended.stderr.contains("at least 1 row was not delivered"), "{}", ended.stderr);
}

#[test]
fn documents_that_are_refused_are_not_lost_in_success() {
    let full = r#"{"errors":true,"items":[{"index":{"status":201}},
        {"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue full"}}}]}"#;
    let server = Server::start(vec![answer("200 OK", full), answer("200 OK", r#"{"errors":false}"#)]);
    let sent = send(&server, "?format=elasticsearch", &[]);
    assert_eq!(sent.status, Some(0), "{}", sent.stderr);
    assert!(sent.stderr.contains("refuses 1 document of 2: es_rejected_execution_exception"), "{}", sent.stderr);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].path, "/in/_bulk?filter_path=errors,items.*.status,items.*.error");
    let wrong = r#"{"errors":true,"items":[{"index":{"status":400,"error":{"type":"t","reason":"no date"}}}]}"#;
    let refused = send(&Server::start(vec![answer("200 OK", wrong)]), "?format=elasticsearch", &[]);
    assert_eq!(refused.status, Some(3));
    assert!(refused.stderr.contains("refuses 1 document of 1: t: no date"), "{}", refused.stderr);
}

#[test]
fn secrets_are_sent_and_not_shown() {
    let files = Files::new();
    let password = files.write("password", b"sesame\n");
    let server = Server::start(vec![answer("400 Bad", "")]);
    let url = server.url(&format!("/?header=X-Key: kkk&password-file={password}&sig=sss"));
    let url = url.replace("http://", "http://ali@");
    let refused = bourn(&["--to", &url, WORDS], b"a\n");
    assert_eq!(refused.status, Some(3));
    for secret in ["sesame", "kkk", "sss"] {
        assert!(!refused.stderr.contains(secret), "{}", refused.stderr);
    }
    let request = &server.requests()[0];
    assert_eq!(request.path, "/?sig=sss");
    assert_eq!(request.headers["authorization"], "Basic YWxpOnNlc2FtZQ==");
    let missing = bourn(&["--to", &server.url("/?token-file=/no/such"), WORDS], b"a\n");
    assert_eq!(missing.status, Some(3));
    assert!(missing.stderr.ends_with(": /no/such: no such file or directory\n"), "{}", missing.stderr);
    let seen = bourn(&["--to", "http://ali:sesame@h/", WORDS], b"a\n");
    assert_eq!(seen.status, Some(2));
    assert!(!seen.stderr.contains("sesame") && seen.stderr.contains("password-file=FILE"), "{}", seen.stderr);
}

#[test]
fn large_results_are_sent_in_pieces_and_go_on_where_they_failed() {
    let lines: String = (0..120_000).map(|line| format!("{line:0100}\n")).collect();
    let server = Server::start(vec![answer("200 OK", ""), answer("503 Down", "")]);
    let sent = bourn(&["--to", &server.url("/"), "sort line"], lines.as_bytes());
    assert_eq!(sent.status, Some(0), "{}", sent.stderr);
    let requests = server.requests();
    let keys: Vec<&String> = requests.iter().map(|request| &request.headers["idempotency-key"]).collect();
    assert!(requests.len() > 3 && keys[0] != keys[1] && keys[1] == keys[2]);
    let received: usize = requests.iter().skip(2).map(|request| request.body.lines().count()).sum();
    assert_eq!(received + requests[0].body.lines().count(), 120_000);
}

#[test]
fn windows_and_rows_are_requests_of_their_own() {
    let server = Server::start(Vec::new());
    let events = "{\"ts\":\"2026-03-01T10:00:01Z\",\"u\":1}\n{\"ts\":\"2026-03-01T10:01:01Z\",\"u\":2}\n";
    let expression = "json | count by u | window 1m on ts";
    let sent = bourn(&["--to", &server.url("/?format=influx&precision=s"), expression], events.as_bytes());
    assert_eq!(sent.status, Some(0), "{}", sent.stderr);
    let bodies: Vec<String> = server.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, ["bourn,u=1 count=1 1772359200\n", "bourn,u=2 count=1 1772359260\n"]);
}

#[test]
fn a_certificate_is_checked() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem");
    let send = |server: &Server, host: &str, query: &str| {
        bourn(&["--to", &format!("https://{host}:{}/{query}", server.port()), WORDS], b"a\n")
    };
    let trusted = format!("?tls-ca={authority}");
    let server = Server::start_encrypted("server.pem");
    let sent = send(&server, "localhost", &trusted);
    assert_eq!((sent.status, sent.stderr.as_str()), (Some(0), ""));
    assert_eq!(server.requests().len(), 1);
    let expired = Server::start_encrypted("expired.pem");
    for (server, host, query, message) in [
        (
            &server,
            "localhost",
            "",
            "from an unknown authority; at least 1 row was not delivered\n  = help: add tls-ca=FILE",
        ),
        (&server, "127.0.0.1", trusted.as_str(), "its certificate is for another name"),
        (&expired, "localhost", &trusted, "its certificate has expired"),
        (&server, "localhost", "?tls-ca=/no/such", "/no/such: no such file or directory"),
        (&server, "localhost", "?tls-ca=/dev/null", "/dev/null: has no certificates"),
    ] {
        let refused = send(server, host, query);
        assert_eq!(refused.status, Some(3));
        assert!(refused.stderr.contains(message), "{}", refused.stderr);
    }
}

#[test]
fn a_server_that_does_not_encrypt_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let refused = bourn(&["--to", &url, WORDS], b"a\n");
    assert_eq!(refused.status, Some(3));
    assert!(refused.stderr.contains("if the server does not encrypt, write http://"), "{}", refused.stderr);
}
