//! No output: results go to other targets.

use super::{ByteSink, SinkError};

/// Drops everything.
#[derive(Debug)]
pub struct Silent;

impl ByteSink for Silent {
    fn write(&mut self, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
}
