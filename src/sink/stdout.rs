//! Standard output.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::data::{reason, stdout_was_closed};

/// Takes result bytes, in order.
pub trait Sink: Send {
    /// Writes all of it and makes it visible. Called by the coordinator alone.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError>;

    /// How many cells a line has now, if it is a terminal's.
    fn columns(&self) -> Option<usize> {
        None
    }
}

/// Why nothing more can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkError {
    /// The reader has gone: nobody wants more, which is no failure.
    Closed,
    /// Anything else, as a sentence.
    Failed(String),
}

/// Standard output, written in large pieces.
#[derive(Debug, Default)]
pub struct Stdout;

impl Stdout {
    /// Why standard output takes no results, if that is known before the first write.
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

impl Sink for Stdout {
    /// Writes to the descriptor itself: `std::io::Stdout` hides errors of a descriptor that cannot be written to.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let stdout = rustix::stdio::stdout();
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(stdout, rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => wait_for_room(stdout),
                Err(Errno::PIPE) => return Err(SinkError::Closed),
                Err(error) => {
                    return Err(SinkError::Failed(format!("standard output: {}", reason(&error.into()))));
                }
            }
        }
        Ok(())
    }

    fn columns(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
        Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
    }
}

/// Waits until a descriptor that another process has made non-blocking takes more; the next write shows any error.
fn wait_for_room(stdout: BorrowedFd<'_>) {
    let _ = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None);
}

impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}
