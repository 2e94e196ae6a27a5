//! The columns of a file that an earlier run has begun.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use crate::data::Names;
use crate::sink::encoded::RowFormat;

/// Reads the names in the header of a file in a format with one.
pub(super) fn names(path: &OsStr, format: RowFormat, separator: Option<u8>) -> io::Result<Names> {
    let RowFormat::Format(format, _) = format else {
        return Ok(Names::default());
    };
    let mut file = BufReader::new(File::open(path)?);
    Ok(match format.entry.name {
        "csv" => csv_names(&mut file, separator.unwrap_or(b','))?.into(),
        _ => tsv_names(&mut file)?.into(),
    })
}

/// The fields of the first record of a CSV file. A quoted field may have line ends.
fn csv_names(file: &mut dyn BufRead, separator: u8) -> io::Result<Vec<Vec<u8>>> {
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 && line.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {}
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let mut names = vec![Vec::new()];
    let mut is_quoted = false;
    let mut bytes = line.iter().peekable();
    while let Some(byte) = bytes.next() {
        let name = names.last_mut().expect("there is always one");
        match byte {
            b'"' if is_quoted && bytes.peek() == Some(&&b'"') => {
                name.push(b'"');
                bytes.next();
            }
            b'"' => is_quoted = !is_quoted,
            byte if *byte == separator && !is_quoted => names.push(Vec::new()),
            byte => name.push(*byte),
        }
    }
    Ok(names)
}

/// The fields of the first line of a TSV file.
fn tsv_names(file: &mut dyn BufRead) -> io::Result<Vec<Vec<u8>>> {
    let mut line = Vec::new();
    file.read_until(b'\n', &mut line)?;
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    Ok(line.split(|byte| *byte == b'\t').map(unescaped).collect())
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        out.push(match (byte, byte == &b'\\') {
            (_, true) => match bytes.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(other) => *other,
                None => b'\\',
            },
            (byte, false) => *byte,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode;
    use crate::sink::encoded::EncodedRows;
    use crate::sink::testing::{columns, settings};

    #[test]
    fn names_are_those_that_were_written() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("x");
        let written = ["a", "", "b,c", "say \"hi\"", "two\nlines", "tab\t\\", "ä"];
        for format in ["csv", "tsv"] {
            let settings = settings(columns(&written));
            let format = RowFormat::Format(encode::find(format).expect("a format"), true);
            let mut bytes = Vec::new();
            EncodedRows::new(format, &settings, true, None, None).end(&mut bytes).expect("memory");
            bytes.extend_from_slice(b"1,2\n");
            std::fs::write(&path, bytes).expect("room");
            let names = names(path.as_os_str(), format, None).expect("a file");
            let expected: Vec<Vec<u8>> = written.iter().map(|name| name.as_bytes().to_vec()).collect();
            assert_eq!(names.to_vec(), expected);
        }
    }
}
