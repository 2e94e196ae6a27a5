//! The limit on open files.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the limit on open files to the maximum that the system grants. Every connection and every followed file needs
/// one, and the usual soft limit is meant for programs that use `select`.
pub(super) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit); // if refused, the limit stays unchanged
}
