//! What was probably meant, where the shell has cut the command line differently from what its user wanted.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::lang;
use crate::plan::Plan;

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

/// How to write `bourn FILE EXPR`.
pub(super) fn file_in_front(expression: &str, sources: &[OsString]) -> Option<String> {
    let second = sources
        .first()
        .map_or("count", |source| source.to_str().unwrap_or_default());
    let swapped = Path::new(OsStr::new(expression)).is_file() && is_right(second);
    swapped.then(|| {
        format!(
            "the expression comes first; write bourn {} {expression}",
            quoted(second)
        )
    })
}

fn is_right(expression: &str) -> bool {
    lang::parse(expression)
        .and_then(|pipeline| Plan::of(&pipeline))
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
    fn sources_are_no_pieces() {
        assert!(!in_pieces("count", &[]));
        assert!(!in_pieces("count", &["-"]));
        assert!(!in_pieces("count", &["no-such-file.log"]));
        assert!(!in_pieces("count", &["Cargo.toml", "by"]));
        assert!(!in_pieces("limit 5", &["5"]));
    }
}
