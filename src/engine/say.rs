//! Messages on stderr while the engine runs.

use std::fmt;
use std::io::{self, Write as _};

/// Prints a message to stderr; a failed write is ignored so that results are not lost.
pub(super) fn say(message: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "bourn: {message}");
}
