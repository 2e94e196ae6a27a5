//! Failures of a client, each a sentence without the name of the source.

use std::fmt;
use std::io;

use kafka_protocol::ResponseError;

use crate::data::reason;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KafkaError {
    /// The connection failed or was closed: another attempt may succeed.
    Connection(String),
    /// The broker or this client refuses to go on: a wrong password, certificate, topic or response. Another attempt
    /// fails in the same way.
    Refused(String),
    /// The broker has answered with an error code.
    Code(i16),
}

impl KafkaError {
    /// The offset is not in the partition.
    pub const OFFSET_OUT_OF_RANGE: i16 = 1;
    /// The topic or the partition is not known to the broker; also soon after it was created.
    pub const UNKNOWN_TOPIC: i16 = 3;
    /// The partition has no leader for a while.
    pub const NO_LEADER: i16 = 5;

    /// Error codes after which the metadata is read again: the partition has another leader, or none, for a while.
    const OF_LEADER: [i16; 11] = [3, 5, 6, 7, 8, 9, 13, 74, 75, 76, 78];

    /// Error codes of a broker that is busy.
    const OF_BUSY: [i16; 6] = [14, 15, 16, 19, 20, 51];

    /// Makes the error of a failed read or write.
    pub fn of_io(error: &io::Error) -> KafkaError {
        use io::ErrorKind;
        let text = match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionAborted => "the broker closed the connection".to_owned(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut => "the broker does not answer".to_owned(),
            // rustls packs its errors into this kind.
            ErrorKind::InvalidData => return KafkaError::of_tls(&error.to_string()),
            _ => reason(error),
        };
        KafkaError::Connection(text)
    }

    fn of_tls(text: &str) -> KafkaError {
        let help = if text.contains("UnknownIssuer") {
            "; tls-ca=FILE names the certificate of its authority"
        } else if text.contains("InvalidContentType") || text.contains("corrupt message") {
            "; perhaps this port takes connections without TLS"
        } else {
            ""
        };
        KafkaError::Refused(format!("TLS: {text}{help}"))
    }

    /// Returns an error for a code that is not 0.
    pub fn of_code(code: i16) -> Result<(), KafkaError> {
        if code == 0 { Ok(()) } else { Err(KafkaError::Code(code)) }
    }

    /// True if the same request may succeed later, perhaps at another broker.
    pub fn is_passing(&self) -> bool {
        match self {
            KafkaError::Connection(_) => true,
            KafkaError::Refused(_) => false,
            KafkaError::Code(code) => self.is_of_leader() || Self::OF_BUSY.contains(code),
        }
    }

    /// True if the metadata must be read again first.
    pub fn is_of_leader(&self) -> bool {
        matches!(self, KafkaError::Code(code) if Self::OF_LEADER.contains(code))
    }
}

impl fmt::Display for KafkaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match self {
            KafkaError::Connection(text) | KafkaError::Refused(text) => return formatter.write_str(text),
            KafkaError::Code(code) => *code,
        };
        match code {
            2 => formatter.write_str("the broker says that the messages are corrupt"),
            3 => formatter.write_str("the broker does not know the topic or partition"),
            5 => formatter.write_str("the partition has no leader"),
            6 => formatter.write_str("the leader of the partition has moved"),
            10 => formatter.write_str("a message is larger than the topic allows (max.message.bytes)"),
            29 => formatter.write_str("the user may not use the topic"),
            30 => formatter.write_str("the user may not use the group"),
            47 | 90 => formatter.write_str("another run with a copy of the same checkpoint has taken over"),
            53 => formatter.write_str("the user may not use transactions"),
            _ => match ResponseError::try_from_code(code) {
                Some(error) => write!(formatter, "the broker answers with error {code} ({error:?})"),
                None => write!(formatter, "the broker answers with error {code}"),
            },
        }
    }
}
