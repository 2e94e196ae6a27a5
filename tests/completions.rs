//! The completions are made of the table of options; they are committed and must be current.

use clap_complete::{Generator, Shell, generate};

mod support {
    pub mod current;
}

#[test]
fn every_shell_has_current_completions() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
        let path = format!("completions/{}", shell.file_name("bourn"));
        support::current::demand(&path, &completions(shell));
    }
}

#[test]
fn bash_takes_its_file() {
    let checked = std::process::Command::new("bash")
        .args(["-n", "completions/bourn.bash"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    if let Ok(status) = checked {
        assert!(status.success());
    } // without a bash there is nothing to ask
}

fn completions(shell: Shell) -> String {
    let mut command = bourn::cli::command().mut_arg("help", |arg| arg.value_parser(bourn::cli::names()));
    let mut bytes = Vec::new();
    generate(shell, &mut command, "bourn", &mut bytes);
    let text = String::from_utf8(bytes).expect("completions are UTF-8");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}
