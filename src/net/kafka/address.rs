//! Addresses: `kafka://HOST:PORT[,HOST:PORT]/TOPIC[,TOPIC][?NAME=VALUE&…]`, of a source or of a sink.

use std::path::{Path, PathBuf};

use super::security::{Broker, Mechanism, Sasl, Secret, Security};
use crate::data::reason;

/// The port of an address without one.
const PORT: u16 = 9092;

/// The variable with the password, if the address names no file.
const PASSWORD_VARIABLE: &str = "BOURN_KAFKA_PASSWORD";

/// A parsed address. The options that concern connections are parsed; the others are left to the source or the sink.
#[derive(Clone, Debug, Default)]
pub struct KafkaAddress {
    /// The brokers to ask first.
    pub brokers: Vec<Broker>,
    /// The topics.
    pub topics: Vec<String>,
    /// The address without its topics and options: the beginning of the names of partitions.
    pub base: String,
    tls: Option<bool>,
    authorities: Option<PathBuf>,
    mechanism: Option<Mechanism>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    /// The other options.
    pub options: Vec<AddressOption>,
}

/// An option of an address and its place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressOption {
    /// The name.
    pub name: String,
    /// The value, decoded.
    pub value: String,
    /// The place of the name.
    pub name_at: (usize, usize),
    /// The place of the value.
    pub value_at: (usize, usize),
}

/// A mistake in an address, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressFault {
    /// The place in the address.
    pub at: (usize, usize),
    /// The message: what was found or expected.
    pub message: String,
    /// An example.
    pub help: String,
}

impl AddressFault {
    /// Makes a fault at a place.
    pub fn new(at: (usize, usize), message: impl Into<String>, help: impl Into<String>) -> AddressFault {
        AddressFault { at, message: message.into(), help: help.into() }
    }
}

const EXAMPLE: &str = "write kafka://localhost:9092/TOPIC";

impl KafkaAddress {
    /// The names of the options that are parsed here.
    pub const OPTIONS: [&str; 5] = ["tls", "tls-ca", "sasl", "user", "password-file"];

    /// Parses an address. `others` has the names of further options.
    pub fn parse(written: &str, others: &[&str]) -> Result<KafkaAddress, AddressFault> {
        let start = written.find("://").map_or(written.len(), |at| at + 3);
        let (path, query_at) = match written.find('?') {
            Some(at) => (&written[start..at.max(start)], Some(at + 1)),
            None => (&written[start..], None),
        };
        let (hosts, topics) = match path.split_once('/') {
            Some((hosts, topics)) => (hosts, topics),
            None => {
                let end = start + path.len();
                return Err(AddressFault::new((end, end), "expected a topic after the brokers", EXAMPLE));
            }
        };
        let mut address = KafkaAddress { base: written[..start + hosts.len()].to_owned(), ..KafkaAddress::default() };
        let mut at = start;
        for host in hosts.split(',') {
            address.brokers.push(broker(host, at)?);
            at += host.len() + 1;
        }
        for topic in topics.split(',') {
            address.topics.push(topic_name(topic, at)?);
            at += topic.len() + 1;
        }
        if let Some(repeated) =
            (1..address.topics.len()).find(|at| address.topics[..*at].contains(&address.topics[*at]))
        {
            let end = start + path.len();
            let message = format!("the topic `{}` is named twice", address.topics[repeated]);
            return Err(AddressFault::new((start + hosts.len() + 1, end), message, "name each topic once"));
        }
        if let Some(at) = query_at {
            address.query(&written[at..], at, others)?;
        }
        address.check_user(written.len())?;
        Ok(address)
    }

    fn query(&mut self, query: &str, start: usize, others: &[&str]) -> Result<(), AddressFault> {
        let mut at = start;
        for pair in query.split('&') {
            let from = at;
            at += pair.len() + 1;
            if pair.is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value_at = (from + pair.len() - value.len(), from + pair.len());
            let option = AddressOption {
                name: name.to_owned(),
                value: percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned(),
                name_at: (from, from + name.len()),
                value_at,
            };
            if value.is_empty() {
                let message = format!("expected a value for `{name}`");
                return Err(AddressFault::new(option.name_at, message, format!("write {name}=VALUE")));
            }
            self.option(option, others)?;
        }
        Ok(())
    }

    fn option(&mut self, option: AddressOption, others: &[&str]) -> Result<(), AddressFault> {
        let AddressOption { name, value, name_at, value_at } = &option;
        match name.as_str() {
            "tls" => {
                self.tls = Some(match value.as_str() {
                    "on" => true,
                    "off" => false,
                    _ => {
                        let message = format!("expected on or off, found `{value}`");
                        return Err(AddressFault::new(*value_at, message, "write tls=on"));
                    }
                });
            }
            "tls-ca" => self.authorities = Some(PathBuf::from(value)),
            "sasl" => {
                let found = Mechanism::ALL.iter().find(|(name, _)| name == value);
                let Some((_, mechanism)) = found else {
                    let message = format!("unknown mechanism `{value}`");
                    let help = "there are plain, scram-sha-256 and scram-sha-512";
                    return Err(AddressFault::new(*value_at, message, help));
                };
                self.mechanism = Some(*mechanism);
            }
            "user" => self.user = Some(value.clone()),
            "password-file" => self.password_file = Some(PathBuf::from(value)),
            "password" => {
                let message = "a password in an address is seen by every user of the system";
                let help = format!("write password-file=FILE, or set {PASSWORD_VARIABLE}");
                return Err(AddressFault::new(*name_at, message, help));
            }
            known if others.contains(&known) => self.options.push(option),
            _ => {
                let all: Vec<&str> = others.iter().chain(&Self::OPTIONS).copied().collect();
                let message = format!("unknown option `{name}`");
                return Err(AddressFault::new(*name_at, message, format!("there are {}", all.join(", "))));
            }
        }
        Ok(())
    }

    fn check_user(&self, end: usize) -> Result<(), AddressFault> {
        let example = "write sasl=scram-sha-256&user=NAME&password-file=FILE";
        match (self.mechanism, &self.user) {
            (Some(_), None) => Err(AddressFault::new((end, end), "sasl needs a user", example)),
            (None, Some(_)) => Err(AddressFault::new((end, end), "a user needs sasl", example)),
            (None, None) if self.password_file.is_some() => {
                Err(AddressFault::new((end, end), "a password needs sasl and a user", example))
            }
            (None, None) if self.authorities.is_some() && self.tls == Some(false) => {
                Err(AddressFault::new((end, end), "tls-ca needs tls", "write tls=on&tls-ca=FILE"))
            }
            _ => Ok(()),
        }
    }

    /// Returns how connections are protected; reads the password. An error is a sentence.
    pub fn security(&self) -> Result<Security, String> {
        let sasl = match (self.mechanism, &self.user) {
            (Some(mechanism), Some(user)) => {
                let password = Secret(password(self.password_file.as_deref())?);
                Some(Sasl { mechanism, user: user.clone(), password })
            }
            _ => None,
        };
        let tls = self.tls.unwrap_or(self.authorities.is_some());
        Ok(Security { tls, authorities: self.authorities.clone(), sasl })
    }

    /// Takes the value of one of the other options; the last one counts.
    pub fn take(&mut self, name: &str) -> Option<AddressOption> {
        let found = self.options.iter().rposition(|option| option.name == name)?;
        let option = self.options.remove(found);
        self.options.retain(|option| option.name != name);
        Some(option)
    }
}

/// True if two addresses, as they are written, name the same topic of the same broker.
pub fn share_topic(one: &str, other: &str) -> bool {
    let parse = |written: &str| KafkaAddress::parse(written.split('?').next().unwrap_or_default(), &[]).ok();
    let (Some(one), Some(other)) = (parse(one), parse(other)) else {
        return false;
    };
    let has_broker = one.brokers.iter().any(|broker| other.brokers.iter().any(|same| broker.is_same(same)));
    has_broker && one.topics.iter().any(|topic| other.topics.contains(topic))
}

fn password(file: Option<&Path>) -> Result<String, String> {
    let Some(path) = file else {
        let set = std::env::var(PASSWORD_VARIABLE);
        return set.map_err(|_| format!("no password: write password-file=FILE, or set {PASSWORD_VARIABLE}"));
    };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {}", path.display(), reason(&error)))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn broker(written: &str, at: usize) -> Result<Broker, AddressFault> {
    let all = (at, at + written.len());
    if written.is_empty() {
        return Err(AddressFault::new(all, "expected a host", EXAMPLE));
    }
    if written.contains('@') {
        let help = "write ?sasl=scram-sha-256&user=NAME&password-file=FILE after the topic";
        return Err(AddressFault::new(all, "a user is not part of the host", help));
    }
    let (host, port) = match written.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (written, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if bare.is_none() && host.contains(':') {
        return Err(AddressFault::new(all, "an IPv6 address needs brackets", "write kafka://[::1]:9092/TOPIC"));
    }
    let port = match port {
        None => PORT,
        Some(text) => {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|port| is_number && *port > 0).ok_or_else(|| {
                let from = at + written.len() - text.len();
                AddressFault::new((from, all.1), "expected a port from 1 to 65535", EXAMPLE)
            })?
        }
    };
    if host.is_empty() {
        return Err(AddressFault::new(all, "expected a host before the port", EXAMPLE));
    }
    Ok(Broker { host: bare.unwrap_or(host).to_owned(), port })
}

fn topic_name(written: &str, at: usize) -> Result<String, AddressFault> {
    let span = (at, at + written.len());
    if written.is_empty() {
        return Err(AddressFault::new(span, "expected the name of a topic", EXAMPLE));
    }
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if let Some((place, wrong)) = written.char_indices().find(|(_, c)| !is_legal(*c)) {
        let from = at + place;
        let help = match wrong {
            '/' => "write partitions after the topic: ?partitions=3",
            _ => "a topic has letters, digits, `.`, `_` and `-`",
        };
        let message = format!("`{wrong}` is not part of a topic's name");
        return Err(AddressFault::new((from, from + wrong.len_utf8()), message, help));
    }
    if written.len() > 249 || matches!(written, "." | "..") {
        return Err(AddressFault::new(span, "this is not the name of a topic", EXAMPLE));
    }
    Ok(written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(written: &str) -> Result<KafkaAddress, AddressFault> {
        KafkaAddress::parse(written, &["from"])
    }

    #[test]
    fn brokers_topics_and_options_are_found() {
        let mut address = parse("kafka://a:1,[::1]:2,b/x.y,z?from=earliest&tls-ca=%2Fca.pem").expect("an address");
        let brokers: Vec<String> = address.brokers.iter().map(Broker::to_string).collect();
        assert_eq!(brokers, ["a:1", "[::1]:2", "b:9092"]);
        assert_eq!((address.topics.len(), address.base.as_str()), (2, "kafka://a:1,[::1]:2,b"));
        assert_eq!(address.take("from").expect("an option").value, "earliest");
        let security = address.security().expect("no password is needed");
        assert!(security.tls && security.sasl.is_none());
        assert_eq!(security.authorities, Some(PathBuf::from("/ca.pem")));
    }

    #[test]
    fn a_mistake_is_at_its_place() {
        for (written, place, message) in [
            ("kafka://a:1", "", "expected a topic after the brokers"),
            ("kafka://", "", "expected a topic after the brokers"),
            ("kafka:///t", "", "expected a host"),
            ("kafka://:9/t", ":9", "expected a host before the port"),
            ("kafka://a:x/t", "x", "expected a port from 1 to 65535"),
            ("kafka://a:+1/t", "+1", "expected a port from 1 to 65535"),
            ("kafka://a:0/t", "0", "expected a port from 1 to 65535"),
            ("kafka://::1/t", "::1", "an IPv6 address needs brackets"),
            ("kafka://u:p@a/t", "u:p@a", "a user is not part of the host"),
            ("kafka://a/", "", "expected the name of a topic"),
            ("kafka://a/t,", "", "expected the name of a topic"),
            ("kafka://a/t/3", "/", "`/` is not part of a topic's name"),
            ("kafka://a/t,u,t", "t,u,t", "the topic `t` is named twice"),
            ("kafka://a/t?form=x", "form", "unknown option `form`"),
            ("kafka://a/t?from", "from", "expected a value for `from`"),
            ("kafka://a/t?tls=yes", "yes", "expected on or off, found `yes`"),
            ("kafka://a/t?sasl=md5", "md5", "unknown mechanism `md5`"),
            ("kafka://a/t?sasl=plain", "", "sasl needs a user"),
            ("kafka://a/t?user=u", "", "a user needs sasl"),
            ("kafka://a/t?password=geheim", "password", "a password in an address is seen by every user of the system"),
        ] {
            let fault = parse(written).expect_err(written);
            assert_eq!((&written[fault.at.0..fault.at.1], fault.message.as_str()), (place, message), "{written}");
            assert!(!fault.help.is_empty() && !fault.help.contains("geheim"));
        }
    }

    #[test]
    fn a_topic_has_many_addresses() {
        for (one, other, expected) in [
            ("kafka://a:9092/t", "kafka://A/t,u?from=latest", true),
            ("kafka://localhost:1/t?key=k", "kafka://b,127.0.0.1:1/t", true),
            ("kafka://a:1/t", "kafka://a:2/t", false),
            ("kafka://a/t", "kafka://a/T", false),
        ] {
            assert_eq!((share_topic(one, other), share_topic(other, one)), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn a_password_comes_from_its_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "geheim\n").expect("room");
        let written = format!("kafka://a/t?sasl=plain&user=u&password-file={}", file.path().display());
        let security = parse(&written).expect("an address").security().expect("a password");
        let sasl = security.sasl.expect("a user");
        assert_eq!((sasl.password.0.as_str(), sasl.mechanism), ("geheim", Mechanism::Plain));
        assert!(!format!("{sasl:?}").contains("geheim"));
        let missing = parse("kafka://a/t?sasl=plain&user=u&password-file=/no/such").expect("an address").security();
        assert!(missing.is_err());
    }
}
