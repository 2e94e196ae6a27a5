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
    let (mut ledger, mut checks) = (Ledger::default(), Checks::default());
    let (mut bytes, mut positions) = (0, 0);
    let mut source_header: Option<Header> = None;
    let mut failed_sources = Vec::new();
    // No result depends on the time of reading, but a time far ahead of it is reported.
    let read_ns = control.clock().wall_ns();
    results.fill_up_to(read_ns.saturating_add(job.max_jump_ns));
    for (index, (name, part)) in parts.into_iter().enumerate() {
        let contents = part.contents(plan, positions).map_err(|_| index)?;
        drop(part);
        if results.is_done() || output.error.is_some() || control.signal().is_some() {
            continue; // one run would not have read the sources of this part
        }
        ledger.append_part(contents.ledger);
        checks.append(contents.checks);
        bytes += contents.bytes;
        for reason in contents.failed {
            let failed = format!("{name}: is incomplete: {reason}");
            if !job.quiet {
                say(&failed);
            }
            failed_sources.push(failed);
        }
        positions = positions.checked_add(contents.positions).ok_or(index)?;
        let mut state = contents.state;
        if let Some(own) = contents.source_header {
            let first = source_header.get_or_insert_with(|| {
                if job.part.is_none() {
                    output.source_header(own.clone());
                }
                own.clone()
            });
            reorder_lines(plan, &mut state, &own.line, &first.line, job.part.is_some());
        }
        let mut emit = |rows: Vec<Batch<'static>>| output.emit(&rows);
        match state {
            PartState::Groups(merged) => {
                results.merge(vec![PartialResult::Whole(merged.into_runs())], i64::MIN, &mut emit);
            }
            PartState::Slices(slices) => {
                results.merge(vec![PartialResult::Slices(SliceRuns::of(slices))], i64::MIN, &mut emit);
            }
            PartState::Stage(state) => results.merge_stage(&state).map_err(|_| index)?,
            PartState::Rows(rows) => {
                ledger.passed = ledger.passed.saturating_sub(results.counted_again(&rows));
                results.push(rows, Arrival { source: index, input: 0, read_ns }, &mut emit);
            }
        }
    }
    let state = results.finish_part();
    if state.is_none() {
        output.emit_all(&mut results, Results::finish);
        output.finish();
        output.deliver_last(BatchId::default());
    }
    let delivered = output.targets.delivered();
    results.settle(&mut ledger, &mut checks);
    if let (Some(header), Some(state)) = (&job.part, state) {
        let (ledger, checks) = (ledger.clone(), checks.clone());
        let failed = failed_sources.clone();
        let contents = PartContents { ledger, checks, bytes, positions, failed, source_header, state };
        output.raw(&Part::to_bytes(header, &contents));
    }
    ledger.decide();
    Ok(Outcome {
        records: ledger.read,
        ledger,
        checks,
        bytes,
        failed_sources,
        left_out: std::mem::take(&mut output.left_out),
        sink: output.error.take(),
        signal: control.signal(),
        spilled: job.budget.spilled(),
        over_budget: job.budget.failure().map(str::to_owned),
        delivered,
        ..Outcome::default()
    })
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
