//! `--records`: where records end.

use crate::data::{Framing, RecordStart};
use crate::expr::pattern;
use crate::lang::ast::Span;
use crate::lang::{self, Mistake};

/// What was typed behind the option.
pub(super) fn framing(text: &str) -> Result<Framing, Mistake> {
    let whole = Span {
        start: 0,
        end: text.len(),
    };
    match text {
        "0" | "\\0" => Ok(Framing::Nul),
        text if text.starts_with('/') => {
            let literal = lang::parse_regex(text)?;
            let regex = pattern::build(&literal.pattern, &literal.flags)
                .map_err(|reason| Mistake::new(whole, reason))?;
            Ok(Framing::Starts(RecordStart::of(regex)))
        }
        _ => Err(Mistake::new(whole, "expected 0 or a /regex/")
            .help("write --records 0 or --records '/^[0-9]{4}-/'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_or_what_a_record_begins_with() {
        assert_eq!(framing("0"), Ok(Framing::Nul));
        let Ok(Framing::Starts(start)) = framing("/^a/i") else {
            panic!("a regex");
        };
        assert!(start.begins(b"Ab\n") && !start.begins(b"ba\n"));
    }

    #[test]
    fn the_rest_is_a_mistake() {
        for (text, message) in [
            ("nul", "expected 0 or a /regex/"),
            ("", "expected 0 or a /regex/"),
            ("/a", "the regular expression that begins here has no end"),
            ("/(/", "this regular expression is wrong: unclosed group"),
            ("/a/ b", "nothing can stand behind the regular expression"),
        ] {
            assert_eq!(
                framing(text).map_err(|mistake| mistake.message),
                Err(message.to_owned()),
                "{text}"
            );
        }
    }
}
