//! Reads the records of logs, one after the other, and cuts the tail of the last log.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufReader};
use std::sync::Arc;

use memchr::memmem;
use twox_hash::XxHash3_64;

use super::block_file::read_up_to;
use super::error::{CheckpointError, CheckpointProblem};
use super::header::{HEADER_BYTES, StoredHeader, StoredKind};
use super::log::{Log, RECORD_HEADER_BYTES, RECORD_MARK, RecordHeader};
use super::names::log_name;
use super::storage::{FileReader, Storage, StoredFile};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 18;

/// The records of all logs after a snapshot, in order. After an error there are no more.
///
/// The last log is open to append to as soon as the iterator has returned `None`.
#[derive(Debug)]
pub struct LogRecords {
    storage: Arc<dyn Storage>,
    log: Arc<Log>,
    /// The batches of the logs that were not opened yet.
    rest: VecDeque<u64>,
    current: Option<LogReader>,
    /// The batches of all logs of the directory.
    batches: BTreeSet<u64>,
}

/// A log that is read.
#[derive(Debug)]
struct LogReader {
    batch: u64,
    name: String,
    file: Arc<dyn StoredFile>,
    input: BufReader<FileReader>,
    /// Where the next record begins.
    offset: u64,
    length: u64,
}

/// The next part of a log.
enum NextRecord {
    Whole(Vec<u8>),
    /// The log ends after a record.
    End,
    /// The next bytes are not a record.
    Broken,
}

impl LogRecords {
    /// The records of the logs of the batches from `first` on.
    pub(super) fn new(storage: &Arc<dyn Storage>, log: &Arc<Log>, batches: BTreeSet<u64>, first: u64) -> LogRecords {
        let rest = batches.range(first..).copied().collect();
        LogRecords { storage: Arc::clone(storage), log: Arc::clone(log), rest, current: None, batches }
    }

    fn next_record(&mut self) -> Result<Option<Vec<u8>>, CheckpointError> {
        loop {
            let Some(reader) = &mut self.current else {
                let Some(batch) = self.rest.pop_front() else {
                    return Ok(None);
                };
                self.current = Some(LogReader::open(&*self.storage, batch)?);
                continue;
            };
            let path = self.storage.path(&reader.name);
            let failed = |error: io::Error| CheckpointError::io(&path, &error);
            match reader.next_record().map_err(failed)? {
                NextRecord::Whole(record) => return Ok(Some(record)),
                NextRecord::End if self.rest.is_empty() => {}
                NextRecord::End => {
                    self.current = None;
                    continue;
                }
                NextRecord::Broken => {
                    if !self.rest.is_empty() || reader.was_durable().map_err(failed)? {
                        let problem = CheckpointProblem::Damaged(reader.offset);
                        return Err(CheckpointError::new(path, problem));
                    }
                    // durable at once, so that no bytes of it appear between records that are appended now
                    reader.file.truncate(reader.offset).and_then(|()| reader.file.sync()).map_err(failed)?;
                }
            }
            let (file, batches) = (Arc::clone(&reader.file), std::mem::take(&mut self.batches));
            self.log.resume(reader.batch, file, reader.offset, batches);
            self.current = None;
        }
    }
}

impl Iterator for LogRecords {
    type Item = Result<Vec<u8>, CheckpointError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_record();
        if next.is_err() {
            self.rest.clear();
            self.current = None;
        }
        next.transpose()
    }
}

impl LogReader {
    /// Opens the log after a batch, whose header was checked.
    fn open(storage: &dyn Storage, batch: u64) -> Result<LogReader, CheckpointError> {
        let name = log_name(batch);
        let open = || {
            let file = storage.open(&name)?;
            let length = file.length()?;
            Ok((file, length))
        };
        let (file, length) = open().map_err(|error| CheckpointError::io(storage.path(&name), &error))?;
        let offset = HEADER_BYTES as u64;
        let input = buffered(&file, offset);
        Ok(LogReader { batch, name, file, input, offset, length })
    }

    fn next_record(&mut self) -> io::Result<NextRecord> {
        let left = self.length.saturating_sub(self.offset);
        if left == 0 {
            return Ok(NextRecord::End);
        }
        let mut header = [0; RECORD_HEADER_BYTES];
        let taken = read_up_to(&mut self.input, &mut header)?;
        let Some(header) = RecordHeader::read(&header[..taken], self.batch, self.offset) else {
            return Ok(NextRecord::Broken);
        };
        // checked before memory is allocated for it
        let length = usize::try_from(header.length).ok();
        let Some(length) = length.filter(|_| header.length <= left - RECORD_HEADER_BYTES as u64) else {
            return Ok(NextRecord::Broken);
        };
        let mut payload = vec![0; length];
        if read_up_to(&mut self.input, &mut payload)? < length || XxHash3_64::oneshot(&payload) != header.checksum {
            return Ok(NextRecord::Broken);
        }
        self.offset += (RECORD_HEADER_BYTES + length) as u64;
        Ok(NextRecord::Whole(payload))
    }

    /// True if the bytes at `offset` were durable once: a later record says so.
    fn was_durable(&self) -> io::Result<bool> {
        let finder = memmem::Finder::new(RECORD_MARK);
        let mut input = buffered(&self.file, self.offset);
        let mut buffer = vec![0; BUFFER_BYTES];
        let (mut start, mut filled) = (self.offset, 0); // the buffer holds the bytes from `start` on
        loop {
            let read = read_up_to(&mut input, &mut buffer[filled..])?;
            filled += read;
            for found in finder.find_iter(&buffer[..filled]) {
                let header = RecordHeader::read(&buffer[found..filled], self.batch, start + found as u64);
                if header.is_some_and(|header| header.durable > self.offset) {
                    return Ok(true);
                }
            }
            if read == 0 {
                return Ok(false);
            }
            // a header may continue in the next bytes
            let kept = filled.min(RECORD_HEADER_BYTES - 1);
            buffer.copy_within(filled - kept..filled, 0);
            start += (filled - kept) as u64;
            filled = kept;
        }
    }
}

fn buffered(file: &Arc<dyn StoredFile>, offset: u64) -> BufReader<FileReader> {
    BufReader::with_capacity(BUFFER_BYTES, FileReader { file: Arc::clone(file), offset })
}

/// Reads the header of the log after a batch.
pub(super) fn read_log_header(storage: &dyn Storage, batch: u64) -> Result<StoredHeader, CheckpointError> {
    let name = log_name(batch);
    let read = || {
        let mut input = FileReader { file: storage.open(&name)?, offset: 0 };
        let mut header = [0; HEADER_BYTES];
        let taken = read_up_to(&mut input, &mut header)?;
        Ok((header, taken))
    };
    let (header, taken) = read().map_err(|error| CheckpointError::io(storage.path(&name), &error))?;
    StoredHeader::read(&header[..taken], StoredKind::Log, batch)
        .map_err(|problem| CheckpointError::new(storage.path(&name), problem))
}
