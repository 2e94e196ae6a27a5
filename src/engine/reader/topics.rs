//! Topics of a broker: a thread of its own fetches their messages, and each partition is a source.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};

use super::event_loop::EventLoop;
use super::source_state::Readiness;
use super::wakeup::Waker;
use super::{Reader, RunOver, Stopped};
use crate::data::MessageChunk;
use crate::engine::arrivals::Arrivals;
use crate::engine::message::{Content, SourceIndex};
use crate::engine::offsets::ChunkOffset;
use crate::engine::thread_group::start_detached;
use crate::net::kafka::{Consumer, ConsumerEvent, ConsumerLink, ConsumerSetup, OpenedPartition, SavedPosition};
use crate::source::KafkaTopics;
use crate::source::offset::{FileHead, FileIdentity, FileTail, Place, SourceOffset};
use crate::window::Punctuation;

/// The number of chunks that wait for the reader. The thread that fetches waits while there are more.
const WAITING_CHUNKS: usize = 4;

/// The number of events handled before other sources are served.
const AT_ONCE: usize = 8;

/// Topics that are read.
pub(super) struct Topics {
    named: KafkaTopics,
    events: Receiver<ConsumerEvent>,
    /// The thread ends when this is dropped.
    _running: Sender<()>,
    partitions: Vec<ReadPartition>,
    has_opened: bool,
}

/// A partition that is read.
pub(super) struct ReadPartition {
    pub(super) source: SourceIndex,
    /// The time of its last message.
    pub(super) last: Instant,
    pub(super) is_over: bool,
    /// The id of the topic.
    id: (u64, u64),
}

/// The thread's way to the reader.
struct ReaderLink {
    events: Sender<ConsumerEvent>,
    running: Receiver<()>,
    buffers: Receiver<Vec<u8>>,
    bell: Arc<Waker>,
    token: usize,
}

impl ConsumerLink for ReaderLink {
    fn send(&mut self, event: ConsumerEvent) -> bool {
        let is_sent = self.events.send(event).is_ok();
        self.bell.tell(|wakeup| wakeup.fetched.push(self.token));
        is_sent
    }

    fn wait(&mut self, time: Duration) -> bool {
        matches!(self.running.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    fn buffer(&mut self) -> Vec<u8> {
        self.buffers.try_recv().unwrap_or_default()
    }
}

impl Topics {
    /// The partitions that are read.
    pub(super) fn partitions(&self) -> impl Iterator<Item = &ReadPartition> {
        self.partitions.iter().filter(|partition| !partition.is_over)
    }
}

impl EventLoop<'_> {
    /// Starts the thread that fetches the messages of topics.
    pub(super) fn topics(&mut self, source: SourceIndex, named: KafkaTopics) -> Result<Topics, Stopped> {
        let reader = &*self.reader;
        let setup = ConsumerSetup {
            brokers: named.brokers().to_vec(),
            security: named.security.clone(),
            topics: named.topics().to_vec(),
            partitions: named.partitions.clone(),
            start: named.start,
            on_loss: named.on_loss,
            follow: reader.reading.follow,
            tail: reader.reading.tail,
            wanted: reader.message_fields(source),
            chunk_bytes: reader.chunk_bytes,
            saved: reader.saved_partitions(source, &named),
        };
        let (events, received) = bounded(WAITING_CHUNKS);
        let (running, is_running) = bounded(0);
        let link = ReaderLink {
            events,
            running: is_running,
            buffers: reader.buffers.clone(),
            bell: Arc::clone(&self.bell),
            token: self.next_token(),
        };
        let (bell, token) = (Arc::clone(&self.bell), link.token);
        let consumer = Consumer::new(setup, Arc::clone(reader.control.clock()), link);
        start_detached("kafka", move || {
            consumer.run();
            bell.tell(|wakeup| wakeup.fetched.push(token)); // so that the reader sees that it has ended
        })?;
        Ok(Topics { named, events: received, _running: running, partitions: Vec::new(), has_opened: false })
    }

    /// Handles the events of the thread.
    pub(super) fn serve_topics(&mut self, source: SourceIndex, topics: &mut Topics) -> Result<Readiness, Stopped> {
        for _ in 0..AT_ONCE {
            match topics.events.try_recv() {
                Ok(event) => self.handle(source, topics, event)?,
                Err(TryRecvError::Empty) => return Ok(Readiness::Wait),
                Err(TryRecvError::Disconnected) => {
                    self.reader.open_root(source, topics)?;
                    return Ok(Readiness::End);
                }
            }
        }
        Ok(Readiness::Turn)
    }

    fn handle(&mut self, root: SourceIndex, topics: &mut Topics, event: ConsumerEvent) -> Result<(), RunOver> {
        let now = self.now();
        match event {
            ConsumerEvent::Opened(opened) => {
                for partition in opened {
                    let read = self.reader.open_partition(root, &topics.named, &partition, now)?;
                    topics.partitions.push(read);
                }
                self.reader.open_root(root, topics)
            }
            ConsumerEvent::Messages(index, chunk) => {
                let partition = &mut topics.partitions[index];
                partition.last = now;
                self.reader.dispatch.begin_batch();
                self.reader.hand_out_messages(partition.source, partition.id, chunk)
            }
            ConsumerEvent::Ended(index) => self.reader.end_partition(&mut topics.partitions[index]),
            ConsumerEvent::Failed(index, reason) => {
                let partition = &mut topics.partitions[index];
                self.reader.fail(partition.source, reason);
                self.reader.end_partition(partition)
            }
            ConsumerEvent::AllFailed(reason) => {
                self.reader.fail(root, reason);
                topics.partitions.iter_mut().try_for_each(|partition| self.reader.end_partition(partition))
            }
            ConsumerEvent::Note(index, text) => {
                let source = index.map_or(root, |index| topics.partitions[index].source);
                let name = self.reader.sources.display(source);
                self.reader.say(format_args!("{name}: {text}"));
                Ok(())
            }
        }
    }
}

impl Reader {
    /// Adds a partition to the sources, or goes on with the one of an earlier run.
    fn open_partition(
        &mut self,
        root: SourceIndex,
        named: &KafkaTopics,
        opened: &OpenedPartition,
        now: Instant,
    ) -> Result<ReadPartition, RunOver> {
        let name = named.partition_name(&opened.topic, opened.partition);
        let known =
            self.sources.added_by(root).into_iter().find(|known| *self.sources.name(*known) == *OsStr::new(&name));
        let source = known.unwrap_or_else(|| self.sources.add(OsStr::new(&name), root));
        if self.marks {
            self.dispatch.mark(source, Punctuation::Resumed)?; // it holds windows open until its first record
        }
        if self.resume.is_some() && opened.is_new {
            // A later run goes on here even if no message comes until then.
            let start = MessageChunk { first: opened.start, next: opened.start, ..MessageChunk::default() };
            self.hand_out_messages(source, opened.id, start)?;
        }
        Ok(ReadPartition { source, last: now, is_over: false, id: opened.id })
    }

    /// Ends what only earlier runs have read of the topics, once the partitions of this run are known.
    fn open_root(&mut self, root: SourceIndex, topics: &mut Topics) -> Result<(), RunOver> {
        if std::mem::replace(&mut topics.has_opened, true) {
            return Ok(());
        }
        if !topics.partitions.is_empty() {
            for known in self.sources.added_by(root) {
                if !topics.partitions.iter().any(|partition| partition.source == known) {
                    self.dispatch.mark(known, Punctuation::Left)?;
                }
            }
        }
        match (self.reading.follow, self.marks) {
            (true, _) => self.mark_without_records(root),
            (false, true) => self.dispatch.mark(root, Punctuation::Drained), // it holds no windows open, and goes on
            (false, false) => Ok(()),
        }
    }

    /// Dispatches messages of a partition.
    fn hand_out_messages(&mut self, source: SourceIndex, id: (u64, u64), chunk: MessageChunk) -> Result<(), RunOver> {
        let offset = match self.resume {
            Some(_) => ChunkOffset::At(offset_of(id, chunk.next)),
            None => ChunkOffset::Unknown,
        };
        self.dispatch.hand_out_read(source, None, Content::Messages(Box::new(chunk)), Arrivals::default(), offset)
    }

    /// Reports that a partition was read to its end.
    fn end_partition(&mut self, partition: &mut ReadPartition) -> Result<(), RunOver> {
        if std::mem::replace(&mut partition.is_over, true) {
            return Ok(());
        }
        match (self.suspends, self.marks) {
            (false, _) => self.dispatch.mark(partition.source, Punctuation::Ended),
            (true, true) => self.dispatch.mark(partition.source, Punctuation::Drained),
            (true, false) => Ok(()),
        }
    }

    /// Reports the end of the run to partitions that it has not read to their ends.
    pub(super) fn end_topics(&mut self, topics: &mut Topics) -> Result<(), RunOver> {
        topics.partitions.iter_mut().try_for_each(|partition| self.end_partition(partition))
    }

    /// The offsets up to which an earlier run has read the partitions of topics.
    fn saved_partitions(&self, root: SourceIndex, named: &KafkaTopics) -> Vec<SavedPosition> {
        let (Some(resume), Some(key)) = (&self.resume, self.sources.key(root)) else {
            return Vec::new();
        };
        let saved = resume.files_in(&key).filter_map(|(key, at)| {
            let (topic, partition) = named.partition_of(key.path().to_str()?)?;
            Some(SavedPosition { topic: topic.to_owned(), partition, id: at.file.id, offset: at.byte })
        });
        saved.filter(|saved| named.topics().contains(&saved.topic)).collect()
    }
}

/// The position in a partition before a message.
fn offset_of(id: (u64, u64), offset: u64) -> SourceOffset {
    let file = FileIdentity { id, head: FileHead::default() };
    SourceOffset { file, byte: offset, tail: FileTail::default(), place: Place::Message }
}
