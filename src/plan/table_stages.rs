//! The stages that read the file of a `lookup`: planned as those of a source, and run over the whole file at once.

use std::sync::Arc;

use crate::data::{BYTE_ORDER_MARK, Batch, Column, Position, Prologue, Validity, Value, escape_controls};
use crate::decode::table::{Table, table_of};
use crate::expr::Scope;
use crate::lang::ast::{Pipeline, Stage};
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{RecordCounts, StageRole, TableReader, role_of};

use super::stages::{Refine, bind};
use super::{OutputMode, Plan, Settings, lower};

/// Plans the stages of a file; all of them must be row-by-row.
pub(super) fn plan_table(path: String, stages: &[Stage], outer: &Scope) -> Result<Arc<dyn TableReader>, Diagnostics> {
    let whole = |stage: &&Stage| {
        matches!(
            role_of(stage),
            StageRole::Union | StageRole::Join | StageRole::Window | StageRole::Assert | StageRole::Until
        )
    };
    if let Some(stage) = stages.iter().find(whole) {
        return Err(Diagnostics::from(not_row_by_row(stage)));
    }
    let settings = Settings {
        seed: outer.settings.seed,
        side_files: outer.settings.side_files.clone(),
        ..Settings::from(OutputMode::Fields)
    };
    let pipeline = Pipeline { stages: stages.to_vec(), text: Arc::clone(&outer.settings.text) };
    let bound = bind(&pipeline, &settings, Refine::Yes)?;
    if let Some(found) = bound.stages.iter().find(|stage| stage.kind.needs_others()) {
        let stage = stages.iter().find(|stage| stage.span.end >= found.span.end).or(stages.last());
        return Err(stage.map(|stage| Diagnostics::from(not_row_by_row(stage))).unwrap_or_default());
    }
    let plan = lower::lower(bound, settings);
    if plan.inputs.iter().any(|input| input.prologue == Prologue::Directives) {
        let stage = stages.first().map(|stage| stage.span).unwrap_or_default();
        return Err(Diagnostics::from(Diagnostic::new(stage, "a file of `lookup` cannot have directives")));
    }
    Ok(Arc::new(TableStages { path, plan }))
}

fn not_row_by_row(stage: &Stage) -> Diagnostic {
    let message = format!("expected a row-by-row stage for the file of a lookup, found `{stage}`");
    Diagnostic::new(stage.span, message).help("such a stage needs several records of the file")
}

/// A file with its stages.
struct TableStages {
    path: String,
    plan: Plan,
}

impl TableStages {
    /// The batch of records, with what is known of their source.
    fn first_batch<'b>(&self, bytes: &'b [u8], header: Option<&[u8]>, before: usize) -> Batch<'b> {
        let input = &self.plan.inputs[0];
        let mut batch = input.scanner.scan(bytes, Position(0));
        let rows = batch.rows;
        let metadata = &input.metadata;
        let unknown = metadata.message.into_iter().flatten().chain(metadata.time).chain(metadata.arrival);
        for slot in unknown {
            batch.set(slot, Column::Constant(Value::Null, rows));
        }
        if let Some(slot) = metadata.source {
            batch.set(slot, Column::Constant(Value::Text(self.path.clone().into_bytes()), rows));
        }
        if let Some(slot) = metadata.number {
            let first = before as i64 + 1;
            batch.set(slot, Column::Int((first..first + rows as i64).collect(), Validity::ALL));
        }
        if let Some(slot) = metadata.header {
            let header = header.map_or(Value::Null, |header| Value::Text(header.to_vec()));
            batch.set(slot, Column::Constant(header, rows));
        }
        batch
    }

    /// The header among the records and the index of the record after it, if a stage wants one.
    fn header(&self, bytes: &[u8], ends: &[usize]) -> Option<(Vec<u8>, usize)> {
        let input = &self.plan.inputs[0];
        let mut start = 0;
        for (index, &end) in ends.iter().enumerate().filter(|_| input.prologue == Prologue::Header) {
            let mut batch = self.first_batch(&bytes[start..end], None, index);
            start = end;
            for step in input.map.iter().chain(&self.plan.map) {
                if batch.rows == 0 {
                    break;
                }
                if let Some(taker) = step.stage.takes_header() {
                    let Some(header) = taker.header(&batch) else {
                        break;
                    };
                    let next = if header.line.is_empty() { index } else { index + 1 };
                    return Some((header.line, next));
                }
                step.stage.apply(&mut batch, &step.live, &mut RecordCounts::default());
            }
        }
        None
    }

    /// Applies all stages to records; fails with the reason of the first one that cannot be read.
    fn run<'b>(&self, bytes: &'b [u8], header: Option<&[u8]>, before: usize) -> Result<Batch<'b>, String> {
        let mut batch = self.first_batch(bytes, header, before);
        let mut counts = RecordCounts::default();
        for step in self.plan.inputs[0].map.iter().chain(&self.plan.map) {
            if batch.rows == 0 {
                break;
            }
            step.stage.apply(&mut batch, &step.live, &mut counts);
        }
        let failed = (counts.failures.count > 0).then(|| "a value failed to convert".to_owned());
        match (counts.rejected > 0).then_some(counts.first_rejected.unwrap_or_default()).or(failed) {
            Some(reason) => Err(reason),
            None => Ok(batch),
        }
    }
}

impl TableReader for TableStages {
    fn read(&self, bytes: &[u8]) -> Result<Table, String> {
        let input = &self.plan.inputs[0];
        let bytes = match input.prologue {
            Prologue::Nothing => bytes,
            _ => bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes),
        };
        let mut ends = Vec::new();
        input.framing.each_record(bytes, |_, end| ends.push(end));
        let (header, first) = self.header(bytes, &ends).unwrap_or_default();
        let header = (first > 0).then_some(header.as_slice());
        let start_of = |index: usize| if index == 0 { 0 } else { ends[index - 1] };
        let batch = self.run(&bytes[start_of(first)..], header, first).map_err(|reason| {
            let is_bad = |index: &usize| self.run(&bytes[start_of(*index)..ends[*index]], header, *index).is_err();
            let bad = (first..ends.len()).find(is_bad).unwrap_or(first);
            let line = bytes[..start_of(bad)].iter().filter(|byte| **byte == b'\n').count() + 1;
            format!("{}:{line}: {reason}", escape_controls(&self.path))
        })?;
        let columns = &self.plan.output.columns;
        let names = columns.named.iter().map(|column| column.name.clone()).collect();
        let row = |row| {
            let fields = columns.fields(&batch, row).into_iter();
            fields.map(|(name, value)| (name.to_vec(), value.to_value())).collect()
        };
        Ok(table_of(names, if batch.rows == 0 { 0..0 } else { 0..batch.rows }.map(row)))
    }
}
