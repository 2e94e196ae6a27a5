//! A path: a file, plain or compressed, or a named pipe.

use std::fs::File;

use super::SourceDef;
use crate::data::{Entry, Example, reason};

pub(super) const FILE: SourceDef = SourceDef {
    entry: Entry {
        name: "file",
        usage: "PATH",
        summary: "A file, read by all threads at once; gzip, zstd, bzip2, xz and lz4 are known by their content.",
        details: "Several files are read one after another. A file that cannot be read is named on stderr, the others \
                  are read all the same, and the exit status is 3.",
        examples: &[Example { expr: "count", input: "a\nb\n", output: "2\n" }],
    },
    accepts: |_| true,
    open: |path| {
        let file = File::open(path).map_err(|error| reason(&error))?;
        super::input(file, 0)
    },
};
