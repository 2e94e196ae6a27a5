//! Finds the files that an earlier run has read: under their names, or renamed, copied or compressed by log rotation.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::candidate::content;
use super::files::{FileSpan, compression_at};
use super::siblings::listed;
use super::{Reader, Resume, RunOver, Stopped};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::engine::sources::SourceKey;
use crate::source::follow::{self, FileId};
use crate::source::offset::{FileHead, FileIdentity, SourceOffset, SourceReader};
use crate::source::rotated::{is_later, is_rotated};
use crate::source::{self, Input};

/// The number of bytes in which two files differ, if neither is a copy of the other.
const COMPARED_BYTES: u64 = 64 << 10;

/// A rotated file that is read before the one that has the name now.
pub(super) struct UnreadFile {
    pub(super) path: PathBuf,
    pub(super) file: Arc<File>,
    /// The position up to which it was read.
    pub(super) at: SourceOffset,
    /// True if a later file is in use, so this one does not grow.
    pub(super) is_over: bool,
}

/// The files of a source that an earlier run has read.
#[derive(Default)]
pub(super) struct SavedFiles {
    /// The rotated files, in the order of their records.
    pub(super) rests: Vec<UnreadFile>,
    /// The position in the file that has the name now.
    pub(super) current: Option<SourceOffset>,
    /// A message, if the file that was read last cannot be found.
    pub(super) lost: Option<String>,
}

/// How a file differs from the one that was read.
enum Difference {
    Shorter(u64),
    Other,
}

impl Reader {
    /// Opens a source. A regular file that reports no size or no blocks is told from one that the system generates.
    pub(super) fn open(&self, source: SourceIndex) -> Result<Input, String> {
        let input = source::open(&self.sources.name(source))?;
        match input {
            Input::Stream(file) if self.suspends || self.resume.is_some() => {
                Ok(match size_of_regular(&file).map_err(|error| reason(&error))? {
                    Some(end) => {
                        let start = rustix::fs::tell(&file).unwrap_or(0).min(end);
                        Input::Ranges { file, start, end }
                    }
                    None => Input::Stream(file),
                })
            }
            input => Ok(input),
        }
    }

    /// Reads the rest of the rotated files of a source; returns the position up to which the file was read that has the
    /// name now.
    pub(super) fn read_rests(
        &mut self,
        source: SourceIndex,
        current: Option<&File>,
    ) -> Result<Option<SourceOffset>, Stopped> {
        let saved = self.saved_files(source, current)?;
        for rest in saved.rests {
            if !self.control.is_stopped() {
                self.read_rest(source, rest)?;
            }
        }
        Ok(saved.current)
    }

    /// Reads the rest of a rotated file. If it cannot be read to its end, the later files are read all the same.
    pub(super) fn read_rest(&mut self, source: SourceIndex, rest: UnreadFile) -> Result<(), RunOver> {
        let suspends = self.suspends && !rest.is_over;
        let bytes = rest.file.metadata().map(|metadata| metadata.len());
        let span = bytes.map(|end| FileSpan { start: 0, end, resumes_at: Some(rest.at), suspends });
        match span.map_err(Stopped::from).and_then(|span| self.read_file(source, rest.file, span)) {
            Err(Stopped::RunOver) => Err(RunOver),
            Err(Stopped::Failed(error)) if !self.control.is_stopped() => {
                let path = source::display(rest.path.as_os_str());
                self.fail(source, format!("its rest in {path}: {}", reason(&error)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Finds the files of a source that an earlier run has read, and says which one is lost. `current`: the file that has
    /// the name now.
    pub(super) fn saved_files(&self, source: SourceIndex, current: Option<&File>) -> io::Result<SavedFiles> {
        let saved = self.find_saved_files(source, current)?;
        if let Some(lost) = &saved.lost {
            self.say(lost);
        }
        Ok(saved)
    }

    fn find_saved_files(&self, source: SourceIndex, current: Option<&File>) -> io::Result<SavedFiles> {
        let (Some(resume), Some(key)) = (&self.resume, self.sources.key(source)) else {
            return Ok(SavedFiles::default());
        };
        let name = self.sources.name(source);
        let path = source::is_path(&name).then(|| Path::new(&*name));
        let current_id = current.and_then(|file| follow::regular_id(file.as_fd()));
        let mut at = resumption(resume, &key, current)?;
        if let (None, Some(path), Some(file), Some(id)) = (at, path, current, current_id)
            && !resume.knows(key.input, id)
        {
            at = self.copied_from(resume, &key, path, file)?;
        }
        let Some(last) = resume.files(&key).last() else {
            return Ok(SavedFiles { current: at, ..SavedFiles::default() }); // an earlier run has not read this source
        };
        let is_current = |other: &&SourceOffset| at == Some(**other) || Some(other.file.id) == at.and(current_id);
        let others: Vec<&SourceOffset> = resume.files(&key).iter().filter(|other| !is_current(other)).collect();
        let mut is_found = is_current(&last);
        let mut rests = Vec::new();
        if let Some(path) = path.filter(|_| !others.is_empty()) {
            let neighbours = neighbours(path);
            for at in others {
                let found = match found_by_id(&neighbours, at)? {
                    None if at == last => found_by_content(path, at, resume, key.input)?,
                    found => found,
                };
                let Some((found, file)) = found else {
                    continue;
                };
                let is_elsewhere = resume.is_named(key.input, at.file.id) && Some(at.file.id) != current_id;
                let missed = match at == last {
                    true => missed(path, &found, &file, at, resume, &key)?,
                    false => Vec::new(),
                };
                is_found |= at == last;
                if !is_elsewhere && (at == last || has_grown(&file, at)?) {
                    rests.push(UnreadFile { path: found, file, at: *at, is_over: true });
                }
                rests.extend(missed);
            }
            if let Some(newest) = rests.last_mut() {
                let is_used = current.is_some_and(|file| file.metadata().is_ok_and(|metadata| metadata.len() > 0));
                newest.is_over = is_used || compression_at(&newest.file, 0)?.is_some();
            }
        }
        let lost = if is_found { None } else { self.lost(source, last, current)? };
        Ok(SavedFiles { rests, current: at.or(current_id.map(start_of)), lost })
    }

    /// Returns the message that the file that was read last cannot be found.
    fn lost(&self, source: SourceIndex, last: &SourceOffset, current: Option<&File>) -> io::Result<Option<String>> {
        let Some(current) = current else {
            return Ok(None); // that it cannot be opened is said anyway
        };
        let is_same = follow::regular_id(current.as_fd()) == Some(last.file.id);
        let found = match difference(&current.try_clone()?.into(), last)? {
            Some(Difference::Shorter(bytes)) if is_same => format!("has {bytes} bytes now"),
            _ if is_same => "has other bytes there now".to_owned(),
            _ => "is another file now, and that one is gone".to_owned(),
        };
        Ok(Some(self.restart(source, last, &found)))
    }

    /// If a file is a copy of one that was read and is gone, returns the position in it.
    fn copied_from(
        &self,
        resume: &Resume,
        key: &SourceKey,
        path: &Path,
        file: &File,
    ) -> io::Result<Option<SourceOffset>> {
        for (other, at) in resume.last_files(key.input) {
            let original = other.path();
            if !is_rotated(path, original) {
                continue;
            }
            if found_by_id(&neighbours(original), at)?.is_none() && continues(&file.try_clone()?.into(), at)? {
                return Ok(Some(*at));
            }
        }
        Ok(None)
    }

    /// Returns the position up to which a file of a followed directory was read.
    pub(super) fn saved_in_directory(
        &self,
        source: SourceIndex,
        path: &Path,
        file: &File,
    ) -> io::Result<Option<SourceOffset>> {
        let (Some(resume), Some(key)) = (&self.resume, self.sources.key(source)) else {
            return Ok(None);
        };
        let found = match resumption(resume, &key, Some(file))? {
            None => self.copied_from(resume, &key, path, file)?,
            found => found,
        };
        let id = follow::regular_id(file.as_fd()).filter(|_| resume.has_root(&key));
        if let (None, Some(last)) = (found, resume.files(&key).last())
            && id == Some(last.file.id)
            && let Some(lost) = self.lost(source, last, Some(file))?
        {
            self.say(lost);
        }
        Ok(found.or(id.map(start_of)))
    }

    /// Says which files of a directory are gone that an earlier run has read. `found`: the files that were found again;
    /// `there`: all files of the directory. Returns the paths that no file has.
    pub(super) fn say_lost_in(
        &self,
        directory: SourceIndex,
        found: &HashSet<FileId>,
        there: &[(PathBuf, FileId)],
    ) -> Vec<PathBuf> {
        let (Some(resume), Some(directory)) = (&self.resume, self.sources.key(directory)) else {
            return Vec::new();
        };
        let is_there = |id: FileId| there.iter().any(|(_, other)| *other == id);
        let lost = resume.files_in(&directory).filter(|(_, at)| !found.contains(&at.file.id) && !is_there(at.file.id));
        let mut gone = Vec::new();
        for (key, at) in lost {
            let (path, byte) = (key.path(), at.byte);
            let name = source::display(path.as_os_str());
            if there.iter().any(|(other, _)| other == path) {
                self.say(format_args!(
                    "{name}: was read up to byte {byte}, but is another file now, and that one is gone"
                ));
            } else {
                self.say(format_args!("{name}: was read up to byte {byte}, and is gone"));
                gone.push(path.to_owned());
            }
        }
        gone.sort();
        gone
    }
}

/// Returns the position at the start of a file of which nothing was read.
fn start_of(id: FileId) -> SourceOffset {
    SourceOffset::at(FileIdentity { id, head: FileHead::default() }, 0)
}

/// True if a file that is no longer in use has more than was read of it. A compressed one was complete.
fn has_grown(file: &Arc<File>, at: &SourceOffset) -> io::Result<bool> {
    Ok(file.metadata()?.len() > at.byte && compression_at(file, 0)?.is_none())
}

/// Returns the position up to which a file was read, if it is the same file.
fn resumption(resume: &Resume, key: &SourceKey, file: Option<&File>) -> io::Result<Option<SourceOffset>> {
    let Some((file, id)) = file.and_then(|file| Some((file, follow::regular_id(file.as_fd())?))) else {
        return Ok(None);
    };
    let file = Arc::new(file.try_clone()?);
    for at in resume.positions(key, id) {
        if difference(&file, at)?.is_none() {
            return Ok(Some(*at));
        }
    }
    Ok(None)
}

/// Compares a file with what was read of it.
fn difference(file: &Arc<File>, at: &SourceOffset) -> io::Result<Option<Difference>> {
    let bytes = file.metadata()?.len();
    let is_compressed = compression_at(file, 0)?.is_some();
    if !is_compressed && bytes < at.byte {
        return Ok(Some(Difference::Shorter(bytes)));
    }
    let is_same = at.file.head.begins(file)? && (is_compressed || at.tail.precedes(file, at.byte)?);
    Ok((!is_same).then_some(Difference::Other))
}

/// True if a copy of a file, compressed or not, has what was read of it.
fn continues(copy: &Arc<File>, at: &SourceOffset) -> io::Result<bool> {
    if at.byte == 0 {
        return Ok(false);
    }
    if compression_at(copy, 0)?.is_none() {
        return Ok(difference(copy, at)?.is_none());
    }
    // If it is damaged or incomplete, it is unknown whether it is a copy.
    Ok(content(copy).and_then(|mut content| has_content(&mut *content, at)).unwrap_or(false))
}

/// True if decompressed content has what was read of a file.
fn has_content(content: &mut dyn SourceReader, at: &SourceOffset) -> io::Result<bool> {
    let mut first = vec![0; at.file.head.bytes()];
    content.read_exact(&mut first)?;
    if FileHead::of(&first) != at.file.head {
        return Ok(false);
    }
    // The head may have been read farther than the records.
    first.truncate(usize::try_from(at.byte).unwrap_or(usize::MAX));
    match content.skip_to(at.byte)? {
        Some(skipped) => first.extend_from_slice(&skipped),
        None => return Ok(false),
    }
    Ok(at.tail.ends(&first))
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

/// Finds a file that was renamed.
fn found_by_id(files: &[(PathBuf, FileId)], at: &SourceOffset) -> io::Result<Option<(PathBuf, Arc<File>)>> {
    for (path, _) in files.iter().filter(|(_, id)| *id == at.file.id) {
        let Ok(file) = follow::open(path) else {
            continue; // it was renamed in the meantime
        };
        let file = Arc::new(file);
        let is_same = follow::regular_id(file.as_fd()) == Some(at.file.id);
        if is_same && difference(&file, at)?.is_none() {
            return Ok(Some((path.clone(), file)));
        }
    }
    Ok(None)
}

/// True if an earlier run has read this file. A file that was overwritten, or that has the id of a removed one, is another
/// one.
fn is_known(resume: &Resume, input: usize, id: FileId, file: &Arc<File>) -> io::Result<bool> {
    for at in resume.read_as(input, id) {
        if difference(file, at)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finds the copy of a file that was truncated or removed: the latest one that begins with what was read.
fn found_by_content(
    path: &Path,
    at: &SourceOffset,
    resume: &Resume,
    input: usize,
) -> io::Result<Option<(PathBuf, Arc<File>)>> {
    let mut files = listed(path);
    files.sort_by_key(|(_, _, metadata)| std::cmp::Reverse(metadata.modified().ok()));
    for (path, id, _) in files {
        if resume.is_named(input, id) {
            continue;
        }
        if let Ok(file) = follow::open(&path) {
            let file = Arc::new(file);
            if continues(&file, at)? && !is_known(resume, input, id, &file)? {
                return Ok(Some((path, file)));
            }
        }
    }
    Ok(None)
}

/// Returns the files that had the name between the one that was read last, which is `found` now, and the one that has it
/// now, in the order of their rotation.
fn missed(
    path: &Path,
    found: &Path,
    file: &Arc<File>,
    at: &SourceOffset,
    resume: &Resume,
    key: &SourceKey,
) -> io::Result<Vec<UnreadFile>> {
    let since = file.metadata()?.modified().ok();
    let mut later = listed(path);
    later.retain(|(other, id, metadata)| {
        let is_candidate = is_later(other, found, path) && metadata.modified().ok() >= since;
        is_candidate && !resume.is_named(key.input, *id)
    });
    later.sort_by(|(one, ..), (other, ..)| is_later(one, other, path).cmp(&is_later(other, one, path)));
    let mut missed = Vec::new();
    for (path, id, _) in later {
        let Ok(other) = follow::open(&path) else {
            continue;
        };
        let other = Arc::new(other);
        let is_listed = follow::regular_id(other.as_fd()) == Some(id);
        if !is_listed || is_known(resume, key.input, id, &other)? {
            continue;
        }
        // Several files may begin as this one does, if no more than a header was read of it.
        let is_copy = continues(&other, at)? && begin_alike(file, &other).unwrap_or(true);
        if !is_copy {
            missed.push(UnreadFile { path, file: other, at: start_of(id), is_over: true });
        }
    }
    Ok(missed)
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

/// Returns the size of a regular file; `None` if the system generates its content, or for another kind of file.
fn size_of_regular(file: &File) -> io::Result<Option<u64>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let (bytes, mut last) = (metadata.len(), [0]);
    let read = |offset: u64, last: &mut [u8]| std::os::unix::fs::FileExt::read_at(file, last, offset);
    let is_real = match bytes {
        0 => read(0, &mut last)? == 0 || file.metadata()?.size() > 0,
        _ => read(bytes - 1, &mut last)? == 1,
    };
    Ok(is_real.then_some(file.metadata()?.len()))
}
