//! Destinations of results: standard output and other files. Also progress output: a progress bar, or a table that is redrawn
//! in place.

mod atomic_file;
mod display;
mod line_file;
mod progress;
mod same_file;
mod stdout;
mod workflow_commands;

pub use atomic_file::AtomicFile;
pub use display::{Display, Size};
pub use line_file::LineFile;
pub use progress::Progress;
pub use same_file::{is_same_file, is_same_place, is_standard_error, is_standard_output};
pub use stdout::{Sink, SinkError, Stdout};
pub use workflow_commands::NoCommands;
