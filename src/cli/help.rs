//! `--help`: the language on one screen of 80 columns and 50 lines, and the usage message for a run without an
//! expression.

use super::catalog::CHAPTERS;
use super::layout::{write_rows, write_wrapped};

/// Printed if no expression was given.
pub(super) const USAGE: &str = "\
usage: bourn [OPTIONS] EXPR [SOURCE...]

  bourn \"split ' ' | count by word | limit 5\" README.md
  bourn 'match \"error\", /warn(ing)?/i | tail 10' *.log
  gzip -dc access.log.gz | bourn -o csv 'where len(line) > 200 | count'

bourn --help shows the language on one screen.
";

/// Aggregates form a stage without a name; it comes first among the stages.
const AGGREGATES_ROW: (&str, &str) = ("count, …", "Aggregates; with `by KEY, …` one row per group, largest first.");

/// Stages without a row of their own: the screen has room for their names.
const NAMES_ONLY: &[&str] =
    &["between", "drop", "flatten", "logfmt", "regex", "rename", "sample", "skip", "tsv", "unpivot", "w3c"];

/// The options that the screen has room for; `--help options` lists all.
const COMMON_OPTIONS: &[&str] =
    &["output", "header", "follow", "tail", "every", "for", "with", "tz", "stats", "explain"];

/// The language on one screen.
pub(super) fn screen() -> String {
    let mut out =
        format!("bourn {}: filter, split, count and sort streams of lines on all cores\n", env!("CARGO_PKG_VERSION"));
    out.push_str(
        "\
usage: bourn [OPTIONS] EXPR [SOURCE...]    default SOURCE: standard input
  bourn \"split ' ' | count by word | limit 5\" README.md

EXPR is stages separated by |. A record is a line, in the field `line`.
",
    );
    let mut stages = vec![AGGREGATES_ROW];
    let has_row = |entry: &&crate::data::Entry| !NAMES_ONLY.contains(&entry.name);
    stages.extend(entries("stages").filter(has_row).map(|entry| (entry.name, entry.summary)));
    write_rows(&stages, &mut out);
    write_names(
        "more stages",
        entries("stages").map(|entry| entry.name).filter(|name| NAMES_ONLY.contains(name)),
        &mut out,
    );
    out.push('\n');
    write_names("aggregates", entries("aggregates").map(|entry| entry.name), &mut out);
    write_wrapped(&label("operators"), "or and not == != < <= > >= ~ !~ in ?? + - * / // %", &mut out);
    for chapter in ["functions", "logs"] {
        let number = format!("{} of them: --help {chapter}", entries(chapter).count());
        write_wrapped(&label(chapter), &number, &mut out);
    }
    for chapter in ["formats", "sources", "targets", "from", "language"] {
        write_names(chapter, entries(chapter).map(|entry| entry.name), &mut out);
    }
    write_options(&mut out);
    out.push_str("More: --help NAME, as in --help sort, --help options; man bourn-language\n");
    out
}

fn entries(plural: &str) -> impl Iterator<Item = &'static crate::data::Entry> {
    CHAPTERS.iter().filter(move |chapter| chapter.plural == plural).flat_map(|chapter| (chapter.entries)())
}

fn label(name: &str) -> String {
    format!("{name:<12}")
}

fn write_names<'n>(name: &str, names: impl Iterator<Item = &'n str>, out: &mut String) {
    let names: Vec<&str> = names.collect();
    write_wrapped(&label(name), &names.join(" "), out);
}

/// Common options by their usages. No line breaks within a usage: its spaces are unbreakable until it is laid out.
fn write_options(out: &mut String) {
    let usage = |name: &&str| entries("options").find(|entry| entry.name == *name).map(|entry| entry.usage);
    let usages: Vec<&str> = COMMON_OPTIONS.iter().filter_map(usage).chain(["…"]).collect();
    let unbreakable: Vec<String> = usages.iter().map(|usage| usage.replace(' ', "\u{a0}")).collect();
    let mut wrapped = String::new();
    write_wrapped(&label("options"), &unbreakable.join("  "), &mut wrapped);
    for line in wrapped.lines() {
        out.push_str(line.replace('\u{a0}', " ").trim_end());
        out.push('\n');
    }
}
