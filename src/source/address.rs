//! Parses `SCHEME://HOST:PORT` and `SCHEME://PATH`, the addresses of sources that are not files.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::data::reason;
use crate::lang::Diagnostic;
use crate::lang::ast::Span;

/// A host name or number, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    host: String,
    port: u16,
}

/// The meaning of an address without a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The host is required.
    Needed,
    /// The loopback interface.
    Loopback,
}

/// The loopback address.
const LOOPBACK: &str = "127.0.0.1";

impl Address {
    /// Parses `SCHEME://HOST:PORT`; an IPv6 address is written in brackets.
    pub(super) fn parse(written: &str, host: Host) -> Result<Address, Diagnostic> {
        let (scheme, start) = scheme_of(written);
        let rest = &written[start..];
        let example = |host: &str| format!("write {scheme}://{host}:9999");
        let diagnostic = |from: usize, message: &str, host: &str| {
            let span = Span { start: from, end: written.len() };
            Err(Diagnostic::new(span, message).help(example(host)))
        };
        let is_port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (name, port) = match rest.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port),
            // A port alone is enough if the host is optional.
            None if host == Host::Loopback && is_port(rest) => ("", rest),
            _ if rest.is_empty() => {
                return diagnostic(start, "expected a host and a port", LOOPBACK);
            }
            _ => return diagnostic(written.len(), "expected a port after the host", rest),
        };
        let shown = if name.is_empty() { LOOPBACK } else { name };
        let Some(number) = port.parse::<u16>().ok().filter(|_| is_port(port)) else {
            let message = "expected a port from 0 to 65535";
            return diagnostic(written.len() - port.len(), message, shown);
        };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        if bare.is_none() && name.contains(':') {
            let bracketed = format!("[{name}]");
            return diagnostic(start, "an IPv6 address needs brackets", &bracketed);
        }
        match (bare.unwrap_or(name), host) {
            ("", Host::Needed) => diagnostic(start, "expected a host before the port", LOOPBACK),
            (_, Host::Needed) if number == 0 => diagnostic(written.len() - 1, "port 0 cannot be connected to", shown),
            ("", Host::Loopback) => Ok(Address { host: LOOPBACK.to_owned(), port: number }),
            (name, _) => Ok(Address { host: name.to_owned(), port: number }),
        }
    }

    /// Resolves the name; queries name servers, which may take a while.
    pub(super) fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<SocketAddr> = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| io::Error::other(unknown_host(&error)))?
            .collect();
        if found.is_empty() {
            return Err(io::Error::other("the host has no address"));
        }
        Ok(found)
    }

    /// True if the system is to choose the port.
    pub(super) fn leaves_port_open(&self) -> bool {
        self.port == 0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// Parses `SCHEME://PATH`.
pub(super) fn path(written: &OsStr) -> Result<PathBuf, Diagnostic> {
    let bytes = written.as_bytes();
    let start = memchr::memmem::find(bytes, b"://").map_or(bytes.len(), |at| at + 3);
    if start == bytes.len() {
        let (scheme, _) = scheme_of(written.to_str().unwrap_or_default());
        let span = Span { start, end: start };
        let diagnostic = Diagnostic::new(span, "expected the path of a socket");
        return Err(diagnostic.help(format!("write {scheme}:///run/app.sock")));
    }
    Ok(PathBuf::from(OsStr::from_bytes(&bytes[start..])))
}

/// Returns the word before `://` and the offset of the rest.
pub(super) fn scheme_of(written: &str) -> (&str, usize) {
    match written.split_once("://") {
        Some((scheme, _)) => (scheme, scheme.len() + 3),
        None => ("", 0),
    }
}

/// True if the address has this scheme.
pub(super) fn has_scheme(written: &OsStr, scheme: &str) -> bool {
    let rest = written.as_bytes().strip_prefix(scheme.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b"://"))
}

/// Describes a resolver's error without the function's name.
fn unknown_host(error: &io::Error) -> String {
    let text = error.to_string();
    let why = io::Error::other(text.rsplit(": ").next().unwrap_or(&text).to_owned());
    format!("the host is unknown: {}", reason(&why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str, host: Host) -> Result<String, String> {
        Address::parse(written, host).map(|address| address.to_string()).map_err(|diagnostic| diagnostic.message)
    }

    #[test]
    fn hosts_and_ports() {
        for (written, address) in [
            ("tcp://localhost:80", "localhost:80"),
            ("tcp://10.0.0.1:65535", "10.0.0.1:65535"),
            ("tcp://[::1]:9", "::1:9"),
            ("tcp://:9", "127.0.0.1:9"),
            ("tcp://9", "127.0.0.1:9"),
            ("tcp://0.0.0.0:0", "0.0.0.0:0"),
        ] {
            assert_eq!(read(written, Host::Loopback), Ok(address.to_owned()));
        }
        assert_eq!(read("tcp://a:1", Host::Needed), Ok("a:1".to_owned()));
    }

    #[test]
    fn what_is_missing_is_said() {
        for (written, message) in [
            ("tcp://", "expected a host and a port"),
            ("tcp://host", "expected a port after the host"),
            ("tcp://[::1]", "expected a port after the host"),
            ("tcp://host:", "expected a port from 0 to 65535"),
            ("tcp://host:http", "expected a port from 0 to 65535"),
            ("tcp://host:65536", "expected a port from 0 to 65535"),
            ("tcp://host:+1", "expected a port from 0 to 65535"),
            ("tcp://::1:9", "an IPv6 address needs brackets"),
            ("tcp://:9", "expected a host before the port"),
            ("tcp://host:0", "port 0 cannot be connected to"),
        ] {
            assert_eq!(read(written, Host::Needed), Err(message.to_owned()), "{written}");
        }
    }

    #[test]
    fn paths_may_be_relative() {
        let read = |written: &str| path(OsStr::new(written)).ok();
        assert_eq!(read("unix:///run/a"), Some(PathBuf::from("/run/a")));
        assert_eq!(read("unix://a b"), Some(PathBuf::from("a b")));
        assert_eq!(read("unix://"), None);
    }
}
