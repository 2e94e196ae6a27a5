//! Whether a suggestion is valid, and its canonical form.

use crate::expr::FileContents;
use crate::lang;
use crate::plan::stages::{Refine, bind};
use crate::plan::{OutputMode, Settings};

/// Returns the suggestion in canonical form; `None` if it is not valid.
pub(super) fn canonical(here: &str) -> Option<String> {
    if here.is_empty() || !accepts(here) {
        return None;
    }
    let pipeline = lang::parse(here).ok()?;
    let printed = pipeline.stages.iter().map(|stage| match stage.head.as_word() {
        Some("window") => stage.to_string().replace(" / ", "/"),
        _ => stage.to_string(),
    });
    Some(printed.collect::<Vec<_>>().join(" | "))
}

/// True if a suggestion can be parsed and bound, assuming that every field is known.
pub(super) fn accepts(here: &str) -> bool {
    is_right(here) || is_right(&format!("json | {here}")) || is_right(&format!("json | {here} | count"))
}

/// True if a whole expression can be parsed and bound.
pub(super) fn is_right(text: &str) -> bool {
    let settings = Settings {
        inputs: vec!["b".to_owned()],
        side_files: FileContents::sample(b"id,name\n1,a\n"),
        ..Settings::from(OutputMode::AsItCame)
    };
    lang::parse(text).and_then(|pipeline| bind(&pipeline, &settings, Refine::No)).is_ok()
}
