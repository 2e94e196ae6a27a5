//! A path: a file, plain or compressed, or a named pipe.

use std::fs::File;

use super::SourceDef;
use crate::data::{Entry, Example};

pub(super) const FILE: SourceDef = SourceDef {
    entry: Entry {
        name: "file",
        usage: "PATH",
        summary: "A file: plain, gzip, zstd, bzip2, xz or lz4, told by its content.",
        details: "A plain file is read by all threads at once. Several files are read one after another. A file that cannot be read is named on stderr, the others \
                  are read all the same, and the exit status is 3.",
        examples: &[Example { expr: "count", input: "a\nb\n", output: "2\n" }],
    },
    accepts: |_| true,
    open: |path| {
        let file = File::open(path).map_err(|error| super::reason(&error))?;
        super::input(file, 0)
    },
};
