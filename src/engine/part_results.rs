//! The state of a part of a stream: what the coordinator has received up to the first stage that needs all records.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, Merged};
use crate::data::persist::{Persist, StateError, StateReader, Stateful, load_text, save_text};
use crate::data::{Batch, take_across};
use crate::plan::{AssignedBy, Exchange, MergeStep, Plan};
use crate::window::{Arrival, Punctuation, Slice};

use super::chain::Chain;
use super::message::PartialResult;

/// Collects the state of a part.
pub(super) struct PartResults<'p> {
    collected: Collected,
    /// The first stage, if its output or state for the part is kept.
    pub(super) chain: Chain<'p>,
    executor: &'p dyn Executor,
}

/// The groups or rows that the workers have handed over.
enum Collected {
    /// Groups of the whole part.
    Groups(Merged),
    /// Groups by slice.
    Slices(Arc<Aggregation>, BTreeMap<Slice, Merged>),
    /// Rows in stream order.
    Rows(Vec<Batch<'static>>),
    /// The first stage has the state.
    Stage,
}

/// The state of a part, as it is saved.
pub(super) enum PartState {
    /// Groups of the whole part.
    Groups(Merged),
    /// Groups by slice.
    Slices(Vec<(Slice, Merged)>),
    /// Rows in stream order.
    Rows(Vec<Batch<'static>>),
    /// The saved state of the first stage, which merges states.
    Stage(Vec<u8>),
}

impl<'p> PartResults<'p> {
    pub(super) fn new(plan: &'p Plan, executor: &'p dyn Executor) -> PartResults<'p> {
        let collected = match &plan.exchange {
            Exchange::Grouped(aggregation) if plan.window.is_some() => {
                Collected::Slices(Arc::clone(aggregation), BTreeMap::new())
            }
            Exchange::Grouped(aggregation) => {
                Collected::Groups(Merged::within(Arc::clone(aggregation), &executor.budget()))
            }
            Exchange::Ordered(stage, _) if stage.merges_states() => Collected::Stage,
            Exchange::Rows | Exchange::Ordered(..) | Exchange::Gather(_) => Collected::Rows(Vec::new()),
        };
        let is_windowed = plan.window.as_ref().is_some_and(|window| window.assigned_by == AssignedBy::Merge(0));
        let kept = match plan.merge.first() {
            Some(MergeStep::Ordered(stage, _)) if !is_windowed => {
                usize::from(stage.merges_parts() || stage.merges_states())
            }
            _ => 0,
        };
        PartResults { collected, chain: Chain::first(plan, kept, executor), executor }
    }

    /// Adds the next rows in stream order.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival) {
        let rows = self.chain.arrive(arrival, batches);
        self.keep(rows);
    }

    /// Advances time without records.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival) {
        let rows = self.chain.mark(mark, arrival);
        self.keep(rows);
    }

    fn keep(&mut self, rows: Vec<Batch<'static>>) {
        if let Collected::Rows(kept) = &mut self.collected {
            kept.extend(rows);
        }
    }

    /// Adds the groups of a batch.
    pub(super) fn merge(&mut self, shares: Vec<PartialResult>) {
        for share in shares {
            match (&mut self.collected, share) {
                (Collected::Groups(merged), PartialResult::Whole(runs)) => merged.add(runs, self.executor),
                (Collected::Slices(aggregation, slices), PartialResult::Slices(runs)) => {
                    runs.add_to(slices, aggregation, self.executor);
                }
                _ => {}
            }
        }
    }

    /// Merges the state of the first stage for a later part.
    pub(super) fn merge_stage(&mut self, state: &[u8]) -> Result<(), StateError> {
        self.chain.merge_first(state)
    }

    /// Ends the input and returns the state.
    pub(super) fn finish(&mut self) -> PartState {
        if let Collected::Stage = self.collected {
            return PartState::Stage(self.chain.first_state());
        }
        let rows = self.chain.finish();
        self.keep(rows);
        match std::mem::replace(&mut self.collected, Collected::Rows(Vec::new())) {
            Collected::Groups(merged) => PartState::Groups(merged),
            Collected::Slices(_, slices) => PartState::Slices(slices.into_iter().collect()),
            Collected::Rows(rows) => PartState::Rows(in_equal_batches(&rows)),
            Collected::Stage => unreachable!("its state was returned above"),
        }
    }
}

/// The same rows in batches of equal size, whatever chunks they were read in.
fn in_equal_batches(batches: &[Batch<'static>]) -> Vec<Batch<'static>> {
    let numbers = |(index, batch): (usize, &Batch<'_>)| (0..batch.rows as u32).map(move |row| (index as u32, row));
    let rows: Vec<(u32, u32)> = batches.iter().enumerate().flat_map(numbers).collect();
    let slots = batches.iter().flat_map(|batch| batch.slots().iter().collect::<Vec<_>>()).collect();
    take_across(batches, &rows, &slots)
}

/// The numbers of the kinds of state; they never change.
mod tag {
    pub(super) const GROUPS: u8 = 0;
    pub(super) const SLICES: u8 = 1;
    pub(super) const ROWS: u8 = 2;
    pub(super) const STAGE: u8 = 3;
}

impl PartState {
    /// Appends the state.
    pub(super) fn save(&self, out: &mut Vec<u8>) {
        match self {
            PartState::Groups(merged) => {
                out.push(tag::GROUPS);
                merged.save_state(out);
            }
            PartState::Slices(slices) => {
                out.push(tag::SLICES);
                (slices.len() as u64).save(out);
                for (slice, merged) in slices {
                    slice.save(out);
                    merged.save_state(out);
                }
            }
            PartState::Rows(batches) => {
                out.push(tag::ROWS);
                batches.save(out);
            }
            PartState::Stage(state) => {
                out.push(tag::STAGE);
                save_text(state, out);
            }
        }
    }

    /// Reads the state of a part of this plan.
    pub(super) fn load(plan: &Plan, input: &mut StateReader<'_>) -> Result<PartState, StateError> {
        let load = |aggregation: &Arc<Aggregation>, input: &mut StateReader<'_>| {
            let mut merged = Merged::new(Arc::clone(aggregation));
            merged.load_state(input).map(|()| merged)
        };
        match (u8::load(input)?, &plan.exchange) {
            (tag::GROUPS, Exchange::Grouped(aggregation)) if plan.window.is_none() => {
                Ok(PartState::Groups(load(aggregation, input)?))
            }
            (tag::SLICES, Exchange::Grouped(aggregation)) if plan.window.is_some() => {
                let mut slices = Vec::new();
                for _ in 0..input.length(1)? {
                    slices.push((Slice::load(input)?, load(aggregation, input)?));
                }
                Ok(PartState::Slices(slices))
            }
            (tag::STAGE, Exchange::Ordered(stage, live)) if stage.merges_states() => {
                let state = load_text(input)?;
                let mut bytes = StateReader::new(state);
                stage.operator(live).load_state(&mut bytes)?; // only to find damage before any part is merged
                if bytes.is_empty() { Ok(PartState::Stage(state.to_vec())) } else { Err(StateError::Damaged) }
            }
            (tag::ROWS, Exchange::Ordered(stage, _)) if stage.merges_states() => Err(StateError::Damaged),
            (tag::ROWS, Exchange::Ordered(..) | Exchange::Gather(_)) => Ok(PartState::Rows(Vec::load(input)?)),
            _ => Err(StateError::Damaged),
        }
    }
}
