//! What was probably meant, where the shell has cut the command line differently from what its user wanted.

use std::ffi::OsString;
use std::path::Path;

use crate::data::escape_controls;
use crate::lang;
use crate::plan::{Plan, Printing};

use super::shell::quoted;

/// Words that go on with an expression.
const CONNECTIVES: &[&str] = &[
    "|", "by", "as", "where", "in", "from", "keep", "desc", "+", "==",
];

/// How to write `bourn count by word`, where the shell has made several arguments of one expression.
pub(super) fn expression_in_pieces(expression: &str, sources: &[OsString]) -> Option<String> {
    let first = sources.first()?.to_str()?;
    if first == "-" || Path::new(first).exists() {
        return None;
    }
    let mut whole = expression.to_owned();
    for source in sources {
        whole.push(' ');
        whole.push_str(source.to_str()?);
    }
    let goes_on = CONNECTIVES.contains(&first) && lang::parse(&whole).is_ok();
    (goes_on || is_right(&whole)).then(|| {
        format!(
            "an expression is one argument; write bourn {}",
            quoted(&whole)
        )
    })
}

/// How to write what is no expression: `bourn FILE EXPR`, `bourn help`.
pub(super) fn no_expression(expression: &str, sources: &[OsString]) -> Option<String> {
    let second = sources
        .first()
        .map_or("count", |source| source.to_str().unwrap_or_default());
    if ["help", "version"].contains(&expression) {
        return Some(format!("write bourn --{expression}"));
    }
    let swapped = Path::new(expression).is_file() && is_right(second);
    swapped.then(|| {
        format!(
            "the expression comes first; write bourn {} {expression}",
            quoted(second)
        )
    })
}

/// What to say of a name that nothing has: what it is here, if it is a verb of another tool; else the nearest name.
pub(super) fn name(name: &str, closest: Option<&str>) -> String {
    let is_verb = name.chars().all(|c| c.is_ascii_alphanumeric());
    let mistakes = is_verb
        .then(|| {
            lang::parse(name)
                .and_then(|pipeline| Plan::of(&pipeline, Printing::AsItCame))
                .err()
        })
        .flatten();
    let answer = mistakes
        .as_deref()
        .and_then(<[_]>::first)
        .and_then(|mistake| {
            Some((
                mistake.message.split_once("`: ")?.1,
                mistake.help.as_deref()?,
            ))
        });
    let help = match (answer, closest) {
        (Some((answer, help)), _) => format!("{answer}; {help}"),
        (None, Some(close)) => format!("did you mean `{close}`?"),
        (None, None) => "bourn --help lists all names".to_owned(),
    };
    format!(
        "nothing is called `{}`\n  = help: {help}",
        escape_controls(name)
    )
}

fn is_right(expression: &str) -> bool {
    lang::parse(expression)
        .and_then(|pipeline| Plan::of(&pipeline, Printing::AsItCame))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(expression: &str, sources: &[&str]) -> bool {
        let sources: Vec<OsString> = sources.iter().map(OsString::from).collect();
        expression_in_pieces(expression, &sources).is_some()
    }

    #[test]
    fn pieces_of_an_expression_are_no_sources() {
        assert!(in_pieces("count", &["by", "word"]));
        assert!(in_pieces("limit", &["5"]));
        assert!(in_pieces("split", &["|", "count", "by", "word"]));
    }

    #[test]
    fn a_verb_of_another_tool_is_answered() {
        assert!(
            name("grep", Some("drop"))
                .contains("help: lines are kept by `match`, dropped by `skip`; write match")
        );
        assert!(name("cuont", Some("count")).ends_with("did you mean `count`?"));
        assert!(name("count |", None).ends_with("bourn --help lists all names"));
    }

    #[test]
    fn sources_are_no_pieces() {
        assert!(!in_pieces("count", &[]));
        assert!(!in_pieces("count", &["-"]));
        assert!(!in_pieces("count", &["no-such-file.log"]));
        assert!(!in_pieces("count", &["Cargo.toml", "by"]));
        assert!(!in_pieces("limit 5", &["5"]));
    }
}
