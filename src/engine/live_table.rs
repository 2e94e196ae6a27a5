//! Draws the provisional result on a terminal: its first rows, the number of the others, and the record rate.

use std::time::{Duration, Instant};

use crate::data::{Batch, SlotSet};
use crate::encode::{Encoder, Look};
use crate::plan::{self, Plan};
use crate::sink::Display;

use super::control::Control;
use super::output::encoder;
use super::{Encoding, LiveTableOptions};

/// The table on the terminal.
pub(super) struct LiveTable<'p> {
    display: Display,
    output: &'p plan::PlannedOutput,
    encoding: Encoding,
    look: Look,
    /// The rows of the last snapshot that fit, and its number of rows.
    rows: Vec<Batch<'static>>,
    count: usize,
    began: Instant,
    pace: Pace,
    /// The rows are those of open windows; final windows are printed above them.
    is_windowed: bool,
    /// Reports whether the process was stopped and continued.
    control: &'p Control,
}

/// The record rate.
#[derive(Debug)]
struct Pace {
    /// The shortest time to measure over: two frames may follow each other at once.
    least: Duration,
    /// Start of the measurement: time and record count.
    since: (Instant, u64),
    /// Records per second.
    rate: f64,
    /// No measurement so far.
    is_first: bool,
}

/// The status below the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamProgress {
    /// Records so far.
    pub(super) records: u64,
    /// Wall-clock time minus the watermark, if records have times.
    pub(super) lag: Option<Duration>,
}

/// Heading of the rows of open windows.
const OPEN: &str = "open windows, not final yet:";

/// More rows than any terminal shows.
const KEPT_ROWS: usize = 1000;

impl<'p> LiveTable<'p> {
    /// A table without rows.
    pub(super) fn new(
        table: LiveTableOptions,
        plan: &'p Plan,
        control: &'p Control,
        snapshot: Vec<Batch<'static>>,
    ) -> Self {
        let LiveTableOptions { display, every, encoding, look } = table;
        let began = control.now();
        let mut live = LiveTable {
            display,
            output: &plan.output,
            encoding,
            look,
            rows: Vec::new(),
            count: 0,
            began,
            pace: Pace::new(began, every),
            is_windowed: plan.last_window().is_some(),
            control,
        };
        live.take(snapshot);
        live
    }

    /// Takes the rows of a new snapshot.
    fn take(&mut self, snapshot: Vec<Batch<'static>>) {
        self.count = snapshot.iter().map(|batch| batch.rows).sum();
        let most = if self.encoding.is_picture() { usize::MAX } else { KEPT_ROWS };
        self.rows = first(snapshot, most);
    }

    /// Draws the rows of a snapshot, or those of the last one with a new status. `printed` encodes the final rows; if it
    /// draws a picture, so does this.
    pub(super) fn draw(
        &mut self,
        snapshot: Option<Vec<Batch<'static>>>,
        facts: StreamProgress,
        printed: &mut dyn Encoder,
    ) {
        self.leave_to_others();
        let is_new = snapshot.is_some();
        if let Some(snapshot) = snapshot {
            self.take(snapshot);
        }
        let Some(size) = self.display.size() else {
            return;
        };
        if self.encoding.is_picture() {
            let look = Look { width: Some(size.columns), height: Some(size.rows), ..self.look };
            let mut picture = Vec::new();
            printed.preview(&self.rows, look, &mut picture);
            let (picture, status) = (String::from_utf8_lossy(&picture), self.status(facts, is_new));
            self.display.draw(picture.lines().chain(std::iter::once(status.as_str())), size);
            return;
        }
        let has_header = self.encoding.has_header();
        let open = (self.is_windowed && self.count > 0).then(|| self.dim(OPEN));
        let above = usize::from(has_header) + usize::from(open.is_some());
        let room = (size.rows - 2).saturating_sub(above); // room for the status and the cursor
        let shown = if self.count > room { room.saturating_sub(1) } else { self.count };
        let mut table = Vec::new();
        let look = Look { width: Some(size.columns), ..self.look };
        let mut encoder = encoder(self.output, self.encoding, look, None);
        if has_header {
            encoder.header(&mut table);
        }
        let rows = first(self.rows.clone(), shown);
        encoder.learn(&rows, &mut table);
        for batch in rows {
            encoder.encode(&batch, &mut table);
        }
        encoder.finish(&mut table);
        let table = String::from_utf8_lossy(&table);
        let hidden = self.count - shown;
        let more = format!("… {} more {}", grouped(hidden as u64), plural(hidden, "row"));
        let status = self.status(facts, is_new);
        let rows = open.iter().map(String::as_str).chain(table.lines());
        let lines = rows.chain((hidden > 0).then_some(more.as_str()));
        self.display.draw(lines.chain(std::iter::once(status.as_str())), size);
    }

    /// Clears the table from the screen.
    pub(super) fn erase(&mut self) {
        self.leave_to_others();
        self.display.erase();
    }

    /// After a stop, other programs have written to the terminal: leaves their output and draws further frames below
    /// it.
    fn leave_to_others(&mut self) {
        if self.control.take_resumed() {
            self.display.leave();
        }
    }

    /// `19,231 records/s, 1,234,567 records, 12 s`
    fn status(&mut self, facts: StreamProgress, is_new: bool) -> String {
        let now = self.control.now();
        let rate = self.pace.at(now, facts.records, is_new);
        let rate = rate.round() as u64;
        let mut status = format!(
            "{} {}/s, {} {}",
            grouped(rate),
            plural(rate as usize, "record"),
            grouped(facts.records),
            plural(facts.records as usize, "record")
        );
        if let Some(lag) = facts.lag {
            status.push_str(&format!(", {} behind", words(lag)));
        }
        status.push_str(&format!(", {}", words(now - self.began)));
        self.dim(&status)
    }

    /// Dims text that is not a row.
    fn dim(&self, text: &str) -> String {
        match self.look.color {
            true => format!("\x1b[2m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

impl Pace {
    fn new(began: Instant, every: Duration) -> Pace {
        Pace { least: every.max(Duration::from_secs(1)), since: (began, 0), rate: 0.0, is_first: true }
    }

    /// The rate at a frame; `is_new` if it shows a new snapshot.
    fn at(&mut self, now: Instant, records: u64, is_new: bool) -> f64 {
        let (then, before) = self.since;
        let elapsed = now.saturating_duration_since(then);
        // A frame requested in between repeats the last rate.
        if self.is_first && elapsed < self.least {
            self.rate = records as f64 / elapsed.max(Duration::from_millis(50)).as_secs_f64();
        } else if elapsed >= self.least * 3 / 4 {
            self.is_first = false;
            let seconds = elapsed.max(self.least).as_secs_f64();
            self.rate = records.saturating_sub(before) as f64 / seconds;
            // After a pause, the new records came within the interval of two frames.
            let measured = match is_new {
                true => Some(now),
                false => now.checked_sub(self.least),
            };
            self.since = (measured.unwrap_or(now), records);
        }
        self.rate
    }
}

/// The first `rows` rows.
fn first(batches: Vec<Batch<'static>>, rows: usize) -> Vec<Batch<'static>> {
    let mut left = rows;
    let mut kept = Vec::new();
    for mut batch in batches {
        if left == 0 {
            break;
        }
        let all: SlotSet = batch.slots();
        batch.truncate(left, &all);
        left -= batch.rows;
        kept.push(batch);
    }
    kept
}

/// A number with its digits in groups of three: `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn plural(count: usize, word: &str) -> String {
    match count {
        1 => word.to_owned(),
        _ => format!("{word}s"),
    }
}

/// A duration rounded to two units: `12 s`, `5 m 7 s`, `3 h 5 m`.
fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} m {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Clock;
    use crate::data::fake::FakeClock;

    #[test]
    fn a_rate_is_that_of_the_time_between_pictures() {
        let began = FakeClock::at(0).now();
        let mut pace = Pace::new(began, Duration::from_secs(1));
        let mut at = |ms, records, is_new| {
            let now = began + Duration::from_millis(ms);
            pace.at(now, records, is_new).round()
        };
        assert_eq!(at(1000, 10, true), 10.0);
        assert_eq!(at(1200, 10, true), 10.0, "the size of the terminal");
        assert_eq!(at(2000, 20, true), 10.0);
        assert_eq!(at(3250, 20, false), 0.0);
        assert_eq!(at(3251, 21, true), 1.0, "and not a thousand");
        assert_eq!(at(63_251, 81, true), 1.0, "it was stopped");
    }

    #[test]
    fn the_first_rate_is_that_of_the_time_so_far() {
        let began = FakeClock::at(0).now();
        let mut pace = Pace::new(began, Duration::from_millis(100));
        assert_eq!(pace.at(began + Duration::from_millis(100), 10, true), 100.0);
        assert_eq!(pace.at(began + Duration::from_millis(500), 20, true), 40.0);
        assert_eq!(pace.at(began + Duration::from_secs(1), 30, true), 30.0);
        assert_eq!(pace.at(began + Duration::from_millis(1100), 90, true), 30.0);
    }

    #[test]
    fn large_numbers_are_grouped() {
        let all = [0, 7, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "7", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn durations_at_a_glance() {
        let at = |seconds| words(Duration::from_secs(seconds));
        assert_eq!(at(0), "0 s");
        assert_eq!(at(307), "5 m 7 s");
        assert_eq!(at(11_100), "3 h 5 m");
    }
}
