//! Reads messages again that a run has logged before it crashed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use crossbeam::channel::never;

use super::Reader;
use crate::data::MessageChunk;
use crate::engine::message::SourceIndex;
use crate::net::kafka::{Cluster, read_range};
use crate::source::{self, Input, KafkaTopics};

/// The clusters that logged messages are read from, by the source of the command line.
#[derive(Default)]
pub(super) struct Clusters(HashMap<SourceIndex, (Cluster, KafkaTopics)>);

/// The pause before another attempt; it grows with their number.
const PAUSE: Duration = Duration::from_millis(500);

/// The number of attempts.
const ATTEMPTS: usize = 20;

impl Reader {
    /// Reads logged messages again: those from one offset up to another, of which there were `records`.
    pub(super) fn messages_again(
        &self,
        source: SourceIndex,
        clusters: &mut Clusters,
        range: (u64, u64, u64),
    ) -> Result<MessageChunk, String> {
        let name = self.sources.display(source);
        let failed = |reason: String| {
            format!(
                "{name}: messages that were read before the last run crashed cannot be read again: {reason}\n  \
                 = help: begin again with --checkpoint-reset"
            )
        };
        let root = self.sources.root(source).map_or(source, SourceIndex);
        let (cluster, topics) = match clusters.0.entry(root) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => match source::open(&self.sources.name(root)).map_err(&failed)? {
                Input::Topics(topics) => {
                    place.insert((Cluster::new(topics.brokers().to_vec(), topics.security.clone()), *topics))
                }
                _ => return Err(failed("it is not a topic".to_owned())),
            },
        };
        let path = self.sources.name(source);
        let Some((topic, partition)) = path.to_str().and_then(|name| topics.partition_of(name)) else {
            return Err(failed("it is not a partition".to_owned()));
        };
        let wait = |attempts: usize| {
            let _ = never::<()>().recv_timeout(PAUSE); // it always times out
            attempts < ATTEMPTS && !self.control.is_stopped()
        };
        let read = read_range(cluster, (topic, partition), range, self.message_fields(source), wait);
        read.map_err(|error| failed(error.to_string()))
    }
}
