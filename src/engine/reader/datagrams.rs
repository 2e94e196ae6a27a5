//! Datagrams: each is one or several records, and every sender a source.

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

/// The longest datagram there is.
const DATAGRAM_BYTES: usize = 64 << 10;

/// How many are read before others have their turn.
const READ_AT_ONCE: usize = 4096;

/// A socket with those who send to it.
pub(super) struct Datagrams {
    pub(super) socket: UdpSocket,
    senders: HashMap<SocketAddr, Sender>,
    /// Whose records are not handed out yet.
    current: Option<SocketAddr>,
    datagram: Vec<u8>,
    /// How many the system was seen to have dropped.
    dropped: u64,
}

/// One of them. It has no connection that could end: after a silence it is forgotten.
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
            datagram: vec![0; DATAGRAM_BYTES + 1], // and a terminator
            dropped: 0,
        }
    }

    /// Takes senders out that have been silent for so long.
    pub(super) fn take_silent(&mut self, now: Instant, idle: Duration) -> Vec<SourceIndex> {
        let is_silent = |sender: &Sender| now.saturating_duration_since(sender.last) >= idle;
        self.senders.extract_if(|_, sender| is_silent(sender)).map(|(_, sender)| sender.buffer.source).collect()
    }

    /// Hands out the records of the current sender.
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
    /// Looks how many datagrams the system has dropped, and says so when the first ones are.
    pub(super) fn look_at_dropped(&self, listener: SourceIndex, datagrams: &mut Datagrams) {
        let Some(dropped) = dropped_datagrams(&datagrams.socket) else {
            return;
        };
        if dropped > datagrams.dropped {
            if datagrams.dropped == 0 && !self.reader.control.is_stopped() {
                let name = self.reader.sources.display(listener);
                self.reader
                    .say(format_args!("{name}: the system drops datagrams: they come faster than they are read"));
            }
            datagrams.dropped = dropped;
            self.reader.sources.set_dropped(listener, dropped);
        }
    }

    /// Reads datagrams as long as there are any, in the order in which they have come.
    pub(super) fn serve_datagrams(
        &mut self,
        listener: SourceIndex,
        datagrams: &mut Datagrams,
    ) -> Result<Readiness, Stopped> {
        let now = Instant::now();
        let reader = &mut *self.reader;
        // Where a record may have several lines, it ends with the datagram even so.
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
        self.timers.look_on();
        Ok(Readiness::Wait)
    }
}
