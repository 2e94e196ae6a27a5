//! `--help NAME`: the page of a name, or a table of names.

use crate::data::Entry;

use super::catalog::{self, Chapter, Found};
use super::layout::{COLUMNS, write_paragraphs, write_rows};
use super::shell::command_lines;

/// The help page of a name; the nearest names if there is none.
pub(super) fn page(name: &str) -> Result<String, Vec<&'static str>> {
    let mut out = String::new();
    match catalog::find(name) {
        Found::Chapter(chapter) => write_chapter(chapter, &mut out),
        Found::Entries(entries) => {
            for (index, (chapter, entry)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push('\n');
                }
                write_entry(chapter, entry, &mut out);
            }
        }
        Found::Nothing(close) => return Err(close),
    }
    Ok(out)
}

/// True if the name is that of the table of log formats.
pub(super) fn is_of_formats(name: &str) -> bool {
    matches!(catalog::find(name), Found::Chapter(chapter) if chapter.plural == "logs")
}

/// Writes a table: usage and summary of every row.
fn write_chapter(chapter: &Chapter, out: &mut String) {
    let rows: Vec<(&str, &str)> = (chapter.entries)().into_iter().map(|entry| (usage(entry), entry.summary)).collect();
    let heading = chapter.plural;
    out.push_str(&format!("{heading}\n\n"));
    if rows.iter().all(|(left, _)| left.chars().count() <= 28) {
        write_rows(&rows, out);
    } else {
        for (left, right) in rows {
            out.push_str(&format!("  {left}\n"));
            super::layout::write_wrapped("      ", right, out);
        }
    }
    out.push_str("\nbourn --help NAME shows examples.\n");
}

fn usage(entry: &Entry) -> &'static str {
    if entry.usage.is_empty() { entry.name } else { entry.usage }
}

fn write_entry(chapter: &Chapter, entry: &Entry, out: &mut String) {
    out.push_str(&format!("{} ({})\n", entry.name, chapter.singular));
    if !entry.usage.is_empty() {
        out.push_str(&format!("\n  {}\n", entry.usage));
    }
    out.push('\n');
    write_paragraphs(entry.summary, out);
    if !entry.details.is_empty() {
        out.push('\n');
        write_paragraphs(entry.details, out);
    }
    for example in entry.examples {
        out.push('\n');
        for (index, line) in command_lines(example, COLUMNS - 4).iter().enumerate() {
            let prompt = if index == 0 { "$ " } else { "" };
            out.push_str(&format!("  {prompt}{line}\n"));
        }
        for line in example.output.lines() {
            out.push_str(format!("  {line}").trim_end_matches(' '));
            out.push('\n');
        }
    }
}
