//! Finds the files that an earlier run has read: under their names, or renamed, copied or compressed by log rotation.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::candidate::content;
use super::files::{FileSpan, compression_at};
use super::listing::{FileSearch, FoundFiles, Listing, content_bytes, position_in, settled};
use super::{Reader, Resume, RunOver, Stopped};
use crate::data::reason;
use crate::engine::message::SourceIndex;
use crate::engine::sources::SourceKey;
use crate::source::follow::{self, FileId};
use crate::source::offset::{FileHead, FileIdentity, SourceOffset, SourceReader};
use crate::source::rotated::is_rotated;
use crate::source::{self, Input};

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
    /// The rotated files that were read to their ends.
    pub(super) finished: Vec<(PathBuf, Arc<File>)>,
    /// A message, if the file that was read last cannot be found.
    pub(super) lost: Option<String>,
}

/// The bytes of a file that an earlier run has read.
pub(super) struct ReadEarlier {
    pub(super) bytes: u64,
    /// True if the file has more bytes.
    pub(super) has_more: bool,
}

/// How a file differs from the one that was read.
pub(super) enum Difference {
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
        if let (None, Some(path), Some(file)) = (at, path, current)
            && !resume.has_read(key.input, &file.try_clone()?.into())?
        {
            at = self.copied_from(resume, &key, path, file)?;
        }
        let files = resume.files(&key);
        let Some(last) = files.last() else {
            return Ok(SavedFiles { current: at, ..SavedFiles::default() }); // an earlier run has not read this source
        };
        let is_current = |other: &SourceOffset| at == Some(*other);
        let others: Vec<&SourceOffset> = files.iter().filter(|other| !is_current(other)).collect();
        let mut found = FoundFiles { has_last: is_current(last), ..FoundFiles::default() };
        if let Some(path) = path.filter(|_| !others.is_empty()) {
            let has_last = found.has_last;
            found = settled(path, |listing| {
                let search = FileSearch { resume, key: &key, path, current: current_id, listing };
                search.find(&others, (!has_last).then_some(last))
            })?;
            if let Some(newest) = found.rests.last_mut() {
                let is_used = current.is_some_and(|file| file.metadata().is_ok_and(|metadata| metadata.len() > 0));
                newest.is_over = is_used || compression_at(&newest.file, 0)?.is_some();
            }
        }
        let lost = if found.has_last { None } else { self.lost(source, last, current)? };
        let FoundFiles { rests, finished, .. } = found;
        Ok(SavedFiles { rests, current: at.or(current_id.map(start_of)), finished, lost })
    }

    /// Returns the message that the file that was read last cannot be found.
    fn lost(&self, source: SourceIndex, last: &SourceOffset, current: Option<&File>) -> io::Result<Option<String>> {
        let Some(current) = current else {
            return Ok(None); // that it cannot be opened is said anyway
        };
        let is_new = match &self.resume {
            Some(resume) => resume.is_created_later(&current.metadata()?),
            None => false,
        };
        let is_same = !is_new && follow::regular_id(current.as_fd()) == Some(last.file.id);
        let found = match difference(&current.try_clone()?.into(), last)? {
            Some(Difference::Shorter(bytes)) if is_same && may_begin(current, last)? => {
                format!("has {bytes} bytes now")
            }
            Some(Difference::Other) if is_same => "has other bytes there now".to_owned(),
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
            if Listing::of(original).find_by_id(at)?.is_none() && continues(&file.try_clone()?.into(), at)? {
                return Ok(Some(*at));
            }
        }
        Ok(None)
    }

    /// Returns what an earlier run has read of a file that appeared while its source was followed: a copy that was being
    /// compressed when this run began.
    pub(super) fn read_by_earlier_run(&self, source: SourceIndex, file: &Arc<File>) -> io::Result<Option<ReadEarlier>> {
        let (Some(resume), Some(key)) = (&self.resume, self.sources.key(source)) else {
            return Ok(None);
        };
        let positions: Vec<&SourceOffset> = resume.files(&key).iter().collect();
        let Some(place) = position_in(file, &positions)? else {
            return Ok(None);
        };
        let bytes = positions[place].byte;
        Ok(Some(ReadEarlier { bytes, has_more: content_bytes(file)? > bytes }))
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
            && !settled(path, |listing| FileSearch { resume, key: &key, path, current: id, listing }.has_copy(last))?
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
        let is_there = |key: &SourceKey, at: &SourceOffset| {
            let mut same = there.iter().filter(|(_, id)| *id == at.file.id);
            same.any(|(path, _)| path == key.path() || may_be(path, at)) // that of another file under its name was said
        };
        let lost = resume.files_in(&directory);
        let lost = lost.filter(|(key, at)| !found.contains(&at.file.id) && !is_there(key, at));
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
pub(super) fn start_of(id: FileId) -> SourceOffset {
    SourceOffset::at(FileIdentity { id, head: FileHead::default() }, 0)
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
pub(super) fn difference(file: &Arc<File>, at: &SourceOffset) -> io::Result<Option<Difference>> {
    let bytes = file.metadata()?.len();
    let is_compressed = compression_at(file, 0)?.is_some();
    if !is_compressed && bytes < at.byte {
        return Ok(Some(Difference::Shorter(bytes)));
    }
    let is_same = at.file.head.begins(file)? && (is_compressed || at.tail.precedes(file, at.byte)?);
    Ok((!is_same).then_some(Difference::Other))
}

/// False if a file can be read and is not the one that was read.
fn may_be(path: &Path, at: &SourceOffset) -> bool {
    !follow::open(path).is_ok_and(|file| difference(&file.into(), at).is_ok_and(|difference| difference.is_some()))
}

/// False if the first bytes of a file, as many as are known, are not those that were read.
fn may_begin(file: &File, at: &SourceOffset) -> io::Result<bool> {
    Ok(file.metadata()?.len() < at.file.head.bytes() as u64 || at.file.head.begins(file)?)
}

/// True if a copy of a file, compressed or not, has what was read of it.
pub(super) fn continues(copy: &Arc<File>, at: &SourceOffset) -> io::Result<bool> {
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
