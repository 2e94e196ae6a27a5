//! Lays out text for a screen of 80 columns.

use unicode_width::UnicodeWidthStr;

/// The maximal width of a line.
pub(super) const COLUMNS: usize = 80;

/// Appends wrapped paragraphs, which are separated by empty lines. A line that begins with two spaces is not wrapped.
pub(super) fn write_paragraphs(text: &str, out: &mut String) {
    for line in text.split('\n') {
        if line.starts_with("  ") {
            out.push_str(line);
            out.push('\n');
        } else {
            write_wrapped("", line, out);
        }
    }
}

/// Appends a label and wrapped text; further lines are indented by the width of the label.
pub(super) fn write_wrapped(label: &str, text: &str, out: &mut String) {
    let indent = label.width();
    let mut column = indent;
    out.push_str(label);
    for word in text.split(' ') {
        let width = word.width();
        if column > indent && column + 1 + width > COLUMNS {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

/// Appends rows of two columns, the second one wrapped.
pub(super) fn write_rows<'t>(rows: &[(&'t str, &'t str)], out: &mut String) {
    let width = rows.iter().map(|(left, _)| left.width()).max().unwrap_or(0);
    for (left, right) in rows {
        let gap = " ".repeat(width - left.width() + 2);
        write_wrapped(&format!("  {left}{gap}"), right, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_between_words() {
        let mut out = String::new();
        write_wrapped("label  ", &["word"; 30].join(" "), &mut out);
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines.iter().all(|line| line.width() <= COLUMNS), "{out}");
        assert!(lines[0].starts_with("label  word"));
        assert!(lines[1].starts_with("       word"));
        assert_eq!(out.matches("word").count(), 30);
    }

    #[test]
    fn verbatim_lines_stay() {
        let mut out = String::new();
        write_paragraphs("one\n\n  a   b\n", &mut out);
        assert_eq!(out, "one\n\n  a   b\n\n");
    }
}
