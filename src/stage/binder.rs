//! The services of the plan to stages that are more than a transformation of rows.

use std::sync::Arc;

use super::{BoundStage, Check, JoinClause, OrderedStage, UnionClause};
use crate::data::Slot;
use crate::decode::table::Table;
use crate::expr::Scope;
use crate::lang::{Diagnostics, ast};

/// Reads a file with stages of its own.
pub trait TableReader: Send + Sync {
    /// Returns the rows of the file's contents; fails with a sentence that names the place.
    fn read(&self, bytes: &[u8]) -> Result<Table, String>;
}

/// Binds the parts of a stage into the pipeline. The plan implements it; a stage uses it in [`BoundStage::Deferred`].
pub trait Binder {
    /// Adds bound work after the stages so far.
    fn add(&mut self, work: BoundStage) -> Result<(), Diagnostics>;

    /// Binds another stage in place of this one.
    fn rewrite(&mut self, stage: &ast::Stage) -> Result<(), Diagnostics>;

    /// The fields after the stages so far.
    fn scope(&self) -> &Scope;

    /// Adds the steps that compute totals.
    fn add_totals(&mut self, totals: Vec<Box<dyn OrderedStage>>);

    /// Prints the text in this slot as lines, unless a format of the output is chosen.
    fn print_lines(&mut self, slot: Slot);

    /// Adds a check of every row of the result; returns its index.
    fn add_assert(&mut self, check: Check) -> usize;

    /// Sets the check that ends the run.
    fn set_until(&mut self, check: Check);

    /// Binds the aggregates of `running`, whose arguments the plan reads.
    fn add_running(&mut self) -> Result<(), Diagnostics>;

    /// The fields after the stages so far, to add some.
    fn scope_mut(&mut self) -> &mut Scope;

    /// Plans the stages that read a file.
    fn plan_table(&self, path: String, stages: &[ast::Stage]) -> Result<Arc<dyn TableReader>, Diagnostics>;

    /// Merges the records of another source, after binding its stages.
    fn unite(&mut self, clause: UnionClause) -> Result<(), Diagnostics>;

    /// Joins the records of another source, after binding its stages.
    fn join(&mut self, clause: JoinClause) -> Result<(), Diagnostics>;
}
