//! `tcp://HOST:PORT`: connects to a server.

use super::address::{Address, Host, has_scheme};
use super::connection::Endpoint;
use super::{Boundedness, Input, SourceDef};
use crate::data::Entry;

pub(super) const TCP: SourceDef = SourceDef {
    entry: Entry {
        name: "tcp",
        usage: "tcp://HOST:PORT",
        summary: "A TCP connection to a server that sends lines.",
        details: "It ends when the peer closes it. With `--follow` bourn reconnects whenever the connection ends or fails, after a delay that grows to ten seconds. A last line without a newline counts if the peer closed the connection in order, and is rejected if the connection was reset.\n\n  bourn 'json | count by level' tcp://127.0.0.1:9999",
        examples: &[],
    },
    boundedness: Boundedness::UntilClosed,
    is_path: false,
    metadata: |_| None,
    accepts: |written| has_scheme(written, "tcp"),
    check: |written| Address::parse(&written.to_string_lossy(), Host::Needed).map(|_| ()),
    open: |written| {
        let address =
            Address::parse(&written.to_string_lossy(), Host::Needed).map_err(|diagnostic| diagnostic.message)?;
        Ok(Input::Endpoint(Endpoint::tcp(address)))
    },
};
