//! Headers: the first record of each source that reaches the stage names the fields.
//!
//! If only row-by-row stages come before, the reader applies them to the first records of a source and removes the
//! header before dispatching the rest ([`TakesHeader`]). After a stage that needs the records in order, an operator
//! removes it ([`Headings`]).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::{Account, Operator, OrderedStage};
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

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut Account) {
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
    fn push(&mut self, batch: Batch<'static>, out: &mut Vec<Batch<'static>>, account: &mut Account) {
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
        account.withdraw(batch.rows - kept.len());
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
