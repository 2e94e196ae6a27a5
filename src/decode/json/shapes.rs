//! The shapes of recent records.
//!
//! A record with none of them is walked, and its shape is learned. A few shapes are kept, for logs in which a few
//! statements alternate. If hardly any record fits, guessing stops for a while.

use crate::data::TextSpan;

use super::shape::{FoundValue, Shape};

/// The number of shapes that are kept.
const SHAPES: usize = 8;

/// The number of records after which the matches are counted.
const TRIAL: u32 = 64;

/// Below 1/WORTH matches per trial, stop guessing for PAUSE records.
const WORTH: u32 = 4;

/// Records to parse without guessing.
const PAUSE: u32 = 2048;

/// The shapes of recent records.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    shapes: Vec<Shape>,
    /// The shape of the last record.
    recent: usize,
    /// The next shape to forget.
    oldest: usize,
    tried: u32,
    fitted: u32,
    pause: u32,
    /// The start of a record and the ends of its holes.
    ends: Vec<usize>,
}

impl Shapes {
    /// Returns the ranges of a record's wanted values, if it has a known shape: then its structure is sound.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8], record: TextSpan, places: &mut [FoundValue]) -> bool {
        if self.shapes.is_empty() || self.pause > 0 {
            return false;
        }
        self.tried += 1;
        let last = self.recent;
        let fits = self.shapes[last].read(bytes, record, &mut self.ends, places)
            || (0..self.shapes.len()).any(|other| {
                self.recent = other;
                other != last && self.shapes[other].read(bytes, record, &mut self.ends, places)
            });
        if fits {
            self.fitted += 1;
        } else {
            self.recent = last;
        }
        if self.tried == TRIAL {
            if self.fitted * WORTH < TRIAL {
                self.pause = PAUSE;
                self.shapes.clear();
                (self.recent, self.oldest) = (0, 0);
            }
            (self.tried, self.fitted) = (0, 0);
        }
        fits
    }

    /// Learns the shape of a record with sound structure. `found` has the ranges of its wanted values.
    pub(super) fn learn(&mut self, text: &[u8], found: &[Option<(usize, usize)>]) {
        if self.pause > 0 {
            self.pause -= 1;
            return;
        }
        let Some(shape) = Shape::of(text, found) else {
            if self.shapes.is_empty() {
                self.pause = PAUSE; // the next records are probably as large
            }
            return;
        };
        if self.shapes.len() < SHAPES {
            self.recent = self.shapes.len();
            self.shapes.push(shape);
        } else {
            self.recent = self.oldest;
            self.shapes[self.oldest] = shape;
            self.oldest = (self.oldest + 1) % SHAPES;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::{Bytes, TextColumn, Value};
    use crate::decode::json::JsonDecoder;
    use crate::decode::{Decoder, FieldSeen, Wanted};
    use crate::lang::ast::{Path, Segment};

    #[test]
    fn shapes_that_take_turns_are_kept_and_guessing_stops_where_none_fits() {
        let mut shapes = Shapes::default();
        let mut read = |record: String| {
            let span = TextSpan::new(0, record.len());
            let fits = shapes.read(record.as_bytes(), span, &mut []);
            if !fits {
                shapes.learn(record.as_bytes(), &[]);
            }
            fits
        };
        let turns = (0..64).filter(|row| read(format!(r#"{{"n{}":{row}}}"#, row % SHAPES)));
        assert_eq!(turns.count(), 64 - SHAPES);
        assert!((0..1000).all(|row| !read(format!(r#"{{"m{row}":1}}"#))));
        assert!(!read(r#"{"a":1}"#.to_owned()) && !read(r#"{"a":1}"#.to_owned()));
        assert!(shapes.pause > 0 && shapes.shapes.is_empty());
    }

    const PATHS: &[&[&str]] = &[&["a"], &["b"], &["c", "d"], &["c"], &["e", "1"], &["e", "-1"]];

    /// Returns values and reasons: one text at a time with nothing learned, or all together.
    fn decode(texts: &[String], together: bool) -> (Vec<Vec<Value>>, Vec<(u32, String)>) {
        let segment = |part: &&str| part.parse().map_or_else(|_| Segment::Name((*part).to_owned()), Segment::Index);
        let wanted = |path: &&[&str]| Wanted::Field(Path(path.iter().map(segment).collect()), FieldSeen::default());
        let wanted: Vec<Wanted> = PATHS.iter().map(wanted).collect();
        let joined = texts.join("\n");
        let mut start = 0;
        let span = |text: &String| {
            start += text.len() + 1;
            TextSpan::new(start - 1 - text.len(), start - 1)
        };
        let spans: Vec<TextSpan> = texts.iter().map(span).collect();
        let step = if together { spans.len() } else { 1 };
        let (mut columns, mut rejected) = (vec![Vec::new(); PATHS.len()], Vec::new());
        for (index, spans) in spans.chunks(step).enumerate() {
            let decoded = JsonDecoder::new(&wanted)
                .decode(&TextColumn { bytes: Bytes::Borrowed(joined.as_bytes()), spans: spans.to_vec() });
            for (values, column) in columns.iter_mut().zip(&decoded.columns) {
                values.extend((0..column.len()).map(|row| column.get(row).to_value()));
            }
            let reasons = decoded.rejected.into_iter();
            rejected.extend(reasons.map(|(row, reason)| ((index * step) as u32 + row, reason)));
        }
        (columns, rejected)
    }

    /// Records of a few shapes, some of them damaged.
    fn records() -> impl Strategy<Value = Vec<String>> {
        let value = || {
            prop_oneof![
                2 => Just("1"), 2 => Just("\"x\""), 1 => Just("\"\""), 1 => Just("-2.50"), 1 => Just("null"),
                1 => Just("01"), 1 => Just("nul"), 1 => Just(r#""a\"b\\""#), 1 => Just(r#""\x""#),
                1 => Just("12345678901234567890"), 1 => Just("\"a string of more than sixteen bytes, é\""),
            ]
        };
        let shape = prop_oneof![
            Just(r#"{"a":%,"b":%,"c":{"d":%},"e":[%,%]}"#),
            Just(r#" { "b" : % , "a" : % , "c":%, "e":[], "a":%}"#),
            Just(r#"{"a":%,"z":[[%],{"a":%}],"e":[%,%,%]}"#),
            Just(r#"{"c":{"d":{"d":%},"a":%}}"#),
            Just("{}"),
            Just("%"),
        ];
        let damage = proptest::option::weighted(0.2, (any::<proptest::sample::Index>(), "[\"\\\\{}\\[\\],: x1]?"));
        let record = (any::<proptest::sample::Index>(), [value(), value(), value(), value(), value()], damage);
        (proptest::collection::vec(shape, 1..4), proptest::collection::vec(record, 1..40)).prop_map(
            |(shapes, records)| {
                let record = |(shape, values, damage): (
                    proptest::sample::Index,
                    [&str; 5],
                    Option<(proptest::sample::Index, String)>,
                )| {
                    let mut parts = shape.get(&shapes).split('%');
                    let mut text = parts.next().unwrap_or_default().to_owned();
                    for (part, value) in parts.zip(values) {
                        text.push_str(value);
                        text.push_str(part);
                    }
                    if let Some((at, with)) = damage.filter(|_| !text.is_empty()) {
                        let at = at.index(text.len());
                        if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                            text.replace_range(at..=at, &with);
                        }
                    }
                    text
                };
                records.into_iter().map(record).collect()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        /// Shapes learned from other records do not change the result.
        #[test]
        fn with_and_without_shapes_the_same_is_read(records in records()) {
            prop_assert_eq!(decode(&records, true), decode(&records, false));
        }
    }
}
