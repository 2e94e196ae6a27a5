//! Datagrams: each contains one or more records, and each sender is a source.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::event_loop::EventLoop;
use super::source_state::Readiness;
use super::{Reader, Stopped};
use crate::data::Framing;
use crate::engine::message::SourceIndex;
use crate::source::dropped_datagrams;
use crate::source::encoding::ByteOrderMark;

/// The maximum size of a datagram.
const DATAGRAM_BYTES: usize = 64 << 10;

/// The maximum number of datagrams read before other sources are served.
const READ_AT_ONCE: usize = 4096;

/// A socket, and the senders seen on it.
pub(super) struct Datagrams {
    pub(super) socket: UdpSocket,
    senders: HashMap<SocketAddr, Sender>,
    /// The sender whose records are not dispatched yet.
    current: Option<SocketAddr>,
    datagram: Vec<u8>,
    /// The number of datagrams dropped by the kernel, as last read.
    dropped: u64,
}

/// A sender. It has no connection that could end, so it is dropped when idle.
struct Sender {
    buffer: Buffer,
    last: Instant,
}

impl Datagrams {
    pub(super) fn new(socket: UdpSocket) -> Datagrams {
        Datagrams {
            socket,
            senders: HashMap::new(),
            current: None,
            datagram: vec![0; DATAGRAM_BYTES + 1], // plus a terminator
            dropped: 0,
        }
    }

    /// Removes and returns the senders that have been idle for at least `idle`.
    pub(super) fn take_silent(&mut self, now: Instant, idle: Duration) -> Vec<SourceIndex> {
        let is_silent = |sender: &Sender| now.saturating_duration_since(sender.last) >= idle;
        self.senders.extract_if(|_, sender| is_silent(sender)).map(|(_, sender)| sender.buffer.source).collect()
    }

    /// Dispatches the records of the current sender.
    fn flush(&mut self, reader: &mut Reader) -> Result<(), Stopped> {
        if let Some(peer) = self.current.take()
            && let Some(sender) = self.senders.get_mut(&peer)
        {
            reader.close_all(&mut sender.buffer)?;
            sender.buffer.give_room_back();
        }
        Ok(())
    }
}

impl EventLoop<'_> {
    /// Reads the kernel's count of dropped datagrams, and reports the first drop.
    pub(super) fn look_at_dropped(&self, listener: SourceIndex, datagrams: &mut Datagrams) {
        let Some(dropped) = dropped_datagrams(&datagrams.socket) else {
            return;
        };
        if dropped > datagrams.dropped {
            if datagrams.dropped == 0 && !self.reader.control.is_stopped() {
                let name = self.reader.sources.display(listener);
                self.reader.say(format_args!(
                    "{name}: the system drops datagrams because they arrive faster than bourn reads them"
                ));
            }
            datagrams.dropped = dropped;
            self.reader.sources.set_dropped(listener, dropped);
        }
    }

    /// Reads all pending datagrams, in the order of arrival.
    pub(super) fn serve_datagrams(
        &mut self,
        listener: SourceIndex,
        datagrams: &mut Datagrams,
    ) -> Result<Readiness, Stopped> {
        let now = self.now();
        let reader = &mut *self.reader;
        // A record of several lines ends at the end of the datagram.
        let framing = reader.framing(listener);
        let stands_alone = !matches!(framing, Framing::Lines | Framing::Nul);
        for _ in 0..READ_AT_ONCE {
            let (len, peer) = match datagrams.socket.recv_from(&mut datagrams.datagram[..DATAGRAM_BYTES]) {
                Ok(received) => received,
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    io::ErrorKind::Interrupted => continue,
                    _ => return Err(error.into()),
                },
            };
            if len == 0 {
                continue;
            }
            let mark = match ByteOrderMark::of(&datagrams.datagram[..len], true) {
                ByteOrderMark::Utf8(mark) => mark,
                ByteOrderMark::None | ByteOrderMark::NeedMore | ByteOrderMark::Utf16(..) => 0,
            };
            let intake = reader.intake_of_datagram(listener, &datagrams.datagram[mark..len]);
            let stands_alone = stands_alone || intake.is_regrouped();
            if datagrams.current.is_some_and(|current| current != peer) || stands_alone {
                datagrams.flush(reader)?;
            }
            datagrams.current = Some(peer);
            let sender = datagrams.senders.entry(peer).or_insert_with(|| {
                let source = reader.sources.add(peer.to_string().as_ref(), listener);
                let buffer = reader.new_buffer(source);
                Sender { buffer, last: now }
            });
            sender.last = now;
            let terminator = framing.terminator();
            let mut len = len;
            if datagrams.datagram[len - 1] != terminator {
                datagrams.datagram[len] = terminator;
                len += 1;
            }
            sender.buffer.intake = intake;
            reader.append_records(&mut sender.buffer, &datagrams.datagram[mark..len]);
            if sender.buffer.filled >= reader.chunk_bytes || stands_alone {
                datagrams.flush(reader)?;
            }
        }
        datagrams.flush(reader)?;
        self.timers.look_on(now);
        Ok(Readiness::Wait)
    }
}
