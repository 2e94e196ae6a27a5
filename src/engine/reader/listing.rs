//! Finds the files of a source among those beside it: renamed, copied or compressed by log rotation.
//!
//! An inode is used again, often at once for the next file that is created, so a file is what was read only if its
//! content agrees.

use std::cell::Cell;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::never;

use super::Resume;
use super::candidate::content;
use super::files::compression_at;
use super::saved_files::{UnreadFile, continues, difference, start_of};
use super::siblings::listed;
use crate::engine::sources::SourceKey;
use crate::source::follow::{self, FileId};
use crate::source::offset::SourceOffset;
use crate::source::rotated::is_later;

/// The number of searches while files are renamed.
const MOST_SEARCHES: u32 = 20;

/// The delay before a search is repeated.
const PAUSE: Duration = Duration::from_millis(5);

/// A file that begins with this many bytes of another one, and has the same ones before a position, is that file.
const TELLING_BYTES: u64 = 1 << 10;

/// The number of bytes in which two files differ, if neither is a copy of the other.
const COMPARED_BYTES: u64 = 64 << 10;

/// The files beside a path at one time.
pub(super) struct Listing {
    /// The regular files in the directory of the path, and in that of the file a link leads to.
    files: Vec<(PathBuf, FileId)>,
    /// The rotated files of the path.
    rotated: Vec<(PathBuf, FileId, Metadata)>,
    /// True if a file was renamed or removed before it was opened.
    has_changed: Cell<bool>,
}

impl Listing {
    pub(super) fn of(path: &Path) -> Listing {
        Listing { files: neighbours(path), rotated: listed(path), has_changed: Cell::new(false) }
    }

    /// True if nothing was renamed since.
    fn is_current(&self, path: &Path) -> bool {
        let now = Listing::of(path);
        let names = |listing: &Listing| {
            let mut names: Vec<_> = listing.rotated.iter().map(|(path, id, _)| (path.clone(), *id)).collect();
            names.sort();
            names
        };
        !self.has_changed.get() && self.files == now.files && names(self) == names(&now)
    }

    /// Opens a listed file; `None` if another one has its name by now.
    fn open(&self, path: &Path, id: FileId) -> Option<Arc<File>> {
        let file = follow::open(path);
        if let Err(error) = &file
            && error.kind() != io::ErrorKind::NotFound
        {
            return None;
        }
        let file = file.ok().filter(|file| follow::regular_id(file.as_fd()) == Some(id));
        self.has_changed.set(self.has_changed.get() || file.is_none());
        file.map(Arc::new)
    }

    /// Finds a file that was renamed.
    pub(super) fn find_by_id(&self, at: &SourceOffset) -> io::Result<Option<(PathBuf, Arc<File>)>> {
        for (path, id) in self.files.iter().filter(|(_, id)| *id == at.file.id) {
            if let Some(file) = self.open(path, *id)
                && difference(&file, at)?.is_none()
            {
                return Ok(Some((path.clone(), file)));
            }
        }
        Ok(None)
    }
}

/// Searches the files beside a path, again if they were renamed in the meantime.
pub(super) fn settled<T>(path: &Path, search: impl Fn(&Listing) -> io::Result<T>) -> io::Result<T> {
    let mut searches = 0;
    loop {
        let listing = Listing::of(path);
        let found = search(&listing)?;
        searches += 1;
        if listing.is_current(path) || searches == MOST_SEARCHES {
            return Ok(found);
        }
        let _ = never::<()>().recv_timeout(PAUSE);
    }
}

/// The regular files in the directory of a path, and in that of the file a link leads to.
fn neighbours(path: &Path) -> Vec<(PathBuf, FileId)> {
    let mut directories = vec![follow::parent(path).0];
    if let Ok(target) = std::fs::canonicalize(path) {
        let directory = follow::parent(&target).0;
        if std::fs::canonicalize(&directories[0]).is_ok_and(|first| first != directory) {
            directories.push(directory);
        }
    }
    directories.iter().flat_map(|directory| follow::list(directory).unwrap_or_default()).collect()
}

/// The files of a source that an earlier run has read and that have other names now.
#[derive(Default)]
pub(super) struct FoundFiles {
    /// The files with unread records, in the order of their records.
    pub(super) rests: Vec<UnreadFile>,
    /// The files that were read to their ends.
    pub(super) finished: Vec<(PathBuf, Arc<File>)>,
    /// True if the file that was read last was found.
    pub(super) has_last: bool,
}

/// A rotated file that may have records that no run has read.
struct RotatedFile {
    path: PathBuf,
    id: FileId,
    metadata: Metadata,
}

/// A search for the files of a source.
pub(super) struct FileSearch<'s> {
    pub(super) resume: &'s Resume,
    pub(super) key: &'s SourceKey,
    pub(super) path: &'s Path,
    /// The file that has the name now.
    pub(super) current: Option<FileId>,
    pub(super) listing: &'s Listing,
}

impl FileSearch<'_> {
    /// Finds the files of some positions. `last`: the position in the file that was read last, if another file has its
    /// name now.
    pub(super) fn find(&self, others: &[&SourceOffset], last: Option<&SourceOffset>) -> io::Result<FoundFiles> {
        let mut found = FoundFiles { has_last: last.is_none(), ..FoundFiles::default() };
        let (mut known, mut unmatched) = (Vec::new(), Vec::new());
        // The newest file that was read.
        let mut newest: Option<(PathBuf, Arc<File>)> = None;
        for &at in others {
            let Some((path, file)) = self.listing.find_by_id(at)? else {
                unmatched.push(at);
                continue;
            };
            known.push(at.file.id);
            found.has_last |= Some(at) == last;
            if Some(at) == last || has_grown(&file, at)? {
                self.push(path.clone(), &file, at, &mut found);
            } else if compression_at(&file, 0)?.is_none() {
                found.finished.push((path.clone(), Arc::clone(&file)));
            }
            if Some(at) == last || newest.as_ref().is_none_or(|(newest, _)| is_later(&path, newest, self.path)) {
                newest = Some((path, file));
            }
        }
        let Some(last) = last else {
            return Ok(found);
        };
        let mut candidates = self.candidates(&known)?;
        unmatched.retain(|at| *at != last);
        if !found.has_last
            && let Some((place, file)) = self.copy_of(last, &candidates)?
        {
            let copy = candidates.remove(place);
            found.has_last = true;
            self.push(copy.path.clone(), &file, last, &mut found);
            newest = Some((copy.path, file));
        }
        for candidate in self.missed(candidates, newest.as_ref())? {
            let RotatedFile { path, id, .. } = candidate;
            let Some(file) = self.listing.open(&path, id) else {
                continue;
            };
            if let Some((_, newest)) = newest.as_ref().filter(|_| found.has_last)
                && is_copy(&file, newest, last)?
            {
                continue;
            }
            let Some(place) = position_in(&file, &unmatched)? else {
                found.rests.push(UnreadFile { path, file, at: start_of(id), is_over: true });
                continue;
            };
            let at = unmatched.remove(place);
            // If it is damaged, reading it says so.
            if content_bytes(&file).map_or(true, |bytes| bytes > at.byte) {
                self.push(path, &file, at, &mut found);
            }
        }
        Ok(found)
    }

    /// Adds a file to those that are read, unless another source reads it.
    fn push(&self, path: PathBuf, file: &Arc<File>, at: &SourceOffset, found: &mut FoundFiles) {
        if follow::regular_id(file.as_fd()).is_none_or(|id| !self.is_elsewhere(id)) {
            found.rests.push(UnreadFile { path, file: Arc::clone(file), at: *at, is_over: true });
        }
    }

    fn is_elsewhere(&self, id: FileId) -> bool {
        self.resume.is_named_by_other(self.key, id)
    }

    /// True if a copy of a file is beside it.
    pub(super) fn has_copy(&self, at: &SourceOffset) -> io::Result<bool> {
        Ok(self.copy_of(at, &self.candidates(&[])?)?.is_some())
    }

    /// The rotated files that no earlier run has read under their inodes, newest first.
    fn candidates(&self, known: &[FileId]) -> io::Result<Vec<RotatedFile>> {
        let mut candidates = Vec::new();
        for (path, id, metadata) in &self.listing.rotated {
            if known.contains(id) || Some(*id) == self.current || self.is_elsewhere(*id) {
                continue;
            }
            let is_known = self.resume.knows(self.key.input, *id);
            if is_known
                && let Some(file) = self.listing.open(path, *id)
                && self.resume.has_read(self.key.input, &file)?
            {
                continue;
            }
            candidates.push(RotatedFile { path: path.clone(), id: *id, metadata: metadata.clone() });
        }
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.metadata.modified().ok()));
        Ok(candidates)
    }

    /// The files that had the name between the newest one that was read and the one that has it now, in the order of
    /// their rotation.
    fn missed(
        &self,
        mut candidates: Vec<RotatedFile>,
        newest: Option<&(PathBuf, Arc<File>)>,
    ) -> io::Result<Vec<RotatedFile>> {
        let newest = newest.map(|(path, file)| Ok::<_, io::Error>((path, file.metadata()?.modified().ok())));
        let newest = newest.transpose()?;
        candidates.retain(|RotatedFile { path, metadata, .. }| match &newest {
            Some((newest, since)) => is_later(path, newest, self.path) && metadata.modified().ok() >= *since,
            None => self.resume.is_newer(metadata),
        });
        candidates.sort_by(|RotatedFile { path: one, .. }, RotatedFile { path: other, .. }| {
            is_later(one, other, self.path).cmp(&is_later(other, one, self.path))
        });
        Ok(candidates)
    }

    /// Finds the copy of a file that was truncated or removed: the latest one that begins with what was read.
    fn copy_of(&self, at: &SourceOffset, candidates: &[RotatedFile]) -> io::Result<Option<(usize, Arc<File>)>> {
        for (place, RotatedFile { path, id, .. }) in candidates.iter().enumerate() {
            if let Some(file) = self.listing.open(path, *id)
                && continues(&file, at)?
            {
                return Ok(Some((place, file)));
            }
        }
        Ok(None)
    }
}

/// True if a file is a copy of another one, of which this was read.
fn is_copy(file: &Arc<File>, of: &Arc<File>, at: &SourceOffset) -> io::Result<bool> {
    // Several files may begin as that one does, if no more than a header was read of it.
    Ok(continues(file, at)? && begin_alike(file, of).unwrap_or(true))
}

/// True if the contents of two files, compressed or not, begin with the same bytes, as far as both have them.
fn begin_alike(one: &Arc<File>, other: &Arc<File>) -> io::Result<bool> {
    let start = |file| {
        let mut bytes = Vec::new();
        content(file)?.take(COMPARED_BYTES).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let (one, other) = (start(one)?, start(other)?);
    Ok(one.iter().zip(&other).all(|(one, other)| one == other))
}

/// Finds the position in a file among those in files that were read to their ends.
pub(super) fn position_in(file: &Arc<File>, positions: &[&SourceOffset]) -> io::Result<Option<usize>> {
    for (place, at) in positions.iter().enumerate() {
        let is_whole = || content_bytes(file).is_ok_and(|bytes| bytes == at.byte);
        if continues(file, at)? && (at.byte >= TELLING_BYTES || is_whole()) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// The number of bytes of a file, decompressed.
pub(super) fn content_bytes(file: &Arc<File>) -> io::Result<u64> {
    match compression_at(file, 0)? {
        None => Ok(file.metadata()?.len()),
        Some(_) => io::copy(&mut *content(file)?, &mut io::sink()),
    }
}

/// True if a file that is no longer in use has more than was read of it. A compressed one was complete.
fn has_grown(file: &Arc<File>, at: &SourceOffset) -> io::Result<bool> {
    Ok(file.metadata()?.len() > at.byte && compression_at(file, 0)?.is_none())
}
