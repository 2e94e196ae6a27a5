//! Where results go: standard output, files beside it, and a progress bar that never mixes with them.

mod progress;
mod rejects;
mod stdout;
mod whole;

pub use progress::Progress;
pub use rejects::Rejects;
pub use stdout::{Sink, SinkError, Stdout};
pub use whole::WholeFile;
