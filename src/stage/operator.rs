//! Work that needs the records in order or all together: done by the coordinator, prepared by the workers.

use super::Account;
use crate::data::{Batch, Slot, SlotSet};
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

/// A stage whose answer depends on more than one record.
pub trait OrderedStage: Send + Sync {
    /// Adds every slot that it reads.
    fn reads(&self, slots: &mut SlotSet);

    /// The slots that it makes; a stage that makes any is left out when nothing reads them.
    fn makes(&self) -> Vec<Slot> {
        Vec::new()
    }

    /// Whether nothing comes out before all records are in.
    fn is_blocking(&self) -> bool;

    /// Whether a window says over which records it works: it remembers what came before, even if it does not wait.
    fn is_stateful(&self) -> bool {
        self.is_blocking()
    }

    /// Whether a row that comes out is a record that came in.
    fn gives_records(&self) -> bool {
        true
    }

    /// By which time it goes of its own: then its operator hears of time.
    fn own_time(&self) -> OwnTime {
        OwnTime::None
    }

    /// What tells its records apart, if each key is by itself: a window of sessions is one of each key.
    fn keys(&self) -> Vec<Slot> {
        Vec::new()
    }

    /// Says how it is to remember, before it is used.
    fn remember(&mut self, memory: &Memory) {
        let _ = memory;
    }

    /// How many rows come out at most, if that is known.
    fn limit(&self) -> Option<usize> {
        None
    }

    /// What is held in memory, in words.
    fn memory(&self) -> String;

    /// Only the first so many rows of what comes out will be read.
    fn take_limit(&mut self, limit: usize) {
        let _ = limit;
    }

    /// On a worker: drops from a batch what can never be in the answer. `live` are the slots read behind it.
    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, account: &mut Account);

    /// What a worker does instead of `reduce`, where it does it better with a memory of the batches that it had
    /// before. Batches of one worker are in the order of the stream.
    fn reducer(&self, live: &SlotSet) -> Option<Box<dyn Reducer>> {
        let _ = live;
        None
    }

    /// A fresh operator, for one result. `live` are the slots read behind it.
    fn operator(&self, live: &SlotSet) -> Box<dyn Operator>;
}

/// By which time a stage goes of its own, whatever window there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnTime {
    /// By none.
    None,
    /// When records were read. If they have a field that looks like their time: its name.
    Processing(Option<String>),
    /// A time that they have.
    Event,
}

/// How stages that remember are to do so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// A key is forgotten when it has been silent for longer, in nanoseconds, and what holds the time of each
    /// record.
    pub forget: Option<(i64, Slot)>,
    /// No sketches.
    pub exact: bool,
    /// What holds the bounds of the window that a record is in.
    pub bounds: Option<(Slot, Slot)>,
}

/// Drops on a worker, from batch after batch, what can never be in the answer.
pub trait Reducer: Send {
    /// Drops rows of the next batch.
    fn reduce(&mut self, batch: &mut Batch<'_>, account: &mut Account);
}

/// Takes batches in the order of the stream and gives batches.
pub trait Operator: Send {
    /// What is known of time and of the sources before anything is read. Called once, before the first batch.
    fn begin(&mut self, limits: WatermarkConfig, written: &[SourceInfo]) {
        let _ = (limits, written);
    }

    /// The batches that follow came like this.
    fn arrive(&mut self, arrival: Arrival) {
        let _ = arrival;
    }

    /// Time has moved without records; what can be said for that goes to `out`.
    fn mark(&mut self, mark: Punctuation, arrival: Arrival, out: &mut Vec<Batch<'static>>, account: &mut Account) {
        let _ = (mark, arrival, out, account);
    }

    /// Takes the next batch; what can be said at once goes to `out`.
    fn push(&mut self, batch: Batch<'static>, out: &mut Vec<Batch<'static>>, account: &mut Account);

    /// All records are in: the rest goes to `out`. Called once.
    fn finish(&mut self, out: &mut Vec<Batch<'static>>, account: &mut Account);

    /// What [`Operator::finish`] would give if all records were in; everything stays. Nothing where no result
    /// waits for the end.
    fn snapshot(&self) -> Vec<Batch<'static>> {
        Vec::new()
    }

    /// Whether no further batch can change anything: then reading stops.
    fn is_done(&self) -> bool {
        false
    }
}
