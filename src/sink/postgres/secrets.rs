//! The password of a user, from places that other users of the machine cannot read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::address::PostgresTarget;
use crate::data::reason;

/// Where passwords are to be written.
pub(super) const PLACES: &str = "use PGPASSWORD, ~/.pgpass or ?password-file=FILE";

/// Finds the password: `?password-file`, `PGPASSWORD`, then the password file of libpq. An error is a sentence.
pub(super) fn password(target: &PostgresTarget, user: &str) -> Result<Option<Vec<u8>>, String> {
    if let Some(path) = &target.password_file {
        let bytes = fs::read(path).map_err(|error| format!("{}: {}", path.display(), reason(&error)))?;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bytes.len());
        return Ok(Some(bytes[..end].to_vec()));
    }
    if let Some(password) = std::env::var_os("PGPASSWORD").filter(|password| !password.is_empty()) {
        return Ok(Some(std::os::unix::ffi::OsStringExt::into_vec(password)));
    }
    let Some(path) = passfile() else {
        return Ok(None);
    };
    let Ok(metadata) = fs::metadata(&path) else {
        return Ok(None);
    };
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        return Err(format!(
            "{} can be read by others, so it is not used\n  = help: chmod 600 {}",
            path.display(),
            path.display()
        ));
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {}", path.display(), reason(&error)))?;
    let fields = [&host_of(target), &target.port.to_string(), &target.database, user];
    Ok(text.lines().find_map(|line| find(line, fields)).map(String::into_bytes))
}

fn passfile() -> Option<PathBuf> {
    match std::env::var_os("PGPASSFILE").filter(|path| !path.is_empty()) {
        Some(path) => Some(path.into()),
        None => Some(Path::new(&std::env::var_os("HOME")?).join(".pgpass")),
    }
}

/// Sockets are written `localhost`, as libpq does for the default one.
fn host_of(target: &PostgresTarget) -> String {
    if target.is_socket() { "localhost".to_owned() } else { target.host.clone() }
}

/// Returns the password of a line `HOST:PORT:DATABASE:USER:PASSWORD` that matches; `*` matches everything, and a backslash
/// takes the next character as it is.
fn find(line: &str, fields: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut parts: Vec<(String, bool)> = vec![(String::new(), false)];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let count = parts.len();
        let (part, is_escaped) = parts.last_mut()?;
        match letter {
            '\\' => {
                part.extend(letters.next());
                *is_escaped = true;
            }
            ':' if count < 5 => parts.push((String::new(), false)),
            letter => part.push(letter),
        }
    }
    let (password, _) = parts.get(4)?.clone();
    let is_match = |((part, is_escaped), field): (&(String, bool), &str)| part == field || (part == "*" && !is_escaped);
    parts[..4].iter().zip(fields).all(is_match).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_password_file_match() {
        let fields = ["db", "5432", "shop", "ann"];
        for (line, expected) in [
            ("db:5432:shop:ann:secret", Some("secret")),
            ("*:*:*:*:se:cret", Some("se:cret")),
            ("*:*:*:ann:se\\:c\\\\ret", Some("se:c\\ret")),
            ("db:5432:shop:bob:secret", None),
            ("db:5432:shop:\\*:secret", None),
            ("#db:5432:shop:ann:secret", None),
            ("db:5432:shop:ann", None),
            ("", None),
        ] {
            assert_eq!(find(line, fields).as_deref(), expected, "{line}");
        }
        assert_eq!(find("a\\:b:*:*:*:x", ["a:b", "1", "d", "u"]).as_deref(), Some("x"));
    }
}
