//! The page of the manual about what targets receive, made of the tables of sources and sinks.

use std::sync::LazyLock;

use crate::data::{Entry, Example};
use crate::sink::{Promise, SINKS, SinkDef};
use crate::source::{SOURCES, SourceDef};

/// The page.
static PAGE: LazyLock<Entry> = LazyLock::new(|| Entry {
    name: "delivery",
    usage: "--to TARGET --checkpoint DIR",
    summary: "How often each target receives a result.",
    details: Box::leak(details().into_boxed_str()),
    examples: &[Example {
        expr: "--checkpoint state --to lines.csv --to - 'count by line'",
        input: "a\nb\na\n",
        output: "a\t2\nb\t1\n",
    }],
});

/// Returns the page.
pub(super) fn page() -> &'static Entry {
    &PAGE
}

fn details() -> String {
    let mut text = "\
A run delivers its results to each target of `--to` in order, and waits for the slowest one. After a failure that may \
pass it tries again, see `--retry`; then it ends with the name of the target, the reason, and what was not delivered. \
With `--checkpoint`, the next run delivers it, also after a crash. Each result is then delivered:\n\n"
        .to_owned();
    let width = SINKS.iter().map(|def| def.entry.name.len()).max().unwrap_or_default();
    for def in SINKS {
        text.push_str(&format!("  {:width$}  {}\n", def.entry.name, often(def)));
    }
    for def in SINKS {
        let (Promise::ExactlyOnce(reason) | Promise::AtLeastOnce(reason)) = def.promise;
        text.push_str(&format!("\n{}: {reason}.\n", def.entry.name));
    }
    let names = |is_read_again: bool| -> String {
        let sources = SOURCES.iter().filter(|def| can_be_read_again(def) == is_read_again);
        sources.map(|def| def.entry.name).collect::<Vec<_>>().join(", ")
    };
    text.push_str(&format!(
        "\nThe results of a run that goes on after a crash are those of one run, whatever the source:\n\n\
         {}: what was read after the last commit is read again.\n\n\
         {}: what was received is in the journal before a result of it is delivered. What the sender has sent and the run \
         has not received when it crashes is lost, unless the sender sends it again.\n\n\
         With `--journal off`, a crash loses what such sources have sent since the last commit.",
        names(true),
        names(false)
    ));
    text
}

fn often(def: &SinkDef) -> &'static str {
    match def.promise {
        Promise::ExactlyOnce(_) => "exactly once",
        Promise::AtLeastOnce(_) => "at least once",
    }
}

/// True if a source has positions that a later run can return to.
fn can_be_read_again(def: &SourceDef) -> bool {
    def.is_path || def.entry.name == "kafka"
}
