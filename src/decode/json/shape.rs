//! Records of one shape: the text between the values is the same.
//!
//! Programs write their logs by template, so most records differ from the previous one only in their values. A
//! [`Shape`] is such a record with holes for its strings, numbers and words: `{"path": "`, hole, `", "status": `, hole,
//! `}`. If another record has the same text around its holes, no quote within string holes, and only characters of
//! numbers and words in the others, then it has the same tokens in the same order, hence the same structure, and every
//! name is in the same position: no walk is needed. That the structure of one record predicts that of the next is the
//! idea of Mison (Li, Katsipoulakis, Chandramouli, Goldstein, Kossmann: *Mison: A Fast JSON Parser for Data Analytics*,
//! VLDB 2017). Unlike there, the guess is verified byte for byte.

use crate::data::{TextSpan, skip_long_string, skip_quoted, skip_scalar, skip_white};

/// A record with more values than this is not learned.
const MAX_HOLES: usize = 512;

/// A record with more text around its values is not learned either, because the text would be kept.
const MAX_GLUE_BYTES: usize = 16 << 10;

/// The end of a string that was at least this long is searched for in longer steps.
const LONG_BYTES: usize = 16;

/// The text before a value, or after the last one.
#[derive(Debug)]
struct Glue {
    /// Its first 16 bytes, zero-padded.
    head: u128,
    /// The bits of `head` that count.
    mask: u128,
    len: usize,
    /// The bytes after the first 16.
    rest: Box<[u8]>,
}

/// The kind of value in a hole. The quotes of a string belong to the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HoleKind {
    String,
    LongString,
    /// A number, `true`, `false`, `null`.
    Scalar,
}

#[derive(Debug)]
struct ShapeHole {
    before: Glue,
    kind: HoleKind,
}

/// A position in a record: `offset` bytes after the end of a hole.
#[derive(Clone, Copy, Debug)]
struct ShapeOffset {
    /// The number of holes before it.
    holes: usize,
    offset: usize,
}

impl ShapeOffset {
    /// Returns the offset in the record; `ends` are 0 and the ends of the holes.
    #[inline(always)]
    fn place(self, ends: &[usize]) -> usize {
        ends[self.holes] + self.offset
    }
}

/// A wanted value.
#[derive(Clone, Copy, Debug)]
struct ShapeField {
    start: ShapeOffset,
    end: ShapeOffset,
    is_string: bool,
}

#[derive(Debug)]
pub(super) struct Shape {
    holes: Vec<ShapeHole>,
    tail: Glue,
    /// One for each column; `None` if the record does not have it.
    fields: Vec<Option<ShapeField>>,
}

/// Whether the text of a value has escapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Quoting {
    /// A string without escapes.
    Plain,
    /// Not inspected yet.
    #[default]
    Unknown,
}

/// The range of a wanted value: null if it does not exist.
pub(super) type FoundValue = (TextSpan, Quoting);

impl Shape {
    /// Learns the shape of a record with sound structure, unless it is too large.
    pub(super) fn of(text: &[u8], found: &[Option<(usize, usize)>]) -> Option<Shape> {
        let mut holes = Vec::new();
        let mut glues = Vec::new(); // their offsets, each before its hole
        let (mut at, mut start, mut glue_bytes) = (0, 0, 0);
        while let Some(byte) = text.get(at) {
            let (hole, end, kind) = match byte {
                b'"' => {
                    let (end, _) = skip_quoted(text, at).ok()?;
                    if text.get(skip_white(text, end)) == Some(&b':') {
                        at = end; // a name
                        continue;
                    }
                    let is_long = end - at - 2 >= LONG_BYTES;
                    let kind = if is_long { HoleKind::LongString } else { HoleKind::String };
                    (at + 1, end - 1, kind)
                }
                b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => {
                    at += 1;
                    continue;
                }
                _ => (at, skip_scalar(text, at).ok()?, HoleKind::Scalar),
            };
            glue_bytes += hole - start;
            if holes.len() == MAX_HOLES || glue_bytes > MAX_GLUE_BYTES {
                return None;
            }
            let before = Glue::of(&text[start..hole]);
            holes.push(ShapeHole { before, kind });
            glues.push((start, hole));
            start = end;
            at = end + usize::from(kind != HoleKind::Scalar);
        }
        if glue_bytes + text.len() - start > MAX_GLUE_BYTES {
            return None;
        }
        glues.push((start, text.len()));
        let mark = |place: usize| {
            let (index, glue) = (glues.iter().enumerate()).find(|(_, glue)| place <= glue.1)?;
            Some(ShapeOffset { holes: index, offset: place.checked_sub(glue.0)? })
        };
        let field = |&(start, end): &(usize, usize)| {
            Some(ShapeField { start: mark(start)?, end: mark(end)?, is_string: text.get(start) == Some(&b'"') })
        };
        let fields = found.iter().map(|found| match found {
            Some(found) => field(found).map(Some),
            None => Some(None),
        });
        Some(Shape { fields: fields.collect::<Option<_>>()?, tail: Glue::of(&text[start..]), holes })
    }

    /// Returns true if a record has this shape; then `places` are the ranges of the wanted values.
    #[inline]
    pub(super) fn read(
        &self,
        bytes: &[u8],
        record: TextSpan,
        ends: &mut Vec<usize>,
        places: &mut [FoundValue],
    ) -> bool {
        let mut at = record.start as usize;
        let record_end = at + record.len as usize;
        ends.resize(self.holes.len() + 1, 0);
        ends[0] = at;
        let mut is_escaped = false;
        for (hole, end) in self.holes.iter().zip(&mut ends[1..]) {
            let Some(value) = hole.before.skip(bytes, at) else {
                return false;
            };
            at = match hole.kind {
                HoleKind::Scalar => match skip_scalar(bytes, value) {
                    Ok(end) => end,
                    Err(_) => return false,
                },
                kind => {
                    let skipped = match kind {
                        HoleKind::LongString => skip_long_string(bytes, value - 1),
                        _ => skip_quoted(bytes, value - 1),
                    };
                    let Ok((end, escaped)) = skipped else {
                        return false;
                    };
                    is_escaped |= escaped;
                    end - 1
                }
            };
            *end = at;
        }
        // If the end of the record is where the shape predicts it, nothing beyond it was read.
        if self.tail.skip(bytes, at) != Some(record_end) {
            return false;
        }
        for (place, field) in places.iter_mut().zip(&self.fields) {
            *place = match field {
                None => (TextSpan::NULL, Quoting::Plain),
                Some(field) => {
                    let span = TextSpan::new(field.start.place(ends), field.end.place(ends));
                    let look = if field.is_string && !is_escaped { Quoting::Plain } else { Quoting::Unknown };
                    (span, look)
                }
            };
        }
        true
    }
}

/// The size of a window in bytes.
const WINDOW: usize = 16;

impl Glue {
    fn of(text: &[u8]) -> Glue {
        let head = text.len().min(WINDOW);
        let mut window = [0; WINDOW];
        window[..head].copy_from_slice(&text[..head]);
        Glue {
            head: u128::from_le_bytes(window),
            mask: u128::MAX.checked_shr(8 * (WINDOW - head) as u32).unwrap_or(0),
            len: text.len(),
            rest: text[head..].into(),
        }
    }

    /// Returns the offset after this text, if it is at `at`.
    #[inline(always)]
    fn skip(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let rest = bytes.get(at..)?;
        let window = match rest.first_chunk::<WINDOW>() {
            Some(window) => *window,
            None => last_window(rest),
        };
        if (u128::from_le_bytes(window) ^ self.head) & self.mask != 0 {
            return None;
        }
        let end = at + self.len;
        if self.len > WINDOW && *bytes.get(at + WINDOW..end)? != *self.rest {
            return None;
        }
        Some(end)
    }
}

/// Loads fewer bytes than a window, zero-padded.
#[cold]
fn last_window(rest: &[u8]) -> [u8; WINDOW] {
    let mut window = [0; WINDOW];
    window[..rest.len()].copy_from_slice(rest);
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Learns a record without wanted fields and tests whether others have its shape.
    fn fits(record: &str, others: &[&str]) -> Vec<bool> {
        let shape = Shape::of(record.as_bytes(), &[]).expect("a record to learn");
        let fits = |other: &&str| {
            // The bytes after the record must not matter.
            let bytes = format!("{other}\n{other}");
            let span = |start| TextSpan::new(start, start + other.len());
            let read = |start| shape.read(bytes.as_bytes(), span(start), &mut Vec::new(), &mut []);
            let (first, last) = (read(0), read(other.len() + 1));
            assert_eq!(first, last, "{other}");
            first
        };
        others.iter().map(fits).collect()
    }

    #[test]
    fn only_values_may_differ() {
        let same = [
            r#"{"a": 1, "b": "x", "c": [true, {"d": null}]}"#,
            r#"{"a": -1.5e3, "b": "", "c": [0, {"d": 123456789012345678901234567890}]}"#,
            r#"{"a": 1, "b": "a string that is longer than one window \" of bytes", "c": [1, {"d": 1}]}"#,
            r#"{"a": 1, "b": "\\", "c": [1, {"d": 1}]}"#,
        ];
        let other = [
            r#"{"a": 1, "b": "x", "c": [true, {"d": null}]"#,
            r#"{"a": 1, "b": "x", "c": [true, {"d": null}]} "#,
            r#" {"a": 1, "b": "x", "c": [true, {"d": null}]}"#,
            r#"{"a": "1", "b": "x", "c": [true, {"d": null}]}"#,
            r#"{"a": 1, "b": x, "c": [true, {"d": null}]}"#,
            r#"{"a": , "b": "x", "c": [true, {"d": null}]}"#,
            r#"{"a": 1, "b": "x, "c": [true, {"d": null}]}"#,
            r#"{"a": 1, "b": "x\", "c": [true, {"d": null}]}"#,
            r#"{"a": 1, "b": "x" , "c": [true, {"d": null}]}"#,
            r#"{"a": 1, "b": "x", "c": [true, {"e": null}]}"#,
            r#"{"a": 1, "b": "x", "c": [true, {"d": []}]}"#,
            r#"{"a": 1, "b": "x", "c": [true, true, {"d": null}]}"#,
            r#"{"a": 1,"#,
            "",
        ];
        assert_eq!(fits(same[0], &same), [true; 4]);
        assert_eq!(fits(same[2], &same), [true; 4]);
        assert_eq!(fits(same[0], &other), [false; 14]);
    }

    #[test]
    fn large_records_are_not_learned() {
        let values = |count| format!("{{\"a\":[{}]}}", vec!["1"; count].join(","));
        assert!(Shape::of(values(MAX_HOLES).as_bytes(), &[]).is_some());
        assert!(Shape::of(values(MAX_HOLES + 1).as_bytes(), &[]).is_none());
        for text in ["{~\"a\":1}", "{\"a\":1~}"] {
            let text = text.replace('~', &" ".repeat(MAX_GLUE_BYTES));
            assert!(Shape::of(text.as_bytes(), &[]).is_none());
        }
    }

    #[test]
    fn long_names_count_to_the_last_byte() {
        let record = |name: &str| format!(r#"{{"{}{name}": 1}}"#, "n".repeat(40));
        assert_eq!(fits(&record("a"), &[&record("a"), &record("b"), &record("")]), [true, false, false]);
    }
}
