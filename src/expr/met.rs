//! Tells whether a comparison ever met two comparable values: if not, its condition says nothing about the data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::data::{Column, ValueRef};

/// The values that a comparison has met in a run; shared by all workers.
#[derive(Clone, Debug, Default)]
pub struct Met(Arc<MetFlags>);

#[derive(Debug, Default)]
struct MetFlags {
    comparable: AtomicBool,
    /// The types of the first two values that are not comparable.
    different: OnceLock<(&'static str, &'static str)>,
}

impl Met {
    /// Inspects the values of a batch, until two of them were comparable.
    #[inline]
    pub(super) fn look_at(&self, lefts: &Column<'_>, rights: &Column<'_>) {
        if !self.0.comparable.load(Ordering::Relaxed) {
            self.look(lefts, rights);
        }
    }

    #[cold]
    fn look(&self, lefts: &Column<'_>, rights: &Column<'_>) {
        for row in 0..lefts.len() {
            let (left, right) = (lefts.get(row), rights.get(row));
            match comparable(left, right) {
                None => {}
                Some(true) => return self.0.comparable.store(true, Ordering::Relaxed),
                Some(false) => _ = self.0.different.get_or_init(|| (kind(left), kind(right))),
            }
        }
    }

    /// Returns the types that it met, if no two values were comparable.
    pub fn only_different(&self) -> Option<(&'static str, &'static str)> {
        match self.0.comparable.load(Ordering::Relaxed) {
            true => None,
            false => self.0.different.get().copied(),
        }
    }

    /// Records that two values were comparable.
    pub fn set_comparable(&self) {
        self.0.comparable.store(true, Ordering::Relaxed);
    }

    /// True if two values were comparable.
    pub fn was_comparable(&self) -> bool {
        self.0.comparable.load(Ordering::Relaxed)
    }
}

/// True if two values are comparable; `None` if one of them is null. Text is comparable, except with a duration that it
/// cannot be converted to: text that is not a number next to a number is counted as a failed conversion anyway.
fn comparable(left: ValueRef<'_>, right: ValueRef<'_>) -> Option<bool> {
    use ValueRef::{Bool, Duration, List, Null, Object, Text, Time};
    Some(match (left, right) {
        (Null, _) | (_, Null) | (Text(b"" | b"-"), _) | (_, Text(b"" | b"-")) => return None,
        (Duration(_), Text(text)) | (Text(text), Duration(_)) => {
            matches!(super::convert::duration(Text(text)), Ok(Some(_)))
        }
        (Text(_), List(_) | Object(_)) | (List(_) | Object(_), Text(_)) => false,
        (Text(_), _) | (_, Text(_)) => true,
        (Duration(_), Duration(_)) | (Bool(_), Bool(_)) | (List(_), List(_)) | (Object(_), Object(_)) => true,
        (Duration(_) | Bool(_) | List(_) | Object(_), _) | (_, Duration(_) | Bool(_) | List(_) | Object(_)) => false,
        (Time(_), _) | (_, Time(_)) => true, // numbers count from 1970
        _ => true,
    })
}

fn kind(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "null",
        ValueRef::Bool(_) => "bool",
        ValueRef::Text(_) => "text",
        ValueRef::Time(_) => "time",
        ValueRef::Duration(_) => "duration",
        ValueRef::List(_) => "list",
        ValueRef::Object(_) => "object",
        _ => "number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueRef::{Bool, Duration, Int, Null, Text, Time};

    #[test]
    fn types_that_never_meet_are_not_comparable() {
        for (left, right, expected) in [
            (Int(1), Duration(1), Some(false)),
            (Text(b"12"), Duration(1), Some(false)),
            (Text(b"12ms"), Duration(1), Some(true)),
            (Text(b"-5s"), Duration(1), Some(true)),
            (Text(b"x"), Int(1), Some(true)),
            (Int(1), Time(1), Some(true)),
            (Int(1), Bool(true), Some(false)),
            (Null, Bool(true), None),
            (Text(b"-"), Duration(1), None),
            (Int(1), Int(1), Some(true)),
        ] {
            assert_eq!(comparable(left, right), expected, "{left:?} {right:?}");
            assert_eq!(comparable(right, left), expected, "{right:?} {left:?}");
        }
    }
}
