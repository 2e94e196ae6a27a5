//! Recognizes the names of rotated files, as `logrotate` and similar tools make them.

use std::path::Path;

/// The file name extensions of compressed files.
const COMPRESSED: [&str; 7] = [".gz", ".zst", ".bz2", ".xz", ".lz4", ".Z", ".zip"];

/// True if `name` is a rotated name of `of`: `app.log.1`, `app.log-20260301.gz`, `app-20260301.log` and `app.1.log` are
/// rotated names of `app.log`, and `app.log.2.gz` of `app.log.1`.
pub fn is_rotated(name: &Path, of: &Path) -> bool {
    if !begin_alike(name, of) {
        return false;
    }
    let (Some(name), Some(of)) = (file_name(name), file_name(of)) else {
        return false;
    };
    if name == of {
        return false;
    }
    let (bare, is_compressed) = without_compression(&name);
    let (of, _) = without_compression(&of);
    // A file that is compressed later usually has the next number by then.
    let first = match is_compressed {
        true => without_number(of),
        false => of,
    };
    is_made_of(bare, of) || is_made_of(bare, first)
}

/// True if `name` is a copy made while `of` still exists: `app.log.1` of `app.log`, and `app.log.1.gz` of both.
pub fn is_copied(name: &Path, of: &Path) -> bool {
    let (Some(name), Some(of)) = (file_name(name), file_name(of)) else {
        return false;
    };
    name != of && !without_compression(&of).1 && is_made_of(without_compression(&name).0, &of)
}

/// True if a name begins like another one up to its first dot, as all rotated names do. Compares few bytes, since there
/// may be thousands of names.
fn begin_alike(name: &Path, of: &Path) -> bool {
    let (Some(name), Some(of)) = (name.file_name(), of.file_name()) else {
        return false;
    };
    let of = of.as_encoded_bytes();
    let first = of.iter().skip(1).position(|byte| *byte == b'.').map_or(of.len(), |dot| dot + 1);
    name.as_encoded_bytes().starts_with(&of[..first])
}

/// True if of two rotated names of `of`, the first is that of the file rotated later: `app.log.1` after `app.log.2.gz`,
/// `app.log-20260302` after `app.log-20260301`. False if the names do not tell.
pub fn is_later(name: &Path, than: &Path, of: &Path) -> bool {
    let Some((name, than)) = rotation_mark(name, of).zip(rotation_mark(than, of)) else {
        return false;
    };
    match (name.parse::<u32>(), than.parse::<u32>()) {
        (Ok(name), Ok(than)) if name < MOST_NUMBERED && than < MOST_NUMBERED => name < than,
        (Ok(number), _) | (_, Ok(number)) if number < MOST_NUMBERED => false,
        _ => name > than,
    }
}

/// A smaller number in a rotated name counts the rotations since; a larger one is a date.
const MOST_NUMBERED: u32 = 100_000;

/// Returns the number or date of a rotated name.
fn rotation_mark(name: &Path, of: &Path) -> Option<String> {
    let (name, of) = (file_name(name)?, file_name(of)?);
    let (name, of) = (without_compression(&name).0, without_compression(&of).0);
    let mark = match name.strip_prefix(of) {
        Some(mark) => mark,
        None => {
            let (stem, extension) = of.rsplit_once('.')?;
            name.strip_prefix(stem)?.strip_suffix(extension)?.strip_suffix('.')?
        }
    };
    let mark = mark.trim_start_matches(['.', '-', '_', '~']);
    mark.starts_with(|first: char| first.is_ascii_digit()).then(|| mark.to_owned())
}

fn is_made_of(name: &str, of: &str) -> bool {
    let is_mark = |rest: &str| rest.starts_with(['.', '-', '_', '~']);
    if let Some(rest) = name.strip_prefix(of) {
        return rest.is_empty() || is_mark(rest);
    }
    let Some((stem, extension)) = of.rsplit_once('.') else {
        return false;
    };
    let between =
        name.strip_prefix(stem).and_then(|rest| rest.strip_suffix(extension)).and_then(|rest| rest.strip_suffix('.'));
    between.is_some_and(|mark| {
        let digits = mark.strip_prefix(['.', '-', '_']);
        digits.is_some_and(|digits| digits.starts_with(|first: char| first.is_ascii_digit()))
    })
}

fn without_compression(name: &str) -> (&str, bool) {
    let bare = COMPRESSED.iter().find_map(|end| name.strip_suffix(end));
    (bare.unwrap_or(name), bare.is_some())
}

/// Removes the number from `log.1`.
fn without_number(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((bare, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => name,
    }
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_made_of_a_log_s_name() {
        for (name, of, expected) in [
            ("app.log.1", "app.log", true),
            ("app.log.1.gz", "app.log", true),
            ("app.log.gz", "app.log", true),
            ("app.log-20260301", "app.log", true),
            ("app.log-20260301-12.zst", "app.log", true),
            ("app-20260301.log", "app.log", true),
            ("app-20260301.log.xz", "app.log", true),
            ("app.1.log", "app.log", true),
            ("app.log~", "app.log", true),
            ("log.1.gz", "log.1", true),
            ("log.2.gz", "log.1", true),
            ("/var/log/old/app.log.1", "/var/log/app.log", true),
            ("app.log", "app.log", false),
            ("app-error.log", "app.log", false),
            ("application.log", "app.log", false),
            ("app2.log", "app.log", false),
            ("part-2.log", "part-1.log", false),
            ("log.2", "log.1", false),
            ("app.log", "app.log.1", false),
            ("b.log", "a.log", false),
        ] {
            assert_eq!(is_rotated(Path::new(name), Path::new(of)), expected, "{name} of {of}");
        }
    }

    #[test]
    fn the_order_of_rotations() {
        for (name, than, expected) in [
            ("app.log.1", "app.log.2.gz", true),
            ("app.log.2", "app.log.10", true),
            ("app.log.2.gz", "app.log.1", false),
            ("app.log.1", "app.log.1.gz", false),
            ("app.log-20260302.gz", "app.log-20260301", true),
            ("app-20260302.log", "app-20260303.log", false),
            ("app.log-2026-03-02_10", "app.log-2026-03-01_23", true),
            ("app.log.1", "app.log-20260301", false),
            ("app.log.old", "app.log.1", false),
            ("app.log", "app.log.1", false),
        ] {
            let found = is_later(Path::new(name), Path::new(than), Path::new("app.log"));
            assert_eq!(found, expected, "{name} after {than}");
        }
    }

    #[test]
    fn names_of_files_that_are_copied() {
        for (name, of, expected) in [
            ("app.log.1", "app.log", true),
            ("app.log.1.gz", "app.log", true),
            ("app.log.1.gz", "app.log.1", true),
            ("app.log.12.gz", "app.log.1", false),
            ("app.log.2.gz", "app.log.1", false),
            ("app.log.2.gz", "app.log.1.gz", false),
            ("app.log", "app.log", false),
        ] {
            let found = is_copied(Path::new(name), Path::new(of));
            assert_eq!(found, expected, "{name} of {of}");
        }
    }
}
