//! Failed conversions: values of the wrong type. Counted, with the first example.

use crate::data::persist::{Persist, StateError, StateReader, load_counts, save_counts};
use crate::data::{Batch, HeapBytes, Number, Slot, SlotSet, ValueRef, write_text};

/// The range of floats, for [`Failures::add_beyond`].
pub const FLOATS: &str = "floats (1.8e308)";

/// The range of times and durations, which are 64-bit nanoseconds.
pub const NANOSECONDS: &str = "times (1677 to 2262) and durations (292 years)";

/// The reason of an aggregate's null result although there are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullReason {
    /// It exceeds this range.
    Beyond(&'static str),
    /// Some values are numbers, others durations.
    Mixed,
}

/// The failures of one worker since the last report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The number of failures.
    pub count: u64,
    /// The first one: ``word: expected a number, found `abc` ``.
    pub first: Option<String>,
    /// Descriptions leave out the name of the value, because the caller marks it in the expression.
    pub is_unnamed: bool,
    /// Values that are failures only if the rest of the stream decides so, one entry for each place.
    pub undecided: Vec<Undecided>,
    /// Values that a list had no room for; no failures.
    pub left_out: u64,
}

/// Values that are not numbers where numbers and text are both allowed: in `max(x)` they are failures if any x of the
/// run is a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undecided {
    /// The aggregate's column; entries of one column are decided together.
    pub place: String,
    /// The number of values that were neither numbers nor blank.
    pub count: u64,
    /// The first one.
    pub first: Option<String>,
    /// The index of its record in the chunk, from 0, if known.
    pub record: Option<u64>,
    /// True if there was a number.
    pub has_number: bool,
}

/// The slots that tell which record each row comes from.
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

    /// Prefixes the reason with the record's position: `access.log:7: reason`.
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
    /// Counts a value of the wrong type.
    #[cold]
    pub fn add(&mut self, place: &str, expected: &str, value: ValueRef<'_>) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(self.named(place, &describe_value(expected, value)));
        }
    }

    fn named(&self, place: &str, reason: &str) -> String {
        if self.is_unnamed { reason.to_owned() } else { format!("{place}: {reason}") }
    }

    /// Counts a result that is null because it exceeds a range such as [`FLOATS`].
    #[cold]
    pub fn add_beyond(&mut self, place: &str, range: &str) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(self.named(place, &format!("the result is beyond the range of {range}")));
        }
    }

    /// Counts a result that is null although there are values.
    #[cold]
    pub fn add_null(&mut self, place: &str, reason: NullReason) {
        match reason {
            NullReason::Beyond(range) => self.add_beyond(place, range),
            NullReason::Mixed => {
                self.count += 1;
                if self.first.is_none() {
                    self.first = Some(self.named(place, "numbers and durations have no common result"));
                }
            }
        }
    }

    /// True if there is a first failure that `known`, counted earlier in the stream, does not have.
    pub fn has_new_first(&self, known: &Failures) -> bool {
        let is_known = |open: &Undecided| {
            let mut known = known.undecided.iter();
            known.any(|known| known.place == open.place && known.first.is_some())
        };
        self.first.is_some() && known.first.is_none()
            || self.undecided.iter().any(|open| open.first.is_some() && !is_known(open))
    }

    /// Adds the record's position to the first failure of each kind. `of_row` returns the failures of a single row.
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

    /// Adds values that are failures only if a number follows.
    pub fn leave_open(&mut self, noted: Undecided) {
        match self.undecided.iter_mut().find(|known| known.place == noted.place) {
            Some(known) => known.append(noted),
            None => self.undecided.push(noted),
        }
    }

    /// Decides the undecided values, at the end of the run.
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
        self.left_out += later.left_out;
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

impl Persist for Undecided {
    fn save(&self, out: &mut Vec<u8>) {
        self.place.save(out);
        self.count.save(out);
        self.first.save(out);
        self.record.save(out);
        self.has_number.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Undecided {
            place: String::load(input)?,
            count: input.count()?,
            first: Option::load(input)?,
            record: Option::load(input)?,
            has_number: bool::load(input)?,
        })
    }
}

impl Persist for Failures {
    fn save(&self, out: &mut Vec<u8>) {
        save_counts(self.count, self.left_out, out);
        self.first.save(out);
        self.is_unnamed.save(out);
        self.undecided.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (count, left_out) = load_counts(input)?;
        let failures = Failures {
            count,
            first: Option::load(input)?,
            is_unnamed: bool::load(input)?,
            undecided: Vec::load(input)?,
            left_out,
        };
        let places = failures.undecided.iter().enumerate();
        let mut earlier = places.map(|(index, open)| failures.undecided[..index].iter().any(|e| e.place == open.place));
        if earlier.any(|is_known| is_known) { Err(StateError::Damaged) } else { Ok(failures) }
    }
}

impl HeapBytes for Undecided {
    fn heap_bytes(&self) -> usize {
        self.place.heap_bytes() + self.first.heap_bytes()
    }
}

impl HeapBytes for Failures {
    fn heap_bytes(&self) -> usize {
        self.first.heap_bytes() + self.undecided.heap_bytes()
    }
}

/// Describes a failure, as in [`Failures::first`].
pub fn describe(place: &str, expected: &str, value: ValueRef<'_>) -> String {
    format!("{place}: {}", describe_value(expected, value))
}

fn describe_value(expected: &str, value: ValueRef<'_>) -> String {
    let mut text = Vec::new();
    write_text(value, &mut text);
    let shown: String = String::from_utf8_lossy(&text).chars().take(60).flat_map(char::escape_debug).collect();
    let more = if text.len() > shown.len() { "…" } else { "" };
    format!("expected {expected}, found `{shown}{more}`")
}
