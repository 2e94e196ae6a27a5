//! Tells whether two paths name one file: a source must not be emptied, and two outputs must not overwrite each other.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::data::is_stdin;

/// The number of symbolic links that are followed to a file that does not exist yet; Linux has the same limit.
const MAX_LINKS: usize = 40;

/// True if both paths name the same regular file. The second may be `-`, standard input.
pub fn is_same_file(path: &OsStr, source: &OsStr) -> bool {
    let source = if is_stdin(source) { OsStr::new("/dev/stdin") } else { source };
    match (std::fs::metadata(path), std::fs::metadata(source)) {
        (Ok(left), Ok(right)) => left.is_file() && (left.dev(), left.ino()) == (right.dev(), right.ino()),
        _ => false,
    }
}

/// True if a path, or `-` for standard input, is the regular file that standard output goes to.
pub fn is_standard_output(path: &OsStr) -> bool {
    is_same_file(OsStr::new("/dev/stdout"), path)
}

/// True if a path is the regular file that standard error goes to.
pub fn is_standard_error(path: &OsStr) -> bool {
    is_same_file(OsStr::new("/dev/stderr"), path)
}

/// Like [`is_same_file`], but also for files that do not exist yet. Devices and pipes may take several outputs.
pub fn is_same_place(left: &OsStr, right: &OsStr) -> bool {
    if is_same_file(left, right) {
        return true;
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
