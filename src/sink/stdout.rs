//! Standard output.

use std::io::{self, Write};

use crate::data::reason;

/// Takes result bytes, in order.
pub trait Sink: Send {
    /// Writes all of it and makes it visible. Called by the coordinator alone.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError>;
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

impl Sink for Stdout {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(bytes)
            .and_then(|()| stdout.flush())
            .map_err(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => SinkError::Closed,
                _ => SinkError::Failed(format!("standard output: {}", reason(&error))),
            })
    }
}

impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}
