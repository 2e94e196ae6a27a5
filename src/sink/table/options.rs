//! `?key=a,b&tls=require`: the options of a target.

use percent_encoding::percent_decode_str;

use crate::lang::Diagnostic;
use crate::lang::ast::Span;
use crate::lang::suggest::did_you_mean;

/// An option with its value and their place in the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sink) struct TargetOption {
    /// The name as the table of known names has it.
    pub name: &'static str,
    /// The value, decoded.
    pub value: String,
    /// The place of name and value.
    pub span: Span,
}

/// Parses what follows the `?` at `start` of a target. Each option may be given once, and must be one of `known`.
pub(in crate::sink) fn parse_options(
    target: &str,
    start: usize,
    known: &[&'static str],
) -> Result<Vec<TargetOption>, Diagnostic> {
    let mut options: Vec<TargetOption> = Vec::new();
    let mut at = start;
    for pair in target[start..].split('&') {
        let span = Span { start: at, end: at + pair.len() };
        at = span.end + 1;
        let (written, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(name) = known.iter().copied().find(|name| *name == written) else {
            let diagnostic = Diagnostic::new(span, "unknown option of this target");
            return Err(match did_you_mean(written, known) {
                Some(close) => diagnostic.did_you_mean(close),
                None => diagnostic.help(format!("the options are {}", known.join(", "))),
            });
        };
        if !pair.contains('=') {
            return Err(Diagnostic::new(span, "expected a value").help(format!("write {name}=…")));
        }
        if options.iter().any(|option| option.name == name) {
            return Err(Diagnostic::new(span, format!("{name} is given twice")));
        }
        let Ok(value) = percent_decode_str(value).decode_utf8() else {
            return Err(Diagnostic::new(span, "the value is not UTF-8"));
        };
        options.push(TargetOption { name, value: value.into_owned(), span });
    }
    Ok(options)
}

/// Parses the columns of `key=a,b`; none are written `key=`.
pub(in crate::sink) fn parse_key(option: &TargetOption) -> Result<Vec<String>, Diagnostic> {
    if option.value.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<String> = option.value.split(',').map(|name| name.trim().to_owned()).collect();
    for (index, column) in columns.iter().enumerate() {
        if column.is_empty() {
            return Err(
                Diagnostic::new(option.span, "expected a column").help("names of columns follow: key=COLUMN,COLUMN")
            );
        }
        if columns[..index].contains(column) {
            return Err(Diagnostic::new(option.span, format!("`{column}` is given twice")));
        }
    }
    Ok(columns)
}

/// Parses `yes` or `no`.
pub(in crate::sink) fn parse_switch(option: &TargetOption) -> Result<bool, Diagnostic> {
    match option.value.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(Diagnostic::new(option.span, "expected yes or no").help(format!("write {}=yes", option.name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_values() {
        let target = "x:a?key=a,b%20c&replace=yes";
        let options = parse_options(target, 4, &["key", "replace"]).expect("it is right");
        assert_eq!(parse_key(&options[0]), Ok(vec!["a".to_owned(), "b c".to_owned()]));
        assert_eq!(parse_switch(&options[1]), Ok(true));
        assert_eq!(&target[options[1].span.start..options[1].span.end], "replace=yes");
    }

    #[test]
    fn mistakes_are_named() {
        for (options, message) in [
            ("kee=a", "unknown option of this target"),
            ("key", "expected a value"),
            ("key=a&key=b", "key is given twice"),
            ("key=%ff", "the value is not UTF-8"),
            ("", "unknown option of this target"),
        ] {
            let found = parse_options(options, 0, &["key"]);
            assert_eq!(found.map_err(|error| error.message), Err(message.to_owned()), "{options}");
        }
        for (value, message) in [("a,,b", "expected a column"), ("a,a", "`a` is given twice")] {
            let option = TargetOption { name: "key", value: value.to_owned(), span: Span::default() };
            assert_eq!(parse_key(&option).map_err(|error| error.message), Err(message.to_owned()));
        }
    }
}
