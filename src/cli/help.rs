//! `--help`: the language on one screen; and the few lines for who typed nothing.

use super::catalog::CHAPTERS;
use super::layout::{write_rows, write_wrapped};

/// What is shown where no expression was given.
pub(super) const USAGE: &str = "\
usage: bourn [OPTIONS] EXPR [SOURCE...]

  bourn \"split ' ' | count by word | limit 5\" README.md
  bourn 'match \"error\", /warn(ing)?/i | tail 10' *.log
  gzip -dc access.log.gz | bourn -o csv 'where len(line) > 200 | count'

bourn --help shows the language on one screen.
";

/// The stage that has no name, as the first of the stages.
const AGGREGATES_ROW: (&str, &str) =
    ("count, …", "Aggregates with `by KEY, …`: one row for each group, largest first.");

/// The language on one screen.
pub(super) fn screen() -> String {
    let mut out = format!(
        "bourn {}: filters, cuts up, counts and sorts streams of lines, on all cores\n",
        env!("CARGO_PKG_VERSION")
    );
    out.push_str(
        "
  bourn \"split ' ' | count by word | limit 5\" README.md
  tail -n 1000 access.log | bourn -o json \"split ' ' | top 3 word\"

usage: bourn [OPTIONS] EXPR [SOURCE...]    without SOURCE: standard input

An expression is stages with | between; a record is a line, in the field `line`:
",
    );
    let mut stages = vec![AGGREGATES_ROW];
    stages.extend(entries("stages").map(|entry| (entry.name, entry.summary)));
    write_rows(&stages, &mut out);
    out.push('\n');
    for chapter in ["aggregates", "functions"] {
        write_names(chapter, entries(chapter).map(|entry| entry.name), &mut out);
    }
    write_wrapped(&label("operators"), "or and not == != < <= > >= ~ !~ in ?? + - * / // %", &mut out);
    for chapter in ["logs", "formats", "sources", "language"] {
        write_names(chapter, entries(chapter).map(|entry| entry.name), &mut out);
    }
    write_options(&mut out);
    out.push_str("\nMore: bourn --help NAME, as in --help sort, --help stages; man bourn-language\n");
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

/// Options by their usages. A usage is not broken: its spaces are made unbreakable until it is laid out.
fn write_options(out: &mut String) {
    let usages: Vec<String> = entries("options").map(|entry| entry.usage.replace(' ', "\u{a0}")).collect();
    let mut wrapped = String::new();
    write_wrapped(&label("options"), &usages.join("  "), &mut wrapped);
    for line in wrapped.lines() {
        out.push_str(line.replace('\u{a0}', " ").trim_end());
        out.push('\n');
    }
}
