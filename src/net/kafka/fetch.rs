//! The request for messages of several partitions of one broker.

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::cluster::READ_COMMITTED;

/// The bytes that a response has for one partition; a batch that is larger comes whole.
const PARTITION_BYTES: i32 = 1 << 20;

/// The bytes of a response.
const RESPONSE_BYTES: i32 = 4 << 20;

/// How long a broker waits for messages if it has none.
const WAIT_MS: i32 = 500;

/// A partition and the offset to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FetchFrom<'t> {
    pub(super) topic: &'t str,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// Makes the request for some partitions, those of one topic side by side.
pub(super) fn fetch_request(wanted: &[FetchFrom<'_>]) -> FetchRequest {
    let mut topics: Vec<FetchTopic> = Vec::new();
    for FetchFrom { topic, partition, offset } in wanted {
        let partition = FetchPartition::default()
            .with_partition(*partition)
            .with_current_leader_epoch(-1)
            .with_fetch_offset(*offset)
            .with_log_start_offset(-1)
            .with_partition_max_bytes(PARTITION_BYTES);
        match topics.iter_mut().find(|known| known.topic.0.as_str() == *topic) {
            Some(known) => known.partitions.push(partition),
            None => {
                let name = TopicName(StrBytes::from_string((*topic).to_owned()));
                topics.push(FetchTopic::default().with_topic(name).with_partitions(vec![partition]));
            }
        }
    }
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(WAIT_MS)
        .with_min_bytes(1)
        .with_max_bytes(RESPONSE_BYTES)
        .with_isolation_level(READ_COMMITTED)
        .with_session_id(0)
        .with_session_epoch(-1)
        .with_topics(topics)
}
