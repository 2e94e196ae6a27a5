//! The hot paths, in process, on data made here: `cargo bench`, or `cargo bench -- words` for those of a name.
//!
//! Each path runs until it has taken a second, at least three times; the fastest run counts, for the others were
//! disturbed. Threads are as many as there are cores. Without cargo's `--bench` (`cargo test --benches`) each path
//! only runs, on little data.

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bourn::encode;
use bourn::engine::{self, Control, Encoding, Job};
use bourn::lang;
use bourn::plan::Plan;
use bourn::sink::{ByteSink, SinkError};

/// How much data there is of each kind: to measure, and to see that everything runs.
const MEASURED_BYTES: usize = 32 << 20;
const TRIED_BYTES: usize = 64 << 10;

/// How long a path is measured.
const MEASURED: Duration = Duration::from_secs(1);

/// How often at least.
const RUNS: usize = 3;

/// Name, expression, data, format.
const PATHS: &[(&str, &str, Data, Option<&str>)] = &[
    ("count lines", "count", Data::Words, None),
    ("words", "split ' ' | count by word", Data::Words, None),
    ("words, any space", "split | count by word", Data::Words, None),
    ("match, rare text", "match 'error 99'", Data::Words, None),
    ("match, regex", "match /error \\d+9$/", Data::Words, None),
    ("where, computed", "where len(line) > 60 | count", Data::Words, None),
    ("sort numbers", "sort line", Data::Numbers, None),
    ("sort, first 10", "sort line desc | limit 10", Data::Numbers, None),
    ("sum, min, max", "sum(line), min(line), max(line)", Data::Numbers, None),
    ("lines as tsv", "select line, @number", Data::Words, Some("tsv")),
    ("lines as json", "select line", Data::Words, Some("json")),
    ("json, one field", "json | count by status", Data::Json, None),
    ("json, rare text", "json | where path == '/nowhere' | count", Data::Json, None),
    ("access log, one field", "parse combined | count by status", Data::Access, None),
    ("access log, by path", "parse combined | count, sum(bytes) by path", Data::Access, None),
];

/// The input of a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data {
    /// Ten words a line, as frequent as in a language; one line in a hundred has an error.
    Words,
    /// A number a line.
    Numbers,
    /// Requests to a web server, as JSON.
    Json,
    /// The same in the combined log format.
    Access,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (size_bytes, runs) = match std::env::args().any(|argument| argument == "--bench") {
        true => (MEASURED_BYTES, RUNS),
        false => (TRIED_BYTES, 1),
    };
    let words = file(words(size_bytes));
    let numbers = file(numbers(size_bytes));
    let json = file(requests(size_bytes, json));
    let access = file(requests(size_bytes, access));
    for (name, expression, data, format) in PATHS {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let file = match data {
            Data::Words => &words,
            Data::Numbers => &numbers,
            Data::Json => &json,
            Data::Access => &access,
        };
        let fastest = fastest(expression, file.path().as_os_str().into(), *format, runs);
        let rate = size_bytes as f64 / 1e6 / fastest.as_secs_f64();
        println!("{name:<21} {rate:>8.0} MB/s {:>8.1} ms   {expression}", fastest.as_secs_f64() * 1e3);
    }
}

/// The shortest time of several runs.
fn fastest(expression: &str, source: OsString, format: Option<&str>, runs: usize) -> Duration {
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < runs || (runs > 1 && begun.elapsed() < MEASURED) {
        times.push(time(expression, source.clone(), format));
    }
    times.into_iter().min().unwrap_or_default()
}

fn time(expression: &str, source: OsString, format: Option<&str>) -> Duration {
    let begun = Instant::now();
    let pipeline = lang::parse(expression).expect("the expression can be read");
    let plan = Plan::of(&pipeline, bourn::plan::OutputMode::AsItCame).expect("the expression can be planned");
    let encoding = match (format, plan.output.lines) {
        (None, Some(_)) => Encoding::Lines(true),
        (name, _) => {
            let format = encode::find(name.unwrap_or("tsv")).expect("the format is in the table");
            Encoding::Format(format, format.header)
        }
    };
    let job = Job {
        sources: vec![source],
        inputs: vec![0],
        reading: Default::default(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        chunk_bytes: 256 << 10,
        batch: None,
        max_line_bytes: 16 << 20,
        encoding,
        look: Default::default(),
        every: None,
        changed: false,
        live: None,
        progress: None,
        rejects: None,
        late: None,
        max_jump_ns: 86_400_000_000_000,
        watches: false,
        quiet: false,
        targets: Default::default(),
        budget: bourn::data::budget::Budget::unlimited(),
        part: None,
        checkpoint: None,
    };
    let control = Control::new(bourn::data::system_clock()).expect("there is a pipe");
    let outcome = engine::run(Arc::new(plan), job, &mut Nowhere, &control);
    assert!(outcome.ledger.is_clean() && outcome.failed_sources.is_empty());
    begun.elapsed()
}

/// Takes results and forgets them.
struct Nowhere;

impl ByteSink for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        std::hint::black_box(bytes);
        Ok(())
    }
}

fn file(bytes: Vec<u8>) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&bytes).expect("room for the data");
    file
}

fn words(size_bytes: usize) -> Vec<u8> {
    let mut random = Random(1);
    let mut bytes = Vec::with_capacity(size_bytes + 256);
    while bytes.len() < size_bytes {
        for _ in 0..10 {
            let rank = (random.fraction() * 200_000_f64.ln()).exp() as u64;
            let _ = write!(bytes, "w{rank} "); // writing to a Vec cannot fail
        }
        if random.below(100) == 0 {
            let _ = write!(bytes, "error {}", random.below(1_000_000));
        }
        bytes.push(b'\n');
    }
    bytes.truncate(size_bytes);
    bytes
}

fn numbers(size_bytes: usize) -> Vec<u8> {
    let mut random = Random(2);
    let mut bytes = Vec::with_capacity(size_bytes + 32);
    while bytes.len() < size_bytes {
        let _ = writeln!(bytes, "{}", random.below(1_000_000_000));
    }
    bytes.truncate(size_bytes);
    bytes
}

/// A request: host, path, status, bytes, agent.
type Request = (u64, u64, u64, u64, &'static str);

fn requests(size_bytes: usize, write: fn(&mut Vec<u8>, Request)) -> Vec<u8> {
    const STATUSES: [u64; 8] = [200, 200, 200, 200, 200, 304, 404, 500];
    const AGENTS: [&str; 3] = [
        "curl/8.5",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    ];
    let mut random = Random(3);
    let mut bytes = Vec::with_capacity(size_bytes + 512);
    while bytes.len() < size_bytes {
        let path = (random.fraction() * 5_000_f64.ln()).exp() as u64;
        let status = STATUSES[random.below(8) as usize];
        let agent = AGENTS[random.below(3) as usize];
        let size = random.below(1 << 20) >> random.below(16);
        write(&mut bytes, (random.below(256), path, status, size, agent));
    }
    bytes
}

fn json(bytes: &mut Vec<u8>, (host, path, status, size, agent): Request) {
    let _ = writeln!(
        bytes,
        r#"{{"ip": "192.0.2.{host}", "time": "17/May/2015:10:05:03 +0000", "method": "GET", "path": "/page/{path}.html", "status": {status}, "bytes": {size}, "referrer": "http://example.com/{host}", "agent": "{agent}"}}"#
    ); // writing to a Vec cannot fail
}

fn access(bytes: &mut Vec<u8>, (host, path, status, size, agent): Request) {
    let _ = writeln!(
        bytes,
        r#"192.0.2.{host} - - [17/May/2015:10:05:03 +0000] "GET /page/{path}.html HTTP/1.1" {status} {size} "http://example.com/{host}" "{agent}""#
    ); // writing to a Vec cannot fail
}

/// Marsaglia's xorshift: the same data in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
