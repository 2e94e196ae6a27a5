//! Handles the response of a broker: sends the next request, then the messages to the engine.

use kafka_protocol::messages::FetchRequest;
use kafka_protocol::messages::fetch_response::PartitionData;

use super::{Consumer, ConsumerEvent, ConsumerLink, EngineGone, KafkaError, OnLoss};
use crate::net::kafka::cluster::{EARLIEST, LATEST};
use crate::net::kafka::messages::{ChunkBuilder, each_committed, offset_after};
use crate::net::kafka::transactions::Place;

/// The number of empty responses after which a bounded reading does not wait for the rest of a partition.
const EMPTY_RESPONSES: u32 = 20;

impl<L: ConsumerLink> Consumer<L> {
    /// Receives the response of a broker.
    pub(super) fn serve(&mut self, broker: i32) -> Result<(), EngineGone> {
        let Some(fetcher) = self.fetchers.get_mut(&broker) else {
            return Ok(());
        };
        let waits = std::mem::take(&mut fetcher.waits);
        let received = fetcher.connection.receive::<FetchRequest>();
        let received = received.and_then(|response| KafkaError::of_code(response.error_code).map(|()| response));
        let response = match received {
            Ok(response) => response,
            Err(error) => {
                self.fetchers.remove(&broker);
                return self.trouble(&error);
            }
        };
        let mut found = Vec::new();
        for topic in response.responses {
            for data in topic.partitions {
                let is_meant = |(index, _): &&(usize, i64)| {
                    let partition = &self.partitions[*index];
                    partition.number == data.partition_index && partition.topic == topic.topic.0.as_str()
                };
                if let Some((index, offset)) = waits.iter().find(is_meant) {
                    found.push((*index, *offset, data));
                }
            }
        }
        let is_whole = found.iter().all(|(_, _, data)| data.error_code == 0);
        if is_whole {
            self.has_answered();
            self.request_ahead(broker, &found);
        }
        for (index, offset, data) in found {
            if self.partitions[index].is_over || self.partitions[index].next != offset {
                continue;
            }
            match KafkaError::of_code(data.error_code) {
                Ok(()) => self.take(index, &data)?,
                Err(error) => self.refused(index, &error)?,
            }
        }
        Ok(())
    }

    /// Sends the next request of a broker while the messages of this response are decoded.
    fn request_ahead(&mut self, broker: i32, found: &[(usize, i64, PartitionData)]) {
        let next = |index: usize| {
            let own = found.iter().find(|(found, _, _)| *found == index);
            own.map_or(self.partitions[index].next, |(_, offset, data)| offset_after(data, *offset))
        };
        let at = self.active().into_iter().map(|index| (index, next(index))).collect();
        let _ = self.request_from(broker, at); // a failure occurs again when messages are needed
    }

    /// Sends the messages of a partition to the engine.
    fn take(&mut self, index: usize, data: &PartitionData) -> Result<(), EngineGone> {
        let partition = &mut self.partitions[index];
        let from = partition.next;
        if let Some(leader) = partition.leader {
            let place = Place { leader, topic: &partition.topic, partition: partition.number };
            if let Err(error) = partition.transactions.resolve(&mut self.cluster, place, data) {
                return self.trouble(&error);
            }
        }
        let buffer = self.link.buffer();
        let mut builder = ChunkBuilder::new(self.setup.wanted, &partition.topic, partition.number, from, buffer);
        let mut is_gone = false;
        let mut records = std::mem::take(&mut self.records);
        let (link, most) = (&mut self.link, self.setup.chunk_bytes);
        let read = each_committed(data, from, &mut partition.transactions, &mut records, |record| {
            builder.push(record);
            if builder.bytes() >= most && !is_gone {
                let chunk = builder.take(link.buffer());
                is_gone = !link.send(ConsumerEvent::Messages(index, chunk));
            }
        });
        self.records = records;
        if self.records.capacity() > KEPT_BYTES {
            self.records = Vec::new();
        }
        if is_gone {
            return Err(EngineGone);
        }
        match read {
            Ok(next) => {
                if !builder.is_empty() {
                    self.send(ConsumerEvent::Messages(index, builder.finish(next)))?;
                }
                self.advance(index, next, data)
            }
            Err(fault) => {
                if !builder.is_empty() {
                    let chunk = builder.take(Vec::new());
                    self.send(ConsumerEvent::Messages(index, chunk))?;
                }
                self.fail(index, format!("the batch at offset {}: {}", fault.offset, fault.reason))
            }
        }
    }

    /// Moves a partition forward.
    fn advance(&mut self, index: usize, next: i64, data: &PartitionData) -> Result<(), EngineGone> {
        let partition = &mut self.partitions[index];
        partition.unknown = std::time::Duration::ZERO;
        let has_moved = next > partition.next;
        partition.next = next;
        partition.empty = if has_moved { 0 } else { partition.empty + 1 };
        let Some(end) = partition.end.filter(|end| next < *end && !has_moved) else {
            return Ok(());
        };
        if !data.records.as_deref().unwrap_or_default().is_empty() {
            return self.fail(index, format!("the batch at offset {next} does not fit in a response"));
        }
        // The rest belongs to a transaction that is open, or the broker has promised more than it has.
        let is_unstable =
            (0..=next).contains(&data.last_stable_offset) && data.last_stable_offset < data.high_watermark;
        if is_unstable || partition.empty >= EMPTY_RESPONSES {
            partition.end = Some(next);
            if !is_unstable {
                let note = format!("no message comes after offset {next}, although the end is offset {end}");
                return self.send(ConsumerEvent::Note(Some(index), note));
            }
        }
        Ok(())
    }

    /// Handles the error of one partition.
    fn refused(&mut self, index: usize, error: &KafkaError) -> Result<(), EngineGone> {
        if *error == KafkaError::Code(KafkaError::OFFSET_OUT_OF_RANGE) {
            return match self.ends_of(index) {
                Ok((first, end)) => self.lose(index, first, end),
                Err(error) if error.is_passing() => self.trouble(&error),
                Err(error) => self.fail(index, error.to_string()),
            };
        }
        if error.is_passing() {
            return self.trouble(error);
        }
        self.fail(index, error.to_string())
    }

    /// The first offset of a partition, and the one after its last message.
    pub(super) fn ends_of(&mut self, index: usize) -> Result<(i64, i64), KafkaError> {
        let partition = &self.partitions[index];
        let leader = partition.leader.ok_or(KafkaError::Code(5))?;
        let (topic, number) = (partition.topic.clone(), partition.number);
        let first = self.cluster.offset_at(leader, &topic, number, EARLIEST)?;
        let end = self.cluster.offset_at(leader, &topic, number, LATEST)?;
        let (first, end) = (first.unwrap_or_default(), end.unwrap_or_default());
        Ok((first, end.max(first)))
    }

    /// Handles messages that are gone before they were read: stops, or goes on with the first one that there is.
    pub(super) fn lose(&mut self, index: usize, first: i64, end: i64) -> Result<(), EngineGone> {
        let partition = &mut self.partitions[index];
        let wanted = partition.next;
        let found = if first == end {
            format!("offset {wanted} is gone: the partition is empty, and its next offset is {end}")
        } else {
            format!("offset {wanted} is gone: the partition has offsets {first} to {}", end - 1)
        };
        match self.setup.on_loss {
            OnLoss::Stop => self.fail(index, format!("{found}; on-loss=earliest goes on with the first one")),
            OnLoss::Earliest => {
                partition.begin_again(first);
                let lost = if first > wanted {
                    format!("{} messages at most are lost", first - wanted)
                } else {
                    "the partition has begun again".to_owned()
                };
                self.send(ConsumerEvent::Note(Some(index), format!("{found}; going on with offset {first}: {lost}")))
            }
        }
    }
}

/// A larger buffer is freed.
const KEPT_BYTES: usize = 4 << 20;
