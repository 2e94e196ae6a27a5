//! Lines of a container runtime (CRI): `TIME STREAM TAG LOG`. A long line is written in parts, tagged `P` except the
//! last one, which is tagged `F`; parts of stdout and stderr may alternate.
//!
//! A joined line has the time of its first part and the tag `F`, so that joining it again changes nothing. Parts whose
//! last one never arrives are joined and keep their tag `P`. Other lines are records as they are.

use memchr::memchr;

use super::{Regrouped, keep};
use crate::data::scan::trim_terminator;

/// Joins the parts of a source.
#[derive(Debug)]
pub struct CriParts {
    limit_bytes: usize,
    /// The beginning of a line.
    line: Vec<u8>,
    /// The line is too long: it was rejected already and its rest is dropped.
    is_overlong: bool,
    /// Lines whose last part has not arrived, in the order of their first parts.
    open: Vec<OpenLine>,
}

/// The parts of a line.
#[derive(Debug)]
struct OpenLine {
    stream: Stream,
    /// The offset of its tag in the text.
    tag: usize,
    /// The first part, and the log of the others. `None` if the line is too long and was rejected already.
    text: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

/// A line as the runtime writes it.
struct CriLine {
    stream: Stream,
    is_part: bool,
    /// The offset of the tag; and the log.
    tag: usize,
    log: usize,
}

impl CriLine {
    fn of(line: &[u8]) -> Option<CriLine> {
        let time = memchr(b' ', line)?;
        let rest = &line[time + 1..];
        let stream = match rest.get(..7)? {
            b"stdout " => Stream::Out,
            b"stderr " => Stream::Err,
            _ => return None,
        };
        let tag = time + 8;
        let end = memchr(b' ', &line[tag..]).map_or(line.len(), |blank| tag + blank);
        // The first tag may be followed by others after colons.
        let is_part = match line[tag..end] {
            [b'P'] | [b'P', b':', ..] => true,
            [b'F'] | [b'F', b':', ..] => false,
            _ => return None,
        };
        Some(CriLine { stream, is_part, tag, log: line.len().min(end + 1) })
    }
}

impl CriParts {
    pub(super) fn new(limit_bytes: usize) -> Self {
        CriParts { limit_bytes, line: Vec::new(), is_overlong: false, open: Vec::new() }
    }

    /// True within a line, or if the last part of a line is missing.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.line.is_empty() || !self.open.is_empty()
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Regrouped) {
        let mut rest = bytes;
        while let Some(newline) = memchr(b'\n', rest) {
            let (line, next) = rest.split_at(newline + 1);
            rest = next;
            if std::mem::take(&mut self.is_overlong) {
                continue;
            }
            if self.line.is_empty() {
                self.take_line(trim_terminator(line), out);
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take_line(trim_terminator(&whole), out);
            }
        }
        if !self.is_overlong {
            self.line.extend_from_slice(rest);
            // One more byte than a record may have can still be the `\r` of its terminator.
            if self.line.len() > self.limit_bytes.saturating_add(1) {
                (self.is_overlong, self.line) = (true, Vec::new());
                reject_overlong(self.limit_bytes, out);
            }
        }
    }

    fn take_line(&mut self, line: &[u8], out: &mut Regrouped) {
        if line.len() > self.limit_bytes {
            return reject_overlong(self.limit_bytes, out);
        }
        let Some(part) = CriLine::of(line) else {
            return write(line, out);
        };
        let open = self.open.iter().position(|open| open.stream == part.stream);
        let Some(open) = open else {
            if part.is_part {
                self.open.push(OpenLine { stream: part.stream, tag: part.tag, text: Some(line.to_vec()) });
                return;
            }
            return write(line, out);
        };
        if let Some(text) = &mut self.open[open].text {
            let log = &line[part.log..];
            if text.len() + log.len() > self.limit_bytes {
                self.open[open].text = None;
                reject_overlong(self.limit_bytes, out);
            } else {
                keep(text, log, self.limit_bytes);
            }
        }
        if !part.is_part {
            let OpenLine { tag, text, .. } = self.open.remove(open);
            if let Some(mut text) = text {
                text[tag] = b'F';
                write(&text, out);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Regrouped) {
        let last = std::mem::take(&mut self.line);
        if !last.is_empty() {
            self.take_line(trim_terminator(&last), out);
        }
        for open in self.open.drain(..) {
            if let Some(text) = open.text {
                write(&text, out);
            }
        }
        self.is_overlong = false;
    }
}

fn write(line: &[u8], out: &mut Regrouped) {
    out.bytes.extend_from_slice(line);
    out.bytes.push(b'\n');
    out.close();
}

fn reject_overlong(limit_bytes: usize, out: &mut Regrouped) {
    let reason = format!("the line is longer than {limit_bytes} bytes, see --max-line");
    out.reject(Vec::new(), reason);
}
