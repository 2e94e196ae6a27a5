//! `unix-listen://PATH`: accepts connections at a Unix socket.

use super::address::{has_scheme, path};
use super::connection::Listener;
use super::{Boundedness, Input, SourceDef};
use crate::data::{Entry, reason};

pub(super) const UNIX_LISTEN: SourceDef = SourceDef {
    entry: Entry {
        name: "unix-listen",
        usage: "unix-listen://PATH",
        summary: "Incoming connections to a Unix socket, many at once.",
        details: "The socket is created, and removed at the end. Last lines without a newline count as those of `tcp-listen://` do. Each connection is a source of its own; its peer has no name, so `@source` is the path with the number of the connection, as in `/run/app.sock#3`. It never ends by itself.",
        examples: &[],
    },
    boundedness: Boundedness::Unbounded,
    is_path: false,
    metadata: |_| None,
    accepts: |written| has_scheme(written, "unix-listen"),
    check: |written| path(written).map(|_| ()),
    open: |written| {
        let path = path(written).map_err(|diagnostic| diagnostic.message)?;
        let listener = Listener::unix(&path).map_err(|error| reason(&error))?;
        Ok(Input::Listener(listener, None))
    },
};
