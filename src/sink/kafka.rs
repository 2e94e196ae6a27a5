//! `kafka://HOST:PORT/TOPIC`: one message for each row.

use std::ffi::OsStr;

use super::named_fields::NamedFields;
use super::{
    BatchId, DeliveryError, Encodes, OpenSink, Promise, ResultKind, RowSink, SinkBatch, SinkDef, SinkSettings,
};
use crate::data::{Entry, Example, OutputColumns, ValueRef, system_clock, write_text};
use crate::encode::{self, EncoderDef, Look};
use crate::lang::Diagnostic;
use crate::lang::ast::Span;
use crate::net::kafka::{
    AddressFault, Cluster, Compression, KafkaAddress, KafkaError, OutgoingMessage, Producer, share_topic,
};

pub(super) const KAFKA: SinkDef = SinkDef {
    entry: Entry {
        name: "kafka",
        usage: "kafka://HOST:PORT[,HOST:PORT]/TOPIC[?OPTION=VALUE&…]",
        summary: "A Kafka topic: one message for each row.",
        details: "The value of a message is the row as JSON, or in the format of `-o`. `key=FIELD` makes a field the key, \
                  which decides the partition as in Kafka's Java client; without keys, the rows of a batch go to one \
                  partition and those of the next batch to another. Messages are sent again until all replicas have them, \
                  and no message is in the topic twice. With `--checkpoint` each batch is a transaction: consumers with \
                  `isolation.level=read_committed` see its messages once, also after a crash. With `--every`, results so \
                  far are sent only if there is a key.\n\nOptions: `key=FIELD`; `compression=none|gzip|snappy|lz4|zstd` \
                  (default none); `tls=on`, `tls-ca=FILE`; `sasl=plain|scram-sha-256|scram-sha-512`, `user=NAME`, \
                  `password-file=FILE` (default: the variable BOURN_KAFKA_PASSWORD).",
        examples: &[Example {
            expr: "--check --to 'kafka://localhost:9092/words?key=word' 'split | count by word'",
            input: "",
            output: "",
        }],
    },
    promise: Promise::ExactlyOnce("each batch is a transaction, which also commits its number"),
    encodes: |_| Encodes::Rows,
    accepts: |target| target.to_str().is_some_and(|target| target.starts_with("kafka://")),
    check: |target| KafkaTarget::parse(&target.to_string_lossy()).map(|_| ()).map_err(diagnostic),
    path: |_| None,
    is_same: |one, other| share_topic(&one.to_string_lossy(), &other.to_string_lossy()),
    fits: |target, settings| {
        let target = KafkaTarget::parse(&target.to_string_lossy()).map_err(|fault| fault.message)?;
        target.check(settings)
    },
    open: OpenSink::Rows(|target, settings| Ok(Box::new(KafkaSink::open(target, settings)?))),
};

/// The options of a target besides those of connections.
const OPTIONS: [&str; 2] = ["compression", "key"];

const COMPRESSIONS: [(&str, Compression); 5] = [
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("snappy", Compression::Snappy),
    ("lz4", Compression::Lz4),
    ("zstd", Compression::Zstd),
];

/// A parsed target.
struct KafkaTarget {
    address: KafkaAddress,
    topic: String,
    key: Option<String>,
    compression: Compression,
}

impl KafkaTarget {
    fn parse(written: &str) -> Result<KafkaTarget, AddressFault> {
        let mut address = KafkaAddress::parse(written, &OPTIONS)?;
        let topic = match address.topics.as_slice() {
            [topic] => topic.clone(),
            _ => {
                let end = written.find('?').unwrap_or(written.len());
                let at = (address.base.len() + 1, end);
                return Err(AddressFault::new(at, "expected one topic", "write --to once for each topic"));
            }
        };
        let compression = match address.take("compression") {
            None => Compression::None,
            Some(option) => {
                let found = COMPRESSIONS.iter().find(|(name, _)| *name == option.value);
                let wrong = || {
                    let message = format!("unknown compression `{}`", option.value);
                    AddressFault::new(option.value_at, message, "there are none, gzip, snappy, lz4 and zstd")
                };
                found.ok_or_else(wrong)?.1
            }
        };
        let key = address.take("key").map(|option| option.value);
        Ok(KafkaTarget { address, topic, key, compression })
    }

    /// Checks that each row of the result can be a message.
    fn check(&self, settings: &SinkSettings) -> Result<(), String> {
        let format = settings.format.unwrap_or(encode::FOR_OPEN_COLUMNS);
        if !format.row_by_row {
            return Err(format!("a message is one row, which {} cannot be: write -o json", format.entry.usage));
        }
        if settings.header == Some(true) && format.open_row.is_none() {
            return Err("messages have no header: leave --header out, or write -o json".to_owned());
        }
        if let (Some(key), None) = (&self.key, settings.columns.whole)
            && !settings.columns.named.iter().any(|column| column.name == *key)
        {
            let names: Vec<&str> = settings.columns.named.iter().map(|column| column.name.as_str()).collect();
            return Err(format!("key={key}: the result has no such column; it has {}", names.join(", ")));
        }
        Ok(())
    }
}

struct KafkaSink {
    producer: Producer,
    columns: OutputColumns,
    format: &'static EncoderDef,
    key: Option<String>,
    has_sent: bool,
    /// The field of the key.
    named: NamedFields,
    /// No row so far had the field of the key.
    misses_key: bool,
    is_transactional: bool,
    /// The last attempt of a transaction has failed: perhaps only its answer was lost.
    is_in_doubt: bool,
    /// Fields that were left out, each of which is said once.
    left_out: Vec<String>,
    notes: Vec<String>,
}

impl KafkaSink {
    fn open(target: &OsStr, settings: &SinkSettings) -> Result<KafkaSink, String> {
        let target = KafkaTarget::parse(&target.to_string_lossy()).map_err(|fault| fault.message)?;
        target.check(settings)?;
        let format = settings.format.unwrap_or(encode::FOR_OPEN_COLUMNS);
        let cluster = Cluster::new(target.address.brokers.clone(), target.address.security()?);
        let transactional = settings.stream.as_ref().map(|stream| format!("bourn-{stream}-{}", target.topic));
        let is_transactional = transactional.is_some();
        Ok(KafkaSink {
            producer: Producer::new(cluster, &target.topic, target.compression, transactional),
            columns: settings.columns.clone(),
            format,
            has_sent: false,
            named: NamedFields::new(&settings.columns, target.key.as_deref()),
            misses_key: target.key.is_some(),
            key: target.key,
            is_transactional,
            is_in_doubt: false,
            left_out: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// One message for each row.
    fn messages(&mut self, batch: &SinkBatch) -> Vec<OutgoingMessage> {
        let mut messages = Vec::new();
        // Formats that do not name their fields have the columns of the first row.
        let mut encoder = encode::make(self.format, &self.columns, None, Look::default());
        for rows in batch.results.iter().flat_map(|result| &result.rows) {
            for row in 0..rows.rows {
                let mut value = Vec::new();
                let fields = self.columns.fields(rows, row);
                match self.format.open_row {
                    Some(write_row) => write_row(&fields, &mut value),
                    None => encoder.encode(&rows.select(&[row as u32], &rows.slots()), &mut value),
                }
                value.pop_if(|last| *last == b'\n');
                let key = self.key.as_ref().and_then(|key| {
                    let (_, value) = fields.iter().find(|(name, _)| *name == key.as_bytes())?;
                    if let ValueRef::Null = value {
                        return None;
                    }
                    let mut text = Vec::new();
                    write_text(*value, &mut text);
                    Some(text)
                });
                self.misses_key &= key.is_none();
                messages.push(OutgoingMessage { key, value });
            }
        }
        for name in encoder.take_left_out() {
            if !self.left_out.contains(&name) {
                self.notes.push(format!(
                    "the first row of a batch has no field `{name}`, so messages lack it: -o json has all"
                ));
                self.left_out.push(name);
            }
        }
        messages
    }
}

impl RowSink for KafkaSink {
    fn begin(&mut self) -> Result<Option<BatchId>, DeliveryError> {
        self.producer.begin().map(|last| last.map(BatchId)).map_err(delivery_error)
    }

    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        let is_snapshot = batch.results.iter().any(|result| result.kind == ResultKind::Snapshot);
        if is_snapshot && (self.key.is_none() || batch.rows() == 0) {
            return Ok(()); // no message can be replaced by a later one
        }
        let id = batch.id.map(|id| id.0);
        if self.is_in_doubt {
            let last = self.producer.begin().map_err(delivery_error)?;
            if id.is_some_and(|id| last.is_some_and(|last| id <= last)) {
                self.is_in_doubt = false;
                return Ok(()); // the transaction was committed, and its answer was lost
            }
        }
        let messages = self.messages(batch);
        for note in self.named.look(&self.columns, batch) {
            self.misses_key = false; // the note says it
            self.notes.push(note);
        }
        let time_ms = system_clock().wall_ns().div_euclid(1_000_000);
        let sent = self.producer.send(&messages, id, time_ms);
        self.is_in_doubt = self.is_transactional && sent.is_err();
        self.has_sent |= !messages.is_empty();
        sent.map_err(delivery_error)
    }

    fn finish(&mut self) -> Result<(), DeliveryError> {
        if let Some(key) = self.key.as_ref().filter(|_| self.misses_key && self.has_sent) {
            self.notes.push(format!("no row has the field `{key}`, so no message has a key"));
        }
        Ok(())
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

fn delivery_error(error: KafkaError) -> DeliveryError {
    if error.is_passing() { DeliveryError::Retry(error.to_string()) } else { DeliveryError::Failed(error.to_string()) }
}

fn diagnostic(fault: AddressFault) -> Diagnostic {
    let (start, end) = fault.at;
    Diagnostic::new(Span { start, end }, fault.message).help(fault.help)
}
