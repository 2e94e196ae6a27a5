//! A path: a file, plain or compressed, or a named pipe.

use std::fs::File;
use std::io;

use super::SourceDef;
use crate::data::{Entry, Example, reason};

pub(super) const FILE: SourceDef = SourceDef {
    entry: Entry {
        name: "file",
        usage: "PATH",
        summary: "A file: plain, gzip, zstd, bzip2, xz or lz4, told by its content.",
        details: "A plain file is read by all threads at once. Several files are read one after another. A file that cannot be read is named on stderr, the others \
                  are read all the same, and the exit status is 3.",
        examples: &[Example {
            expr: "count",
            input: "a\nb\n",
            output: "2\n",
        }],
    },
    accepts: |_| true,
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
