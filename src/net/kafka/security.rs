//! How a client finds brokers and proves who it is.

use std::fmt;
use std::path::PathBuf;

/// The host and the port of a broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broker {
    /// A name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Broker {
    /// True if both are one broker. All names of this machine are one host.
    pub(super) fn is_same(&self, other: &Broker) -> bool {
        let is_local = |host: &str| {
            let number: Option<std::net::IpAddr> = host.parse().ok();
            host.eq_ignore_ascii_case("localhost") || number.is_some_and(|number| number.is_loopback())
        };
        let is_same_host = self.host.eq_ignore_ascii_case(&other.host) || is_local(&self.host) && is_local(&other.host);
        is_same_host && self.port == other.port
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// How connections are protected.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// True if connections use TLS.
    pub tls: bool,
    /// A PEM file with the authorities that are trusted; without one those of the system are.
    pub authorities: Option<PathBuf>,
    /// The user, if the brokers ask for one.
    pub sasl: Option<Sasl>,
}

/// A user of the brokers.
#[derive(Clone, Debug)]
pub struct Sasl {
    /// How the password is proved.
    pub mechanism: Mechanism,
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// How a password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// The password is sent.
    Plain,
    /// RFC 5802 with SHA-256.
    ScramSha256,
    /// RFC 5802 with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// All mechanisms, by the name that addresses use.
    pub const ALL: [(&'static str, Mechanism); 3] = [
        ("plain", Mechanism::Plain),
        ("scram-sha-256", Mechanism::ScramSha256),
        ("scram-sha-512", Mechanism::ScramSha512),
    ];

    /// The name that the protocol uses.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}
