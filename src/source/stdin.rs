//! `-`, or no source: standard input.

use std::fs::File;

use rustix::fs::SeekFrom;

use super::{Boundedness, Input, SourceDef, descriptor_metadata};
use crate::data::{Entry, Example, is_stdin, reason, stdin_was_closed};

pub(super) const STDIN: SourceDef = SourceDef {
    entry: Entry {
        name: "stdin",
        usage: "-",
        summary: "Standard input; also used if no source is named.",
        details: "",
        examples: &[Example { expr: "count", input: "a\nb\n", output: "2\n" }],
    },
    boundedness: Boundedness::Bounded,
    is_path: false,
    metadata: |_| descriptor_metadata(rustix::stdio::stdin()),
    accepts: is_stdin,
    check: |_| Ok(()),
    open: |_| {
        if stdin_was_closed() {
            return Err("standard input is closed".to_owned());
        }
        let handle = rustix::io::dup(rustix::stdio::stdin()).map_err(|error| reason(&error.into()))?;
        let file = File::from(handle);
        // Only a regular file has an offset: a shell may have read the first lines already.
        let start = rustix::fs::tell(&file).unwrap_or(0);
        let input = super::input(file, start)?;
        if let Input::Ranges { file, end, .. } = &input {
            // Workers read with offsets of their own; seek, so that processes sharing this descriptor find the file
            // read, as after `cat`.
            let _ = rustix::fs::seek(file, SeekFrom::Start(start.max(*end))); // it had an offset a moment ago
        }
        Ok(input)
    },
};
