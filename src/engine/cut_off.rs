//! The bytes that are cut off a file of results after a crash. A run that was interrupted has written rows after its last
//! commit, which are printed again; other programs may have appended lines of their own to the file. These are kept.
//!
//! The bytes are copied to a file of the checkpoint before they are cut off. At the end of the run, the lines that it has
//! not printed again are moved to the file `other-lines`, and the copy is removed.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_64;

use crate::checkpoint::Checkpoint;
use crate::data::reason;
use crate::sink::Sink;

/// The start of the name of a copy; the offset of its first byte in the file of results follows.
const COPY: &str = "cut-off-";

/// The file of lines that were not printed again.
const OTHER_LINES: &str = "other-lines";

/// Copies what the file of results has from an offset on, if the file can be read.
pub(super) fn keep(checkpoint: &Checkpoint, sink: &Sink, offset: u64) -> Result<(), String> {
    let Some(mut results) = sink.written() else {
        return Ok(());
    };
    let path = checkpoint.path(&format!("{COPY}{offset}"));
    let mut copy = || {
        results.seek(SeekFrom::Start(offset))?;
        // It exists if the last recovery was interrupted, too.
        let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
        io::copy(&mut results, &mut file)?;
        file.sync_all()?;
        // Bytes that were appended during the sync; the file is cut at once after this.
        io::copy(&mut results, &mut file)
    };
    copy().map(drop).map_err(|error| {
        format!(
            "{}: {}\n  = help: free some space, then run the same command again: it continues after the last commit",
            path.display(),
            reason(&error)
        )
    })
}

/// Keeps the lines that were cut off and not printed again. Returns their number and file; `None` if there are none.
pub(super) fn settle(checkpoint: &Checkpoint, sink: &Sink) -> io::Result<Option<(u64, PathBuf)>> {
    let (directory, others) = (checkpoint.path(""), checkpoint.path(OTHER_LINES));
    let mut kept = 0;
    for (copy, offset) in copies(&directory) {
        let Some(mut results) = sink.written() else {
            return Ok(None); // another run may write to the file
        };
        results.seek(SeekFrom::Start(offset))?;
        kept += move_others(&copy, results, &others)?;
        std::fs::remove_file(&copy)?;
    }
    Ok((kept > 0).then_some((kept, others)))
}

/// The copies in a directory, and the offsets of their first bytes.
fn copies(directory: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let copies = entries.filter_map(|entry| {
        let offset = entry.file_name().to_str()?.strip_prefix(COPY)?.parse().ok()?;
        Some((entry.path(), offset))
    });
    copies.collect()
}

/// Appends the lines of a copy that the results do not have to another file; returns their number.
fn move_others(copy: &Path, results: impl io::Read, others: &Path) -> io::Result<u64> {
    let mut hashes = HashSet::new();
    // A row that was written in part: the start of one that was printed again.
    let mut torn = Vec::new();
    for_each_line(File::open(copy)?, |line| {
        hashes.insert(XxHash3_64::oneshot(line));
        torn = if line.ends_with(b"\n") { Vec::new() } else { line.to_vec() };
        Ok(())
    })?;
    for_each_line(results, |line| {
        hashes.remove(&XxHash3_64::oneshot(line));
        if !torn.is_empty() && line.starts_with(&torn) {
            hashes.remove(&XxHash3_64::oneshot(&torn));
        }
        Ok(())
    })?;
    if hashes.is_empty() {
        return Ok(0);
    }
    let mut kept = BufWriter::new(OpenOptions::new().append(true).create(true).open(others)?);
    let mut count = 0;
    for_each_line(File::open(copy)?, |line| {
        if !hashes.contains(&XxHash3_64::oneshot(line)) {
            return Ok(());
        }
        count += 1;
        kept.write_all(line)?;
        if line.ends_with(b"\n") { Ok(()) } else { kept.write_all(b"\n") }
    })?;
    kept.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(count)
}

/// Calls a function with each line and its newline.
fn for_each_line(text: impl io::Read, mut call: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut text = BufReader::with_capacity(1 << 16, text);
    let mut line = Vec::new();
    while text.read_until(b'\n', &mut line)? > 0 {
        call(&line)?;
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_were_not_printed_again_are_kept() {
        let folder = tempfile::tempdir().expect("a directory");
        let (copy, others) = (folder.path().join("copy"), folder.path().join("others"));
        let cases = [
            ("1\n2\n", "1\n2\n3\n", ""),
            ("1\n2\n3", "1\n2\n34\n", ""),
            ("# a\n1\n# b\n2\n# a\n", "1\n2\n", "# a\n# b\n# a\n"),
            ("1\n# a", "1\n2\n", "# a\n"),
            ("", "1\n", ""),
        ];
        for (cut, results, expected) in cases {
            std::fs::write(&copy, cut).expect("room");
            let count = move_others(&copy, results.as_bytes(), &others).expect("room");
            assert_eq!(count, expected.lines().count() as u64, "{cut:?}");
            assert_eq!(std::fs::read_to_string(&others).unwrap_or_default(), expected, "{cut:?}");
            let _ = std::fs::remove_file(&others);
        }
    }
}
