//! Reads the partitions of topics, without a group: the caller knows the offsets.
//!
//! A bounded reading goes through the partitions one after another, up to the offsets that were their ends at the start,
//! so that its messages always come in the same order. A following one reads all partitions side by side. Each broker has
//! one request that waits for messages; the next one is sent before the messages of a response are decoded.

mod opening;
mod outage;
mod serve;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cluster::Cluster;
use super::connection::Connection;
use super::error::KafkaError;
use super::fetch::{FetchFrom, fetch_request};
use super::security::{Broker, Security};
use super::transactions::AbortedTransactions;
use crate::data::{Clock, MessageChunk, MessageFieldsWanted};
use outage::Outage;

/// The topics to read, and where to begin.
#[derive(Clone, Debug)]
pub struct ConsumerSetup {
    /// The brokers to ask first.
    pub brokers: Vec<Broker>,
    /// How connections are protected.
    pub security: Security,
    /// The topics.
    pub topics: Vec<String>,
    /// The partitions, as ranges of numbers; `None` for all.
    pub partitions: Option<Vec<(i32, i32)>>,
    /// Where partitions begin that no earlier run has read.
    pub start: StartAt,
    /// How to go on if messages are gone before they were read.
    pub on_loss: OnLoss,
    /// Read on at the ends, and new partitions, too.
    pub follow: bool,
    /// Begin at the last messages of each partition, as many as this.
    pub tail: Option<u64>,
    /// The fields of messages that are read.
    pub wanted: MessageFieldsWanted,
    /// The bytes of a chunk.
    pub chunk_bytes: usize,
    /// Where earlier runs have stopped. If there are any, other partitions are new and begin at their first message.
    pub saved: Vec<SavedPosition>,
}

/// The offset at which reading begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartAt {
    /// The first message.
    #[default]
    Earliest,
    /// After the last message.
    Latest,
    /// The first message of this time or later, in milliseconds since 1970.
    Time(i64),
}

/// How to go on if messages are gone before they were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// The partition fails.
    #[default]
    Stop,
    /// It is read from its first message.
    Earliest,
}

/// Where an earlier run has stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPosition {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The id of the topic; 0 if it is not known.
    pub id: (u64, u64),
    /// The offset of the next message.
    pub offset: u64,
}

/// A partition that is going to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedPartition {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The id of the topic; 0 if it is not known.
    pub id: (u64, u64),
    /// The offset at which reading begins.
    pub start: u64,
    /// True if no earlier run has read it.
    pub is_new: bool,
}

/// An event. Partitions are numbered in the order in which they were opened.
#[derive(Debug)]
pub enum ConsumerEvent {
    /// Partitions are going to be read. Comes once at the start, even without any, and again for new partitions.
    Opened(Vec<OpenedPartition>),
    /// Messages of a partition, in the order of their offsets.
    Messages(usize, MessageChunk),
    /// A partition was read up to its end.
    Ended(usize),
    /// A partition cannot be read on, for a reason.
    Failed(usize, String),
    /// Nothing can be read, for a reason.
    AllFailed(String),
    /// Something that the user should know, about a partition or all of them.
    Note(Option<usize>, String),
}

/// The engine takes no more events.
#[derive(Debug)]
struct EngineGone;

/// How a consumer reaches the engine.
pub trait ConsumerLink {
    /// Delivers an event; returns false if the engine takes no more. Blocks while the engine is busy.
    fn send(&mut self, event: ConsumerEvent) -> bool;

    /// Waits; returns false if the engine takes no more events.
    fn wait(&mut self, time: Duration) -> bool;

    /// A buffer that was used before, if there is one.
    fn buffer(&mut self) -> Vec<u8>;
}

/// Reads the partitions of topics.
pub struct Consumer<L> {
    setup: ConsumerSetup,
    link: L,
    clock: Arc<dyn Clock>,
    cluster: Cluster,
    partitions: Vec<Partition>,
    /// The connection of each broker that waits for messages.
    fetchers: HashMap<i32, Fetcher>,
    outage: Outage,
    /// When the metadata is read again, to find new partitions.
    refresh_at: Instant,
    /// Decompressed records; reused.
    records: Vec<u8>,
}

/// A partition that is read.
struct Partition {
    topic: String,
    number: i32,
    id: (u64, u64),
    /// The offset of the next message.
    next: i64,
    /// The offset at which a bounded reading ends.
    end: Option<i64>,
    leader: Option<i32>,
    is_over: bool,
    /// Responses in turn without a message, although the end is not reached.
    empty: u32,
    /// How long the broker has not known it.
    unknown: Duration,
    transactions: AbortedTransactions,
}

/// A connection on which requests for messages are sent.
struct Fetcher {
    connection: Connection,
    /// The partitions of the request that waits, each with its offset.
    waits: Vec<(usize, i64)>,
}

/// How often new partitions are looked for.
const REFRESH: Duration = Duration::from_secs(30);

/// How long a broker may hold a response back before its connection counts as broken.
const PATIENCE: Duration = Duration::from_secs(40);

impl<L: ConsumerLink> Consumer<L> {
    /// Makes a consumer; it connects when it runs.
    pub fn new(setup: ConsumerSetup, clock: Arc<dyn Clock>, link: L) -> Consumer<L> {
        let cluster = Cluster::new(setup.brokers.clone(), setup.security.clone());
        let refresh_at = clock.now() + REFRESH;
        Consumer {
            setup,
            link,
            clock,
            cluster,
            partitions: Vec::new(),
            fetchers: HashMap::new(),
            outage: Outage::default(),
            refresh_at,
            records: Vec::new(),
        }
    }

    /// Reads until all partitions have ended, or the engine takes no more events.
    pub fn run(mut self) {
        let _ = self.read(); // it fails only if the engine has ended
    }

    fn read(&mut self) -> Result<(), EngineGone> {
        if !self.open_topics()? {
            return Ok(());
        }
        loop {
            self.end_partitions()?;
            let active = self.active();
            if active.is_empty() {
                return Ok(()); // also if all of them have failed
            }
            if self.clock.now() >= self.refresh_at
                || active.iter().any(|index| self.partitions[*index].leader.is_none())
            {
                self.refresh()?;
                continue;
            }
            if let Err(error) = self.request(&active) {
                self.trouble(&error)?;
                continue;
            }
            match self.wait_for_response() {
                Ok(ready) => {
                    for broker in ready {
                        self.serve(broker)?;
                    }
                }
                Err(error) => self.trouble(&error)?,
            }
        }
    }

    /// The partitions that are read now: all of them, or the first that has not ended.
    fn active(&self) -> Vec<usize> {
        let open = (0..self.partitions.len()).filter(|index| !self.partitions[*index].is_over);
        open.take(if self.setup.follow { usize::MAX } else { 1 }).collect()
    }

    /// Reports the partitions whose ends are reached.
    fn end_partitions(&mut self) -> Result<(), EngineGone> {
        for index in 0..self.partitions.len() {
            let partition = &mut self.partitions[index];
            if !partition.is_over && partition.end.is_some_and(|end| partition.next >= end) {
                partition.is_over = true;
                self.send(ConsumerEvent::Ended(index))?;
            }
        }
        Ok(())
    }

    /// Sends a request to each leader of these partitions that has none to answer.
    fn request(&mut self, active: &[usize]) -> Result<(), KafkaError> {
        let mut leaders: Vec<i32> = active.iter().filter_map(|index| self.partitions[*index].leader).collect();
        leaders.sort_unstable();
        leaders.dedup();
        for leader in leaders {
            let at = active.iter().map(|index| (*index, self.partitions[*index].next));
            self.request_from(leader, at.collect())?;
        }
        Ok(())
    }

    /// Sends a request for those of these partitions that a broker leads, unless it has one to answer.
    fn request_from(&mut self, leader: i32, at: Vec<(usize, i64)>) -> Result<(), KafkaError> {
        if self.fetchers.get(&leader).is_some_and(|fetcher| !fetcher.waits.is_empty()) {
            return Ok(());
        }
        let is_wanted = |(index, offset): &(usize, i64)| {
            let partition = &self.partitions[*index];
            partition.leader == Some(leader) && !partition.is_over && partition.end.is_none_or(|end| *offset < end)
        };
        let mut waits: Vec<(usize, i64)> = at.into_iter().filter(is_wanted).collect();
        if waits.is_empty() {
            return Ok(());
        }
        // A response may have no room for all partitions: each of them must be the first at times.
        let turn = waits.iter().map(|(_, offset)| offset).sum::<i64>().unsigned_abs() as usize % waits.len();
        waits.rotate_left(turn);
        let wanted = waits.iter().map(|(index, offset)| {
            let partition = &self.partitions[*index];
            FetchFrom { topic: &partition.topic, partition: partition.number, offset: *offset }
        });
        let request = fetch_request(&wanted.collect::<Vec<_>>());
        if !self.fetchers.contains_key(&leader) {
            let connection = self.cluster.open(leader)?;
            self.fetchers.insert(leader, Fetcher { connection, waits: Vec::new() });
        }
        let Some(fetcher) = self.fetchers.get_mut(&leader) else {
            return Ok(());
        };
        match fetcher.connection.send(&request) {
            Ok(()) => fetcher.waits = waits,
            Err(error) => {
                self.fetchers.remove(&leader);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Waits for a response; returns the brokers that have sent one.
    fn wait_for_response(&mut self) -> Result<Vec<i32>, KafkaError> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let waiting = self.fetchers.iter().filter(|(_, fetcher)| !fetcher.waits.is_empty());
        let mut brokers: Vec<(i32, &Fetcher)> = waiting.map(|(broker, fetcher)| (*broker, fetcher)).collect();
        brokers.sort_unstable_by_key(|(broker, _)| *broker);
        if brokers.is_empty() {
            return Err(KafkaError::Code(5));
        }
        let mut polled: Vec<PollFd<'_>> =
            brokers.iter().map(|(_, fetcher)| PollFd::new(&fetcher.connection, PollFlags::IN)).collect();
        let patience = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
        let ready = loop {
            match poll(&mut polled, Some(&patience)) {
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(KafkaError::of_io(&error.into())),
                Ok(ready) => break ready,
            }
        };
        let is_ready = polled.iter().map(|polled| !polled.revents().is_empty()).collect::<Vec<bool>>();
        let numbers: Vec<i32> = brokers.iter().map(|(broker, _)| *broker).collect();
        if ready == 0 {
            self.fetchers.clear();
            return Err(KafkaError::Connection("the broker does not answer".to_owned()));
        }
        Ok(numbers.into_iter().zip(is_ready).filter_map(|(broker, is_ready)| is_ready.then_some(broker)).collect())
    }

    fn send(&mut self, event: ConsumerEvent) -> Result<(), EngineGone> {
        if self.link.send(event) { Ok(()) } else { Err(EngineGone) }
    }
}

impl Partition {
    /// Goes on at another offset.
    fn begin_again(&mut self, offset: i64) {
        self.next = offset;
        self.transactions = AbortedTransactions::new(offset);
    }
}
