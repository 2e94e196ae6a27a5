//! `overall AGG, …`: adds to each record the aggregates of all records of its result.
//!
//! The plan reads and binds the aggregates, as for `running`.

use std::sync::Arc;

use super::saved_batches::{load_batches, save_batches};
use super::{BoundStage, Memory, Operator, OrderedStage, RecordCounts, StageDef, StageRole};
use crate::aggregate::{OverallResults, OverallStates, RunningAggregation};
use crate::data::budget::{BatchQueue, Budget, Held, HeldState};
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Entry, Example, HeapBytes, Slot, SlotSet, Stopwatch};
use crate::expr::Failures;

pub(super) const OVERALL: StageDef = StageDef {
    entry: Entry {
        name: "overall",
        usage: "overall AGG [where COND] [as NAME], … [by KEY, …]",
        summary: "Add to each record the aggregates over all records of its key.",
        details: "The records stay, in order, and each has the aggregates of the whole result: with a window, of the \
                  records in its window; with `by`, of those with its key. Nothing is printed before the result is \
                  complete. Records wait in memory, and in files over --memory; there is a state for each key. A \
                  column is named after its aggregate and replaces a field of that name. As the window functions of \
                  SQL, and eventstats of Splunk.",
        examples: &[
            Example {
                expr: "csv as path, ms | overall avg(ms) as mean by path | where ms > 1.5 * mean",
                input: "/a,10\n/b,50\n/a,12\n/a,60\n",
                output: "/a\t60\t27.333333333333332\n",
            },
            Example {
                expr: "split as n | overall sum(n) as all, count | select n, n / all as share, count",
                input: "1 3\n",
                output: "1\t0.25\t2\n3\t0.75\t2\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind: |_, _| Ok(BoundStage::deferred(|binder| binder.add_running())),
};

/// The stage of bound aggregates.
pub struct OverallStage {
    aggregation: Arc<RunningAggregation>,
}

impl OverallStage {
    /// The stage of these aggregates.
    pub fn new(aggregation: Arc<RunningAggregation>) -> OverallStage {
        OverallStage { aggregation }
    }
}

impl OrderedStage for OverallStage {
    fn reads(&self, slots: &mut SlotSet) {
        self.aggregation.reads(slots);
    }

    fn keys(&self) -> Vec<Slot> {
        self.aggregation.keys.clone()
    }

    fn makes(&self) -> Vec<Slot> {
        self.aggregation.makes()
    }

    fn is_blocking(&self) -> bool {
        true
    }

    fn remember(&mut self, memory: &Memory) {
        if let Some(aggregation) = Arc::get_mut(&mut self.aggregation) {
            aggregation.exact = memory.exact;
            aggregation.bounds = memory.bounds;
        }
    }

    fn memory(&self) -> String {
        let states = match self.aggregation.keys.len() {
            0 => "one state",
            _ => "a state for each distinct key",
        };
        format!("all records, in files over --memory, and {states}")
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let mut needed = live.clone();
        self.reads(&mut needed);
        batch.retain(&needed);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        let budget = Budget::unlimited();
        let mut kept = live.clone();
        self.makes().into_iter().for_each(|made| kept.remove(made));
        self.aggregation.keys.iter().for_each(|key| kept.insert(*key));
        Box::new(OverallOperator {
            states: OverallStates::new(Arc::clone(&self.aggregation)),
            live: live.clone(),
            kept,
            held: BatchQueue::new(OVERALL.entry.name, &budget),
            reserved: budget.hold(),
            unmeasured_rows: 0,
            results: None,
        })
    }
}

/// The records so far, and the states of their keys.
struct OverallOperator {
    states: OverallStates,
    live: SlotSet,
    /// The columns of the records that wait.
    kept: SlotSet,
    held: BatchQueue,
    /// The bytes of the states.
    reserved: Held,
    /// Rows since the states were measured.
    unmeasured_rows: usize,
    /// The results, once they are final.
    results: Option<OverallResults>,
}

impl OverallOperator {
    /// Counts the states again if it is time to; ends the input if they are too large.
    fn measure(&mut self, rows: usize) {
        self.unmeasured_rows += rows;
        let budget = Arc::clone(self.reserved.budget());
        if self.unmeasured_rows < budget.rows_until_measured(self.reserved.bytes()) {
            return;
        }
        self.unmeasured_rows = 0;
        self.reserved.set(self.states.heap_bytes());
        if budget.must_end(self.reserved.bytes()) {
            let contents = format!("{} keys", self.states.keys());
            budget.fail_held(&HeldState { stage: OVERALL.entry.name, contents, can_forget: false });
        }
    }
}

/// Adds the results to a batch.
fn complete(
    mut batch: Batch<'static>,
    states: &mut OverallStates,
    results: &OverallResults,
    live: &SlotSet,
) -> Batch<'static> {
    let columns = states.beside(results, &batch);
    batch.retain(live);
    for (slot, column) in columns {
        if live.contains(slot) {
            batch.set(slot, column);
        }
    }
    batch
}

impl Operator for OverallOperator {
    fn start(&mut self, run: Stopwatch) {
        self.states.start(run);
    }

    fn limit(&mut self, budget: &Arc<Budget>) {
        self.held.limit(budget);
        self.reserved = budget.hold();
    }

    fn push(&mut self, mut batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        self.states.push(&batch, &mut counts.failures);
        self.measure(batch.rows);
        batch.retain(&self.kept);
        self.held.push(batch);
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let results = self.results.take().unwrap_or_else(|| self.states.finish(&mut counts.failures));
        if let Some(batch) = self.held.pop() {
            out.push(complete(batch, &mut self.states, &results, &self.live));
        }
        self.results = Some(results);
    }

    fn has_more(&self) -> bool {
        !self.held.is_empty()
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        let results = self.states.finish(&mut Failures::default()); // they are counted at the end
        let mut keys = self.states.copy_of_keys();
        self.held.iter().map(|batch| complete(batch, &mut keys, &results, &self.live)).collect()
    }
}

impl Stateful for OverallOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.states.save_state(out);
        save_batches(self.held.iter().collect::<Vec<_>>().iter(), out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.states.load_state(input)?;
        let keys = self.states.key_slots().to_vec();
        let known = self.states.keys();
        for batch in load_batches(&keys, input)? {
            self.states.find(&batch);
            self.held.push(batch);
        }
        if self.states.keys() == known { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for OverallOperator {
    fn heap_bytes(&self) -> usize {
        self.states.heap_bytes() + self.held.heap_bytes()
    }
}
