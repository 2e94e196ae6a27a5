//! A connection to one broker: requests in turn, each with its response.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiVersionsRequest, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use super::error::KafkaError;
use super::requests::KafkaRequest;
use super::sasl::authenticate;
use super::security::{Broker, Security};
use crate::data::reason;
use crate::net::tls;

/// The timeout for connecting to one address.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The timeout for a response, which a broker may hold back for [`super::consumer`]'s longest wait.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// The timeout for the first response on a connection: the port may be that of another service, which says nothing.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);

/// A longer response is not read, whatever the broker says.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// The name that brokers log for the client.
const CLIENT: &str = "bourn";

/// An open connection.
pub struct Connection {
    stream: BrokerStream,
    /// The numbers of the requests that the broker knows, with their first and last version.
    versions: HashMap<i16, (i16, i16)>,
    /// The number of the last request.
    correlation: i32,
    /// The request that waits for its response: its number, and the version.
    pending: Option<(i16, i16)>,
}

enum BrokerStream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    /// Connects, asks for the broker's versions, and proves the user's password.
    pub fn open(broker: &Broker, security: &Security) -> Result<Connection, KafkaError> {
        let socket = connect(broker)?;
        let stream = match security.tls {
            false => BrokerStream::Plain(socket),
            true => BrokerStream::Tls(Box::new(handshake(broker, security, socket)?)),
        };
        let mut connection = Connection { stream, versions: HashMap::new(), correlation: 0, pending: None };
        connection.versions.insert(ApiVersionsRequest::KEY, (0, 0));
        let known = connection.request(&ApiVersionsRequest::default()).map_err(|error| match error {
            KafkaError::Connection(text) if !security.tls => {
                KafkaError::Connection(format!("{text}; perhaps the port is not Kafka's, or needs tls=on"))
            }
            error => error,
        })?;
        KafkaError::of_code(known.error_code)?;
        let versions = known.api_keys.iter().map(|api| (api.api_key, (api.min_version, api.max_version)));
        connection.versions = versions.collect();
        let patient = connection.socket().set_read_timeout(Some(ANSWER_PATIENCE));
        patient.map_err(|error| KafkaError::of_io(&error))?;
        if let Some(sasl) = &security.sasl {
            authenticate(&mut connection, sasl)?;
        }
        Ok(connection)
    }

    /// Sends a request and waits for its response.
    pub fn request<R: KafkaRequest>(&mut self, request: &R) -> Result<R::Response, KafkaError> {
        self.send(request)?;
        self.receive::<R>()
    }

    /// Sends a request whose response is received later; until then no other one is sent.
    pub fn send<R: KafkaRequest>(&mut self, request: &R) -> Result<(), KafkaError> {
        let version = self.version::<R>()?;
        self.correlation = self.correlation.wrapping_add(1);
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_static_str(CLIENT)));
        let mut bytes = BytesMut::new();
        bytes.extend_from_slice(&[0; 4]);
        let encoded =
            header.encode(&mut bytes, R::header_version(version)).and_then(|()| request.encode(&mut bytes, version));
        encoded.map_err(|error| KafkaError::Refused(format!("{}: {error}", R::NAME)))?;
        let length = i32::try_from(bytes.len() - 4).unwrap_or(i32::MAX);
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&bytes).and_then(|()| self.stream.flush()).map_err(|error| KafkaError::of_io(&error))?;
        self.pending = Some((R::KEY, version));
        Ok(())
    }

    /// Receives the response of the request that was sent.
    pub fn receive<R: KafkaRequest>(&mut self) -> Result<R::Response, KafkaError> {
        let (mut bytes, version) = self.receive_bytes::<R>()?;
        R::Response::decode(&mut bytes, version)
            .map_err(|error| KafkaError::Refused(format!("a response cannot be read ({}): {error}", R::NAME)))
    }

    /// Receives the response of the request that was sent, undecoded, and its version.
    pub(super) fn receive_bytes<R: KafkaRequest>(&mut self) -> Result<(Bytes, i16), KafkaError> {
        let version = match self.pending.take() {
            Some((key, version)) if key == R::KEY => version,
            _ => return Err(KafkaError::Refused(format!("no response is due ({})", R::NAME))),
        };
        let mut bytes = self.read_response()?;
        let header = ResponseHeader::decode(&mut bytes, R::Response::header_version(version))
            .map_err(|error| KafkaError::Refused(format!("a response cannot be read: {error}")))?;
        if header.correlation_id != self.correlation {
            return Err(KafkaError::Refused("the broker answers another request than was sent".to_owned()));
        }
        Ok((bytes, version))
    }

    fn read_response(&mut self) -> Result<Bytes, KafkaError> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).map_err(|error| KafkaError::of_io(&error))?;
        let bytes = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length[..2] == [0x15, 0x03] {
            return Err(KafkaError::Refused("the broker speaks TLS: write tls=on".to_owned()));
        }
        if self.correlation == 1 && length.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            let start = String::from_utf8_lossy(&length).into_owned();
            return Err(KafkaError::Refused(format!("the port is not Kafka's: it answers with the text `{start}…`")));
        }
        if bytes > MOST_BYTES {
            let (found, most) = (u32::from_be_bytes(length), MOST_BYTES >> 20);
            return Err(KafkaError::Refused(format!(
                "the broker sends a response of {found} bytes; the most that is read is {most} MiB"
            )));
        }
        let mut response = Vec::with_capacity(bytes.min(1 << 20)); // it may be cut off
        let read = (&mut self.stream).take(bytes as u64).read_to_end(&mut response);
        match read {
            Ok(read) if read == bytes => Ok(Bytes::from(response)),
            Ok(_) => Err(KafkaError::of_io(&io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(KafkaError::of_io(&error)),
        }
    }

    fn socket(&self) -> &TcpStream {
        match &self.stream {
            BrokerStream::Plain(socket) => socket,
            BrokerStream::Tls(stream) => &stream.sock,
        }
    }

    /// Returns the version of a request that both sides know.
    pub fn version<R: KafkaRequest>(&self) -> Result<i16, KafkaError> {
        let (first, last) = R::VERSIONS;
        let Some((least, most)) = self.versions.get(&R::KEY) else {
            return Err(KafkaError::Refused(format!("the broker does not know {}", R::NAME)));
        };
        let version = last.min(*most);
        if version < first.max(*least) {
            return Err(KafkaError::Refused(format!(
                "the broker speaks versions {least} to {most} of {}, bourn speaks {first} to {last}",
                R::NAME
            )));
        }
        Ok(version)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl Read for BrokerStream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            BrokerStream::Plain(socket) => socket.read(bytes),
            BrokerStream::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for BrokerStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            BrokerStream::Plain(socket) => socket.write(bytes),
            BrokerStream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            BrokerStream::Plain(socket) => socket.flush(),
            BrokerStream::Tls(stream) => stream.flush(),
        }
    }
}

fn connect(broker: &Broker) -> Result<TcpStream, KafkaError> {
    let addresses = (broker.host.as_str(), broker.port).to_socket_addrs();
    let addresses = addresses.map_err(|_| KafkaError::Connection(format!("{}: unknown host", broker.host)))?;
    let mut failed = "the host has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_PATIENCE) {
            Ok(socket) => {
                let prepared = socket
                    .set_nodelay(true)
                    .and_then(|()| socket.set_read_timeout(Some(FIRST_PATIENCE)))
                    .and_then(|()| socket.set_write_timeout(Some(ANSWER_PATIENCE)));
                prepared.map_err(|error| KafkaError::of_io(&error))?;
                return Ok(socket);
            }
            Err(error) => failed = reason(&error),
        }
    }
    Err(KafkaError::Connection(format!("{broker}: {failed}")))
}

fn handshake(
    broker: &Broker,
    security: &Security,
    socket: TcpStream,
) -> Result<StreamOwned<ClientConnection, TcpStream>, KafkaError> {
    let config = tls::client_config(security.authorities.as_deref()).map_err(KafkaError::Refused)?;
    let name = ServerName::try_from(broker.host.clone())
        .map_err(|_| KafkaError::Refused(format!("TLS: `{}` is no host name", broker.host)))?;
    let client = ClientConnection::new(config, name).map_err(|error| KafkaError::Refused(format!("TLS: {error}")))?;
    let mut stream = StreamOwned::new(client, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|error| match KafkaError::of_io(&error) {
            KafkaError::Connection(text) => {
                KafkaError::Connection(format!("{text}; perhaps this port takes connections without TLS"))
            }
            error => error,
        })?;
    }
    Ok(stream)
}
