//! A live source while it is read.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use super::buffer::Buffer;
use super::connect::Reconnect;
use super::datagrams::Datagrams;
use super::directory::Directory;
use super::files::Ranges;
use super::followed::Followed;
use crate::engine::message::SourceIndex;
use crate::source::Listener;
use crate::source::compression::Detection;

/// A live source while it is read.
pub(super) struct SourceState {
    pub(super) source: SourceIndex,
    pub(super) kind: SourceKind,
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
pub(super) enum SourceKind {
    /// A pipe, terminal or device: others may have it as well, so that it stays as it is and may block.
    Stream(File, Detection),
    /// A connection, which does not block; how to make it again, if it was made here.
    Connection(File, Option<Reconnect>),
    /// Not connected.
    Dial(Reconnect),
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
pub(super) enum Readiness {
    /// Wait until it has input.
    Wait,
    /// Go on at once, when others have had their turn.
    Turn,
    /// It has ended.
    End,
}

impl SourceState {
    /// What is waited for.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            SourceKind::Stream(file, _) | SourceKind::Connection(file, _) => Some(file.as_fd()),
            SourceKind::Listener(listener, _) => Some(listener.as_fd()),
            SourceKind::Datagrams(datagrams) => Some(datagrams.socket.as_fd()),
            SourceKind::Dial(_)
            | SourceKind::Followed(_)
            | SourceKind::Directory(_)
            | SourceKind::Ranges(_)
            | SourceKind::Bytes(_) => None,
        }
    }

    /// Waits for input, where somebody tells of it.
    pub(super) fn wait(&self) -> Readiness {
        match self.is_polled {
            true => Readiness::Wait,
            false => Readiness::Turn,
        }
    }

    /// Whether records come from it itself, and time can pass without any.
    pub(super) fn can_be_silent(&self) -> bool {
        match &self.kind {
            SourceKind::Stream(..) | SourceKind::Connection(..) | SourceKind::Dial(_) => true,
            SourceKind::Followed(followed) => followed.has_records(),
            SourceKind::Listener(..)
            | SourceKind::Datagrams(_)
            | SourceKind::Directory(_)
            | SourceKind::Ranges(_)
            | SourceKind::Bytes(_) => false,
        }
    }
}
