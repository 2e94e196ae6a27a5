//! Records without a terminator: JSON values, lines written in parts, messages preceded by their length.
//!
//! The reader finds them while it reads, however the bytes arrive, and writes them one after another in a form that a
//! [`Framing`] splits again: a JSON value or a joined line becomes one line. So workers and scanners treat them like
//! any other record, and a source with one value per line is not regrouped at all.

mod cri;
mod detect;
mod json;
mod octets;

use super::framing::Framing;

pub use detect::has_json_values;

use cri::CriParts;
use json::JsonValues;
use octets::OctetCounts;

/// How records without a terminator are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regroup {
    /// JSON values if the source begins with values that are not one per line; otherwise lines.
    JsonIfValues,
    /// JSON values, wherever they end.
    Json,
    /// Lines of a container runtime, whose parts are joined.
    Cri,
    /// Messages preceded by their length in bytes (RFC 6587).
    OctetCounted,
}

impl Regroup {
    /// Returns the framing that splits the regrouped records.
    pub fn framing(self) -> Framing {
        match self {
            Regroup::JsonIfValues | Regroup::Json | Regroup::Cri => Framing::Lines,
            Regroup::OctetCounted => Framing::Counted,
        }
    }

    /// Starts at the beginning of a source. A record longer than `limit_bytes` is rejected.
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
    /// The reason.
    pub reason: String,
}

/// Complete records, and the beginning of the next one.
#[derive(Debug, Default)]
pub struct Regrouped {
    /// The records in the form that their framing splits.
    pub bytes: Vec<u8>,
    /// The end of the complete records.
    pub whole: usize,
    /// Rejected records, each with its offset in the bytes.
    pub rejected: Vec<(usize, RejectedRecord)>,
}

impl Regrouped {
    /// Returns the bytes of the incomplete record.
    fn open(&self) -> &[u8] {
        &self.bytes[self.whole..]
    }

    /// Drops the incomplete record.
    fn drop_open(&mut self) {
        self.bytes.truncate(self.whole);
    }

    /// Completes the open record.
    fn close(&mut self) {
        self.whole = self.bytes.len();
    }

    /// Rejects a record that follows all complete ones.
    fn reject(&mut self, text: Vec<u8>, reason: String) {
        let rejected = RejectedRecord { text, reason };
        self.rejected.push((self.whole, rejected));
    }
}

/// How a source has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At its end.
    Whole,
    /// The run was stopped, or the connection was cut.
    CutOff,
}

/// Finds the records of one source.
#[derive(Debug)]
pub enum Regrouper {
    /// JSON values.
    Json(Box<JsonValues>),
    /// Lines written in parts.
    Cri(CriParts),
    /// Messages preceded by their length.
    Octets(OctetCounts),
}

impl Regrouper {
    /// Reads the next bytes of the source.
    pub fn push(&mut self, bytes: &[u8], out: &mut Regrouped) {
        match self {
            Regrouper::Json(values) => values.push(bytes, out),
            Regrouper::Cri(parts) => parts.push(bytes, out),
            Regrouper::Octets(counts) => counts.push(bytes, out),
        }
    }

    /// True if the bytes so far end within a record or a list.
    pub fn is_open(&self) -> bool {
        match self {
            Regrouper::Json(values) => values.is_unfinished(),
            Regrouper::Cri(parts) => parts.is_unfinished(),
            Regrouper::Octets(counts) => counts.is_unfinished(),
        }
    }

    /// Ends the source and completes the last record.
    pub fn finish(&mut self, ending: Ending, out: &mut Regrouped) {
        match self {
            Regrouper::Json(values) => values.finish(ending, out),
            Regrouper::Cri(parts) => parts.finish(out),
            Regrouper::Octets(counts) => counts.finish(out),
        }
    }
}

/// Appends to a text of at most `limit_bytes`.
fn keep(text: &mut Vec<u8>, bytes: &[u8], limit_bytes: usize) {
    let room = limit_bytes.saturating_sub(text.len());
    text.extend_from_slice(&bytes[..room.min(bytes.len())]);
}

#[cfg(test)]
mod tests;
