//! `unix://PATH`: connects to a Unix socket.

use super::address::{has_scheme, path};
use super::connection::Endpoint;
use super::{Boundedness, Input, SourceDef};
use crate::data::Entry;

pub(super) const UNIX: SourceDef = SourceDef {
    entry: Entry {
        name: "unix",
        usage: "unix://PATH",
        summary: "A connection to a Unix socket.",
        details: "Like `tcp://`, also with `--follow`. An absolute path makes three slashes: `unix:///run/app.sock`.",
        examples: &[],
    },
    boundedness: Boundedness::UntilClosed,
    is_path: false,
    metadata: |_| None,
    accepts: |written| has_scheme(written, "unix"),
    check: |written| path(written).map(|_| ()),
    open: |written| {
        let path = path(written).map_err(|diagnostic| diagnostic.message)?;
        Ok(Input::Endpoint(Endpoint::unix(path)))
    },
};
