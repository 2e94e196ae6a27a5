//! Plain technical English in everything that people read: README, manual, help, messages and comments.
//!
//! A few words and sentence forms are denied because they make sentences that a reader has to parse twice. Say *after*,
//! *before*, *is*, *none*, the component that acts, and the name of the parameter.

use std::path::{Path, PathBuf};

use regex::Regex;

/// Words that have a plain substitute.
const DENIED: &str = r"(?i)\b(behind|in front of|stands?|somebody|nobody|whoever|anew|so many|so long)\b";

/// Comments that are sentence fragments: lead with a verb or a noun.
const FRAGMENT: &str = r"^\s*//[/!]? (What|Of) ";

/// Uses of denied words that are plain English.
const ALLOWED: &[&str] = &["stands for", "stand for", "{} behind"];

#[test]
fn prose_uses_plain_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (denied, fragment) = (Regex::new(DENIED).expect("a regex"), Regex::new(FRAGMENT).expect("a regex"));
    let mut wrong = Vec::new();
    for path in files(root) {
        let name = path.strip_prefix(root).expect("a file of the project").display().to_string();
        let text = std::fs::read_to_string(&path).expect("text");
        for (number, line) in text.lines().enumerate() {
            let allowed = ALLOWED.iter().fold(line.to_owned(), |line, allowed| line.replace(allowed, ""));
            if let Some(word) = denied.find(&allowed).or_else(|| fragment.find(line)) {
                wrong.push(format!("{name}:{}: `{}`: {}", number + 1, word.as_str().trim(), line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "rewrite {} lines in plain words:\n{}", wrong.len(), wrong.join("\n"));
}

/// The files whose prose is checked.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|name| root.join(name)).into_iter().collect();
    files.retain(|file| file.exists());
    let mut folders = vec![root.join("src"), root.join("man"), root.join("benches")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            match entry.is_dir() {
                true => folders.push(entry),
                false => files.push(entry),
            }
        }
    }
    files
}
