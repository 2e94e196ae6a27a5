//! Commands run as a user types them: by a shell, in the repository, with the program in the path.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs a command line.
pub fn run(command: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_bourn"));
    let directory = program.parent().expect("the program is in a directory");
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("sh")
        .args(["-c", command])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", format!("{}:{path}", directory.display()))
        .env("LC_ALL", "C.UTF-8")
        .env_remove("TZ")
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell")
}

/// What a command prints: stdout, then stderr.
pub fn printed(command: &str) -> String {
    let output = run(command);
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8(both).expect("what a manual shows is UTF-8")
}
