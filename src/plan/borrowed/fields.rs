//! `rename`, written as here.

use crate::lang::arguments::Arguments;
use crate::lang::ast::Stage;

/// `rename a as b`, `rename a to b` and `rename b = a` as `let b = a | drop a`.
pub(super) fn rename(stage: &Stage) -> Option<String> {
    let mut arguments = Arguments::of(stage);
    let mut made = Vec::new();
    let mut dropped = Vec::new();
    loop {
        let mut ahead = arguments;
        let (old, new) = match (ahead.name("a name"), ahead.equals_sign()) {
            (Ok(new), true) => {
                arguments = ahead;
                (arguments.field("a field").ok()?.0, new)
            }
            _ => {
                let (old, _) = arguments.field("a field").ok()?;
                if !arguments.keyword("as") && !arguments.keyword("to") {
                    return None;
                }
                (old, arguments.name("a name").ok()?)
            }
        };
        made.push(format!("{new} = {old}"));
        dropped.push(old.to_string());
        if !arguments.comma() {
            break;
        }
    }
    Some(format!(
        "let {} | drop {}",
        made.join(", "),
        dropped.join(", ")
    ))
}
