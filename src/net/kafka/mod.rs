//! A client of Kafka: connections, metadata, record batches, and a consumer that needs no group.
//!
//! The messages are those of `kafka-protocol`; connections are synchronous, so a thread of the caller waits for them.
//! Versions are at most those that every broker since 2.8 speaks.

mod address;
mod batches;
mod cluster;
mod compression;
mod connection;
mod consumer;
mod error;
mod fetch;
mod headers;
mod messages;
mod producer;
mod requests;
mod sasl;
mod scram;
mod security;
mod transactions;

pub use address::{AddressFault, KafkaAddress, share_topic};
pub use batches::{BatchFault, RecordBatch, StoredRecord, next_batch};
pub use cluster::{Cluster, TopicInfo};
pub use compression::decompress;
pub use connection::Connection;
pub use consumer::{
    Consumer, ConsumerEvent, ConsumerLink, ConsumerSetup, OnLoss, OpenedPartition, SavedPosition, StartAt,
};
pub use error::KafkaError;
pub use kafka_protocol::records::Compression;
pub use messages::read_range;
pub use producer::{OutgoingMessage, Producer};
pub use requests::KafkaRequest;
pub use security::{Broker, Mechanism, Sasl, Secret, Security};
