//! The brokers of a cluster: which topics there are, and who leads their partitions.

use std::collections::HashMap;

use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{BrokerId, ListOffsetsRequest, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::connection::Connection;
use super::error::KafkaError;
use super::requests::KafkaRequest;
use super::security::{Broker, Security};

/// A client of a cluster. Connections are opened when they are needed.
pub struct Cluster {
    /// The brokers to ask first.
    bootstrap: Vec<Broker>,
    security: Security,
    /// The brokers by number.
    brokers: HashMap<i32, Broker>,
    connections: HashMap<i32, Connection>,
    /// A connection to a broker whose number is not known.
    first: Option<Connection>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// The name.
    pub name: String,
    /// Why the topic cannot be used; 0 if it can.
    pub error: i16,
    /// Tells a topic from one that was created again under its name; 0 if the broker does not say.
    pub id: (u64, u64),
    /// The number and the leader of each partition, in order; `None` if it has no leader.
    pub partitions: Vec<(i32, Option<i32>)>,
}

/// The timestamps that mean the ends of a partition in ListOffsets.
pub(super) const EARLIEST: i64 = -2;
pub(super) const LATEST: i64 = -1;

/// Only what is committed.
pub(super) const READ_COMMITTED: i8 = 1;

impl Cluster {
    /// Makes a client; it connects on the first request.
    pub fn new(bootstrap: Vec<Broker>, security: Security) -> Cluster {
        Cluster { bootstrap, security, brokers: HashMap::new(), connections: HashMap::new(), first: None }
    }

    /// Asks any broker about topics; `None` asks about all of them.
    pub fn topics(&mut self, names: Option<&[String]>) -> Result<Vec<TopicInfo>, KafkaError> {
        let topic = |name: &String| {
            let name = TopicName(StrBytes::from_string(name.clone()));
            MetadataRequestTopic::default().with_name(Some(name))
        };
        let topics = names.map(|names| names.iter().map(topic).collect());
        let request = MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(false);
        let metadata = self.ask_any(&request)?;
        self.learn_brokers(&metadata);
        Ok(metadata.topics.iter().map(topic_info).collect())
    }

    /// As [`Cluster::topics`], but makes those that do not exist if the brokers do that (`auto.create.topics.enable`).
    pub(super) fn topics_or_new(&mut self, names: &[String]) -> Result<Vec<TopicInfo>, KafkaError> {
        let topic = |name: &String| {
            let name = TopicName(StrBytes::from_string(name.clone()));
            MetadataRequestTopic::default().with_name(Some(name))
        };
        let topics = names.iter().map(topic).collect();
        let request = MetadataRequest::default().with_topics(Some(topics)).with_allow_auto_topic_creation(true);
        let metadata = self.ask_any(&request)?;
        self.learn_brokers(&metadata);
        Ok(metadata.topics.iter().map(topic_info).collect())
    }

    /// Sends a request to any broker: first to one that is connected, then to the others in turn.
    pub fn ask_any<R: KafkaRequest>(&mut self, request: &R) -> Result<R::Response, KafkaError> {
        if let Some(connection) = &mut self.first {
            match connection.request(request) {
                Err(error) if error.is_passing() => self.first = None,
                answered => return answered,
            }
        }
        let known = self.bootstrap.iter().chain(self.brokers.values());
        let mut tried: Vec<Broker> = Vec::new();
        let mut failed = KafkaError::Connection("no broker is known".to_owned());
        for broker in known.cloned().collect::<Vec<_>>() {
            if tried.contains(&broker) {
                continue;
            }
            match Connection::open(&broker, &self.security).and_then(|mut connection| {
                let answer = connection.request(request)?;
                Ok((connection, answer))
            }) {
                Ok((connection, answer)) => {
                    self.first = Some(connection);
                    return Ok(answer);
                }
                Err(error) if !error.is_passing() => return Err(error),
                Err(error) => failed = error,
            }
            tried.push(broker);
        }
        Err(failed)
    }

    fn learn_brokers(&mut self, metadata: &MetadataResponse) {
        let brokers = metadata.brokers.iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            Some((broker.node_id.0, Broker { host: broker.host.to_string(), port }))
        });
        let brokers: HashMap<i32, Broker> = brokers.collect();
        // A broker may come back with another address.
        self.connections.retain(|number, _| brokers.get(number) == self.brokers.get(number));
        self.brokers = brokers;
    }

    /// Returns the connection to a broker, and opens it if needed.
    pub fn connection(&mut self, number: i32) -> Result<&mut Connection, KafkaError> {
        if !self.connections.contains_key(&number) {
            let opened = self.open(number)?;
            self.connections.insert(number, opened);
        }
        let opened = self.connections.get_mut(&number);
        opened.ok_or_else(|| KafkaError::Connection(format!("broker {number} is not connected")))
    }

    /// Opens another connection to a broker.
    pub(super) fn open(&self, number: i32) -> Result<Connection, KafkaError> {
        match self.brokers.get(&number) {
            Some(broker) => Connection::open(broker, &self.security),
            None => Err(KafkaError::Connection(format!("broker {number} is not known"))),
        }
    }

    /// Closes the connection to a broker.
    pub fn close(&mut self, number: i32) {
        self.connections.remove(&number);
    }

    /// Sends a request to a broker, and closes the connection if that fails.
    pub fn ask<R: KafkaRequest>(&mut self, number: i32, request: &R) -> Result<R::Response, KafkaError> {
        let answered = self.connection(number)?.request(request);
        if matches!(answered, Err(KafkaError::Connection(_) | KafkaError::Refused(_))) {
            self.close(number);
        }
        answered
    }

    /// Returns the first offset of a partition whose message has this time in milliseconds, or a later one; `None` if
    /// there is no such message. [`EARLIEST`] and [`LATEST`] give the ends.
    pub(super) fn offset_at(
        &mut self,
        leader: i32,
        topic: &str,
        partition: i32,
        time_ms: i64,
    ) -> Result<Option<i64>, KafkaError> {
        let wanted = ListOffsetsPartition::default().with_partition_index(partition).with_timestamp(time_ms);
        let topic = ListOffsetsTopic::default()
            .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
            .with_partitions(vec![wanted]);
        let request = ListOffsetsRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_isolation_level(READ_COMMITTED)
            .with_topics(vec![topic]);
        let answer = self.ask(leader, &request)?;
        let found = answer.topics.first().and_then(|topic| topic.partitions.first());
        let Some(found) = found else {
            return Err(KafkaError::Refused("the broker does not say the offsets of the partition".to_owned()));
        };
        KafkaError::of_code(found.error_code)?;
        Ok(Some(found.offset).filter(|offset| *offset >= 0))
    }
}

fn topic_info(topic: &kafka_protocol::messages::metadata_response::MetadataResponseTopic) -> TopicInfo {
    let leader = |number: BrokerId| Some(number.0).filter(|number| *number >= 0);
    let mut partitions: Vec<(i32, Option<i32>)> =
        topic.partitions.iter().map(|partition| (partition.partition_index, leader(partition.leader_id))).collect();
    partitions.sort_unstable();
    TopicInfo {
        name: topic.name.as_ref().map(|name| name.to_string()).unwrap_or_default(),
        error: topic.error_code,
        id: topic.topic_id.as_u64_pair(),
        partitions,
    }
}
