//! Files that are generated and committed: they must be current. `BOURN_BLESS=1 cargo test` regenerates them.

use std::path::Path;

/// Whether files are written instead of compared.
pub fn blesses() -> bool {
    std::env::var_os("BOURN_BLESS").is_some_and(|value| value == "1")
}

/// Demands that the file, named from the repository's root, has this content.
pub fn demand(path: &str, content: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if blesses() {
        std::fs::write(&file, content).expect("a generated file can be written");
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == content, "{path} is not current: run BOURN_BLESS=1 cargo test, and commit it");
}
