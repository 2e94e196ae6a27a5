//! The reader: cuts sources into numbered chunks, one source after another, and keeps the clock of batches.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender};
use memchr::{memchr, memrchr};

use crate::data::reason;
use crate::source::compression::{Compression, Detection};
use crate::source::{self, Input};

use super::control::{Control, Waited};
use super::message::{Content, FileRange, HandOver, Message, SourceIndex, Task};

/// What a reader is made of.
pub(super) struct Setup {
    pub(super) sources: Arc<[OsString]>,
    pub(super) chunk_bytes: usize,
    pub(super) max_line_bytes: usize,
    pub(super) batch: Option<Duration>,
    /// Nothing is printed before the input ends: a chunk may be filled although the input pauses.
    pub(super) waits_for_more: bool,
    pub(super) control: Arc<Control>,
    pub(super) tasks: Sender<Task>,
    pub(super) tickets: Receiver<()>,
    /// Buffers that come back from the workers.
    pub(super) buffers: Receiver<Vec<u8>>,
    pub(super) messages: Sender<Message>,
    pub(super) hand_overs: Vec<Sender<HandOver>>,
    /// Workers that are started once there is more than one chunk.
    pub(super) idle: Vec<super::Waiting>,
}

/// Numbers chunks and hands them out.
pub(super) struct Reader {
    setup: Setup,
    sequence: u64,
    batch: u64,
    /// Chunks of the current batch.
    chunks: u64,
    batch_began: Instant,
}

/// The run is over: nobody takes chunks any more.
struct Over;

/// A pipe is made to hold so much, where the system allows it: fewer turns between producer and reader.
const PIPE_BYTES: usize = 1 << 20;

/// Bytes asked for at once.
const READ_BYTES: usize = 256 << 10;

/// What a file's first bytes say about how it is compressed is decided by at most so many.
const MAGIC_BYTES: usize = 16;

impl Reader {
    pub(super) fn new(setup: Setup) -> Self {
        Reader {
            setup,
            sequence: 0,
            batch: 0,
            chunks: 0,
            batch_began: Instant::now(),
        }
    }

    /// Reads all sources, then says how many chunks there were.
    pub(super) fn run(mut self) {
        for index in 0..self.setup.sources.len() {
            if self.setup.control.is_stopped() || self.read_source(SourceIndex(index)).is_err() {
                break;
            }
        }
        self.end_batch();
        let _ = self.setup.messages.send(Message::End {
            chunks: self.sequence,
        }); // the run is over already
    }

    fn read_source(&mut self, source: SourceIndex) -> Result<(), Over> {
        let opened = source::open(&self.setup.sources[source.0]);
        let result = match opened {
            Ok(Input::Ranges { file, start, end }) => match compression_at(&file, start) {
                None => return self.read_ranges(source, file, start, end),
                Some(compression) => self.read_compressed(
                    source,
                    compression,
                    Box::new(Section {
                        file,
                        offset: start,
                    }),
                ),
            },
            Ok(Input::Stream(file)) => self.read_stream(source, file),
            Err(reason) => {
                self.fail(source, reason);
                return Ok(());
            }
        };
        match result {
            Err(Stopped::Over) => Err(Over),
            Err(Stopped::Failed(error)) if !self.setup.control.is_stopped() => {
                self.fail(source, reason(&error));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Hands out a file by ranges; the workers read it.
    fn read_ranges(
        &mut self,
        source: SourceIndex,
        file: File,
        start: u64,
        end: u64,
    ) -> Result<(), Over> {
        let file = Arc::new(file);
        let mut low = start;
        while low < end && !self.setup.control.is_stopped() {
            let high = end.min(low.saturating_add(self.setup.chunk_bytes as u64));
            self.dispatch(
                source,
                Content::Range(FileRange {
                    file: Arc::clone(&file),
                    first: start,
                    low,
                    high,
                    end,
                }),
            )?;
            low = high;
        }
        Ok(())
    }

    fn read_compressed(
        &mut self,
        source: SourceIndex,
        compression: Compression,
        bytes: Box<dyn Read + Send>,
    ) -> Result<(), Stopped> {
        let mut reader = compression.reader(bytes)?;
        let mut chunks = Chunks::new(source, self.buffer());
        loop {
            // A decompressor cannot be asked whether it has more at once: it is read as fast as it goes.
            match self.fill(&mut chunks, &mut reader) {
                Ok(true) if !self.setup.control.is_stopped() => self.cut(&mut chunks)?,
                Ok(_) => return self.end_source(chunks),
                Err(error) => return self.end_failed_source(chunks, error),
            }
        }
    }

    /// Reads a pipe, terminal or device until its end.
    fn read_stream(&mut self, source: SourceIndex, mut file: File) -> Result<(), Stopped> {
        let _ = rustix::pipe::fcntl_setpipe_size(&file, PIPE_BYTES); // what is no pipe, or may not grow, stays as it is
        let control = Arc::clone(&self.setup.control);
        let mut chunks = Chunks::new(source, self.buffer());
        let mut detection = Detection::NeedMore;
        loop {
            match control.wait(file.as_fd(), self.patience(&chunks)) {
                Waited::Stop => return self.end_source(chunks),
                Waited::Time => {
                    self.cut(&mut chunks)?;
                    self.end_batch_in_time();
                    continue;
                }
                Waited::Input => {}
            }
            match self.fill(&mut chunks, &mut file) {
                Ok(true) => {}
                Ok(false) => return self.end_source(chunks),
                Err(error) => return self.end_failed_source(chunks, error),
            }
            if matches!(detection, Detection::NeedMore) {
                let head = &chunks.bytes[..chunks.filled];
                detection = Compression::detect(head);
                match detection {
                    Detection::NeedMore => continue,
                    Detection::Compressed(compression) => {
                        let rest = Waiting { file, control };
                        return self.read_compressed(
                            source,
                            compression,
                            Box::new(io::Cursor::new(head.to_vec()).chain(rest)),
                        );
                    }
                    Detection::Plain => {}
                }
            }
            if chunks.filled >= self.setup.chunk_bytes || self.batch_is_over() {
                self.cut(&mut chunks)?;
                self.end_batch_in_time();
            }
        }
    }

    /// How long to wait for input before what is there is handed out. Without anything to hand out, for ever.
    fn patience(&self, chunks: &Chunks) -> Option<Duration> {
        let left = self
            .setup
            .batch
            .map(|batch| batch.saturating_sub(self.batch_began.elapsed()));
        let has_record = chunks.has_record();
        match (has_record, self.setup.waits_for_more) {
            (true, false) => Some(Duration::ZERO),
            (true, true) => left,
            (false, _) if self.chunks > 0 => left,
            (false, _) => None,
        }
    }

    /// Reads once; whether there was something.
    fn fill(&mut self, chunks: &mut Chunks, reader: &mut dyn Read) -> io::Result<bool> {
        if chunks.filled == 0 && self.chunks == 0 {
            self.batch_began = Instant::now();
        }
        let room = chunks.filled + READ_BYTES.min(self.setup.chunk_bytes.max(1 << 10));
        if chunks.bytes.len() < room {
            chunks.bytes.resize(room, 0);
        }
        loop {
            match reader.read(&mut chunks.bytes[chunks.filled..]) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    chunks.filled += read;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands out all whole records; what is left of the last one stays, unless it is too long already.
    fn cut(&mut self, chunks: &mut Chunks) -> Result<(), Over> {
        if chunks.skipping {
            match memchr(b'\n', &chunks.bytes[..chunks.filled]) {
                None => {
                    chunks.filled = 0;
                    return Ok(());
                }
                Some(newline) => {
                    chunks.drop_front(newline + 1);
                    chunks.skipping = false;
                }
            }
        }
        match memrchr(b'\n', &chunks.bytes[chunks.searched..chunks.filled]) {
            Some(newline) => {
                let end = chunks.searched + newline + 1;
                let mut next = self.buffer();
                let rest = &chunks.bytes[end..chunks.filled];
                if next.len() < rest.len() {
                    next.resize(rest.len(), 0);
                }
                next[..rest.len()].copy_from_slice(rest);
                chunks.filled -= end;
                let full = std::mem::replace(&mut chunks.bytes, next);
                chunks.searched = chunks.filled;
                self.dispatch(chunks.source, Content::Buffer(full, end))?;
            }
            None => chunks.searched = chunks.filled,
        }
        if chunks.filled > self.setup.max_line_bytes.saturating_add(1) {
            (chunks.filled, chunks.searched, chunks.skipping) = (0, 0, true);
            chunks.bytes = Vec::new();
            self.dispatch(chunks.source, Content::Overlong)?;
        }
        Ok(())
    }

    /// The source has ended: the last record counts even without a newline.
    fn end_source(&mut self, mut chunks: Chunks) -> Result<(), Stopped> {
        self.cut(&mut chunks)?;
        if chunks.filled > 0 {
            self.dispatch(chunks.source, Content::Buffer(chunks.bytes, chunks.filled))?;
        }
        Ok(())
    }

    /// The source cannot be read any further: what was read of it is finished all the same.
    fn end_failed_source(&mut self, chunks: Chunks, error: io::Error) -> Result<(), Stopped> {
        self.end_source(chunks)?;
        Err(Stopped::Failed(error))
    }

    /// Hands out a chunk, as soon as there is room for one.
    fn dispatch(&mut self, source: SourceIndex, content: Content) -> Result<(), Over> {
        self.setup.tickets.recv().map_err(|_| Over)?;
        if self.sequence > 0 {
            super::start(std::mem::take(&mut self.setup.idle));
        }
        let task = Task {
            sequence: self.sequence,
            batch: self.batch,
            source,
            content,
        };
        self.setup.tasks.send(task).map_err(|_| Over)?;
        self.sequence += 1;
        self.chunks += 1;
        self.end_batch_in_time();
        Ok(())
    }

    fn batch_is_over(&self) -> bool {
        self.chunks > 0
            && self
                .setup
                .batch
                .is_some_and(|batch| self.batch_began.elapsed() >= batch)
    }

    fn end_batch_in_time(&mut self) {
        if self.batch_is_over() {
            self.end_batch();
        }
    }

    /// The chunks handed out since the last batch are a batch: the workers hand over what came of them.
    fn end_batch(&mut self) {
        if self.chunks > 0 {
            let message = Message::BatchEnd {
                batch: self.batch,
                chunks: self.chunks,
            };
            let _ = self.setup.messages.send(message); // the run is over already
            for worker in &self.setup.hand_overs {
                let _ = worker.send(HandOver { batch: self.batch }); // the worker has ended
            }
            self.batch += 1;
            self.chunks = 0;
        }
        self.batch_began = Instant::now();
    }

    fn fail(&self, source: SourceIndex, reason: String) {
        let _ = self
            .setup
            .messages
            .send(Message::SourceFailed(source, reason)); // the run is over already
    }

    /// A buffer that was used before, or a new one.
    fn buffer(&self) -> Vec<u8> {
        self.setup.buffers.try_recv().unwrap_or_default()
    }
}

/// Why a source was left.
enum Stopped {
    Over,
    Failed(io::Error),
}

impl From<Over> for Stopped {
    fn from(_: Over) -> Self {
        Stopped::Over
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Failed(error)
    }
}

/// What was read of a source and not handed out yet.
struct Chunks {
    source: SourceIndex,
    /// Longer than what is filled, so that it is made of zeros only once.
    bytes: Vec<u8>,
    filled: usize,
    /// So far there is no newline.
    searched: usize,
    /// In the middle of a record that was too long.
    skipping: bool,
}

impl Chunks {
    fn new(source: SourceIndex, bytes: Vec<u8>) -> Self {
        Chunks {
            source,
            bytes,
            filled: 0,
            searched: 0,
            skipping: false,
        }
    }

    /// Whether there is a whole record to hand out.
    fn has_record(&self) -> bool {
        memchr(b'\n', &self.bytes[self.searched..self.filled]).is_some()
    }

    fn drop_front(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
        self.searched = 0;
    }
}

/// How a regular file is compressed.
fn compression_at(file: &File, start: u64) -> Option<Compression> {
    let mut head = [0; MAGIC_BYTES];
    let read = std::os::unix::fs::FileExt::read_at(file, &mut head, start).ok()?;
    match Compression::detect(&head[..read]) {
        Detection::Compressed(compression) => Some(compression),
        Detection::Plain | Detection::NeedMore => None,
    }
}

/// A file from an offset on, read without moving the offset that others see.
struct Section {
    file: File,
    offset: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = std::os::unix::fs::FileExt::read_at(&self.file, buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// A stream that ends when the run is to stop.
struct Waiting {
    file: File,
    control: Arc<Control>,
}

impl Read for Waiting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.control.wait(self.file.as_fd(), None) {
            Waited::Stop => Ok(0),
            Waited::Input | Waited::Time => self.file.read(buffer),
        }
    }
}
