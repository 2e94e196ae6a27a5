//! Where results go: standard output, rejected lines in a file, and a progress bar that never mixes with them.

mod progress;
mod rejects;
mod stdout;

pub use progress::Progress;
pub use rejects::Rejects;
pub use stdout::{Sink, SinkError, Stdout};
