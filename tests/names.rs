//! Every type of the library has a name of its own, so that a reader who meets a name knows which type it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

#[test]
fn type_names_are_unique() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // associated types are indented; tests have types of their own
    let defined =
        Regex::new(r"(?m)^(?:\s*(?:pub(?:\([^)]*\))? )?(?:struct|enum|union|trait)|(?:pub(?:\([^)]*\))? )?type) (\w+)")
            .expect("a regex");
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files(&root.join("src")) {
        let text = fs::read_to_string(&path).expect("text");
        let library = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let file = path.strip_prefix(root).expect("a file of the project").display().to_string();
        if file.ends_with("tests.rs") || file.contains("/tests/") {
            continue;
        }
        for name in defined.captures_iter(library) {
            let files = places.entry(name[1].to_owned()).or_default();
            if !files.contains(&file) {
                files.push(file.clone()); // twice in one file: one for each system
            }
        }
    }
    assert!(places.len() > 400, "only {} types were found", places.len());
    places.retain(|_, files| files.len() > 1);
    assert!(places.is_empty(), "names of several types: {places:#?}");
}

/// All Rust files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
