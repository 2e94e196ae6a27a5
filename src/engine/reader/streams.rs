//! Byte streams: pipes, terminals and connections.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use super::event_loop::EventLoop;
use super::poller::has_input;
use super::source_state::{Readiness, SourceKind, SourceState};
use super::{RunOver, Stopped};
use crate::data::reason;
use crate::engine::control::{Control, Waited};
use crate::source::compression::{Compression, Detection};

/// The capacity requested for pipes: a larger one needs fewer switches between producer and reader.
pub(super) const PIPE_BYTES: usize = 1 << 20;

/// A read from a connection that returns fewer bytes has drained it.
const DRAINED_BYTES: u64 = 16 << 10;

/// The maximum number of connections accepted before other sources are served.
const ACCEPTED_AT_ONCE: usize = 64;

/// The pause after a failure to accept a connection.
const REST: Duration = Duration::from_millis(100);

impl EventLoop<'_> {
    /// Reads a pipe until it is drained or a chunk is full.
    pub(super) fn read_stream(&mut self, token: usize, slot: &mut SourceState) -> Result<Readiness, Stopped> {
        let SourceKind::Stream(file, detection) = &mut slot.kind else {
            return Ok(Readiness::End);
        };
        // A skipped record fills no chunk, so the bytes read are limited too: other sources and signals must be served.
        let most = slot.buffer.taken + self.reader.bytes_a_turn();
        loop {
            match self.reader.fill(&mut slot.buffer, file) {
                Ok(true) => {}
                Ok(false) => {
                    self.reader.end_source(&mut slot.buffer)?;
                    return Ok(Readiness::End);
                }
                Err(error) => {
                    self.reader.end_failed_source(&mut slot.buffer, error)?;
                    return Ok(Readiness::End);
                }
            }
            if matches!(detection, Detection::NeedMore) {
                *detection = Compression::detect(slot.buffer.filled());
                match *detection {
                    Detection::Plain => {}
                    Detection::NeedMore => return Ok(slot.wait()),
                    Detection::Compressed(_) if self.open > 1 => {
                        let message =
                            "compressed input cannot be read together with live sources; decompress it before the pipe";
                        return Err(io::Error::other(message).into());
                    }
                    Detection::Compressed(compression) => {
                        let head = io::Cursor::new(slot.buffer.filled().to_vec());
                        let rest = PendingStream { file: file.try_clone()?, control: Arc::clone(&self.reader.control) };
                        self.poller.remove(file.as_fd(), token);
                        slot.buffer.forget();
                        slot.kind = SourceKind::Bytes(Box::new(compression.reader(Box::new(head.chain(rest)))?));
                        return Ok(Readiness::Turn);
                    }
                }
            }
            self.reader.find_records(&mut slot.buffer)?;
            let is_full = slot.buffer.filled >= self.reader.chunk_bytes || slot.buffer.taken >= most;
            if is_full || !has_input(file.as_fd()) {
                break;
            }
        }
        self.hand_out(token, slot)?;
        Ok(slot.wait())
    }

    /// Dispatches complete records, unless they can be held to fill the chunk.
    fn hand_out(&mut self, token: usize, slot: &mut SourceState) -> Result<(), RunOver> {
        (slot.last, slot.is_open) = (self.now(), self.reader.framing(slot.source).has_starts());
        let is_full = slot.buffer.filled >= self.reader.chunk_bytes;
        let can_wait = self.reader.waits_for_more && self.open == 1;
        if can_wait && !is_full && !self.reader.dispatch.is_time() {
            self.held = (slot.buffer.whole > 0).then_some(token);
            return Ok(());
        }
        if let Some(held) = self.held.take().filter(|held| *held != token)
            && let Some(held) = &mut self.slots[held]
        {
            self.reader.cut(&mut held.buffer)?; // its records arrived earlier
        }
        self.reader.cut(&mut slot.buffer)
    }

    /// Reads a connection until it is drained or a chunk is full.
    pub(super) fn read_connection(&mut self, token: usize, slot: &mut SourceState) -> Result<Readiness, Stopped> {
        let SourceKind::Connection(file, dialing) = &mut slot.kind else {
            return Ok(Readiness::End);
        };
        let before = slot.buffer.taken;
        let most = before + self.reader.bytes_a_turn();
        let lost = loop {
            let taken = slot.buffer.taken;
            match self.reader.fill(&mut slot.buffer, file) {
                Ok(true) => {}
                Ok(false) => break Some(None),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break None,
                Err(error) => break Some(Some(error)),
            }
            let read = slot.buffer.taken - taken;
            self.reader.find_records(&mut slot.buffer)?;
            let is_full = slot.buffer.filled >= self.reader.chunk_bytes || slot.buffer.taken >= most;
            if is_full || read < DRAINED_BYTES {
                break None;
            }
        };
        if let (true, Some(dialing)) = (slot.buffer.taken > before, dialing) {
            dialing.has_answered();
        }
        match lost {
            None => {
                if slot.buffer.taken > before {
                    self.hand_out(token, slot)?;
                }
                Ok(Readiness::Wait)
            }
            Some(error) => self.lose(token, slot, error),
        }
    }

    /// Handles the end of a connection: reconnects if it is an outgoing one and is followed.
    fn lose(&mut self, token: usize, slot: &mut SourceState, error: Option<io::Error>) -> Result<Readiness, Stopped> {
        self.held = self.held.filter(|held| *held != token);
        match &error {
            // Closed normally: the last line counts even without a newline.
            None => self.reader.end_source(&mut slot.buffer)?,
            Some(_) => self.reader.end_connection(&mut slot.buffer)?,
        }
        let SourceKind::Connection(file, dialing) = &mut slot.kind else {
            return Ok(Readiness::End);
        };
        match dialing.take() {
            Some(mut dialing) if self.reader.reading.follow => {
                let why = match &error {
                    Some(error) => reason(error),
                    None => "the connection was closed".to_owned(),
                };
                self.poller.remove(file.as_fd(), token);
                self.note_outage(slot.source, &mut dialing, &why);
                self.timers.again_at(dialing.wait(self.now()));
                slot.kind = SourceKind::Dial(dialing);
                slot.buffer = self.reader.new_buffer(slot.source);
                slot.is_open = false;
                Ok(Readiness::Wait)
            }
            Some(_) => match error {
                Some(error) => Err(error.into()),
                None => Ok(Readiness::End),
            },
            // A client that disconnects is not an error.
            None => Ok(Readiness::End),
        }
    }

    /// Accepts pending connections.
    pub(super) fn read_listener(&mut self, token: usize, slot: &mut SourceState) -> Result<Readiness, Stopped> {
        let SourceKind::Listener(listener, rests) = &mut slot.kind else {
            return Ok(Readiness::End);
        };
        for _ in 0..ACCEPTED_AT_ONCE {
            match listener.accept() {
                Ok(None) => break,
                Ok(Some((file, peer))) => {
                    let source = self.reader.sources.add(peer.as_ref(), slot.source);
                    self.insert(source, SourceKind::Connection(file, None))?;
                }
                // The client closed the connection before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    // Too many files are open. Further clients wait in the backlog.
                    let name = self.reader.sources.display(slot.source);
                    self.say_once(format!("{name}: {}; further clients wait", reason(&error)));
                    let until = self.now() + REST;
                    *rests = Some(until);
                    self.poller.remove(listener.as_fd(), token);
                    self.timers.again_at(until);
                    break;
                }
            }
        }
        Ok(Readiness::Wait)
    }
}

/// A stream that ends when the run is stopped.
struct PendingStream {
    file: File,
    control: Arc<Control>,
}

impl Read for PendingStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.control.wait(self.file.as_fd(), None) {
                Waited::Stop => return Ok(0),
                Waited::SnapshotRequested => {} // the batch ends when the decompressor returns
                Waited::Input | Waited::Time => return self.file.read(buffer),
            }
        }
    }
}
