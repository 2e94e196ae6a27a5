//! `--checkpoint-reset`: keeps the state under another name.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{CheckpointError, CheckpointProblem};
use super::lock::{Lock, check_names};
use super::storage::sync_directory_at;

/// Renames a checkpoint directory to `DIR.old`, and returns the new path; `None` if there is no directory. The next run
/// creates an empty one.
///
/// A `DIR.old` that exists is never replaced: that is an error. So is a directory that another run uses, and one that is
/// not a checkpoint. If `directory` is a symbolic link, the directory it points to is renamed, and an empty one replaces
/// it.
pub fn reset(directory: &Path) -> Result<Option<PathBuf>, CheckpointError> {
    let failed = |error: &io::Error| CheckpointError::io(directory, error);
    let path = match directory.canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    if !path.is_dir() {
        return Err(CheckpointError::new(directory, CheckpointProblem::NotADirectory));
    }
    check_names(&path)?;
    let lock = Lock::take(&path)?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(failed(&io::Error::other("the root cannot be renamed")));
    };
    let mut old = OsString::from(name);
    old.push(".old");
    let old = parent.join(old);
    if old.symlink_metadata().is_ok() {
        return Err(CheckpointError::new(old, CheckpointProblem::ResetBefore));
    }
    let renamed = std::fs::rename(&path, &old).and_then(|()| std::fs::create_dir(&path));
    renamed.and_then(|()| sync_directory_at(parent)).map_err(|error| failed(&error))?;
    drop(lock); // another run that waits for it finds that the file has moved
    Ok(Some(old))
}
