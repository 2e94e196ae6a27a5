//! A small broker: answers what a consumer asks, with the encoders of `kafka-protocol`, and makes the mistakes that a test
//! wants.

#[path = "kafka_login.rs"]
mod login;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiVersionsResponse, BrokerId, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse,
    MetadataRequest, MetadataResponse, ProducerId, RequestHeader, ResponseHeader, SaslAuthenticateRequest,
    SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes, decode_request_header_from_buffer};
use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use rustls::{ServerConnection, StreamOwned};

use login::{authenticate, compressed, server_config};

/// A batch as it is stored.
struct Batch {
    first: i64,
    last: i64,
    time_ms: i64,
    bytes: Bytes,
}

/// A partition.
#[derive(Default)]
pub struct Log {
    start: i64,
    batches: Vec<Batch>,
    /// Producer, first offset and the marker's offset of aborted transactions.
    aborted: Vec<(i64, i64, i64)>,
    /// The offset from which on transactions are open.
    unstable: Option<i64>,
    pub leader: i32,
}

/// A topic.
pub struct Topic {
    id: u128,
    pub partitions: Vec<Log>,
}

/// A mistake in the next response to Fetch.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The response is right.
    None,
    /// An error code for each partition.
    Code(i16),
    /// The connection is closed.
    Close,
    /// A response whose length is 100 MB.
    Huge,
    /// A byte of the first batch is changed.
    Corrupt,
    /// The first batch has the message format of Kafka 0.10.
    OldFormat,
}

/// Changes the topics.
type Change = Box<dyn FnMut(&mut BTreeMap<String, Topic>) + Send>;

/// What a broker knows.
#[derive(Default)]
pub struct State {
    pub topics: BTreeMap<String, Topic>,
    pub faults: VecDeque<Fault>,
    /// The mechanism, the user and the password that are needed.
    pub user: Option<(&'static str, &'static str, &'static str)>,
    /// The number of brokers, of which each has a port.
    ports: Vec<u16>,
    /// True if aborted transactions are listed that have ended before the response, as some brokers do.
    pub lists_all_aborted: bool,
    /// The bytes of a response for one partition.
    pub most_bytes: usize,
    /// The offsets that were asked for, in order: topic, partition, offset.
    pub fetched: Vec<(String, i32, i64)>,
    /// Called before a response to Fetch is made.
    pub before_fetch: Option<Change>,
    next_id: u128,
    is_down: bool,
    connections: Vec<TcpStream>,
}

/// A broker, or several that know the same topics.
#[derive(Clone)]
pub struct FakeBroker {
    pub state: Arc<Mutex<State>>,
}

/// A message to produce.
#[derive(Clone, Debug, Default)]
pub struct Produced<'p> {
    pub key: Option<&'p str>,
    pub value: Option<&'p str>,
    pub time_ms: i64,
    pub headers: &'p [(&'p str, &'p str)],
}

/// The transaction of a batch.
#[derive(Clone, Copy, Debug)]
pub enum Mark {
    None,
    /// Records of a transaction of this producer.
    Open(i64),
    /// A marker that commits or aborts it.
    Commit(i64),
    Abort(i64),
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Socket {
    fn both(&mut self) -> &mut dyn ReadWrite {
        match self {
            Socket::Plain(socket) => socket,
            Socket::Tls(stream) => stream,
        }
    }
}

trait ReadWrite: Read + Write {}
impl<S: Read + Write> ReadWrite for S {}

impl FakeBroker {
    /// Starts some brokers.
    pub fn start(brokers: usize, tls: bool) -> FakeBroker {
        let state = State { most_bytes: 1 << 20, next_id: 7, ..State::default() };
        let broker = FakeBroker { state: Arc::new(Mutex::new(state)) };
        let config = tls.then(server_config);
        for number in 0..brokers {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            broker.state().ports.push(listener.local_addr().expect("an address").port());
            let (broker, config) = (broker.clone(), config.clone());
            std::thread::spawn(move || {
                for socket in listener.incoming().flatten() {
                    let (broker, config) = (broker.clone(), config.clone());
                    if broker.state().is_down {
                        continue;
                    }
                    broker.state().connections.push(socket.try_clone().expect("a descriptor"));
                    let socket = match config {
                        None => Socket::Plain(socket),
                        Some(config) => {
                            let server = ServerConnection::new(config).expect("a configuration");
                            Socket::Tls(Box::new(StreamOwned::new(server, socket)))
                        }
                    };
                    std::thread::spawn(move || {
                        let raw = match &socket {
                            Socket::Plain(socket) => socket.try_clone(),
                            Socket::Tls(stream) => stream.sock.try_clone(),
                        };
                        broker.serve(i32::try_from(number).expect("few"), socket);
                        let _ = raw.expect("a descriptor").shutdown(std::net::Shutdown::Both);
                    });
                }
            });
        }
        broker
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with it")
    }

    /// The address of topics.
    pub fn address(&self, topics: &str) -> String {
        format!("kafka://127.0.0.1:{}/{topics}", self.state().ports[0])
    }

    /// Refuses connections and closes those that are open, or takes them again.
    pub fn set_down(&self, is_down: bool) {
        let mut state = self.state();
        state.is_down = is_down;
        for connection in state.connections.drain(..) {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Makes a topic.
    pub fn create(&self, name: &str, partitions: usize) {
        let mut state = self.state();
        state.next_id += 1;
        let (id, brokers) = (state.next_id << 64 | state.next_id, state.ports.len());
        let log = |number: usize| Log { leader: (number % brokers) as i32, ..Log::default() };
        state.topics.insert(name.to_owned(), Topic { id, partitions: (0..partitions).map(log).collect() });
    }

    /// Writes a batch of values.
    pub fn produce(&self, topic: &str, partition: usize, values: &[&str]) {
        let messages: Vec<Produced<'_>> =
            values.iter().map(|value| Produced { value: Some(value), ..Produced::default() }).collect();
        self.produce_batch(topic, partition, &messages, 0, Mark::None);
    }

    /// Writes a batch. Codec 12 is Snappy as the Java client writes it.
    pub fn produce_batch(&self, topic: &str, partition: usize, messages: &[Produced<'_>], codec: i8, mark: Mark) {
        let mut state = self.state();
        let log = &mut state.topics.get_mut(topic).expect("a topic").partitions[partition];
        log.append(messages, codec, mark);
    }

    /// Removes the messages before an offset.
    pub fn expire(&self, topic: &str, partition: usize, before: i64) {
        let mut state = self.state();
        let log = &mut state.topics.get_mut(topic).expect("a topic").partitions[partition];
        log.batches.retain(|batch| batch.last >= before);
        log.start = before;
    }

    fn serve(&self, number: i32, mut socket: Socket) -> Option<()> {
        let mut scram = None;
        loop {
            let mut length = [0; 4];
            socket.both().read_exact(&mut length).ok()?;
            let length = u32::from_be_bytes(length) as usize;
            if length > 1 << 20 {
                return None; // as a broker does that is spoken to in TLS
            }
            let mut request = vec![0; length];
            socket.both().read_exact(&mut request).ok()?;
            let mut request = Bytes::from(request);
            let header = decode_request_header_from_buffer(&mut request).ok()?;
            let version = header.request_api_version;
            match header.request_api_key {
                1 => {
                    let request = FetchRequest::decode(&mut request, version).expect("a request");
                    self.fetch(number, &mut socket, &header, &request)?;
                }
                2 => {
                    let request = ListOffsetsRequest::decode(&mut request, version).expect("a request");
                    answer(&mut socket, &header, &self.list_offsets(number, &request))?;
                }
                3 => {
                    let request = MetadataRequest::decode(&mut request, version).expect("a request");
                    answer(&mut socket, &header, &self.metadata(&request))?;
                }
                17 => {
                    let request = SaslHandshakeRequest::decode(&mut request, version).expect("a request");
                    let offered = self.state().user.map_or("", |(mechanism, _, _)| mechanism);
                    let is_known = request.mechanism.as_str() == offered;
                    let response = SaslHandshakeResponse::default()
                        .with_error_code(if is_known { 0 } else { 33 })
                        .with_mechanisms(vec![StrBytes::from_static_str(offered)]);
                    answer(&mut socket, &header, &response)?;
                }
                18 => answer(&mut socket, &header, &versions())?,
                36 => {
                    let request = SaslAuthenticateRequest::decode(&mut request, version).expect("a request");
                    let (_, user, password) = self.state().user.expect("a user");
                    let reply = authenticate(&request.auth_bytes, user, password, &mut scram);
                    let response = match reply {
                        Some(reply) => SaslAuthenticateResponse::default().with_auth_bytes(reply),
                        None => SaslAuthenticateResponse::default().with_error_code(58),
                    };
                    answer(&mut socket, &header, &response)?;
                }
                key => panic!("request {key} is not known"),
            }
        }
    }

    fn metadata(&self, request: &MetadataRequest) -> MetadataResponse {
        let state = self.state();
        let broker = |(number, port): (usize, &u16)| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(number as i32))
                .with_host(StrBytes::from_static_str("127.0.0.1"))
                .with_port(i32::from(*port))
        };
        let names: Vec<String> = match &request.topics {
            Some(topics) => topics.iter().map(|topic| topic.name.as_ref().expect("a name").to_string()).collect(),
            None => state.topics.keys().cloned().collect(),
        };
        let topic = |name: &String| {
            let found =
                MetadataResponseTopic::default().with_name(Some(TopicName(StrBytes::from_string(name.clone()))));
            let Some(topic) = state.topics.get(name) else {
                return found.with_error_code(3);
            };
            let partition = |(number, log): (usize, &Log)| {
                MetadataResponsePartition::default()
                    .with_partition_index(number as i32)
                    .with_leader_id(BrokerId(log.leader))
            };
            let partitions = topic.partitions.iter().enumerate().map(partition).collect();
            let id = format!("{:032x}", topic.id).parse().expect("an id");
            found.with_topic_id(id).with_partitions(partitions)
        };
        MetadataResponse::default()
            .with_brokers(state.ports.iter().enumerate().map(broker).collect())
            .with_topics(names.iter().map(topic).collect())
    }

    fn list_offsets(&self, number: i32, request: &ListOffsetsRequest) -> ListOffsetsResponse {
        let state = self.state();
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|wanted| {
                let response = ListOffsetsPartitionResponse::default().with_partition_index(wanted.partition_index);
                let log = state.topics.get(topic.name.as_str()).map(|topic| &topic.partitions);
                let Some(log) = log.and_then(|logs| logs.get(wanted.partition_index as usize)) else {
                    return response.with_error_code(3);
                };
                if log.leader != number {
                    return response.with_error_code(6);
                }
                let at = |ms: i64| log.batches.iter().find(|batch| batch.time_ms >= ms).map_or(-1, |batch| batch.first);
                response.with_offset(match wanted.timestamp {
                    -2 => log.start,
                    -1 => log.unstable.unwrap_or(log.end()),
                    ms => at(ms),
                })
            });
            ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    fn fetch(&self, number: i32, socket: &mut Socket, header: &RequestHeader, request: &FetchRequest) -> Option<()> {
        let mut state = self.state();
        let fault = state.faults.pop_front();
        if let Some(mut before) = state.before_fetch.take() {
            before(&mut state.topics);
            state.before_fetch = Some(before);
        }
        match fault {
            Some(Fault::Close) => return None,
            Some(Fault::Huge) => {
                let _ = socket.both().write_all(&100_000_000u32.to_be_bytes());
                let _ = socket.both().flush();
                return Some(());
            }
            _ => {}
        }
        let mut is_empty = true;
        let mut topics = Vec::new();
        for topic in &request.topics {
            let mut partitions = Vec::new();
            for wanted in &topic.partitions {
                let name = topic.topic.to_string();
                state.fetched.push((name.clone(), wanted.partition, wanted.fetch_offset));
                let data = state.data(number, &name, wanted.partition, wanted.fetch_offset, fault);
                is_empty &= data.error_code == 0 && data.records.as_ref().is_none_or(Bytes::is_empty);
                partitions.push(data);
            }
            topics.push(FetchableTopicResponse::default().with_topic(topic.topic.clone()).with_partitions(partitions));
        }
        drop(state);
        if is_empty {
            std::thread::sleep(Duration::from_millis(20)); // less than it is asked for
        }
        answer(socket, header, &FetchResponse::default().with_responses(topics))
    }
}

impl State {
    fn data(&self, number: i32, topic: &str, partition: i32, offset: i64, fault: Option<Fault>) -> PartitionData {
        let data = PartitionData::default().with_partition_index(partition);
        let logs = self.topics.get(topic).map(|topic| &topic.partitions);
        let Some(log) = logs.and_then(|logs| logs.get(partition as usize)) else {
            return data.with_error_code(3);
        };
        if log.leader != number {
            return data.with_error_code(6);
        }
        if let Some(Fault::Code(code)) = fault {
            return data.with_error_code(code);
        }
        let (end, stable) = (log.end(), log.unstable.unwrap_or(log.end()));
        if !(log.start..=end).contains(&offset) {
            return data.with_error_code(1);
        }
        let mut records = BytesMut::new();
        let found = log.batches.iter().filter(|batch| batch.last >= offset && batch.first < stable);
        for batch in found {
            // A broker cuts the last batch.
            let room = self.most_bytes.saturating_sub(records.len());
            let is_first = records.is_empty();
            records.put_slice(if is_first { &batch.bytes } else { &batch.bytes[..room.min(batch.bytes.len())] });
            if records.len() >= self.most_bytes {
                break;
            }
        }
        match fault {
            Some(Fault::Corrupt) if !records.is_empty() => {
                let last = records.len() - 1;
                records[last] ^= 1;
            }
            Some(Fault::OldFormat) if !records.is_empty() => records[16] = 1,
            _ => {}
        }
        let aborted = log.aborted.iter().filter(|(_, _, marker)| self.lists_all_aborted || *marker >= offset);
        let aborted = aborted.map(|(producer, first, _)| {
            AbortedTransaction::default().with_producer_id(ProducerId(*producer)).with_first_offset(*first)
        });
        data.with_high_watermark(end)
            .with_last_stable_offset(stable)
            .with_log_start_offset(log.start)
            .with_aborted_transactions(Some(aborted.collect()))
            .with_records(Some(records.freeze()))
    }
}

impl Log {
    fn end(&self) -> i64 {
        self.batches.last().map_or(self.start, |batch| batch.last + 1)
    }

    pub fn append(&mut self, messages: &[Produced<'_>], codec: i8, mark: Mark) {
        let first = self.end();
        let (producer, control) = match mark {
            Mark::None => (-1, None),
            Mark::Open(producer) => (producer, None),
            Mark::Commit(producer) => (producer, Some(1u8)),
            Mark::Abort(producer) => (producer, Some(0)),
        };
        let marker = control.map(|kind| Bytes::from(vec![0, 0, 0, kind]));
        let record = |(place, message): (usize, &Produced<'_>)| Record {
            transactional: producer >= 0,
            control: control.is_some(),
            delete_horizon: false,
            partition_leader_epoch: 0,
            producer_id: producer,
            producer_epoch: 0,
            timestamp_type: TimestampType::Creation,
            offset: first + place as i64,
            sequence: place as i32,
            timestamp: message.time_ms,
            key: marker.clone().or(message.key.map(|key| Bytes::copy_from_slice(key.as_bytes()))),
            value: message.value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
            headers: message
                .headers
                .iter()
                .map(|(name, value)| {
                    (StrBytes::from_string((*name).to_owned()), Some(Bytes::copy_from_slice(value.as_bytes())))
                })
                .collect(),
        };
        let records: Vec<Record> = messages.iter().enumerate().map(record).collect();
        let compression = match codec {
            1 => Compression::Gzip,
            2 | 12 => Compression::Snappy,
            3 => Compression::Lz4,
            4 => Compression::Zstd,
            _ => Compression::None,
        };
        let mut bytes = BytesMut::new();
        let options = RecordEncodeOptions { version: 2, compression };
        let compress = |plain: &mut BytesMut, out: &mut BytesMut, _: Compression| {
            out.put_slice(&compressed(codec, plain));
            Ok(())
        };
        RecordBatchEncoder::encode_with_custom_compression(&mut bytes, &records, &options, Some(compress))
            .expect("a batch");
        let last = first + records.len() as i64 - 1;
        let time_ms = messages.iter().map(|message| message.time_ms).max().unwrap_or_default();
        match mark {
            Mark::Open(_) => self.unstable = self.unstable.or(Some(first)),
            Mark::Abort(producer) => {
                let began = self.unstable.unwrap_or(first);
                self.aborted.push((producer, began, first));
                self.unstable = None;
            }
            Mark::Commit(_) => self.unstable = None,
            Mark::None => {}
        }
        self.batches.push(Batch { first, last, time_ms, bytes: bytes.freeze() });
    }
}

fn versions() -> ApiVersionsResponse {
    let last = HashMap::from([(0, 9), (1, 13), (2, 7), (3, 12), (17, 1), (18, 3), (36, 2)]);
    let api = |(key, last): (&i16, &i16)| {
        ApiVersion::default().with_api_key(*key).with_min_version(0).with_max_version(*last)
    };
    ApiVersionsResponse::default().with_api_keys(last.iter().map(api).collect())
}

fn answer<R: Encodable + HeaderVersion>(socket: &mut Socket, header: &RequestHeader, response: &R) -> Option<()> {
    let version = header.request_api_version;
    let mut bytes = BytesMut::new();
    bytes.put_u32(0);
    let own = ResponseHeader::default().with_correlation_id(header.correlation_id);
    own.encode(&mut bytes, R::header_version(version)).expect("a header");
    response.encode(&mut bytes, version).expect("a response");
    let length = (bytes.len() - 4) as u32;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    socket.both().write_all(&bytes).ok()?;
    socket.both().flush().ok()
}
