//! Binds the stages in order: each sees the fields left by the ones before.

use std::sync::Arc;

use crate::aggregate;
use crate::data::Slot;
use crate::expr::scope::{BindSettings, OF_MESSAGE, OF_SOURCE};
use crate::expr::{Scope, functions};
use crate::lang::ast::{Expr, ExprKind, Pipeline, Span, Stage, UnaryOp};
use crate::lang::{Diagnostic, Diagnostics, in_back_quotes};
use crate::stage::{
    self, Binder, BoundStage, Check, JoinClause, Memory, OrderedStage, RowStage, StageRole, StripLines, TableReader,
    UnionClause, role_of,
};

use super::Settings;
use super::aggregates::{bind_aggregates, meant};
use super::approx::{self, ApproxClause, bind_approx};
use super::items::{begins_items, is_bare_condition};
use super::logical::{LogicalStage, SourceSlots, StageKind};
use super::running::{BoundRunning, bind_running};
use super::table_stages::plan_table;
use super::union::{bind_join, bind_union};
use super::window::{self, Bounds, TimeDomain, WindowLevels};
use super::{checks, foreign_verbs, refine};

/// A pipeline whose names are bound.
pub(super) struct BoundPipeline {
    pub(super) stages: Vec<LogicalStage>,
    /// The fields after the last stage.
    pub(super) scope: Scope,
    pub(super) source: SourceSlots,
    /// True if a stage created or selected columns.
    pub(super) chooses_columns: bool,
    /// The slot of the lines that `print` makes, if no later stage created or selected columns.
    pub(super) printed_lines: Option<Slot>,
    /// The slot of the column of `--stamp`.
    pub(super) stamp: Option<Slot>,
    /// The windows of blocking stages.
    pub(super) levels: WindowLevels,
    pub(super) asserts: Vec<Check>,
    pub(super) until: Option<Check>,
    /// The fields of a record as it comes from its source.
    unread: Scope,
    /// The names of other sources, and those already used.
    pub(super) inputs: Vec<String>,
    pub(super) used_inputs: Vec<String>,
    refine: Refine,
    /// Terminal escapes are dropped from the lines of all sources.
    strips_ansi: bool,
}

/// Whether errors are improved: not in a suggestion that is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refine {
    Yes,
    No,
}

impl BoundPipeline {
    /// Starts the pipeline of another source.
    pub(super) fn branch(&self) -> BoundPipeline {
        BoundPipeline {
            stages: first_stages(self.strips_ansi, self.source),
            scope: self.unread.clone(),
            source: self.source,
            chooses_columns: false,
            printed_lines: None,
            stamp: None,
            levels: WindowLevels::default(),
            asserts: Vec::new(),
            until: None,
            unread: self.unread.clone(),
            inputs: Vec::new(),
            used_inputs: Vec::new(),
            refine: self.refine,
            strips_ansi: self.strips_ansi,
        }
    }

    /// Passes memory settings to the stages that keep state: exactness, and the idle time of keys in nanoseconds.
    pub(super) fn remember(&mut self, exact: bool, forget_ns: Option<i64>) {
        let first = self.levels.windows().next();
        let time = match first.map(|window| &window.by) {
            Some(TimeDomain::Event(slot)) => *slot,
            _ => self.source.arrival,
        };
        let mut memory = Memory { forget: forget_ns.map(|ns| (ns, time)), exact, bounds: None };
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let bounds = self.levels.window_of(index).map(|window| window.bounds);
            memory.bounds = bounds.map(|bounds| (bounds.start, bounds.end));
            if let (Some(ns), Some(time)) = (forget_ns, self.levels.time_before(index)) {
                memory.forget = Some((ns, time));
            }
            let gives_records = match &mut stage.kind {
                StageKind::Grouped(aggregation) => {
                    aggregation.exact = exact;
                    false
                }
                StageKind::Ordered(ordered) => {
                    ordered.remember(&memory);
                    ordered.gives_records()
                }
                StageKind::Rows(_) | StageKind::Extract(_) | StageKind::Union(_) => true,
            };
            if !gives_records {
                memory.forget = None; // rows of the whole stream have no time, and their number is bounded
            }
        }
    }
}

/// Binds all stages, or returns every error.
pub(super) fn bind(pipeline: &Pipeline, settings: &Settings, refine: Refine) -> Result<BoundPipeline, Diagnostics> {
    let mut scope = Scope::new();
    scope.settings = BindSettings {
        text: Arc::clone(&pipeline.text),
        seed: settings.seed,
        side_files: settings.side_files.clone(),
        reloads: settings.reloads,
        explain_name: Some(super::elsewhere::elsewhere),
    };
    let line = scope.set("line");
    scope.set_scalar(line);
    let [source, number, time] = OF_SOURCE.map(|name| scope.set_metadata(name));
    scope.set_time(time);
    let message = settings.messages.then(|| OF_MESSAGE.map(|name| scope.set_metadata(name)));
    let arrival = if settings.messages { scope.new_slot() } else { time };
    if arrival != time {
        scope.set_time(arrival);
        scope.set_arrival(arrival);
    }
    let source = SourceSlots { line, source, number, time, arrival, header: scope.set_header(), message };
    let mut bound = BoundPipeline {
        stages: first_stages(settings.strips_ansi, source),
        unread: scope.clone(),
        inputs: settings.inputs.clone(),
        used_inputs: Vec::new(),
        scope,
        source,
        chooses_columns: false,
        printed_lines: None,
        stamp: None,
        levels: WindowLevels::default(),
        asserts: Vec::new(),
        until: None,
        refine,
        strips_ansi: settings.strips_ansi,
    };
    let mut diagnostics = Diagnostics::default();
    match WindowLevels::find(&pipeline.stages) {
        Ok(found) => {
            bound.chooses_columns |= !found.is_empty();
            bound.levels = found;
        }
        Err(found) => diagnostics.extend(found),
    }
    let mut stages = window::without_windows(&pipeline.stages);
    match checks::misplaced(&stages.iter().map(|(_, stage)| *stage).collect::<Vec<_>>()) {
        Some(misplaced) => diagnostics.push(misplaced),
        None => stages.sort_by_key(|(_, stage)| role_of(stage) == StageRole::Assert), // they see the rows that `until` prints
    }
    stages.dedup_by(|(next_level, next), (level, sort)| {
        let sorts_for_it = next_level == level && refine::is_uniq(next) && refine::is_bare_sort(sort);
        if sorts_for_it {
            *sort = *next; // it does the work of both
        }
        sorts_for_it
    });
    for (windows_before, stage) in stages {
        bound.levels.move_to(windows_before, &mut bound.scope);
        if let Err(found) = bind_stage(stage, &mut bound) {
            diagnostics.extend(found);
            bound.scope.poisoned = true;
        }
    }
    if diagnostics.is_empty() {
        diagnostics.extend(bound.levels.unused());
    }
    diagnostics.into_result(bound)
}

/// The stages before those of the expression.
fn first_stages(strips_ansi: bool, source: SourceSlots) -> Vec<LogicalStage> {
    let strip = || -> Box<dyn RowStage> { Box::new(StripLines { line: source.line }) };
    let step = |stage| {
        let text = StripLines::TEXT.to_owned();
        LogicalStage { text, span: Span::default(), kind: StageKind::Rows(vec![stage]) }
    };
    strips_ansi.then(strip).map(step).into_iter().collect()
}

/// Assigns records to windows before the first stage that works over one; `scope` has their fields.
fn enter_window(bound: &mut BoundPipeline, stage: &Stage, scope: &mut Scope) -> Result<(), Diagnostics> {
    if !bound.levels.is_pending() {
        return Ok(());
    }
    let steps = bound.levels.bind(scope, stage, bound.stages.len())?;
    if !steps.is_empty() {
        let text = format!("the time of {stage}");
        let kind = StageKind::Rows(steps);
        bound.stages.push(LogicalStage { text, span: stage.span, kind });
    }
    Ok(())
}

/// Prepends the window bounds to the rows of a blocking stage. After the first one (`enters`), no other field may
/// have their names.
fn show_bounds(bound: &mut BoundPipeline, stage: &Stage, enters: bool) -> Result<(), Diagnostics> {
    let Some(bounds) = bound.levels.bounds() else {
        return Ok(());
    };
    if enters {
        bound.levels.hide_earlier_bounds(&mut bound.scope);
    }
    if enters && let Some(name) = Bounds::taken(&bound.scope) {
        let message = format!("`{name}` is added to each window's rows: two columns would have this name");
        let help = format!("rename the other one before this stage, or write as {name}2");
        return Err(Diagnostics::from(Diagnostic::new(stage.span, message).help(help)));
    }
    bounds.show(&mut bound.scope);
    if let (Some(end), None) = (bound.levels.end_of_time(), bound.scope.arrival()) {
        bound.scope.set_arrival(end);
    }
    Ok(())
}

/// Binds one stage to the fields left by the ones before.
pub(super) fn bind_stage(stage: &Stage, bound: &mut BoundPipeline) -> Result<(), Diagnostics> {
    bind_as_written(stage, bound).map_err(|found| match bound.refine {
        Refine::Yes => refine::refine(stage, found),
        Refine::No => found,
    })
}

fn bind_as_written(stage: &Stage, bound: &mut BoundPipeline) -> Result<(), Diagnostics> {
    let (name, is_call) = match &stage.head.kind {
        ExprKind::Call(name, _) => (name.text.as_str(), true),
        _ => (stage.head.as_word().unwrap_or_default(), false),
    };
    if let Some(def) = stage::find(name) {
        if is_call {
            let diagnostic = Diagnostic::new(
                stage.head.span,
                format!("`{name}` is a stage: its arguments follow it without parentheses"),
            );
            return Err(Diagnostics::from(diagnostic.help(format!("usage: {}", def.entry.usage))));
        }
        bound.chooses_columns |= def.chooses_columns;
        if def.chooses_columns {
            bound.printed_lines = None;
        }
        let before = bound.scope.clone();
        let became = (def.bind)(stage, &mut bound.scope);
        bound.scope.chooses_columns |= def.chooses_columns;
        let became = became?;
        add_totals(bound, stage, stage::totals(&bound.scope));
        return add(bound, stage, became, &before);
    }
    if aggregate::find(name).is_some() || begins_items(&stage.head) && !is_bare_condition(stage) {
        bound.chooses_columns = true;
        bound.printed_lines = None;
        match (approx::find(stage), approx::misplaced(stage)) {
            (Some(clause), _) => return add_approx(bound, stage, clause),
            (None, Some(diagnostic)) => return Err(Diagnostics::from(diagnostic)),
            (None, None) => {}
        }
        let enters = bound.levels.is_pending();
        let entered = enter_window(bound, stage, &mut bound.scope.clone());
        let aggregation = bind_aggregates(stage, &mut bound.scope);
        let aggregation = match (entered, aggregation) {
            (Ok(()), Ok(aggregation)) => aggregation,
            (Err(mut found), Err(more)) => {
                found.extend(more);
                return Err(found);
            }
            (Err(found), _) | (_, Err(found)) => return Err(found),
        };
        if let Some(diagnostic) = bound.levels.misfit(stage, &aggregation) {
            return Err(Diagnostics::from(diagnostic));
        }
        add_totals(bound, stage, stage::totals(&bound.scope));
        bound.scope.is_result = true;
        bound.scope.chooses_columns = true;
        push(bound, stage, StageKind::Grouped(aggregation));
        return show_bounds(bound, stage, enters);
    }
    Err(Diagnostics::from(unknown_stage(stage, name)))
}

/// Adds `count by KEY approx N`.
fn add_approx(bound: &mut BoundPipeline, stage: &Stage, clause: ApproxClause<'_>) -> Result<(), Diagnostics> {
    let mut before = bound.scope.clone();
    let approx = bind_approx(clause, &mut bound.scope)?;
    if bound.levels.begins_sessions() {
        let message = "each session has one key, so its count is exact without `approx`";
        return Err(Diagnostics::from(Diagnostic::new(approx.clause, message).help("leave `approx` out")));
    }
    let enters = bound.levels.is_pending();
    let totals = stage::totals(&bound.scope);
    let text = format!("keys of {stage}");
    let inputs = LogicalStage { text, span: stage.span, kind: StageKind::Rows(vec![approx.inputs]) };
    if enters && !totals.is_empty() {
        enter_window(bound, stage, &mut before)?; // the totals are those of each window
        add_totals(bound, stage, totals);
        bound.stages.push(inputs);
    } else {
        add_totals(bound, stage, totals);
        bound.stages.push(inputs);
        if enters {
            enter_window(bound, stage, &mut before)?;
        }
    }
    bound.scope.is_result = true;
    bound.scope.chooses_columns = true;
    push(bound, stage, StageKind::Ordered(Box::new(approx.stage)));
    show_bounds(bound, stage, enters)
}

/// Adds a bound stage; `before` has the fields before it.
fn add(bound: &mut BoundPipeline, stage: &Stage, became: BoundStage, before: &Scope) -> Result<(), Diagnostics> {
    match became {
        BoundStage::Deferred(bind) => return bind(&mut StageBinder { bound, stage, before }),
        BoundStage::Extract(extraction) => {
            if bound.stages.iter().any(|stage| stage.kind.is_ordered())
                && let Some(headings) = extraction.headings(bound.source.source)
            {
                if !bound.levels.is_empty() && !bound.levels.is_pending() {
                    let message = "this stage is after the start of a window: each window would take its first record as the header";
                    let help = format!("name the columns, or write it earlier: {stage} as a, b");
                    return Err(Diagnostics::from(Diagnostic::new(stage.span, message).help(help)));
                }
                let text = format!("the header of {stage}");
                bound.stages.push(LogicalStage { text, span: stage.span, kind: StageKind::Ordered(headings) });
            }
            push(bound, stage, StageKind::Extract(extraction));
        }
        BoundStage::Rows(rows) => push(bound, stage, StageKind::Rows(rows)),
        BoundStage::Ordered(computed, ordered) => {
            if !computed.is_empty() {
                let text = format!("inputs of {stage}");
                let kind = StageKind::Rows(computed);
                bound.stages.push(LogicalStage { text, span: stage.span, kind });
            }
            bound.scope.is_result |= ordered.is_blocking();
            let enters = ordered.is_stateful() && bound.levels.is_pending();
            if enters {
                enter_window(bound, stage, &mut before.clone())?;
            }
            push(bound, stage, StageKind::Ordered(ordered));
            if enters {
                show_bounds(bound, stage, enters)?;
            }
        }
    }
    Ok(())
}

/// Binds the parts of one stage.
struct StageBinder<'b> {
    bound: &'b mut BoundPipeline,
    stage: &'b Stage,
    /// The fields before the stage.
    before: &'b Scope,
}

impl Binder for StageBinder<'_> {
    fn add(&mut self, work: BoundStage) -> Result<(), Diagnostics> {
        add(self.bound, self.stage, work, self.before)
    }

    fn rewrite(&mut self, stage: &Stage) -> Result<(), Diagnostics> {
        bind_stage(stage, self.bound)
    }

    fn scope(&self) -> &Scope {
        &self.bound.scope
    }

    fn add_totals(&mut self, totals: Vec<Box<dyn OrderedStage>>) {
        add_totals(self.bound, self.stage, totals);
    }

    fn print_lines(&mut self, slot: Slot) {
        self.bound.printed_lines = Some(slot);
    }

    fn add_assert(&mut self, check: Check) -> usize {
        self.bound.asserts.push(check);
        self.bound.asserts.len() - 1
    }

    fn set_until(&mut self, check: Check) {
        self.bound.until = Some(check);
    }

    fn add_running(&mut self) -> Result<(), Diagnostics> {
        let BoundRunning { inputs, stage, computed } = bind_running(self.stage, &mut self.bound.scope)?;
        self.add(BoundStage::Ordered(inputs, stage))?;
        if !computed.is_empty() {
            let text = format!("results of {}", self.stage);
            let kind = StageKind::Rows(computed);
            self.bound.stages.push(LogicalStage { text, span: self.stage.span, kind });
        }
        Ok(())
    }

    fn scope_mut(&mut self) -> &mut Scope {
        &mut self.bound.scope
    }

    fn plan_table(&self, path: String, stages: &[Stage]) -> Result<Arc<dyn TableReader>, Diagnostics> {
        plan_table(path, stages, &self.bound.scope)
    }

    fn unite(&mut self, clause: UnionClause) -> Result<(), Diagnostics> {
        bind_union(self.stage, clause, self.bound)
    }

    fn join(&mut self, clause: JoinClause) -> Result<(), Diagnostics> {
        bind_join(self.stage, clause, self.bound)
    }
}

/// Adds the steps that the totals in a stage need.
fn add_totals(bound: &mut BoundPipeline, stage: &Stage, totals: Vec<Box<dyn OrderedStage>>) {
    for total in totals {
        let text = format!("totals of {stage}");
        bound.stages.push(LogicalStage { text, span: stage.span, kind: StageKind::Ordered(total) });
    }
}

fn push(bound: &mut BoundPipeline, stage: &Stage, kind: StageKind) {
    bound.stages.push(LogicalStage { text: stage.to_string(), span: stage.span, kind });
}

fn unknown_stage(stage: &Stage, name: &str) -> Diagnostic {
    if !matches!(stage.head.kind, ExprKind::Call(..)) && stage.head.as_word().is_none() {
        let message = format!("expected a stage, found {}", in_back_quotes(&stage.head.to_string()));
        let help = match is_condition(&stage.head) {
            true => format!("a condition is written `where {}`", stage.head),
            false => format!("a calculation is written `let x = {}`", stage.head),
        };
        return Diagnostic::new(stage.head.span, message).help(help);
    }
    if functions::find(name).is_some() {
        return match &stage.head.kind {
            ExprKind::Call(..) => {
                Diagnostic::new(stage.head.span, format!("expected a stage, found the function `{name}`"))
                    .help(format!("write let x = {}", stage.head))
            }
            _ => refine::apart_from(name, stage.head.span),
        };
    }
    let diagnostic = Diagnostic::new(stage.head.span, format!("unknown stage `{name}`"));
    if crate::decode::log_formats::find(name).is_some() {
        return diagnostic.help(format!("formats are read by `parse`; write parse {name}"));
    }
    let names: Vec<&str> = stage_names().collect();
    match meant(name, &names) {
        Some(close) => diagnostic.did_you_mean(&close),
        None if stage.arguments.is_empty() && stage.head.as_word().is_some() => diagnostic.help(format!(
            "`match \"{name}\"` keeps lines that contain the text; bourn --help stages lists all stages"
        )),
        None => {
            let [first, second, third] = foreign_verbs::nearest(name);
            diagnostic
                .help(format!("the nearest are `{first}`, `{second}` and `{third}`; bourn --help stages lists all"))
        }
    }
}

/// True if an expression is true or false.
fn is_condition(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary(op, ..) => !op.calculates(),
        ExprKind::Unary(op, _) => *op == UnaryOp::Not,
        ExprKind::In(..) | ExprKind::InList(..) => true,
        _ => false,
    }
}

/// All names that a stage can begin with.
fn stage_names() -> impl Iterator<Item = &'static str> {
    let stages = stage::STAGES.iter().map(|def| def.entry.name);
    stages.chain(aggregate::AGGREGATES.iter().map(|def| def.entry.name))
}
