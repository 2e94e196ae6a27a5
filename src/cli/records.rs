//! `--records`: how records are delimited.

use crate::data::{Framing, RecordStart, Regroup};
use crate::expr::pattern;
use crate::lang::ast::Span;
use crate::lang::suggest::did_you_mean;
use crate::lang::{self, Diagnostic};
use crate::plan::Records;

/// Named kinds of records.
const NAMES: &[(&str, Regroup)] =
    &[("json", Regroup::Json), ("cri", Regroup::Cri), ("octet-counted", Regroup::OctetCounted)];

/// Parses the value of the option.
pub(super) fn records(text: &str) -> Result<Records, Diagnostic> {
    let whole = Span { start: 0, end: text.len() };
    if let Some((_, regroup)) = NAMES.iter().find(|(name, _)| *name == text) {
        return Ok(Records::Regrouped(*regroup));
    }
    match text {
        "0" | "\\0" => Ok(Records::Framed(Framing::Nul)),
        text if text.starts_with('/') => {
            let literal = lang::parse_regex(text)?;
            let regex =
                pattern::build(&literal.pattern, &literal.flags).map_err(|reason| Diagnostic::new(whole, reason))?;
            Ok(Records::Framed(Framing::Starts(RecordStart::of(regex))))
        }
        _ => {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            let help = match did_you_mean(text, &names) {
                Some(close) => format!("did you mean --records {close}?"),
                None => "write --records 0, --records json or --records '/^[0-9]{4}-/'".to_owned(),
            };
            let message = "expected 0, json, cri, octet-counted or a /regex/";
            Err(Diagnostic::new(whole, message).help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_nul_names_and_regexes() {
        assert_eq!(records("0"), Ok(Records::Framed(Framing::Nul)));
        assert_eq!(records("json"), Ok(Records::Regrouped(Regroup::Json)));
        assert_eq!(records("cri"), Ok(Records::Regrouped(Regroup::Cri)));
        let Ok(Records::Framed(Framing::Starts(start))) = records("/^a/i") else {
            panic!("a regex");
        };
        assert!(start.begins(b"Ab\n") && !start.begins(b"ba\n"));
    }

    #[test]
    fn reports_other_values() {
        let expected = "expected 0, json, cri, octet-counted or a /regex/";
        for (text, message) in [
            ("nul", expected),
            ("", expected),
            ("/a", "unterminated /regex/"),
            ("/(/", "this regular expression is wrong: unclosed group"),
            ("/a/ b", "unexpected text after the regular expression"),
        ] {
            assert_eq!(records(text).map_err(|diagnostic| diagnostic.message), Err(message.to_owned()), "{text}");
        }
        let diagnostic = records("octet-count").expect_err("no name");
        assert_eq!(diagnostic.help.as_deref(), Some("did you mean --records octet-counted?"));
    }
}
