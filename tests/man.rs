//! The manual page is made of the tables; it is committed and must be current.

use bourn::cli::{CHAPTERS, command_line};
use bourn::data::Entry;
use roff::{Inline, Roff, bold, italic, roman};

mod support {
    pub mod current;
}

/// When the manual was first written; changes are dated by the version.
const DATE: &str = "2026-11-20";

/// Pages of the language that are sections of their own, at the end.
const SECTIONS_OF_THEIR_OWN: &[(&str, &str)] =
    &[("status", "EXIT STATUS"), ("examples", "EXAMPLES")];

#[test]
fn the_manual_page_is_current() {
    support::current::demand("man/bourn.1", &manual());
}

#[test]
fn the_manual_page_says_everything() {
    let page = manual().replace("\\-", "-");
    for chapter in CHAPTERS {
        for entry in (chapter.entries)() {
            let first = entry.summary.split('`').next().unwrap_or_default();
            let first = first.replace('\'', "\\*(Aq");
            assert!(page.contains(&first), "{}", entry.name);
        }
    }
}

fn manual() -> String {
    let mut roff = Roff::new();
    let version = concat!("bourn ", env!("CARGO_PKG_VERSION"));
    roff.control("TH", ["BOURN", "1", DATE, version, "User Commands"]);
    roff.control("SH", ["NAME"]);
    roff.text([roman(
        "bourn - filter, cut up, count and sort streams of lines, on all cores",
    )]);
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([
        bold("bourn"),
        roman(" ["),
        italic("OPTIONS"),
        roman("] "),
        italic("EXPR"),
        roman(" ["),
        italic("SOURCE"),
        roman("...]"),
    ]);
    roff.control("SH", ["DESCRIPTION"]);
    paragraphs(&mut roff, DESCRIPTION);
    for (plural, title) in [
        ("options", "OPTIONS"),
        ("language", "LANGUAGE"),
        ("stages", "STAGES"),
        ("aggregates", "AGGREGATES"),
        ("functions", "FUNCTIONS"),
        ("formats", "OUTPUT FORMATS"),
        ("sources", "SOURCES"),
    ] {
        roff.control("SH", [title]);
        for entry in entries(plural) {
            match plural {
                "language" => page(&mut roff, entry),
                _ => row(&mut roff, entry),
            }
        }
    }
    for (name, title) in SECTIONS_OF_THEIR_OWN {
        roff.control("SH", [*title]);
        let entry = CHAPTERS
            .iter()
            .flat_map(|chapter| (chapter.entries)())
            .find(|entry| entry.name == *name);
        body(&mut roff, entry.expect("the page is in its table"));
    }
    roff.render()
}

const DESCRIPTION: &str = "\
`bourn` reads lines from files, standard input or sockets, sends them through the stages of one expression, and prints \
what comes out. Stages that see one record at a time run on all cores; those that need all records, such as \
aggregates and `sort`, put together what the cores have found. The result does not depend on how many there are.

Everything here is also behind `bourn --help NAME`: a stage, aggregate, function, output format, source, \
option or page of the language.";

fn entries(plural: &str) -> Vec<&'static Entry> {
    let chapter = CHAPTERS.iter().find(|chapter| chapter.plural == plural);
    let entries = (chapter.expect("the chapter is in its table").entries)();
    let is_elsewhere = |entry: &Entry| {
        plural == "language"
            && SECTIONS_OF_THEIR_OWN
                .iter()
                .any(|(name, _)| *name == entry.name)
    };
    entries
        .into_iter()
        .filter(|entry| !is_elsewhere(entry))
        .collect()
}

/// A row of a table: its usage with what it does behind.
fn row(roff: &mut Roff, entry: &Entry) {
    roff.control("TP", []);
    roff.text([bold(entry.usage)]);
    roff.text(inline(entry.summary));
    if !entry.details.is_empty() {
        for paragraph in entry.details.split("\n\n") {
            roff.control("IP", []);
            roff.text(inline(paragraph));
        }
    }
    examples(roff, entry, "11");
}

/// A page of the language.
fn page(roff: &mut Roff, entry: &Entry) {
    roff.control("SS", [capitalised(entry.name).as_str()]);
    if !entry.usage.is_empty() {
        roff.text([bold(entry.usage)]);
        roff.control("PP", []);
    }
    body(roff, entry);
}

fn body(roff: &mut Roff, entry: &Entry) {
    paragraphs(roff, entry.summary);
    if !entry.details.is_empty() {
        roff.control("PP", []);
        paragraphs(roff, entry.details);
    }
    examples(roff, entry, "4");
}

/// Paragraphs; those whose lines begin with two spaces stand as they are.
fn paragraphs(roff: &mut Roff, text: &str) {
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            roff.control("PP", []);
        }
        if paragraph.starts_with("  ") {
            verbatim(roff, "4", paragraph.lines().map(|line| &line[2..]));
        } else {
            roff.text(inline(paragraph));
        }
    }
}

/// Commands that can be typed, with what they print.
fn examples(roff: &mut Roff, entry: &Entry, indent: &str) {
    for example in entry.examples {
        roff.control("IP", []);
        let command = format!("$ {}", command_line(example));
        verbatim(
            roff,
            indent,
            std::iter::once(command.as_str()).chain(example.output.lines()),
        );
    }
}

fn verbatim<'t>(roff: &mut Roff, indent: &str, lines: impl Iterator<Item = &'t str>) {
    roff.control("RS", [indent]);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.control("RE", []);
}

/// What stands in back quotes is bold; two back quotes hold one that is meant.
fn inline(text: &str) -> Vec<Inline> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        parts.push(roman(&rest[..start]));
        let fence = if rest[start..].starts_with("`` ") {
            "``"
        } else {
            "`"
        };
        let inside = &rest[start + fence.len()..];
        let end = inside.find(fence).unwrap_or(inside.len());
        parts.push(bold(inside[..end].trim()));
        rest = inside.get(end + fence.len()..).unwrap_or_default();
    }
    parts.push(roman(rest));
    parts
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
