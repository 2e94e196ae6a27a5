//! Sends messages to a topic: each once, also if a request is sent again, and in transactions that carry the number of
//! their batch.
//!
//! Without transactions the producer is idempotent: a record batch has a sequence number, and a broker drops one that it
//! has already. With transactions the number of the batch is committed, together with its messages, as the offset of a
//! consumer group of its own; so the next producer of the same name knows which batch was the last (Kafka's own
//! exactly-once streams commit offsets in the same way, KIP-98).

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, FindCoordinatorRequest, GroupId,
    InitProducerIdRequest, OffsetFetchRequest, ProduceRequest, ProducerId, TopicName, TransactionalId,
    TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

use super::cluster::Cluster;
use super::compression::compress;
use super::error::KafkaError;
use super::requests::KafkaRequest;

/// A record batch has about this many bytes before compression; brokers accept a million by default.
const BATCH_BYTES: usize = 900_000;

/// How long a broker may wait for its replicas.
const PATIENCE_MS: i32 = 20_000;

/// A transaction that is not ended after this time is aborted by the broker.
const TRANSACTION_MS: i32 = 60_000;

/// A broker does not know the messages before these.
const OUT_OF_ORDER_SEQUENCE: i16 = 45;
const UNKNOWN_PRODUCER: i16 = 59;

/// A broker says that it has the record batch already.
const DUPLICATE_SEQUENCE: i16 = 46;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The key; decides the partition.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Vec<u8>,
}

/// Sends messages to a topic.
pub struct Producer {
    cluster: Cluster,
    topic: String,
    compression: Compression,
    /// The name of the producer and of its group, if it uses transactions.
    transactional: Option<String>,
    /// The partitions with their leaders.
    partitions: Vec<(i32, Option<i32>)>,
    identity: Option<ProducerIdentity>,
    /// The brokers that keep the transactions and the group.
    transaction_coordinator: i32,
    group_coordinator: i32,
    /// The record batches that are not acknowledged yet, in order.
    unsent: Vec<Unsent>,
    /// The partition of messages without a key, which changes from batch to batch.
    turn: usize,
}

/// The number that a broker has given to the producer.
struct ProducerIdentity {
    id: ProducerId,
    epoch: i16,
    /// The next sequence number of each partition.
    sequences: HashMap<i32, i32>,
}

/// A record batch that is not acknowledged.
struct Unsent {
    partition: i32,
    records: Bytes,
}

impl Producer {
    /// Makes a producer; it connects on the first request. With a name, it uses transactions.
    pub fn new(cluster: Cluster, topic: &str, compression: Compression, transactional: Option<String>) -> Producer {
        Producer {
            cluster,
            topic: topic.to_owned(),
            compression,
            transactional,
            partitions: Vec::new(),
            identity: None,
            transaction_coordinator: 0,
            group_coordinator: 0,
            unsent: Vec::new(),
            turn: 0,
        }
    }

    /// Finds the topic and takes a number. With transactions, ends those that an earlier producer of this name has left
    /// open, and returns the number of the last batch that was committed.
    pub fn begin(&mut self) -> Result<Option<u64>, KafkaError> {
        self.find_partitions()?;
        let Some(name) = self.transactional.clone() else {
            let request = InitProducerIdRequest::default()
                .with_transactional_id(None)
                .with_transaction_timeout_ms(TRANSACTION_MS);
            let answer = self.cluster.ask_any(&request)?;
            KafkaError::of_code(answer.error_code)?;
            self.identify(answer.producer_id, answer.producer_epoch);
            return Ok(None);
        };
        self.transaction_coordinator = self.coordinator(&name, 1)?;
        self.group_coordinator = self.coordinator(&name, 0)?;
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(transactional_id(&name)))
            .with_transaction_timeout_ms(TRANSACTION_MS);
        let answer = self.cluster.ask(self.transaction_coordinator, &request)?;
        KafkaError::of_code(answer.error_code)?;
        self.identify(answer.producer_id, answer.producer_epoch);
        self.last_batch(&name)
    }

    fn identify(&mut self, id: ProducerId, epoch: i16) {
        self.identity = Some(ProducerIdentity { id, epoch, sequences: HashMap::new() });
    }

    fn find_partitions(&mut self) -> Result<(), KafkaError> {
        let topics = self.cluster.topics_or_new(std::slice::from_ref(&self.topic))?;
        let found = topics.into_iter().find(|topic| topic.name == self.topic);
        let found = found.ok_or(KafkaError::Code(KafkaError::UNKNOWN_TOPIC))?;
        KafkaError::of_code(found.error)?;
        self.partitions = found.partitions;
        if self.partitions.is_empty() { Err(KafkaError::Code(KafkaError::UNKNOWN_TOPIC)) } else { Ok(()) }
    }

    /// The broker that keeps a group (kind 0) or the transactions of a producer (kind 1).
    fn coordinator(&mut self, name: &str, kind: i8) -> Result<i32, KafkaError> {
        let key = StrBytes::from_string(name.to_owned());
        let answer = self.cluster.ask_any(&FindCoordinatorRequest::default().with_key(key).with_key_type(kind))?;
        KafkaError::of_code(answer.error_code)?;
        Ok(answer.node_id.0)
    }

    fn last_batch(&mut self, name: &str) -> Result<Option<u64>, KafkaError> {
        let topic =
            OffsetFetchRequestTopic::default().with_name(topic_name(&self.topic)).with_partition_indexes(vec![0]);
        let request = OffsetFetchRequest::default()
            .with_group_id(group_id(name))
            .with_topics(Some(vec![topic]))
            .with_require_stable(true);
        let answer = self.cluster.ask(self.group_coordinator, &request)?;
        KafkaError::of_code(answer.error_code)?;
        let found = answer.topics.first().and_then(|topic| topic.partitions.first());
        let Some(found) = found else {
            return Ok(None);
        };
        KafkaError::of_code(found.error_code)?;
        // The offset is that of the batch after it.
        Ok(u64::try_from(found.committed_offset).ok().and_then(|offset| offset.checked_sub(1)))
    }

    /// Sends the messages of a batch; all of them are acknowledged when this returns. After an error it is called again
    /// with the same messages, or, with transactions, after [`Producer::begin`].
    pub fn send(&mut self, messages: &[OutgoingMessage], batch: Option<u64>, time_ms: i64) -> Result<(), KafkaError> {
        if self.identity.is_none() {
            self.begin()?;
        }
        let Some(name) = self.transactional.clone() else {
            if self.unsent.is_empty() {
                self.unsent = self.record_batches(messages, time_ms)?;
            }
            let sent = self.send_unsent();
            if let Err(KafkaError::Code(OUT_OF_ORDER_SEQUENCE | UNKNOWN_PRODUCER)) = sent {
                // The broker has lost what it knew of the producer: a new number begins again.
                self.identity = None;
                self.unsent.clear();
                return Err(KafkaError::Connection("the broker has forgotten the producer".to_owned()));
            }
            return sent;
        };
        self.unsent = self.record_batches(messages, time_ms)?;
        let sent = self.send_in_transaction(&name, batch);
        if sent.is_err() {
            self.identity = None; // the next attempt ends the transaction
        }
        sent
    }

    fn send_in_transaction(&mut self, name: &str, batch: Option<u64>) -> Result<(), KafkaError> {
        let mut partitions: Vec<i32> = self.unsent.iter().map(|unsent| unsent.partition).collect();
        partitions.sort_unstable();
        partitions.dedup();
        self.add_partitions(name, partitions)?;
        self.send_unsent()?;
        if let Some(batch) = batch {
            self.commit_number(name, batch)?;
        }
        let (id, epoch) = self.number()?;
        let request = EndTxnRequest::default()
            .with_transactional_id(transactional_id(name))
            .with_producer_id(id)
            .with_producer_epoch(epoch)
            .with_committed(true);
        let answer = self.cluster.ask(self.transaction_coordinator, &request)?;
        KafkaError::of_code(answer.error_code)
    }

    fn number(&self) -> Result<(ProducerId, i16), KafkaError> {
        let identity = self.identity.as_ref();
        identity
            .map(|identity| (identity.id, identity.epoch))
            .ok_or_else(|| KafkaError::Connection("the producer has no number".to_owned()))
    }

    fn add_partitions(&mut self, name: &str, partitions: Vec<i32>) -> Result<(), KafkaError> {
        let (id, epoch) = self.number()?;
        let topic = AddPartitionsToTxnTopic::default().with_name(topic_name(&self.topic)).with_partitions(partitions);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(transactional_id(name))
            .with_v3_and_below_producer_id(id)
            .with_v3_and_below_producer_epoch(epoch)
            .with_v3_and_below_topics(vec![topic]);
        let answer = self.cluster.ask(self.transaction_coordinator, &request)?;
        let mut results = answer.results_by_topic_v3_and_below.iter().flat_map(|topic| &topic.results_by_partition);
        results.try_for_each(|result| KafkaError::of_code(result.partition_error_code))
    }

    /// Makes the number of the batch part of the transaction.
    fn commit_number(&mut self, name: &str, batch: u64) -> Result<(), KafkaError> {
        let (id, epoch) = self.number()?;
        let request = AddOffsetsToTxnRequest::default()
            .with_transactional_id(transactional_id(name))
            .with_producer_id(id)
            .with_producer_epoch(epoch)
            .with_group_id(group_id(name));
        let answer = self.cluster.ask(self.transaction_coordinator, &request)?;
        KafkaError::of_code(answer.error_code)?;
        let partition = TxnOffsetCommitRequestPartition::default()
            .with_partition_index(0)
            .with_committed_offset(i64::try_from(batch + 1).unwrap_or(i64::MAX))
            .with_committed_leader_epoch(-1);
        let topic =
            TxnOffsetCommitRequestTopic::default().with_name(topic_name(&self.topic)).with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_transactional_id(transactional_id(name))
            .with_group_id(group_id(name))
            .with_producer_id(id)
            .with_producer_epoch(epoch)
            .with_generation_id(-1)
            .with_topics(vec![topic]);
        let answer = self.cluster.ask(self.group_coordinator, &request)?;
        let mut results = answer.topics.iter().flat_map(|topic| &topic.partitions);
        results.try_for_each(|result| KafkaError::of_code(result.error_code))
    }

    fn send_unsent(&mut self) -> Result<(), KafkaError> {
        while let Some(Unsent { partition, records }) = self.unsent.first() {
            let (partition, records) = (*partition, records.clone());
            match self.send_records(partition, records) {
                Ok(()) | Err(KafkaError::Code(DUPLICATE_SEQUENCE)) => {
                    self.unsent.remove(0);
                }
                Err(error) => {
                    if error.is_of_leader() {
                        self.find_partitions()?;
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn send_records(&mut self, partition: i32, records: Bytes) -> Result<(), KafkaError> {
        let leader = self.partitions.iter().find(|(number, _)| *number == partition).and_then(|(_, leader)| *leader);
        let leader = leader.ok_or(KafkaError::Code(KafkaError::NO_LEADER))?;
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(records));
        let topic = TopicProduceData::default().with_name(topic_name(&self.topic)).with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_transactional_id(self.transactional.as_deref().map(transactional_id))
            .with_acks(-1)
            .with_timeout_ms(PATIENCE_MS)
            .with_topic_data(vec![topic]);
        let answer = self.cluster.ask(leader, &request)?;
        let found = answer.responses.first().and_then(|topic| topic.partition_responses.first());
        let Some(found) = found else {
            let name = ProduceRequest::NAME;
            return Err(KafkaError::Refused(format!("the broker does not say whether it has the messages ({name})")));
        };
        KafkaError::of_code(found.error_code)
    }

    /// Makes the record batches of messages, in the order in which they are sent.
    fn record_batches(&mut self, messages: &[OutgoingMessage], time_ms: i64) -> Result<Vec<Unsent>, KafkaError> {
        let count = self.partitions.len();
        self.turn = (self.turn + 1) % count.max(1);
        let mut parts: Vec<Vec<&OutgoingMessage>> = vec![Vec::new(); count];
        for message in messages {
            let place = message.key.as_deref().map_or(self.turn, |key| partition_of(key, count));
            parts[place].push(message);
        }
        let mut all = Vec::new();
        for (place, messages) in parts.into_iter().enumerate() {
            let partition = self.partitions[place].0;
            let mut rest = messages.as_slice();
            while !rest.is_empty() {
                let mut bytes = 0;
                let fits = rest.iter().take_while(|message| {
                    bytes += message.value.len() + message.key.as_ref().map_or(0, Vec::len) + 32;
                    bytes <= BATCH_BYTES
                });
                let (now, later) = rest.split_at(fits.count().max(1));
                all.push(Unsent { partition, records: self.encode(partition, now, time_ms)? });
                rest = later;
            }
        }
        Ok(all)
    }

    fn encode(&mut self, partition: i32, messages: &[&OutgoingMessage], time_ms: i64) -> Result<Bytes, KafkaError> {
        let (id, epoch) = self.number()?;
        let sequences = self.identity.as_mut().map(|identity| identity.sequences.entry(partition).or_default());
        let first = sequences.as_ref().map_or(0, |next| **next);
        let record = |(index, message): (usize, &&OutgoingMessage)| Record {
            transactional: self.transactional.is_some(),
            control: false,
            delete_horizon: false,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer_id: id.0,
            producer_epoch: epoch,
            timestamp_type: TimestampType::Creation,
            offset: index as i64,
            sequence: first.wrapping_add(index as i32) & i32::MAX,
            timestamp: time_ms,
            key: message.key.as_ref().map(|key| Bytes::from(key.clone())),
            value: Some(Bytes::from(message.value.clone())),
            headers: IndexMap::new(),
        };
        let records: Vec<Record> = messages.iter().enumerate().map(record).collect();
        if let Some(next) = sequences {
            *next = first.wrapping_add(messages.len() as i32) & i32::MAX;
        }
        let mut bytes = BytesMut::new();
        let options = RecordEncodeOptions { version: 2, compression: self.compression };
        RecordBatchEncoder::encode_with_custom_compression(&mut bytes, &records, &options, Some(compress))
            .map_err(|error| KafkaError::Refused(format!("the messages cannot be encoded: {error}")))?;
        Ok(bytes.freeze())
    }
}

fn transactional_id(name: &str) -> TransactionalId {
    TransactionalId(StrBytes::from_string(name.to_owned()))
}

fn group_id(name: &str) -> GroupId {
    GroupId(StrBytes::from_string(name.to_owned()))
}

fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

/// Returns the index of the partition of a key, as the default partitioner of Kafka's Java client does.
fn partition_of(key: &[u8], partitions: usize) -> usize {
    (murmur2(key) & 0x7fff_ffff) as usize % partitions
}

/// The hash of Kafka's Java client (`org.apache.kafka.common.utils.Utils.murmur2`), by Austin Appleby.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut word = u32::from_le_bytes(*word).wrapping_mul(M);
        word ^= word >> 24;
        hash = hash.wrapping_mul(M) ^ word.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_partition_that_java_gives_it() {
        // from the tests of the Java client
        for (key, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }
}
