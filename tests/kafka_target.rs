//! Results that become messages: at a real broker, which BOURN_TEST_KAFKA names, and at one that knows transactions,
//! which BOURN_TEST_KAFKA_TRANSACTIONS names.

#![cfg(feature = "kafka")]

#[path = "support/program.rs"]
mod program;

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use program::{Files, bourn};

/// The address of a new topic at the broker that a variable names.
fn topic(variable: &str, name: &str) -> Option<String> {
    let Ok(broker) = std::env::var(variable) else {
        eprintln!("skipped: {variable}=HOST:PORT names no broker; .ci/run starts one");
        return None;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos();
    Some(format!("kafka://{broker}/bourn-{name}-{now}"))
}

/// Runs an expression that succeeds without a message; returns its output.
fn printed(arguments: &[&str], stdin: &str) -> String {
    let ended = bourn(arguments, stdin.as_bytes());
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ended.stdout
}

#[test]
fn each_row_is_a_message_with_its_key() {
    let Some(words) = topic("BOURN_TEST_KAFKA", "words") else {
        return;
    };
    let target = format!("{words}?key=word");
    assert_eq!(printed(&["--to", &target, "split | count by word"], "a b\na\nc\n"), "");
    let messages = printed(&["-o", "tsv", "--no-header", "select @key, line", &words], "");
    assert_eq!(
        messages,
        "a\t{\"word\":\"a\",\"count\":2}\nb\t{\"word\":\"b\",\"count\":1}\nc\t{\"word\":\"c\",\"count\":1}\n"
    );
}

#[test]
fn words_are_counted_from_a_topic_into_a_topic() {
    let (Some(lines), Some(words)) = (topic("BOURN_TEST_KAFKA", "lines"), topic("BOURN_TEST_KAFKA", "counts")) else {
        return;
    };
    printed(&["--to", &lines, "-o", "raw", "where line != ''"], "to be or\nnot to be\n");
    printed(&["--to", &format!("{words}?key=word"), "split | count by word", &lines], "");
    let counts = printed(&["json | select word, count | sort word", &words], "");
    assert_eq!(counts, "be\t2\nnot\t1\nor\t1\nto\t2\n");
}

/// Visits per hour, the most visited pages, and visits by country, each in a table of its own.
#[cfg(feature = "sqlite")]
#[test]
fn a_web_log_goes_from_a_topic_into_tables() {
    let Some(log) = topic("BOURN_TEST_KAFKA", "web-log") else {
        return;
    };
    let data = |name: &str| format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let files = Files::new();
    let database = files.path().join("web.db").display().to_string();
    printed(&["--to", &log, "-o", "raw", "where true", &data("access.log")], "");
    let countries = format!(
        "parse combined | lookup {:?} on subnet(ip, 16) = network left | count by country ?? \"elsewhere\" as country",
        data("countries.csv")
    );
    for (table, expression) in [
        ("visits", "parse combined | count as visits, count_distinct(ip) as visitors | window 1h on time"),
        ("pages", "parse combined | count by path | limit 3"),
        ("countries", &countries),
    ] {
        let target = format!("sqlite:{database}/{table}");
        printed(&["--to", &target, expression, &log], "");
        let same = printed(&["-o", "json", "--no-header", expression, &data("access.log")], "");
        let rows = rusqlite::Connection::open(&database)
            .and_then(|database| database.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)));
        assert_eq!(rows, Ok(same.lines().count() as i64), "{table}");
    }
}

#[test]
fn every_compression_arrives() {
    let numbers: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let Some(numbered) = topic("BOURN_TEST_KAFKA", compression) else {
            return;
        };
        let target = format!("{numbered}?compression={compression}");
        printed(&["--to", &target, "where line > 0"], &numbers);
        assert_eq!(printed(&["json | count, sum(line)", &numbered], ""), "20000\t200010000\n", "{compression}");
    }
}

#[test]
fn formats_that_are_rows_are_values() {
    for (format, value) in [("json", r#"{"a":"x","b":1}"#), ("logfmt", "a=x b=1"), ("csv", "x,1"), ("tsv", "x\t1")] {
        let Some(rows) = topic("BOURN_TEST_KAFKA", format) else {
            return;
        };
        printed(&["-o", format, "--to", &rows, "parse '{a} {b:int}'"], "x 1\n");
        assert_eq!(printed(&["where true", &rows], ""), format!("{value}\n"));
    }
}

#[test]
fn a_second_run_adds_its_own_messages_and_no_others() {
    let Some(rows) = topic("BOURN_TEST_KAFKA_TRANSACTIONS", "again") else {
        return;
    };
    let files = Files::new();
    let state = files.path().join("state").display().to_string();
    for content in ["1\n2\n", "1\n2\n", "1\n2\n3\n"] {
        let numbers = files.write("numbers", content.as_bytes());
        printed(&["--checkpoint", &state, "--to", &rows, "where line > 0", &numbers], "");
    }
    assert_eq!(printed(&["json | select line", &rows], ""), "1\n2\n3\n");
}

#[test]
fn a_run_that_is_killed_leaves_each_message_once() {
    let files = Files::new();
    let numbers: String = (0..300_000).map(|n| format!("{n}\n")).collect();
    let numbers = files.write("numbers", numbers.as_bytes());
    for (round, expression) in
        ["where line % 3 == 0", "let t = time(line) | count, sum(line) by line % 5 | window 50s on t"]
            .iter()
            .enumerate()
    {
        let Some(rows) = topic("BOURN_TEST_KAFKA_TRANSACTIONS", &format!("killed-{round}")) else {
            return;
        };
        let state = files.path().join(format!("state-{round}")).display().to_string();
        let arguments = ["--quiet", "--chunk", "8kB", "--checkpoint", &state, "--checkpoint-every", "20ms", "--finish"];
        let run = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_bourn"));
            command.args(arguments).args(["--to", &rows, expression, &numbers]);
            command.stderr(Stdio::null()).spawn().expect("the binary starts")
        };
        for pause in [30, 60, 90, 120, 150, 180, 210, 250] {
            let mut child = run();
            std::thread::sleep(Duration::from_millis(pause));
            child.kill().expect("it was started");
            child.wait().expect("it was started");
        }
        // A killed run may have ended the stream: then there is nothing left to do.
        run().wait().expect("it was started");
        let expected = printed(&["-o", "json", expression, &numbers], "");
        let found = printed(&["where true", &rows], "");
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert!(sorted(&found) == sorted(&expected), "{expression}: {} messages", found.lines().count());
    }
}

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    for (target, expression, message) in [
        ("kafka://127.0.0.1:1/t,u", "count", "expected one topic"),
        ("kafka://127.0.0.1:1/t?compression=rar", "count", "unknown compression `rar`"),
        ("kafka://127.0.0.1:1/t?password=x", "count", "a password in an address is seen by every user of the system"),
        ("kafka://127.0.0.1:1/t?key=word", "count", "key=word: the result has no such column; it has count"),
    ] {
        let ended = bourn(&["--to", target, expression], b"a\n");
        assert!(ended.stderr.contains(message), "{target}: {}", ended.stderr);
        assert_eq!(ended.status, Some(2), "{target}");
    }
    let ended = bourn(&["-o", "table", "--to", "kafka://127.0.0.1:1/t", "count"], b"a\n");
    assert!(ended.stderr.contains("a message is one row, which -o table cannot be"), "{}", ended.stderr);
    let ended = bourn(&["-o", "tsv", "--header", "--to", "kafka://127.0.0.1:1/t", "count"], b"a\n");
    assert!(ended.stderr.contains("messages have no header: leave --header out"), "{}", ended.stderr);
    for arguments in [
        &["--to", "kafka://127.0.0.1:1/t", "where true", "kafka://localhost:1/t,u"][..],
        &["--to", "kafka://localhost:1/t?key=k", "--with", "x=kafka://127.0.0.1:1/t?from=latest", "union x", "f"],
    ] {
        let ended = bourn(arguments, b"");
        assert!(ended.stderr.contains(": is also read, as kafka://"), "{}", ended.stderr);
        assert_eq!(ended.status, Some(2));
    }
}

#[test]
fn a_port_of_another_service_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        use std::io::Write;
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            std::thread::sleep(std::time::Duration::from_secs(1)); // a reset could overtake the answer
        }
    });
    let address = format!("kafka://127.0.0.1:{port}/t");
    let message = "the port is not Kafka's: it answers with the text `HTTP…`";
    for arguments in [&["--retry", "0", "--to", &address, "count"][..], &["count", &address]] {
        let ended = bourn(arguments, b"a\n");
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
        assert_eq!(ended.status, Some(3));
    }
}

#[test]
fn a_broker_that_does_not_answer_is_tried_again() {
    let ended = bourn(&["--retry", "2", "--to", "kafka://127.0.0.1:1/t", "count"], b"a\n");
    assert_eq!(ended.status, Some(3));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "bourn: note: kafka://127.0.0.1:1/t: 127.0.0.1:1: connection refused; trying again for about 300ms (--retry 2)",
            "bourn: kafka://127.0.0.1:1/t: 127.0.0.1:1: connection refused (tried 3 times); at least 1 row was not delivered",
        ]
    );
}
