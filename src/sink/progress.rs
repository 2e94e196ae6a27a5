//! A progress bar on stderr: bytes, rate, time left.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(400);

/// Shows how far reading has come; for the coordinator alone.
#[derive(Debug)]
pub struct Progress {
    total_bytes: u64,
    done_bytes: u64,
    started: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar up to so many bytes.
    pub fn new(total_bytes: u64) -> Self {
        Progress {
            total_bytes,
            done_bytes: 0,
            started: Instant::now(),
            bar: None,
        }
    }

    /// So many more bytes were read.
    pub fn advance(&mut self, bytes: u64) {
        self.done_bytes += bytes;
        if self.bar.is_none() && self.started.elapsed() >= PATIENCE {
            self.bar = Some(bar(self.total_bytes));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done_bytes);
        }
    }

    /// Takes the bar off the screen: results are about to be printed.
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

fn bar(total_bytes: u64) -> ProgressBar {
    let template = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let bar = ProgressBar::with_draw_target(Some(total_bytes), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar, // the template is a constant; without it the bar is only plainer
    }
}
