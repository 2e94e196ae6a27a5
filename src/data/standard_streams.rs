//! Tells which standard streams were open when the process started.
//!
//! Before `main`, Rust opens `/dev/null` in place of a closed standard stream: reading it then gives an empty input and
//! writing to it succeeds, so `bourn count <&-` would print 0 and `bourn count >&-` would print nothing, both with
//! status 0. The difference can be seen only before `main`.

use std::ffi::OsStr;
use std::sync::atomic::{AtomicBool, Ordering};

use ctor::ctor;
use rustix::io::fcntl_getfd;

/// The name of standard input as a source.
pub const STDIN_NAME: &str = "-";

/// True if a source is standard input.
pub fn is_stdin(source: &OsStr) -> bool {
    source == STDIN_NAME
}

static STDIN_WAS_CLOSED: AtomicBool = AtomicBool::new(false);
static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Records which streams are closed.
// SAFETY: it runs before `main`, where the standard library may not be used: it makes two system calls and sets atomics.
#[ctor(unsafe)]
fn note_closed() {
    STDIN_WAS_CLOSED.store(fcntl_getfd(rustix::stdio::stdin()).is_err(), Ordering::Relaxed);
    STDOUT_WAS_CLOSED.store(fcntl_getfd(rustix::stdio::stdout()).is_err(), Ordering::Relaxed);
}

/// True if standard input was closed when the process started.
pub fn stdin_was_closed() -> bool {
    STDIN_WAS_CLOSED.load(Ordering::Relaxed)
}

/// True if standard output was closed when the process started.
pub fn stdout_was_closed() -> bool {
    STDOUT_WAS_CLOSED.load(Ordering::Relaxed)
}
