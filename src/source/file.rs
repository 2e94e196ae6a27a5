//! A path: a file, plain or compressed, or a named pipe.

use std::fs::File;
use std::io;

use super::{Liveness, SourceDef, check_scheme};
use crate::data::{Entry, Example, reason};

pub(super) const FILE: SourceDef = SourceDef {
    entry: Entry {
        name: "file",
        usage: "PATH",
        summary: "A file: plain, gzip, zstd, bzip2, xz or lz4, told by its content.",
        details: "A plain file is read by all threads at once. Several files are read one after another. A file that cannot be read is named on stderr, the others \
                  are read all the same, and the exit status is 3.\n\n\
                  With `--follow` it is read on as it grows, by its name: when it is renamed and made anew, as logs are rotated, or emptied, what it had is read \
                  to the end and then the new one from its start. A directory is then all files in it, also those to come, but none below it or with a name that \
                  begins with a dot. `--tail N` begins at the last N records.",
        examples: &[Example {
            expr: "count",
            input: "a\nb\n",
            output: "2\n",
        }],
    },
    liveness: Liveness::Plain,
    accepts: |_| true,
    check: check_scheme,
    open: |path| {
        let file = open(path).map_err(|error| reason(&error))?;
        super::input(file, 0)
    },
};

/// Opens a file for reading. A named pipe that nobody writes to yet would block the usual way, where no signal
/// could end the wait; so it is opened at once, and the reader waits for input as it does for all streams.
#[cfg(target_os = "linux")]
pub(super) fn open(path: &std::ffi::OsStr) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;

    let at_once = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options()
        .read(true)
        .custom_flags(at_once)
        .open(path)?;
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// Opens a file for reading.
#[cfg(not(target_os = "linux"))]
pub(super) fn open(path: &std::ffi::OsStr) -> io::Result<File> {
    File::open(path)
}
