//! Where the records of a batch belong.

use std::borrow::Cow;

use crate::data::{Batch, Column, Slot};
use crate::plan::WindowBy;
use crate::window::{Clock, Placed, Placer, Slice, Watermark};

/// Where each row of a batch stands: its time, or its number.
pub(super) fn times(
    by: &WindowBy,
    batch: &Batch<'_>,
    watermark: &Watermark,
    read_ns: i64,
) -> Vec<i64> {
    match by {
        WindowBy::Time(slot) => times_in(batch, *slot).to_vec(),
        WindowBy::Arrival(_) => vec![read_ns; batch.rows],
        WindowBy::Number => {
            let first = watermark.rows() as i64 + 1;
            (first..first + batch.rows as i64).collect()
        }
    }
}

/// The times that a step before has read.
pub(super) fn times_in<'b>(batch: &'b Batch<'_>, slot: Slot) -> &'b [i64] {
    match batch.column(slot) {
        Column::Int(times, _) => times,
        _ => unreachable!("the step that reads times makes a column of ints"),
    }
}

/// Where the records of a batch belong.
pub(super) struct Placement {
    /// The rows that are in a window.
    rows: Vec<u32>,
    /// Of each of these.
    pub(super) slices: Vec<Slice>,
    /// The rows all of whose windows were final.
    pub(super) late: Vec<u32>,
}

impl Placement {
    /// The rows that are not late.
    pub(super) fn in_time<'b, 'a>(&self, batch: &'b Batch<'a>) -> Cow<'b, Batch<'a>> {
        if self.late.is_empty() {
            Cow::Borrowed(batch)
        } else {
            Cow::Owned(batch.pick(&self.rows, &batch.slots()))
        }
    }
}

/// Places the records of a batch.
pub(super) fn place(placer: &mut Placer<'_>, times: &[i64]) -> Placement {
    let mut placement = Placement {
        rows: Vec::new(),
        slices: Vec::with_capacity(times.len()),
        late: Vec::new(),
    };
    for (row, time) in times.iter().enumerate() {
        match placer.place(*time) {
            Placed::In(slice) => {
                placement.slices.push(slice);
                placement.rows.push(row as u32);
            }
            Placed::Late => placement.late.push(row as u32),
        }
    }
    placement
}

/// The time of each row, and where the watermark stands in front of it.
pub(super) fn passing<'t>(
    mut clock: Clock,
    times: &'t [i64],
    limit: i64,
    jumps: &'t mut u64,
) -> impl FnMut(usize) -> (i64, i64) + 't {
    move |row| {
        let before = clock.watermark;
        *jumps += u64::from(clock.pass(times[row], limit));
        (times[row], before)
    }
}
