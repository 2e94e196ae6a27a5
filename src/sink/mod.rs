//! Where results go: standard output, and a progress bar that never mixes with them.

mod progress;
mod stdout;

pub use progress::Progress;
pub use stdout::{Sink, SinkError, Stdout};
