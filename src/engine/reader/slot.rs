//! A live source while it is read.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use super::buffer::Buffer;
use super::datagrams::Datagrams;
use super::dial::Dialing;
use super::directory::Directory;
use super::files::Ranges;
use super::followed::Followed;
use crate::engine::message::SourceIndex;
use crate::source::Listener;
use crate::source::compression::Detection;

/// A live source while it is read.
pub(super) struct Slot {
    pub(super) source: SourceIndex,
    pub(super) kind: Kind,
    /// What was read of it; a followed file has its own.
    pub(super) buffer: Buffer,
    /// When it last had something.
    pub(super) last: Instant,
    /// The poller tells when it has something; of some devices it does not.
    pub(super) is_polled: bool,
    /// Its last record is not closed: more lines may come, unless none comes for a while.
    pub(super) is_open: bool,
}

/// How it is read.
pub(super) enum Kind {
    /// A pipe, terminal or device: others may have it as well, so that it stays as it is and may block.
    Stream(File, Detection),
    /// A connection, which does not block; how to make it again, if it was made here.
    Connection(File, Option<Dialing>),
    /// Not connected.
    Dial(Dialing),
    /// Takes connections; until when it rests, because there are too many.
    Listener(Listener, Option<Instant>),
    /// Takes datagrams.
    Datagrams(Box<Datagrams>),
    /// A file that is read on as it grows.
    Followed(Box<Followed>),
    /// All files in a directory.
    Directory(Box<Directory>),
    /// A file beside live sources, which is read as fast as it goes.
    Ranges(Ranges),
    /// The same, of what cannot be read by ranges.
    Bytes(Box<dyn Read + Send>),
}

/// What is to be done with a source that was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait until it has input.
    Wait,
    /// Go on at once, when others have had their turn.
    Turn,
    /// It has ended.
    End,
}

impl Slot {
    /// What is waited for.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            Kind::Stream(file, _) | Kind::Connection(file, _) => Some(file.as_fd()),
            Kind::Listener(listener, _) => Some(listener.as_fd()),
            Kind::Datagrams(datagrams) => Some(datagrams.socket.as_fd()),
            Kind::Dial(_) | Kind::Followed(_) | Kind::Directory(_) | Kind::Ranges(_) | Kind::Bytes(_) => None,
        }
    }

    /// Waits for input, where somebody tells of it.
    pub(super) fn wait(&self) -> Next {
        match self.is_polled {
            true => Next::Wait,
            false => Next::Turn,
        }
    }

    /// Whether records come from it itself, and time can pass without any.
    pub(super) fn can_be_silent(&self) -> bool {
        match &self.kind {
            Kind::Stream(..) | Kind::Connection(..) | Kind::Dial(_) => true,
            Kind::Followed(followed) => followed.has_records(),
            Kind::Listener(..) | Kind::Datagrams(_) | Kind::Directory(_) | Kind::Ranges(_) | Kind::Bytes(_) => false,
        }
    }
}
