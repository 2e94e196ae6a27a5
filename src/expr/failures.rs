//! Failed conversions: values that were used as what they are not. Counted, with the first example.

use crate::data::{ValueRef, write_text};

/// What one worker has counted since it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// What the first one was: ``word: expected a number, found `abc` ``.
    pub first: Option<String>,
    /// Values that are failures only if the rest of the stream says so, one entry for each place.
    pub undecided: Vec<Undecided>,
}

/// Values that are no numbers where numbers and text are both allowed: in `max(x)` they are failed conversions if any x
/// of the run is a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undecided {
    /// Which of them are decided together: the column of the aggregate.
    pub place: String,
    /// How many values were neither numbers nor blank.
    pub count: u64,
    /// What the first one was.
    pub first: Option<String>,
    /// The place of its record in the chunk, from 0, where that is known.
    pub record: Option<u64>,
    /// Whether there was a number.
    pub has_number: bool,
}

impl Failures {
    /// Counts a value that is not what was expected there.
    #[cold]
    pub fn add(&mut self, place: &str, expected: &str, value: ValueRef<'_>) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(describe(place, expected, value));
        }
    }

    /// Counts a result that is null because no float is as large.
    #[cold]
    pub fn add_beyond(&mut self, place: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("{place}: the result is beyond the range of floats (1.8e308)"));
    }

    /// Notes values that are failures if a number comes as well.
    pub fn leave_open(&mut self, noted: Undecided) {
        match self.undecided.iter_mut().find(|known| known.place == noted.place) {
            Some(known) => known.append(noted),
            None => self.undecided.push(noted),
        }
    }

    /// Counts what was left open, now that all is known.
    pub fn decide(&mut self) {
        for undecided in std::mem::take(&mut self.undecided) {
            if undecided.has_number && undecided.count > 0 {
                self.count += undecided.count;
                self.first = self.first.take().or(undecided.first);
            }
        }
    }

    /// Adds what was counted later in the stream.
    pub fn append(&mut self, later: Failures) {
        self.count += later.count;
        if self.first.is_none() {
            self.first = later.first;
        }
        later.undecided.into_iter().for_each(|noted| self.leave_open(noted));
    }
}

impl Undecided {
    fn append(&mut self, later: Undecided) {
        self.count += later.count;
        if self.first.is_none() {
            (self.first, self.record) = (later.first, later.record);
        }
        self.has_number |= later.has_number;
    }
}

/// What a failure was, as [`Failures::first`] says it.
pub fn describe(place: &str, expected: &str, value: ValueRef<'_>) -> String {
    let mut text = Vec::new();
    write_text(value, &mut text);
    let shown: String = String::from_utf8_lossy(&text).chars().take(60).flat_map(char::escape_debug).collect();
    let more = if text.len() > shown.len() { "…" } else { "" };
    format!("{place}: expected {expected}, found `{shown}{more}`")
}
