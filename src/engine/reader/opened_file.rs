//! A file that is followed, while it is open.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Stopped;
use super::buffer::Buffer;
use super::copies::Judged;
use super::event_loop::EventLoop;
use super::files::{Section, compression_at};
use super::followed::Followed;
use super::onward::{Fingerprinting, Onward, is_made_up};
use crate::data::{Framing, reason};
use crate::engine::message::SourceIndex;
use crate::source::fingerprint::Fingerprint;
use crate::source::follow::FileId;

/// How many bytes are read before others have their turn.
const READ_AT_ONCE: usize = 4 << 20;

/// How long a file that has lost its name is read on: whoever writes to it may not have noticed yet.
pub(super) const GRACE: Duration = Duration::from_secs(3);

/// A file that has not changed for this long, and looks as it did, is not read again.
const SETTLED: Duration = Duration::from_secs(3);

/// A file that was opened.
pub(super) struct OpenedFile {
    pub(super) id: FileId,
    /// Where it was found.
    pub(super) path: PathBuf,
    pub(super) section: Section,
    pub(super) buffer: Buffer,
    /// What was read of it.
    pub(super) print: Fingerprint,
    /// It is read: it is no copy of another file. Until that is known, nothing is read.
    pub(super) is_own: bool,
    pub(super) judged: Option<Judged>,
    /// It has lost its name; until when it is read on.
    pub(super) until: Option<Instant>,
    /// So many bytes of its content were read elsewhere, if it is compressed.
    pub(super) skip: u64,
    /// It was compressed, or made up: it is read, and does not grow.
    is_over: bool,
    pub(super) is_made_up: bool,
    /// What was last seen of it, and since when.
    seen: Option<(FileStamp, Instant)>,
}

/// What the system says of a file; another answer tells that it was written to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileStamp {
    bytes: u64,
    modified: (i64, i64),
}

impl FileStamp {
    pub(super) fn of(metadata: &Metadata) -> FileStamp {
        FileStamp { bytes: metadata.len(), modified: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

impl OpenedFile {
    /// Nothing was read of it.
    pub(super) fn is_empty(&self) -> bool {
        self.section.offset == 0 && !self.is_over
    }

    /// Another file has taken its place, and is read on where this one was left.
    pub(super) fn replace(&mut self, id: FileId, path: PathBuf) {
        (self.id, self.path, self.until, self.seen) = (id, path, None, None);
    }

    /// It has lost its name, and is read on for a while.
    pub(super) fn let_go(&mut self, now: Instant) {
        self.until.get_or_insert(now + GRACE);
    }

    /// Whether it has bytes that were not read.
    pub(super) fn has_more(&self) -> bool {
        let bytes = self.section.file().metadata().map(|metadata| metadata.len());
        !self.is_over && bytes.is_ok_and(|bytes| bytes > self.section.offset)
    }

    /// Whether its last record may go on.
    pub(super) fn is_unfinished(&self, framing: Framing) -> bool {
        match self.buffer.filled().last() {
            None => false,
            // A line that begins no record may follow, but not in another file.
            Some(last) => !(framing.has_starts() && *last == framing.terminator()),
        }
    }

    /// Whether it has looked like this for a while: then nobody has written to it, however coarse the clock of its
    /// system is.
    fn is_settled(&mut self, metadata: &Metadata, now: Instant) -> bool {
        let look = FileStamp::of(metadata);
        match self.seen {
            Some((seen, since)) if seen == look => {
                now.duration_since(since) >= SETTLED && look.bytes <= self.section.offset
            }
            _ => {
                self.seen = Some((look, now));
                false
            }
        }
    }
}

impl EventLoop<'_> {
    pub(super) fn part(&self, source: SourceIndex, id: FileId, path: PathBuf, file: File, start: u64) -> OpenedFile {
        OpenedFile {
            id,
            path,
            section: Section::of(file, start, u64::MAX),
            buffer: self.reader.new_buffer(source),
            print: Fingerprint::default(),
            is_own: false,
            judged: None,
            until: None,
            skip: 0,
            is_over: false,
            is_made_up: false,
            seen: None,
        }
    }

    /// Goes to where the wanted records begin.
    pub(super) fn begin(&mut self, part: &mut OpenedFile, tail: bool) -> Result<(), Stopped> {
        let start = part.section.offset;
        let file = Arc::clone(part.section.file());
        if tail && compression_at(&file, start)?.is_none() {
            part.section.offset = self.reader.start_of_tail(&mut part.buffer, &file, start, u64::MAX)?;
        }
        part.print = Fingerprint::of(&file, part.section.offset)?;
        Ok(())
    }

    /// Reads a file on; whether it had something, and whether it has more.
    pub(super) fn read_part(&mut self, followed: &mut Followed, index: usize) -> Result<(bool, bool), Stopped> {
        let part = &mut followed.parts[index];
        let metadata = part.section.file().metadata()?;
        if part.is_over || part.is_settled(&metadata, Instant::now()) {
            return Ok((false, false));
        }
        let file = Arc::clone(part.section.file());
        if part.section.offset == 0
            && let Some(compression) = compression_at(&file, 0)?
        {
            let section = Section::of(file, 0, u64::MAX);
            part.is_over = true;
            let mut content = compression.reader(Box::new(section))?;
            let mut passing = Fingerprinting::new(&mut *content, &mut part.print);
            let skipped = &mut (&mut passing).take(part.skip);
            std::io::copy(skipped, &mut std::io::sink())?;
            let next = self.reader.new_buffer(part.buffer.source);
            let buffer = std::mem::replace(&mut part.buffer, next);
            self.reader.read_all(buffer, &mut passing)?;
            return Ok((true, false));
        }
        let mut is_rewritten = !part.print.begins(&file)?;
        let mut read = 0;
        while !is_rewritten && (read == 0 || !self.reader.control.is_stopped()) {
            let before = part.buffer.taken;
            let mut onward = Onward::new(&mut part.section, &mut part.print);
            let has_some = self.reader.fill(&mut part.buffer, &mut onward)?;
            is_rewritten = onward.is_rewritten;
            read += (part.buffer.taken - before) as usize;
            if !has_some {
                break;
            }
            self.reader.find_records(&mut part.buffer)?;
            self.reader.cut(&mut part.buffer)?;
            if read >= READ_AT_ONCE {
                return Ok((true, true));
            }
        }
        part.buffer.give_room_back();
        if part.section.offset > 0 && is_made_up(&file, part.section.offset) {
            let name = self.reader.sources.display(part.buffer.source);
            self.reader.say(format_args!("{name}: is made by the system whenever it is read; it is read once"));
            self.reader.end_source(&mut part.buffer)?;
            (part.is_over, part.is_made_up) = (true, true);
            return Ok((true, false));
        }
        if is_rewritten {
            self.begin_again(followed, index)?;
            return Ok((true, true));
        }
        Ok((read > 0, false))
    }

    /// A file was emptied, and may have grown again: what was not read of it is in a copy, if it was copied before.
    fn begin_again(&mut self, followed: &mut Followed, index: usize) -> Result<(), Stopped> {
        let name = self.reader.sources.display(followed.source);
        self.reader.say(format_args!("{name}: was emptied; reading from its start"));
        if let Err(Stopped::Failed(error)) = self.read_rest_in_copy(followed, index) {
            let why = reason(&error);
            self.reader.say(format_args!("{name}: its copy cannot be read: {why}"));
        }
        let part = &mut followed.parts[index];
        self.reader.end_source(&mut part.buffer)?;
        part.buffer = self.reader.new_buffer(part.buffer.source);
        let print = std::mem::take(&mut part.print);
        let path = part.path.clone();
        // Whoever does not append goes on writing where they were: the bytes before are a hole.
        let start = super::onward::end_of_hole(part.section.file(), part.section.offset)?;
        part.section.offset = start;
        part.print = Fingerprint::of(part.section.file(), start).unwrap_or_default();
        // It may be a copy by now: some write copies over older ones.
        (part.is_own, part.judged, part.seen) = (false, None, None);
        self.journal.forget_file(followed.group, path, print);
        Ok(())
    }

    /// A file has lost its name for good.
    pub(super) fn end_part(&mut self, followed: &mut Followed, index: usize) -> Result<(), Stopped> {
        let mut part = followed.parts.remove(index);
        followed.siblings.add(part.id, part.section.file());
        if part.is_own {
            self.reader.end_source(&mut part.buffer)?;
            self.journal.forget_file(followed.group, part.path, part.print);
        }
        Ok(())
    }
}
