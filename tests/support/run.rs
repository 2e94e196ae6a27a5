//! Runs the engine within the test, in any configuration.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bourn::data::budget::Budget;
use bourn::data::system_clock;
use bourn::engine::{self, Control, Encoding, Job, Outcome};
use bourn::lang::Diagnostics;
use bourn::plan::Plan;
use bourn::sink;

/// A run that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the work is parted, which must not show.
#[derive(Clone, Copy, Debug)]
pub struct Configuration {
    pub threads: usize,
    pub chunk_bytes: usize,
    pub batch: Option<Duration>,
    pub origin: Origin,
}

/// Where the input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    File,
    Pipe,
}

/// The plan of an expression.
pub fn plan(expression: &str) -> Result<Arc<Plan>, Diagnostics> {
    let pipeline = bourn::lang::parse(expression)?;
    Plan::of(&pipeline, bourn::plan::OutputMode::AsItCame).map(Arc::new)
}

/// Runs a plan on some input: what it prints, and how it ends.
pub fn run(plan: &Arc<Plan>, input: &[u8], configuration: Configuration) -> (Vec<u8>, Outcome) {
    match configuration.origin {
        Origin::File => {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(input).expect("room for the input");
            let path = file.path().to_str().expect("a plain path").to_owned();
            run_sources(plan, vec![path], configuration)
        }
        Origin::Pipe => {
            let (reader, mut writer) = std::io::pipe().expect("a pipe");
            let input = input.to_vec();
            std::thread::spawn(move || {
                for piece in input.chunks(1000) {
                    if writer.write_all(piece).is_err() {
                        break; // enough was read
                    }
                }
            });
            let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
            run_sources(plan, vec![path], configuration)
        }
    }
}

/// Runs a plan on sources as they are written on the command line.
pub fn run_sources(plan: &Arc<Plan>, sources: Vec<String>, configuration: Configuration) -> (Vec<u8>, Outcome) {
    let sources = sources.into_iter().map(|source| (source, 0)).collect();
    run_inputs(plan, sources, configuration)
}

/// Runs a plan on sources, each with the number of the input that it belongs to.
pub fn run_inputs(plan: &Arc<Plan>, sources: Vec<(String, usize)>, configuration: Configuration) -> (Vec<u8>, Outcome) {
    // With small chunks, groups and sorted rows go through files.
    let budget = match configuration.chunk_bytes {
        ..32 => Budget::new(1, configuration.threads, std::env::temp_dir()),
        _ => Budget::unlimited(),
    };
    run_within(plan, sources, configuration, budget)
}

/// As [`run_inputs`], within a memory budget.
pub fn run_within(
    plan: &Arc<Plan>,
    sources: Vec<(String, usize)>,
    configuration: Configuration,
    budget: Arc<Budget>,
) -> (Vec<u8>, Outcome) {
    let (sources, inputs): (Vec<String>, Vec<usize>) = sources.into_iter().unzip();
    let plan = Arc::clone(plan);
    let encoding = match plan.output.lines {
        Some(_) => Encoding::Lines(true),
        None => Encoding::Format(bourn::encode::find("tsv").expect("tsv"), false),
    };
    let job = Job {
        sources: sources.into_iter().map(Into::into).collect(),
        inputs,
        reading: Default::default(),
        threads: configuration.threads,
        chunk_bytes: configuration.chunk_bytes,
        batch: configuration.batch,
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
        watches: configuration.origin == Origin::Pipe,
        quiet: false,
        targets: Default::default(),
        budget,
        part: None,
        checkpoint: None,
    };
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let control = Control::new(system_clock()).expect("a pipe");
        let (mut sink, printed) = sink::in_memory();
        let outcome = engine::run(plan, job, &mut sink, &control);
        let printed = std::mem::take(&mut *printed.lock().expect("the run is over"));
        let _ = sender.send((printed, outcome)); // the test has given up
    });
    receiver.recv_timeout(PATIENCE).expect("the run ends, and without a panic")
}
