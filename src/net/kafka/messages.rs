//! Messages of a response: those that are committed, in chunks for the workers.

use std::collections::HashSet;
use std::sync::Arc;

use kafka_protocol::messages::FetchRequest;
use kafka_protocol::messages::fetch_response::PartitionData;

use super::batches::{BatchFault, StoredRecord, next_batch};
use super::cluster::Cluster;
use super::error::KafkaError;
use super::fetch::{Wanted, fetch_request};
use super::headers::headers;
use super::transactions::{AbortedTransactions, Place};
use crate::data::{MessageChunk, MessageFields, MessageFieldsWanted, MessageHead};

/// The number of responses without a message after which a logged range counts as gone.
const EMPTY_RESPONSES: usize = 20;

/// Calls `see` with the committed records of a response from an offset on. Returns the offset after them: the same one if
/// the response has no complete batch. `buffer` holds decompressed records.
pub(super) fn each_committed(
    data: &PartitionData,
    from: i64,
    transactions: &mut AbortedTransactions,
    buffer: &mut Vec<u8>,
    mut see: impl FnMut(StoredRecord<'_>),
) -> Result<i64, BatchFault> {
    let mut bytes: &[u8] = data.records.as_deref().unwrap_or_default();
    let mut aborted = transactions.listed(data); // the first one is the last of the list
    let mut open = HashSet::new();
    let mut next = from;
    while let Some(batch) = next_batch(&mut bytes) {
        let batch = batch?;
        while let Some((_, producer)) = aborted.pop_if(|(first, _)| *first < batch.next_offset) {
            open.insert(producer);
        }
        if batch.is_control {
            if batch.is_abort() {
                open.remove(&batch.producer_id);
                transactions.end(batch.producer_id, batch.base_offset);
            }
        } else if batch.next_offset > next && !(batch.is_transactional && open.contains(&batch.producer_id)) {
            batch.each_record(buffer, |record| {
                if record.offset >= next {
                    see(record);
                }
            })?;
        }
        next = next.max(batch.next_offset);
    }
    Ok(next)
}

/// Returns the offset after the batches of a response, which are not checked.
pub(super) fn offset_after(data: &PartitionData, from: i64) -> i64 {
    let mut bytes: &[u8] = data.records.as_deref().unwrap_or_default();
    let mut next = from;
    while let Some((offset, rest)) = bytes.split_first_chunk::<8>()
        && let Some((length, rest)) = rest.split_first_chunk::<4>()
        && let Some((batch, others)) =
            usize::try_from(i32::from_be_bytes(*length)).ok().and_then(|at| rest.split_at_checked(at))
        && let Some(last) = batch.get(11..15).and_then(|last| last.first_chunk::<4>())
    {
        let (offset, last) = (i64::from_be_bytes(*offset), i64::from(i32::from_be_bytes(*last)));
        next = next.max(offset.saturating_add(last).saturating_add(1));
        bytes = others;
    }
    next
}

/// Collects the messages of one partition.
pub(super) struct ChunkBuilder {
    wanted: MessageFieldsWanted,
    topic: String,
    partition: i32,
    chunk: MessageChunk,
    fields: MessageFields,
}

impl ChunkBuilder {
    /// Begins a chunk at an offset, in a buffer that was used before.
    pub(super) fn new(
        wanted: MessageFieldsWanted,
        topic: &str,
        partition: i32,
        first: i64,
        mut buffer: Vec<u8>,
    ) -> ChunkBuilder {
        buffer.clear();
        let first = first.cast_unsigned();
        let chunk = MessageChunk { bytes: buffer, first, next: first, ..MessageChunk::default() };
        let fields = MessageFields::new(topic, partition);
        ChunkBuilder { wanted, topic: topic.to_owned(), partition, chunk, fields }
    }

    /// Adds a message. A message without a value is an empty record.
    pub(super) fn push(&mut self, record: StoredRecord<'_>) {
        let value = record.value.unwrap_or_default();
        let out = &mut self.chunk.bytes;
        out.extend_from_slice(itoa::Buffer::new().format(value.len()).as_bytes());
        out.push(b' ');
        out.extend_from_slice(value);
        self.chunk.records += 1;
        self.chunk.value_bytes += value.len() as u64;
        self.chunk.next = record.offset.cast_unsigned() + 1;
        if self.wanted.any {
            self.fields.push(MessageHead {
                offset: record.offset,
                time_ns: record.time_ms.saturating_mul(1_000_000),
                key: record.key,
                headers: self.wanted.headers.then(|| headers(record.headers)),
            });
        }
    }

    /// The bytes of the chunk so far.
    pub(super) fn bytes(&self) -> usize {
        self.chunk.bytes.len()
    }

    /// True if it has no message.
    pub(super) fn is_empty(&self) -> bool {
        self.chunk.records == 0
    }

    /// Ends the chunk, and begins the next one after it.
    pub(super) fn take(&mut self, buffer: Vec<u8>) -> MessageChunk {
        let next = self.chunk.next.cast_signed();
        let following = ChunkBuilder::new(self.wanted, &self.topic, self.partition, next, buffer);
        let ended = std::mem::replace(self, following);
        let fields = ended.wanted.any.then(|| Arc::new(ended.fields));
        MessageChunk { fields, ..ended.chunk }
    }

    /// Ends the last chunk before this offset.
    pub(super) fn finish(mut self, next: i64) -> MessageChunk {
        self.chunk.next = self.chunk.next.max(next.cast_unsigned());
        self.take(Vec::new())
    }
}

/// Reads the messages of a partition again that a run has read before: those from `chunk.first` up to `chunk.next`, of
/// which there were `chunk.records`. Waits by `wait` before another attempt; it returns false if the run is over.
pub fn read_range(
    cluster: &mut Cluster,
    (topic, partition): (&str, i32),
    (first, next, records): (u64, u64, u64),
    wanted: MessageFieldsWanted,
    mut wait: impl FnMut(usize) -> bool,
) -> Result<MessageChunk, KafkaError> {
    let (first, end) = (first.cast_signed(), next.cast_signed());
    let mut builder = ChunkBuilder::new(wanted, topic, partition, first, Vec::new());
    let (mut transactions, mut buffer) = (AbortedTransactions::new(first), Vec::new());
    let (mut at, mut attempts, mut empty) = (first, 0, 0);
    while at < end && records > 0 {
        let read = leader_of(cluster, topic, partition).and_then(|leader| {
            let place = Place { leader, topic, partition };
            let data = read_once(cluster, place, at)?;
            transactions.resolve(cluster, place, &data)?;
            let next = each_committed(&data, at, &mut transactions, &mut buffer, |record| {
                if record.offset < end {
                    builder.push(record);
                }
            });
            next.map_err(|fault| KafkaError::Refused(format!("the batch at offset {}: {}", fault.offset, fault.reason)))
        });
        match read {
            Ok(next) => {
                empty = if next > at { 0 } else { empty + 1 };
                at = next;
                if empty > EMPTY_RESPONSES {
                    break;
                }
            }
            Err(error) if error.is_passing() && wait(attempts) => attempts += 1,
            Err(error) => return Err(error),
        }
    }
    let chunk = builder.finish(end);
    if chunk.records != records {
        let found = chunk.records;
        return Err(KafkaError::Refused(format!(
            "had {records} messages from offset {first} to {end} when they were read before, and has {found} now"
        )));
    }
    Ok(chunk)
}

/// Asks for the leader of a partition.
fn leader_of(cluster: &mut Cluster, topic: &str, partition: i32) -> Result<i32, KafkaError> {
    let found = cluster.topics(Some(&[topic.to_owned()]))?;
    let found = found.first().ok_or(KafkaError::Code(KafkaError::UNKNOWN_TOPIC))?;
    KafkaError::of_code(found.error)?;
    let leader = found.partitions.iter().find(|(number, _)| *number == partition);
    let (_, leader) = leader.ok_or(KafkaError::Code(KafkaError::UNKNOWN_TOPIC))?;
    leader.ok_or(KafkaError::Code(5))
}

/// Fetches once from one partition.
pub(super) fn read_once(cluster: &mut Cluster, place: Place<'_>, offset: i64) -> Result<PartitionData, KafkaError> {
    let Place { leader, topic, partition } = place;
    let request: FetchRequest = fetch_request(&[Wanted { topic, partition, offset }]);
    let answer = cluster.ask(leader, &request)?;
    KafkaError::of_code(answer.error_code)?;
    let data = answer.responses.into_iter().next().and_then(|topic| topic.partitions.into_iter().next());
    let data = data.ok_or_else(|| KafkaError::Refused("the response has no partition".to_owned()))?;
    KafkaError::of_code(data.error_code)?;
    Ok(data)
}
