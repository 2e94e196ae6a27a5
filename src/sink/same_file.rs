//! Tells whether two paths name one file: a source must not be emptied, and two outputs must not overwrite each other.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::data::{FileId, regular_file_id};

/// The number of symbolic links that are followed to a file that does not exist yet; Linux has the same limit.
const MAX_LINKS: usize = 40;

/// True if a path names this regular file.
pub fn is_file(path: &OsStr, id: FileId) -> bool {
    regular_id(path) == Some(id)
}

/// Returns the identity of the regular file that standard output goes to.
pub fn standard_output_id() -> Option<FileId> {
    regular_id(OsStr::new("/dev/stdout"))
}

/// Returns the identity of the regular file that standard error goes to.
pub fn standard_error_id() -> Option<FileId> {
    regular_id(OsStr::new("/dev/stderr"))
}

fn regular_id(path: &OsStr) -> Option<FileId> {
    regular_file_id(&std::fs::metadata(path).ok()?)
}

/// True if both paths name the same regular file, which may not exist yet. Devices and pipes may take several outputs.
pub fn is_same_place(left: &OsStr, right: &OsStr) -> bool {
    if let Some(id) = regular_id(left) {
        return is_file(right, id);
    }
    let place = |path: &OsStr| {
        let (folder, name) = split(&target(Path::new(path)))?;
        Some((folder.canonicalize().ok()?, name))
    };
    let is_new = |path: &OsStr| std::fs::metadata(path).is_err();
    is_new(left) && is_new(right) && place(left).is_some_and(|left| Some(left) == place(right))
}

/// Follows all links of a path, even if the target does not exist.
pub(super) fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = std::fs::read_link(&path) else {
            break;
        };
        path = path.parent().map_or(next.clone(), |folder| folder.join(&next));
    }
    path
}

/// Splits a path into its directory and file name.
pub(super) fn split(path: &Path) -> Option<(PathBuf, OsString)> {
    let name = path.file_name()?.to_owned();
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Some((folder, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_many_paths() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).into_os_string();
        std::os::unix::fs::symlink("new", at("link")).expect("a link");
        std::fs::create_dir(at("sub")).expect("a folder");
        assert!(is_same_place(&at("new"), &at("./new")));
        assert!(is_same_place(&at("new"), &at("sub/../new")));
        assert!(is_same_place(&at("new"), &at("link")));
        assert!(!is_same_place(&at("new"), &at("other")));
        std::fs::write(at("new"), "x").expect("there is room");
        std::fs::hard_link(at("new"), at("hard")).expect("a link");
        assert!(is_same_place(&at("link"), &at("hard")));
        assert!(!is_same_place(&at("new"), &at("other")));
        assert!(!is_same_place(OsStr::new("/dev/null"), OsStr::new("/dev/null")));
    }
}
