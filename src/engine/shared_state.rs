//! The state that workers share. All of it advances in stream order, so it is saved when no chunk is in flight.

use std::sync::{Arc, OnceLock};

use crate::data::Names;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::plan::{AssignedBy, Plan, PlannedWindow};

use super::Job;
use super::last_times::TimesBefore;
use super::record_numbers::RecordNumbers;
use super::window_assigner::WindowAssigner;

/// The parts of the state; workers and the coordinator have copies of these references.
#[derive(Clone)]
pub(super) struct SharedState {
    /// Set if the plan uses `@number`.
    pub(super) numbers: Option<Arc<RecordNumbers>>,
    /// The last times of the chunks before, for times without a year.
    pub(super) times: Arc<TimesBefore>,
    /// Set if workers assign windows.
    pub(super) assigner: Option<Arc<WindowAssigner>>,
    /// The columns, once the first row of the run has fixed them.
    pub(super) columns: Arc<OnceLock<Names>>,
}

impl SharedState {
    /// The state before the first chunk of a stream.
    pub(super) fn new(plan: &Plan, job: &Job) -> SharedState {
        let is_numbered = plan.inputs.iter().any(|input| input.metadata.number.is_some());
        let by_workers = |planned: &&PlannedWindow| planned.assigned_by == AssignedBy::Workers;
        let planned = plan.window.as_ref().filter(by_workers);
        SharedState {
            numbers: is_numbered.then(|| Arc::new(RecordNumbers::new())),
            times: Arc::default(),
            assigner: planned.map(|planned| Arc::new(WindowAssigner::new(planned, job.limits()))),
            columns: Arc::default(),
        }
    }

    /// Appends the state; no chunk is in flight.
    pub(super) fn save_state(&self, plan: &Plan, out: &mut Vec<u8>) {
        if let Some(numbers) = &self.numbers {
            numbers.save_state(out);
        }
        self.times.save_state(out);
        if let Some(assigner) = &self.assigner {
            assigner.save_state(out);
        }
        self.columns.get().map(|names| names.to_vec()).save(out);
        plan.save_observations(out);
    }

    /// Replaces the state before it is shared. The next chunk has the number `sequence`; `keeps_columns` if the results
    /// follow those of earlier runs.
    pub(super) fn load_state(
        &mut self,
        plan: &Plan,
        sequence: u64,
        keeps_columns: bool,
        input: &mut StateReader<'_>,
    ) -> Result<(), StateError> {
        const UNSHARED: &str = "state is loaded before the workers are made";
        if let Some(numbers) = &mut self.numbers {
            let numbers = Arc::get_mut(numbers).expect(UNSHARED);
            numbers.load_state(input)?;
            numbers.begin_at(sequence);
        }
        let times = Arc::get_mut(&mut self.times).expect(UNSHARED);
        times.load_state(input)?;
        times.begin_at(sequence);
        if let Some(assigner) = &mut self.assigner {
            let assigner = Arc::get_mut(assigner).expect(UNSHARED);
            assigner.load_state(input)?;
            assigner.begin_at(sequence);
        }
        if let Some(names) = Option::<Vec<Vec<u8>>>::load(input)?.filter(|_| keeps_columns) {
            self.columns.get_or_init(|| Names::from(names));
        }
        plan.load_observations(input)
    }
}
