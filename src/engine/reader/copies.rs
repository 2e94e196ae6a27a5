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
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Stopped;
use super::files::Section;
use super::followed::{Followed, Look, Part};
use super::live::Live;
use super::onward::Passing;
use super::slot::Kind;
use crate::data::Preface;
use crate::engine::message::SourceIndex;
use crate::source::compression::{Compression, Detection};
use crate::source::fingerprint::{Fingerprint, Likeness, scan};
use crate::source::follow::{self, FileId};
use crate::source::rotated::is_rotated;

/// Files are remembered that have gone; this many: a rotated file is compressed soon, or when the next one is rotated.
const MOST_GONE: usize = 1024;

/// How long a small file is waited for that has begun like another one and may become a copy of it.
const UNDECIDED: Duration = Duration::from_millis(500);

/// How long a compressed file is waited for that is not complete.
const INCOMPLETE: Duration = Duration::from_secs(60);

/// What was read of files that have gone or were emptied, and where the same is read now.
#[derive(Default)]
pub(super) struct Journal {
    gone: VecDeque<Gone>,
    /// Counts what has gone: a judgement may be another one then.
    changes: u64,
}

struct Gone {
    group: SourceIndex,
    path: PathBuf,
    print: Fingerprint,
}

impl Journal {
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
pub(super) enum Verdict {
    /// A file of its own: all of it is read.
    New,
    /// A copy of what is read elsewhere.
    Copy,
    /// That is not known yet.
    Wait,
    /// It has replaced a file that is read: that one goes on in it.
    Moved(Place),
    /// It has what was read of a file that has gone, and more from this offset on.
    Rest(u64),
}

/// Where a file is read.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Among the files of the same name.
    Here(usize),
    /// In another slot.
    There(usize, usize),
}

/// A verdict that stands until something changes.
pub(super) struct Judged {
    /// What was looked at.
    look: Look,
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
        let is_same = || {
            file.metadata()
                .is_ok_and(|metadata| Look::of(&metadata) == self.look)
        };
        self.is_final && self.waits_until.is_none() && is_same()
    }
}

/// A file that is read, or was.
struct Known<'k> {
    path: &'k Path,
    print: &'k Fingerprint,
    /// If it is read: the file, and where.
    file: Option<(&'k Arc<File>, Place)>,
}

/// What a candidate is compared with, and what came of it.
struct Candidate {
    compression: Option<Compression>,
    is_complete: bool,
    likeness: Vec<Likeness>,
}

impl Live<'_> {
    /// Finds out what a file is, as far as its bytes tell now.
    pub(super) fn judge(
        &mut self,
        followed: &mut Followed,
        index: usize,
        now: Instant,
    ) -> Result<Verdict, Stopped> {
        let part = &followed.parts[index];
        let metadata = part.section.file().metadata()?;
        let (bytes, look) = (metadata.len(), Look::of(&metadata));
        if bytes == 0 {
            return Ok(Verdict::Wait);
        }
        let since = part.judged.as_ref().and_then(|judged| judged.waits_until);
        if let Some(judged) = part.judged.as_ref().filter(|judged| judged.look == look) {
            match judged.waits_until {
                Some(until) if until <= now => return Ok(Verdict::New),
                Some(until) => {
                    self.timers.look_at(until);
                    return Ok(Verdict::Wait);
                }
                None if judged.is_final || judged.changes == self.journal.changes => {
                    return Ok(Verdict::Copy);
                }
                None => {}
            }
        }
        let known = self.known(followed, index);
        let file = Arc::clone(part.section.file());
        let is_stopped = || self.reader.control.is_stopped();
        let Some(candidate) = compare(&file, bytes, &known, &is_stopped)? else {
            return Ok(Verdict::Wait);
        };
        let (verdict, is_final) = decide(&candidate, &part.path, &known)?;
        let patience = match (candidate.compression, candidate.is_complete) {
            (Some(_), false) => INCOMPLETE,
            _ => UNDECIDED,
        };
        let is_compressed = candidate.compression.is_some();
        let is_waiting = matches!(verdict, Verdict::Wait);
        // A compressed file that grows is being written; how long that takes is not known.
        let until = since.filter(|_| !is_compressed).unwrap_or(now + patience);
        if is_waiting && until <= now {
            return Ok(Verdict::New);
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

    /// All files of the group that are read, or were, but for one.
    fn known<'k>(&'k self, followed: &'k Followed, index: usize) -> Vec<Known<'k>> {
        let here = followed.parts.iter().enumerate();
        let here = here
            .filter(|(place, _)| *place != index)
            .map(|(place, part)| (part, Place::Here(place)));
        let others = self.slots.iter().enumerate().filter_map(|(token, slot)| {
            let Kind::Followed(other) = &slot.as_ref()?.kind else {
                return None;
            };
            (other.group == followed.group).then_some((token, other))
        });
        let there = others.flat_map(|(token, other)| {
            let parts = other.parts.iter().enumerate();
            parts.map(move |(place, part)| (part, Place::There(token, place)))
        });
        let read = here.chain(there).filter(|(part, _)| part.is_own);
        let read = read.map(|(part, place)| Known {
            path: &part.path,
            print: &part.print,
            file: Some((part.section.file(), place)),
        });
        let gone = self.journal.gone.iter();
        let gone = gone.filter(|gone| gone.group == followed.group);
        let gone = gone.map(|gone| Known {
            path: &gone.path,
            print: &gone.print,
            file: None,
        });
        read.chain(gone)
            .filter(|known| known.print.read() > 0)
            .collect()
    }

    /// Goes to the bytes of a file that were not read of the one that it is a copy of, with what stands in front of its
    /// records.
    pub(super) fn begin_behind(&mut self, part: &mut Part, read: u64) -> Result<(), Stopped> {
        let file = Arc::clone(part.section.file());
        let mut content = content(&file)?;
        while part.buffer.preface != Preface::Nothing {
            let ended = !self.reader.fill(&mut part.buffer, &mut *content)?;
            self.reader.take_preface(&mut part.buffer, ended)?;
        }
        part.buffer.forget();
        let first = part.buffer.preface_bytes.max(read);
        if compression(&file)?.is_some() {
            part.skip = first;
        } else {
            part.section.offset = first;
            part.print = Fingerprint::of(&file, first)?;
        }
        Ok(())
    }

    /// A file that is read goes on in another one, which has replaced it.
    pub(super) fn move_on(&mut self, followed: &mut Followed, index: usize, place: Place) {
        let new = followed.parts.remove(index);
        let group = followed.group;
        let (old, token) = match place {
            Place::Here(old) => (followed.parts.get_mut(old - usize::from(old > index)), None),
            Place::There(token, old) => {
                let slot = self.slots.get_mut(token).and_then(Option::as_mut);
                match slot.map(|slot| (slot.source, &mut slot.kind)) {
                    Some((source, Kind::Followed(other))) => {
                        (other.parts.get_mut(old), Some((token, source)))
                    }
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
            if let Kind::Directory(directory) = &mut slot.kind
                && slot.source == group
            {
                directory.tokens.retain(|_, other| *other != token);
                directory.tokens.insert(new_id, token);
            }
        }
        self.turns.push(token.0);
    }

    /// Reads what a file had when it was emptied, and that was not read yet, in its copy.
    pub(super) fn read_rest_in_copy(
        &mut self,
        followed: &mut Followed,
        index: usize,
    ) -> Result<(), Stopped> {
        let part = &followed.parts[index];
        if part.path.as_os_str().is_empty() {
            return Ok(());
        }
        let (path, print) = (part.path.clone(), part.print.clone());
        let passed_over = self.ids_without_rest(followed);
        let mut candidates = follow::list(&follow::parent(&path).0).unwrap_or_default();
        candidates.retain(|(candidate, id)| {
            !passed_over.contains(id)
                && (followed.is_in_directory() || is_rotated(candidate, &path))
        });
        let known = [Known {
            path: &path,
            print: &print,
            file: None,
        }];
        for (candidate_path, _) in candidates {
            let Ok(file) = follow::open(&candidate_path) else {
                continue;
            };
            let metadata = file.metadata()?;
            if followed.has_looked_at((metadata.dev(), metadata.ino()), &metadata) {
                continue;
            }
            let file = Arc::new(file);
            let is_stopped = || false; // it is quick, and the end of what was read depends on it
            let Some(candidate) = compare(&file, metadata.len(), &known, &is_stopped)? else {
                continue;
            };
            if let (Verdict::Rest(offset), _) = decide(&candidate, &candidate_path, &known)? {
                return self.read_rest(&mut followed.parts[index], &file, offset);
            }
        }
        Ok(())
    }

    /// Reads a copy from an offset on, as if it were the file.
    fn read_rest(&mut self, part: &mut Part, file: &Arc<File>, offset: u64) -> Result<(), Stopped> {
        let mut content = content(file)?;
        std::io::copy(&mut (&mut content).take(offset), &mut std::io::sink())?;
        let mut passing = Passing::new(&mut *content, &mut part.print);
        while self.reader.fill(&mut part.buffer, &mut passing)? {
            self.reader.find_records(&mut part.buffer)?;
            self.reader.cut(&mut part.buffer)?;
        }
        Ok(())
    }

    /// The files of a group that are read, and the copies that have nothing else.
    fn ids_without_rest(&self, followed: &Followed) -> HashSet<FileId> {
        let others = self
            .slots
            .iter()
            .flatten()
            .filter_map(|slot| match &slot.kind {
                Kind::Followed(other) if other.group == followed.group => Some(&**other),
                _ => None,
            });
        let parts = std::iter::once(followed)
            .chain(others)
            .flat_map(|other| &other.parts);
        let is_read = |part: &&Part| {
            let judged = part.judged.as_ref();
            part.is_own || judged.is_some_and(|judged| judged.is_read(part.section.file()))
        };
        parts.filter(is_read).map(|part| part.id).collect()
    }
}

/// How a file is compressed, if it is.
fn compression(file: &Arc<File>) -> std::io::Result<Option<Compression>> {
    Ok(match Compression::detect(&head(file)?) {
        Detection::Compressed(compression) => Some(compression),
        Detection::Plain | Detection::NeedMore => None,
    })
}

/// The first bytes of a file, which tell how it is compressed.
fn head(file: &Arc<File>) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    Section::of(Arc::clone(file), 0, 16).read_to_end(&mut head)?;
    Ok(head)
}

/// The content of a file from its start on, decompressed.
fn content(file: &Arc<File>) -> std::io::Result<Box<dyn Read + Send>> {
    let section = Box::new(Section::of(Arc::clone(file), 0, u64::MAX));
    match compression(file)? {
        Some(compression) => compression.reader(section),
        None => Ok(section),
    }
}

/// Compares a file with what is known; nothing if the run is to stop.
fn compare(
    file: &Arc<File>,
    bytes: u64,
    known: &[Known<'_>],
    is_stopped: &dyn Fn() -> bool,
) -> std::io::Result<Option<Candidate>> {
    let prints: Vec<&Fingerprint> = known.iter().map(|known| known.print).collect();
    match Compression::detect(&head(file)?) {
        Detection::Compressed(compression) => {
            let section = Box::new(Section::of(Arc::clone(file), 0, u64::MAX));
            let mut content = compression.reader(section)?;
            Ok(
                scan(&mut content, &prints, is_stopped).map(|scan| Candidate {
                    compression: Some(compression),
                    is_complete: scan.is_complete,
                    likeness: scan.likeness,
                }),
            )
        }
        detection => {
            let likeness = prints.iter().map(|print| print.compare(file, bytes));
            Ok(Some(Candidate {
                compression: None,
                // As few bytes may still become a compressed file.
                is_complete: detection == Detection::Plain,
                likeness: likeness.collect::<std::io::Result<_>>()?,
            }))
        }
    }
}

/// What a file is that compares like this with what is known, and whether that stays so until its length changes.
fn decide(
    candidate: &Candidate,
    path: &Path,
    known: &[Known<'_>],
) -> std::io::Result<(Verdict, bool)> {
    let mut may_become_copy = false;
    let mut found: Option<(Verdict, bool)> = None;
    for (known, likeness) in known.iter().zip(&candidate.likeness) {
        let has_same_name = path.file_name() == known.path.file_name();
        let is_enough = |bytes: u64| {
            let by_name = bytes > 0 && is_rotated(path, known.path);
            by_name || known.print.is_telling(bytes)
        };
        match *likeness {
            Likeness::Other => {}
            // Whoever makes a log again begins it as the one before; a copy under that name is whole.
            Likeness::Beginning(_) if has_same_name => {}
            Likeness::Beginning(bytes) if is_enough(bytes) => {
                found.get_or_insert((Verdict::Copy, true));
            }
            Likeness::Beginning(_) => may_become_copy = true,
            Likeness::Whole(_) if !is_enough(known.print.read()) => {}
            Likeness::Whole(bytes) => match known.judge_longer(bytes, candidate)? {
                Some((Verdict::Copy, is_final)) => {
                    found.get_or_insert((Verdict::Copy, is_final));
                }
                Some((Verdict::Rest(offset), _)) => {
                    let is_further = match &found {
                        Some((Verdict::Rest(other), _)) => offset > *other,
                        Some((Verdict::Moved(_), _)) => false,
                        // A copy of a longer one has nothing more.
                        Some((_, is_final)) => !is_final,
                        None => true,
                    };
                    if is_further {
                        found = Some((Verdict::Rest(offset), true));
                    }
                }
                Some(moved) => found = Some(moved),
                None => {}
            },
        }
    }
    Ok(match found {
        // A copy that is being compressed has all it will have once it is complete.
        Some((Verdict::Rest(_) | Verdict::Moved(_), _)) if !candidate.is_complete => {
            (Verdict::Wait, false)
        }
        Some(found) => found,
        None if may_become_copy || !candidate.is_complete => (Verdict::Wait, false),
        None => (Verdict::New, true),
    })
}

impl Known<'_> {
    /// What a file is that has all that was read of this one, and is this long; nothing if it is no copy.
    fn judge_longer(
        &self,
        bytes: u64,
        candidate: &Candidate,
    ) -> std::io::Result<Option<(Verdict, bool)>> {
        let read = self.print.read();
        if bytes == read {
            return Ok(Some((Verdict::Copy, true)));
        }
        let Some((file, place)) = self.file else {
            return Ok(Some((Verdict::Rest(read), true)));
        };
        let metadata = file.metadata()?;
        let own = metadata.len();
        // It was emptied, or has more itself: whoever reads it will see.
        if own < read || own >= bytes {
            return Ok(Some((Verdict::Copy, false)));
        }
        if metadata.nlink() == 0 {
            return Ok(Some(match candidate.compression {
                None => (Verdict::Moved(place), true),
                Some(_) => (Verdict::Copy, false), // once the file is let go
            }));
        }
        // No copy has more than the file itself, unless that is another one by now.
        let is_same = matches!(self.print.compare(file, own)?, Likeness::Whole(_));
        Ok((!is_same).then_some((Verdict::Copy, false)))
    }
}
