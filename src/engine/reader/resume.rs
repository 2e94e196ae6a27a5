//! Goes on where an earlier run has stopped: moves after the position up to which a file was read, with the header and
//! the directives before it.

use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use super::buffer::Buffer;
use super::record_selection::RecordSelection;
use super::saved_files::difference;
use super::{Reader, Stopped};
use crate::data::Skip;
use crate::engine::message::SourceIndex;
use crate::engine::offsets::Offsets;
use crate::engine::sources::{SourceKey, Sources};
use crate::source;
use crate::source::follow::{self, FileId};
use crate::source::offset::{Place, SourceOffset, SourceReader};

/// The positions up to which earlier runs have read the sources.
#[derive(Debug, Default)]
pub(in crate::engine) struct Resume {
    /// The files of each source, in the order in which they were read last.
    files: HashMap<SourceKey, Vec<SourceOffset>>,
    /// All positions in a file, by the input that has read it: a file may have got another name.
    by_id: HashMap<(usize, FileId), Vec<(SourceKey, SourceOffset)>>,
    /// The files that the sources of this run are.
    named: HashMap<SourceKey, FileId>,
    /// The command-line sources that were read: input, name, and the number of those before it that are written alike.
    roots: HashSet<(usize, Vec<u8>, usize)>,
    /// The arrival time of the last chunk: a file that was modified later has records that were not read.
    read_ns: i64,
}

impl Resume {
    /// Takes the positions that an earlier run has saved, and the arrival time of its last chunk.
    pub(in crate::engine) fn of(offsets: &Offsets, read_ns: i64) -> Resume {
        let mut resume = Resume { read_ns, ..Resume::default() };
        for (key, files) in offsets.iter() {
            for file in files.iter().filter(|file| file.place != Place::Message) {
                resume.by_id.entry((key.input, file.file.id)).or_default().push((key.clone(), *file));
            }
            resume.roots.insert((key.input, key.root.clone(), key.nth));
            resume.files.insert(key.clone(), files.to_vec());
        }
        resume
    }

    /// Notes which files the sources of the command line are.
    pub(super) fn look_at_sources(&mut self, sources: &Sources) {
        let written = (0..sources.written()).map(SourceIndex);
        let named = |index| Some((sources.key(index)?, source::file_id(&sources.name(index))?));
        self.named = written.filter_map(named).collect();
    }

    /// True if another source of the command line is this file.
    pub(super) fn is_named_by_other(&self, key: &SourceKey, id: FileId) -> bool {
        let mut others = self.named.iter().filter(|(other, _)| *other != key);
        others.any(|(other, named)| (other.input, *named) == (key.input, id))
    }

    /// The files of a source, the one that was read last at the end.
    pub(super) fn files(&self, key: &SourceKey) -> &[SourceOffset] {
        self.files.get(key).map_or(&[], Vec::as_slice)
    }

    /// The positions in a file that a source may go on from: its own ones, and those of sources that are other files
    /// now.
    pub(super) fn positions(&self, key: &SourceKey, id: FileId) -> impl Iterator<Item = &SourceOffset> {
        let own = self.files(key).iter().filter(move |at| at.file.id == id);
        let others = self.by_id.get(&(key.input, id)).into_iter().flatten();
        let others = others.filter(move |(other, _)| self.named.get(other) != Some(&id));
        own.chain(others.map(|(_, at)| at))
    }

    /// True if an earlier run has read the command-line source that a source came from.
    pub(super) fn has_root(&self, key: &SourceKey) -> bool {
        self.roots.contains(&(key.input, key.root.clone(), key.nth))
    }

    /// The files of a followed directory, each with the position in the one that was read last under its name.
    pub(super) fn files_in(&self, directory: &SourceKey) -> impl Iterator<Item = (&SourceKey, &SourceOffset)> {
        let files = self.files.iter().filter(move |(key, _)| key.file.is_some() && key.is_of_root(directory));
        files.filter_map(|(key, files)| Some((key, files.last()?)))
    }

    /// True if an earlier run has read a file with this inode.
    pub(super) fn knows(&self, input: usize, id: FileId) -> bool {
        self.by_id.contains_key(&(input, id))
    }

    /// True if an earlier run has read this file. Its inode may have been that of another file, so its content decides.
    pub(super) fn has_read(&self, input: usize, file: &Arc<File>) -> io::Result<bool> {
        let Some(id) = follow::regular_id(file.as_fd()) else {
            return Ok(false);
        };
        for (_, at) in self.by_id.get(&(input, id)).into_iter().flatten() {
            if at.byte > 0 && difference(file, at)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// True if a file was modified after earlier runs have read their last record.
    pub(super) fn is_newer(&self, metadata: &Metadata) -> bool {
        let modified_ns = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
        modified_ns > self.read_ns.saturating_sub(CLOCK_STEP_NS)
    }

    /// True if a file was certainly created after earlier runs have read their last record.
    pub(super) fn is_created_later(&self, metadata: &Metadata) -> bool {
        let created = metadata.created().ok().and_then(|created| created.duration_since(UNIX_EPOCH).ok());
        let created_ns = created.and_then(|created| i64::try_from(created.as_nanos()).ok());
        self.read_ns != i64::MIN && created_ns.is_some_and(|created_ns| created_ns > self.read_ns)
    }

    /// The other sources of an input, each with the file that was read last.
    pub(super) fn last_files(&self, input: usize) -> impl Iterator<Item = (&SourceKey, &SourceOffset)> {
        let of_input = self.files.iter().filter(move |(key, _)| key.input == input);
        of_input.filter_map(|(key, files)| Some((key, files.last()?)))
    }
}

/// File times lag the time of day by up to a tick of the system.
const CLOCK_STEP_NS: i64 = 10_000_000;

/// The number of decompressed bytes that are skipped before a signal is noticed.
const SKIP_STEP_BYTES: u64 = 16 << 20;

impl Reader {
    /// Moves after a position; the reader is at the first byte of the source. Returns false if the source ends before
    /// it, or has other bytes there.
    pub(super) fn begin_after(
        &mut self,
        buffer: &mut Buffer,
        reader: &mut dyn SourceReader,
        at: &SourceOffset,
    ) -> Result<bool, Stopped> {
        if let Place::Counted { origin, records } = at.place {
            buffer.passing = RecordSelection::After(records);
            return Ok(self.skip(reader, origin)?.is_some());
        }
        if at.byte == 0 {
            return Ok(true);
        }
        buffer.begins_at = at.byte;
        self.take_all_prologue(buffer, reader)?;
        if !buffer.intake.is_direct() {
            // It was read as text that needs no conversion.
            let byte = at.byte;
            return Err(io::Error::other(format!("cannot be read from a position: byte {byte}")).into());
        }
        let begin = buffer.begin();
        if at.byte > begin {
            let known = usize::try_from(at.byte - begin).unwrap_or(usize::MAX).min(buffer.filled);
            let mut passed = buffer.filled()[..known].to_vec();
            buffer.drop_front(known);
            if buffer.has_directives {
                let here = begin + known as u64;
                let rest = Read::take(&mut *reader, at.byte - here);
                self.pass_directives(buffer, Cursor::new(passed).chain(rest))?;
                self.check_stopped()?;
                if reader.offset().is_none_or(|there| there.byte < at.byte) {
                    return Ok(false);
                }
            } else {
                match self.skip(reader, at.byte)? {
                    None => return Ok(false),
                    Some(skipped) => passed.extend_from_slice(&skipped),
                }
                if passed.len() >= at.tail.bytes() && !at.tail.ends(&passed) {
                    return Ok(false);
                }
            }
        }
        if let Place::Overlong { in_line } = at.place {
            buffer.skipping = Some(Skip::rest(self.framing(buffer.source), self.max_line_bytes, in_line));
        }
        Ok(true)
    }

    /// Moves forward to a byte of a source; returns the last bytes before it, if they are at hand. `None` if the source
    /// ends before it.
    fn skip(&self, reader: &mut dyn SourceReader, byte: u64) -> Result<Option<Vec<u8>>, Stopped> {
        let last = byte.saturating_sub(SKIP_STEP_BYTES);
        while let Some(here) = reader.offset()
            && here.byte < last
        {
            self.check_stopped()?;
            if reader.skip_to(last.min(here.byte + SKIP_STEP_BYTES))?.is_none() {
                return Ok(None);
            }
        }
        Ok(reader.skip_to(byte)?)
    }

    /// Fails if the run was stopped: the place to go on from is not reached.
    fn check_stopped(&self) -> Result<(), Stopped> {
        match self.control.is_stopped() {
            true => Err(Stopped::Failed(io::ErrorKind::Interrupted.into())),
            false => Ok(()),
        }
    }

    /// Says that a file is not what was read before, so that it is read from its start.
    pub(super) fn say_restart(&self, source: SourceIndex, at: &SourceOffset, found: &str) {
        self.say(self.restart(source, at, found));
    }

    /// Returns the message for a file that is not what was read before.
    pub(super) fn restart(&self, source: SourceIndex, at: &SourceOffset, found: &str) -> String {
        let (name, byte) = (self.name_in_text(source), at.byte);
        format!("{name}: was read up to byte {byte}, but {found}; reading it from its start")
    }
}
