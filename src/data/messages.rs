//! Messages of a broker: records with a key, a time and an offset of their own.

use std::ops::Range;
use std::sync::Arc;

use super::column::{Column, Validity};
use super::heap_bytes::{HeapBytes, buffer_bytes};
use super::text::{Bytes, TextColumn, TextSpan};
use super::value::Value;

/// The fields of messages that the plan reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFieldsWanted {
    /// Key, offset, topic or partition; the time of the broker.
    pub any: bool,
    /// The headers, which cost an object for each message.
    pub headers: bool,
}

/// Consecutive messages of one partition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageChunk {
    /// The values, framed by their counts: see [`super::Framing::Counted`].
    pub bytes: Vec<u8>,
    /// The number of messages.
    pub records: u64,
    /// The bytes of their values.
    pub value_bytes: u64,
    /// The offset of the first message, or a smaller one.
    pub first: u64,
    /// The offset after the last message; offsets up to it without a message are those of markers, of messages that
    /// were not committed, and of messages that compaction has removed.
    pub next: u64,
    /// The other fields, if the plan reads them.
    pub fields: Option<Arc<MessageFields>>,
}

/// The fields of some messages besides their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageFields {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    offsets: Vec<i64>,
    times_ns: Vec<i64>,
    /// The bytes of all keys.
    keys: Arc<Vec<u8>>,
    key_spans: Vec<TextSpan>,
    /// An object for each message; empty if the plan does not read it.
    headers: Vec<Value>,
}

/// The fields of one message.
#[derive(Clone, Debug)]
pub struct MessageHead<'m> {
    /// The offset in the partition.
    pub offset: i64,
    /// The time that the producer or the broker has set, in nanoseconds since 1970.
    pub time_ns: i64,
    /// The key.
    pub key: Option<&'m [u8]>,
    /// The headers as an object, if they are wanted.
    pub headers: Option<Value>,
}

impl MessageFields {
    /// Makes the fields of no message.
    pub fn new(topic: &str, partition: i32) -> MessageFields {
        MessageFields { topic: topic.to_owned(), partition, ..MessageFields::default() }
    }

    /// Adds those of the next message.
    pub fn push(&mut self, head: MessageHead<'_>) {
        self.offsets.push(head.offset);
        self.times_ns.push(head.time_ns);
        let keys = Arc::make_mut(&mut self.keys);
        self.key_spans.push(match head.key {
            None => TextSpan::NULL,
            Some(key) => {
                keys.extend_from_slice(key);
                TextSpan::new(keys.len() - key.len(), keys.len())
            }
        });
        self.headers.extend(head.headers);
    }

    /// The offsets of some messages.
    pub fn offsets(&self, rows: Range<usize>) -> Column<'static> {
        Column::Int(self.offsets[rows].to_vec(), Validity::ALL)
    }

    /// The times of some messages.
    pub fn times(&self, rows: Range<usize>) -> Column<'static> {
        Column::Values(self.times_ns[rows].iter().map(|ns| Value::Time(*ns)).collect())
    }

    /// The keys of some messages.
    pub fn keys(&self, rows: Range<usize>) -> Column<'static> {
        let spans = self.key_spans[rows].to_vec();
        Column::Text(TextColumn { bytes: Bytes::Shared(Arc::clone(&self.keys)), spans })
    }

    /// The headers of some messages; null for those whose headers are unknown.
    pub fn headers(&self, rows: Range<usize>) -> Column<'static> {
        match self.headers.get(rows.clone()) {
            Some(headers) => Column::Values(headers.to_vec()),
            None => Column::Constant(Value::Null, rows.len()),
        }
    }
}

impl HeapBytes for MessageFields {
    fn heap_bytes(&self) -> usize {
        let fixed = buffer_bytes(&self.offsets) + buffer_bytes(&self.times_ns) + buffer_bytes(&self.key_spans);
        fixed + self.keys.heap_bytes() + self.headers.heap_bytes()
    }
}
