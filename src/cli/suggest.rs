//! Suggestions for command lines with misplaced, unquoted or shell-expanded expressions.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::data::{STDIN_NAME, escape_controls};
use crate::lang::{self, Diagnostic, DiagnosticKind};
use crate::plan::{self, OutputMode, Plan};
use crate::sink;
use crate::source;

use super::layout::write_paragraphs;
use super::shell::quoted;
use super::{flags, reference};

/// Words that continue an expression.
const CONNECTIVES: &[&str] = &["|", "by", "as", "where", "in", "from", "keep", "desc", "+", "=="];

/// Suggests quotes for `bourn count by word`, in which the expression is several arguments.
pub(super) fn expression_in_pieces(expression: &str, sources: &[OsString]) -> Option<String> {
    let first = sources.first()?.to_str()?;
    if first == STDIN_NAME || Path::new(first).exists() {
        return None;
    }
    let mut whole = expression.to_owned();
    for source in sources {
        whole.push(' ');
        whole.push_str(source.to_str()?);
    }
    let is_missing = |source: &OsString| !Path::new(source).exists();
    if is_right(expression) && sources.iter().all(is_missing) {
        let words = sources.iter().map(|source| source.to_str());
        let stages: Option<Vec<&str>> = std::iter::once(Some(expression)).chain(words).collect();
        let stages = stages?.join(" | ");
        if is_right(&stages) {
            return Some(format!("an expression is one argument; write bourn {}", quoted(&stages)));
        }
    }
    let goes_on = CONNECTIVES.contains(&first) && lang::parse(&whole).is_ok();
    (goes_on || is_right(&whole)).then(|| format!("an expression is one argument; write bourn {}", quoted(&whole)))
}

/// Suggests the right order for `bourn FILE EXPR`, `bourn help` and `bourn FILE`.
pub(super) fn no_expression(expression: &str, sources: &[OsString]) -> Option<String> {
    if ["help", "version"].contains(&expression) {
        return Some(format!("write bourn --{expression}"));
    }
    let is_source = |text: &str| Path::new(text).exists() || looks_like_source(text);
    if !is_source(expression) {
        return None;
    }
    let words: Vec<&str> =
        std::iter::once(Some(expression)).chain(sources.iter().map(|source| source.to_str())).collect::<Option<_>>()?;
    let is_expression = |word: &&str| !Path::new(word).exists() && is_right(word);
    let meant = words.iter().find(|word| is_expression(word));
    let files: Vec<&str> = words.iter().filter(|word| Some(*word) != meant).copied().collect();
    if meant.is_none() && sources.iter().any(|source| !Path::new(source).exists()) {
        return None; // the error is in the expression itself
    }
    Some(format!("the expression comes first; write bourn {} {}", quoted(meant.unwrap_or(&"count")), files.join(" ")))
}

/// Suggests an option for `count > sqlite:a.db/t` and `count | to sqlite:a.db/t`.
pub(super) fn target_in_expression(expression: &str) -> Option<String> {
    let (before, target) = [">", "| to ", "| into ", "| tee ", "| save ", "| write "]
        .iter()
        .find_map(|between| expression.rsplit_once(between))
        .map(|(before, target)| (before.trim(), target.trim()))?;
    let is_target = target.contains(':') && sink::def(OsStr::new(target)).is_some();
    (is_target && is_right(before))
        .then(|| format!("results go to a target of --to; write bourn --to {} {}", quoted(target), quoted(before)))
}

/// True if a text that is not an existing file looks like a path or an address: `/var/log/syslog`, `access.log`,
/// `localhost:9999`, `tcp://localhost:9999`.
fn looks_like_source(text: &str) -> bool {
    let has_blank = text.contains(|c: char| c.is_whitespace() || matches!(c, '|' | '"' | '\'' | '(' | '{' | '='));
    let extension = text.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_regex = text.matches('/').count() == 2 && text.len() > 2 && text.ends_with('/');
    let is_path = !is_regex && text.starts_with(['/', '~']) && text.matches('/').count() > 1
        || text.starts_with("./")
        || text.starts_with("../")
        || ["log", "txt", "json", "jsonl", "csv", "tsv", "gz", "zst", "xz", "bz2"].contains(&extension)
            && !text.starts_with('.');
    !has_blank && (is_path || text.contains("://") || source::address_without_scheme(text).is_some())
}

/// The note if the shell seems to have replaced `$1` by empty text.
pub(super) const EXPANDED: &str =
    "in double quotes the shell expands `$1`, often to empty text; write the expression in single quotes";

/// True if an argument is missing at a space: `bourn "split | select $1"`.
pub(super) fn is_expanded_by_the_shell(expression: &str, diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| {
        let before = &expression[..diagnostic.span.start.min(expression.len())];
        let after = &expression[diagnostic.span.start.min(expression.len())..];
        let is_missing = diagnostic.kind == DiagnosticKind::Missing;
        let is_at_blanks = before.ends_with("  ")
            || before.ends_with(' ') && (after.is_empty() || after.starts_with([' ', ',', ')', '|']))
            || after.trim_end().is_empty() && expression.ends_with(' ')
            || after.starts_with("  |");
        is_missing && is_at_blanks
    })
}

/// The page for a word of another language: its meaning, and what to write instead.
pub(super) fn foreign(name: &str) -> Option<String> {
    let name = escape_controls(name);
    let (means, here) = match flags::answer(&name) {
        Some(answer) if name.starts_with('-') => {
            let (means, here) = answer.rsplit_once("; write ")?;
            (means.to_owned(), here.to_owned())
        }
        _ => plan::meaning(&name)?,
    };
    let mut out = format!("{name} (another language)\n\n");
    write_paragraphs(&means, &mut out);
    let command = match here.starts_with('-') {
        true => format!("bourn {here} count"),
        false => format!("bourn {}", quoted(&here)),
    };
    out.push_str(&format!("\n  {command}\n"));
    let first = here.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty())?;
    if let Ok(page) = reference::page(first) {
        out.push_str(&format!("\n{page}"));
    }
    Some(out)
}

/// The message for an unknown name.
pub(super) fn name(name: &str, nearest: &[&str]) -> String {
    let help = match nearest {
        [close] => format!("did you mean `{close}`?"),
        [] => "bourn --help lists all names".to_owned(),
        nearest => format!("the nearest are `{}`; bourn --help lists all", nearest.join("`, `")),
    };
    format!("no help topic named `{}`\n  = help: {help}", escape_controls(name))
}

fn is_right(expression: &str) -> bool {
    lang::parse(expression).and_then(|pipeline| Plan::of(&pipeline, OutputMode::AsItCame)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(expression: &str, sources: &[&str]) -> bool {
        let sources: Vec<OsString> = sources.iter().map(OsString::from).collect();
        expression_in_pieces(expression, &sources).is_some()
    }

    #[test]
    fn pieces_of_an_expression_are_not_sources() {
        assert!(in_pieces("count", &["by", "word"]));
        assert!(in_pieces("limit", &["5"]));
        assert!(in_pieces("split", &["|", "count", "by", "word"]));
    }

    #[test]
    fn a_word_of_another_language_has_a_page() {
        for (name, has) in [
            ("grep", "bourn 'match \"text\"'"),
            ("groupby", "bourn 'count by word'"),
            ("count distinct", "count_distinct(word)"),
            ("&&", "where x and y"),
            ("is null", "where x == null"),
            ("like", "line ~ /text/"),
            ("strftime", "format_time"),
            ("NR", "@number"),
            ("-f", "--follow"),
            ("lag", "prev"),
        ] {
            let page = foreign(name).unwrap_or_default();
            assert!(page.contains(has), "{name}: {page}");
        }
        assert_eq!(foreign("zzz"), None);
        assert!(name("cuont", &["count"]).ends_with("did you mean `count`?"));
    }

    #[test]
    fn sources_are_not_expressions() {
        let swapped = |words: &[&str]| {
            let sources: Vec<OsString> = words[1..].iter().map(OsString::from).collect();
            no_expression(words[0], &sources)
        };
        for (words, expected) in [
            (&["Cargo.toml"][..], Some("bourn count Cargo.toml")),
            (&["Cargo.toml", "count by line"], Some("bourn 'count by line' Cargo.toml")),
            (&["Cargo.toml", "LICENSE", "count"], Some("bourn count Cargo.toml LICENSE")),
            (&["/var/log/no-such-file", "count"], Some("bourn count /var/log/no-such-file")),
            (&["localhost:9999", "count"], Some("bourn count localhost:9999")),
            (&["Cargo.toml", "cuont"], None),
            (&["cuont", "Cargo.toml"], None),
        ] {
            let found = swapped(words);
            assert_eq!(found.is_some(), expected.is_some(), "{words:?}");
            assert!(found.unwrap_or_default().ends_with(expected.unwrap_or("")), "{words:?}");
        }
    }

    #[test]
    fn sources_are_not_pieces() {
        assert!(!in_pieces("count", &[]));
        assert!(!in_pieces("count", &["-"]));
        assert!(!in_pieces("count", &["no-such-file.log"]));
        assert!(!in_pieces("count", &["Cargo.toml", "by"]));
        assert!(!in_pieces("limit 5", &["5"]));
    }
}
