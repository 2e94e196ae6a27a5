//! Failed conversions: values that were used as what they are not. Counted, with the first example.

use crate::data::{Batch, Number, Slot, SlotSet, ValueRef, write_text};

/// The range of floats, for [`Failures::add_beyond`].
pub const FLOATS: &str = "floats (1.8e308)";

/// The range of times and durations, which are 64-bit nanoseconds.
pub const NANOSECONDS: &str = "times (1677 to 2262) and durations (292 years)";

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

/// Where a batch says which record each of its rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `@source`
    pub source: Slot,
    /// `@number`
    pub number: Slot,
}

impl Origin {
    /// Adds the slots that are read.
    pub fn reads(self, slots: &mut SlotSet) {
        slots.insert(self.source);
        slots.insert(self.number);
    }

    /// The reason with the place of the record in front of it: `access.log:7: reason`.
    pub fn name(self, batch: &Batch<'_>, row: usize, reason: &str) -> String {
        let Some(Number::Int(number)) = batch.get(self.number).and_then(|column| column.get(row).as_number()) else {
            return reason.to_owned();
        };
        let mut place = Vec::new();
        write_text(batch.column(self.source).get(row), &mut place);
        format!("{}:{number}: {reason}", String::from_utf8_lossy(&place))
    }
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

    /// Counts a result that is null because it is beyond a range such as [`FLOATS`].
    #[cold]
    pub fn add_beyond(&mut self, place: &str, range: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("{place}: the result is beyond the range of {range}"));
    }

    /// Whether there is a first one that `known`, counted earlier in the stream, does not have.
    pub fn has_new_first(&self, known: &Failures) -> bool {
        let is_known = |open: &Undecided| {
            let mut known = known.undecided.iter();
            known.any(|known| known.place == open.place && known.first.is_some())
        };
        self.first.is_some() && known.first.is_none()
            || self.undecided.iter().any(|open| open.first.is_some() && !is_known(open))
    }

    /// Names the record of the first one of each kind. `of_row` gives what fails in a row by itself.
    pub fn name_first(&mut self, origin: Origin, batch: &Batch<'_>, mut of_row: impl FnMut(usize) -> Failures) {
        let mut is_named = self.first.is_none();
        let mut open: Vec<&mut Undecided> = self.undecided.iter_mut().filter(|open| open.first.is_some()).collect();
        for row in 0..batch.rows {
            if is_named && open.is_empty() {
                break;
            }
            let found = of_row(row);
            if let (Some(reason), false) = (&found.first, is_named) {
                self.first = Some(origin.name(batch, row, reason));
                is_named = true;
            }
            for noted in found.undecided {
                if let (Some(reason), Some(index)) =
                    (&noted.first, open.iter().position(|open| open.place == noted.place))
                {
                    open.swap_remove(index).first = Some(origin.name(batch, row, reason));
                }
            }
        }
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
