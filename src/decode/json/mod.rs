//! JSON objects, one for each text.
//!
//! A record with the same shape as an earlier one is read by that shape: see `shape`. In any other record, the names of
//! the object are walked, and unused values are skipped by their structure alone. Values are spans into the chunk if
//! all of them are strings without escapes.
//!
//! Measured on one thread (x86-64 without further instructions, as released), for one number of each line of an access
//! log of 350 bytes a line: walking every record takes 1.9 times as long as this, `get` of sonic-rs 2.3 (without its
//! checks 1.6), a tape of simd-json 2.6, a struct of one field or a `RawValue` by serde_json 2.9, skipping with jiter
//! 3.3 times. None of them fits either: they require UTF-8 or reject invalid unused fields, and `get` takes the first
//! of equal names and leaves what follows it unchecked.
//!
//! The text that a later `where path == "/x"` requires is not searched for in the raw bytes first. A record without it
//! must still be checked, or it would count as filtered although it must be rejected; and all that could be saved
//! beyond that check, reading the field and comparing it, is below a tenth of the time (measured against `json |
//! count`, which reads no field).

mod fault;
mod shape;
mod shapes;
mod values;

use std::sync::{Mutex, PoisonError};

use crate::data::{
    Column, JsonError, TextColumn, TextSpan, Value, read_json, read_string, skip_json, skip_quoted, skip_string,
    skip_white,
};
use crate::lang::ast::{Path, Segment};

use super::{Decoded, Decoder, FieldSeen, Wanted, blank_texts};
use fault::fault;
use shape::{FoundValue, Quoting};
use shapes::Shapes;
use values::{JsonContent, Values};

/// Reads the wanted fields of objects.
#[derive(Debug)]
pub struct JsonDecoder {
    /// The wanted fields, by the first name of their path.
    names: Vec<WantedName>,
    fields: usize,
    /// The column that takes the whole object.
    whole: Option<usize>,
    shapes: ShapePool,
}

/// The shapes that the threads have learned, while no thread uses them.
#[derive(Debug, Default)]
struct ShapePool(Mutex<Vec<Shapes>>);

impl ShapePool {
    fn take(&self) -> Shapes {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pool.pop().unwrap_or_default()
    }

    fn give_back(&self, shapes: Shapes) {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pool.push(shapes);
    }
}

/// The wanted fields below one name of the object.
#[derive(Debug)]
struct WantedName {
    name: Vec<u8>,
    fields: Vec<WantedField>,
}

#[derive(Debug)]
struct WantedField {
    /// The column of the field.
    column: usize,
    /// The path within the value.
    rest: Vec<Segment>,
    seen: FieldSeen,
}

/// The start and end of a wanted value in a text.
type ValueRange = Option<(usize, usize)>;

impl JsonDecoder {
    /// Makes a decoder of these fields, with columns in this order.
    pub fn new(wanted: &[Wanted]) -> Self {
        let mut decoder =
            JsonDecoder { names: Vec::new(), fields: wanted.len(), whole: None, shapes: ShapePool::default() };
        for (column, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Whole => decoder.whole = Some(column),
                Wanted::Field(path, seen) => decoder.want(column, path, seen.clone()),
            }
        }
        decoder
    }

    fn want(&mut self, column: usize, path: &Path, seen: FieldSeen) {
        let Some((Segment::Name(first), rest)) = path.0.split_first() else {
            return;
        };
        let field = WantedField { column, rest: rest.to_vec(), seen };
        match self.names.iter_mut().find(|wanted| wanted.name == first.as_bytes()) {
            Some(wanted) => wanted.fields.push(field),
            None => self.names.push(WantedName { name: first.as_bytes().to_vec(), fields: vec![field] }),
        }
    }

    /// Walks an object; `found` has an entry for every column.
    fn walk(&self, text: &[u8], found: &mut [ValueRange]) -> Result<(), JsonError> {
        let mut at = skip_white(text, 0);
        if text.get(at) != Some(&b'{') {
            return Err(JsonError { expected: "'{' at the start of an object", at });
        }
        at = skip_white(text, at + 1);
        if text.get(at) == Some(&b'}') {
            return end_of_text(text, at + 1);
        }
        loop {
            if text.get(at) != Some(&b'"') {
                return Err(JsonError { expected: "'\"' at the start of a name", at });
            }
            let (name_end, escaped) = skip_quoted(text, at)?;
            let name = &text[at + 1..name_end - 1];
            let mut colon = name_end;
            if text.get(colon) != Some(&b':') {
                colon = skip_white(text, colon);
                if text.get(colon) != Some(&b':') {
                    return Err(JsonError { expected: "':' after a name", at: colon });
                }
            }
            let start = skip_white(text, colon + 1);
            let end = skip_json(text, start)?;
            if let Some(wanted) = self.wanted(name, escaped) {
                self.take(wanted, text, start, end, found);
            }
            at = skip_white(text, end);
            match text.get(at) {
                Some(b',') => at = skip_white(text, at + 1),
                Some(b'}') => return end_of_text(text, at + 1),
                _ => {
                    return Err(JsonError { expected: "',' or '}'", at });
                }
            }
        }
    }

    /// Returns the wanted fields below a name, given as the bytes between its quotes.
    #[inline]
    fn wanted(&self, name: &[u8], escaped: bool) -> Option<&WantedName> {
        if escaped {
            let name = read_string(&[b"\"", name, b"\""].concat())?;
            return self.names.iter().find(|wanted| wanted.name == name);
        }
        self.names.iter().find(|wanted| wanted.name == name)
    }

    /// Records the ranges of the wanted parts of a value. A repeated name replaces earlier values.
    fn take(&self, wanted: &WantedName, text: &[u8], start: usize, end: usize, found: &mut [ValueRange]) {
        for field in &wanted.fields {
            found[field.column] = locate(text, start, end, &field.rest);
            if found[field.column].is_some() {
                field.seen.set();
            }
        }
    }
}

impl Decoder for JsonDecoder {
    /// Skips blank lines, since white space between values has no meaning.
    fn no_records(&self, texts: &TextColumn<'_>) -> Vec<u32> {
        blank_texts(texts)
    }

    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let (bytes, rows): (&[u8], _) = (&texts.bytes, texts.spans.len());
        let mut columns: Vec<Values> = (0..self.fields).map(|_| Values::with_capacity(rows)).collect();
        let mut wholes = Vec::new();
        let mut rejected = Vec::new();
        let mut found: Vec<ValueRange> = vec![None; self.fields];
        let mut places: Vec<FoundValue> = vec![(TextSpan::NULL, Quoting::Unknown); self.fields];
        let mut contents: Vec<JsonContent> = vec![JsonContent::Null; self.fields];
        let mut shapes = self.shapes.take();
        for (row, span) in texts.spans.iter().enumerate() {
            let text = span.slice(bytes);
            let walked = if !span.is_null() && shapes.read(bytes, *span, &mut places) {
                Ok(())
            } else if span.is_null() {
                Err("json: there is no text".to_owned())
            } else {
                found.fill(None);
                let walked = self.walk(text, &mut found).map_err(describe);
                if walked.is_ok() {
                    shapes.learn(text, &found);
                    let base = span.start as usize;
                    let place = |&(start, end): &_| TextSpan::new(base + start, base + end);
                    for (at, found) in places.iter_mut().zip(&found) {
                        let span = found.as_ref().map_or(TextSpan::NULL, place);
                        *at = (span, Quoting::Unknown);
                    }
                }
                walked
            };
            let read = walked
                .and_then(|()| {
                    read_places(bytes, &places, &mut contents).map_err(|column| {
                        let at = places[column].0.start - span.start;
                        fault(text, at as usize, self.path_of(column))
                    })
                })
                .and_then(|()| self.read_whole(text, &mut wholes));
            if let Err(reason) = read {
                rejected.push((row as u32, reason));
                continue;
            }
            for ((values, (span, _)), content) in columns.iter_mut().zip(&places).zip(&contents) {
                values.push(*span, *content);
            }
        }
        self.shapes.give_back(shapes);
        let mut columns: Vec<Column<'a>> = columns.into_iter().map(|values| values.finish(&texts.bytes)).collect();
        if let Some(whole) = self.whole {
            columns[whole] = Column::Values(wholes);
        }
        Decoded { columns, rejected }
    }
}

impl JsonDecoder {
    fn read_whole(&self, text: &[u8], wholes: &mut Vec<Value>) -> Result<(), String> {
        if self.whole.is_some() {
            wholes.push(read_json(text).ok_or_else(|| fault(text, 0, Vec::new()))?);
        }
        Ok(())
    }

    /// Returns the path of a column's field.
    fn path_of(&self, column: usize) -> Vec<Segment> {
        let path = |wanted: &WantedName| {
            let field = wanted.fields.iter().find(|field| field.column == column)?;
            let name = String::from_utf8_lossy(&wanted.name).into_owned();
            let rest = field.rest.iter().cloned();
            Some([Segment::Name(name)].into_iter().chain(rest).collect())
        };
        self.names.iter().find_map(path).unwrap_or_default()
    }
}

fn describe(error: JsonError) -> String {
    format!("json: expected {} at byte {}", error.expected, error.at + 1)
}

fn end_of_text(text: &[u8], at: usize) -> Result<(), JsonError> {
    let at = skip_white(text, at);
    if at == text.len() { Ok(()) } else { Err(JsonError { expected: "nothing after the object", at }) }
}

/// Reads the wanted values; an error is the column whose value cannot be read.
#[inline]
fn read_places(bytes: &[u8], places: &[FoundValue], contents: &mut [JsonContent]) -> Result<(), usize> {
    for (column, ((span, look), content)) in places.iter().zip(contents).enumerate() {
        *content = match look {
            _ if span.is_null() => JsonContent::Null,
            Quoting::Plain => JsonContent::Plain,
            Quoting::Unknown => JsonContent::of(span.slice(bytes)).ok_or(column)?,
        };
    }
    Ok(())
}

/// Returns the range of the part of a value at the end of a path.
fn locate(text: &[u8], start: usize, end: usize, path: &[Segment]) -> ValueRange {
    let Some((segment, rest)) = path.split_first() else {
        return Some((start, end));
    };
    let (start, end) = match segment {
        Segment::Name(name) | Segment::QuotedName(name) => member(text, start, name.as_bytes())?,
        Segment::Index(index) => element(text, start, *index)?,
    };
    locate(text, start, end, rest)
}

/// Returns the value of the last member of this name.
fn member(text: &[u8], start: usize, name: &[u8]) -> ValueRange {
    if text.get(start) != Some(&b'{') {
        return None;
    }
    let mut last = None;
    let mut at = skip_white(text, start + 1);
    while text.get(at) == Some(&b'"') {
        let name_end = skip_string(text, at).ok()?;
        let value = skip_white(text, skip_white(text, name_end) + 1);
        let end = skip_json(text, value).ok()?;
        let raw = &text[at + 1..name_end - 1];
        if raw == name || memchr::memchr(b'\\', raw).is_some() && read_string(&text[at..name_end])? == name {
            last = Some((value, end));
        }
        at = skip_white(text, end);
        if text.get(at) == Some(&b',') {
            at = skip_white(text, at + 1);
        }
    }
    last
}

/// Returns an element of a list; a negative index counts from the end.
fn element(text: &[u8], start: usize, index: i64) -> ValueRange {
    if text.get(start) != Some(&b'[') {
        return None;
    }
    let mut elements = Vec::new();
    let mut at = skip_white(text, start + 1);
    while text.get(at).is_some_and(|byte| *byte != b']') {
        let end = skip_json(text, at).ok()?;
        elements.push((at, end));
        if elements.len() as i64 == index + 1 {
            return Some((at, end));
        }
        at = skip_white(text, end);
        if text.get(at) == Some(&b',') {
            at = skip_white(text, at + 1);
        }
    }
    let index = usize::try_from(index + elements.len() as i64).ok().filter(|_| index < 0)?;
    elements.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Bytes;

    fn path(segments: &[&str]) -> Path {
        let segment = |part: &&str| part.parse().map_or_else(|_| Segment::Name((*part).to_owned()), Segment::Index);
        Path(segments.iter().map(segment).collect())
    }

    fn decode(texts: &[&str], paths: &[&[&str]]) -> (Vec<Vec<Value>>, Vec<(u32, String)>) {
        let wanted: Vec<Wanted> =
            paths.iter().map(|segments| Wanted::Field(path(segments), FieldSeen::default())).collect();
        let joined = texts.concat();
        let mut start = 0;
        let spans = texts
            .iter()
            .map(|text| {
                start += text.len();
                TextSpan::new(start - text.len(), start)
            })
            .collect();
        let decoded =
            JsonDecoder::new(&wanted).decode(&TextColumn { bytes: Bytes::Borrowed(joined.as_bytes()), spans });
        let values = |column: &Column<'_>| (0..column.len()).map(|row| column.get(row).to_value()).collect();
        (decoded.columns.iter().map(values).collect(), decoded.rejected)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn reads_paths_and_the_last_of_equal_names() {
        let (columns, rejected) = decode(
            &[r#"{"a":1,"b":{"c":[10,20,{"d":"x"}]},"a":2}"#, r#" { "b" : { "c" : [ ] } , "a" : "q" } "#, "{}"],
            &[&["a"], &["b", "c", "-1", "d"], &["b", "c", "1"]],
        );
        assert_eq!(columns[0], [Value::Int(2), text("q"), Value::Null]);
        assert_eq!(columns[1], [text("x"), Value::Null, Value::Null]);
        assert_eq!(columns[2], [Value::Int(20), Value::Null, Value::Null]);
        assert_eq!(rejected, []);
    }

    #[test]
    fn structure_is_checked_everywhere_and_content_where_it_is_asked_for() {
        let (columns, rejected) = decode(
            &[
                r#"{"a":1"#,
                r#"{"a":NaN}"#,
                r#"{"a":01}"#,
                r#"{"b":01,"a":"\u00e9\n"}"#,
                r#"[1]"#,
                r#"{"a":1} x"#,
                r#"{"a":"\x"}"#,
            ],
            &[&["a"]],
        );
        assert_eq!(columns[0], [text("é\n")]);
        assert_eq!(rejected.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 1, 2, 4, 5, 6]);
        assert_eq!(rejected[0].1, "json: expected ',' or '}' at byte 7");
    }
}
