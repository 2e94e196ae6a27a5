//! CHAPTERS: all tables of the manual. Help, manual pages and completions read the rows through it, so a new row of a
//! table needs no change here.

use crate::aggregate::AGGREGATES;
use crate::data::Entry;
use crate::decode::log_formats::LOG_FORMATS;
use crate::encode::ENCODERS;
use crate::expr::functions::FUNCTIONS;
use crate::lang::suggest::did_you_mean;
use crate::sink::SINKS;
use crate::source::SOURCES;
use crate::stage::STAGES;

use super::coming_from;
use super::delivery;
use super::language::LANGUAGE;
use super::options::{Audience, OPTIONS, OptionDef};

/// A table of the manual.
#[derive(Clone, Copy, Debug)]
pub struct Chapter {
    /// The kind of its rows: `stage`.
    pub singular: &'static str,
    /// The plural, as typed after `--help`: `stages`.
    pub plural: &'static str,
    /// The rows.
    pub entries: fn() -> Vec<&'static Entry>,
}

/// Every table, in the order of the manual.
pub const CHAPTERS: &[Chapter] = &[
    Chapter { singular: "stage", plural: "stages", entries: || STAGES.iter().map(|def| &def.entry).collect() },
    Chapter {
        singular: "aggregate",
        plural: "aggregates",
        entries: || AGGREGATES.iter().map(|def| &def.entry).collect(),
    },
    Chapter { singular: "function", plural: "functions", entries: || FUNCTIONS.iter().map(|def| &def.entry).collect() },
    Chapter { singular: "log format", plural: "logs", entries: || LOG_FORMATS.iter().map(|def| &def.entry).collect() },
    Chapter {
        singular: "the language",
        plural: "language",
        entries: || LANGUAGE.iter().chain([delivery::page()]).collect(),
    },
    Chapter {
        singular: "output format",
        plural: "formats",
        entries: || ENCODERS.iter().map(|def| &def.entry).collect(),
    },
    Chapter { singular: "source", plural: "sources", entries: || SOURCES.iter().map(|def| &def.entry).collect() },
    Chapter { singular: "target", plural: "targets", entries: || SINKS.iter().map(|def| &def.entry).collect() },
    Chapter { singular: "coming from", plural: "from", entries: coming_from::pages },
    Chapter {
        singular: "option",
        plural: "options",
        entries: || {
            let shown = |def: &&&OptionDef| def.audience == Audience::Everyone;
            OPTIONS.iter().filter(shown).map(|def| &def.entry).collect()
        },
    },
];

/// Words and operators of the language, each with the page that explains it.
const WORDS: &[(&str, &str)] = &[
    ("#", "expressions"),
    ("%", "expressions"),
    ("*", "expressions"),
    ("+", "expressions"),
    ("/", "expressions"),
    ("//", "expressions"),
    ("==", "expressions"),
    ("!=", "expressions"),
    ("??", "expressions"),
    ("@headers", "records"),
    ("@key", "records"),
    ("@number", "records"),
    ("@offset", "records"),
    ("@partition", "records"),
    ("@source", "records"),
    ("@time", "records"),
    ("@topic", "records"),
    ("and", "expressions"),
    ("approx", "count"),
    ("as", "groups"),
    ("by", "groups"),
    ("false", "values"),
    ("in", "expressions"),
    ("line", "records"),
    ("not", "expressions"),
    ("null", "values"),
    ("or", "expressions"),
    ("true", "values"),
    ("|", "expressions"),
    ("~", "expressions"),
    ("!~", "expressions"),
];

/// The result of looking up a name for `--help`.
#[derive(Debug)]
pub(super) enum Found {
    /// A whole table.
    Chapter(&'static Chapter),
    /// The rows of this name, each with its table.
    Entries(Vec<(&'static Chapter, &'static Entry)>),
    /// Not found; these names are the nearest.
    Nothing(Vec<&'static str>),
}

/// Looks a name up in all tables.
pub(super) fn find(name: &str) -> Found {
    if let Some(chapter) = CHAPTERS.iter().find(|chapter| chapter.plural == name || chapter.singular == name) {
        return Found::Chapter(chapter);
    }
    let page = WORDS.iter().find(|(word, _)| *word == name);
    let name = match (page, OptionDef::find(name)) {
        (Some((_, page)), _) => page,
        (None, Some(def)) => def.entry.name,
        (None, None) if name.starts_with(|c: char| c.is_ascii_digit()) => "values",
        (None, None) if is_percentile(name) => "p50",
        (None, None) if coming_from::page_name(name).is_some() => coming_from::page_name(name).unwrap_or_default(),
        (None, None) => name,
    };
    let found: Vec<_> = rows().filter(|(_, entry)| entry.name == name).collect();
    if found.is_empty() { Found::Nothing(nearest(name.trim_start_matches('-'))) } else { Found::Entries(found) }
}

/// True for `p95`, `p99.9` and other percentiles.
fn is_percentile(name: &str) -> bool {
    let share = name.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
    share.is_some_and(|share| (0.0..=100.0).contains(&share))
}

/// The close match, or else the three most similar names.
fn nearest(typed: &str) -> Vec<&'static str> {
    let names = names();
    if let Some(close) = did_you_mean(typed, &names) {
        return vec![close];
    }
    let typed = typed.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .filter(|name| name.starts_with(|c: char| c.is_alphabetic()))
        .map(|name| (strsim::jaro_winkler(&typed, name), name))
        .collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Every name that `--help` accepts.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = rows().map(|(_, entry)| entry.name).collect();
    names.extend(CHAPTERS.iter().map(|chapter| chapter.plural));
    names.sort_unstable();
    names.dedup();
    names
}

fn rows() -> impl Iterator<Item = (&'static Chapter, &'static Entry)> {
    CHAPTERS.iter().flat_map(|chapter| (chapter.entries)().into_iter().map(move |entry| (chapter, entry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_on_existing_pages() {
        for (word, page) in WORDS {
            let Found::Entries(found) = find(word) else {
                panic!("`{word}` is not found");
            };
            assert!(found.iter().all(|(_, entry)| entry.name == *page));
        }
    }
}
