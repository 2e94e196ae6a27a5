//! How many files may be open at once.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Asks for as many open files as the system grants: every connection and every followed file is one, and the
/// usual limit is meant for programs that use `select`. Where it is not granted, fewer are open.
pub(super) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit); // then it stays as it is
}
