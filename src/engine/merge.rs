//! Merges parts of a stream: the result is that of one run over the sources of all parts, in their order.

use std::sync::{Arc, OnceLock};

use crossbeam::channel::unbounded;

use crate::aggregate::SliceRuns;
use crate::data::{Batch, Column, ColumnBuilder, Stopwatch, Value, ValueRef};
use crate::plan::Plan;
use crate::sink::{BatchId, Sink};
use crate::stage::{Checks, Header};
use crate::window::Arrival;

use super::control::Control;
use super::executor::Threads;
use super::ledger::Ledger;
use super::message::PartialResult;
use super::output::Output;
use super::part::{Part, PartContents};
use super::part_results::PartState;
use super::results::Results;
use super::targets::Targets;
use super::thread_group::ThreadGroup;
use super::{Job, Outcome, say, without_threads};

/// Merges the parts, which were made with this plan, and prints the result, or a part of them all if the job says so.
/// Each part has the name of its file. Fails with the index of a part that is damaged.
pub fn merge(
    plan: &Plan,
    parts: Vec<(String, Part)>,
    job: &mut Job,
    sink: &mut Sink,
    control: &Arc<Control>,
) -> Result<Outcome, usize> {
    let executor =
        Threads { count: job.threads, run: Stopwatch::start(control.clock()), budget: Arc::clone(&job.budget) };
    let mut results = Results::new(plan, job.part.is_some(), job.limits(), &[], &executor);
    let (messages, _) = unbounded(); // the targets are asked how they are
    let (targets, threads) = Targets::new(std::mem::take(&mut job.targets), plan, None, control, &messages, job.quiet);
    let threads_of_targets = ThreadGroup::default();
    if let Err(error) = threads_of_targets.start(threads) {
        return Ok(without_threads(&error, job.quiet));
    }
    let mut output = Output::new(plan, job, Arc::new(OnceLock::new()), control, sink, targets);
    // No result depends on the time of reading, but a time far ahead of it is reported.
    let read_ns = control.clock().wall_ns();
    results.fill_up_to(read_ns.saturating_add(job.max_jump_ns));
    let mut merged = MergedParts::new(plan, job, read_ns);
    for (index, (name, part)) in parts.into_iter().enumerate() {
        let contents = part.contents(plan, merged.positions).map_err(|_| index)?;
        drop(part);
        if results.is_done() || output.error.is_some() || control.signal().is_some() {
            continue; // one run would not have read the sources of this part
        }
        merged.add(index, &name, contents, &mut results, &mut output).ok_or(index)?;
    }
    let state = results.finish_part();
    if state.is_none() {
        output.emit_all(&mut results, Results::finish);
        output.finish();
        output.deliver_last(BatchId::default());
    }
    let delivered = output.targets.delivered();
    results.settle(&mut merged.ledger, &mut merged.checks);
    if let (Some(header), Some(state)) = (&job.part, state) {
        output.raw(&Part::to_bytes(header, &merged.contents(state)));
    }
    let MergedParts { mut ledger, checks, bytes, failed_sources, .. } = merged;
    ledger.decide();
    Ok(Outcome {
        records: ledger.read,
        ledger,
        checks,
        bytes,
        failed_sources,
        left_out: std::mem::take(&mut output.left_out),
        notes: std::mem::take(&mut output.notes),
        sink: output.error.take(),
        signal: control.signal(),
        spilled: job.budget.spilled(),
        over_budget: job.budget.failure().map(str::to_owned),
        delivered,
        ..Outcome::default()
    })
}

/// The parts that were merged so far, apart from their results.
struct MergedParts<'p> {
    plan: &'p Plan,
    /// True if the result is a part of them all.
    is_part: bool,
    quiet: bool,
    read_ns: i64,
    ledger: Ledger,
    checks: Checks,
    bytes: u64,
    positions: u64,
    source_header: Option<Header>,
    failed_sources: Vec<String>,
}

impl<'p> MergedParts<'p> {
    fn new(plan: &'p Plan, job: &Job, read_ns: i64) -> MergedParts<'p> {
        MergedParts {
            plan,
            is_part: job.part.is_some(),
            quiet: job.quiet,
            read_ns,
            ledger: Ledger::default(),
            checks: Checks::default(),
            bytes: 0,
            positions: 0,
            source_header: None,
            failed_sources: Vec::new(),
        }
    }

    /// Adds the part of a file; `None` if it is damaged.
    fn add(
        &mut self,
        index: usize,
        name: &str,
        contents: PartContents,
        results: &mut Results<'p>,
        output: &mut Output<'_>,
    ) -> Option<()> {
        self.ledger.append_part(contents.ledger);
        self.checks.append(contents.checks);
        self.bytes += contents.bytes;
        for reason in contents.failed {
            let failed = format!("{name}: is incomplete: {reason}");
            if !self.quiet {
                say(&failed);
            }
            self.failed_sources.push(failed);
        }
        self.positions = self.positions.checked_add(contents.positions)?;
        let mut state = contents.state;
        if let Some(own) = contents.source_header {
            let first = self.source_header.get_or_insert_with(|| {
                if !self.is_part {
                    output.source_header(own.clone());
                }
                own.clone()
            });
            reorder_lines(self.plan, &mut state, &own.line, &first.line, self.is_part);
        }
        let mut emit = |rows: Vec<Batch<'static>>| output.emit(&rows);
        match state {
            PartState::Groups(merged) => {
                results.merge(vec![PartialResult::Whole(merged.into_runs())], i64::MIN, &mut emit);
            }
            PartState::Slices(slices) => {
                results.merge(vec![PartialResult::Slices(SliceRuns::of(slices))], i64::MIN, &mut emit);
            }
            PartState::Stage(state) => results.merge_stage(&state).ok()?,
            PartState::Rows(rows) => {
                self.ledger.passed = self.ledger.passed.saturating_sub(results.counted_again(&rows));
                results.push(rows, Arrival { source: index, input: 0, read_ns: self.read_ns }, &mut emit);
            }
        }
        Some(())
    }

    /// The contents of one part of them all.
    fn contents(&self, state: PartState) -> PartContents {
        PartContents {
            ledger: self.ledger.clone(),
            checks: self.checks.clone(),
            bytes: self.bytes,
            positions: self.positions,
            failed: self.failed_sources.clone(),
            source_header: self.source_header.clone(),
            state,
        }
    }
}

/// Reorders the columns of a part's lines to match the first header of all parts. A line is under the part's `own`
/// header, or a list of its header and the line. A merged part keeps such lists, because it may come after another part.
fn reorder_lines(plan: &Plan, state: &mut PartState, own: &[u8], first: &[u8], is_part: bool) {
    let (PartState::Rows(batches), Some(slot)) = (state, plan.output.lines) else {
        return;
    };
    if plan.output.is_chosen {
        return; // the lines are not those of the source
    }
    let Some(decoder) = plan.map.iter().find_map(|step| step.stage.takes_header()) else {
        return;
    };
    for batch in batches.iter_mut().filter(|batch| batch.slots().contains(slot)) {
        let lines = batch.column(slot);
        if own == first && matches!(lines, Column::Text(_)) {
            continue; // no line has another header
        }
        let mut reordered = ColumnBuilder::new(batch.rows);
        for row in 0..batch.rows {
            let value = lines.get(row);
            let (header, line) = match value {
                ValueRef::Text(line) => (own, line),
                ValueRef::List([Value::Text(header), Value::Text(line)]) => (header.as_slice(), line.as_slice()),
                _ => {
                    reordered.push(value);
                    continue;
                }
            };
            if header == first {
                reordered.push(ValueRef::Text(line));
            } else if is_part {
                reordered.push(ValueRef::List(&[Value::Text(header.to_vec()), Value::Text(line.to_vec())]));
            } else {
                let moved = decoder.in_order(line, header, first);
                reordered.push(ValueRef::Text(moved.as_deref().unwrap_or(line)));
            }
        }
        let reordered: Column<'static> = reordered.finish();
        batch.set(slot, reordered);
    }
}
