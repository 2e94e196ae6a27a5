//! What the targets check: the same functions that `cargo test` calls.

#[path = "../../tests/fuzz/checks/mod.rs"]
pub mod checks;
