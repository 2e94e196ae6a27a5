//! What is drawn on a terminal while the result is not final yet: the first rows of the picture, how many there are
//! besides, and how fast records come.

use std::time::{Duration, Instant};

use crate::data::{Batch, LiveSlots};
use crate::format::Look;
use crate::plan;
use crate::sink::Display;

use super::output::encoder;
use super::{Encoding, LiveTable};

/// The table on the terminal.
pub(super) struct Live<'p> {
    display: Display,
    output: &'p plan::Output,
    encoding: Encoding,
    look: Look,
    /// The rows of the last picture, as many as can be shown, and how many it had.
    rows: Vec<Batch<'static>>,
    count: usize,
    began: Instant,
    /// When the last frame was drawn, and how many records there were.
    last: (Instant, u64),
}

/// What is said below the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Records so far.
    pub(super) records: u64,
    /// How far the time of the records is behind the clock, if they have one.
    pub(super) lag: Option<Duration>,
}

/// No terminal shows more.
const KEPT_ROWS: usize = 1000;

impl<'p> Live<'p> {
    pub(super) fn new(table: LiveTable, output: &'p plan::Output) -> Self {
        let LiveTable {
            display,
            encoding,
            look,
            .. // the coordinator keeps the clock
        } = table;
        let began = Instant::now();
        Live {
            display,
            output,
            encoding,
            look,
            rows: Vec::new(),
            count: 0,
            began,
            last: (began, 0),
        }
    }

    /// Draws the rows of a picture, or those of the last one with what is new below them.
    pub(super) fn draw(&mut self, picture: Option<Vec<Batch<'static>>>, facts: Facts) {
        if let Some(picture) = picture {
            self.count = picture.iter().map(|batch| batch.rows).sum();
            self.rows = first(picture, KEPT_ROWS);
        }
        let Some(size) = self.display.size() else {
            return;
        };
        let has_header = self.encoding.has_header();
        let room = (size.rows - 2).saturating_sub(usize::from(has_header)); // below: the status, and the cursor
        let shown = if self.count > room {
            room.saturating_sub(1)
        } else {
            self.count
        };
        let mut table = Vec::new();
        let look = Look {
            width: Some(size.columns),
            ..self.look
        };
        let mut encoder = encoder(self.output, self.encoding, look, None);
        if has_header {
            encoder.header(&mut table);
        }
        for batch in first(self.rows.clone(), shown) {
            encoder.encode(&batch, &mut table);
        }
        encoder.finish(&mut table);
        let table = String::from_utf8_lossy(&table);
        let hidden = self.count - shown;
        let more = format!("… {hidden} more {}", plural(hidden, "row"));
        let status = self.status(facts);
        let rows = table.lines();
        let lines = rows.chain((hidden > 0).then_some(more.as_str()));
        self.display
            .draw(lines.chain(std::iter::once(status.as_str())), size);
    }

    /// Takes it off the screen.
    pub(super) fn erase(&mut self) {
        self.display.erase();
    }

    /// The terminal was others': what stands there stays.
    pub(super) fn leave(&mut self) {
        self.display.leave();
    }

    /// `19231 records/s, 1234567 records, 12 s`
    fn status(&mut self, facts: Facts) -> String {
        let now = Instant::now();
        let (then, before) = std::mem::replace(&mut self.last, (now, facts.records));
        let seconds = (now - then).as_secs_f64().max(1e-9);
        let rate = (facts.records.saturating_sub(before)) as f64 / seconds;
        let mut status = format!(
            "{rate:.0} records/s, {} {}",
            facts.records,
            plural(facts.records as usize, "record")
        );
        if let Some(lag) = facts.lag {
            status.push_str(&format!(", {} behind", words(lag)));
        }
        status.push_str(&format!(", {}", words(now - self.began)));
        match self.look.color {
            true => format!("\x1b[2m{status}\x1b[0m"),
            false => status,
        }
    }
}

/// The first so many rows.
fn first(batches: Vec<Batch<'static>>, rows: usize) -> Vec<Batch<'static>> {
    let mut left = rows;
    let mut kept = Vec::new();
    for mut batch in batches {
        if left == 0 {
            break;
        }
        let all: LiveSlots = batch.slots();
        batch.truncate(left, &all);
        left -= batch.rows;
        kept.push(batch);
    }
    kept
}

fn plural(count: usize, word: &str) -> String {
    match count {
        1 => word.to_owned(),
        _ => format!("{word}s"),
    }
}

/// As much of a duration as a glance wants: `12 s`, `5 m 7 s`, `3 h 5 m`.
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

    #[test]
    fn durations_at_a_glance() {
        let at = |seconds| words(Duration::from_secs(seconds));
        assert_eq!(at(0), "0 s");
        assert_eq!(at(307), "5 m 7 s");
        assert_eq!(at(11_100), "3 h 5 m");
    }
}
