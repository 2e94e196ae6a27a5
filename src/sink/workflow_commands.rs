//! Keeps GitHub from taking results for workflow commands.
//!
//! In a GitHub workflow a line of output that begins with `::` is a command (`::set-output …`), also after white space,
//! and so is `##[…]` anywhere in a line. Text from a log must never be one.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::fs::File;

use super::{BatchId, ByteSink, SinkError};
use crate::data::FileId;

/// Inserts a backslash into text that GitHub would take for a command: `\::set-env`, `#\#[group]`.
pub struct NoCommands<S: ?Sized> {
    to: Box<S>,
    /// Only white space has been written since the last newline.
    is_line_start: bool,
}

impl<S: ByteSink + ?Sized> NoCommands<S> {
    /// Wraps the sink `to`.
    pub fn new(to: Box<S>) -> NoCommands<S> {
        NoCommands { to, is_line_start: true }
    }
}

impl<S: ByteSink + ?Sized> ByteSink for NoCommands<S> {
    fn begin(&mut self, batch: BatchId) -> Result<(), SinkError> {
        self.to.begin(batch)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let mut out = Vec::with_capacity(bytes.len());
        for (at, byte) in bytes.iter().enumerate() {
            let rest = &bytes[at..];
            if self.is_line_start && rest.starts_with(b"::") {
                out.push(b'\\');
            }
            out.push(*byte);
            if rest.starts_with(b"##[") {
                out.push(b'\\');
            }
            self.is_line_start = match byte {
                b'\n' | b'\r' => true,
                b' ' | b'\t' | b'\x0b' | b'\x0c' => self.is_line_start,
                _ => false,
            };
        }
        self.to.write(&out)
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        self.to.commit()
    }

    fn columns(&self) -> Option<usize> {
        self.to.columns()
    }

    fn position(&self) -> Option<(FileId, u64)> {
        self.to.position()
    }

    fn cut(&mut self, length: u64) -> Result<(), SinkError> {
        self.to.cut(length)
    }

    fn written(&self) -> Option<File> {
        self.to.written()
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        self.to.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut sink = NoCommands::new(Box::new(Vec::new()));
        sink.write(text.as_bytes()).expect("a vector takes all");
        String::from_utf8(*sink.to).expect("text")
    }

    #[test]
    fn commands_are_broken_and_nothing_else_changes() {
        assert_eq!(written("::error::x\na\t::b\n  ::warning::\n"), "\\::error::x\na\t::b\n  \\::warning::\n");
        assert_eq!(written("x ##[group]y ## [\n"), "x #\\#[group]y ## [\n");
        assert_eq!(written("a::b\n:c\n\n"), "a::b\n:c\n\n");
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        let mut sink = NoCommands::new(Box::new(Vec::new()));
        for piece in ["a", "::b\n", " ", "::c\n"] {
            sink.write(piece.as_bytes()).expect("a vector takes all");
        }
        assert_eq!(*sink.to, b"a::b\n \\::c\n");
    }
}
