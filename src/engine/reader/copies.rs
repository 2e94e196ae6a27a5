//! Which files are copies of what was read: whoever rotates logs copies and compresses them, and what is brought from
//! elsewhere is often replaced by a longer copy of itself.
//!
//! A file that comes to a directory is compared with what was read of the others ([`Fingerprint`]) before anything is
//! read of it. One that begins like another one is a copy if enough of it agrees; how much is enough depends on its
//! name ([`is_rotated`]). A copy is looked at again when it grows: as soon as it differs, it is a file of its own and
//! read from its start, so that a wrong guess loses nothing.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Stopped;
use super::candidate::{KnownFile, compare, compression, content, decide, first_bytes};
use super::event_loop::EventLoop;
use super::files::Section;
use super::followed::Followed;
use super::onward::Fingerprinting;
use super::opened_file::{FileStamp, OpenedFile};
use super::source_state::SourceKind;
use crate::data::Prologue;
use crate::engine::message::SourceIndex;
use crate::source::fingerprint::Fingerprint;
use crate::source::follow::{self, FileId};
use crate::source::rotated::{is_copied, is_rotated};

/// Files are remembered that have gone; this many: a rotated file is compressed soon, or when the next one is rotated.
const MOST_GONE: usize = 1024;

/// How long a small file is waited for that has begun like another one and may become a copy of it.
const UNDECIDED: Duration = Duration::from_millis(500);

/// When a file is looked at again that may be a copy of bytes that are about to be read.
const SOON: Duration = Duration::from_millis(20);

/// How long a compressed file is waited for that is not complete.
const INCOMPLETE: Duration = Duration::from_secs(60);

/// What was read of files that have gone or were emptied, and where the same is read now.
#[derive(Default)]
pub(super) struct GoneFiles {
    gone: VecDeque<Gone>,
    /// Counts what has gone: a judgement may be another one then.
    changes: u64,
}

struct Gone {
    group: SourceIndex,
    path: PathBuf,
    print: Fingerprint,
}

impl GoneFiles {
    /// Nothing more is read of a file.
    pub(super) fn forget_file(&mut self, group: SourceIndex, path: PathBuf, print: Fingerprint) {
        self.changes += 1;
        if print.read() > 0 {
            self.gone.push_front(Gone { group, path, print });
            self.gone.truncate(MOST_GONE);
        }
    }
}

/// What a file is.
pub(super) enum CopyVerdict {
    /// A file of its own: all of it is read.
    New,
    /// A copy of what is read elsewhere.
    Copy,
    /// That is not known yet.
    Wait,
    /// It has replaced a file that is read: that one goes on in it.
    Moved(CopyPlace),
    /// It has what was read of a file that has gone, and more from this offset on.
    Rest(u64),
}

/// Where a file is read.
#[derive(Clone, Copy)]
pub(super) enum CopyPlace {
    /// Among the files of the same name.
    Here(usize),
    /// In another slot.
    There(usize, usize),
}

/// A verdict that stands until something changes.
pub(super) struct Judged {
    /// What was looked at.
    look: FileStamp,
    changes: u64,
    /// It stands until the file changes.
    is_final: bool,
    /// It is a file of its own if it is still undecided then.
    waits_until: Option<Instant>,
    is_compressed: bool,
}

impl Judged {
    /// Whether it is a file of its own if nothing more is known of it.
    pub(super) fn may_be_new(&self) -> bool {
        self.waits_until.is_some() && !self.is_compressed
    }

    /// Whether a file has nothing that was not read, if it has not changed.
    fn is_read(&self, file: &File) -> bool {
        let is_same = || file.metadata().is_ok_and(|metadata| FileStamp::of(&metadata) == self.look);
        self.is_final && self.waits_until.is_none() && is_same()
    }
}

impl EventLoop<'_> {
    /// Finds out what a file is, as far as its bytes tell now.
    pub(super) fn judge(
        &mut self,
        followed: &mut Followed,
        index: usize,
        now: Instant,
    ) -> Result<CopyVerdict, Stopped> {
        let part = &followed.parts[index];
        let metadata = part.section.file().metadata()?;
        let (bytes, look) = (metadata.len(), FileStamp::of(&metadata));
        if bytes == 0 {
            return Ok(CopyVerdict::Wait);
        }
        let since = part.judged.as_ref().and_then(|judged| judged.waits_until);
        if let Some(judged) = part.judged.as_ref().filter(|judged| judged.look == look) {
            match judged.waits_until {
                Some(until) if until <= now => return Ok(CopyVerdict::New),
                Some(until) => {
                    self.timers.look_at(until);
                    return Ok(CopyVerdict::Wait);
                }
                None if judged.is_final || judged.changes == self.journal.changes => {
                    return Ok(CopyVerdict::Copy);
                }
                None => {}
            }
        }
        if self.may_be_unread(followed, index)? {
            self.timers.look_at(now + SOON);
            return Ok(CopyVerdict::Wait);
        }
        let known = self.known(followed, index);
        let file = Arc::clone(part.section.file());
        let is_stopped = || self.reader.control.is_stopped();
        let Some(candidate) = compare(&file, bytes, &known, &is_stopped)? else {
            return Ok(CopyVerdict::Wait);
        };
        let (verdict, is_final) = decide(&candidate, &part.path, &known)?;
        let patience = match (candidate.compression, candidate.is_complete) {
            (Some(_), false) => INCOMPLETE,
            _ => UNDECIDED,
        };
        let is_compressed = candidate.compression.is_some();
        let is_waiting = matches!(verdict, CopyVerdict::Wait);
        // A compressed file that grows is being written; how long that takes is not known.
        let until = since.filter(|_| !is_compressed).unwrap_or(now + patience);
        if is_waiting && until <= now {
            return Ok(CopyVerdict::New);
        }
        if is_waiting {
            self.timers.look_at(until);
        }
        followed.parts[index].judged = Some(Judged {
            look,
            changes: self.journal.changes,
            is_final,
            waits_until: is_waiting.then_some(until),
            is_compressed,
        });
        Ok(verdict)
    }

    /// Whether a file may be a copy of a log that has bytes which are not read yet: once they are read, that is known.
    fn may_be_unread(&self, followed: &Followed, index: usize) -> Result<bool, Stopped> {
        let part = &followed.parts[index];
        let own = first_bytes(part.section.file())?;
        let is_compressed = compression(part.section.file())?.is_some();
        for (log, _) in self.group(followed, index) {
            let is_copy = !log.is_own && log.judged.as_ref().is_some_and(|judged| judged.waits_until.is_none());
            if is_copied(&part.path, &log.path) && !is_copy && log.has_more() {
                let first = first_bytes(log.section.file())?;
                let common = own.len().min(first.len());
                if is_compressed || own[..common] == first[..common] {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// All files of the group, but for one, and where they are read.
    fn group<'k>(&'k self, followed: &'k Followed, index: usize) -> impl Iterator<Item = (&'k OpenedFile, CopyPlace)> {
        let here = followed.parts.iter().enumerate();
        let here = here.filter(move |(place, _)| *place != index).map(|(place, part)| (part, CopyPlace::Here(place)));
        let others = self.slots.iter().enumerate();
        let others = others.filter_map(|(token, slot)| match &slot.as_ref()?.kind {
            SourceKind::Followed(other) if other.group == followed.group => Some((token, other)),
            _ => None,
        });
        let there = others.flat_map(|(token, other)| {
            let parts = other.parts.iter().enumerate();
            parts.map(move |(place, part)| (part, CopyPlace::There(token, place)))
        });
        here.chain(there)
    }

    /// All files of the group that are read, or were, but for one.
    fn known<'k>(&'k self, followed: &'k Followed, index: usize) -> Vec<KnownFile<'k>> {
        let read = self.group(followed, index).filter(|(part, _)| part.is_own);
        let read = read.map(|(part, place)| KnownFile {
            path: &part.path,
            print: &part.print,
            file: Some((part.section.file(), place)),
        });
        let gone = self.journal.gone.iter();
        let gone = gone.filter(|gone| gone.group == followed.group);
        let gone = gone.map(|gone| KnownFile { path: &gone.path, print: &gone.print, file: None });
        read.chain(gone).filter(|known| known.print.read() > 0).collect()
    }

    /// Goes to the bytes of a file that were not read of the one that it is a copy of, with what stands in front of its
    /// records.
    pub(super) fn begin_behind(&mut self, part: &mut OpenedFile, read: u64) -> Result<(), Stopped> {
        let file = Arc::clone(part.section.file());
        let mut content = content(&file)?;
        while part.buffer.prologue != Prologue::Nothing {
            let ended = !self.reader.fill(&mut part.buffer, &mut *content)?;
            self.reader.take_prologue(&mut part.buffer, ended)?;
        }
        part.buffer.forget();
        let first = part.buffer.prologue_bytes.max(read);
        if compression(&file)?.is_some() {
            part.skip = first;
        } else {
            part.section.offset = first;
            part.print = Fingerprint::of(&file, first)?;
        }
        Ok(())
    }

    /// A file that is read goes on in another one, which has replaced it.
    pub(super) fn move_on(&mut self, followed: &mut Followed, index: usize, place: CopyPlace) {
        let new = followed.parts.remove(index);
        let group = followed.group;
        let (old, token) = match place {
            CopyPlace::Here(old) => (followed.parts.get_mut(old - usize::from(old > index)), None),
            CopyPlace::There(token, old) => {
                let slot = self.slots.get_mut(token).and_then(Option::as_mut);
                match slot.map(|slot| (slot.source, &mut slot.kind)) {
                    Some((source, SourceKind::Followed(other))) => (other.parts.get_mut(old), Some((token, source))),
                    _ => (None, None),
                }
            }
        };
        let Some(old) = old else {
            return;
        };
        let (offset, new_id) = (old.section.offset, new.id);
        old.section = Section::of(Arc::clone(new.section.file()), offset, u64::MAX);
        old.replace(new.id, new.path);
        let Some(token) = token else {
            return;
        };
        for slot in self.slots.iter_mut().flatten() {
            if let SourceKind::Directory(directory) = &mut slot.kind
                && slot.source == group
            {
                directory.tokens.retain(|_, other| *other != token);
                directory.tokens.insert(new_id, token);
            }
        }
        self.ready.push(token.0);
    }

    /// Reads what a file had when it was emptied, and that was not read yet, in its copy.
    pub(super) fn read_rest_in_copy(&mut self, followed: &mut Followed, index: usize) -> Result<(), Stopped> {
        let part = &followed.parts[index];
        if part.path.as_os_str().is_empty() {
            return Ok(());
        }
        let (path, print) = (part.path.clone(), part.print.clone());
        let passed_over = self.ids_without_rest(followed);
        let mut candidates = follow::list(&follow::parent(&path).0).unwrap_or_default();
        candidates.retain(|(candidate, id)| {
            !passed_over.contains(id) && (followed.is_in_directory() || is_rotated(candidate, &path))
        });
        let known = [KnownFile { path: &path, print: &print, file: None }];
        for (candidate_path, _) in candidates {
            let Ok(file) = follow::open(&candidate_path) else {
                continue;
            };
            let metadata = file.metadata()?;
            let id = (metadata.dev(), metadata.ino());
            if !followed.knows(id) && followed.has_looked_at(id, &metadata) {
                continue;
            }
            let file = Arc::new(file);
            let is_stopped = || false; // it is quick, and the end of what was read depends on it
            let Some(candidate) = compare(&file, metadata.len(), &known, &is_stopped)? else {
                continue;
            };
            if let (CopyVerdict::Rest(offset), _) = decide(&candidate, &candidate_path, &known)? {
                return self.read_rest(&mut followed.parts[index], &file, offset);
            }
        }
        Ok(())
    }

    /// Reads a copy from an offset on, as if it were the file.
    fn read_rest(&mut self, part: &mut OpenedFile, file: &Arc<File>, offset: u64) -> Result<(), Stopped> {
        let mut content = content(file)?;
        std::io::copy(&mut (&mut content).take(offset), &mut std::io::sink())?;
        let mut passing = Fingerprinting::new(&mut *content, &mut part.print);
        while self.reader.fill(&mut part.buffer, &mut passing)? {
            self.reader.find_records(&mut part.buffer)?;
            self.reader.cut(&mut part.buffer)?;
        }
        Ok(())
    }

    /// The files of a group that are read, and the copies that have nothing else.
    fn ids_without_rest(&self, followed: &Followed) -> HashSet<FileId> {
        let is_read = |part: &&OpenedFile| {
            let judged = part.judged.as_ref();
            part.is_own || judged.is_some_and(|judged| judged.is_read(part.section.file()))
        };
        let parts = self.group(followed, usize::MAX).map(|(part, _)| part);
        parts.filter(is_read).map(|part| part.id).collect()
    }
}
