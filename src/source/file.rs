//! A path: a file, plain or compressed, or a named pipe.

use std::fs::File;
use std::io;

use super::{Boundedness, SourceDef, check_scheme};
use crate::data::{Entry, Example, reason};

pub(super) const FILE: SourceDef = SourceDef {
    entry: Entry {
        name: "file",
        usage: "PATH",
        summary: "A file: plain, gzip, zstd, bzip2, xz or lz4, detected by content.",
        details: "All threads read a plain file together. Several files are read one after another. A file that cannot be read is reported on stderr, the others are still read, and the exit status is 3.\n\nWith `--follow` it is read by name as it grows: when logs are rotated (renamed and recreated) or truncated, the old file is read to its end and then the new one from its start. If it was copied before it was truncated, bourn reads what it missed from the copy. An incomplete line at the end of the old file waits half a second for its rest. The file that the results go to is refused.\n\nA directory with `--follow` means all files in it, including new ones, but no subdirectories, no hidden files, and no files that the run itself writes. A rotated file is read once: bourn recognizes renamed files, and copies, compressed or not, by their first bytes and those before the read offset. A small file (fewer than two different lines and 64 bytes) is a copy only if its name derives from the other one's, as in `app.log.1`, `app.log-20260301.gz` or `app-20260301.log`. Files that exist at the start are all read. If the directory is removed, bourn reports it and waits until it reappears. Files that the system generates, such as those under /proc, are read once.\n\n`--tail N` begins at the last N records.",
        examples: &[Example { expr: "count", input: "a\nb\n", output: "2\n" }],
    },
    boundedness: Boundedness::Bounded,
    is_path: true,
    metadata: |path| std::fs::metadata(path).ok(),
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
