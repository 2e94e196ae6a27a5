//! Converts the bytes of a source before framing: drops a byte order mark, converts UTF-16 to UTF-8, and regroups
//! records that no delimiter ends. Most sources need none of this; once their first bytes show it, reads go straight
//! into the buffer.

use std::io;

use memchr::memchr;

use super::Reader;
use super::buffer::Buffer;
use crate::data::{Ending, Regroup, Regrouped, Regrouper, has_json_values, skip_white};
use crate::engine::message::SourceIndex;
use crate::source::encoding::{ByteOrderMark, Utf16};
use crate::source::offset::SourceReader;

/// The conversions applied to the bytes of a source.
#[derive(Debug)]
pub(super) struct Intake {
    encoding: InputEncoding,
    grouping: Grouping,
}

#[derive(Debug)]
enum InputEncoding {
    /// The first bytes have not been read.
    Unknown,
    /// UTF-8, or any other encoding in which a newline is one byte.
    Utf8,
    Utf16(Box<Utf16>),
}

#[derive(Debug)]
enum Grouping {
    /// Records are found by framing.
    Framed,
    /// The first record has not been read. `looked_at` bytes were examined, of which the first `white` are white space.
    Undecided {
        regroup: Regroup,
        looked_at: usize,
        white: usize,
    },
    Regrouped(Regrouper),
}

impl Intake {
    pub(super) fn new(regroup: Option<Regroup>) -> Intake {
        Intake {
            encoding: InputEncoding::Unknown,
            grouping: match regroup {
                None => Grouping::Framed,
                Some(regroup) => Grouping::Undecided { regroup, looked_at: 0, white: 0 },
            },
        }
    }

    /// Returns the intake for text without a byte order mark.
    fn settled(grouping: Grouping) -> Intake {
        Intake { encoding: InputEncoding::Utf8, grouping }
    }

    /// True if bytes are read straight into the buffer: they need no conversion, or it is not known yet.
    pub(super) fn is_direct(&self) -> bool {
        !matches!(self.encoding, InputEncoding::Utf16(_)) && !self.is_regrouped()
    }

    /// True if the encoding and the grouping are known.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(self.encoding, InputEncoding::Unknown) && !matches!(self.grouping, Grouping::Undecided { .. })
    }

    /// True if the regrouper finds the ends of records, not the framing.
    pub(super) fn is_regrouped(&self) -> bool {
        matches!(self.grouping, Grouping::Regrouped(_))
    }
}

impl Buffer {
    /// True if a record has begun that is not complete.
    pub(super) fn is_within_record(&self) -> bool {
        match &self.intake.grouping {
            Grouping::Framed => self.filled > 0,
            Grouping::Undecided { .. } => !self.filled().trim_ascii().is_empty(),
            Grouping::Regrouped(regrouper) => regrouper.is_open(),
        }
    }

    /// Lets the regrouper append to the buffer.
    fn regroup(&mut self, append: impl FnOnce(&mut Regrouper, &mut Regrouped)) {
        let mut out = self.take_regrouped();
        if let Grouping::Regrouped(regrouper) = &mut self.intake.grouping {
            append(regrouper, &mut out);
        }
        self.put_regrouped(out);
    }
}

impl Reader {
    /// Examines the first bytes of a source to determine its encoding and whether its records are regrouped. Afterwards
    /// the buffer contains the text of records. `ended`: there are no more bytes.
    pub(super) fn settle(&self, buffer: &mut Buffer, ended: bool) {
        if let InputEncoding::Unknown = buffer.intake.encoding {
            buffer.intake.encoding = match ByteOrderMark::of(buffer.filled(), ended) {
                ByteOrderMark::NeedMore => return,
                ByteOrderMark::None => InputEncoding::Utf8,
                ByteOrderMark::Utf8(mark) => {
                    buffer.drop_front(mark);
                    buffer.prologue_bytes += mark as u64;
                    InputEncoding::Utf8
                }
                ByteOrderMark::Utf16(mark, mut utf16) => {
                    let mut text = Vec::new();
                    utf16.convert(&buffer.filled()[mark..], &mut text);
                    buffer.forget();
                    buffer.append(&text);
                    InputEncoding::Utf16(utf16)
                }
            };
        }
        let limit = self.max_line_bytes;
        let filled = &buffer.bytes[..buffer.filled];
        let Grouping::Undecided { regroup, looked_at, white } = &mut buffer.intake.grouping else {
            return;
        };
        let regroup = *regroup;
        if regroup == Regroup::JsonIfValues {
            *white = skip_white(filled, *white);
            let seen = (*looked_at).max(*white).min(filled.len());
            // A long line that arrives in small pieces is examined only when its length has doubled.
            let is_time = ended
                || filled.len() > limit
                || filled.len() >= looked_at.saturating_mul(2)
                || memchr(b'\n', &filled[seen..]).is_some();
            let told = is_time.then(|| has_json_values(filled, limit, ended));
            match told.flatten() {
                None => {
                    if is_time {
                        *looked_at = filled.len();
                    }
                    return;
                }
                Some(false) => {
                    buffer.intake.grouping = Grouping::Framed;
                    return;
                }
                Some(true) => {}
            }
        }
        let text = filled.to_vec();
        buffer.forget();
        buffer.intake.grouping = Grouping::Regrouped(regroup.start(limit));
        buffer.regroup(|regrouper, out| regrouper.push(&text, out));
    }

    /// Returns the intake for a datagram, which has complete records whatever preceded it.
    pub(super) fn intake_of_datagram(&self, listener: SourceIndex, bytes: &[u8]) -> Intake {
        let limit = self.max_line_bytes;
        Intake::settled(match self.regroup(listener) {
            Some(Regroup::JsonIfValues) if has_json_values(bytes, limit, true) != Some(true) => Grouping::Framed,
            Some(regroup) => Grouping::Regrouped(regroup.start(limit)),
            None => Grouping::Framed,
        })
    }

    /// Converts bytes that do not go straight into the buffer.
    pub(super) fn take_in(&self, buffer: &mut Buffer, bytes: &[u8]) {
        let mut converted = Vec::new();
        let text = match &mut buffer.intake.encoding {
            InputEncoding::Unknown | InputEncoding::Utf8 => bytes,
            InputEncoding::Utf16(utf16) => {
                utf16.convert(bytes, &mut converted);
                &converted
            }
        };
        if buffer.intake.is_regrouped() {
            buffer.regroup(|regrouper, out| regrouper.push(text, out));
        } else {
            buffer.append(text);
        }
    }

    /// Ends the conversion; returns true if the source ends in the middle of a character.
    pub(super) fn end_intake(&self, buffer: &mut Buffer, ending: Ending) -> bool {
        self.settle(buffer, true);
        let mut is_cut = false;
        if let InputEncoding::Utf16(utf16) = &mut buffer.intake.encoding {
            is_cut = utf16.finish(&mut Vec::new());
            let replaced = std::mem::take(&mut utf16.replaced);
            if replaced > 0 {
                let name = self.sources.display(buffer.source);
                self.say(format_args!("{name}: invalid UTF-16 in {replaced} places, replaced by U+FFFD"));
            }
        }
        buffer.regroup(|regrouper, out| regrouper.finish(ending, out));
        is_cut
    }
}

/// Reads at an offset until `bytes` is full or the file ends; returns the number of bytes read.
pub(super) fn read_fully(file: &std::fs::File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        let at = offset + filled as u64;
        match std::os::unix::fs::FileExt::read_at(file, &mut bytes[filled..], at) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads once, retrying when interrupted.
pub(super) fn read_once(reader: &mut dyn SourceReader, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
