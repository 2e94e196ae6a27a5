//! Decides whether a file is a copy of another by comparing its content with the fingerprints of known files.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::copies::{CopyPlace, CopyVerdict};
use super::files::{Section, decompressed};
use crate::source::compression::{Compression, Detection};
use crate::source::fingerprint::{END_BYTES, Fingerprint, Likeness, bytes_at, scan};
use crate::source::offset::SourceReader;
use crate::source::rotated::is_rotated;

/// The number of bytes needed to detect the compression format.
const MAGIC_BYTES: usize = 16;

/// A file that is or was read.
pub(super) struct KnownFile<'k> {
    pub(super) path: &'k Path,
    pub(super) print: &'k Fingerprint,
    /// The open file and its position; `None` if the file is gone.
    pub(super) file: Option<(&'k Arc<File>, CopyPlace)>,
}

/// The result of comparing a file with all known files.
pub(super) struct Candidate {
    pub(super) compression: Option<Compression>,
    pub(super) is_complete: bool,
    pub(super) likeness: Vec<Likeness>,
}

impl KnownFile<'_> {
    /// Returns the verdict, and whether it is final, for a file that contains all that was read of this one and has
    /// `bytes` bytes; `None` if it is not a copy.
    fn judge_longer(&self, bytes: u64, candidate: &Candidate) -> std::io::Result<Option<(CopyVerdict, bool)>> {
        let read = self.print.read();
        if bytes == read {
            return Ok(Some((CopyVerdict::Copy, true)));
        }
        let Some((file, place)) = self.file else {
            return Ok(Some((CopyVerdict::Rest(read), true)));
        };
        let metadata = file.metadata()?;
        let own = metadata.len();
        // The known file was truncated, or is at least as long itself: reading it will tell.
        if own < read || own >= bytes {
            return Ok(Some((CopyVerdict::Copy, false)));
        }
        if metadata.nlink() == 0 {
            return Ok(Some(match candidate.compression {
                None => (CopyVerdict::Moved(place), true),
                Some(_) => (CopyVerdict::Copy, false), // until the removed file is closed
            }));
        }
        // A copy is never longer than its original, unless the original was replaced in the meantime.
        let is_same = matches!(self.print.compare(file, own)?, Likeness::Whole(_));
        Ok((!is_same).then_some((CopyVerdict::Copy, false)))
    }
}

/// Returns the compression format of a file; `None` if it is not compressed.
pub(super) fn compression(file: &Arc<File>) -> std::io::Result<Option<Compression>> {
    Ok(match Compression::detect(&head(file)?) {
        Detection::Compressed(compression) => Some(compression),
        Detection::Plain | Detection::NeedMore => None,
    })
}

/// Returns the first bytes of a file, enough to detect its compression format.
fn head(file: &Arc<File>) -> std::io::Result<Vec<u8>> {
    bytes_at(file, 0, MAGIC_BYTES)
}

/// Returns the first bytes of a file, enough to compare it with others.
pub(super) fn first_bytes(file: &Arc<File>) -> std::io::Result<Vec<u8>> {
    bytes_at(file, 0, END_BYTES)
}

/// Returns a reader for the whole file, decompressed.
pub(super) fn content(file: &Arc<File>) -> std::io::Result<Box<dyn SourceReader + Send>> {
    Ok(match compression(file)? {
        Some(compression) => Box::new(decompressed(file, compression, 0)?),
        None => Box::new(Section::of(Arc::clone(file), 0, u64::MAX)),
    })
}

/// Compares a file with the known files; `None` if the run was stopped.
pub(super) fn compare(
    file: &Arc<File>,
    bytes: u64,
    known: &[KnownFile<'_>],
    is_stopped: &dyn Fn() -> bool,
) -> std::io::Result<Option<Candidate>> {
    let prints: Vec<&Fingerprint> = known.iter().map(|known| known.print).collect();
    match Compression::detect(&head(file)?) {
        Detection::Compressed(compression) => {
            let section = Box::new(Section::of(Arc::clone(file), 0, u64::MAX));
            let mut content = compression.reader(section)?;
            Ok(scan(&mut content, &prints, is_stopped).map(|scan| Candidate {
                compression: Some(compression),
                is_complete: scan.is_complete,
                likeness: scan.likeness,
            }))
        }
        detection => {
            let likeness = prints.iter().map(|print| print.compare(file, bytes));
            Ok(Some(Candidate {
                compression: None,
                // With this few bytes, the file may still turn out to be compressed.
                is_complete: detection == Detection::Plain,
                likeness: likeness.collect::<std::io::Result<_>>()?,
            }))
        }
    }
}

/// Returns the verdict for a file, and whether it holds until the file's length changes.
pub(super) fn decide(
    candidate: &Candidate,
    path: &Path,
    known: &[KnownFile<'_>],
) -> std::io::Result<(CopyVerdict, bool)> {
    let mut may_become_copy = false;
    let mut found: Option<(CopyVerdict, bool)> = None;
    for (known, likeness) in known.iter().zip(&candidate.likeness) {
        let has_same_name = path.file_name() == known.path.file_name();
        let is_enough = |bytes: u64| {
            let by_name = bytes > 0 && is_rotated(path, known.path);
            by_name || known.print.is_telling(bytes)
        };
        match *likeness {
            Likeness::Other => {}
            // A program that recreates a log may write the same first lines again; a copy under the same name is
            // complete.
            Likeness::Beginning(_) if has_same_name => {}
            Likeness::Beginning(bytes) if is_enough(bytes) => {
                found.get_or_insert((CopyVerdict::Copy, true));
            }
            Likeness::Beginning(_) => may_become_copy = true,
            Likeness::Whole(_) if !is_enough(known.print.read()) => {}
            Likeness::Whole(bytes) => match known.judge_longer(bytes, candidate)? {
                // A complete copy of a longer file has no more to read than a copy of its beginning.
                Some((CopyVerdict::Copy, true)) => return Ok((CopyVerdict::Copy, true)),
                Some((CopyVerdict::Copy, false)) => {
                    found.get_or_insert((CopyVerdict::Copy, false));
                }
                Some((CopyVerdict::Rest(offset), _)) => {
                    let is_further = match &found {
                        Some((CopyVerdict::Rest(other), _)) => offset > *other,
                        Some((CopyVerdict::Moved(_), _)) => false,
                        Some((_, is_final)) => !is_final,
                        None => true,
                    };
                    if is_further {
                        found = Some((CopyVerdict::Rest(offset), true));
                    }
                }
                Some(moved) => found = Some(moved),
                None => {}
            },
        }
    }
    Ok(match found {
        // A copy that is still being compressed may grow: wait until it is complete.
        Some((CopyVerdict::Rest(_) | CopyVerdict::Moved(_), _)) if !candidate.is_complete => (CopyVerdict::Wait, false),
        Some(found) => found,
        None if may_become_copy || !candidate.is_complete => (CopyVerdict::Wait, false),
        None => (CopyVerdict::New, true),
    })
}
