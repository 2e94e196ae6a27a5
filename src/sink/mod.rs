//! Where results go: standard output, files beside it, and what is shown meanwhile: a progress bar that never mixes with
//! them, or a table that is redrawn in place.

mod display;
mod progress;
mod rejects;
mod same_file;
mod stdout;
mod whole;
mod workflow_commands;

pub use display::{Display, Size};
pub use progress::Progress;
pub use rejects::Rejects;
pub use same_file::{is_same_file, is_same_place, is_standard_error, is_standard_output};
pub use stdout::{Sink, SinkError, Stdout};
pub use whole::WholeFile;
pub use workflow_commands::NoCommands;
