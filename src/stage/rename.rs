//! `rename A as B, …`: gives fields other names.

use std::collections::HashSet;

use super::let_::Assign;
use super::replaced::replace;
use super::{BoundStage, RowStage, StageDef, StageRole};
use crate::data::{Entry, Example, Slot};
use crate::expr::{BoundExpr, Scope, bind_field};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Name, Path, Span};
use crate::lang::clauses::alias;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const RENAME: StageDef = StageDef {
    entry: Entry {
        name: "rename",
        usage: "rename A as B, …",
        summary: "Give fields other names, in their positions.",
        details: "All fields are renamed at once, so `rename a as b, b as a` swaps two names. A part of a field, such \
                  as user.id, becomes a field of its own. Another field that has the new name already is an error; \
                  where only the data knows the fields (json), it is replaced.",
        examples: &[
            Example { expr: "csv as a, b | rename a as id | drop b", input: "1,2\n", output: "1\n" },
            Example {
                expr: "json | rename `the path` as path, user.id as id",
                input: "{\"the path\":\"/a\",\"n\":1,\"user\":{\"id\":7}}\n",
                output: "{\"path\":\"/a\",\"n\":1,\"user\":{},\"id\":7}\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

/// A field and its new name.
struct Renamed<'a> {
    path: &'a Path,
    span: Span,
    name: Name,
}

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let fields = read(stage)?;
    let mut diagnostics = Diagnostics::default();
    let mut nodes = Vec::new();
    let (mut sources, mut targets) = (HashSet::new(), HashSet::new());
    for field in &fields {
        match bind_field(field.path, field.span, scope) {
            Ok(node) => nodes.push(node),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        if !sources.insert(field.path.label()) {
            let message = format!("`{}` is renamed twice", field.path.label());
            diagnostics.push(Diagnostic::new(field.span, message));
        }
        if !targets.insert(field.name.text.as_str()) {
            let message = format!("two fields are named `{}`", field.name.text);
            diagnostics.push(Diagnostic::new(field.name.span, message));
        }
    }
    for field in &fields {
        let name = &field.name;
        if scope.has_column(&name.text) && !sources.contains(&name.text) {
            let message = format!("there is a field `{}` already", name.text);
            diagnostics.push(
                Diagnostic::new(name.span, message).help(format!("drop the other one before this stage: drop {name}")),
            );
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let swaps = fields.iter().any(|field| sources.contains(&field.name.text) && field.path.label() != field.name.text);
    Ok(BoundStage::Rows(if swaps { at_once(scope, &fields, nodes) } else { one_by_one(scope, &fields, nodes) }))
}

fn read(stage: &ast::Stage) -> Result<Vec<Renamed<'_>>, Diagnostic> {
    let usage = RENAME.entry.usage;
    let mut arguments = Arguments::of(stage);
    let mut fields = Vec::new();
    loop {
        let (path, span) = arguments.field("a field").map_err(|diagnostic| diagnostic.usage(usage))?;
        if arguments.equals_sign() {
            let diagnostic = Diagnostic::new(span, "the old name comes first, and `as` before the new one");
            return Err(match arguments.peek_word() {
                Some(word) => diagnostic.help(format!("write rename {word} as {path}")),
                None => diagnostic.usage(usage),
            });
        }
        let name = alias(&mut arguments)?.ok_or_else(|| arguments.expected("`as` and a new name").usage(usage))?;
        fields.push(Renamed { path, span, name });
        if !arguments.comma() {
            arguments.finish(usage)?;
            return Ok(fields);
        }
    }
}

fn one_by_one(scope: &mut Scope, fields: &[Renamed<'_>], nodes: Vec<BoundExpr>) -> Vec<Box<dyn RowStage>> {
    let mut stages = Vec::new();
    for (field, node) in fields.iter().zip(nodes) {
        let (slot, steps) = replace(scope, (field.path, field.span), &field.name.text);
        stages.extend(steps);
        stages.push(assign(node, slot));
    }
    stages
}

/// Renames fields to names that other ones have, by way of names that no field has.
fn at_once(scope: &mut Scope, fields: &[Renamed<'_>], nodes: Vec<BoundExpr>) -> Vec<Box<dyn RowStage>> {
    let mut stages = Vec::new();
    let passing: Vec<Path> = (0..fields.len()).map(|index| Path::own(&format!("\0{index}"))).collect();
    let mut moved = Vec::new();
    for ((field, node), path) in fields.iter().zip(nodes).zip(&passing) {
        let (slot, steps) = replace(scope, (field.path, field.span), &path.label());
        stages.extend(steps);
        stages.push(assign(node, slot));
        moved.push(slot);
    }
    for ((field, path), from) in fields.iter().zip(&passing).zip(moved) {
        let (slot, steps) = replace(scope, (path, field.span), &field.name.text);
        stages.extend(steps);
        stages.push(assign(BoundExpr::Field(from, field.path.label()), slot));
    }
    fields.iter().for_each(|field| scope.restore(&field.name.text));
    stages
}

fn assign(node: BoundExpr, slot: Slot) -> Box<dyn RowStage> {
    Box::new(Assign { node, slot })
}
