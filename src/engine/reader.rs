//! The reader: cuts sources into numbered chunks, one source after another, and keeps the clock of batches.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender};
use memchr::memchr;

use crate::data::{BYTE_ORDER_MARK, Framing, Preface, RecordCursor, reason, trim_terminator};
use crate::source::compression::{Compression, Detection};
use crate::source::{self, Input};

use super::control::{Control, Waited};
use super::message::{Content, FileRange, HandOver, Message, SourceIndex, Task};
use super::triggers::Place;

/// What a reader is made of.
pub(super) struct Setup {
    pub(super) sources: Arc<[OsString]>,
    pub(super) chunk_bytes: usize,
    pub(super) max_line_bytes: usize,
    pub(super) framing: Framing,
    pub(super) preface: Preface,
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
    /// Of the current source.
    header: Option<Arc<[u8]>>,
    /// A header was seen.
    has_header: bool,
    /// When the last chunk was handed out, in nanoseconds since 1970.
    read_ns: i64,
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
            header: None,
            has_header: false,
            read_ns: i64::MIN,
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
        self.header = None;
        let opened = source::open(&self.setup.sources[source.0]);
        let result = match opened {
            Ok(Input::Ranges { file, start, end }) => match compression_at(&file, start) {
                None => self.read_file(source, file, start, end),
                Some(compression) => {
                    let section = Section::of(file, start, u64::MAX);
                    self.read_compressed(source, compression, Box::new(section))
                }
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

    /// Reads a file: by ranges, unless what is a record in the middle of it only its beginning can tell.
    fn read_file(
        &mut self,
        source: SourceIndex,
        file: File,
        start: u64,
        end: u64,
    ) -> Result<(), Stopped> {
        if self.setup.framing != Framing::Lines {
            let chunks = self.chunks(source);
            return self.read_all(chunks, &mut Section::of(file, start, end));
        }
        let mut chunks = self.chunks(source);
        let file = Arc::new(file);
        let mut section = Section::of(Arc::clone(&file), start, end);
        while chunks.preface != Preface::Nothing {
            let ended = !self.fill(&mut chunks, &mut section)?;
            self.take_preface(&mut chunks, ended)?;
        }
        Ok(self.read_ranges(source, file, start + chunks.preface_bytes, end)?)
    }

    /// Hands out a file by ranges; the workers read it.
    fn read_ranges(
        &mut self,
        source: SourceIndex,
        file: Arc<File>,
        start: u64,
        end: u64,
    ) -> Result<(), Over> {
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
        // A decompressor cannot be asked whether it has more at once: it is read as fast as it goes.
        let mut reader = compression.reader(bytes)?;
        let chunks = self.chunks(source);
        self.read_all(chunks, &mut reader)
    }

    /// Reads what has always more, until its end.
    fn read_all(&mut self, mut chunks: Chunks, reader: &mut dyn Read) -> Result<(), Stopped> {
        loop {
            match self.fill(&mut chunks, reader) {
                Ok(true) if !self.setup.control.is_stopped() => {
                    self.find_records(&mut chunks)?;
                    self.cut(&mut chunks)?;
                }
                Ok(_) => return self.end_source(chunks),
                Err(error) => return self.end_failed_source(chunks, error),
            }
        }
    }

    /// Reads a pipe, terminal or device until its end.
    fn read_stream(&mut self, source: SourceIndex, mut file: File) -> Result<(), Stopped> {
        let _ = rustix::pipe::fcntl_setpipe_size(&file, PIPE_BYTES); // what is no pipe, or may not grow, stays as it is
        let control = Arc::clone(&self.setup.control);
        let mut chunks = self.chunks(source);
        let mut detection = Detection::NeedMore;
        loop {
            match control.wait(file.as_fd(), self.patience(&chunks)) {
                Waited::Stop => return self.end_source(chunks),
                Waited::Time | Waited::Asked => {
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
            self.find_records(&mut chunks)?;
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
        let has_record = chunks.whole > 0;
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

    /// Looks for the ends of records in what was filled in.
    fn find_records(&mut self, chunks: &mut Chunks) -> Result<(), Stopped> {
        self.take_preface(chunks, false)?;
        if chunks.preface != Preface::Nothing {
            return Ok(());
        }
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
        if let Some(end) = chunks.cursor.last(&chunks.bytes[..chunks.filled]) {
            chunks.whole = end;
        }
        Ok(())
    }

    /// Takes a byte order mark and the header off the front, once they are there. `ended`: there is no more.
    fn take_preface(&mut self, chunks: &mut Chunks, ended: bool) -> Result<(), Stopped> {
        if chunks.preface == Preface::Nothing {
            return Ok(());
        }
        let filled = &chunks.bytes[..chunks.filled];
        if !ended && filled.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(filled) {
            return Ok(());
        }
        let mark = match filled.strip_prefix(BYTE_ORDER_MARK) {
            Some(_) => BYTE_ORDER_MARK.len(),
            None => 0,
        };
        let records = &filled[mark..];
        let mut end = 0;
        if chunks.preface == Preface::Header {
            let limit = self.setup.max_line_bytes;
            match RecordCursor::new(self.setup.framing, limit).next(records, ended) {
                Some(found) => end = found,
                None if ended => {}
                None if records.len() <= limit.saturating_add(1) => return Ok(()),
                None => {
                    let message =
                        format!("the first line is longer than {limit} bytes, see --max-line");
                    return Err(Stopped::Failed(io::Error::other(message)));
                }
            }
            if end > 0 {
                self.set_header(trim_terminator(&records[..end]).into());
            }
        }
        chunks.preface = Preface::Nothing;
        chunks.preface_bytes = (mark + end) as u64;
        chunks.drop_front(mark + end);
        Ok(())
    }

    fn set_header(&mut self, header: Arc<[u8]>) {
        if !std::mem::replace(&mut self.has_header, true) {
            let message = Message::Header(Arc::clone(&header));
            let _ = self.setup.messages.send(message); // the run is over already
        }
        self.header = Some(header);
    }

    /// Hands out all whole records; what is left of the last one stays, unless it is too long already.
    fn cut(&mut self, chunks: &mut Chunks) -> Result<(), Over> {
        if chunks.whole > 0 {
            let end = std::mem::take(&mut chunks.whole);
            let mut next = self.buffer();
            let rest = &chunks.bytes[end..chunks.filled];
            if next.len() < rest.len() {
                next.resize(rest.len(), 0);
            }
            next[..rest.len()].copy_from_slice(rest);
            chunks.filled -= end;
            let full = std::mem::replace(&mut chunks.bytes, next);
            chunks.cursor.shift(end);
            self.dispatch(chunks.source, Content::Buffer(full, end))?;
        }
        if chunks.preface == Preface::Nothing
            && chunks.filled > self.setup.max_line_bytes.saturating_add(1)
        {
            (chunks.filled, chunks.skipping) = (0, true);
            chunks.cursor = self.cursor();
            chunks.bytes = Vec::new();
            self.dispatch(chunks.source, Content::Overlong)?;
        }
        Ok(())
    }

    fn cursor(&self) -> RecordCursor {
        RecordCursor::new(self.setup.framing, self.setup.max_line_bytes)
    }

    /// Room for what is read of a source.
    fn chunks(&self, source: SourceIndex) -> Chunks {
        Chunks {
            source,
            bytes: self.buffer(),
            filled: 0,
            whole: 0,
            cursor: self.cursor(),
            skipping: false,
            preface: self.setup.preface,
            preface_bytes: 0,
        }
    }

    /// The source has ended: the last record counts even without a newline.
    fn end_source(&mut self, mut chunks: Chunks) -> Result<(), Stopped> {
        self.take_preface(&mut chunks, true)?;
        self.find_records(&mut chunks)?;
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
            // Where the system has no room for more threads, those that run do all the work.
            let _ = super::start(std::mem::take(&mut self.setup.idle));
        }
        self.read_ns = self.read_ns.max(now_ns());
        let task = Task {
            sequence: self.sequence,
            batch: self.batch,
            source,
            header: self.header.clone(),
            read_ns: self.read_ns,
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

    /// Ends the batch if its time has come, or somebody wants to look at what was read.
    fn end_batch_in_time(&mut self) {
        if self.setup.control.take_asked() {
            self.end_batch();
            let message = Message::Asked(Place {
                chunks: self.sequence,
                batches: self.batch,
            });
            let _ = self.setup.messages.send(message); // the run is over already
        } else if self.batch_is_over() {
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
    /// So many bytes are whole records.
    whole: usize,
    /// Looks for the ends of records.
    cursor: RecordCursor,
    /// In the middle of a record that was too long.
    skipping: bool,
    /// What may still stand in front of the records.
    preface: Preface,
    /// What stood there; so many bytes.
    preface_bytes: u64,
}

impl Chunks {
    /// Drops bytes that are no records.
    fn drop_front(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }
}

/// The wall clock in nanoseconds since 1970.
fn now_ns() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
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
    file: Arc<File>,
    offset: u64,
    /// No byte from here on is read.
    end: u64,
}

impl Section {
    fn of(file: impl Into<Arc<File>>, offset: u64, end: u64) -> Self {
        Section {
            file: file.into(),
            offset,
            end,
        }
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let buffer = &mut buffer[..wanted];
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.offset)?;
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
        loop {
            match self.control.wait(self.file.as_fd(), None) {
                Waited::Stop => return Ok(0),
                Waited::Asked => {} // once the decompressor has more, the batch ends
                Waited::Input | Waited::Time => return self.file.read(buffer),
            }
        }
    }
}
