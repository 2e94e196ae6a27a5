//! A progress bar on stderr: bytes, rate, time left.

use std::time::Duration;

use indicatif::{BinaryBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(400);

/// The interval between two redraws.
const REDRAW: Duration = Duration::from_millis(100);

/// Shows how much has been read. Used by the coordinator only.
#[derive(Debug)]
pub struct Progress {
    total_bytes: u64,
    done_bytes: u64,
    /// The time of the next redraw, since the start of the run.
    due: Duration,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Makes a bar for `total_bytes`.
    pub fn new(total_bytes: u64) -> Self {
        Progress { total_bytes, done_bytes: 0, due: PATIENCE, bar: None }
    }

    /// Adds `bytes` to the bytes read; `elapsed` is the time since the start of the run.
    pub fn advance(&mut self, bytes: u64, elapsed: Duration) {
        self.done_bytes += bytes;
        if elapsed < self.due {
            return;
        }
        self.due = elapsed + REDRAW;
        let speed = speed(self.done_bytes, self.total_bytes, elapsed);
        let bar = self.bar.get_or_insert_with(|| bar(self.total_bytes));
        bar.set_message(speed);
        bar.set_position(self.done_bytes);
    }

    /// Removes the bar before results are printed.
    pub fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.hide();
    }
}

/// Formats the rate since the start and the time left at that rate. The bar's own rate counts from when the bar
/// appeared.
fn speed(done_bytes: u64, total_bytes: u64, elapsed: Duration) -> String {
    let rate = done_bytes as f64 / elapsed.as_secs_f64().max(1e-9);
    let left_bytes = total_bytes.saturating_sub(done_bytes);
    let left_s = left_bytes as f64 / rate.max(1.0);
    let left = Duration::try_from_secs_f64(left_s).unwrap_or(Duration::MAX);
    format!("{}/s, {} left", BinaryBytes(rate as u64), HumanDuration(left))
}

fn bar(total_bytes: u64) -> ProgressBar {
    let template = "{wide_bar} {binary_bytes}/{binary_total_bytes}, {msg}";
    let bar = ProgressBar::with_draw_target(Some(total_bytes), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar, // the template is a constant; without it the bar is plainer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_rest_count_from_the_start() {
        let second = Duration::from_secs(1);
        assert_eq!(speed(1 << 20, 3 << 20, second), "1.00 MiB/s, 2 seconds left");
        assert_eq!(speed(5, 3, second), "5 B/s, 0 seconds left"); // a file may have grown
        assert!(speed(0, 3, Duration::ZERO).ends_with("left"));
    }

    #[test]
    fn a_bar_appears_after_a_while_and_is_redrawn_at_intervals() {
        let mut progress = Progress::new(100);
        let mut shown = |bytes, ms| {
            progress.advance(bytes, Duration::from_millis(ms));
            progress.bar.as_ref().map(ProgressBar::position)
        };
        assert_eq!(shown(10, 399), None);
        assert_eq!(shown(10, 400), Some(20));
        assert_eq!(shown(10, 499), Some(20));
        assert_eq!(shown(10, 500), Some(40));
    }
}
