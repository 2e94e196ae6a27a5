//! The end of a run that a later one goes on with: the last record of a file is not read before it is complete.

use super::buffer::Buffer;
use super::{Reader, Stopped};
use crate::data::{Framing, STDIN_NAME, is_stdin};
use crate::engine::message::SourceIndex;

impl Reader {
    /// Leaves a file at its end. The position stays before the last record if the record may continue.
    pub(super) fn suspend_source(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.find_records(buffer)?;
        self.cut(buffer)?;
        if buffer.skipping.is_none() && buffer.is_within_record() {
            self.note_unfinished(buffer.source);
        }
        buffer.skipping = None;
        buffer.forget();
        Ok(())
    }

    /// Says that the last record of a file was not read.
    pub(super) fn note_unfinished(&self, source: SourceIndex) {
        let name = self.name_in_text(source);
        let until = match (self.framing(source), self.regroup(source)) {
            (Framing::Lines, None) => "line of {} has no newline yet; it is read when it is complete",
            (Framing::Starts(_), _) => "record of {} may go on; it is read when the next one begins",
            _ => "record of {} is not complete; it is read when it is",
        };
        self.say(format_args!("note: the last {}, or with --finish", until.replace("{}", &name)));
    }

    /// Returns the name of a source in a sentence.
    pub(super) fn name_in_text(&self, source: SourceIndex) -> String {
        match is_stdin(&self.sources.name(source)) {
            true => STDIN_NAME.to_owned(),
            false => self.sources.display(source),
        }
    }
}
