//! Followed files, by name: log rotation renames a file and creates a new one, or copies and truncates it. The old file
//! is read to its end in either case.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::buffer::Buffer;
use super::candidate::compression;
use super::copies::{CopyVerdict, Judged};
use super::event_loop::EventLoop;
use super::opened_file::{GRACE, OpenedFile};
use super::siblings::Siblings;
use super::source_state::{Readiness, SourceKind};
use super::wakeup::FileWatcher;
use super::{RunOver, Stopped};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::source::fingerprint::Fingerprint;
use crate::source::follow::{self, FileId, PathKind};
use crate::source::rotated::is_rotated;

/// The number of empty files without a name that are kept open, because a late writer may still append to one.
const MOST_UNUSED: usize = 4;

/// A followed file.
pub(super) struct Followed {
    pub(super) source: SourceIndex,
    /// Copies are recognized within a group: the files of a directory, or all files that had one name.
    pub(super) group: SourceIndex,
    /// `None` for standard input, and for files of a directory, which are followed whatever their names.
    path: Option<PathBuf>,
    /// The files that had the name, newest last. Empty files are included, because a file may be renamed before its
    /// first write. Files before one that was written to are kept only for a grace period.
    pub(super) parts: Vec<OpenedFile>,
    /// Rotated files of the same log.
    pub(super) siblings: Siblings,
    /// True if rotated files were added or removed.
    is_listing_old: bool,
    /// The last time at which the name referred to an open file.
    seen_at: SystemTime,
    /// The slot of the file in the directory that had the name before.
    pub(super) before: Option<(usize, SourceIndex)>,
    /// The time until which a new file waits for the end of a line in the previous one.
    pub(super) hold: Option<Instant>,
    /// Set if the name now refers to a directory.
    pub(super) directory: Option<PathBuf>,
    /// True if the missing file was reported.
    is_said: bool,
    has_moved: bool,
}

/// The result of checking whether a file is a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    Read,
    /// It is a copy, or not decided yet.
    Leave,
    /// It continues another file, which took it over.
    Gone,
}

impl Followed {
    pub(super) fn new(source: SourceIndex, group: SourceIndex, path: Option<PathBuf>, now: SystemTime) -> Followed {
        Followed {
            source,
            group,
            siblings: path.as_deref().map(Siblings::of).unwrap_or_default(),
            path,
            parts: Vec::new(),
            is_listing_old: false,
            seen_at: now,
            before: None,
            hold: None,
            directory: None,
            is_said: false,
            has_moved: false,
        }
    }

    /// True if data was read since the last call.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// True if the file produces records; a copy of another file does not.
    pub(super) fn has_records(&self) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|part| part.is_own)
    }

    /// True if this file is open already.
    pub(super) fn knows(&self, id: FileId) -> bool {
        self.parts.iter().any(|part| part.id == id)
    }

    /// True if a file was checked before and has not changed.
    pub(super) fn has_looked_at(&self, id: FileId, metadata: &Metadata) -> bool {
        self.siblings.is_unchanged(id, metadata)
    }

    /// True if it is one of the files of a directory.
    pub(super) fn is_in_directory(&self) -> bool {
        self.group != self.source
    }

    /// Notes that an open file has the name, perhaps again after a rename.
    fn name_again(&mut self, id: FileId, now: SystemTime) {
        self.is_said = false;
        self.seen_at = now;
        if let Some(index) = self.parts.iter().position(|part| part.id == id) {
            let mut part = self.parts.remove(index);
            part.until = None;
            self.parts.push(part);
        }
    }

    /// Iterates over the buffers of all open files.
    pub(super) fn buffers(&mut self) -> impl Iterator<Item = &mut Buffer> {
        self.parts.iter_mut().map(|part| &mut part.buffer)
    }

    /// True if the name refers to the newest open file.
    fn means_last(&self) -> bool {
        let (Some(path), Some(last)) = (&self.path, self.parts.last()) else {
            return false;
        };
        matches!(follow::look(path), Ok(PathKind::File(id, _)) if id == last.id)
    }

    /// True if one of the names is that of a rotated file.
    fn has_rotated(&self, names: &HashSet<OsString>) -> bool {
        let path = self.path.as_ref();
        path.is_some_and(|path| names.iter().any(|name| is_rotated(name.as_ref(), path)))
    }

    /// True if one of the names is that of the file, as given or after resolving links.
    fn may_be_called(&self, written: &Path, names: &HashSet<OsString>) -> bool {
        let has = |path: &Path| path.file_name().is_some_and(|name| names.contains(name));
        let is_followed_by_name = self.path.is_some();
        has(written)
            || self.parts.iter().any(|part| has(&part.path))
            || is_followed_by_name && std::fs::canonicalize(written).is_ok_and(|target| has(&target))
    }
}

impl EventLoop<'_> {
    /// Follows a path: a file, which need not exist yet, or a directory.
    pub(super) fn follow(&mut self, source: SourceIndex, path: &Path) -> Result<(), RunOver> {
        let kind = match follow::look(path) {
            Ok(PathKind::Directory) => self.directory(path),
            Ok(PathKind::Other) => match crate::source::open(path.as_os_str()) {
                Ok(input) => return self.add(source, input),
                Err(reason) => {
                    self.reader.fail(source, reason);
                    return self.reader.mark_ended(source);
                }
            },
            Ok(PathKind::File(id, _)) if follow::regular_id(rustix::stdio::stdout()) == Some(id) => {
                let reason = "is the output file".to_owned();
                self.reader.fail(source, reason);
                return self.reader.mark_ended(source);
            }
            Ok(PathKind::File(..) | PathKind::Missing) | Err(_) => {
                self.watch(&follow::parent(path).0);
                self.watch_target(path);
                let mut followed = Followed::new(source, source, Some(path.to_owned()), self.wall());
                let opened = self.open_first_parts(&mut followed, path);
                followed.parts.iter_mut().for_each(|part| part.is_own = true);
                match opened {
                    Ok(()) => {}
                    Err(Stopped::RunOver) => return Err(RunOver),
                    Err(Stopped::Failed(error)) => {
                        self.reader.fail(source, reason(&error));
                        return self.reader.mark_ended(source);
                    }
                }
                SourceKind::Followed(Box::new(followed))
            }
        };
        self.insert(source, kind)
    }

    /// Opens the file that has the name, and before it the rotated files that an earlier run has not read to their ends.
    fn open_first_parts(&mut self, followed: &mut Followed, path: &Path) -> Result<(), Stopped> {
        let source = followed.source;
        let current = follow::open(path).ok().filter(|file| follow::regular_id(file.as_fd()).is_some());
        let saved = self.reader.saved_files(source, current.as_ref())?;
        for (path, file) in saved.finished {
            // It is recognized if it appears again, compressed.
            let print = Fingerprint::of(&file, file.metadata()?.len())?;
            self.journal.forget_file(followed.group, path, print);
        }
        for rest in saved.rests {
            if followed.parts.is_empty() && compression(&rest.file)?.is_some() {
                if let Some(id) = follow::regular_id(rest.file.as_fd()) {
                    followed.siblings.add(id, &rest.file); // it may have appeared after they were listed
                }
                self.reader.read_rest(source, rest)?; // it does not grow
            } else if let Some(id) = follow::regular_id(rest.file.as_fd()) {
                let mut part = self.part(source, id, rest.path, rest.file, 0);
                self.resume_part(&mut part, &rest.at)?;
                followed.parts.push(part);
            }
        }
        let resumed = current.and_then(|file| Some((follow::regular_id(file.as_fd())?, file, saved.current?)));
        let Some((id, file, at)) = resumed else {
            return self.open_part(followed, self.reader.reading.tail.is_some());
        };
        if !followed.knows(id) {
            let mut part = self.part(source, id, path.to_owned(), file, 0);
            self.resume_part(&mut part, &at)?;
            followed.parts.push(part);
        }
        Ok(())
    }

    /// Follows a regular file that is standard input: it may grow, but has no name.
    pub(super) fn followed_handle(&mut self, source: SourceIndex, file: File, start: u64) -> Result<Followed, Stopped> {
        self.timers.is_unwatched = true;
        let mut followed = Followed::new(source, source, None, self.wall());
        if let PathKind::File(id, _) = follow::look_at(&file)? {
            let mut part = self.part(source, id, PathBuf::new(), file, start);
            part.is_own = true;
            let saved = self.reader.saved_files(source, Some(part.section.file()))?;
            match saved.current {
                Some(at) => self.resume_part(&mut part, &at)?,
                None => self.begin(&mut part, self.reader.reading.tail.is_some())?,
            }
            followed.parts.push(part);
        }
        Ok(followed)
    }

    /// Watches a directory; if that fails, files are polled more often.
    pub(super) fn watch(&mut self, directory: &Path) {
        let bell = &self.bell;
        let watch = self.watch.get_or_insert_with(|| FileWatcher::new(Arc::clone(bell)));
        self.timers.is_unwatched |= !watch.watch(directory);
    }

    /// Watches the directory of a link's target.
    fn watch_target(&mut self, path: &Path) {
        if let Ok(target) = std::fs::canonicalize(path) {
            self.watch(&follow::parent(&target).0);
        }
    }

    /// Opens the file that the name refers to. `tail`: apply `--tail`.
    fn open_part(&mut self, followed: &mut Followed, tail: bool) -> Result<(), Stopped> {
        let Some(path) = followed.path.clone() else {
            return Ok(());
        };
        let opened = follow::look(&path).and_then(|named| match named {
            PathKind::File(..) => follow::open(&path).map(Some),
            PathKind::Directory => Err(std::io::Error::other("is now a directory")),
            PathKind::Other => Err(std::io::Error::other("is no longer a regular file")),
            PathKind::Missing => Ok(None),
        });
        let file = match opened {
            Ok(Some(file)) => file,
            Ok(None) => {
                let gone = match followed.parts.is_empty() {
                    true => "no such file yet; waiting for it",
                    false => "was removed; waiting for it to reappear",
                };
                self.say_outage(followed, gone);
                return Ok(());
            }
            Err(error) => {
                self.say_outage(followed, &format!("{}; waiting for it", reason(&error)));
                return Ok(());
            }
        };
        let PathKind::File(id, _) = follow::look_at(&file)? else {
            return Ok(()); // it was replaced in the meantime; the next check finds out
        };
        followed.is_said = false;
        followed.seen_at = self.wall();
        if followed.knows(id) {
            return Ok(()); // it got its name back in the meantime
        }
        let mut part = self.part(followed.source, id, path, file, 0);
        self.begin(&mut part, tail)?;
        followed.parts.push(part);
        Ok(())
    }

    pub(super) fn say_outage(&self, followed: &mut Followed, why: &str) {
        if !std::mem::replace(&mut followed.is_said, true) {
            let name = self.reader.sources.display(followed.source);
            self.reader.say(format_args!("{name}: {why}"));
        }
    }

    /// Reads new data of a file, and checks whether its name refers to another file.
    pub(super) fn serve_followed(&mut self, followed: &mut Followed) -> Result<Readiness, Stopped> {
        let now = self.now();
        self.timers.look_on(now);
        if std::mem::take(&mut followed.is_listing_old) && followed.means_last() {
            let last = followed.parts.len() - 1;
            self.open_missed(followed, last, now);
        }
        let mut index = 0;
        while index < followed.parts.len() {
            let settled = self.settle(followed, index, now)?;
            if settled == Settled::Gone {
                return Ok(match followed.parts.is_empty() {
                    true => Readiness::End,
                    false => Readiness::Turn,
                });
            }
            if settled == Settled::Read {
                if self.is_held_back(followed, index, now)? {
                    return Ok(Readiness::Wait);
                }
                let (moved, has_more) = self.read_part(followed, index)?;
                followed.has_moved |= moved;
                let is_named_later = followed.parts[index].until.is_none() && index > 0;
                if moved && is_named_later {
                    // The writer has switched to the new file, so the older ones are closed after the grace period.
                    let before = &mut followed.parts[..index];
                    before.iter_mut().for_each(|part| part.let_go(now));
                }
                if has_more {
                    return Ok(Readiness::Turn);
                }
                let part = &mut followed.parts[index];
                if moved && part.until.is_some() {
                    part.until = Some(now + GRACE);
                }
            }
            if followed.parts[index].until.is_some_and(|until| until <= now) {
                self.end_part(followed, index)?;
                if followed.path.is_none() && followed.parts.is_empty() {
                    return Ok(Readiness::End);
                }
            } else {
                index += 1;
            }
        }
        if followed.parts.iter().any(|part| part.is_made_up) {
            return Ok(Readiness::End);
        }
        self.look_at_name(followed, now)
    }

    /// Decides whether to read a file, or leave it because it is a copy of another one.
    fn settle(&mut self, followed: &mut Followed, index: usize, now: Instant) -> Result<Settled, Stopped> {
        if followed.parts[index].is_own {
            return Ok(Settled::Read);
        }
        let verdict = match self.judge(followed, index, now) {
            Err(Stopped::Failed(error)) => {
                let name = crate::source::display(followed.parts[index].path.as_os_str());
                self.say_once(format!("{name}: {}", reason(&error)));
                return Ok(Settled::Leave);
            }
            verdict => verdict?,
        };
        match verdict {
            CopyVerdict::Copy => return Ok(Settled::Leave),
            CopyVerdict::Wait => {
                // A small removed file may still turn out not to be a copy, which is decided soon.
                let part = &mut followed.parts[index];
                if part.has_more() && part.until.is_some_and(|until| until <= now) {
                    part.until = Some(now + GRACE);
                }
                return Ok(Settled::Leave);
            }
            CopyVerdict::New => {}
            CopyVerdict::Rest(offset) => self.begin_behind(&mut followed.parts[index], offset)?,
            CopyVerdict::Moved(place) => {
                self.move_on(followed, index, place);
                return Ok(Settled::Gone);
            }
        }
        followed.parts[index].is_own = true;
        Ok(Settled::Read)
    }

    /// Checks whether the name refers to a new file, and opens it at once: it may be renamed before its first write,
    /// and again before the next check. Until the new file is written to, the writer still uses the old one.
    fn look_at_name(&mut self, followed: &mut Followed, now: Instant) -> Result<Readiness, Stopped> {
        let Some(path) = followed.path.clone() else {
            return Ok(Readiness::Wait);
        };
        match follow::look(&path) {
            Ok(PathKind::File(id, _)) if followed.knows(id) => {
                followed.name_again(id, self.wall());
                Ok(Readiness::Wait)
            }
            Ok(PathKind::Directory) if followed.parts.is_empty() => {
                followed.directory = Some(path);
                Ok(Readiness::Turn)
            }
            Ok(PathKind::Missing) if !followed.parts.is_empty() => {
                self.say_outage(followed, "was removed; waiting for it to reappear");
                Ok(Readiness::Wait)
            }
            _ => {
                let parts = followed.parts.len();
                self.open_missed(followed, parts, now);
                self.watch_target(&path);
                self.open_part(followed, false)?;
                if followed.parts.len() == parts {
                    return Ok(Readiness::Wait);
                }
                let passed_over = followed.parts[..parts].iter_mut().skip(1);
                let unused = passed_over.filter(|part| part.is_empty());
                unused.rev().skip(MOST_UNUSED).for_each(|part| part.let_go(now));
                Ok(Readiness::Turn)
            }
        }
    }

    /// Opens files that had the name only between two checks: rotated files that are new and were modified since the
    /// last check. They are inserted at their position in the sequence.
    fn open_missed(&mut self, followed: &mut Followed, place: usize, now: Instant) {
        let Some(path) = followed.path.clone().filter(|_| !followed.parts.is_empty()) else {
            return;
        };
        let known: Vec<FileId> = followed.parts.iter().map(|part| part.id).collect();
        let missed = followed.siblings.open_missed(&path, &known, followed.seen_at);
        for (place, (path, id, file)) in (place..).zip(missed) {
            let mut part = self.part(followed.source, id, path, file, 0);
            part.let_go(now);
            followed.parts.insert(place.min(followed.parts.len()), part);
        }
    }

    /// Ends the input: reads what is left of all files.
    pub(super) fn end_followed(&mut self, followed: &mut Followed) -> Result<(), Stopped> {
        for index in 0..followed.parts.len() {
            let part = &mut followed.parts[index];
            if !part.is_own && part.judged.as_ref().is_some_and(Judged::may_be_new) {
                part.is_own = true;
            }
            if part.is_own && part.has_more() {
                self.read_part(followed, index)?;
            }
            self.reader.end_source(&mut followed.parts[index].buffer)?;
        }
        Ok(())
    }

    /// Handles change notifications for these file names.
    pub(super) fn files_changed(&mut self, names: &HashSet<OsString>, is_listing_old: bool) -> Result<(), RunOver> {
        for token in 0..self.slots.len() {
            let Some(slot) = &mut self.slots[token] else {
                continue;
            };
            let is_meant = match &mut slot.kind {
                SourceKind::Followed(followed) => {
                    let written = self.reader.sources.name(slot.source);
                    let has_rotated = is_listing_old && followed.has_rotated(names);
                    followed.is_listing_old |= has_rotated;
                    has_rotated || followed.may_be_called(Path::new(&*written), names)
                }
                SourceKind::Directory(_) => is_listing_old,
                _ => false,
            };
            if is_meant {
                self.read_ready(token)?;
            }
        }
        Ok(())
    }
}
