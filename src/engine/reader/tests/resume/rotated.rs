//! Files that were rotated, overwritten or removed between two runs, and files that are followed.

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::super::Resume;
use super::super::super::listing::{FileSearch, settled};
use super::{End, Form, ReadMode, Run, Seen, append, at_once, boundary, gzip, mode, modes, open, read, text};
use crate::data::Prologue;
use crate::engine::message::SourceIndex;
use crate::engine::offsets::Offsets;
use crate::engine::sources::Sources;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_rest_of_rotated_files_is_read_first(
        texts in (text(), text(), text()),
        place in any::<Index>(),
        later in any::<Index>(),
        chunks in (any::<Index>(), any::<Index>()),
        rotation in rotation(),
        mode in mode(),
    ) {
        prop_assume!(matches!(mode.form, Form::Plain | Form::Utf16));
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("app.log");
        // Files that begin alike cannot be told from each other before more of them was read.
        let [old, missed, new] = [("a", texts.0), ("b", texts.1), ("c", texts.2)]
            .map(|(name, text)| format!("{{\"file\":\"{name}\"}}\n{text}\n"));
        let place = boundary(&old, 13 + place.index(old.len() - 12));
        let later = boundary(&new, later.index(new.len()));
        append(&path, &mode.form.part(&old[..place], true));
        let first = read(&mode, &[&path], &Offsets::default(), End::Suspended);
        let first_chunks = chunks.0.index(first.chunks.len() + 1);
        let offsets = first.offsets(first_chunks, Offsets::default());
        prop_assume!(offsets.iter().count() > 0);
        append(&path, &mode.form.part(&old[place..], false));
        rotation.rotate(&path, &mode.form.part(&missed, true));
        append(&path, &mode.form.part(&new[..later], true));
        let second = read(&mode, &[&path], &offsets, End::Suspended);
        let second_chunks = chunks.1.index(second.chunks.len() + 1);
        let offsets = second.offsets(second_chunks, offsets);
        append(&path, &mode.form.part(&new[later..], false));
        let third = read(&mode, &[&path], &offsets, End::Finished);
        let found = [first.first(first_chunks), second.first(second_chunks), third.all()].concat();
        let missed = if rotation == Rotation::Twice { at_once(&mode, &missed) } else { Vec::new() };
        let expected = [at_once(&mode, &old), missed, at_once(&mode, &new)].concat();
        prop_assert_eq!(found, expected);
    }
}

/// How a log is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rotation {
    Rename,
    CopyTruncate,
    Compress,
    /// Another file had the name for a while.
    Twice,
}

fn rotation() -> impl Strategy<Value = Rotation> {
    prop::sample::select(vec![Rotation::Rename, Rotation::CopyTruncate, Rotation::Compress, Rotation::Twice])
}

impl Rotation {
    fn rotate(self, path: &Path, between: &[u8]) {
        let name = |suffix: &str| path.with_file_name(format!("app.log.{suffix}"));
        match self {
            Rotation::Rename => std::fs::rename(path, name("1")).expect("it is renamed"),
            Rotation::CopyTruncate => {
                std::fs::copy(path, name("1")).expect("room");
                std::fs::write(path, "").expect("it is truncated");
            }
            Rotation::Compress => {
                std::fs::write(name("1.gz"), gzip(&std::fs::read(path).expect("a file"))).expect("room");
                std::fs::remove_file(path).expect("a file");
            }
            Rotation::Twice => {
                std::fs::rename(path, name("2")).expect("it is renamed");
                std::fs::write(name("1"), between).expect("room");
            }
        }
    }
}

/// Modes in which every line is a record, so that it is known when all were read.
fn line_modes() -> impl Strategy<Value = ReadMode> {
    let form = prop_oneof![Just(Form::Plain), Just(Form::Utf16)];
    (form, prop::sample::select(vec![Prologue::Nothing, Prologue::Mark, Prologue::Directives]))
        .prop_map(|(form, prologue)| ReadMode { form, prologue, chunk_bytes: 20, ..modes(1 << 20, 20)[0] })
}

/// Lines that begin with a name.
fn lines(name: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec("[a-z]{0,9}", 1..9).prop_map(move |lines| {
        lines.iter().enumerate().map(|(index, line)| format!("{name} {index} {line}\n")).collect::<String>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn followed_files_go_on_where_they_were_left(
        (old, missed, new) in (lines("old"), lines("missed"), lines("new")),
        place in any::<Index>(),
        chunks in any::<Index>(),
        rotation in prop::option::of(rotation()),
        mode in line_modes(),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("app.log");
        let place = place.index(old.len() + 1);
        append(&path, &mode.form.part(&old[..place], true));
        let complete = old[..place].matches('\n').count();
        let first = read(&mode, &[&path], &Offsets::default(), End::FollowedTo(complete));
        let chunks = chunks.index(first.chunks.len() + 1);
        let offsets = first.offsets(chunks, Offsets::default());
        prop_assume!(offsets.iter().count() > 0);
        append(&path, &mode.form.part(&old[place..], false));
        let mut expected = at_once(&mode, &old);
        if let Some(rotation) = rotation {
            rotation.rotate(&path, &mode.form.part(&missed, true));
            append(&path, &mode.form.part(&new, true));
            if rotation == Rotation::Twice {
                expected.extend(at_once(&mode, &missed));
            }
            expected.extend(at_once(&mode, &new));
        }
        let mut found = first.first(chunks);
        let second = read(&mode, &[&path], &offsets, End::FollowedTo(expected.len() - found.len()));
        found.extend(second.all());
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn files_of_directories_go_on_where_they_were_left(
        texts in (lines("a"), lines("b"), lines("c"), lines("d")),
        chunks in any::<Index>(),
        mode in line_modes(),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        for (name, text) in [("a.log", &texts.0), ("b.log", &texts.1), ("c.log", &texts.2)] {
            append(&path(name), &mode.form.part(text, true));
        }
        let complete = [&texts.0, &texts.1, &texts.2].map(|text| text.lines().count()).into_iter().sum();
        let first = read(&mode, &[directory.path()], &Offsets::default(), End::FollowedTo(complete));
        let chunks = chunks.index(first.chunks.len() + 1);
        let offsets = first.offsets(chunks, Offsets::default());
        append(&path("a.log"), &mode.form.part("more\n", false));
        append(&path("b.log"), &mode.form.part("more\n", false));
        std::fs::rename(path("b.log"), path("b.log.1")).expect("it is renamed");
        append(&path("b.log"), &mode.form.part(&texts.3, true));
        let packed = gzip(&std::fs::read(path("c.log")).expect("a file"));
        std::fs::write(path("c.log.1.gz"), packed).expect("room");
        std::fs::remove_file(path("c.log")).expect("a file");
        let more = format!("{}more\n", texts.0);
        let mut expected: Vec<Seen> =
            [&more, &format!("{}more\n", texts.1), &texts.2, &texts.3].iter().flat_map(|text| at_once(&mode, text)).collect();
        let mut found = first.first(chunks);
        let second = read(&mode, &[directory.path()], &offsets, End::FollowedTo(expected.len() - found.len()));
        found.extend(second.all());
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}

/// Returns the message about a file of which an earlier run has read `old`, and which has become another one.
fn lost(old: &str, change: impl FnOnce(&Path)) -> Option<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("app.log");
    append(&path, old.as_bytes());
    let mode = modes(1 << 20, 1 << 20)[0];
    let first = read(&mode, &[&path], &Offsets::default(), End::Suspended);
    let offsets = first.offsets(first.chunks.len(), Offsets::default());
    change(&path);
    let opened = open(&mode, &[&path], &offsets, End::Suspended);
    let current = File::open(&path).ok();
    let saved = opened.reader.saved_files(SourceIndex(0), current.as_ref()).expect("a directory");
    let said = saved.lost?;
    Some(said.replace(directory.path().to_str().expect("a path of text"), "DIR"))
}

#[test]
fn a_lost_file_is_said() {
    let write = |text: &'static str| move |path: &Path| std::fs::write(path, text).expect("room");
    let restart =
        |found: &str| Some(format!("DIR/app.log: was read up to byte 6, but {found}; reading it from its start"));
    assert_eq!(lost("a\nb\nc\n", |_| {}), None);
    assert_eq!(lost("a\nb\nc\n", write("a\nb\nc\nd\n")), None);
    assert_eq!(lost("a\nb\nc\n", write("a\nb\n")), restart("has 4 bytes now"));
    assert_eq!(lost("a\nb\nc\n", write("a\nb\nd\ne\n")), restart("has other bytes there now"));
    let replace = |path: &Path| {
        let other = path.with_file_name("other");
        std::fs::write(&other, "x\n").expect("room");
        std::fs::rename(&other, path).expect("it is renamed");
    };
    assert_eq!(lost("a\nb\nc\n", replace), restart("is another file now, and that one is gone"));
    let reused = lost(&"a\n".repeat(2000), |path| std::fs::write(path, "b\n".repeat(1000)).expect("room"));
    let expected = restart("is another file now, and that one is gone").map(|said| said.replace("byte 6", "byte 4000"));
    assert_eq!(reused, expected, "another file has its inode");
    let rotate = |path: &Path| {
        Rotation::Rename.rotate(path, b"");
        replace(path);
    };
    assert_eq!(lost("a\nb\nc\n", rotate), None);
    assert_eq!(lost("a\nb\nc\n", |path| std::fs::remove_file(path).expect("a file")), None, "it cannot be opened");
}

/// Content from the end of one file with that of the same first KiB is told by the bytes before the position.
#[test]
fn a_file_that_was_overwritten_beyond_its_head_is_said() {
    let head = "the same line\n".repeat(100);
    let old = format!("{head}1\n");
    let found = lost(&old, |path| std::fs::write(path, format!("{head}2\n3\n")).expect("room"));
    let expected = format!(
        "DIR/app.log: was read up to byte {}, but has other bytes there now; reading it from its start",
        old.len()
    );
    assert_eq!(found, Some(expected));
}

/// A log that runs read between its rotations.
struct RotatedLog {
    directory: tempfile::TempDir,
    offsets: Offsets,
}

impl RotatedLog {
    fn new() -> RotatedLog {
        RotatedLog { directory: tempfile::tempdir().expect("a directory"), offsets: Offsets::default() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file; if it exists, the new content is that of another file with the same inode.
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("room");
    }

    fn rename(&self, name: &str, to: &str) {
        std::fs::rename(self.path(name), self.path(to)).expect("it is renamed");
    }

    /// Compresses a file; the file itself stays, so that its inode can be used again.
    fn compress(&self, name: &str, to: &str) {
        std::fs::write(self.path(to), gzip(&std::fs::read(self.path(name)).expect("a file"))).expect("room");
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).expect("a file");
    }

    /// Reads to the end of the log; returns the lines.
    fn read(&mut self) -> String {
        let run: Run = read(&modes(1 << 20, 1 << 20)[0], &[&self.path("log")], &self.offsets, End::Suspended);
        assert_eq!(run.failed, Vec::<String>::new());
        self.take(run, usize::MAX)
    }

    /// Takes the first chunks of a run; returns their lines.
    fn take(&mut self, run: Run, most: usize) -> String {
        let chunks = run.chunks.len().min(most);
        self.offsets = run.offsets(chunks, std::mem::take(&mut self.offsets));
        let line = |seen: Seen| match seen {
            Seen::Record(_, line) => line + "\n",
            other => panic!("{other:?}"),
        };
        run.first(chunks).into_iter().map(line).collect()
    }
}

/// Lines that begin with a name, with few bytes or with more than a KiB.
fn part(name: &str, lines: usize) -> String {
    (0..lines).map(|line| format!("{name} {line}\n")).collect()
}

#[test]
fn an_inode_that_is_used_again_hides_no_file() {
    for lines in [2, 1000] {
        let mut log = RotatedLog::new();
        log.write("log", &part("first", lines));
        assert_eq!(log.read(), part("first", lines));
        log.rename("log", "log.1");
        log.write("log", &part("second", lines));
        assert_eq!(log.read(), part("second", lines));
        // Two rotations: the new files have the inodes of those that were compressed.
        log.compress("log.1", "log.3.gz");
        log.compress("log", "log.2.gz");
        log.write("log.1", &part("third", lines));
        log.write("log", &part("fourth", lines));
        assert_eq!(log.read(), part("third", lines) + &part("fourth", lines));
        assert_eq!(log.read(), "");
    }
}

#[test]
fn a_file_that_was_read_to_its_end_is_not_read_again_when_it_is_compressed() {
    for lines in [2, 1000] {
        let mut log = RotatedLog::new();
        log.write("log", &part("first", lines));
        assert_eq!(log.read(), part("first", lines));
        log.rename("log", "log.1");
        log.write("log", &part("second", lines));
        assert_eq!(log.read(), part("second", lines));
        // A late writer makes the older file the one that was read last.
        append(&log.path("log.1"), b"late\n");
        let run = read(&modes(1 << 20, 1 << 20)[0], &[&log.path("log")], &log.offsets, End::Suspended);
        assert_eq!(log.take(run, 1), "late\n");
        log.compress("log.1", "log.2.gz");
        log.remove("log.1");
        log.compress("log", "log.1.gz");
        log.remove("log");
        log.write("log", &part("third", lines));
        assert_eq!(log.read(), part("third", lines));
    }
}

#[test]
fn a_missed_file_that_begins_like_the_one_before_is_no_copy_of_it() {
    let mut log = RotatedLog::new();
    log.write("log", "started\n");
    assert_eq!(log.read(), "started\n");
    append(&log.path("log"), b"first\n");
    log.rename("log", "log.2");
    log.write("log.1", "started\nsecond\n");
    log.write("log", "third\n");
    assert_eq!(log.read(), "first\nstarted\nsecond\nthird\n");
}

#[test]
fn files_rotated_after_one_that_is_gone_are_read() {
    let mut log = RotatedLog::new();
    log.write("log", &part("first", 3));
    assert_eq!(log.read(), part("first", 3));
    log.rename("log", "log.1");
    log.write("log", &part("second", 3));
    assert_eq!(log.read(), part("second", 3));
    log.rename("log.1", "log.4");
    log.rename("log", "gone");
    log.write("log.2", &part("third", 3));
    log.write("log.1", &part("fourth", 3));
    log.write("log", &part("fifth", 3));
    log.remove("gone");
    assert_eq!(log.read(), ["third", "fourth", "fifth"].map(|name| part(name, 3)).concat());
}

#[test]
fn a_search_is_repeated_if_files_are_renamed_in_the_meantime() {
    let mut log = RotatedLog::new();
    log.write("log", "first\n");
    assert_eq!(log.read(), "first\n");
    log.rename("log", "log.1");
    log.compress("log.1", "log.1.gz");
    log.remove("log.1");
    let path = log.path("log");
    let key = Sources::new(&[path.clone().into()], &[]).key(SourceIndex(0)).expect("a file");
    let resume = Resume::of(&log.offsets, i64::MIN);
    let last = resume.files(&key).last().expect("it was read");
    let calls = Cell::new(0);
    let found = settled(&path, |listing| {
        calls.set(calls.get() + 1);
        if calls.get() <= 3 {
            log.rename(&format!("log.{}.gz", calls.get()), &format!("log.{}.gz", calls.get() + 1));
        }
        FileSearch { resume: &resume, key: &key, path: &path, current: None, listing }.find(&[last], Some(last))
    });
    let found = found.expect("a directory");
    assert!(found.has_last);
    assert_eq!((calls.get(), &found.rests[0].path), (4, &log.path("log.4.gz")));
}
