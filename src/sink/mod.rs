//! Where results go: standard output, files beside it, and what is shown meanwhile: a progress bar that never mixes with
//! them, or a table that is redrawn in place.

mod display;
mod progress;
mod rejects;
mod stdout;
mod whole;

pub use display::{Display, Size};
pub use progress::Progress;
pub use rejects::Rejects;
pub use stdout::{Sink, SinkError, Stdout};
pub use whole::WholeFile;
