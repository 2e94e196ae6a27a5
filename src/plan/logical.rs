//! Stages whose names are bound, before they are divided between workers and coordinator.

use crate::aggregate::Aggregation;
use crate::data::{Framing, Prologue, Regroup, Slot};
use crate::expr::United;
use crate::lang::ast::Span;
use crate::stage::{Extraction, JoinSpec, OrderedStage, RowStage};

use super::PlannedInput;

/// The slots that a source fills.
#[derive(Clone, Copy)]
pub(super) struct SourceSlots {
    pub(super) line: Slot,
    pub(super) source: Slot,
    pub(super) number: Slot,
    pub(super) time: Slot,
    /// When a record was read; the same as `time` unless messages have a time of their own.
    pub(super) arrival: Slot,
    pub(super) header: Slot,
    /// The fields of messages, if a source has any.
    pub(super) message: Option<[Slot; 5]>,
}

impl SourceSlots {
    /// Returns all of them.
    pub(super) fn all(&self) -> Vec<Slot> {
        let fixed = [self.line, self.source, self.number, self.time, self.arrival, self.header];
        fixed.into_iter().chain(self.message.into_iter().flatten()).collect()
    }
}

/// A bound stage and its text.
pub(super) struct LogicalStage {
    pub(super) text: String,
    /// The stage as written that it belongs to.
    pub(super) span: Span,
    pub(super) kind: StageKind,
}

/// A bound stage by how it runs.
pub(super) enum StageKind {
    Rows(Vec<Box<dyn RowStage>>),
    Extract(Extraction),
    Ordered(Box<dyn OrderedStage>),
    Grouped(Aggregation),
    Union(Branch),
}

impl StageKind {
    /// True if it needs the records in order, or all of them.
    pub(super) fn needs_others(&self) -> bool {
        self.is_ordered() || matches!(self, StageKind::Grouped(_))
    }

    /// True if it needs the records in order.
    pub(super) fn is_ordered(&self) -> bool {
        match self {
            StageKind::Ordered(_) => true,
            StageKind::Union(branch) => branch.joins(),
            StageKind::Rows(_) | StageKind::Extract(_) | StageKind::Grouped(_) => false,
        }
    }

    /// True if rows after it may be fragments of records.
    pub(super) fn explodes(&self) -> bool {
        match self {
            StageKind::Rows(rows) => rows.iter().any(|row| row.explodes()),
            StageKind::Union(branch) => branch.explodes(),
            StageKind::Extract(_) | StageKind::Ordered(_) | StageKind::Grouped(_) => false,
        }
    }
}

/// A source that joins the stream.
pub(super) struct Branch {
    /// Its name in the expression.
    pub(super) name: String,
    /// The stages for its records alone.
    pub(super) stages: Vec<LogicalStage>,
    pub(super) united: United,
    /// The join condition; `None` for a union.
    pub(super) joined: Option<JoinSpec>,
    /// How its records are read; set once all stages are bound.
    pub(super) framing: InputFraming,
}

/// A branch while the stages after it are planned.
pub(super) struct PlannedBranch {
    pub(super) input: PlannedInput,
    /// Number of steps after it.
    pub(super) after: usize,
    /// The text of its stages.
    pub(super) texts: Vec<String>,
    pub(super) united: United,
}

/// How a source is read.
#[derive(Clone, Copy, Default)]
pub(super) struct InputFraming {
    pub(super) framing: Framing,
    pub(super) regroup: Option<Regroup>,
    pub(super) prologue: Prologue,
}

impl Branch {
    /// True for a join.
    pub(super) fn joins(&self) -> bool {
        self.joined.is_some()
    }

    /// True if its stages turn a record into several rows.
    pub(super) fn explodes(&self) -> bool {
        self.stages.iter().any(|stage| stage.kind.explodes())
    }
}
