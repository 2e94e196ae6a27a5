//! The position of checks: they judge the result, so they come last.

use crate::lang::Diagnostic;
use crate::lang::ast::Stage;
use crate::stage;

/// True for an `assert` stage.
pub(super) fn is_assert(stage: &Stage) -> bool {
    stage.head.as_word() == Some("assert")
}

/// The error of a check before another stage, or of a second `until`.
pub(super) fn misplaced(stages: &[&Stage]) -> Option<Diagnostic> {
    let check = |stage: &Stage| {
        let name = stage.head.as_word().filter(|name| stage::is_check(name));
        name.map(str::to_owned)
    };
    let first = stages.iter().position(|stage| check(stage).is_some())?;
    let name = check(stages[first])?;
    if let Some(next) = stages[first..].iter().find(|stage| check(stage).is_none()) {
        let message = format!("`{name}` checks the result: it must be the last stage");
        let help = if name == "assert" {
            format!("write {next} before it; to drop rows instead, write where")
        } else {
            format!("write {next} before it")
        };
        return Some(Diagnostic::new(stages[first].span, message).help(help));
    }
    let mut untils = stages.iter().filter(|stage| check(stage).is_some() && !is_assert(stage));
    let (_, second) = (untils.next(), untils.next()?);
    let message = "a pipeline has one `until`: the first row that satisfies it ends the run";
    Some(Diagnostic::new(second.span, message).help("combine conditions with `and` or `or`"))
}
