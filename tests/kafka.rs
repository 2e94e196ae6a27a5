//! Topics of a broker: of a small one inside the tests, and of the real one that BOURN_TEST_KAFKA names.

#![cfg(feature = "kafka")]

#[path = "support/kafka_broker.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod kafka_broker;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod program;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kafka_broker::{FakeBroker, Fault, Mark, Produced};
use program::{Ended, Files, bourn};

/// Runs an expression over topics.
fn run(arguments: &[&str]) -> Ended {
    bourn(arguments, b"")
}

/// The output of a run that succeeds without a message.
fn printed(arguments: &[&str]) -> String {
    let ended = run(arguments);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ended.stdout
}

/// The status and the messages of a run, whose address is replaced by `ADDRESS`.
fn failed(arguments: &[&str], address: &str) -> (Option<i32>, String) {
    let ended = run(arguments);
    let base = address.rsplit_once('/').map_or(address, |(base, _)| base);
    (ended.status, ended.stderr.replace(base, "ADDRESS"))
}

/// A broker with a topic of one partition.
fn broker(values: &[&str]) -> FakeBroker {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 1);
    if !values.is_empty() {
        broker.produce("t", 0, values);
    }
    broker
}

/// Waits until something holds.
fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn every_codec_is_read() {
    let broker = FakeBroker::start(1, false);
    let values: Vec<String> = (0..500).map(|number| format!(r#"{{"n":{number}}}"#)).collect();
    for codec in [0, 1, 2, 3, 4, 12] {
        let topic = format!("codec{codec}");
        broker.create(&topic, 1);
        for batch in values.chunks(70) {
            let batch: Vec<Produced<'_>> =
                batch.iter().map(|value| Produced { value: Some(value), ..Produced::default() }).collect();
            broker.produce_batch(&topic, 0, &batch, codec, Mark::None);
        }
        let sum = printed(&["json | count, sum(n)", &broker.address(&topic)]);
        assert_eq!(sum, "500\t124750\n", "codec {codec}");
    }
}

#[test]
fn a_value_is_a_record_whatever_is_in_it() {
    let broker = broker(&["one\ntwo", "", "a\r\n", "12 x", "\u{feff}z"]);
    broker.produce_batch("t", 0, &[Produced::default()], 0, Mark::None);
    let address = broker.address("t");
    assert_eq!(
        printed(&["-o", "json", "select line", &address]),
        concat!(
            "{\"line\":\"one\\ntwo\"}\n{\"line\":\"\"}\n{\"line\":\"a\"}\n{\"line\":\"12 x\"}\n{\"line\":\"\u{feff}z\"}\n",
            "{\"line\":\"\"}\n",
        )
    );
    for expression in ["count", "match 't' | count", "split 'w' | count", "count by line | count"] {
        let files = Files::new();
        let file = files.write("f", b"t\nsw\n");
        let (topic, both) = (printed(&[expression, &address]), printed(&[expression, &address, &file]));
        assert_ne!(topic, both, "{expression}: a topic and a file are one input");
    }
    assert_eq!(printed(&["split 'w' | count", &address]), "5\n");
    assert_eq!(printed(&["match 't' | count", &address]), "1\n");
    let files = Files::new();
    let file = files.write("f", b"two w\n");
    assert_eq!(printed(&["split 'w' | count by word | where word == 'o '", &address, &file]), "o \t1\n");
}

#[test]
fn messages_have_fields_of_their_own() {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 2);
    let headers = [("trace", "x"), ("n", "5"), ("trace", "y")];
    let first = Produced { key: Some("k"), value: Some("v"), time_ms: 1_772_359_200_123, headers: &headers };
    broker.produce_batch("t", 0, &[first, Produced { value: Some("w"), ..Produced::default() }], 4, Mark::None);
    broker.produce("t", 1, &["z"]);
    let address = broker.address("t");
    let fields =
        "@key, @partition, @offset, @topic, @time, @headers.trace as trace, @headers.n + 1 as n, @number, line";
    assert_eq!(
        printed(&["-o", "csv", &format!("select {fields}"), &address]),
        "@key,@partition,@offset,@topic,@time,trace,n,@number,line\n\
         k,0,0,t,2026-03-01T10:00:00.123Z,y,6,1,v\n\
         ,0,1,t,1970-01-01T00:00:00Z,,,2,w\n\
         ,1,0,t,1970-01-01T00:00:00Z,,,1,z\n"
    );
    let base = address.strip_suffix("/t").expect("a topic");
    assert_eq!(printed(&["count by @source", &address]), format!("{base}/t/0\t2\n{base}/t/1\t1\n"));
    let files = Files::new();
    let file = files.write("f", b"a\n");
    assert_eq!(printed(&["select @key, @partition, line", &file, &address]), "\t\ta\nk\t0\tv\n\t0\tw\n\t1\tz\n");
    let replaced = run(&["let @key = 1", &address]);
    assert_eq!(replaced.status, Some(2), "{}", replaced.stderr);
    let other = run(&["select @key", &file]);
    assert_eq!(other.status, Some(2), "{}", other.stderr);
    assert!(other.stderr.contains("only the messages of kafka:// sources have it"), "{}", other.stderr);
}

#[test]
fn only_committed_messages_are_read() {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 1);
    let one = |value: &'static str| [Produced { value: Some(value), ..Produced::default() }];
    let marker = [Produced::default()];
    broker.produce_batch("t", 0, &one("a"), 0, Mark::None);
    broker.produce_batch("t", 0, &one("aborted"), 0, Mark::Open(7));
    broker.produce_batch("t", 0, &one("b"), 0, Mark::None);
    broker.produce_batch("t", 0, &one("aborted too"), 1, Mark::Open(7));
    broker.produce_batch("t", 0, &marker, 0, Mark::Abort(7));
    broker.produce_batch("t", 0, &one("c"), 0, Mark::Open(7));
    broker.produce_batch("t", 0, &marker, 0, Mark::Commit(7));
    let address = broker.address("t");
    for (lists_all_aborted, most_bytes) in [(false, 1 << 20), (true, 1 << 20), (false, 1), (true, 1)] {
        broker.state().lists_all_aborted = lists_all_aborted;
        broker.state().most_bytes = most_bytes;
        assert_eq!(printed(&["select @offset, line", &address]), "0\ta\n2\tb\n5\tc\n");
        // The last messages are found although markers have offsets, too.
        assert_eq!(printed(&["--tail", "1", "select line", &address]), "c\n");
        assert_eq!(printed(&["--tail", "2", "select line", &address]), "b\nc\n");
        assert_eq!(printed(&["--tail", "9", "count", &address]), "3\n");
        assert_eq!(printed(&["--tail", "0", "count", &address]), "0\n");
    }
    broker.produce_batch("t", 0, &one("open"), 0, Mark::Open(9));
    assert_eq!(printed(&["count", &address]), "3\n", "a reading ends before an open transaction");
}

#[test]
fn a_reading_ends_where_the_topic_ended_at_the_start() {
    let broker = broker(&["1", "2"]);
    broker.state().before_fetch = Some(Box::new(|topics| {
        let log = &mut topics.get_mut("t").expect("a topic").partitions[0];
        log.append(&[Produced { value: Some("later"), ..Produced::default() }], 0, Mark::None);
    }));
    let ended = run(&["count", &broker.address("t")]);
    // A batch that comes with the last one is not cut off.
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let count: i32 = ended.stdout.trim().parse().expect("a number");
    assert!((2..5).contains(&count), "{count}");
}

#[test]
fn the_order_of_records_does_not_depend_on_threads_and_chunks() {
    let broker = FakeBroker::start(2, false);
    broker.create("t", 5);
    broker.state().most_bytes = 300;
    for batch in 0..60usize {
        let values: Vec<String> =
            (0..batch % 9 + 1).map(|place| format!("{{\"b\":{batch},\n\"p\":{place}}}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        broker.produce("t", batch * 7 % 5, &values);
    }
    let address = broker.address("t");
    for expression in ["json | select b, p, @partition, @offset, @number", "json | where p > 3 | dedup b | select b, p"]
    {
        let expected = printed(&["-j1", expression, &address]);
        assert!(expected.lines().count() > 20);
        for options in [["-j3", "--chunk=1"], ["-j2", "--chunk=4KiB"], ["-j4", "--chunk=100"]] {
            assert_eq!(printed(&[options[0], options[1], expression, &address]), expected, "{expression} {options:?}");
        }
    }
}

#[test]
fn partitions_and_the_start_are_chosen() {
    let broker = FakeBroker::start(1, false);
    broker.create("t", 4);
    broker.create("u", 1);
    for partition in 0..4 {
        for minute in 0..3 {
            let message =
                Produced { value: Some("x"), time_ms: 1_772_359_200_000 + minute * 60_000, ..Produced::default() };
            broker.produce_batch("t", partition, &[message], 0, Mark::None);
        }
    }
    broker.produce("u", 0, &["y"]);
    let count =
        |query: &str| printed(&["count by @topic, @partition | sort @topic, @partition", &broker.address(query)]);
    assert_eq!(count("t?partitions=1-2"), "t\t1\t3\nt\t2\t3\n");
    assert_eq!(count("u,t?partitions=0"), "t\t0\t3\nu\t0\t1\n");
    assert_eq!(count("t?partitions=0,3&from=2026-03-01T10:01:00Z"), "t\t0\t2\nt\t3\t2\n");
    assert_eq!(count("t?from=2026-03-01T10:02:30Z"), "");
    assert_eq!(count("t?from=latest"), "");
    let address = broker.address("t?partitions=3-4");
    let (status, message) = failed(&["count", &address], &address);
    assert_eq!(status, Some(3));
    assert!(message.contains("topic `t` has no partition 4: it has 4, from 0 to 3"), "{message}");
}

#[test]
fn topics_are_joined_and_united() {
    let broker = FakeBroker::start(1, false);
    broker.create("left", 2);
    broker.create("right", 3);
    for number in 0..60usize {
        let value = |name: &str, second: usize| {
            let (minute, second) = (second / 60, second % 60);
            format!(r#"{{"id":{number},"t":"2026-03-01T10:{minute:02}:{second:02}Z","{name}":{number}}}"#)
        };
        broker.produce("left", number % 2, &[&value("l", number)]);
        broker.produce("right", number % 3, &[&value("r", number + 3)]);
    }
    let (left, right) = (broker.address("left"), format!("k={}", broker.address("right")));
    for join in ["within 10s on t late 5m", "within 1h", "within 10s on t late 5m left"] {
        let expression = format!("json | join (k | json) on id {join} | count, sum(l), sum(r)");
        let ended = run(&["--quiet", "--with", &right, &expression, &left]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "60\t1770\t1770\n"), "{join}");
    }
    let united = printed(&["--with", &right, "json | union (k | json) | count, count(@partition == 2)", &left]);
    assert_eq!(united, "120\t20\n");
}

#[test]
fn a_leader_that_moves_is_followed() {
    let broker = FakeBroker::start(2, false);
    broker.create("t", 2);
    broker.state().most_bytes = 100;
    for batch in 0..20 {
        broker.produce("t", batch % 2, &["a", "b", "c"]);
    }
    let mut fetches = 0;
    broker.state().before_fetch = Some(Box::new(move |topics| {
        fetches += 1;
        if fetches % 3 == 0 {
            topics.get_mut("t").expect("a topic").partitions.iter_mut().for_each(|log| log.leader ^= 1);
        }
    }));
    assert_eq!(printed(&["count by line | sort line", &broker.address("t")]), "a\t20\nb\t20\nc\t20\n");
}

#[test]
fn passing_errors_are_tried_again() {
    for code in [3, 5, 6, 9, 74, 75, 76] {
        let broker = broker(&["1"]);
        broker.state().faults.extend([Fault::Code(code), Fault::Code(code)]);
        assert_eq!(printed(&["count", &broker.address("t")]), "1\n", "{code}");
    }
    let broker = broker(&["1"]);
    broker.state().faults.push_back(Fault::Close);
    let address = broker.address("t");
    let ended = run(&["count", &address]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "1\n"));
    assert_eq!(ended.stderr, format!("bourn: {address}: the broker closed the connection; trying again\n"));
}

#[test]
fn other_errors_end_the_run_with_their_place() {
    let cases: [(Fault, &str); 5] = [
        (Fault::Code(29), "ADDRESS/t/0: the user may not use the topic"),
        (Fault::Code(2), "ADDRESS/t/0: the broker says that the messages are corrupt"),
        (Fault::Huge, "ADDRESS/t: the broker sends a response of 100000000 bytes; the most that is read is 64 MiB"),
        (Fault::Corrupt, "ADDRESS/t/0: the batch at offset 2: its checksum is "),
        (Fault::OldFormat, "ADDRESS/t/0: the batch at offset 2: it has message format 1, expected 2"),
    ];
    for (fault, message) in cases {
        let broker = broker(&["1", "2"]);
        broker.state().most_bytes = 1;
        broker.produce("t", 0, &["3"]);
        broker.state().faults.extend([Fault::None, fault]);
        let address = broker.address("t");
        let (status, found) = failed(&["count", &address], &address);
        assert_eq!(status, Some(3), "{found}");
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn a_wrong_address_is_explained() {
    let broker = broker(&["1"]);
    broker.create("requests", 1);
    let address = broker.address("request");
    assert_eq!(
        failed(&["count", &address], &address),
        (Some(3), "bourn: ADDRESS/request: there is no topic `request`; did you mean `requests`?\n".to_owned())
    );
    let address = broker.address("zzz");
    let (status, message) = failed(&["count", &address], &address);
    assert_eq!(
        (status, message.contains("there is no topic `zzz`; there are requests, t")),
        (Some(3), true),
        "{message}"
    );
    let ended = run(&["count", "kafka://localhost:9/t?form=latest"]);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("unknown option `form`") && ended.stderr.contains("^^^^"), "{}", ended.stderr);
    let (status, message) = failed(&["count", "kafka://127.0.0.1:9/t"], "kafka://127.0.0.1:9/t");
    assert_eq!((status, message.as_str()), (Some(3), "bourn: ADDRESS/t: 127.0.0.1:9: connection refused\n"));
}

#[test]
fn passwords_are_proved_and_never_shown() {
    for (mechanism, offered) in [("plain", "PLAIN"), ("scram-sha-256", "SCRAM-SHA-256")] {
        let broker = broker(&["1"]);
        broker.state().user = Some((offered, "ann", "geheim"));
        let files = Files::new();
        let (right, wrong) = (files.write("right", b"geheim\n"), files.write("wrong", b"falsch\n"));
        let address = |file: &str| broker.address(&format!("t?sasl={mechanism}&user=ann&password-file={file}"));
        assert_eq!(printed(&["count", &address(&right)]), "1\n");
        let ended = run(&["count", &address(&wrong)]);
        assert_eq!(ended.status, Some(3));
        assert!(ended.stderr.contains("the broker does not accept the password of user `ann`"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("falsch"));
        let ended = run(&["count", &broker.address("t?sasl=scram-sha-512&user=ann&password-file=/dev/null")]);
        let offer = format!("the broker does not offer sasl=scram-sha-512; it offers {mechanism}");
        assert!(ended.stderr.contains(&offer), "{}", ended.stderr);
        let ended = run(&["count", &broker.address(&format!("t?sasl={mechanism}&user=ann"))]);
        assert!(ended.stderr.contains("no password: write password-file=FILE"), "{}", ended.stderr);
    }
}

#[test]
fn connections_are_encrypted() {
    let broker = FakeBroker::start(1, true);
    broker.create("t", 1);
    broker.produce("t", 0, &["1", "2"]);
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates/ca.pem");
    assert_eq!(printed(&["count", &broker.address(&format!("t?tls-ca={authority}"))]), "2\n");
    for (query, message) in [
        ("t?tls=on", "TLS: invalid peer certificate: UnknownIssuer"),
        ("t?tls=on&tls-ca=/no/such.pem", "/no/such.pem: no such file"),
        ("t", "tls=on"),
    ] {
        let ended = run(&["count", &broker.address(query)]);
        assert_eq!(ended.status, Some(3), "{}", ended.stderr);
        assert!(ended.stderr.contains(message), "{query}: {}", ended.stderr);
    }
    let plain = self::broker(&["1"]);
    let ended = run(&["count", &plain.address("t?tls=on")]);
    assert!(ended.stderr.contains("TLS: ") || ended.stderr.contains("closed"), "{}", ended.stderr);
}

/// A run that follows topics, until it is killed.
struct Following {
    child: std::process::Child,
    files: Files,
}

impl Following {
    fn start(arguments: &[&str]) -> Following {
        let files = Files::new();
        let open = |name: &str| std::fs::File::create(files.path().join(name)).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_bourn"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(open("out"))
            .stderr(open("err"))
            .spawn()
            .expect("the binary starts");
        Following { child, files }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.files.path().join(name)).expect("a file")
    }

    fn wait_for_output(&self, expected: &str) {
        wait_for(&format!("no {expected:?} in {:?} {:?}", self.read("out"), self.read("err")), || {
            self.read("out") == expected
        });
    }

    fn stop(mut self) -> (Option<i32>, String, String) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it runs");
        let status = self.child.wait().expect("a status").code();
        (status, self.read("out"), self.read("err"))
    }
}

#[test]
fn topics_are_followed() {
    let broker = broker(&["1"]);
    let following = Following::start(&["--follow", "select @partition, line", &broker.address("t")]);
    following.wait_for_output("0\t1\n");
    broker.produce("t", 0, &["2", "3"]);
    following.wait_for_output("0\t1\n0\t2\n0\t3\n");
    broker.set_down(true);
    wait_for("a message", || following.read("err").contains("trying again"));
    broker.produce("t", 0, &["4"]);
    std::thread::sleep(Duration::from_millis(300));
    broker.set_down(false);
    following.wait_for_output("0\t1\n0\t2\n0\t3\n0\t4\n");
    let (status, _, messages) = following.stop();
    assert_eq!(status, Some(130));
    assert_eq!(messages.matches("trying again").count(), 1, "{messages}");
}

#[test]
fn a_deleted_topic_is_reported() {
    let broker = broker(&["1"]);
    let following = Following::start(&["--follow", "select line", &broker.address("t")]);
    following.wait_for_output("1\n");
    broker.state().topics.remove("t");
    wait_for("a message", || following.read("err").contains("the topic was deleted"));
    following.stop();
    let following = Following::start(&["--follow", "select line", &broker.address("t")]);
    wait_for("a message", || following.read("err").contains("there is no topic `t`"));
    following.stop();
}

/// The real broker to test with, if one is given.
fn real_broker() -> Option<String> {
    let broker = std::env::var("BOURN_TEST_KAFKA").ok();
    if broker.is_none() {
        eprintln!("skipped: BOURN_TEST_KAFKA=HOST:PORT names no broker; .ci/kafka starts one and fills its topics");
    }
    broker
}

/// The number of messages that `.ci/kafka` writes to each topic.
const REAL_MESSAGES: u32 = 10_000;

#[test]
fn a_real_broker_is_read() {
    let Some(broker) = real_broker() else {
        return;
    };
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let address = format!("kafka://{broker}/bourn-{codec}");
        let all = printed(&["json | count, sum(n), count_distinct(@offset) by @partition | sort @partition", &address]);
        let sums: Vec<u32> = all.lines().filter_map(|row| row.split('\t').nth(2)?.parse().ok()).collect();
        assert_eq!(sums.iter().sum::<u32>(), (0..REAL_MESSAGES).sum::<u32>(), "{codec}: {all}");
        let tail = printed(&["--tail", "3", "json | select @partition, n, @key", &address]);
        assert_eq!(tail.lines().count(), 3 * all.lines().count(), "{codec}: {tail}");
        let windows = printed(&["json | count | window 1h on ts", &address]);
        let counts = windows.lines().filter_map(|row| row.rsplit('\t').next()?.parse::<u32>().ok());
        assert_eq!((counts.sum::<u32>(), windows.lines().count()), (REAL_MESSAGES, 3), "{codec}");
        let files = Files::new();
        let state = files.path().join("state").to_str().expect("a plain path").to_owned();
        for run in ["the first", "one that goes on"] {
            let counted = printed(&["--checkpoint", &state, "count", &address]);
            assert_eq!(counted, format!("{REAL_MESSAGES}\n"), "{codec}: {run}");
        }
    }
    let ended = run(&["count", &format!("kafka://{broker}/bourn-zst")]);
    assert_eq!(ended.status, Some(3));
    assert!(ended.stderr.contains("did you mean `bourn-zstd`?"), "{}", ended.stderr);
}
