//! The rotated files of a followed file.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::opened_file::FileStamp;
use crate::source::follow::{self, FileId, PathKind};
use crate::source::rotated::is_rotated;

/// Tolerance for file timestamps, which are coarse and may come from another clock.
const SLACK: Duration = Duration::from_secs(2);

/// Rotated files that are known already. The id of a removed file may be reused, so the creation time is compared too,
/// where the system provides it.
#[derive(Default)]
pub(super) struct Siblings {
    seen: HashMap<FileId, SeenFile>,
}

/// The state of a file when it was last seen.
#[derive(Clone, Copy)]
struct SeenFile {
    created: Option<SystemTime>,
    look: FileStamp,
}

impl SeenFile {
    fn of(metadata: &Metadata) -> SeenFile {
        SeenFile { created: metadata.created().ok(), look: FileStamp::of(metadata) }
    }
}

impl Siblings {
    /// Returns the rotated files of `path` that exist now.
    pub(super) fn of(path: &Path) -> Siblings {
        let mut siblings = Siblings::default();
        for (_, id, metadata) in listed(path) {
            siblings.seen.insert(id, SeenFile::of(&metadata));
        }
        siblings
    }

    /// Adds a file to the known ones.
    pub(super) fn add(&mut self, id: FileId, file: &File) {
        if let Ok(metadata) = file.metadata() {
            self.seen.insert(id, SeenFile::of(&metadata));
        }
    }

    fn contains(&self, id: FileId, metadata: &Metadata) -> bool {
        let seen = self.seen.get(&id);
        seen.is_some_and(|seen| seen.created == metadata.created().ok())
    }

    /// True if a file is known and was not modified since.
    pub(super) fn is_unchanged(&self, id: FileId, metadata: &Metadata) -> bool {
        let seen = self.seen.get(&id);
        self.contains(id, metadata) && seen.is_some_and(|seen| seen.look == FileStamp::of(metadata))
    }

    /// Opens the rotated files, oldest first, that are not known and were modified since `since`. They are known from
    /// now on, except those that were renamed before they could be opened.
    pub(super) fn open_missed(
        &mut self,
        path: &Path,
        known: &[FileId],
        since: SystemTime,
    ) -> Vec<(PathBuf, FileId, File)> {
        let since = since.checked_sub(SLACK).unwrap_or(since);
        let listed = listed(path);
        self.seen.retain(|id, _| listed.iter().any(|(_, listed, _)| listed == id));
        let mut missed = Vec::new();
        for (path, id, metadata) in listed {
            let is_known = known.contains(&id) || self.contains(id, &metadata);
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if !is_known && modified >= since {
                match follow::open(&path) {
                    Ok(file) if follow::regular_id(file.as_fd()) == Some(id) => missed.push((modified, path, id, file)),
                    _ => continue,
                }
            }
            self.seen.insert(id, SeenFile::of(&metadata));
        }
        missed.sort_by(|(one, one_path, ..), (other, other_path, ..)| (one, one_path).cmp(&(other, other_path)));
        missed.into_iter().map(|(_, path, id, file)| (path, id, file)).collect()
    }
}

/// Returns the rotated files of a path.
pub(super) fn listed(path: &Path) -> Vec<(PathBuf, FileId, Metadata)> {
    let directory = follow::parent(path).0;
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let files = entries.flatten().map(|entry| entry.path());
    let rotated = files.filter(|file| is_rotated(file, path));
    rotated
        .filter_map(|file| {
            let metadata = std::fs::metadata(&file).ok()?;
            match follow::named(&metadata) {
                PathKind::File(id, _) => Some((file, id, metadata)),
                _ => None,
            }
        })
        .collect()
}
