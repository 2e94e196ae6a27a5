//! The pages of `--help` fit the screen, and their examples can be typed and print what the page shows.

use std::collections::HashSet;
use std::path::Path;

use bourn::cli::CHAPTERS;
use bourn::data::Entry;

mod support {
    pub mod shell;
    pub mod typed;
}

use support::shell::{printed, run};
use support::typed::is_complete;

/// The columns of a terminal.
const COLUMNS: usize = 80;

/// The lines of a screen.
const LINES: usize = 50;

/// The longest summary that fits a line after the name of its row.
const SENTENCE: usize = 68;

/// Sources that need a peer: tests/live_sources.rs tests them.
const HAVE_PEERS: &[&str] = &["kafka", "tcp", "tcp-listen", "udp-listen", "unix", "unix-listen"];

/// Options whose effect an example cannot show.
const WITHOUT_EXAMPLE: &[&str] = &["explain", "expression-file", "formats", "help", "tail", "version"];

#[test]
fn the_help_fits_one_screen_and_names_every_stage_and_aggregate() {
    let help = printed("bourn --help");
    assert_eq!(help, printed("bourn -h"));
    assert!(help.lines().count() <= LINES, "{help}");
    for line in help.lines() {
        assert!(line.chars().count() <= COLUMNS, "{line}");
    }
    let words: HashSet<&str> =
        help.split(|c: char| c.is_whitespace() || c == ',').map(|word| word.trim_start_matches("--")).collect();
    for chapter in CHAPTERS {
        let is_counted = matches!(chapter.plural, "functions" | "logs" | "options");
        for entry in (chapter.entries)().into_iter().filter(|_| !is_counted) {
            assert!(words.contains(entry.name), "`{}` is not in the help", entry.name);
        }
        assert!(help.contains(chapter.plural), "{}", chapter.plural);
    }
}

#[test]
fn pages_and_tables_fit_the_columns_of_a_terminal() {
    for chapter in CHAPTERS {
        for entry in (chapter.entries)() {
            let usage = entry.usage.chars().count();
            assert!(usage + 2 <= COLUMNS, "the usage of {} has {usage} columns", entry.name);
        }
        for line in printed(&format!("bourn --help {}", chapter.plural)).lines() {
            assert!(line.chars().count() <= COLUMNS, "{}: {line}", chapter.plural);
        }
    }
}

#[test]
fn examples_of_every_page_print_the_output_on_the_page() {
    for name in bourn::cli::names() {
        let page = printed(&format!("bourn --help {name}"));
        for (command, output) in examples(&page) {
            // A folder with the files that examples name; some examples write others.
            let folder = tempfile::tempdir().expect("a directory");
            let ran = run(&format!("ln -s \"$PWD\"/tests/data/* {0} && cd {0} && {command}", folder.path().display()));
            let stdout = String::from_utf8(ran.stdout).expect("text");
            let found: Vec<String> = stdout.lines().map(|line| line.trim_end_matches(' ').to_owned()).collect();
            assert_eq!(found, output, "{name}: {command}");
        }
    }
}

/// The commands of a page, each with its output lines.
fn examples(page: &str) -> Vec<(String, Vec<String>)> {
    let mut examples: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    let mut empty_lines = 0;
    for line in page.lines() {
        let unfinished =
            examples.last_mut().map(|(command, _)| command).filter(|command| inside && !is_complete(command));
        if let Some(command) = unfinished {
            command.push_str(&format!("\n{line}"));
        } else if let Some(command) = line.strip_prefix("  $ ") {
            examples.push((command.to_owned(), Vec::new()));
            (inside, empty_lines) = (true, 0);
        } else if line.is_empty() {
            empty_lines += 1;
        } else if let (true, Some(text)) = (inside, line.strip_prefix("  ")) {
            let output = &mut examples.last_mut().expect("one is begun").1;
            // an empty line belongs to the output if more of it follows
            output.extend(std::iter::repeat_n(String::new(), empty_lines));
            empty_lines = 0;
            output.push(text.to_owned());
        } else {
            inside = false;
        }
    }
    examples
}

#[test]
fn options_are_found_in_every_spelling() {
    let page = printed("bourn --help threads");
    for written in ["--threads", "-j", "j"] {
        assert_eq!(printed(&format!("bourn --help {written}")), page);
    }
    assert_eq!(printed("bourn --help stage"), printed("bourn --help stages"));
}

#[test]
fn a_name_in_several_tables_has_a_page_with_all_of_them() {
    let page = printed("bourn --help min");
    assert!(page.contains("min (aggregate)") && page.contains("min (function)"));
}

#[test]
fn an_unknown_name_is_an_error_that_suggests_the_nearest_one() {
    let output = run("bourn --help cuont");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "bourn: no help topic named `cuont`\n  = help: did you mean `count`?\n"
    );
}

#[test]
fn rows_are_documented() {
    for chapter in CHAPTERS {
        let mut names = HashSet::new();
        for Entry { name, usage: _, summary, details, examples } in (chapter.entries)() {
            let place = format!("{} of the {}", name, chapter.plural);
            assert!(names.insert(name), "{place} is there twice");
            assert!(summary.ends_with('.') && !summary.contains('\n'), "{place}");
            assert!(summary.chars().count() <= SENTENCE, "{place}: {summary}");
            assert!(details.is_empty() || !details.ends_with('\n'), "{place}");
            let documented = !examples.is_empty()
                || chapter.plural == "options" && WITHOUT_EXAMPLE.contains(name)
                || chapter.plural == "sources" && HAVE_PEERS.contains(name);
            assert!(documented, "{place} has no example");
        }
    }
}

#[test]
fn tables_are_sorted() {
    for chapter in CHAPTERS {
        // Pages are in reading order, kinds of sources and targets in the order in which they are tried.
        if ["language", "sources", "targets"].contains(&chapter.plural) {
            continue;
        }
        let entries = (chapter.entries)();
        let is_sorted = entries.is_sorted_by(|left, right| left.name < right.name);
        assert!(is_sorted, "{} are not sorted", chapter.plural);
    }
}

#[test]
fn every_file_of_a_table_is_in_it() {
    for (folder, table) in [
        ("src/stage", "STAGES"),
        ("src/aggregate", "AGGREGATES"),
        ("src/expr/functions", "FUNCTIONS"),
        ("src/encode", "ENCODERS"),
        ("src/source", "SOURCES"),
        ("src/sink", "SINKS"),
    ] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let text = std::fs::read_to_string(root.join("mod.rs")).expect("a folder has a mod.rs");
        let start = text.find(&format!("pub const {table}")).expect("a table");
        let rows = &text[start..start + text[start..].find("];").expect("its end")];
        for file in std::fs::read_dir(&root).expect("a folder") {
            let path = file.expect("a file").path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_row =
                path.extension().is_some_and(|extension| extension == "rs") && defines_a_row(&path) && name != "mod";
            if is_row {
                assert!(rows.contains(&format!("{name}::")), "{folder}/{name}.rs is not in {table}");
            }
        }
    }
}

/// Whether the file has a row of a table.
fn defines_a_row(path: &Path) -> bool {
    std::fs::read_to_string(path)
        .is_ok_and(|text| text.contains("entry: Entry {") || text.contains("FunctionDef::scalar("))
}
