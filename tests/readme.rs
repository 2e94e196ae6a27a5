//! README.md is a test: every command in it is run, and prints what stands below it.
//!
//! `BOURN_BLESS=1` writes what the commands print.

use std::fmt::Write;

mod support {
    pub mod current;
    pub mod shell;
    pub mod typed;
}

use support::{current, shell, typed};

#[test]
fn every_command_prints_what_the_readme_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(path).expect("there is a README.md");
    let (run, commands) = run_all(&fill_tables(&text));
    assert!(commands >= 10, "only {commands} commands were found");
    if current::blesses() {
        current::demand("README.md", &run);
    } else if run != text {
        let (found, expected) = run
            .lines()
            .zip(text.lines())
            .find(|(found, expected)| found != expected)
            .unwrap_or_default();
        panic!("README.md: expected {expected:?}, found {found:?}");
    }
}

/// The text with the tables of the language behind their markers, as they are today.
fn fill_tables(text: &str) -> String {
    let mut out = String::new();
    let mut is_filling = false;
    for line in text.lines() {
        is_filling &= line.starts_with('|');
        if !is_filling {
            let _ = writeln!(out, "{line}");
        }
        let marker = line
            .strip_prefix("<!-- ")
            .and_then(|rest| rest.strip_suffix(" -->"));
        let chapter = marker.and_then(|plural| {
            bourn::cli::CHAPTERS
                .iter()
                .find(|chapter| chapter.plural == plural)
        });
        if let Some(chapter) = chapter {
            is_filling = true;
            let _ = writeln!(out, "| {} | |\n|---|---|", chapter.singular);
            for entry in (chapter.entries)() {
                let usage = entry.usage.replace('|', "\\|");
                let _ = writeln!(out, "| `{usage}` | {} |", entry.summary);
            }
        }
    }
    out
}

/// The text with what its commands print today, and how many there are.
fn run_all(text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut inside = false;
    let mut commands = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("$ ").filter(|_| inside);
        match (line, command) {
            ("```console", _) => inside = true,
            ("```", _) => inside = false,
            _ => {}
        }
        if let Some(command) = command {
            commands += 1;
            let mut command = command.to_owned();
            while !typed::is_complete(&command)
                && let Some(line) = lines.next()
            {
                command.push('\n');
                command.push_str(line);
            }
            let _ = writeln!(out, "$ {command}");
            out.push_str(&shell::printed(&command));
        } else if !inside || line == "```console" {
            let _ = writeln!(out, "{line}");
        }
    }
    (out, commands)
}
