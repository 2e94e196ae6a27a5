//! Records of the log are read as they were written, and damaged ones are errors.

use std::ffi::OsStr;

use proptest::prelude::*;

use super::*;
use crate::checkpoint::DiskStorage;
use crate::data::Clock;
use crate::data::fake::FakeClock;
use crate::source::offset::FileHead;

/// A checkpoint in a new directory, and the log of its first run.
fn log(folder: &std::path::Path, keeps_bytes: bool) -> (Arc<Checkpoint>, InputLog) {
    let mut checkpoint = Checkpoint::open(Arc::new(DiskStorage::new(folder)), None).expect("a directory");
    let recovery = checkpoint.recover().expect("an empty one");
    assert!(recovery.snapshot.is_none() && recovery.log.count() == 0);
    checkpoint.write_manifest(b"m").expect("room");
    let checkpoint = Arc::new(checkpoint);
    checkpoint.begin_log(0).expect("room");
    let sources = Sources::new(&["a".into()], &[0]);
    sources.number_from(7);
    sources.add(OsStr::new("peer"), SourceIndex(0));
    let now = FakeClock::at(0).now();
    let log = InputLog::new(
        Arc::clone(&checkpoint),
        sources,
        keeps_bytes,
        outputs_record(&outputs()),
        (Duration::from_secs(10), now),
    );
    (checkpoint, log)
}

fn outputs() -> OutputPositions {
    OutputPositions(vec![((1, 2), 3)])
}

/// The records of a checkpoint.
fn records(folder: &std::path::Path) -> Vec<Vec<u8>> {
    let mut checkpoint = Checkpoint::open(Arc::new(DiskStorage::new(folder)), None).expect("a directory");
    let recovery = checkpoint.recover().expect("it is whole");
    recovery.log.map(|record| record.expect("it is whole")).collect()
}

fn content() -> impl Strategy<Value = Content> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..20);
    let mark = prop_oneof![
        Just(Punctuation::Ended),
        Just(Punctuation::Clock),
        Just(Punctuation::Paused),
        Just(Punctuation::Resumed),
        Just(Punctuation::Drained),
        any::<i64>().prop_map(Punctuation::Silent),
    ];
    let rejected = (bytes(), "[a-z]{0,5}").prop_map(|(text, reason)| RejectedRecord { text, reason });
    prop_oneof![
        (bytes(), 0usize..9).prop_map(|(bytes, spare)| {
            let length = bytes.len();
            Content::Buffer([bytes, vec![0; spare]].concat(), length)
        }),
        any::<[u32; 3]>().prop_map(|numbers| {
            let [first, next, records] = numbers.map(u64::from);
            Content::Messages(Box::new(MessageChunk { first, next, records, ..MessageChunk::default() }))
        }),
        Just(()).prop_map(|()| Content::Overlong),
        proptest::collection::vec(rejected, 0..3).prop_map(Content::Rejected),
        mark.prop_map(Content::Punctuation),
        any::<[u32; 4]>().prop_map(|bytes| {
            let [first, low, high, end] = bytes.map(u64::from);
            let file = Arc::new(tempfile::tempfile().expect("a file"));
            let identity = Some(FileIdentity { id: (1, 2), head: FileHead::of(b"x") });
            Content::Range(FileRange { file, identity, first, low, high, end })
        }),
    ]
}

fn task(sequence: u64, source: usize, header: Option<Arc<[u8]>>, read_ns: i64, content: Content) -> Task {
    let mut arrivals = Arrivals::default();
    arrivals.note(3, read_ns);
    let (source, offset) = (SourceIndex(source), ChunkOffset::Unknown);
    Task { sequence, batch: sequence / 2, source, header, read_ns, arrivals, offset, content }
}

/// The content of a chunk, without the file of a range.
fn shown(content: &Content) -> String {
    match content {
        Content::Range(FileRange { identity, first, low, high, end, .. }) => {
            format!("{identity:?} {first} {low} {high} {end}")
        }
        Content::Buffer(bytes, length) => format!("{:?}", &bytes[..*length]),
        Content::Messages(messages) => format!("{messages:?}"),
        other => format!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn chunks_are_read_as_they_were_logged(
        chunks in proptest::collection::vec((0usize..2, any::<bool>(), any::<i64>(), content()), 0..6),
        damage in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1u8..),
    ) {
        let folder = tempfile::tempdir().expect("a directory");
        let (checkpoint, mut log) = log(folder.path(), true);
        let headers: [Arc<[u8]>; 2] = [Arc::from(*b"h0"), Arc::from(*b"h1")];
        let mut tasks = Vec::new();
        for (sequence, (source, has_header, read_ns, content)) in (0..).zip(chunks) {
            let header = has_header.then(|| Arc::clone(&headers[source]));
            let task = task(sequence, if source == 0 { 0 } else { 7 }, header, read_ns, content);
            log.chunk(&task).expect("room");
            tasks.push(task);
        }
        log.batch_end().expect("room");
        drop((checkpoint, log));
        let records = records(folder.path());
        let mut tasks = tasks.into_iter();
        let mut known: HashMap<SourceIndex, Vec<u8>> = HashMap::new();
        for record in &records {
            match LogRecord::read(record).expect("it is whole") {
                LogRecord::Source { index, name, by } => {
                    prop_assert_eq!((index, name.as_slice(), by), (SourceIndex(7), &b"peer"[..], SourceIndex(0)));
                }
                LogRecord::Chunk(read) => {
                    let written = tasks.next().expect("as many as were logged");
                    let header = match read.header {
                        LoggedHeader::None => None,
                        LoggedHeader::Same => known.get(&read.source).cloned(),
                        LoggedHeader::New(header) => {
                            known.insert(read.source, header.clone());
                            Some(header)
                        }
                    };
                    prop_assert_eq!(header.as_deref(), written.header.as_deref());
                    prop_assert_eq!((read.sequence, read.batch, read.source), (written.sequence, written.batch, written.source));
                    prop_assert_eq!((read.read_ns, read.arrivals, read.offset), (written.read_ns, written.arrivals, written.offset));
                    let file = Arc::new(tempfile::tempfile().expect("a file"));
                    let content = read.content.into_content::<()>(|_| Ok(file), |(first, next, records)| {
                        Ok(MessageChunk { first, next, records, ..MessageChunk::default() })
                    }).expect("it opens");
                    prop_assert_eq!(shown(&content), shown(&written.content));
                }
                LogRecord::BatchEnd => prop_assert!(tasks.len() == 0, "it is the last"),
                LogRecord::Outputs(found) => prop_assert!(found == outputs() && record == &records[0]),
            }
        }
        prop_assert_eq!(tasks.len(), 0);
        let (record, at, flip) = damage;
        let mut record = records[record.index(records.len())].clone();
        let at = at.index(record.len());
        let _ = LogRecord::read(&record[..at]); // never panics
        record[at] ^= flip;
        let _ = LogRecord::read(&record);
    }
}

#[test]
fn without_a_journal_only_the_number_of_bytes_is_kept() {
    let folder = tempfile::tempdir().expect("a directory");
    let (checkpoint, mut log) = log(folder.path(), false);
    log.chunk(&task(0, 0, None, 5, Content::Buffer(b"secret\n".to_vec(), 7))).expect("room");
    drop((checkpoint, log));
    let records = records(folder.path());
    let [_, record] = records.as_slice() else { panic!("two records: {records:?}") };
    assert!(!record.windows(6).any(|window| window == b"secret"));
    match LogRecord::read(record) {
        Ok(LogRecord::Chunk(chunk)) => assert!(matches!(chunk.content, LoggedContent::Lost(7))),
        other => panic!("no chunk: {other:?}"),
    }
}
