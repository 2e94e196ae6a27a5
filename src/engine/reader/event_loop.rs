//! The event loop: one thread waits for all live sources, reads available input and dispatches it.
//!
//! Records are interleaved in the order of arrival: the input of one source is dispatched before the next source is
//! read. Each source keeps its own incomplete record. When the workers are busy and no chunk can be dispatched, the
//! loop reads nothing, so connections fill up and their senders block (backpressure).

use std::collections::HashSet;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::buffer::Buffer;
use super::copies::GoneFiles;
use super::files::{BoundedFile, FileSpan};
use super::poller::{Poller, has_bytes};
use super::source_state::{Readiness, SourceKind, SourceState};
use super::timers::Timers;
use super::wakeup::{FileWatcher, Waker};
use super::{Reader, RunOver, Stopped};
use crate::data::reason;
use crate::engine::control::Waited;
use crate::engine::message::SourceIndex;
use crate::engine::say;
use crate::source::compression::Detection;
use crate::source::{self, Input};
use crate::window::Punctuation;

/// The poller token of the stop signal.
const STOP: usize = usize::MAX;

/// The poller token of events from other threads.
const NEWS: usize = usize::MAX - 1;

/// The poller token of the output pipe.
const OUTPUT: usize = usize::MAX - 2;

/// With more sources than this, waiting sources shrink their buffers.
const FEW: usize = 8;

/// Reads several sources concurrently.
pub(super) struct EventLoop<'r> {
    pub(super) reader: &'r mut Reader,
    pub(super) poller: Poller,
    /// Indexed by token. The source being served is temporarily removed from its slot.
    pub(super) slots: Vec<Option<Box<SourceState>>>,
    free: Vec<usize>,
    /// The number of open sources.
    pub(super) open: usize,
    /// Sources that can be read without waiting.
    pub(super) ready: Vec<usize>,
    /// The source whose complete records are held to fill the chunk, because no output is due before.
    pub(super) held: Option<usize>,
    pub(super) timers: Timers,
    pub(super) bell: Arc<Waker>,
    heard: UnixStream,
    /// Messages that are printed only once.
    said: HashSet<String>,
    /// Created when the first file is followed.
    pub(super) watch: Option<FileWatcher>,
    /// Fingerprints of files that are gone.
    pub(super) journal: GoneFiles,
}

impl<'r> EventLoop<'r> {
    pub(super) fn new(reader: &'r mut Reader) -> io::Result<EventLoop<'r>> {
        let (bell, heard) = Waker::new()?;
        let mut poller = Poller::new()?;
        poller.add(reader.control.wake(), STOP)?;
        poller.add(heard.as_fd(), NEWS)?;
        if let Some(output) = reader.control.output() {
            poller.add_failure(output, OUTPUT)?;
        }
        reader.dispatch.ends_by_hand = reader.marks;
        Ok(EventLoop {
            reader,
            poller,
            slots: Vec::new(),
            free: Vec::new(),
            open: 0,
            ready: Vec::new(),
            held: None,
            timers: Timers::default(),
            bell,
            heard,
            said: HashSet::new(),
            watch: None,
            journal: GoneFiles::default(),
        })
    }

    /// The monotonic time.
    pub(super) fn now(&self) -> Instant {
        self.reader.control.now()
    }

    /// The time of day.
    pub(super) fn wall(&self) -> SystemTime {
        self.reader.control.clock().wall()
    }

    /// Opens a source from the command line.
    pub(super) fn open(&mut self, source: SourceIndex) -> Result<(), RunOver> {
        let name = self.reader.sources.name(source);
        if self.reader.reading.follow && source::is_path(&name) {
            return self.follow(source, name.as_ref().as_ref());
        }
        match self.reader.open(source) {
            Ok(input) => self.add(source, input),
            Err(reason) => {
                self.reader.fail(source, reason);
                self.reader.mark_ended(source)
            }
        }
    }

    /// Adds an opened source.
    pub(super) fn add(&mut self, source: SourceIndex, input: Input) -> Result<(), RunOver> {
        match self.kind(source, input) {
            Ok((kind, buffer)) => self.insert_with(source, kind, buffer),
            Err(Stopped::RunOver) => Err(RunOver),
            Err(Stopped::Failed(error)) => {
                self.reader.fail(source, reason(&error));
                self.reader.mark_ended(source)
            }
        }
    }

    /// Returns the kind of an opened source, and the buffer it begins with unless that is empty.
    fn kind(&mut self, source: SourceIndex, input: Input) -> Result<(SourceKind, Option<Buffer>), Stopped> {
        let kind = match input {
            Input::Stream(file) => {
                let _ = rustix::pipe::fcntl_setpipe_size(&file, super::streams::PIPE_BYTES); // fails if it is not a pipe or may not grow
                SourceKind::Stream(file, Detection::NeedMore)
            }
            Input::Endpoint(connect) => SourceKind::Dial(super::connect::Reconnect::new(connect, self.now())),
            Input::Listener(listener, chosen) => {
                say_port(chosen);
                SourceKind::Listener(listener, None)
            }
            Input::Datagrams(socket, chosen) => {
                say_port(chosen);
                SourceKind::Datagrams(Box::new(super::datagrams::Datagrams::new(socket)))
            }
            #[cfg(feature = "kafka")]
            Input::Topics(named) => SourceKind::Topics(Box::new(self.topics(source, *named)?)),
            Input::Ranges { file, start, .. } if self.reader.reading.follow => {
                SourceKind::Followed(Box::new(self.followed_handle(source, file, start)?))
            }
            Input::Ranges { file, start, end } => {
                let resumes_at = self.reader.read_rests(source, Some(&file))?;
                let span = FileSpan { start, end, resumes_at, suspends: self.reader.suspends };
                match self.reader.bounded_file(source, file.into(), span)? {
                    BoundedFile::Ranges(ranges) => SourceKind::Ranges(ranges),
                    BoundedFile::Bytes(reader, buffer) => return Ok((SourceKind::Bytes(reader), Some(*buffer))),
                }
            }
        };
        Ok((kind, None))
    }

    /// Adds a source of this kind.
    pub(super) fn insert(&mut self, source: SourceIndex, kind: SourceKind) -> Result<(), RunOver> {
        self.insert_with(source, kind, None)
    }

    fn insert_with(&mut self, source: SourceIndex, kind: SourceKind, buffer: Option<Buffer>) -> Result<(), RunOver> {
        let slot = SourceState {
            source,
            buffer: buffer.unwrap_or_else(|| self.reader.new_buffer(source)),
            kind,
            last: self.now(),
            is_polled: false,
            is_open: false,
        };
        let token = self.next_token();
        if self.free.pop().is_none() {
            self.slots.push(None);
        }
        self.open += 1;
        let has_no_records =
            matches!(slot.kind, SourceKind::Listener(..) | SourceKind::Datagrams(_) | SourceKind::Directory(_));
        if has_no_records {
            self.reader.mark_without_records(source)?;
        }
        self.slots[token] = Some(Box::new(slot));
        self.wait_for(token)
    }

    /// Returns the token of the next source.
    pub(super) fn next_token(&self) -> usize {
        self.free.last().copied().unwrap_or(self.slots.len())
    }

    /// Prints a message unless it was printed before.
    pub(super) fn say_once(&mut self, text: String) {
        if !self.said.contains(&text) {
            self.reader.say(&text);
            self.said.insert(text);
        }
    }

    /// Registers a source with the poller, or marks it ready if it cannot be polled.
    pub(super) fn wait_for(&mut self, token: usize) -> Result<(), RunOver> {
        let Some(slot) = &mut self.slots[token] else {
            return Ok(());
        };
        let added = match slot.fd() {
            Some(fd) => self.poller.add(fd, token),
            None => Ok(false),
        };
        slot.is_polled = matches!(added, Ok(true));
        match added {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.ready.push(token);
                Ok(())
            }
            Err(error) => match self.slots[token].take() {
                Some(slot) => {
                    self.reader.fail(slot.source, reason(&error));
                    self.close(token, *slot)
                }
                None => Ok(()),
            },
        }
    }

    /// Runs until all sources have ended or the run is stopped.
    pub(super) fn run(mut self) -> Result<(), RunOver> {
        let result = self.run_loop().and_then(|()| self.end_all());
        self.reader.dispatch.ends_by_hand = false;
        result
    }

    fn run_loop(&mut self) -> Result<(), RunOver> {
        let mut ready = Vec::new();
        while self.open > 0 && !self.reader.control.is_stopped() {
            let time = self.time_to_wait(!self.ready.is_empty());
            self.reader.control.set_waiting(true);
            let waited = self.poller.wait(&mut ready, time);
            self.reader.control.set_waiting(false);
            if let Err(error) = waited {
                self.reader.say(format_args!("cannot wait for input: {}", reason(&error)));
                return Ok(());
            }
            if ready.contains(&OUTPUT) {
                self.reader.control.lose_output();
                return Ok(());
            }
            if ready.contains(&STOP) {
                match self.reader.control.woken() {
                    Waited::Stop => return Ok(()),
                    _ => self.answer()?,
                }
                ready.retain(|token| *token != STOP);
            }
            for token in ready.drain(..) {
                match token {
                    NEWS => self.hear()?,
                    token => self.read_ready(token)?,
                }
            }
            for token in std::mem::take(&mut self.ready) {
                self.read_ready(token)?;
            }
            self.look_at_clock()?;
        }
        Ok(())
    }

    /// Reads the available input of a source.
    pub(super) fn read_ready(&mut self, token: usize) -> Result<(), RunOver> {
        let Some(mut slot) = self.slots.get_mut(token).and_then(Option::take) else {
            return Ok(()); // it ended earlier in this turn
        };
        let source = slot.source;
        if let SourceKind::Followed(followed) = &mut slot.kind
            && let Some(path) = followed.directory.take()
        {
            slot.kind = self.directory(&path);
            self.reader.mark_without_records(source)?; // the files have records, not the directory
        }
        let served = match &mut slot.kind {
            SourceKind::Stream(..) => self.read_stream(token, &mut slot),
            SourceKind::Connection(..) => self.read_connection(token, &mut slot),
            SourceKind::Dial(dialing) => Ok(self.connect(token, dialing)),
            SourceKind::Listener(..) => self.read_listener(token, &mut slot),
            SourceKind::Datagrams(datagrams) => self.serve_datagrams(source, datagrams),
            SourceKind::Followed(followed) => {
                let served = self.serve_followed(followed);
                if followed.has_moved() {
                    let has_starts = self.reader.framing(source).has_starts();
                    (slot.last, slot.is_open) = (self.now(), has_starts);
                }
                served
            }
            SourceKind::Directory(directory) => self.serve_directory(source, directory),
            #[cfg(feature = "kafka")]
            SourceKind::Topics(topics) => self.serve_topics(source, topics),
            SourceKind::Ranges(ranges) => match self.reader.hand_out_range(slot.source, ranges) {
                Ok(true) => Ok(Readiness::Turn),
                Ok(false) => Ok(Readiness::End),
                Err(over) => Err(over.into()),
            },
            SourceKind::Bytes(bytes) => match self.reader.read_some(&mut slot.buffer, &mut **bytes) {
                Ok(true) => Ok(Readiness::Turn),
                Ok(false) => Ok(Readiness::End),
                Err(stopped) => Err(stopped),
            },
        };
        let next = match served {
            Ok(next) => next,
            Err(Stopped::RunOver) => return Err(RunOver),
            Err(Stopped::Failed(error)) => {
                if !self.reader.control.is_stopped() {
                    self.reader.fail(slot.source, reason(&error));
                }
                Readiness::End
            }
        };
        if next == Readiness::End {
            return self.close(token, *slot);
        }
        if slot.is_open {
            self.timers.idle_from(slot.last + self.reader.reading.idle);
        }
        if self.open > FEW {
            slot.buffer.give_room_back();
        }
        self.slots[token] = Some(slot);
        if next == Readiness::Turn {
            self.ready.push(token);
        }
        Ok(())
    }

    /// Removes a source that has ended.
    pub(super) fn close(&mut self, token: usize, slot: SourceState) -> Result<(), RunOver> {
        if let Some(fd) = slot.fd() {
            self.poller.remove(fd, token);
        }
        if self.held == Some(token) {
            self.held = None;
        }
        self.free.push(token);
        self.open -= 1;
        let has_ended_before = slot.has_ended_before(self.reader.reading.follow);
        match (has_ended_before, self.is_written(slot.source)) {
            (true, _) => Ok(()),
            (false, true) => self.reader.mark_ended(slot.source),
            // The coordinator then drops the state it keeps for the source.
            (false, false) => self.reader.dispatch.mark(slot.source, Punctuation::Ended),
        }
    }

    /// True if the source was given on the command line.
    pub(super) fn is_written(&self, source: SourceIndex) -> bool {
        source.0 < self.reader.sources.written()
    }

    /// Ends the input: finishes all sources.
    fn end_all(&mut self) -> Result<(), RunOver> {
        for token in 0..self.slots.len() {
            let Some(mut slot) = self.slots[token].take() else {
                continue;
            };
            let ended = match &mut slot.kind {
                SourceKind::Stream(file, _) | SourceKind::Connection(file, _) if has_bytes(file.as_fd()) => {
                    self.reader.leave_source(&mut slot.buffer)
                }
                SourceKind::Bytes(_) => self.reader.leave_source(&mut slot.buffer),
                SourceKind::Stream(..) => self.reader.end_source(&mut slot.buffer),
                SourceKind::Connection(..) => self.reader.end_connection(&mut slot.buffer),
                SourceKind::Followed(followed) => self.end_followed(followed),
                SourceKind::Datagrams(datagrams) => {
                    self.look_at_dropped(slot.source, datagrams);
                    Ok(())
                }
                #[cfg(feature = "kafka")]
                SourceKind::Topics(topics) => Ok(self.reader.end_topics(topics)?),
                SourceKind::Dial(_) | SourceKind::Listener(..) | SourceKind::Directory(_) | SourceKind::Ranges(_) => {
                    Ok(())
                }
            };
            if let Err(Stopped::RunOver) = ended {
                return Err(RunOver);
            }
            if self.reader.suspends && matches!(slot.kind, SourceKind::Followed(_)) && !self.is_written(slot.source) {
                continue; // a later run goes on with the file, whose state is kept
            }
            self.close(token, *slot)?;
        }
        Ok(())
    }

    /// Handles events from other threads.
    fn hear(&mut self) -> Result<(), RunOver> {
        let wakeup = self.bell.take(&self.heard);
        for (token, connected) in wakeup.dialed {
            self.dialed(token, connected)?;
        }
        let mut fetched = wakeup.fetched;
        fetched.dedup();
        for token in fetched {
            self.read_ready(token)?;
        }
        if !wakeup.changed.is_empty() {
            self.files_changed(&wakeup.changed, wakeup.is_listing_old)?;
        }
        Ok(())
    }
}

/// Reports a port chosen by the system, which the user could not know otherwise.
fn say_port(chosen: Option<String>) {
    if let Some(address) = chosen {
        say(format_args!("listening on {address}"));
    }
}
