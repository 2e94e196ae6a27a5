//! `drop A, B`: all fields but these.

use super::{BoundStage, StageDef};
use crate::data::{Entry, Example};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::{Mistake, ast};

pub(super) const DROP: StageDef = StageDef {
    entry: Entry {
        name: "drop",
        usage: "drop A, B, …",
        summary: "Keep all fields but these.",
        details: "",
        examples: &[Example {
            expr: "let n = len(line) | drop line",
            input: "abc\n",
            output: "3\n",
        }],
    },
    chooses_columns: true,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Vec<Mistake>> {
    let mut arguments = Arguments::of(stage);
    let mut mistakes = Vec::new();
    loop {
        let (path, span) = arguments
            .field("the name of a field")
            .map_err(|mistake| vec![mistake.usage(DROP.entry.usage)])?;
        match scope.resolve(path, span) {
            Ok(_) => scope.remove(path),
            Err(_) if scope.unknown => {}
            Err(mistake) => mistakes.push(mistake),
        }
        if !arguments.comma() {
            break;
        }
    }
    if let Err(mistake) = arguments.finish(DROP.entry.usage) {
        mistakes.push(mistake);
    }
    if mistakes.is_empty() && scope.fields().is_empty() && scope.whole().is_none() && !scope.unknown
    {
        mistakes.push(Mistake::new(stage.span, "no field is left to print"));
    }
    if mistakes.is_empty() {
        Ok(BoundStage::Rows(Vec::new()))
    } else {
        Err(mistakes)
    }
}
