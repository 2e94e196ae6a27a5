//! Between the bytes of a source and its records: a byte order mark is dropped, UTF-16 becomes UTF-8, and records
//! that no byte ends are regrouped. Most sources need nothing of it: what is read of them goes straight into the
//! buffer, once their first bytes have said so.

use std::io;

use memchr::memchr;

use super::Reader;
use super::buffer::Buffer;
use crate::data::{Ending, Regroup, Regrouped, Regrouper, has_json_values, skip_white};
use crate::engine::message::SourceIndex;
use crate::source::encoding::{ByteOrderMark, Utf16};

/// What is done with the bytes of a source before they are records.
#[derive(Debug)]
pub(super) struct Intake {
    encoding: InputEncoding,
    grouping: Grouping,
}

#[derive(Debug)]
enum InputEncoding {
    /// The first bytes have not come.
    Unknown,
    /// Any that ends lines with one byte.
    Utf8,
    Utf16(Box<Utf16>),
}

#[derive(Debug)]
enum Grouping {
    /// A framing finds the records.
    Framed,
    /// The first record has not come: so many bytes were looked at, and so many before it are white space.
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

    /// Of text without a mark, whose records are found like this.
    fn settled(grouping: Grouping) -> Intake {
        Intake { encoding: InputEncoding::Utf8, grouping }
    }

    /// Whether bytes are read straight into the buffer: they are records, or nothing is known of them yet.
    pub(super) fn is_direct(&self) -> bool {
        !matches!(self.encoding, InputEncoding::Utf16(_)) && !self.is_regrouped()
    }

    /// Whether the first bytes have told all there is to know.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(self.encoding, InputEncoding::Unknown) && !matches!(self.grouping, Grouping::Undecided { .. })
    }

    /// Whether the ends of records are known as soon as they are in the buffer.
    pub(super) fn is_regrouped(&self) -> bool {
        matches!(self.grouping, Grouping::Regrouped(_))
    }
}

impl Buffer {
    /// Lets a regrouper append to what is filled.
    fn regroup(&mut self, append: impl FnOnce(&mut Regrouper, &mut Regrouped)) {
        let mut out = self.take_regrouped();
        if let Grouping::Regrouped(regrouper) = &mut self.intake.grouping {
            append(regrouper, &mut out);
        }
        self.put_regrouped(out);
    }
}

impl Reader {
    /// Looks at the first bytes of a source: its encoding, and whether its records are regrouped. What is filled
    /// is then the text of records. `ended`: there are no more bytes.
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
            // However small the pieces are in which a long line comes, all of it is looked at a few times only.
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

    /// What is done with a datagram: it has whole records, whatever came before it.
    pub(super) fn intake_of_datagram(&self, listener: SourceIndex, bytes: &[u8]) -> Intake {
        let limit = self.max_line_bytes;
        Intake::settled(match self.regroup(listener) {
            Some(Regroup::JsonIfValues) if has_json_values(bytes, limit, true) != Some(true) => Grouping::Framed,
            Some(regroup) => Grouping::Regrouped(regroup.start(limit)),
            None => Grouping::Framed,
        })
    }

    /// Takes bytes of a source that do not go straight into its buffer.
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

    /// No more comes of a source; whether it ends in the middle of a character.
    pub(super) fn end_intake(&self, buffer: &mut Buffer, ending: Ending) -> bool {
        self.settle(buffer, true);
        let mut is_cut = false;
        if let InputEncoding::Utf16(utf16) = &mut buffer.intake.encoding {
            is_cut = utf16.finish(&mut Vec::new());
            let replaced = std::mem::take(&mut utf16.replaced);
            if replaced > 0 {
                let name = self.sources.display(buffer.source);
                self.say(format_args!("{name}: not UTF-16 in {replaced} places, each replaced by U+FFFD"));
            }
        }
        buffer.regroup(|regrouper, out| regrouper.finish(ending, out));
        is_cut
    }
}

/// Reads from an offset until so much is there or the file ends; how much there was.
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

/// Reads once, however often it is interrupted.
pub(super) fn read_once(reader: &mut dyn io::Read, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
