//! `tcp-listen://[HOST:]PORT`: accepts connections.

use super::address::{Address, Host, has_scheme};
use super::connection::Listener;
use super::{Boundedness, Input, SourceDef};
use crate::data::{Entry, reason};

pub(super) const TCP_LISTEN: SourceDef = SourceDef {
    entry: Entry {
        name: "tcp-listen",
        usage: "tcp-listen://[HOST:]PORT",
        summary: "Incoming TCP connections, many at once.",
        details: "Each connection is a source of its own, with its peer's address as `@source`. A last line without a newline counts if the peer closed the connection in order, and is rejected if the connection was reset. Without HOST only this machine can connect; 0.0.0.0 accepts all. With port 0 the system chooses a port, which is printed on stderr. It never ends by itself.\n\n  bourn 'json | where level == \"error\"' tcp-listen://9999",
        examples: &[],
    },
    boundedness: Boundedness::Unbounded,
    is_path: false,
    metadata: |_| None,
    accepts: |written| has_scheme(written, "tcp-listen"),
    check: |written| Address::parse(&written.to_string_lossy(), Host::Loopback).map(|_| ()),
    open: |written| {
        let address =
            Address::parse(&written.to_string_lossy(), Host::Loopback).map_err(|diagnostic| diagnostic.message)?;
        let listener = Listener::tcp(&address).map_err(|error| reason(&error))?;
        let chosen =
            listener.address().filter(|_| address.leaves_port_open()).map(|address| format!("tcp://{address}"));
        Ok(Input::Listener(listener, chosen))
    },
};
