//! `union` and `join`: binds the other source's records with their own stages, and plans them up to the step where
//! they join.

use std::sync::Arc;

use crate::data::{Regroup, Slot};
use crate::lang::ast::Stage;
use crate::lang::suggest::did_you_mean;
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{Align, JoinClause, Side, Sides, StageRole, StripLines, UnionClause, WatchedField, role_of};

use super::logical::{Branch, InputFraming, LogicalStage, PlannedBranch, SourceSlots, StageKind};
use super::prune::ReverseSteps;
use super::scanner::{choose_scanner, metadata};
use super::stages::{BoundPipeline, bind_stage};
use super::{MergeStep, MessageScan, PlannedInput, Records, RowStep};

/// Binds the stages of the source, and unites the fields of both.
pub(super) fn bind_union(stage: &Stage, clause: UnionClause, bound: &mut BoundPipeline) -> Result<(), Diagnostics> {
    let branch = bind_branch(stage, &clause, bound)?;
    bound.chooses_columns |= branch.chooses_columns;
    let united = bound.scope.unite(branch.scope, &bound.source.all());
    bound.stages.push(LogicalStage {
        text: stage.to_string(),
        span: stage.span,
        kind: StageKind::Union(Branch {
            name: clause.name.text,
            stages: branch.stages,
            united,
            joined: None,
            framing: InputFraming::default(),
        }),
    });
    Ok(())
}

/// Binds both sides of a join: its keys and times, and the fields of both.
pub(super) fn bind_join(stage: &Stage, clause: JoinClause, bound: &mut BoundPipeline) -> Result<(), Diagnostics> {
    let mut branch = bind_branch(stage, &clause.source, bound)?;
    let input = bound.used_inputs.len(); // input 0 is the command line
    let Sides { prepared, joined } = clause.bind(&mut bound.scope, &mut branch.scope, input)?;
    let [first, second] = prepared;
    let by =
        |stages| LogicalStage { text: format!("inputs of {stage}"), span: stage.span, kind: StageKind::Rows(stages) };
    bound.stages.push(by(first));
    branch.stages.push(by(second));
    let united = bound.scope.join(branch.scope);
    bound.stages.push(LogicalStage {
        text: stage.to_string(),
        span: stage.span,
        kind: StageKind::Union(Branch {
            name: clause.source.name.text,
            stages: branch.stages,
            united,
            joined: Some(joined),
            framing: InputFraming::default(),
        }),
    });
    Ok(())
}

/// Binds the stages of the source in parentheses.
fn bind_branch(stage: &Stage, clause: &UnionClause, bound: &mut BoundPipeline) -> Result<BoundPipeline, Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let name = stage.head.as_word().unwrap_or_default();
    if let Some(before) = bound.stages.iter().find(|before| before.kind.needs_others()) {
        let message =
            format!("`{name}` must come before `{}`, which needs the records in order or all together", before.text);
        let help = match &before.kind {
            StageKind::Union(_) if role_of(stage) == StageRole::Join => {
                "a pipeline has one join: write bourn 'join a …' | bourn 'join b …'".to_owned()
            }
            _ => format!("write {stage} before it"),
        };
        diagnostics.push(Diagnostic::new(stage.head.span, message).help(help));
    }
    diagnostics.extend(unusable(clause, bound));
    bound.used_inputs.push(clause.name.text.clone());
    let mut branch = bound.branch();
    for inner in &clause.stages {
        let start = branch.stages.len();
        let found = match misplaced(inner, stage) {
            Some(diagnostic) => Err(Diagnostics::from(diagnostic)),
            None => bind_stage(inner, &mut branch),
        };
        let found = found.and_then(|()| {
            let mut added = branch.stages[start..].iter();
            match added.any(|added| added.kind.needs_others()) {
                true => Err(Diagnostics::from(not_row_by_row(inner, stage))),
                false => Ok(()),
            }
        });
        if let Err(found) = found {
            diagnostics.extend(found);
            branch.scope.poisoned = true;
        }
    }
    match diagnostics.is_empty() {
        true => Ok(branch),
        false => Err(diagnostics),
    }
}

/// The error of an unknown source, or of one already used.
fn unusable(clause: &UnionClause, bound: &BoundPipeline) -> Option<Diagnostic> {
    let name = &clause.name.text;
    if bound.used_inputs.contains(name) {
        let message = format!("`{name}` is already used: its records are read once");
        let help = format!("a second --with under another name reads its source again, as in --with {name}2=SOURCE");
        return Some(Diagnostic::new(clause.name.span, message).help(help));
    }
    if bound.inputs.contains(name) {
        return None;
    }
    let names: Vec<&str> = bound.inputs.iter().map(String::as_str).collect();
    let diagnostic = Diagnostic::new(clause.name.span, format!("unknown source `{name}`"));
    Some(match did_you_mean(name, &names) {
        Some(close) => diagnostic.did_you_mean(close),
        None => diagnostic.help(format!("write --with {name}=SOURCE before the expression")),
    })
}

/// The error of a stage in the parentheses of `outer` that belongs to the pipeline as a whole.
fn misplaced(inner: &Stage, outer: &Stage) -> Option<Diagnostic> {
    let (role, outer_role) = (role_of(inner), role_of(outer));
    match role {
        StageRole::Union | StageRole::Join => {
            let place = match role == outer_role {
                true => "another one".to_owned(),
                false => format!("a {}", outer.head),
            };
            let message = format!("a {} cannot be inside {place}", inner.head);
            Some(Diagnostic::new(inner.span, message).help(match (role, outer_role) {
                (StageRole::Join, StageRole::Join) => "write bourn 'join a …' | bourn 'join b …'",
                (StageRole::Union, StageRole::Union) => "write them one after the other: union a | union b",
                _ => "write them one after the other: union a | join b on line within 30s",
            }))
        }
        StageRole::Window | StageRole::Assert | StageRole::Until => Some(not_row_by_row(inner, outer)),
        StageRole::Ordinary | StageRole::SideFile => None,
    }
}

fn not_row_by_row(stage: &Stage, outer: &Stage) -> Diagnostic {
    let outer = &outer.head;
    let message = format!("expected a row-by-row stage in a {outer}, found `{stage}`");
    Diagnostic::new(stage.span, message).help(format!("write it after the {outer}, where all records go through it"))
}

/// Determines how the command line's sources are read, and sets it for the others.
pub(super) fn frame_inputs(stages: &mut [LogicalStage], records: Option<Records>, line: Slot) -> InputFraming {
    for index in 0..stages.len() {
        let StageKind::Union(branch) = &stages[index].kind else {
            continue;
        };
        let after = match branch.joins() {
            true => &[],
            false => &stages[index..],
        };
        let found = framing(&branch.stages, after, records, line);
        if let StageKind::Union(branch) = &mut stages[index].kind {
            branch.framing = found;
        }
    }
    framing(&[], stages, records, line)
}

/// Determines how the records of a source are read: its own stages come first, then those after the step where it
/// joins.
fn framing(own: &[LogicalStage], after: &[LogicalStage], records: Option<Records>, line: Slot) -> InputFraming {
    let extractions = |stage: &'_ LogicalStage| match &stage.kind {
        StageKind::Extract(extraction) => Some((extraction.framing(), extraction.prologue())),
        _ => None,
    };
    let is_union = |stage: &&LogicalStage| matches!(stage.kind, StageKind::Union(_)) || stage.text == StripLines::TEXT;
    let mut stages = own.iter().chain(after).filter(|stage| !is_union(stage));
    let prologues = own.iter().chain(after).filter_map(extractions);
    let prologue = prologues.map(|(_, prologue)| prologue).max();
    // Only a first stage that reads the source's own text may need more than lines.
    let framing = stages.next().and_then(extractions).map(|(framing, _)| framing);
    let mut all = own.iter().chain(after);
    let regroup = all.find_map(|stage| wanted_regroup(stage, line));
    let (framing, regroup) = match records {
        Some(Records::Framed(framing)) => (framing, None),
        Some(Records::Regrouped(regroup)) => (regroup.framing(), Some(regroup)),
        None => (framing.unwrap_or_default(), regroup.flatten()),
    };
    InputFraming { framing, regroup, prologue: prologue.unwrap_or_default() }
}

/// Returns the regrouping that a stage needs, if it is the first that extracts from the source's own lines.
fn wanted_regroup(stage: &LogicalStage, line: Slot) -> Option<Option<Regroup>> {
    match &stage.kind {
        StageKind::Extract(extraction) if extraction.reads(line) => Some(extraction.regroup()),
        StageKind::Extract(_) | StageKind::Rows(_) | StageKind::Ordered(_) | StageKind::Union(_) => None,
        StageKind::Grouped(_) => Some(None),
    }
}

impl Branch {
    /// Plans the steps for its records alone, and those by which the stream's records meet them; updates `live` to
    /// the slots needed before the union.
    pub(super) fn plan(
        self,
        index: usize,
        is_foreign: bool,
        (source, late_line): (&SourceSlots, Option<Slot>),
        stream: &mut ReverseSteps,
        watched: &mut Vec<WatchedField>,
    ) -> PlannedBranch {
        let mut own = ReverseSteps { live: stream.live.clone(), steps: Vec::new() };
        let after = if let Some(joined) = self.joined {
            let joined = joined.planned(&self.united, &stream.live, late_line);
            own.live = joined.needed(Side::Right);
            let read_after = std::mem::replace(&mut stream.live, joined.needed(Side::Left));
            stream.steps.push((index, MergeStep::Ordered(Arc::new(joined), read_after)));
            stream.steps.len()
        } else {
            let after = stream.steps.len();
            for (side, steps) in [(Side::Right, &mut own), (Side::Left, stream)] {
                if let Some(align) = Align::of(&self.united, side, &steps.live) {
                    steps.add_rows(index, Box::new(align));
                }
            }
            after
        };
        let texts = self.stages.iter().map(|stage| stage.text.clone()).collect();
        for stage in self.stages.into_iter().rev() {
            own.add(index, stage.kind, watched);
        }
        let step = |(_, step)| match step {
            MergeStep::Rows(step) => Some(step),
            MergeStep::Ordered(..) | MergeStep::Grouped(_) => None, // rejected by `bind_branch`
        };
        let mut map: Vec<RowStep> = own.steps.into_iter().rev().filter_map(step).collect();
        let metadata = metadata(source, &own.live);
        let framing = self.framing;
        let chosen = choose_scanner(source, framing.framing, is_foreign, metadata, map.first(), &own.live);
        let scanned_step = chosen.replaces_first.then(|| map.remove(0));
        PlannedBranch {
            input: PlannedInput {
                name: self.name,
                framing: framing.framing,
                regroup: framing.regroup,
                prologue: framing.prologue,
                scanner: chosen.scanner,
                messages: source.message.map(|_| MessageScan::new(source.line, scanned_step)),
                metadata,
                map,
                joins_at: 0,
            },
            after,
            texts,
            united: self.united,
        }
    }
}

impl PlannedBranch {
    /// Returns the input, given the number of row steps.
    pub(super) fn input(self, steps: usize) -> PlannedInput {
        PlannedInput { joins_at: steps - self.after, ..self.input }
    }

    /// True if one of the two streams always has a field of this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.united.is_known(name)
    }

    /// Its name and stages, for `--explain`.
    pub(super) fn explained(&self) -> String {
        let name = std::slice::from_ref(&self.input.name);
        [name, &self.texts].concat().join(" | ")
    }
}
