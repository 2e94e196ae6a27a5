//! Headers: the first record of each source that reaches the stage names the fields.
//!
//! If only row-by-row stages come before, the reader applies them to the first records of a source and removes the
//! header before dispatching the rest ([`TakesHeader`]). After a stage that needs the records in order, an operator
//! removes it ([`Headings`]).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::{Operator, OrderedStage, RecordCounts};
use crate::data::persist::{Persist, StateError, StateReader, Stateful, load_text, save_text};
use crate::data::{Batch, Column, HeapBytes, Names, Slot, SlotSet, Value, ValueRef};

/// The header of the first source that has one; lines are printed in its column order.
pub type FirstHeader = Arc<OnceLock<Vec<u8>>>;

/// The header of a source.
#[derive(Clone, Debug)]
pub struct Header {
    /// The line; empty if the source has none and its first record is an ordinary one.
    pub line: Vec<u8>,
    /// The names of the fields, and the slot of the object with all fields, if it is read.
    pub fields: Option<(Names, Slot)>,
}

/// A stage whose fields are named by the first record that reaches it from each source.
pub trait TakesHeader: Sync {
    /// Returns the header if one of these records can be one.
    fn header(&self, batch: &Batch<'_>) -> Option<Header>;
}

/// Takes the header of each source from ordered records.
pub(super) struct Headings {
    /// The slot that distinguishes sources.
    pub(super) source: Slot,
    /// The slot of the records' text.
    pub(super) text: Slot,
    /// The slot for the header of each record's source.
    pub(super) header: Slot,
    pub(super) first: FirstHeader,
    pub(super) is_blank: fn(&[u8]) -> bool,
}

impl OrderedStage for Headings {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.source);
        slots.insert(self.text);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.header]
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn memory(&self) -> String {
        "the header of each source".to_owned()
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let mut live = live.clone();
        self.reads(&mut live);
        batch.retain(&live);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(Taking {
            source: self.source,
            text: self.text,
            header: self.header,
            first: Arc::clone(&self.first),
            is_blank: self.is_blank,
            live: live.clone(),
            headers: HashMap::new(),
        })
    }
}

struct Taking {
    source: Slot,
    text: Slot,
    header: Slot,
    first: FirstHeader,
    is_blank: fn(&[u8]) -> bool,
    live: SlotSet,
    /// Headers by source.
    headers: HashMap<Vec<u8>, Vec<u8>>,
}

impl Operator for Taking {
    fn push(&mut self, batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let mut batch = batch;
        let (mut kept, mut headers) = (Vec::new(), Vec::new());
        for row in 0..batch.rows {
            let source = match batch.column(self.source).get(row) {
                ValueRef::Text(source) => source,
                _ => &[],
            };
            let text = match batch.column(self.text).get(row) {
                ValueRef::Text(text) => text,
                _ => &[],
            };
            match self.headers.get(source) {
                Some(header) => {
                    headers.push(Value::Text(header.clone()));
                    kept.push(row as u32);
                }
                None if (self.is_blank)(text) => {}
                None => {
                    self.first.get_or_init(|| text.to_vec());
                    self.headers.insert(source.to_vec(), text.to_vec());
                }
            }
        }
        counts.withdraw(batch.rows - kept.len());
        batch.keep_rows(&kept, &self.live);
        let is_same = |header: &&Value| *header == &headers[0];
        let column = match headers.first() {
            Some(first) if headers.iter().all(|header| is_same(&header)) => Column::Constant(first.clone(), kept.len()),
            _ => Column::Values(headers),
        };
        batch.set(self.header, column);
        out.push(batch);
    }
}

/// Sorted by source. The first header of all is shared with the other operators of the plan.
impl Stateful for Taking {
    fn save_state(&self, out: &mut Vec<u8>) {
        let mut headers: Vec<(&Vec<u8>, &Vec<u8>)> = self.headers.iter().collect();
        headers.sort_unstable();
        (headers.len() as u64).save(out);
        for (source, header) in headers {
            save_text(source, out);
            save_text(header, out);
        }
        let first = self.first.get();
        first.is_some().save(out);
        first.into_iter().for_each(|first| save_text(first, out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.headers.clear();
        let mut last: Option<&[u8]> = None;
        for _ in 0..input.length(2 * size_of::<u64>())? {
            let (source, header) = (load_text(input)?, load_text(input)?);
            if last.is_some_and(|last| last >= source) {
                return Err(StateError::Damaged);
            }
            last = Some(source);
            self.headers.insert(source.to_vec(), header.to_vec());
        }
        if bool::load(input)? {
            let first = load_text(input)?.to_vec();
            self.first.get_or_init(|| first);
        } else if !self.headers.is_empty() {
            return Err(StateError::Damaged);
        }
        Ok(())
    }
}

impl HeapBytes for Taking {
    fn heap_bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(source, header)| source.capacity() + header.capacity());
        headers.sum::<usize>() + self.headers.capacity() * size_of::<(Vec<u8>, Vec<u8>)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Position;

    const SOURCE: Slot = Slot(0);
    const TEXT: Slot = Slot(1);
    const HEADER: Slot = Slot(2);

    fn headings() -> Headings {
        Headings {
            source: SOURCE,
            text: TEXT,
            header: HEADER,
            first: FirstHeader::default(),
            is_blank: <[u8]>::is_empty,
        }
    }

    fn live() -> SlotSet {
        let mut live = SlotSet::default();
        [TEXT, HEADER].into_iter().for_each(|slot| live.insert(slot));
        live
    }

    /// Pushes lines, each with its source; returns the rows and their headers.
    fn push(operator: &mut dyn Operator, lines: &[(&str, &str)], counts: &mut RecordCounts) -> Vec<(String, String)> {
        let mut batch = Batch::new(lines.len(), Position(0));
        batch.set(SOURCE, lines.iter().map(|(source, _)| ValueRef::Text(source.as_bytes())).collect());
        batch.set(TEXT, lines.iter().map(|(_, text)| ValueRef::Text(text.as_bytes())).collect());
        let mut out = Vec::new();
        operator.push(batch, &mut out, counts);
        let text = |batch: &Batch<'_>, slot, row| match batch.column(slot).get(row) {
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => panic!("expected text, found {other:?}"),
        };
        let rows = |batch: &Batch<'static>| -> Vec<(String, String)> {
            (0..batch.rows).map(|row| (text(batch, TEXT, row), text(batch, HEADER, row))).collect()
        };
        out.iter().flat_map(rows).collect()
    }

    #[test]
    fn the_first_line_of_each_source_names_its_fields() {
        let stage = headings();
        let (mut operator, mut counts) = (stage.operator(&live()), RecordCounts::default());
        let lines = [("a", ""), ("a", "x,y"), ("a", "1,2"), ("b", "z"), ("a", "3,4"), ("b", "5")];
        let rows = push(operator.as_mut(), &lines, &mut counts);
        let expected = [("1,2", "x,y"), ("3,4", "x,y"), ("5", "z")];
        assert_eq!(rows, expected.map(|(row, header)| (row.to_owned(), header.to_owned())));
        assert_eq!(counts.no_records, 3, "a blank line and two headers");
        assert_eq!(stage.first.get().map(Vec::as_slice), Some(b"x,y".as_slice()));
    }

    #[test]
    fn headers_are_known_after_a_load() {
        let (saved, live) = (headings(), live());
        let (mut operator, mut counts) = (saved.operator(&live), RecordCounts::default());
        push(operator.as_mut(), &[("b", "z"), ("a", "x,y")], &mut counts);
        let mut bytes = Vec::new();
        operator.save_state(&mut bytes);
        let fresh = headings();
        let mut again = fresh.operator(&live);
        assert_eq!(again.load_state(&mut StateReader::new(&bytes)), Ok(()));
        assert_eq!(fresh.first.get(), saved.first.get(), "the columns are printed in its order");
        let rows = push(again.as_mut(), &[("a", "1,2"), ("c", "w")], &mut counts);
        assert_eq!(rows, [("1,2".to_owned(), "x,y".to_owned())]);
        let mut copy = Vec::new();
        saved.operator(&live).save_state(&mut copy);
        let mut empty = headings().operator(&live);
        assert_eq!(empty.load_state(&mut StateReader::new(&copy)), Ok(()), "a window without records yet");
    }

    #[test]
    fn sources_out_of_order_are_damage() {
        let mut bytes = Vec::new();
        2u64.save(&mut bytes);
        for text in ["b", "z", "a", "x"] {
            save_text(text.as_bytes(), &mut bytes);
        }
        false.save(&mut bytes);
        let found = headings().operator(&live()).load_state(&mut StateReader::new(&bytes));
        assert_eq!(found, Err(StateError::Damaged));
    }
}
