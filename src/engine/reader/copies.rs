//! Recognition of copied files: log rotation copies and compresses files, and files fetched from another host are often
//! replaced by longer versions of themselves.
//!
//! Before a new file in a directory is read, it is compared with the files that were read already ([`Fingerprint`]). A
//! file that starts like another one is a copy if enough of it matches; how much is enough depends on its name
//! ([`is_rotated`]). A copy is checked again when it grows: as soon as it differs, it is read from its start as a file
//! of its own, so a wrong guess loses no records.

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

/// The number of removed files to remember. A rotated file is compressed soon, or at the next rotation.
const MOST_GONE: usize = 1024;

/// How long to wait before a small file that starts like another is read as a new file.
const UNDECIDED: Duration = Duration::from_millis(500);

/// The delay before the next check of a file that may be a copy of bytes about to be read.
const SOON: Duration = Duration::from_millis(20);

/// How long to wait for an incomplete compressed file.
const INCOMPLETE: Duration = Duration::from_secs(60);

/// Fingerprints of files that were removed or truncated.
#[derive(Default)]
pub(super) struct GoneFiles {
    gone: VecDeque<Gone>,
    /// Incremented for each file that is gone: earlier verdicts may be out of date.
    changes: u64,
}

struct Gone {
    group: SourceIndex,
    path: PathBuf,
    print: Fingerprint,
}

impl GoneFiles {
    /// Remembers a file that is no longer read.
    pub(super) fn forget_file(&mut self, group: SourceIndex, path: PathBuf, print: Fingerprint) {
        self.changes += 1;
        if print.read() > 0 {
            self.gone.push_front(Gone { group, path, print });
            self.gone.truncate(MOST_GONE);
        }
    }
}

/// The result of comparing a file with those already read.
pub(super) enum CopyVerdict {
    /// Not a copy: read all of it.
    New,
    /// A copy of a file that is read elsewhere: read nothing.
    Copy,
    /// Not known yet: check again later.
    Wait,
    /// It replaces a file that is being read; reading continues in the new file.
    Moved(CopyPlace),
    /// It contains the content of a removed file; read the rest from this offset.
    Rest(u64),
}

/// The position of a file that is read.
#[derive(Clone, Copy)]
pub(super) enum CopyPlace {
    /// An index into the files of the same source.
    Here(usize),
    /// A slot of the event loop, and an index into its files.
    There(usize, usize),
}

/// A verdict, and the conditions under which it holds.
pub(super) struct Judged {
    /// The state of the file when it was checked.
    look: FileStamp,
    changes: u64,
    /// True if the verdict holds until the file changes.
    is_final: bool,
    /// If still undecided at this time, the file is treated as new.
    waits_until: Option<Instant>,
    is_compressed: bool,
}

impl Judged {
    /// True if the file is treated as new should nothing more be learned about it.
    pub(super) fn may_be_new(&self) -> bool {
        self.waits_until.is_some() && !self.is_compressed
    }

    /// True if the file is unchanged and all of its content was read elsewhere.
    fn is_read(&self, file: &File) -> bool {
        let is_same = || file.metadata().is_ok_and(|metadata| FileStamp::of(&metadata) == self.look);
        self.is_final && self.waits_until.is_none() && is_same()
    }
}

impl EventLoop<'_> {
    /// Decides whether a file is a copy, given its content so far.
    pub(super) fn judge(
        &mut self,
        followed: &mut Followed,
        index: usize,
        now: Instant,
    ) -> Result<CopyVerdict, Stopped> {
        let verdict = self.compare_with_read(followed, index, now)?;
        if !matches!(verdict, CopyVerdict::New) {
            return Ok(verdict);
        }
        let part = &mut followed.parts[index];
        let file = Arc::clone(part.section.file());
        let look = FileStamp::of(&file.metadata()?);
        Ok(match self.reader.read_by_earlier_run(followed.source, &file)? {
            None => CopyVerdict::New,
            Some(read) if !read.has_more => {
                part.judged = Some(Judged {
                    look,
                    changes: self.journal.changes,
                    is_final: true,
                    waits_until: None,
                    is_compressed: compression(&file)?.is_some(),
                });
                CopyVerdict::Copy
            }
            Some(read) => CopyVerdict::Rest(read.bytes),
        })
    }

    /// Compares a file with those that this run has read.
    fn compare_with_read(
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
        // A compressed file that grows is still being written, for an unknown time.
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

    /// True if a file may be a copy of a log with unread bytes; reading those settles it.
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

    /// Iterates over all other files of the group, with their positions.
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

    /// Returns all other files of the group that are or were read.
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

    /// Skips the bytes of a file that were already read from its original, after taking its header.
    pub(super) fn begin_behind(&mut self, part: &mut OpenedFile, read: u64) -> Result<(), Stopped> {
        let file = Arc::clone(part.section.file());
        let mut content = content(&file)?;
        while part.buffer.prologue != Prologue::Nothing {
            let ended = !self.reader.fill(&mut part.buffer, &mut *content)?;
            self.reader.take_prologue(&mut part.buffer, ended)?;
        }
        part.buffer.forget();
        part.buffer.taken = 0;
        let first = part.buffer.prologue_bytes.max(read);
        if compression(&file)?.is_some() {
            part.skip = first;
        } else {
            part.section.offset = first;
            part.print = Fingerprint::of(&file, first)?;
        }
        Ok(())
    }

    /// Continues reading a file in another one that has replaced it.
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

    /// Reads the bytes that a truncated file lost before they were read, from a copy of the file.
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
            let is_stopped = || false; // the comparison is short, and without it the rest of the file is lost
            let Some(candidate) = compare(&file, metadata.len(), &known, &is_stopped)? else {
                continue;
            };
            if let (CopyVerdict::Rest(offset), _) = decide(&candidate, &candidate_path, &known)? {
                return self.read_rest(&mut followed.parts[index], &file, offset);
            }
        }
        Ok(())
    }

    /// Reads a copy from an offset on, as if it were the original.
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

    /// Returns the ids of files that are read, and of copies without unread content.
    fn ids_without_rest(&self, followed: &Followed) -> HashSet<FileId> {
        let is_read = |part: &&OpenedFile| {
            let judged = part.judged.as_ref();
            part.is_own || judged.is_some_and(|judged| judged.is_read(part.section.file()))
        };
        let parts = self.group(followed, usize::MAX).map(|(part, _)| part);
        parts.filter(is_read).map(|part| part.id).collect()
    }
}
