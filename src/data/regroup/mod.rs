//! Records that no byte ends: JSON values, lines that were written in parts, messages with a count before them.
//!
//! The reader finds them while it reads, whatever the pieces in which the bytes come, and writes them one after
//! another in a form that a [`Framing`] splits again: a JSON value or a joined line is one line. So workers and
//! scanners treat them like any other record, and a source that has one value a line is not regrouped at all.

mod cri;
mod detect;
mod json;
mod octets;

use super::framing::Framing;

pub use detect::has_json_values;

use cri::CriParts;
use json::JsonValues;
use octets::OctetCounts;

/// How records are found that no byte ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regroup {
    /// JSON values where the source begins with some that are not one a line; else lines.
    JsonIfValues,
    /// JSON values, wherever they end.
    Json,
    /// Lines of a container runtime, whose parts are joined.
    Cri,
    /// Messages after their length in bytes (RFC 6587).
    OctetCounted,
}

impl Regroup {
    /// How the records are split that were found.
    pub fn framing(self) -> Framing {
        match self {
            Regroup::JsonIfValues | Regroup::Json | Regroup::Cri => Framing::Lines,
            Regroup::OctetCounted => Framing::Counted,
        }
    }

    /// Finds records from the start of a source on. A record longer than `limit_bytes` is rejected.
    pub fn start(self, limit_bytes: usize) -> Regrouper {
        match self {
            Regroup::JsonIfValues | Regroup::Json => Regrouper::Json(Box::new(JsonValues::new(limit_bytes))),
            Regroup::Cri => Regrouper::Cri(CriParts::new(limit_bytes)),
            Regroup::OctetCounted => Regrouper::Octets(OctetCounts::new(limit_bytes)),
        }
    }
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// Its bytes, as far as they are known and worth keeping.
    pub text: Vec<u8>,
    /// Why.
    pub reason: String,
}

/// Records that were found, and the beginning of one.
#[derive(Debug, Default)]
pub struct Regrouped {
    /// The records, as their framing splits them.
    pub bytes: Vec<u8>,
    /// Up to here they are whole.
    pub whole: usize,
    /// Rejected records, each with where in the bytes it was.
    pub rejected: Vec<(usize, RejectedRecord)>,
}

impl Regrouped {
    /// The bytes of the record that is not whole yet.
    fn open(&self) -> &[u8] {
        &self.bytes[self.whole..]
    }

    /// Drops the record that is not whole yet.
    fn drop_open(&mut self) {
        self.bytes.truncate(self.whole);
    }

    /// The open record is whole.
    fn close(&mut self) {
        self.whole = self.bytes.len();
    }

    /// Rejects a record that comes after all whole ones.
    fn reject(&mut self, text: Vec<u8>, reason: String) {
        let rejected = RejectedRecord { text, reason };
        self.rejected.push((self.whole, rejected));
    }
}

/// How a source has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// There is no more.
    Whole,
    /// The run was stopped, or the connection was cut: more was to come.
    CutOff,
}

/// Finds the records of one source.
#[derive(Debug)]
pub enum Regrouper {
    /// JSON values.
    Json(Box<JsonValues>),
    /// Lines in parts.
    Cri(CriParts),
    /// Messages with a count.
    Octets(OctetCounts),
}

impl Regrouper {
    /// Takes the next bytes of the source.
    pub fn push(&mut self, bytes: &[u8], out: &mut Regrouped) {
        match self {
            Regrouper::Json(values) => values.push(bytes, out),
            Regrouper::Cri(parts) => parts.push(bytes, out),
            Regrouper::Octets(counts) => counts.push(bytes, out),
        }
    }

    /// No more comes: finishes the last record.
    pub fn finish(&mut self, ending: Ending, out: &mut Regrouped) {
        match self {
            Regrouper::Json(values) => values.finish(ending, out),
            Regrouper::Cri(parts) => parts.finish(out),
            Regrouper::Octets(counts) => counts.finish(out),
        }
    }
}

/// Appends to a text that is kept only up to so many bytes.
fn keep(text: &mut Vec<u8>, bytes: &[u8], limit_bytes: usize) {
    let room = limit_bytes.saturating_sub(text.len());
    text.extend_from_slice(&bytes[..room.min(bytes.len())]);
}

#[cfg(test)]
mod tests;
