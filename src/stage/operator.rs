//! Stages that need the records in order or all together: the coordinator runs them, after the workers reduced the
//! batches.

use std::sync::Arc;

use super::RecordCounts;
use crate::data::budget::{Budget, HeldState};
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, HeapBytes, Slot, SlotSet, Stopwatch};
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

/// A stage whose result depends on more than one record.
pub trait OrderedStage: Send + Sync {
    /// Adds every slot that it reads.
    fn reads(&self, slots: &mut SlotSet);

    /// The slots that it computes; a stage that computes any is left out if none of them is read.
    fn makes(&self) -> Vec<Slot> {
        Vec::new()
    }

    /// True if it emits nothing before all records are in.
    fn is_blocking(&self) -> bool;

    /// True if a window applies to it: it keeps state, even if it does not wait.
    fn is_stateful(&self) -> bool {
        self.is_blocking()
    }

    /// True if it passes on or drops each row when it receives it, so that the order of times stays.
    fn is_immediate(&self) -> bool {
        false
    }

    /// True if each row that it emits is a record that it received.
    fn gives_records(&self) -> bool {
        true
    }

    /// True if its result for a stream is its result for the rows that it emits for each part of the stream, in order.
    fn merges_parts(&self) -> bool {
        false
    }

    /// True if [`Operator::merge_state`] merges the states of its operators for the parts of a stream. Then windows keep
    /// a state per slice instead of their records, and its operators must not need the run, arrivals or punctuation.
    fn merges_states(&self) -> bool {
        false
    }

    /// The time domain that it uses apart from windows; its operator then receives punctuation.
    fn own_time(&self) -> OwnTime {
        OwnTime::None
    }

    /// The keys that partition its records: a session window is kept per key.
    fn keys(&self) -> Vec<Slot> {
        Vec::new()
    }

    /// Sets its memory limits, before it is used.
    fn remember(&mut self, memory: &Memory) {
        let _ = memory;
    }

    /// The maximum number of rows that it emits, if known.
    fn limit(&self) -> Option<usize> {
        None
    }

    /// Describes its state, for `--explain`.
    fn memory(&self) -> String;

    /// Later stages read only the first `limit` rows that it emits.
    fn take_limit(&mut self, limit: usize) {
        let _ = limit;
    }

    /// On a worker: drops rows that cannot be in the result. `live` are the slots read after it.
    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts);

    /// Replaces `reduce` on a worker if state across its batches helps. Batches of one worker are in stream order.
    fn reducer(&self, live: &SlotSet) -> Option<Box<dyn Reducer>> {
        let _ = live;
        None
    }

    /// Creates an operator for one result. `live` are the slots read after it.
    fn operator(&self, live: &SlotSet) -> Box<dyn Operator>;
}

/// The time domain that a stage uses apart from windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnTime {
    /// None.
    None,
    /// Arrival. If a field looks like an event time, its name.
    Processing(Option<String>),
    /// A time of the records.
    Event,
}

/// Memory limits of stages that keep state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Keys idle for longer than this many nanoseconds are dropped; the slot holds the time of each record.
    pub forget: Option<(i64, Slot)>,
    /// Disables sketches.
    pub exact: bool,
    /// The slots of the bounds of a record's window.
    pub bounds: Option<(Slot, Slot)>,
}

/// Drops rows that cannot be in the result, on a worker, with state across batches. The state is not saved: with a new
/// reducer the operator receives more rows, and the result is the same.
pub trait Reducer: HeapBytes + Send {
    /// Reduces the next batch.
    fn reduce(&mut self, batch: &mut Batch<'_>, counts: &mut RecordCounts);
}

/// Receives batches in stream order and emits batches.
///
/// Its state is loaded after [`Operator::begin`]. What the plan, `start` and `begin` set is not part of it.
pub trait Operator: Stateful + HeapBytes + Send {
    /// Receives the time since the run began. Called once, before anything else.
    fn start(&mut self, run: Stopwatch) {
        let _ = run;
    }

    /// Receives the memory budget. Called once, before the first batch.
    fn limit(&mut self, budget: &Arc<Budget>) {
        let _ = budget;
    }

    /// Receives what is known of time and sources before reading. Called once, before the first batch.
    fn begin(&mut self, limits: WatermarkConfig, written: &[SourceInfo]) {
        let _ = (limits, written);
    }

    /// Sets the arrival of the batches that follow.
    fn arrive(&mut self, arrival: Arrival) {
        let _ = arrival;
    }

    /// Event time advanced without records; pushes rows that became final to `out`.
    fn mark(&mut self, mark: Punctuation, arrival: Arrival, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let _ = (mark, arrival, out, counts);
    }

    /// Describes its state for the error if it exceeds the memory budget; `None` if it is bounded, or if the operator
    /// counts it itself ([`Operator::limit`]).
    fn held(&self) -> Option<HeldState> {
        None
    }

    /// Receives the next batch, which has at least one row; pushes rows that are final to `out`.
    fn push(&mut self, batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts);

    /// The input has ended: pushes the rest to `out`, or a piece of it. Called again while [`Operator::has_more`].
    fn finish(&mut self, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let _ = (out, counts);
    }

    /// True if [`Operator::finish`] has not pushed all rows: those in files need not be in memory at once.
    fn has_more(&self) -> bool {
        false
    }

    /// Returns what [`Operator::finish`] would emit if the input ended now; keeps all state. Empty unless the result
    /// waits for the end.
    fn snapshot(&self) -> Vec<Batch<'static>> {
        Vec::new()
    }

    /// Merges the saved state of an operator that received a later part of the stream. Only for a stage that
    /// [`OrderedStage::merges_states`]. Never panics, whatever the bytes are; after an error the operator is not to be
    /// used.
    fn merge_state(&mut self, later: &mut StateReader<'_>) -> Result<(), StateError> {
        let _ = later;
        Err(StateError::Damaged)
    }

    /// True if no further batch can change the result: then reading stops.
    fn is_done(&self) -> bool {
        false
    }
}
