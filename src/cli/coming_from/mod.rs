//! FOREIGN_TOOLS: lines of other tools, each with the stages that do the same, one page per tool.
//!
//! tests/coming_from.rs runs every line: ours, and theirs if the tool is installed.

mod awk;
mod grep;
mod jq;
mod miller;
mod splunk;
mod sql;
mod uniq;

use std::sync::LazyLock;

use crate::data::{Entry, Example};

/// A tool that people know.
#[derive(Clone, Copy, Debug)]
pub struct ForeignTool {
    /// The name of its page, as typed after `--help`.
    pub name: &'static str,
    /// Its name in text.
    pub title: &'static str,
    /// One sentence with a full stop.
    pub summary: &'static str,
    /// Differences that surprise its users.
    pub notes: &'static str,
    /// The input of all lines, in tests/data.
    pub file: &'static str,
    /// The stages before those of each line: they name the fields. Empty if there are none.
    pub prelude: &'static str,
    /// The lines, the most used first.
    pub lines: &'static [ForeignLine],
    /// A whole command.
    pub examples: &'static [Example],
}

/// A line of the tool, and ours.
#[derive(Clone, Copy, Debug)]
pub struct ForeignLine {
    /// As typed there; it reads the file on standard input.
    pub there: &'static str,
    /// The stages that do the same.
    pub here: &'static str,
    /// The output of `here`, separated by tabs.
    pub output: &'static str,
    /// How the outputs are compared.
    pub agreement: Agreement,
    /// True for the few lines that README shows.
    pub in_readme: bool,
}

/// How the output there agrees with the output here. Runs of blanks count as one separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// The same lines.
    SameLines,
    /// The same lines in another order, as of `for (k in n)`.
    AnyOrder,
    /// The same lines, with the words of each in another order, as of `uniq -c`.
    SameWords,
    /// The outputs have other forms, or the tool is not free: ours was checked by hand.
    Written,
}

/// All tools, by name.
pub const FOREIGN_TOOLS: &[ForeignTool] =
    &[awk::AWK, grep::GREP, jq::JQ, miller::MILLER, splunk::SPLUNK, sql::SQL, uniq::UNIQ];

/// Other names of the pages.
const ALIASES: &[(&str, &str)] = &[
    ("gawk", "awk"),
    ("mawk", "awk"),
    ("mlr", "miller"),
    ("rg", "grep"),
    ("ripgrep", "grep"),
    ("spl", "splunk"),
    ("sqlite", "sql"),
    ("sort|uniq", "uniq"),
];

static PAGES: LazyLock<Vec<Entry>> = LazyLock::new(|| FOREIGN_TOOLS.iter().map(page).collect());

/// The pages.
pub(super) fn pages() -> Vec<&'static Entry> {
    PAGES.iter().collect()
}

/// The page that `from-awk`, `from awk`, `AWK` and `mlr` mean.
pub(super) fn page_name(typed: &str) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase();
    let typed = typed.strip_prefix("from").map_or(typed.as_str(), |name| name.trim_start_matches(['-', ' ']));
    let alias = ALIASES.iter().find(|(alias, _)| *alias == typed).map_or(typed, |(_, name)| name);
    FOREIGN_TOOLS.iter().map(|tool| tool.name).find(|name| *name == alias)
}

fn page(tool: &ForeignTool) -> Entry {
    let mut details = tool.notes.to_owned();
    details.push_str(&match tool.prelude {
        "" => format!("\n\nEach line of {} is followed by the expression.\n", tool.title),
        prelude => format!(
            "\n\nEach line of {} is followed by the stages to write after those that name the fields:\n\n  {prelude} | …\n",
            tool.title
        ),
    });
    for line in tool.lines {
        details.push('\n');
        for there in line.there.lines() {
            details.push_str(&format!("  {there}\n"));
        }
        for here in line.here.lines() {
            details.push_str(&format!("      {here}\n"));
        }
    }
    let details = details.trim_end().to_owned();
    Entry {
        name: tool.name,
        usage: "",
        summary: tool.summary,
        details: Box::leak(details.into_boxed_str()),
        examples: tool.examples,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_other_names() {
        for typed in ["awk", "from-awk", "from awk", "AWK", "gawk", "from-gawk"] {
            assert_eq!(page_name(typed), Some("awk"), "{typed}");
        }
        assert_eq!(page_name("from"), None);
        assert!(ALIASES.iter().all(|(alias, name)| page_name(alias) == Some(name)));
    }
}
