//! Headers: the first record of each source that reaches the stage names the fields.
//!
//! If only row-by-row stages come before, the reader applies them to the first records of a source and takes the header
//! out before it hands out what follows ([`TakesHeader`]). After a stage that needs the records in order, an operator
//! takes it ([`Headings`]).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::{Account, Operator, OrderedStage};
use crate::data::{Batch, Column, Names, Slot, SlotSet, Value, ValueRef};

/// The header of the first source that has one: lines are printed in its order.
pub type FirstHeader = Arc<OnceLock<Vec<u8>>>;

/// The header of a source.
#[derive(Clone, Debug)]
pub struct Header {
    /// As it is written; empty if the source has none, and its first record is one like the others.
    pub line: Vec<u8>,
    /// The names of the fields, and the slot of the object that has them all, if something reads it.
    pub fields: Option<(Names, Slot)>,
}

/// A stage to which the first record that comes to it from each source names the fields.
pub trait TakesHeader: Sync {
    /// The header, if one of these records, which have come to the stage, can be one.
    fn header(&self, batch: &Batch<'_>) -> Option<Header>;
}

/// Takes the header of each source out of the records that come in order.
pub(super) struct Headings {
    /// Tells sources apart.
    pub(super) source: Slot,
    /// Holds the records.
    pub(super) text: Slot,
    /// Takes the header of each record's source.
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
    /// By source.
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
        batch.gather(&kept, &self.live);
        let is_same = |header: &&Value| *header == &headers[0];
        let column = match headers.first() {
            Some(first) if headers.iter().all(|header| is_same(&header)) => Column::Constant(first.clone(), kept.len()),
            _ => Column::Values(headers),
        };
        batch.set(self.header, column);
        out.push(batch);
    }

    fn finish(&mut self, _out: &mut Vec<Batch<'static>>, _account: &mut Account) {}
}
