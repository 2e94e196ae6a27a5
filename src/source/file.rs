//! A path: a file, plain or compressed, or a named pipe.

use std::fs::File;
use std::io;

use super::{Boundedness, SourceDef, check_scheme};
use crate::data::{Entry, Example, reason};

pub(super) const FILE: SourceDef = SourceDef {
    entry: Entry {
        name: "file",
        usage: "PATH",
        summary: "A file: plain, gzip, zstd, bzip2, xz or lz4, told by its content.",
        details: "A plain file is read by all threads at once. Several files are read one after another. A file that cannot be read is named on stderr, the others \
                  are read all the same, and the exit status is 3.\n\n\
                  With `--follow` it is read on as it grows, by its name: when it is renamed and made again, as logs are rotated, or emptied, the old file is read \
                  to its end and then the new one from its start. If it was copied before it was emptied, bourn reads what it missed from the copy. \
                  Half a line at the end of the old file waits half a second for its rest. The file that the results go to is refused.\n\n\
                  A directory with `--follow` is all files in it, also those to come, but none below it or with a name that begins with a dot, and none that \
                  the run itself writes to. A rotated file is read once: bourn recognises renamed files, and copies, compressed or not, by their first bytes \
                  and those before the read offset. A small file (less than two different lines and 64 bytes) is a copy only if its name is made of the name of \
                  the other one, as in `app.log.1`, `app.log-20260301.gz` or `app-20260301.log`. Files that are there at the start are all read. If the directory \
                  goes away, bourn says so and waits until it is there again. A file that the system makes up when it is read, as under /proc, is read once.\n\n\
                  `--tail N` begins at the last N records.",
        examples: &[Example { expr: "count", input: "a\nb\n", output: "2\n" }],
    },
    boundedness: Boundedness::Bounded,
    accepts: |_| true,
    check: check_scheme,
    open: |path| {
        let file = open(path).map_err(|error| reason(&error))?;
        super::input(file, 0)
    },
};

/// Opens a file for reading without blocking. Opening a named pipe without a writer would otherwise block, and no
/// signal could end the wait; the reader waits for input instead, as for all streams.
#[cfg(target_os = "linux")]
pub(super) fn open(path: &std::ffi::OsStr) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;

    let at_once = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(at_once).open(path)?;
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// Opens a file for reading.
#[cfg(not(target_os = "linux"))]
pub(super) fn open(path: &std::ffi::OsStr) -> io::Result<File> {
    File::open(path)
}
