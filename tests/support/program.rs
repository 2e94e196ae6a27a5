//! The binary, run to its end on standard input or files.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// A run that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program with these arguments and this standard input.
pub fn bourn(arguments: &[&str], stdin: &[u8]) -> Ended {
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_bourn"))
        .args(arguments)
        .env_remove("TZ")
        .write_stdin(stdin)
        .timeout(PATIENCE)
        .output()
        .expect("the binary starts");
    Ended {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Files in a directory of their own.
pub struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    pub fn new() -> Files {
        Files { directory: tempfile::tempdir().expect("a directory") }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file; its path as an argument.
    pub fn write(&self, name: &str, content: &[u8]) -> String {
        let path: PathBuf = self.path().join(name);
        std::fs::write(&path, content).expect("room for a file");
        path.to_str().expect("a plain path").to_owned()
    }
}
