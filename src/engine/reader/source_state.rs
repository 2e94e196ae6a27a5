//! The state of a live source.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use super::buffer::Buffer;
use super::connect::Reconnect;
use super::datagrams::Datagrams;
use super::directory::Directory;
use super::files::Ranges;
use super::followed::Followed;
#[cfg(feature = "kafka")]
use super::topics::Topics;
use crate::engine::message::SourceIndex;
use crate::source::Listener;
use crate::source::compression::Detection;
use crate::source::offset::SourceReader;

/// The state of a live source.
pub(super) struct SourceState {
    pub(super) source: SourceIndex,
    pub(super) kind: SourceKind,
    /// The input buffer; the files of a followed source have their own.
    pub(super) buffer: Buffer,
    /// The time of the last input.
    pub(super) last: Instant,
    /// True if the poller watches the source; some devices cannot be polled.
    pub(super) is_polled: bool,
    /// True if the last record may continue; it is closed when the source is idle.
    pub(super) is_open: bool,
}

/// The kind of a source, with the state needed to read it.
pub(super) enum SourceKind {
    /// A pipe, terminal or device. Other processes may share it, so it is not switched to non-blocking mode.
    Stream(File, Detection),
    /// A non-blocking connection. Outgoing connections have the state needed to reconnect.
    Connection(File, Option<Reconnect>),
    /// An outgoing connection that is not established.
    Dial(Reconnect),
    /// Accepts connections; after an error, pauses until the given time.
    Listener(Listener, Option<Instant>),
    /// Receives datagrams.
    Datagrams(Box<Datagrams>),
    /// Topics of a broker.
    #[cfg(feature = "kafka")]
    Topics(Box<Topics>),
    /// A file that is read as it grows.
    Followed(Box<Followed>),
    /// The files of a directory.
    Directory(Box<Directory>),
    /// A bounded file that is read by ranges, concurrently with live sources.
    Ranges(Ranges),
    /// A bounded input that cannot be read by ranges.
    Bytes(Box<dyn SourceReader + Send>),
}

/// The next step for a source that was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Wait until it has input.
    Wait,
    /// Read again, after the other ready sources.
    Turn,
    /// The source has ended.
    End,
}

impl SourceState {
    /// Returns the file descriptor to poll; `None` if there is none.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            SourceKind::Stream(file, _) | SourceKind::Connection(file, _) => Some(file.as_fd()),
            SourceKind::Listener(listener, _) => Some(listener.as_fd()),
            SourceKind::Datagrams(datagrams) => Some(datagrams.socket.as_fd()),
            #[cfg(feature = "kafka")]
            SourceKind::Topics(_) => None,
            SourceKind::Dial(_)
            | SourceKind::Followed(_)
            | SourceKind::Directory(_)
            | SourceKind::Ranges(_)
            | SourceKind::Bytes(_) => None,
        }
    }

    /// Returns `Wait` if the poller watches the source, `Turn` otherwise.
    pub(super) fn wait(&self) -> Readiness {
        match self.is_polled {
            true => Readiness::Wait,
            false => Readiness::Turn,
        }
    }

    /// True if it was reported as ended when it was opened, because the sources that it adds have the records. Topics are
    /// read to an end unless they are followed, and a join waits for it.
    #[cfg_attr(not(feature = "kafka"), expect(unused_variables))]
    pub(super) fn has_ended_before(&self, follows: bool) -> bool {
        match &self.kind {
            #[cfg(feature = "kafka")]
            SourceKind::Topics(_) => follows,
            kind => matches!(kind, SourceKind::Listener(..) | SourceKind::Datagrams(_) | SourceKind::Directory(_)),
        }
    }

    /// True if the source produces records itself and can be idle.
    pub(super) fn can_be_silent(&self) -> bool {
        match &self.kind {
            SourceKind::Stream(..) | SourceKind::Connection(..) | SourceKind::Dial(_) => true,
            SourceKind::Followed(followed) => followed.has_records(),
            #[cfg(feature = "kafka")]
            SourceKind::Topics(_) => false, // its partitions can
            SourceKind::Listener(..)
            | SourceKind::Datagrams(_)
            | SourceKind::Directory(_)
            | SourceKind::Ranges(_)
            | SourceKind::Bytes(_) => false,
        }
    }
}
