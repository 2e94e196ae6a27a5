//! Crashes of runs with a checkpoint, at every operation on the simulated disk: the run after the crash prints the rest of
//! what an undisturbed run prints.

use std::os::fd::AsRawFd;
use std::path::PathBuf;

use super::*;
use crate::checkpoint::simulated::{Crash, Effect, SimulatedCall, SimulatedStorage};
use crate::checkpoint::{Checkpoint, Storage, StoredFile};
use crate::data::FileId;
use crate::engine::CheckpointJob;

/// The file that results are appended to, and its identity.
const RESULTS: &str = "results";
const RESULTS_ID: FileId = (7, 7);

/// Appends results to a file on the simulated disk.
struct SimulatedFileSink(Arc<dyn StoredFile>);

fn failed(error: &std::io::Error) -> SinkError {
    SinkError::Failed(error.to_string())
}

impl ByteSink for SimulatedFileSink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.0.append(bytes).map_err(|error| failed(&error))
    }

    fn position(&self) -> Option<(FileId, u64)> {
        Some((RESULTS_ID, self.0.length().ok()?))
    }

    fn cut(&mut self, length: u64) -> Result<(), SinkError> {
        self.0.truncate(length).map_err(|error| failed(&error))
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        self.0.sync().map_err(|error| failed(&error))
    }
}

/// A pipeline, and how it divides its input.
pub(super) struct Setting {
    pub(super) expression: &'static str,
    pub(super) chunk_bytes: usize,
    /// How often the whole state is written: with zero, at the end of every batch.
    pub(super) every: Duration,
}

/// Runs with the state on a disk; `source` is a file or pipe.
fn run_on(disk: &SimulatedStorage, setting: &Setting, source: PathBuf, finish: bool) -> Outcome {
    run_with(Arc::new(disk.clone()), disk, setting, source, finish)
}

/// Runs with the state in a directory on a disk, and the results on the disk.
pub(super) fn run_with(
    storage: Arc<dyn Storage>,
    disk: &SimulatedStorage,
    setting: &Setting,
    source: PathBuf,
    finish: bool,
) -> Outcome {
    let mut checkpoint = Checkpoint::open(storage, None).expect("the disk can be read");
    let recovery = checkpoint.recover().expect("every crash leaves a state that can be recovered");
    if checkpoint.manifest().is_none() {
        checkpoint.write_manifest(b"the same for all runs").expect("there is room");
    }
    let pipeline = lang::parse(setting.expression).expect("a valid expression");
    let plan = Plan::of(&pipeline, OutputMode::Fields).expect("a valid expression");
    let encoding = Encoding::Format(encode::find("csv").expect("it is in the table"), true);
    let checkpoint = CheckpointJob {
        stream: "0123456789abcdef".to_owned(),
        checkpoint: Arc::new(checkpoint),
        recovery,
        name: "st".to_owned(),
        every: setting.every,
        journal: true,
        finish,
    };
    let job = Job {
        threads: 2,
        chunk_bytes: setting.chunk_bytes,
        batch: Some(Duration::ZERO),
        checkpoint: Some(checkpoint),
        ..job(vec![source.into()], encoding)
    };
    let mut sink = SimulatedFileSink(disk.output(RESULTS));
    run(Arc::new(plan), job, &mut sink, &Control::new(crate::data::system_clock()).expect("a pipe"))
}

/// The results of a run that must succeed.
pub(super) fn results(disk: &SimulatedStorage, outcome: &Outcome, case: &str) -> String {
    assert_eq!((&outcome.sink, &outcome.failed_sources), (&None, &Vec::new()), "{case}");
    String::from_utf8(disk.output_bytes(RESULTS)).expect("text")
}

pub(super) fn file(content: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(content.as_bytes()).expect("room for the input");
    file
}

/// Runs over the input as a pipe.
fn run_on_pipe(disk: &SimulatedStorage, setting: &Setting, input: &str, finish: bool) -> Outcome {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    writer.write_all(input.as_bytes()).expect("a pipe takes so little");
    drop(writer);
    run_on(disk, setting, format!("/dev/fd/{}", reader.as_raw_fd()).into(), finish)
}

/// Pipelines of each kind: rows from the workers, an ordered stage, windows by the workers and on the coordinator.
const STREAMED: [&str; 4] = [
    "parse '{t} {n:int}' | where n > 2",
    "parse '{t} {n:int}' | running sum(n)",
    "parse '{t} {n:int}' | count, sum(n) | window 5s on t",
    "parse '{t} {n:int}' | sort n | window 5s on t",
];

fn settings() -> impl Iterator<Item = Setting> {
    let intervals = [Duration::from_secs(3600), Duration::ZERO, Duration::ZERO, Duration::from_secs(3600)];
    STREAMED
        .into_iter()
        .flat_map(move |expression| intervals.map(|every| Setting { expression, chunk_bytes: 100, every }))
}

fn short_input() -> String {
    input().split_inclusive('\n').take(14).collect()
}

/// Half of the input in one run, and the rest in another: the operations of both.
fn two_runs(setting: &Setting, source: &tempfile::NamedTempFile, input: &str) -> SimulatedStorage {
    let disk = SimulatedStorage::new();
    let half = input.len() / 2; // in the middle of a line
    std::fs::write(source.path(), &input[..half]).expect("room for the input");
    run_on(&disk, setting, source.path().into(), false);
    std::fs::write(source.path(), input).expect("room for the input");
    run_on(&disk, setting, source.path().into(), true);
    disk
}

/// Runs again after a crash until the stream has ended.
pub(super) fn recover(crash: &Crash, setting: &Setting, source: &tempfile::NamedTempFile) -> String {
    let outcome = run_on(&crash.disk, setting, source.path().into(), true);
    match &outcome.sink {
        // The stream had ended before the crash.
        Some(SinkError::Failed(reason)) if reason.contains("was ended by --finish") => {
            String::from_utf8(crash.disk.output_bytes(RESULTS)).expect("text")
        }
        _ => results(&crash.disk, &outcome, &format!("{}: {}", setting.expression, crash.description)),
    }
}

#[test]
fn after_a_crash_at_any_operation_the_results_are_those_of_an_undisturbed_run() {
    let input = short_input();
    for (seed, setting) in settings().enumerate() {
        let source = file(&input);
        let undisturbed = two_runs(&setting, &source, &input);
        let expected = String::from_utf8(undisturbed.output_bytes(RESULTS)).expect("text");
        assert!(expected.lines().count() > 3, "{}: {expected}", setting.expression);
        // Every operation of the first and the last pipeline; the others need not take as long.
        let step = if seed % 3 == 0 { 1 } else { 5 };
        for crash in undisturbed.crashes(seed as u64).step_by(step) {
            assert_eq!(recover(&crash, &setting, &source), expected, "{}: {}", setting.expression, crash.description);
        }
    }
}

#[test]
fn after_a_crash_of_the_recovery_the_results_are_the_same() {
    let input = short_input();
    let setting = Setting { expression: STREAMED[2], chunk_bytes: 100, every: Duration::ZERO };
    let source = file(&input);
    let undisturbed = two_runs(&setting, &source, &input);
    let expected = String::from_utf8(undisturbed.output_bytes(RESULTS)).expect("text");
    for crash in undisturbed.crashes(1).step_by(29) {
        recover(&crash, &setting, &source);
        for (index, second) in crash.disk.crashes(2).enumerate().step_by(23) {
            let found = recover(&second, &setting, &source);
            assert_eq!(found, expected, "{}; then {} ({index})", crash.description, second.description);
        }
    }
}

#[test]
fn after_a_crash_the_records_of_a_pipe_are_those_before_some_record() {
    let input = short_input();
    let lines: Vec<&str> = input.split_inclusive('\n').collect();
    for (seed, setting) in settings().enumerate() {
        let disk = SimulatedStorage::new();
        run_on_pipe(&disk, &setting, &input, false);
        let of_some_lines: Vec<String> = (0..=lines.len())
            .map(|count| {
                let disk = SimulatedStorage::new();
                let outcome = run_on_pipe(&disk, &setting, &lines[..count].concat(), true);
                results(&disk, &outcome, setting.expression)
            })
            .collect();
        let mut most = 0;
        for crash in disk.crashes(seed as u64).step_by(if seed % 3 == 0 { 1 } else { 5 }) {
            let printed = String::from_utf8_lossy(&crash.disk.output_bytes(RESULTS)).into_owned();
            let outcome = run_on_pipe(&crash.disk, &setting, "", true);
            let found = results(&crash.disk, &outcome, &format!("{}: {}", setting.expression, crash.description));
            let count = of_some_lines.iter().rposition(|results| *results == found);
            assert!(count.is_some(), "{}: {}: {printed} became {found}", setting.expression, crash.description);
            most = most.max(count.unwrap_or_default());
        }
        assert!(seed % 3 > 0 || most == lines.len(), "after the last operation everything was read");
    }
}

/// True if there is a crash after which the results are wrong, if calls have another effect.
fn gives_wrong_results(effect: impl Fn(SimulatedCall, &str) -> Effect + Clone + Send + 'static) -> bool {
    let input = short_input();
    let source = file(&input);
    let setting = Setting { expression: STREAMED[0], chunk_bytes: 100, every: Duration::ZERO };
    let disk = SimulatedStorage::new();
    disk.set_hook(effect);
    run_on(&disk, &setting, source.path().into(), true);
    let expected = String::from_utf8(disk.output_bytes(RESULTS)).expect("text");
    disk.crashes(1).any(|crash| {
        let recovered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| recover(&crash, &setting, &source)));
        recovered.ok().as_ref() != Some(&expected)
    })
}

#[test]
fn a_run_that_leaves_out_a_sync_gives_wrong_results() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {})); // recovery may fail, which is what the test expects
    let unsynced = |name: &'static str| {
        gives_wrong_results(move |call, file| match call {
            SimulatedCall::Sync if file.starts_with(name) => Effect::Omitted,
            _ => Effect::Normal,
        })
    };
    let found = ["results", "log-", "snapshot-"].map(|name| (name, unsynced(name)));
    std::panic::set_hook(hook);
    assert!(!gives_wrong_results(|_, _| Effect::Normal));
    assert!(found.iter().all(|(_, is_wrong)| *is_wrong), "{found:?}");
}
