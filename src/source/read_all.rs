//! Reads whole files: tables that are loaded before the stream begins.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};

use super::compression::{Compression, Detection};
use super::{encoding, file};
use crate::data::{is_stdin, reason};

/// Returns all bytes of a file, decompressed if it is compressed, and converted to UTF-8 if it begins with a UTF-16
/// mark; the mark is removed. An error is a sentence without the file's name.
pub fn read_all(path: &OsStr) -> Result<Vec<u8>, String> {
    file::open(path).and_then(decompressed).map(encoding::to_utf8).map_err(|error| reason(&error))
}

/// Reads a whole file, named pipe or standard input, decompressed, with its bytes as they are.
pub fn read_bytes(path: &OsStr) -> Result<Vec<u8>, String> {
    let bytes = if is_stdin(path) { decompressed(io::stdin()) } else { File::open(path).and_then(decompressed) };
    bytes.map_err(|error| reason(&error))
}

fn decompressed(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    from.read_to_end(&mut written)?;
    match Compression::detect(&written) {
        Detection::Compressed(compression) => {
            let mut bytes = Vec::new();
            let mut reader = compression.reader(Box::new(io::Cursor::new(written)))?;
            reader.read_to_end(&mut bytes)?;
            Ok(bytes)
        }
        Detection::Plain | Detection::NeedMore => Ok(written),
    }
}
