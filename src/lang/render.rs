//! Draws diagnostics under the text they refer to.
//!
//! ```text
//! bourn: unknown stage `cuont`
//!   |
//! 1 | cuont by word
//!   | ^^^^^
//!   = help: did you mean `count`?
//! ```

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::ast::Span;
use super::diagnostic::Diagnostic;
use crate::data::escape_controls;

/// The maximal number of columns drawn; of a longer line, those around the marked text.
const MAX_COLUMNS: usize = 100;

/// The number of columns before the marked text in a long line.
const COLUMNS_BEFORE: usize = 30;

/// Draws all diagnostics, separated by empty lines. `origin` is the file that `text` was read from, if any.
pub fn render(diagnostics: &[Diagnostic], text: &str, origin: Option<&str>) -> String {
    let mut out = String::new();
    for (place, diagnostic) in diagnostics.iter().enumerate() {
        if place > 0 {
            out.push('\n');
        }
        draw(diagnostic, text, origin, &mut out);
    }
    out
}

/// The position of a diagnostic in the text.
struct Location<'a> {
    /// The line's number, from 1.
    line_number: usize,
    /// The line without its end.
    line: &'a str,
    /// The bytes of the line that are marked; empty at its end.
    marked: Span,
}

fn draw(diagnostic: &Diagnostic, text: &str, origin: Option<&str>, out: &mut String) {
    let location = locate(diagnostic.span, text);
    let number = location.line_number.to_string();
    let margin = " ".repeat(number.len());
    let (line, render) = draw_line(&location);
    let _ = writeln!(out, "bourn: {}", escape_controls(&diagnostic.message)); // writing to a String cannot fail
    if let Some(file) = origin {
        let column = location.line[..location.marked.start].chars().count() + 1;
        let _ = writeln!(out, "{margin}--> {file}:{number}:{column}");
    }
    let _ = writeln!(out, "{margin} |");
    let _ = writeln!(out, "{}", format!("{number} | {line}").trim_end());
    let _ = writeln!(out, "{margin} | {render}");
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "{margin} = help: {}", escape_controls(help));
    }
}

/// Finds the line in which the span begins, and the part of the line within the span.
fn locate(span: Span, text: &str) -> Location<'_> {
    let start = floor(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let line = text[line_start..line_end].trim_end_matches('\r');
    let inside = |place: usize| floor(line, place.saturating_sub(line_start));
    let marked = Span { start: inside(start), end: inside(span.end.max(start)) };
    Location { line_number: text[..line_start].matches('\n').count() + 1, line, marked }
}

/// The columns of one character: 0, 1 or 2. A control character is drawn as a space.
fn width(c: char) -> usize {
    c.width().unwrap_or(1)
}

/// Rounds `place` down to the start of a character, or the end.
fn floor(text: &str, place: usize) -> usize {
    (0..=place.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

/// The line as shown, and the line of carets under it.
fn draw_line(location: &Location<'_>) -> (String, String) {
    let Location { line, marked, .. } = location;
    let columns_before: usize = line[..marked.start].chars().map(width).sum();
    let is_long = line.chars().map(width).sum::<usize>() > MAX_COLUMNS;
    let first_column = if is_long { columns_before.saturating_sub(COLUMNS_BEFORE) } else { 0 };
    let (mut shown, mut carets) = (String::new(), String::new());
    if first_column > 0 {
        shown.push('…');
        carets.push(' ');
    }
    let mut column = 0;
    for (place, c) in line.char_indices() {
        column += width(c);
        if column <= first_column {
            continue;
        }
        if is_long && column - first_column > MAX_COLUMNS {
            shown.push('…');
            break;
        }
        shown.push(if c.is_control() { ' ' } else { c });
        let sign = match place {
            _ if place < marked.start => " ",
            _ if place < marked.end => "^",
            _ => "",
        };
        carets.push_str(&sign.repeat(width(c)));
    }
    if !carets.ends_with('^') {
        carets.push('^');
    }
    (shown, carets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, start: usize, end: usize) -> String {
        render(&[Diagnostic::new(Span { start, end }, "no")], text, None)
    }

    #[test]
    fn draws_a_diagnostic_with_help() {
        let diagnostic =
            Diagnostic::new(Span { start: 0, end: 5 }, "unknown stage `cuont`").help("did you mean `count`?");
        let expected =
            "bourn: unknown stage `cuont`\n  |\n1 | cuont by word\n  | ^^^^^\n  = help: did you mean `count`?\n";
        assert_eq!(render(std::slice::from_ref(&diagnostic), "cuont by word", None), expected);
        let twice = format!("{expected}\n{expected}");
        assert_eq!(render(&[diagnostic.clone(), diagnostic], "cuont by word", None), twice);
    }

    #[test]
    fn names_the_file_and_the_line() {
        let diagnostic = Diagnostic::new(Span { start: 15, end: 99 }, "no");
        let expected = "bourn: no\n --> app.bourn:3:3\n  |\n3 |   cuont by word\n  |   ^^^^^^^^^^^^^\n";
        assert_eq!(render(&[diagnostic], "# one\njson |\n  cuont by word\n| x", Some("app.bourn")), expected);
        let text = format!("{}x y", "\n".repeat(9));
        assert_eq!(drawn(&text, 11, 12), "bourn: no\n   |\n10 | x y\n   |   ^\n");
    }

    #[test]
    fn draws_any_span() {
        assert_eq!(drawn("", 0, 0), "bourn: no\n  |\n1 |\n  | ^\n");
        assert_eq!(drawn("ab", 2, 2), "bourn: no\n  |\n1 | ab\n  |   ^\n");
        assert_eq!(drawn("ab", 1, 1), "bourn: no\n  |\n1 | ab\n  |  ^\n");
        assert_eq!(drawn("ab", 70, 90), "bourn: no\n  |\n1 | ab\n  |   ^\n");
        assert_eq!(drawn("a\tb", 2, 3), "bourn: no\n  |\n1 | a b\n  |   ^\n");
        assert_eq!(drawn("漢é x", 6, 7), "bourn: no\n  |\n1 | 漢é x\n  |     ^\n");
        assert_eq!(drawn("漢字", 3, 6), "bourn: no\n  |\n1 | 漢字\n  |   ^^\n");
        assert_eq!(drawn("a\r\nb", 1, 2), "bourn: no\n  |\n1 | a\n  |  ^\n");
        assert_eq!(drawn("é", 1, 2), "bourn: no\n  |\n1 | é\n  | ^\n");
    }

    #[test]
    fn shows_a_window_of_a_long_line() {
        let text = format!("{}wrong{}", "a".repeat(500), "b".repeat(500));
        let drawn = drawn(&text, 500, 505);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[2], format!("1 | …{}wrong{}…", "a".repeat(30), "b".repeat(65)));
        assert_eq!(lines[3], format!("  |  {}^^^^^", " ".repeat(30)));
    }
}
