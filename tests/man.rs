//! The manual pages are made of the tables; they are committed and must be current.

use std::collections::HashSet;

use bourn::cli::{CHAPTERS, command_lines};
use bourn::data::Entry;
use roff::{Inline, bold, italic, roman};

mod support {
    pub mod current;
    pub mod page;
}

use support::page::{COMMAND, Page};

/// When the manual was first written; changes are dated by the version.
const DATE: &str = "2026-11-20";

/// The title of a section, and the table or page of the language it has.
type Section = (&'static str, &'static str);

/// bourn(1), in the order that manual pages have.
const COMMAND_SECTIONS: &[Section] = &[
    ("OPTIONS", "options"),
    ("SOURCES", "sources"),
    ("TARGETS", "targets"),
    ("DELIVERY", "delivery"),
    ("LIVE SOURCES", "live"),
    ("RESULTS", "results"),
    ("LEDGER", "ledger"),
    ("EXIT STATUS", "status"),
    ("ENVIRONMENT", "environment"),
    ("EXAMPLES", "examples"),
];

/// bourn-language(7).
const LANGUAGE_SECTIONS: &[Section] = &[
    ("EXPRESSIONS", "expressions"),
    ("RECORDS", "records"),
    ("VALUES", "values"),
    ("GROUPS", "groups"),
    ("STAGES", "stages"),
    ("AGGREGATES", "aggregates"),
    ("FUNCTIONS", "functions"),
    ("LOG FORMATS", "logs"),
    ("OUTPUT FORMATS", "formats"),
    ("COMING FROM OTHER TOOLS", "from"),
    ("EXAMPLES", "cookbook"),
];

#[test]
fn the_manual_pages_are_current() {
    support::current::demand("man/bourn.1", &command_page());
    support::current::demand("man/bourn-language.7", &language_page());
}

#[test]
fn every_row_is_in_one_of_the_pages_with_its_examples() {
    let pages = [command_page(), language_page()].map(|page| plain(&page));
    for chapter in CHAPTERS {
        for entry in (chapter.entries)() {
            let place = format!("{} of the {}", entry.name, chapter.plural);
            let says = |text: &str| pages.iter().filter(|page| page.contains(text)).count();
            let first = entry.summary.split('`').next().unwrap_or_default();
            assert!(says(first) > 0, "{place}: {first}");
            for example in entry.examples {
                let command = command_lines(example, COMMAND - 2).join(" ");
                let all = format!("$ {command} {}", example.output);
                let words: Vec<&str> = all.split_whitespace().collect();
                assert_eq!(says(&words.join(" ")), 1, "{place}: {command}");
            }
        }
    }
}

#[test]
fn every_table_and_page_of_the_language_has_a_section() {
    let sections: HashSet<&str> =
        [COMMAND_SECTIONS, LANGUAGE_SECTIONS].concat().into_iter().map(|(_, name)| name).collect();
    for chapter in CHAPTERS {
        match chapter.plural {
            "language" => {
                for entry in (chapter.entries)() {
                    assert!(sections.contains(entry.name), "{}", entry.name);
                }
            }
            plural => assert!(sections.contains(plural), "{plural}"),
        }
    }
}

#[test]
fn indented_lines_stay_lines() {
    let pages = [command_page(), language_page()].map(|page| unfilled(&page));
    for chapter in CHAPTERS {
        for entry in (chapter.entries)() {
            for line in entry.details.lines().filter_map(|line| line.strip_prefix("  ")) {
                assert!(pages.iter().any(|lines| lines.contains(line)), "{}: {line}", entry.name);
            }
            // A backslash at the end of a line of Rust takes the indentation of the next one.
            let (first, rest) = entry.details.split_once('\n').unwrap_or_default();
            assert!(first.starts_with("  ") || !rest.starts_with("  "), "{}: {first}", entry.name);
        }
    }
}

/// The lines of a page that are not filled.
fn unfilled(page: &str) -> HashSet<String> {
    let blocks = page.split("\n.nf\n").skip(1).filter_map(|block| block.split("\n.fi\n").next());
    blocks.flat_map(|block| without_signs(block).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn commands_and_their_output_fit_a_screen() {
    let mut overlong = Vec::new();
    for chapter in CHAPTERS {
        for entry in (chapter.entries)() {
            let as_it_is = entry.details.lines().filter_map(|line| line.strip_prefix("  "));
            overlong.extend(as_it_is.filter(|line| line.chars().count() > COMMAND + 4).map(str::to_owned));
            for example in entry.examples {
                let mut lines = command_lines(example, COMMAND - 2);
                lines.extend(example.output.lines().map(expanded));
                lines.retain(|line| line.chars().count() > COMMAND);
                overlong.extend(lines);
            }
        }
    }
    assert!(overlong.is_empty(), "{}", overlong.join("\n"));
}

#[test]
fn nothing_warns() {
    for page in [command_page(), language_page()] {
        for line in page.lines() {
            assert!(!line.contains("\\\\") && !line.ends_with(' '), "{line}");
        }
        assert!(!page.contains(".PP\n.PP") && !page.contains(".PP\n.SH"), "an empty paragraph");
    }
}

#[test]
fn groff_formats_them_within_80_columns() {
    for path in ["man/bourn.1", "man/bourn-language.7"] {
        let formatted = std::process::Command::new("groff")
            .args(["-k", "-man", "-Tutf8", "-P-cbou", "-rLL=80n", path])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        let Ok(formatted) = formatted else {
            return; // without a groff there is nothing to ask
        };
        assert_eq!(String::from_utf8_lossy(&formatted.stderr), "", "{path}");
        let text = String::from_utf8_lossy(&formatted.stdout);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{path}: {line}");
        }
    }
}

/// A line with its tabs expanded.
fn expanded(line: &str) -> String {
    let mut out = String::new();
    for part in line.split_inclusive('\t') {
        out.push_str(part.trim_end_matches('\t'));
        if part.ends_with('\t') {
            let stop = out.chars().count() / 8 * 8 + 8;
            out.extend(std::iter::repeat_n(' ', stop - out.chars().count()));
        }
    }
    out
}

/// The words of a page without markup, separated by spaces.
fn plain(page: &str) -> String {
    let text = without_signs(page);
    let is_text = |line: &&str| !line.starts_with('.');
    let lines: Vec<&str> = text.lines().filter(is_text).collect();
    let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
    words.join(" ")
}

/// A page with each sign of roff replaced by its character.
fn without_signs(page: &str) -> String {
    let mut text = page.to_owned();
    for (sign, meant) in [
        ("\\fB", ""),
        ("\\fR", ""),
        ("\\&", ""),
        ("\\-", "-"),
        ("\\*(Aq", "'"),
        ("\\(ha", "^"),
        ("\\(ti", "~"),
        ("\\(ga", "`"),
        ("\\(rs", "\\"),
    ] {
        text = text.replace(sign, meant);
    }
    text
}

fn command_page() -> String {
    let name = "bourn - filter, split, count and sort streams of lines on all cores";
    let mut page = Page::new("BOURN", "1", DATE, "User Commands", name);
    page.section("SYNOPSIS");
    page.text([
        bold("bourn"),
        roman(" ["),
        italic("OPTIONS"),
        roman("] "),
        italic("EXPR"),
        roman(" ["),
        italic("SOURCE"),
        roman("...]"),
    ]);
    page.section("DESCRIPTION");
    page.paragraphs(COMMAND_DESCRIPTION);
    sections(&mut page, COMMAND_SECTIONS);
    page.section("SEE ALSO");
    let others = [("bourn-language", "7"), ("awk", "1"), ("grep", "1"), ("sort", "1"), ("uniq", "1")];
    page.text(references(&others));
    page.render()
}

fn language_page() -> String {
    let name = "bourn-language - the expressions of bourn: stages, aggregates, functions, formats";
    let manual = "Miscellaneous Information Manual";
    let mut page = Page::new("BOURN-LANGUAGE", "7", DATE, manual, name);
    page.section("SYNOPSIS");
    page.text([italic("STAGE"), roman(" [| "), italic("STAGE"), roman("]...")]);
    page.section("DESCRIPTION");
    page.paragraphs(LANGUAGE_DESCRIPTION);
    sections(&mut page, LANGUAGE_SECTIONS);
    page.section("SEE ALSO");
    page.text(references(&[("bourn", "1"), ("jq", "1"), ("strftime", "3")]));
    page.render()
}

const COMMAND_DESCRIPTION: &str = "\
`bourn` reads records from files, standard input or sockets, runs them through the stages of one expression, and prints \
the result. A record is a line, unless `--records` or a decoder says otherwise. Stages that see one record at a time \
run on all cores; stages that need all records, such as aggregates and `sort`, merge the partial results of the cores. \
The output does not depend on the number of cores.

An expression is a list of stages separated by `|`: stages that parse records (`json`, `parse combined`), select them \
(`match`, `where`), and compute results (`count by status`, `sort`, `top`). `window` sets the period that each result \
covers. bourn-language(7) describes all of them, with examples.

`bourn --help NAME` prints any entry of both pages: a stage, aggregate, function, log format, output format, source, \
option or page of the language.";

const LANGUAGE_DESCRIPTION: &str = "\
An expression of bourn(1) is a pipeline: records enter at the left, and rows come out at the right. Some stages see \
one record at a time; others, such as aggregates and `sort`, need many: all of the stream, or those of a `window`. The \
output does not depend on thread count, timing, or how the input is chunked.

Every example on this page can be typed as shown, and prints the output below it. Examples that name a file use the \
files in tests/data of the source. Long expressions are broken into lines here; a newline in an expression is white \
space.";

fn sections(page: &mut Page, sections: &[Section]) {
    for (title, name) in sections {
        page.section(title);
        let table = CHAPTERS.iter().find(|chapter| chapter.plural == *name);
        match table {
            Some(table) => {
                for entry in (table.entries)() {
                    match *name {
                        "options" | "sources" | "targets" => page.listed(entry),
                        _ => page.row(entry),
                    }
                }
            }
            None => page.body(language(name)),
        }
    }
}

/// A page of the language.
fn language(name: &str) -> &'static Entry {
    let chapter = CHAPTERS.iter().find(|chapter| chapter.plural == "language").expect("the chapter");
    let entry = (chapter.entries)().into_iter().find(|entry| entry.name == name);
    entry.expect("the page is in its table")
}

fn references(pages: &[(&'static str, &'static str)]) -> Vec<Inline> {
    let mut parts = Vec::new();
    for (index, (name, section)) in pages.iter().enumerate() {
        if index > 0 {
            parts.push(roman(", "));
        }
        parts.push(bold(*name));
        parts.push(roman(format!("({section})")));
    }
    parts
}
