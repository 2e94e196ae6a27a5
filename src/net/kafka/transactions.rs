//! Which transactions of a partition were aborted.
//!
//! A response lists the aborted transactions of its range, each by its producer and its first offset; their records go up
//! to a marker of the producer. Some brokers also list transactions that have ended before the range, which a reader that
//! begins after their markers cannot tell from those that are still open there. So the markers are remembered, and for a
//! transaction that began before the first offset that was read, the marker is looked for once.

use std::collections::{HashMap, HashSet};

use kafka_protocol::messages::fetch_response::PartitionData;

use super::batches::next_batch;
use super::cluster::Cluster;
use super::error::KafkaError;
use super::fetch::{Wanted, fetch_request};

/// The aborted transactions of a partition that is read from an offset on.
#[derive(Clone, Debug)]
pub(super) struct AbortedTransactions {
    /// The first offset that was read.
    start: i64,
    /// The offset of the last marker of each producer.
    markers: HashMap<i64, i64>,
    /// The transactions whose markers are not before `start`.
    open_at_start: HashSet<(i64, i64)>,
}

/// A partition and its leader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'t> {
    pub(super) leader: i32,
    pub(super) topic: &'t str,
    pub(super) partition: i32,
}

impl AbortedTransactions {
    /// Knows none; reading begins at an offset.
    pub(super) fn new(start: i64) -> AbortedTransactions {
        AbortedTransactions { start, markers: HashMap::new(), open_at_start: HashSet::new() }
    }

    /// Notes the marker of an aborted transaction.
    pub(super) fn end(&mut self, producer: i64, offset: i64) {
        let last = self.markers.entry(producer).or_insert(offset);
        *last = offset.max(*last);
    }

    /// The aborted transactions of a response, each by its first offset and its producer, without those that have ended
    /// before it; the last one comes first.
    pub(super) fn listed(&self, data: &PartitionData) -> Vec<(i64, i64)> {
        let listed = data.aborted_transactions.iter().flatten();
        let listed = listed.map(|transaction| (transaction.first_offset, transaction.producer_id.0));
        let mut open: Vec<(i64, i64)> = listed.filter(|(first, producer)| !self.has_ended(*first, *producer)).collect();
        open.sort_unstable_by(|left, right| right.cmp(left));
        open
    }

    fn has_ended(&self, first: i64, producer: i64) -> bool {
        self.markers.get(&producer).is_some_and(|marker| first < *marker)
    }

    /// Looks for the markers of transactions that began before the first offset that was read.
    pub(super) fn resolve(
        &mut self,
        cluster: &mut Cluster,
        place: Place<'_>,
        data: &PartitionData,
    ) -> Result<(), KafkaError> {
        for (first, producer) in self.listed(data) {
            if first < self.start && self.open_at_start.insert((first, producer)) {
                self.find_marker(cluster, place, (first, producer))?;
            }
        }
        Ok(())
    }

    fn find_marker(
        &mut self,
        cluster: &mut Cluster,
        Place { leader, topic, partition }: Place<'_>,
        (first, producer): (i64, i64),
    ) -> Result<(), KafkaError> {
        let mut at = first;
        while at < self.start {
            let answer = cluster.ask(leader, &fetch_request(&[Wanted { topic, partition, offset: at }]))?;
            let data = answer.responses.first().and_then(|topic| topic.partitions.first());
            let Some(data) = data.filter(|data| data.error_code == 0) else {
                return Ok(()); // its beginning is gone, so it counts as open
            };
            let mut bytes: &[u8] = data.records.as_deref().unwrap_or_default();
            let before = at;
            while let Some(Ok(batch)) = next_batch(&mut bytes) {
                let is_before = batch.base_offset >= first && batch.next_offset <= self.start;
                if is_before && batch.producer_id == producer && batch.is_abort() {
                    self.end(producer, batch.base_offset);
                    return Ok(());
                }
                at = at.max(batch.next_offset);
            }
            if at == before {
                return Ok(());
            }
        }
        Ok(())
    }
}
