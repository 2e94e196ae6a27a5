//! README.md is a test: every command in it is run, and prints the output below it.
//!
//! `BOURN_BLESS=1` writes what the commands print.

use std::fmt::Write;
use std::path::Path;

use bourn::cli::Chapter;

mod support {
    pub mod current;
    pub mod shell;
    pub mod typed;
}

use support::{current, shell, typed};

/// What a line of the README is wide.
const COLUMNS: usize = 119;

/// What commands in a block of sh need beside the program, which only checks its arguments there.
const SURROUNDINGS: &str = "\
    bourn() { case $1 in --merge) ;; *) command bourn --check \"$@\" ;; esac; }
    for other in cargo docker find ls make parallel sort sqlite3 ssh tail tee xargs; do eval \"$other() { :; }\"; done
";

#[test]
fn every_command_prints_what_the_readme_says() {
    let text = readme();
    let (run, commands) = run_all(&fill_tables(&text));
    assert!(commands >= 10, "only {commands} commands were found");
    if current::blesses() {
        current::demand("README.md", &run);
    } else if run != text {
        let (found, expected) =
            run.lines().zip(text.lines()).find(|(found, expected)| found != expected).unwrap_or_default();
        panic!("README.md: expected {expected:?}, found {found:?}");
    }
}

#[test]
fn commands_that_are_not_run_are_right() {
    let mut commands = 0;
    for block in blocks(&readme(), "sh") {
        for command in whole_commands(block.lines()) {
            commands += 1;
            // `< <(…)` is not for every sh
            let script = format!("{SURROUNDINGS}{command}");
            let script = shlex::try_quote(&script).expect("a command has no NUL");
            let directory = tempfile::tempdir().expect("a directory"); // some commands write files
            let ran = shell::run(&format!("cd '{}' && exec bash -c {script}", directory.path().display()));
            let said = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert_eq!((ran.status.code(), said.as_str()), (Some(0), ""), "{command}");
        }
    }
    assert!(commands >= 5, "only {commands} commands were found");
}

#[test]
fn commands_of_build_servers_run_and_write_their_reports() {
    let blocks = blocks(&readme(), "yaml");
    assert_eq!(blocks.len(), 2, "for GitHub and GitLab");
    for block in blocks {
        let script = script(&block);
        assert!(script.contains("bourn"), "{block}");
        let directory = tempfile::tempdir().expect("a directory");
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
        for file in std::fs::read_dir(data).expect("there is data") {
            let path = file.expect("a file").path();
            if path.is_dir() {
                continue;
            }
            let name = path.file_name().expect("a name");
            std::fs::copy(&path, directory.path().join(name)).expect("room");
        }
        let ran = shell::run(&format!("cd '{}' && {script}", directory.path().display()));
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!((ran.status.code(), said.as_str()), (Some(0), ""), "{script}");
        assert!(directory.path().join("checks.xml").exists(), "{script}");
    }
}

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("there is a README.md")
}

/// The blocks of code in this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    let after = text.split(&start).skip(1);
    after.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// Lines together that are one command; none for comments.
fn whole_commands<'l>(lines: impl Iterator<Item = &'l str>) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in lines.filter(|line| !line.starts_with('#')) {
        match commands.last_mut().filter(|last| !typed::is_complete(last)) {
            Some(last) => {
                last.push('\n');
                last.push_str(line);
            }
            None => commands.push(line.to_owned()),
        }
    }
    commands
}

/// The commands of a job: the text after `run: |`, and the items after `script:`.
fn script(yaml: &str) -> String {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in yaml.lines() {
        match line.trim_start_matches("- ") {
            "run: |" | "script:" => inside = true,
            _ if !line.starts_with(' ') => inside = false,
            text if inside => {
                let text = text.trim_start();
                let item = text.strip_prefix("- ");
                // else YAML would take it for something else
                assert!(item.is_none_or(|item| !item.contains(": ") && !item.contains(" #")));
                commands.push(item.unwrap_or(text).to_owned());
            }
            _ => {}
        }
    }
    commands.join("\n")
}

/// The text with the current tables of the language after their markers.
fn fill_tables(text: &str) -> String {
    let mut out = String::new();
    let mut filling: Option<char> = None;
    for line in text.lines() {
        filling = filling.filter(|start| line.starts_with(*start));
        if filling.is_none() {
            let _ = writeln!(out, "{line}");
        }
        let marker = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")).unwrap_or_default();
        let (plural, is_names) = match marker.strip_prefix("names of ") {
            Some(plural) => (plural, true),
            None => (marker, false),
        };
        if marker == "lines of other tools" {
            filling = Some('|');
            write_foreign_lines(&mut out);
        }
        let chapter = bourn::cli::CHAPTERS.iter().find(|chapter| chapter.plural == plural);
        match chapter {
            Some(chapter) if is_names => {
                filling = Some('`');
                write_names(chapter, &mut out);
            }
            Some(chapter) => {
                filling = Some('|');
                write_table(chapter, &mut out);
            }
            None => {}
        }
    }
    out
}

fn write_table(chapter: &Chapter, out: &mut String) {
    let _ = writeln!(out, "| {} | |\n|---|---|", chapter.singular);
    for entry in (chapter.entries)() {
        let usage = entry.usage.replace('|', "\\|");
        let _ = writeln!(out, "| `{usage}` | {} |", entry.summary);
    }
}

fn write_foreign_lines(out: &mut String) {
    let code = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        format!("`{}`", words.join(" ").replace('|', "\\|"))
    };
    let _ = writeln!(out, "| | there | here |\n|---|---|---|");
    for tool in bourn::cli::FOREIGN_TOOLS {
        for line in tool.lines.iter().filter(|line| line.in_readme) {
            let _ = writeln!(out, "| {} | {} | {} |", tool.title, code(line.there), code(line.here));
        }
    }
}

fn write_names(chapter: &Chapter, out: &mut String) {
    let mut line = String::new();
    for entry in (chapter.entries)() {
        if line.len() + entry.name.len() + 3 > COLUMNS {
            let _ = writeln!(out, "{}", line.trim_end());
            line.clear();
        }
        let _ = write!(line, "`{}` ", entry.name);
    }
    let _ = writeln!(out, "{}", line.trim_end());
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
