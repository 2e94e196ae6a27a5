//! The position of checks: they judge the result, so they come last.

use crate::lang::Diagnostic;
use crate::lang::ast::Stage;
use crate::stage::{StageRole, role_of};

/// The error of a check before another stage, or of a second `until`.
pub(super) fn misplaced(stages: &[&Stage]) -> Option<Diagnostic> {
    let first = stages.iter().position(|stage| role_of(stage).is_check())?;
    let check = stages[first];
    if let Some(next) = stages[first..].iter().find(|stage| !role_of(stage).is_check()) {
        let message = format!("`{}` checks the result: it must be the last stage", check.head);
        let help = if role_of(check) == StageRole::Assert {
            format!("write {next} before it; to drop rows instead, write where")
        } else {
            format!("write {next} before it")
        };
        return Some(Diagnostic::new(check.span, message).help(help));
    }
    let mut untils = stages.iter().filter(|stage| role_of(stage) == StageRole::Until);
    let (_, second) = (untils.next(), untils.next()?);
    let message = "a pipeline has one `until`: the first row that satisfies it ends the run";
    Some(Diagnostic::new(second.span, message).help("combine conditions with `and` or `or`"))
}
