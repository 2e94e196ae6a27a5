//! Merges parts of a stream: the result is that of one run over the sources of all parts, in their order.

use std::sync::{Arc, OnceLock};

use crate::data::Stopwatch;
use crate::plan::Plan;
use crate::sink::Sink;
use crate::stage::Checks;
use crate::window::Arrival;

use super::control::Control;
use super::executor::Threads;
use super::ledger::Ledger;
use super::output::Output;
use super::part::{Part, PartContents};
use super::results::Results;
use super::{Job, Outcome, say};

/// The records of parts have no arrival time: pipelines that need it are rejected.
const ARRIVAL: Arrival = Arrival { source: 0, input: 0, read_ns: 0 };

/// Merges the parts, which were made with this plan, and prints the result, or a part of them all if the job says so.
/// Each part has the name of its file. Fails with the index of a part that is damaged.
pub fn merge(
    plan: &Plan,
    parts: Vec<(String, Part)>,
    job: &Job,
    sink: &mut Sink,
    control: &Arc<Control>,
) -> Result<Outcome, usize> {
    let executor = Threads { count: job.threads, run: Stopwatch::start(control.clock()) };
    let mut results = Results::new(plan, job.part.is_some(), job.limits(), &[], &executor);
    let mut output = Output::new(plan, job, Arc::new(OnceLock::new()), control, sink);
    let (mut ledger, mut checks) = (Ledger::default(), Checks::default());
    let (mut bytes, mut positions) = (0, 0);
    let mut source_header = None;
    let mut failed_sources = Vec::new();
    for (index, (name, part)) in parts.into_iter().enumerate() {
        let contents = part.contents(plan, positions).map_err(|_| index)?;
        drop(part);
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
        if source_header.is_none()
            && let Some(header) = contents.source_header
        {
            if job.part.is_none() {
                output.source_header(header.clone());
            }
            source_header = Some(header);
        }
        let is_over = results.is_done() || output.error.is_some() || control.signal().is_some();
        match contents.state.into_result() {
            Ok(share) if !is_over => results.merge(vec![share], i64::MIN, &mut |rows| output.emit(&rows)),
            Ok(_) => {}
            Err(rows) => {
                let counted = results.counted_again(&rows);
                ledger.passed = ledger.passed.saturating_sub(counted);
                if is_over {
                    ledger.filtered += counted; // by the `limit` that ended the result
                } else {
                    results.push(rows, ARRIVAL, &mut |rows| output.emit(&rows));
                }
            }
        }
    }
    let state = results.finish_part();
    if state.is_none() {
        results.finish(&mut |rows| output.emit(&rows));
        output.finish();
    }
    results.settle(&mut ledger, &mut checks);
    if let (Some(header), Some(state)) = (&job.part, state) {
        let (ledger, checks) = (ledger.clone(), checks.clone());
        let failed = failed_sources.clone();
        let contents = PartContents { ledger, checks, bytes, positions, failed, source_header, state };
        output.raw(&Part::to_bytes(header, &contents));
    }
    ledger.decide();
    Ok(Outcome {
        ledger,
        checks,
        bytes,
        failed_sources,
        left_out: std::mem::take(&mut output.left_out),
        sink: output.error.take(),
        signal: control.signal(),
        ..Outcome::default()
    })
}
