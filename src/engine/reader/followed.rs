//! Files that are read on as they grow, by their names: whoever rotates logs renames them and makes new ones, or
//! copies and empties them. What a file had is read to its end in any case.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::buffer::Buffer;
use super::copies::{CopyVerdict, Judged};
use super::event_loop::EventLoop;
use super::opened_file::{GRACE, OpenedFile};
use super::siblings::Siblings;
use super::source_state::{Readiness, SourceKind};
use super::wakeup::FileWatcher;
use super::{RunOver, Stopped};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::source::follow::{self, FileId, PathKind};
use crate::source::rotated::is_rotated;

/// How many files are kept that have had the name and that nobody has written to: whoever opened one may write late.
const MOST_UNUSED: usize = 4;

/// A file that is followed.
pub(super) struct Followed {
    pub(super) source: SourceIndex,
    /// Copies are recognised among the files of one group: those of a directory, or those of one name.
    pub(super) group: SourceIndex,
    /// Standard input has none, and a file of a directory is what it is, whatever it is called.
    path: Option<PathBuf>,
    /// What the name has meant, the newest last: also files that nobody has written to yet, for they may be renamed
    /// before the next look. Those in front of one that was written to are kept only for a short while.
    pub(super) parts: Vec<OpenedFile>,
    /// The other files of the log.
    pub(super) siblings: Siblings,
    /// Rotated files have come or gone.
    is_listing_old: bool,
    /// When the name was last seen to mean a file that is read.
    seen_at: SystemTime,
    /// The file of a directory that had the name before, by its slot.
    pub(super) before: Option<(usize, SourceIndex)>,
    /// Until when a new file waits for the end of a line in the one before.
    pub(super) hold: Option<Instant>,
    /// A directory has come where a file was waited for.
    pub(super) directory: Option<PathBuf>,
    /// It was said that there is nothing of the name.
    is_said: bool,
    has_moved: bool,
}

/// What is to be done with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settled {
    Read,
    /// It is a copy, or that is not known yet.
    Leave,
    /// It is read in the place of another one.
    Gone,
}

impl Followed {
    pub(super) fn new(source: SourceIndex, group: SourceIndex, path: Option<PathBuf>) -> Followed {
        Followed {
            source,
            group,
            siblings: path.as_deref().map(Siblings::of).unwrap_or_default(),
            path,
            parts: Vec::new(),
            is_listing_old: false,
            seen_at: SystemTime::now(),
            before: None,
            hold: None,
            directory: None,
            is_said: false,
            has_moved: false,
        }
    }

    /// Whether it has had anything since it was last asked.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Whether records come from it: a copy of another file has none.
    pub(super) fn has_records(&self) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|part| part.is_own)
    }

    /// Whether a file is read already.
    pub(super) fn knows(&self, id: FileId) -> bool {
        self.parts.iter().any(|part| part.id == id)
    }

    /// Whether a file was looked at before and has not changed.
    pub(super) fn has_looked_at(&self, id: FileId, metadata: &Metadata) -> bool {
        self.siblings.is_unchanged(id, metadata)
    }

    /// Whether it is one of several files of a directory.
    pub(super) fn is_in_directory(&self) -> bool {
        self.group != self.source
    }

    /// A file that is read has the name, perhaps again.
    fn name_again(&mut self, id: FileId) {
        self.is_said = false;
        self.seen_at = SystemTime::now();
        if let Some(index) = self.parts.iter().position(|part| part.id == id) {
            let mut part = self.parts.remove(index);
            part.until = None;
            self.parts.push(part);
        }
    }

    /// What was read and not handed out yet.
    pub(super) fn buffers(&mut self) -> impl Iterator<Item = &mut Buffer> {
        self.parts.iter_mut().map(|part| &mut part.buffer)
    }

    /// Whether the name means the last of its files.
    fn means_last(&self) -> bool {
        let (Some(path), Some(last)) = (&self.path, self.parts.last()) else {
            return false;
        };
        matches!(follow::look(path), Ok(PathKind::File(id, _)) if id == last.id)
    }

    /// Whether one of the names is that of a rotated file.
    fn has_rotated(&self, names: &HashSet<OsString>) -> bool {
        let path = self.path.as_ref();
        path.is_some_and(|path| names.iter().any(|name| is_rotated(name.as_ref(), path)))
    }

    /// Whether one of the names is that of the file, written like this, or of what a link of the name leads to.
    fn may_be_called(&self, written: &Path, names: &HashSet<OsString>) -> bool {
        let has = |path: &Path| path.file_name().is_some_and(|name| names.contains(name));
        let is_followed_by_name = self.path.is_some();
        has(written)
            || self.parts.iter().any(|part| has(&part.path))
            || is_followed_by_name && std::fs::canonicalize(written).is_ok_and(|target| has(&target))
    }
}

impl EventLoop<'_> {
    /// Follows what is written as a path: a file, also one that is not there yet, or a directory.
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
                let reason = "is the file that the results are written to".to_owned();
                self.reader.fail(source, reason);
                return self.reader.mark_ended(source);
            }
            Ok(PathKind::File(..) | PathKind::Missing) | Err(_) => {
                self.watch(&follow::parent(path).0);
                self.watch_target(path);
                let mut followed = Followed::new(source, source, Some(path.to_owned()));
                let opened = self.open_part(&mut followed, self.reader.reading.tail.is_some());
                if let Some(part) = followed.parts.last_mut() {
                    part.is_own = true;
                }
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

    /// Follows a regular file that is standard input: it may grow, but has no name.
    pub(super) fn followed_handle(&mut self, source: SourceIndex, file: File, start: u64) -> Result<Followed, Stopped> {
        self.timers.is_unwatched = true;
        let mut followed = Followed::new(source, source, None);
        if let PathKind::File(id, _) = follow::look_at(&file)? {
            let mut part = self.part(source, id, PathBuf::new(), file, start);
            part.is_own = true;
            self.begin(&mut part, self.reader.reading.tail.is_some())?;
            followed.parts.push(part);
        }
        Ok(followed)
    }

    /// Watches a directory, or looks more often.
    pub(super) fn watch(&mut self, directory: &Path) {
        let bell = &self.bell;
        let watch = self.watch.get_or_insert_with(|| FileWatcher::new(Arc::clone(bell)));
        self.timers.is_unwatched |= !watch.watch(directory);
    }

    /// Watches where a link leads to.
    fn watch_target(&mut self, path: &Path) {
        if let Ok(target) = std::fs::canonicalize(path) {
            self.watch(&follow::parent(&target).0);
        }
    }

    /// Opens what the name means now. `tail`: it is not read from its start.
    fn open_part(&mut self, followed: &mut Followed, tail: bool) -> Result<(), Stopped> {
        let Some(path) = followed.path.clone() else {
            return Ok(());
        };
        let opened = follow::look(&path).and_then(|named| match named {
            PathKind::File(..) => follow::open(&path).map(Some),
            PathKind::Directory => Err(std::io::Error::other("is a directory now")),
            PathKind::Other => Err(std::io::Error::other("is no regular file now")),
            PathKind::Missing => Ok(None),
        });
        let file = match opened {
            Ok(Some(file)) => file,
            Ok(None) => {
                let gone = match followed.parts.is_empty() {
                    true => "no such file yet",
                    false => "has gone",
                };
                self.say_outage(followed, gone);
                return Ok(());
            }
            Err(error) => {
                self.say_outage(followed, &reason(&error));
                return Ok(());
            }
        };
        let PathKind::File(id, _) = follow::look_at(&file)? else {
            return Ok(()); // it was something else again; the next look tells
        };
        followed.is_said = false;
        followed.seen_at = SystemTime::now();
        if followed.knows(id) {
            return Ok(()); // it has its name again since it was looked at
        }
        let mut part = self.part(followed.source, id, path, file, 0);
        self.begin(&mut part, tail)?;
        followed.parts.push(part);
        Ok(())
    }

    pub(super) fn say_outage(&self, followed: &mut Followed, why: &str) {
        if !std::mem::replace(&mut followed.is_said, true) {
            let name = self.reader.sources.display(followed.source);
            self.reader.say(format_args!("{name}: {why}; waiting for it"));
        }
    }

    /// Reads what a file has got, and looks what its name means now.
    pub(super) fn serve_followed(&mut self, followed: &mut Followed) -> Result<Readiness, Stopped> {
        self.timers.look_on();
        let now = Instant::now();
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
                    // Whoever writes has noticed: those before have lost their name for good.
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

    /// Finds out whether a file is read, or a copy of another one.
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
                // It may be small, removed already, and no copy: that is known soon.
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

    /// Looks whether the name means another file now, and opens it: it may be renamed before anybody writes to it,
    /// and again before the next look. Until somebody does, whoever writes to the one before has not noticed.
    fn look_at_name(&mut self, followed: &mut Followed, now: Instant) -> Result<Readiness, Stopped> {
        let Some(path) = followed.path.clone() else {
            return Ok(Readiness::Wait);
        };
        match follow::look(&path) {
            Ok(PathKind::File(id, _)) if followed.knows(id) => {
                followed.name_again(id);
                Ok(Readiness::Wait)
            }
            Ok(PathKind::Directory) if followed.parts.is_empty() => {
                followed.directory = Some(path);
                Ok(Readiness::Turn)
            }
            Ok(PathKind::Missing) if !followed.parts.is_empty() => {
                self.say_outage(followed, "has gone");
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

    /// Opens files that had the name and lost it again since the last look: they are rotated files that were not there
    /// before, and have been written to since.
    /// They take their place among those of the name.
    fn open_missed(&mut self, followed: &mut Followed, place: usize, now: Instant) {
        let Some(path) = followed.path.clone().filter(|_| !followed.parts.is_empty()) else {
            return;
        };
        let known: Vec<FileId> = followed.parts.iter().map(|part| part.id).collect();
        let missed = followed.siblings.missed(&path, &known, followed.seen_at);
        for (place, (path, id)) in (place..).zip(missed) {
            if let Ok(file) = follow::open(&path) {
                let mut part = self.part(followed.source, id, path, file, 0);
                part.let_go(now);
                followed.parts.insert(place.min(followed.parts.len()), part);
            }
        }
    }

    /// The input ends here.
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

    /// Files of these names have changed.
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
