//! Latency per record: sends 100,000 records/s with their send times, and measures when they come out.
//!
//! `cargo bench --bench latency` prints a row for each pipeline: the median and the 99th percentile.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Records that are written at once, and how often.
const BURST: usize = 100;
const EVERY: Duration = Duration::from_millis(1);

/// How long each pipeline is fed.
const TIME: Duration = Duration::from_secs(4);

/// The micro-batch interval of the pipelines with windows.
const BATCH_MS: f64 = 100.0;

fn main() {
    println!("{:44} {:>9} {:>9}", "arrival to output, 100 000 records/s", "p50 ms", "p99 ms");
    let rows = measure(&["match \"x\""]);
    report("match \"x\"", &rows, 0.0);
    let window = "count | window 500ms | select seconds(window_end) as end";
    let rows = measure(&["--batch", "100ms", window]);
    report("count | window 500ms, after its end", &rows, BATCH_MS);
}

/// Milliseconds from when each printed time says to when it came out.
fn measure(arguments: &[&str]) -> Vec<f64> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bourn starts");
    let mut input = child.stdin.take().expect("a pipe");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let reading = std::thread::spawn(move || {
        let seconds = |line: &str| line.trim_start_matches("x ").parse::<f64>().expect("seconds since 1970");
        let lines = output.lines().map_while(Result::ok);
        lines.map(|line| (now() - seconds(&line)) * 1e3).collect::<Vec<f64>>()
    });
    let began = SystemTime::now();
    let mut next = Duration::ZERO;
    while next < TIME {
        let gone = began.elapsed().unwrap_or_default();
        std::thread::sleep(next.saturating_sub(gone));
        let line = format!("x {:.6}\n", now());
        if input.write_all(line.repeat(BURST).as_bytes()).is_err() {
            break;
        }
        next += EVERY;
    }
    drop(input);
    let _ = child.wait();
    reading.join().expect("the reader ends")
}

/// Prints a row; the last tenth came with the end of the input and says nothing.
fn report(what: &str, delays: &[f64], batch_ms: f64) {
    let mut delays = delays[..delays.len() * 9 / 10].to_vec();
    delays.sort_by(f64::total_cmp);
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    let what = match batch_ms {
        0.0 => what.to_owned(),
        batch => format!("{what} (--batch {batch}ms)"),
    };
    println!("{what:44} {:>9.2} {:>9.2}", at(0.5), at(0.99));
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
