//! The names of the files of a checkpoint directory.

/// A file of a checkpoint directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoredName {
    /// Locked by the run that uses the directory.
    Lock,
    /// The description of the state.
    Manifest,
    /// The state after a batch.
    Snapshot(u64),
    /// Records after a batch.
    Log(u64),
    /// A file that is written before it gets its name.
    Temporary,
}

pub(super) const LOCK: &str = "lock";
pub(super) const MANIFEST: &str = "manifest";
const SNAPSHOT: &str = "snapshot-";
const LOG: &str = "log-";
const TEMPORARY: &str = ".tmp";

/// Digits of a batch number in a name: all of a `u64`, so that names sort by batch.
const DIGITS: usize = 20;

/// The name of the snapshot after a batch.
pub(super) fn snapshot_name(batch: u64) -> String {
    format!("{SNAPSHOT}{batch:0DIGITS$}")
}

/// The name of the log after a batch.
pub(super) fn log_name(batch: u64) -> String {
    format!("{LOG}{batch:0DIGITS$}")
}

/// The name of a file until it is complete.
pub(super) fn temporary_name(name: &str) -> String {
    format!("{name}{TEMPORARY}")
}

impl StoredName {
    /// The file of this name; `None` if it does not belong to a checkpoint.
    pub(super) fn parse(name: &str) -> Option<StoredName> {
        if let Some(complete) = name.strip_suffix(TEMPORARY) {
            let is_own = matches!(StoredName::parse(complete)?, StoredName::Manifest | StoredName::Snapshot(_));
            return is_own.then_some(StoredName::Temporary);
        }
        match name {
            LOCK => Some(StoredName::Lock),
            MANIFEST => Some(StoredName::Manifest),
            _ => {
                let snapshot = name.strip_prefix(SNAPSHOT).and_then(batch_of).map(StoredName::Snapshot);
                snapshot.or_else(|| name.strip_prefix(LOG).and_then(batch_of).map(StoredName::Log))
            }
        }
    }
}

fn batch_of(digits: &str) -> Option<u64> {
    let is_number = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_they_are_written() {
        for batch in [0, 7, u64::MAX] {
            assert_eq!(StoredName::parse(&snapshot_name(batch)), Some(StoredName::Snapshot(batch)));
            assert_eq!(StoredName::parse(&log_name(batch)), Some(StoredName::Log(batch)));
            assert_eq!(StoredName::parse(&temporary_name(&snapshot_name(batch))), Some(StoredName::Temporary));
        }
        assert!(log_name(9) < log_name(10));
        assert_eq!(StoredName::parse("manifest"), Some(StoredName::Manifest));
        assert_eq!(StoredName::parse("manifest.tmp"), Some(StoredName::Temporary));
        assert_eq!(StoredName::parse("lock"), Some(StoredName::Lock));
        for foreign in ["", "notes", "log-1", "log-+0000000000000000001", "snapshot-99999999999999999999", "lock.tmp"] {
            assert_eq!(StoredName::parse(foreign), None, "{foreign}");
        }
        assert_eq!(StoredName::parse("manifest.tmp.tmp"), None);
    }
}
