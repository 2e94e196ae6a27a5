//! Commits of groups that are written while others arrive.

use std::io;
use std::path::PathBuf;
use std::sync::{Condvar, MutexGuard};

use proptest::prelude::*;

use super::crashes::{Setting, file, recover, results, run_with};
use super::*;
use crate::checkpoint::simulated::{Effect, SimulatedCall, SimulatedStorage};
use crate::checkpoint::{Checkpoint, Storage, StoredFile};

/// A disk on which snapshots are slow: an append to one waits until chunks were logged meanwhile.
#[derive(Clone, Debug)]
struct SlowSnapshots {
    disk: SimulatedStorage,
    /// The number of appends to the log that an append to a snapshot waits for.
    waits: usize,
    logged: Arc<(Mutex<Logged>, Condvar)>,
}

#[derive(Debug, Default)]
struct Logged {
    /// Appends to the last log, which begins with a commit. The first two are its header and the lengths of the outputs.
    appends: usize,
    /// Appends to snapshots after chunks were logged.
    overtaken: usize,
}

const FIRST_APPENDS: usize = 2;

/// No more may be logged: the run waits for the snapshot.
const LONGEST_WAIT: Duration = Duration::from_millis(2);

impl SlowSnapshots {
    fn new(disk: &SimulatedStorage, waits: usize) -> SlowSnapshots {
        SlowSnapshots { disk: disk.clone(), waits, logged: Arc::default() }
    }

    fn logged(&self) -> MutexGuard<'_, Logged> {
        self.logged.0.lock().expect("no test panics while it holds the lock")
    }

    fn file(&self, name: &str, file: Arc<dyn StoredFile>) -> Arc<dyn StoredFile> {
        Arc::new(SlowFile { storage: self.clone(), is_snapshot: name.starts_with("snapshot-"), file })
    }
}

impl Storage for SlowSnapshots {
    fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn StoredFile>> {
        Ok(self.file(name, self.disk.open(name)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn StoredFile>> {
        if name.starts_with("log-") {
            self.logged().appends = 0;
        }
        Ok(self.file(name, self.disk.create(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.disk.sync_directory()
    }
}

#[derive(Debug)]
struct SlowFile {
    storage: SlowSnapshots,
    is_snapshot: bool,
    file: Arc<dyn StoredFile>,
}

impl StoredFile for SlowFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let storage = &self.storage;
        let mut logged = storage.logged();
        if self.is_snapshot {
            let enough = logged.appends.max(FIRST_APPENDS) + storage.waits;
            let waited = storage.logged.1.wait_timeout_while(logged, LONGEST_WAIT, |logged| logged.appends < enough);
            logged = waited.expect("no test panics while it holds the lock").0;
            logged.overtaken += usize::from(logged.appends > FIRST_APPENDS);
        } else {
            logged.appends += 1;
            storage.logged.1.notify_all();
        }
        drop(logged);
        self.file.append(bytes)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// Groups of the whole stream: few, one for each record, without keys, with states in order, and grouped again; groups of
/// windows, by the workers and on the coordinator.
const GROUPED: [&str; 7] = [
    "parse '{t} {n:int}' | count, sum(n), last(t) by n % 5",
    "parse '{t} {n:int}' | count, collect(n) by t | sort t",
    "parse '{t} {n:int}' | count, median(n), first(t)",
    "parse '{t} {n:int}' | count by t | limit 7",
    "parse '{t} {n:int}' | count by t, n | sum(count), max(n) by n | sort n",
    "parse '{t} {n:int}' | count, collect(n) by n % 3 | window 15s on t late 3s",
    "parse '{t} {n:int}' | dedup n, t | count, sum(n) by n % 3 | window 10s on t",
];

/// Runs with slow snapshots; returns the number of appends to them after later chunks were logged.
fn run_slowly(disk: &SimulatedStorage, setting: &Setting, waits: usize, source: PathBuf) -> (Outcome, usize) {
    let storage = SlowSnapshots::new(disk, waits);
    let outcome = run_with(Arc::new(storage.clone()), disk, setting, source, true);
    let overtaken = storage.logged().overtaken;
    (outcome, overtaken)
}

/// The results without commits until the end.
fn undisturbed(setting: &Setting, source: PathBuf) -> String {
    let disk = SimulatedStorage::new();
    let setting = Setting { every: Duration::from_secs(3600), ..*setting };
    results(&disk, &run_slowly(&disk, &setting, 0, source).0, setting.expression)
}

#[test]
fn after_a_crash_while_frozen_groups_are_written_the_results_are_the_same() {
    let source = file(&input());
    for (seed, expression) in GROUPED.into_iter().enumerate() {
        let setting = Setting { expression, chunk_bytes: 60, every: Duration::ZERO };
        let expected = undisturbed(&setting, source.path().into());
        assert!(!expected.is_empty(), "{expression}");
        let disk = SimulatedStorage::new();
        let (outcome, overtaken) = run_slowly(&disk, &setting, 2, source.path().into());
        assert_eq!(results(&disk, &outcome, expression), expected, "{expression}");
        assert!(overtaken > 0, "{expression}: chunks are read while a snapshot is written");
        for crash in disk.crashes(seed as u64).step_by(if seed == 0 { 1 } else { 7 }) {
            assert_eq!(recover(&crash, &setting, &source), expected, "{expression}: {}", crash.description);
        }
    }
}

#[test]
fn a_full_disk_ends_the_run_with_its_message() {
    let source = file(&input());
    let setting = Setting { expression: GROUPED[1], chunk_bytes: 60, every: Duration::ZERO };
    // the first append is the header; later ones are those of the groups and of the rest, also of later snapshots
    for appends in 0..12 {
        let disk = SimulatedStorage::new();
        let mut left = appends;
        disk.set_hook(move |call, name| {
            let is_snapshot = call == SimulatedCall::Append && name.starts_with("snapshot-");
            left -= i32::from(is_snapshot);
            if is_snapshot && left < 0 { Effect::Fails(io::ErrorKind::StorageFull) } else { Effect::Normal }
        });
        let (outcome, _) = run_slowly(&disk, &setting, 1, source.path().into());
        let Some(SinkError::Failed(reason)) = &outcome.sink else {
            panic!("after {appends} appends: {:?}", outcome.sink);
        };
        let expected = ".tmp: no storage space\n  = help: free some space, then run the same command again: ";
        assert!(reason.starts_with("/simulated/snapshot-") && reason.contains(expected), "{reason}");
        let names = disk.copy().list().expect("a directory");
        assert!(!names.iter().any(|name| name.ends_with(".tmp")), "{names:?}");
    }
}

#[test]
fn a_snapshot_of_another_layout_is_refused() {
    let source = file(&input());
    let setting = Setting { expression: GROUPED[1], chunk_bytes: 60, every: Duration::ZERO };
    // the first layout had one piece, which began with false or true
    for pieces in [&[&[0; 40][..]][..], &[&[2; 40]], &[&[1; 9], &[0; 40]], &[&[7; 50], &[1; 9], &[2; 40]]] {
        let disk = SimulatedStorage::new();
        let mut checkpoint = Checkpoint::open(Arc::new(disk.clone()), None).expect("an empty directory");
        checkpoint.write_manifest(b"the same for all runs").expect("there is room");
        checkpoint.recover().expect("it is empty");
        checkpoint.begin_log(0).expect("there is room");
        let mut snapshot = checkpoint.begin_snapshot(0).expect("there is room");
        pieces.iter().for_each(|piece| snapshot.piece(piece).expect("there is room"));
        checkpoint.finish_snapshot(snapshot).expect("there is room");
        let (outcome, _) = run_slowly(&disk, &setting, 0, source.path().into());
        let expected = "st: the saved state is damaged, or another version of bourn has saved it\n  = help: ";
        assert!(
            matches!(&outcome.sink, Some(SinkError::Failed(reason)) if reason.starts_with(expected)),
            "{outcome:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn commits_at_any_points_change_nothing(
        expression in prop::sample::select(&GROUPED[..]), chunk_bytes in 20usize..400, waits in 0usize..4,
        micros in prop_oneof![Just(0u64), 1u64..3000],
    ) {
        let source = file(&input());
        let setting = Setting { expression, chunk_bytes, every: Duration::from_micros(micros) };
        let expected = undisturbed(&setting, source.path().into());
        let disk = SimulatedStorage::new();
        let (outcome, _) = run_slowly(&disk, &setting, waits, source.path().into());
        prop_assert_eq!(results(&disk, &outcome, expression), expected);
    }
}
