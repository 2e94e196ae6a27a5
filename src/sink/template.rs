//! Templates: text with values of a row in it, such as `{path}` or `{window_start:%H:%M}`.

use jiff::tz::TimeZone;

use crate::data::{TimeFormat, ValueRef, time_defaults, write_text};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;
use crate::lang::suggest::did_you_mean;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<TemplatePiece>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TemplatePiece {
    /// Text as it is.
    Text(String),
    /// The value of a column.
    Value {
        /// The name of the column.
        column: String,
        /// How a time is written; `None` for any value as it is printed.
        format: Option<TimeFormat>,
    },
}

impl Template {
    /// Parses a template that begins at this byte of the text that the user wrote. A brace is written twice.
    pub(super) fn parse(text: &str, offset: usize) -> Result<Template, Diagnostic> {
        let mut template = Template { pieces: Vec::new() };
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '}']).map(|found| at + found) {
            template.add_text(&text[at..found]);
            let rest = &text[found..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                template.add_text(&rest[..1]);
                at = found + 2;
                continue;
            }
            let span = |start: usize, end: usize| Span { start: offset + start, end: offset + end };
            if rest.starts_with('}') {
                return Err(Diagnostic::new(span(found, found + 1), "`}` closes no `{`").help("a brace is }}"));
            }
            let Some(end) = rest.find('}').map(|end| found + end) else {
                return Err(
                    Diagnostic::new(span(found, found + 1), "missing `}`").help("a value is {column}, a brace is {{")
                );
            };
            let (column, format) = match text[found + 1..end].split_once(':') {
                Some((column, format)) => (column, Some(format)),
                None => (&text[found + 1..end], None),
            };
            if column.is_empty() {
                let empty = Diagnostic::new(span(found, end + 1), "missing name of a column");
                return Err(empty.help("write {column} or {column:%Y-%m-%d}"));
            }
            let start = found + 1 + column.len() + 1;
            template.add_value(column, format, span(start, end))?;
            at = end + 1;
        }
        template.add_text(&text[at..]);
        Ok(template)
    }

    /// The pieces, in order.
    pub(super) fn pieces(&self) -> &[TemplatePiece] {
        &self.pieces
    }

    /// The columns of the template.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            TemplatePiece::Value { column, .. } => Some(column.as_str()),
            TemplatePiece::Text(_) => None,
        })
    }

    /// Returns why a result with these columns does not fit, if a column is missing.
    pub(super) fn check_columns(&self, names: &[&str]) -> Result<(), String> {
        let Some(missing) = self.columns().find(|column| !names.contains(column)) else {
            return Ok(());
        };
        let help = match did_you_mean(missing, names) {
            Some(close) => format!("did you mean {{{close}}}?"),
            None if names.is_empty() => "it has no columns".to_owned(),
            None => format!("it has {}", names.join(", ")),
        };
        Err(format!("the result has no column `{missing}`\n  = help: {help}"))
    }

    fn add_text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(TemplatePiece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(TemplatePiece::Text(text.to_owned())),
        }
    }

    /// Adds a value. Slashes in the format of a time separate directories, so each piece has a format of its own.
    fn add_value(&mut self, column: &str, format: Option<&str>, span: Span) -> Result<(), Diagnostic> {
        let Some(format) = format else {
            self.pieces.push(TemplatePiece::Value { column: column.to_owned(), format: None });
            return Ok(());
        };
        if !format.contains('%') {
            let plain = Diagnostic::new(span, "expected the format of a time");
            return Err(plain.help("formats are those of strftime: %Y-%m-%d, %Y%m%dT%H%M%S"));
        }
        for (index, part) in format.split('/').enumerate() {
            if index > 0 {
                self.add_text("/");
            }
            if part.contains('%') {
                let format = TimeFormat::new(part.as_bytes())
                    .map_err(|message| Diagnostic::new(span, format!("this format is wrong: {message}")))?;
                self.pieces.push(TemplatePiece::Value { column: column.to_owned(), format: Some(format) });
            } else {
                self.add_text(part);
            }
        }
        Ok(())
    }
}

/// Writes a value; fails if it is not a time that the format can write.
pub(super) fn write_value(
    column: &str,
    format: Option<&TimeFormat>,
    value: ValueRef<'_>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match (format, value) {
        (None, value) => write_text(value, out),
        (Some(_), ValueRef::Null) => {}
        (Some(format), ValueRef::Time(ns)) => {
            let zone: &TimeZone = &time_defaults().zone;
            if !format.write(ns, zone, out) {
                return Err(format!("the format of {{{column}}} cannot write this time"));
            }
        }
        (Some(_), other) => {
            let mut text = Vec::new();
            write_text(other, &mut text);
            let text = String::from_utf8_lossy(&text).into_owned();
            return Err(format!("{{{column}:…}} needs a time, and `{column}` is {text}\n  = help: write {{{column}}}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (usize, usize, String) {
        let diagnostic = Template::parse(text, 6).expect_err("it is wrong");
        (diagnostic.span.start - 6, diagnostic.span.end - 6, diagnostic.message)
    }

    #[test]
    fn pieces_are_text_and_values() {
        let template = Template::parse("a/{{{x y}}}/{t:%Y/%m}-{b}", 0).expect("it is right");
        let written: Vec<String> = template
            .pieces()
            .iter()
            .map(|piece| match piece {
                TemplatePiece::Text(text) => text.clone(),
                TemplatePiece::Value { column, format } => {
                    format!("<{column}{}>", if format.is_some() { ":" } else { "" })
                }
            })
            .collect();
        assert_eq!(written, ["a/{", "<x y>", "}/", "<t:>", "/", "<t:>", "-", "<b>"]);
        assert_eq!(template.columns().collect::<Vec<_>>(), ["x y", "t", "t", "b"]);
        assert_eq!(Template::parse("", 0).expect("it is right").pieces(), []);
    }

    #[test]
    fn faults_have_their_place() {
        assert_eq!(error("a{b"), (1, 2, "missing `}`".to_owned()));
        assert_eq!(error("ab}c"), (2, 3, "`}` closes no `{`".to_owned()));
        assert_eq!(error("a{}"), (1, 3, "missing name of a column".to_owned()));
        assert_eq!(error("{t:day}"), (3, 6, "expected the format of a time".to_owned()));
        assert_eq!(error("{t:%Y%E}").1, 7);
    }

    #[test]
    fn a_missing_column_is_named() {
        let template = Template::parse("{paht}", 0).expect("it is right");
        let refused = template.check_columns(&["path", "count"]).expect_err("there is none");
        assert!(refused.contains("no column `paht`") && refused.contains("did you mean {path}?"), "{refused}");
        assert_eq!(template.check_columns(&["paht"]), Ok(()));
    }

    #[test]
    fn times_are_formatted_and_other_values_printed() {
        let format = TimeFormat::new(b"%H%M").expect("a format");
        let write = |format: Option<&TimeFormat>, value| {
            let mut out = Vec::new();
            write_value("t", format, value, &mut out).map(|()| String::from_utf8(out).expect("text"))
        };
        assert_eq!(write(Some(&format), ValueRef::Time(60_000_000_000)).as_deref(), Ok("0001"));
        assert_eq!(write(None, ValueRef::Int(5)).as_deref(), Ok("5"));
        assert_eq!(write(Some(&format), ValueRef::Null).as_deref(), Ok(""));
        assert!(write(Some(&format), ValueRef::Int(5)).is_err());
    }
}
