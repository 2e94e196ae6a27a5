//! `-`: standard output.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{ByteSink, Encodes, OpenSink, Promise, SinkDef, SinkError, file_length};
use crate::data::{Entry, Example, FileId, reason, stdout_was_closed};

/// The target that means standard output.
pub const STDOUT_NAME: &str = "-";

pub(super) const STDOUT: SinkDef = SinkDef {
    entry: Entry {
        name: "stdout",
        usage: STDOUT_NAME,
        summary: "Standard output.",
        details: "",
        examples: &[Example { expr: "count", input: "a\nb\n", output: "2\n" }],
    },
    promise: Promise::AtLeastOnce(
        "a pipe or terminal cannot take back what a crashed run has printed; a regular file is cut to the last commit, so \
         that it has every result once",
    ),
    encodes: |_| Encodes::AsInAPipe,
    accepts: |target| target == STDOUT_NAME,
    check: |_| Ok(()),
    path: |_| None,
    is_same: |_, _| false,
    fits: |_, _| Ok(()),
    open: OpenSink::Stdout,
};

/// Standard output, written in large blocks.
#[derive(Debug, Default)]
pub struct Stdout;

impl Stdout {
    /// Returns why standard output cannot be written to, if that is known before the first write.
    pub fn check() -> Result<(), String> {
        if stdout_was_closed() {
            return Err("standard output: is closed".to_owned());
        }
        match rustix::fs::fcntl_getfl(rustix::stdio::stdout()) {
            Ok(flags) if !flags.intersects(OFlags::WRONLY | OFlags::RDWR) => {
                Err("standard output: is open for reading only".to_owned())
            }
            _ => Ok(()),
        }
    }
}

impl ByteSink for Stdout {
    /// Writes to the descriptor directly: `std::io::Stdout` hides the errors of a closed descriptor.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let stdout = rustix::stdio::stdout();
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(stdout, rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait_for_room(stdout),
                Err(Errno::PIPE) => return Err(SinkError::Closed),
                Err(error) => return Err(failed(&error.into())),
            }
        }
        Ok(())
    }

    fn columns(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }

    fn rows(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
        Some(usize::from(size.ws_row)).filter(|rows| *rows > 0)
    }

    fn position(&self) -> Option<(FileId, u64)> {
        file_length::position(rustix::stdio::stdout())
    }

    fn cut(&mut self, length: u64) -> Result<(), SinkError> {
        file_length::cut(rustix::stdio::stdout(), length).map_err(|error| failed(&error))
    }

    fn written(&self) -> Option<File> {
        self.position()?;
        File::open("/dev/fd/1").ok()
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        if self.position().is_none() {
            return Ok(()); // a pipe or terminal
        }
        rustix::fs::fdatasync(rustix::stdio::stdout()).map_err(|error| failed(&error.into()))
    }
}

fn failed(error: &io::Error) -> SinkError {
    SinkError::Failed(format!("standard output: {}", reason(error)))
}

/// Waits until a descriptor that another process has made non-blocking accepts more bytes; the next write reports
/// errors.
fn wait_for_room(stdout: BorrowedFd<'_>) {
    let _ = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None);
}
