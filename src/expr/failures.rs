//! Failed conversions: values that were used as what they are not. Counted, with the first example.

use crate::data::{ValueRef, write_text};

/// What one worker has counted since it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// What the first one was: ``word: expected a number, found `abc` ``.
    pub first: Option<String>,
}

impl Failures {
    /// Counts a value that is not what was expected there.
    #[cold]
    pub fn add(&mut self, place: &str, expected: &str, value: ValueRef<'_>) {
        self.count += 1;
        if self.first.is_none() {
            let mut text = Vec::new();
            write_text(value, &mut text);
            let shown: String = String::from_utf8_lossy(&text)
                .chars()
                .take(60)
                .flat_map(char::escape_debug)
                .collect();
            let more = if text.len() > shown.len() { "…" } else { "" };
            self.first = Some(format!(
                "{place}: expected {expected}, found `{shown}{more}`"
            ));
        }
    }

    /// Adds what was counted later in the stream.
    pub fn append(&mut self, later: Failures) {
        self.count += later.count;
        if self.first.is_none() {
            self.first = later.first;
        }
    }
}
