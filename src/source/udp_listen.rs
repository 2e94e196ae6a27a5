//! `udp-listen://[HOST:]PORT`: receives datagrams.

use super::address::{Address, Host, has_scheme};
use super::connection::datagrams;
use super::{Boundedness, Input, SourceDef};
use crate::data::{Entry, reason};

pub(super) const UDP_LISTEN: SourceDef = SourceDef {
    entry: Entry {
        name: "udp-listen",
        usage: "udp-listen://[HOST:]PORT",
        summary: "Incoming datagrams, each one record or several lines.",
        details: "The last record of a datagram ends with it, with a newline or without. Every sender is a source of its own, with its address as `@source`. Without HOST only this machine can send. The system drops datagrams that arrive faster than they are read: their number is printed on stderr at the end, and with `--stats`.\n\n  bourn 'parse syslog | count by host' udp-listen://0.0.0.0:514",
        examples: &[],
    },
    boundedness: Boundedness::Unbounded,
    is_path: false,
    metadata: |_| None,
    accepts: |written| has_scheme(written, "udp-listen"),
    check: |written| Address::parse(&written.to_string_lossy(), Host::Loopback).map(|_| ()),
    open: |written| {
        let address =
            Address::parse(&written.to_string_lossy(), Host::Loopback).map_err(|diagnostic| diagnostic.message)?;
        let socket = datagrams(&address).map_err(|error| reason(&error))?;
        let chosen =
            socket.local_addr().ok().filter(|_| address.leaves_port_open()).map(|address| format!("udp://{address}"));
        Ok(Input::Datagrams(socket, chosen))
    },
};
