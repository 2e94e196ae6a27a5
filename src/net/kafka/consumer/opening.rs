//! Finds the partitions and the offsets at which reading begins and ends.

use std::time::Duration;

use super::outage::Outage;
use super::{
    Consumer, ConsumerEvent, ConsumerLink, EngineGone, KafkaError, OnLoss, OpenedPartition, Partition, REFRESH,
    SavedPosition, StartAt,
};
use crate::net::kafka::cluster::{EARLIEST, LATEST, TopicInfo};
use crate::net::kafka::fetch::{Wanted, fetch_request};
use crate::net::kafka::messages::{each_committed, read_once};
use crate::net::kafka::transactions::{AbortedTransactions, Place};

/// The pause before the metadata is read again for a partition that a broker does not know.
const PAUSE: Duration = Duration::from_millis(500);

/// A topic that no broker knows for this long was deleted.
const UNKNOWN: Duration = Duration::from_secs(10);

impl<L: ConsumerLink> Consumer<L> {
    /// Opens the topics. Returns false if they cannot be read.
    pub(super) fn open_topics(&mut self) -> Result<bool, EngineGone> {
        loop {
            match self.find_partitions() {
                Ok(partitions) => {
                    self.partitions = partitions;
                    break;
                }
                // A bounded reading fails at once if no broker can be reached: the address may be wrong.
                Err(error) if error.is_passing() && (self.setup.follow || error.is_of_leader()) => {
                    self.trouble(&error)?
                }
                Err(error) => {
                    self.send(ConsumerEvent::AllFailed(error.to_string()))?;
                    return Ok(false);
                }
            }
        }
        self.outage = Outage::default();
        let all = 0..self.partitions.len();
        let opened = all.map(|index| self.opened(index)).collect();
        self.send(ConsumerEvent::Opened(opened))?;
        for index in 0..self.partitions.len() {
            self.check_saved(index)?;
        }
        Ok(true)
    }

    fn opened(&self, index: usize) -> OpenedPartition {
        let Partition { topic, number, id, next, .. } = &self.partitions[index];
        let is_new = self.saved(topic, *number).is_none();
        OpenedPartition { topic: topic.clone(), partition: *number, id: *id, start: next.cast_unsigned(), is_new }
    }

    fn saved(&self, topic: &str, number: i32) -> Option<SavedPosition> {
        let is_it = |saved: &&SavedPosition| saved.topic == topic && saved.partition == number;
        self.setup.saved.iter().find(is_it).cloned()
    }

    /// Finds all partitions with their bounds.
    fn find_partitions(&mut self) -> Result<Vec<Partition>, KafkaError> {
        let names = self.setup.topics.clone();
        let topics = self.cluster.topics(Some(&names))?;
        let mut partitions = Vec::new();
        for name in &names {
            let topic = topics.iter().find(|topic| topic.name == *name);
            let topic = match topic {
                Some(topic) if topic.error == 0 && !topic.partitions.is_empty() => topic,
                Some(topic) if topic.error != KafkaError::UNKNOWN_TOPIC && topic.error != 0 => {
                    return Err(match KafkaError::Code(topic.error) {
                        error if error.is_passing() => error,
                        error => KafkaError::Refused(format!("topic `{name}`: {error}")),
                    });
                }
                _ => return Err(KafkaError::Refused(self.no_such_topic(name))),
            };
            let wanted = self.wanted(topic)?;
            for (number, leader) in wanted {
                let leader = leader.ok_or(KafkaError::Code(5))?;
                partitions.push(self.bounds(topic, number, leader)?);
            }
        }
        Ok(partitions)
    }

    /// The partitions of a topic that are read.
    fn wanted(&self, topic: &TopicInfo) -> Result<Vec<(i32, Option<i32>)>, KafkaError> {
        let Some(ranges) = &self.setup.partitions else {
            return Ok(topic.partitions.clone());
        };
        let is_wanted = |number: i32| ranges.iter().any(|(first, last)| (*first..=*last).contains(&number));
        let count = topic.partitions.len();
        let last = topic.partitions.last().map_or(0, |(number, _)| *number);
        if let Some((_, missing)) = ranges.iter().find(|(_, end)| *end > last) {
            let name = &topic.name;
            return Err(KafkaError::Refused(format!(
                "topic `{name}` has no partition {missing}: it has {count}, from 0 to {last}"
            )));
        }
        Ok(topic.partitions.iter().copied().filter(|(number, _)| is_wanted(*number)).collect())
    }

    fn no_such_topic(&mut self, name: &str) -> String {
        let all = self.cluster.topics(None).unwrap_or_default();
        let names: Vec<&str> =
            all.iter().map(|topic| topic.name.as_str()).filter(|name| !name.starts_with("__")).collect();
        let closest = names.iter().map(|known| (strsim::osa_distance(known, name), known)).min();
        let most = (name.len() / 3).max(1);
        match closest {
            Some((distance, known)) if distance <= most => {
                format!("there is no topic `{name}`; did you mean `{known}`?")
            }
            _ if names.is_empty() => format!("there is no topic `{name}`, nor any other"),
            _ => {
                let mut names = names;
                names.sort_unstable();
                let more = if names.len() > 10 { ", …" } else { "" };
                names.truncate(10);
                format!("there is no topic `{name}`; there are {}{more}", names.join(", "))
            }
        }
    }

    /// Finds where reading a partition begins and ends.
    fn bounds(&mut self, topic: &TopicInfo, number: i32, leader: i32) -> Result<Partition, KafkaError> {
        let name = &topic.name;
        let at = |consumer: &mut Self, time: i64| consumer.cluster.offset_at(leader, name, number, time);
        let mut end = match self.setup.follow {
            true => None,
            false => Some(at(self, LATEST)?.unwrap_or_default()),
        };
        let saved = self.saved(name, number);
        let start = match (&saved, self.setup.tail, self.setup.start) {
            (Some(saved), _, _) => saved.offset.cast_signed(),
            (None, _, _) if !self.setup.saved.is_empty() => at(self, EARLIEST)?.unwrap_or_default(),
            (None, Some(tail), _) => {
                let (start, after) = self.tail_start(name, number, leader, tail)?;
                end = end.map(|end| end.max(after));
                start
            }
            (None, None, StartAt::Earliest) => at(self, EARLIEST)?.unwrap_or_default(),
            (None, None, StartAt::Latest) => at(self, LATEST)?.unwrap_or_default(),
            (None, None, StartAt::Time(ms)) => match at(self, ms)? {
                Some(offset) => offset,
                None => at(self, LATEST)?.unwrap_or_default(),
            },
        };
        Ok(Partition {
            topic: name.clone(),
            number,
            id: topic.id,
            next: start,
            end,
            leader: Some(leader),
            is_over: false,
            empty: 0,
            unknown: Duration::ZERO,
            transactions: AbortedTransactions::new(start),
        })
    }

    /// Finds the offset of one of the last messages: some offsets have none, so the messages are counted. Also returns the
    /// end of the last batch, which may be after the end that the broker has told.
    fn tail_start(&mut self, topic: &str, number: i32, leader: i32, tail: u64) -> Result<(i64, i64), KafkaError> {
        let first = self.cluster.offset_at(leader, topic, number, EARLIEST)?.unwrap_or_default();
        let end = self.cluster.offset_at(leader, topic, number, LATEST)?.unwrap_or_default().max(first);
        let tail = i64::try_from(tail).unwrap_or(i64::MAX);
        if tail == 0 {
            return Ok((end, end));
        }
        let mut back = tail;
        loop {
            let start = end.saturating_sub(back).max(first);
            let (offsets, after) = self.offsets_in(topic, number, leader, (start, end))?;
            match nth_last(&offsets, tail) {
                Some(found) => return Ok((found, after)),
                None if start == first => return Ok((start, after)),
                None => back = back.saturating_mul(2).max(16),
            }
        }
    }

    /// The offsets of the messages in a range, up to the end of its last batch, and that end.
    fn offsets_in(
        &mut self,
        topic: &str,
        number: i32,
        leader: i32,
        (start, end): (i64, i64),
    ) -> Result<(Vec<i64>, i64), KafkaError> {
        let (mut offsets, mut at, mut buffer) = (Vec::new(), start, Vec::new());
        let mut transactions = AbortedTransactions::new(start);
        let place = Place { leader, topic, partition: number };
        while at < end {
            let data = read_once(&mut self.cluster, place, at)?;
            transactions.resolve(&mut self.cluster, place, &data)?;
            let next = each_committed(&data, at, &mut transactions, &mut buffer, |record| offsets.push(record.offset));
            let next = next.map_err(|fault| {
                KafkaError::Refused(format!("{topic}/{number}: the batch at offset {}: {}", fault.offset, fault.reason))
            })?;
            if next == at {
                break;
            }
            at = next;
        }
        Ok((offsets, at))
    }

    /// Stops or goes on if a topic is not the one that an earlier run has read, or its offset is gone.
    fn check_saved(&mut self, index: usize) -> Result<(), EngineGone> {
        let partition = &self.partitions[index];
        let Some(saved) = self.saved(&partition.topic, partition.number) else {
            return Ok(());
        };
        let (first, end) = match self.ends_of(index) {
            Ok(ends) => ends,
            Err(_) => return Ok(()), // reading finds the error again
        };
        let is_other =
            saved.id != (0, 0) && self.partitions[index].id != (0, 0) && saved.id != self.partitions[index].id;
        let next = self.partitions[index].next;
        if is_other {
            return self.replaced(index, first);
        }
        if (first..=end).contains(&next) || self.has_offset(index) {
            return Ok(());
        }
        self.lose(index, first, end)
    }

    /// Asks the leader for messages at the next offset, whatever it says about the ends: the end of some brokers is that of
    /// an earlier batch.
    fn has_offset(&mut self, index: usize) -> bool {
        let partition = &self.partitions[index];
        let wanted = Wanted { topic: &partition.topic, partition: partition.number, offset: partition.next };
        let request = fetch_request(&[wanted]);
        let Some(leader) = partition.leader else {
            return true;
        };
        let answer = self.cluster.ask(leader, &request);
        let data = answer.as_ref().ok().and_then(|answer| answer.responses.first()?.partitions.first());
        data.is_none_or(|data| data.error_code != KafkaError::OFFSET_OUT_OF_RANGE)
    }

    /// Handles a topic that was deleted and created again.
    fn replaced(&mut self, index: usize, first: i64) -> Result<(), EngineGone> {
        let found = "the topic was deleted and created again";
        match self.setup.on_loss {
            OnLoss::Stop => self.fail(index, format!("{found}; on-loss=earliest reads it from its first message")),
            OnLoss::Earliest => {
                self.partitions[index].begin_again(first);
                self.send(ConsumerEvent::Note(Some(index), format!("{found}; reading it from offset {first}")))
            }
        }
    }

    /// Reads the metadata again: finds the leaders, and in a following reading also new partitions.
    pub(super) fn refresh(&mut self) -> Result<(), EngineGone> {
        self.refresh_at = self.clock.now() + REFRESH;
        let topics = match self.cluster.topics(Some(&self.setup.topics.clone())) {
            Ok(topics) => topics,
            Err(error) => return self.trouble(&error),
        };
        let mut is_without = false;
        for index in 0..self.partitions.len() {
            let partition = &mut self.partitions[index];
            if partition.is_over {
                continue;
            }
            let topic = topics.iter().find(|topic| topic.name == partition.topic);
            let found = topic.and_then(|topic| topic.partitions.iter().find(|(number, _)| *number == partition.number));
            match (topic, found) {
                (Some(topic), Some((_, leader))) => {
                    let is_other = topic.id != (0, 0) && partition.id != (0, 0) && topic.id != partition.id;
                    (partition.leader, partition.unknown) = (*leader, Duration::ZERO);
                    is_without |= leader.is_none();
                    if is_other {
                        partition.id = topic.id;
                        self.replaced(index, 0)?;
                    }
                }
                _ => {
                    partition.leader = None;
                    partition.unknown += PAUSE;
                    is_without = true;
                    if partition.unknown > UNKNOWN {
                        self.fail(index, "the topic was deleted".to_owned())?;
                    }
                }
            }
        }
        if is_without {
            let is_waiting = self.partitions.iter().any(|partition| partition.unknown > Duration::ZERO);
            if is_waiting {
                return if self.link.wait(PAUSE) { Ok(()) } else { Err(EngineGone) };
            }
            return self.trouble(&KafkaError::Code(5));
        }
        if self.setup.follow { self.add_new(&topics) } else { Ok(()) }
    }

    /// Adds the partitions that a topic has got since the start; they are read from their first message.
    fn add_new(&mut self, topics: &[TopicInfo]) -> Result<(), EngineGone> {
        if self.setup.partitions.is_some() {
            return Ok(());
        }
        let first = self.partitions.len();
        for topic in topics {
            for (number, leader) in &topic.partitions {
                let is_it = |known: &Partition| known.topic == topic.name && known.number == *number;
                if self.partitions.iter().any(is_it) {
                    continue;
                }
                self.partitions.push(Partition {
                    topic: topic.name.clone(),
                    number: *number,
                    id: topic.id,
                    next: 0,
                    end: None,
                    leader: *leader,
                    is_over: false,
                    empty: 0,
                    unknown: Duration::ZERO,
                    transactions: AbortedTransactions::new(0),
                });
            }
        }
        if self.partitions.len() == first {
            return Ok(());
        }
        let opened = (first..self.partitions.len()).map(|index| self.opened(index)).collect();
        self.send(ConsumerEvent::Opened(opened))
    }
}

/// The offset of the message that begins the last `tail` ones.
fn nth_last(offsets: &[i64], tail: i64) -> Option<i64> {
    let place = offsets.len().checked_sub(usize::try_from(tail).ok()?)?;
    offsets.get(place).copied()
}
