//! Record batches (format 2), as they are in the responses to Fetch: checks them, and finds their records without
//! copying a value.

use std::borrow::Cow;

use super::compression::decompress;

/// The bytes before the records.
const HEADER_BYTES: usize = 61;

/// The bytes before the length's end: the base offset and the length itself.
const LENGTH_END: usize = 12;

/// The position of the format's number, and of the first byte of which a checksum is made.
const FORMAT_AT: usize = 16;
const CHECKED_FROM: usize = 21;

/// A batch of records as the broker stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordBatch<'b> {
    /// The offset of its first record when it was written: compaction may have removed that.
    pub base_offset: i64,
    /// The offset after its last record.
    pub next_offset: i64,
    /// True if it has markers of transactions instead of records.
    pub is_control: bool,
    /// True if its records count only if their transaction is committed.
    pub is_transactional: bool,
    /// The producer, which the list of aborted transactions names.
    pub producer_id: i64,
    codec: u8,
    /// The time of all records if the broker has set it, in milliseconds since 1970.
    append_ms: Option<i64>,
    base_ms: i64,
    count: i32,
    records: &'b [u8],
}

/// A batch that is damaged, with the offset at which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFault {
    /// The offset of its first record, as far as it is known.
    pub offset: i64,
    /// The reason, a sentence without its place.
    pub reason: String,
}

/// A record of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRecord<'r> {
    /// Its offset in the partition.
    pub offset: i64,
    /// Its time in milliseconds since 1970.
    pub time_ms: i64,
    /// The key, if there is one.
    pub key: Option<&'r [u8]>,
    /// The value; `None` marks a removed key.
    pub value: Option<&'r [u8]>,
    /// The headers as they are stored, see `headers`.
    pub headers: &'r [u8],
}

/// Takes the first batch off `bytes`. `None` if there is no complete one: a broker cuts the last batch of a response.
pub fn next_batch<'b>(bytes: &mut &'b [u8]) -> Option<Result<RecordBatch<'b>, BatchFault>> {
    let offset = i64::from_be_bytes(*bytes.first_chunk::<8>()?);
    let length = i32::from_be_bytes(bytes.get(8..LENGTH_END)?.try_into().ok()?);
    let whole = std::mem::take(bytes); // after a fault nothing is left
    let fault = |reason: String| Some(Err(BatchFault { offset, reason }));
    let Some(end) = usize::try_from(length).ok().filter(|length| *length >= FORMAT_AT + 1 - LENGTH_END) else {
        return fault(format!("its length is {length}"));
    };
    let end = end + LENGTH_END;
    let format = *whole.get(FORMAT_AT)?;
    if format != 2 {
        return fault(format!("it has message format {format}, expected 2 (brokers since 0.11 write it)"));
    }
    let (batch, others) = whole.split_at_checked(end)?;
    *bytes = others;
    if batch.len() < HEADER_BYTES {
        return fault(format!("its length is {length}"));
    }
    let number = |at: usize| i64::from_be_bytes(batch[at..at + 8].try_into().expect("eight bytes"));
    let short = |at: usize| i32::from_be_bytes(batch[at..at + 4].try_into().expect("four bytes"));
    let (stored, found) = (short(17).cast_unsigned(), crc32c::crc32c(&batch[CHECKED_FROM..]));
    if stored != found {
        return fault(format!("its checksum is {found:08x}, expected {stored:08x}"));
    }
    let attributes = u16::from_be_bytes([batch[21], batch[22]]);
    let (last, count) = (short(23), short(57));
    if last < 0 || count < 0 || offset < 0 || offset > i64::MAX - i64::from(i32::MAX) - 1 {
        return fault("its offsets are out of range".to_owned());
    }
    Some(Ok(RecordBatch {
        base_offset: offset,
        next_offset: offset + i64::from(last) + 1,
        is_control: attributes & 0x20 != 0,
        is_transactional: attributes & 0x10 != 0,
        producer_id: number(43),
        codec: (attributes & 7) as u8,
        append_ms: (attributes & 8 != 0).then(|| number(35)),
        base_ms: number(27),
        count,
        records: &batch[HEADER_BYTES..],
    }))
}

impl RecordBatch<'_> {
    /// Calls `see` with each record. `buffer` holds decompressed records; it is emptied first. After a fault, the
    /// records before it were seen.
    pub fn each_record(&self, buffer: &mut Vec<u8>, mut see: impl FnMut(StoredRecord<'_>)) -> Result<(), BatchFault> {
        let fault = |reason: String| BatchFault { offset: self.base_offset, reason };
        let records = match self.codec {
            0 => Cow::Borrowed(self.records),
            codec => {
                buffer.clear();
                decompress(codec, self.records, buffer).map_err(fault)?;
                Cow::Borrowed(buffer.as_slice())
            }
        };
        let mut rest: &[u8] = &records;
        for number in 1..=self.count {
            let Some(record) = self.next_record(&mut rest) else {
                return Err(fault(format!("its record {number} of {} cannot be read", self.count)));
            };
            see(record);
        }
        match rest {
            [] => Ok(()),
            _ => Err(fault(format!("it has {} bytes after its last record", rest.len()))),
        }
    }

    /// Returns true if it is the marker of an aborted transaction.
    pub fn is_abort(&self) -> bool {
        let mut kind = None;
        let seen = self.each_record(&mut Vec::new(), |record| {
            kind = record.key.and_then(|key| key.get(2..4)).map(|kind| [kind[0], kind[1]]);
        });
        self.is_control && seen.is_ok() && kind == Some([0, 0])
    }

    fn next_record<'r>(&self, bytes: &mut &'r [u8]) -> Option<StoredRecord<'r>> {
        let length = usize::try_from(varint(bytes)?).ok()?;
        let (mut record, others) = bytes.split_at_checked(length)?;
        *bytes = others;
        record = record.get(1..)?; // attributes, of which none is defined
        let time = varint(&mut record)?;
        let offset = varint(&mut record).filter(|delta| (0..=i64::from(i32::MAX)).contains(delta))?;
        let key = field(&mut record)?;
        let value = field(&mut record)?;
        Some(StoredRecord {
            offset: self.base_offset + offset,
            time_ms: self.append_ms.unwrap_or(self.base_ms.wrapping_add(time)),
            key,
            value,
            headers: record,
        })
    }
}

/// Takes bytes with their length off `bytes`; the outer `None` is an error, the inner one is null.
fn field<'r>(bytes: &mut &'r [u8]) -> Option<Option<&'r [u8]>> {
    let length = varint(bytes)?;
    if length == -1 {
        return Some(None);
    }
    let (field, others) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = others;
    Some(Some(field))
}

/// Takes a number in zigzag coding off `bytes`.
#[inline]
pub(crate) fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            *bytes = &bytes[place + 1..];
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bytes::{BufMut, Bytes, BytesMut};
    use kafka_protocol::protocol::StrBytes;
    use kafka_protocol::records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
    use proptest::prelude::*;

    use super::*;
    use crate::net::kafka::compression::tests::compress;

    /// Key, value and time of a record.
    type Written = (Option<Vec<u8>>, Option<Vec<u8>>, i64);

    fn record(offset: i64, (key, value, time): &Written) -> Record {
        Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: 0,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: TimestampType::Creation,
            offset,
            sequence: i32::try_from(offset).expect("a small offset"),
            timestamp: *time,
            key: key.clone().map(Bytes::from),
            value: value.clone().map(Bytes::from),
            headers: [(StrBytes::from_static_str("h"), Some(Bytes::from_static(b"x")))].into_iter().collect(),
        }
    }

    /// A batch by the encoder of `kafka-protocol`.
    fn batch(first: i64, written: &[Written], codec: u8) -> Vec<u8> {
        let records: Vec<Record> =
            written.iter().enumerate().map(|(place, written)| record(first + place as i64, written)).collect();
        let compression =
            [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
        let options = RecordEncodeOptions { version: 2, compression: compression[usize::from(codec)] };
        let mut bytes = BytesMut::new();
        let compress = |plain: &mut BytesMut, out: &mut BytesMut, _: Compression| {
            out.put_slice(&compress(codec, plain));
            Ok(())
        };
        RecordBatchEncoder::encode_with_custom_compression(&mut bytes, &records, &options, Some(compress))
            .expect("a batch");
        bytes.to_vec()
    }

    /// The offset and the content of each record.
    fn read(mut bytes: &[u8]) -> Result<Vec<(i64, Written)>, BatchFault> {
        let (mut found, mut buffer) = (Vec::new(), Vec::new());
        while let Some(batch) = next_batch(&mut bytes) {
            batch?.each_record(&mut buffer, |record| {
                let written = (record.key.map(<[u8]>::to_vec), record.value.map(<[u8]>::to_vec), record.time_ms);
                found.push((record.offset, written));
                assert_eq!(record.headers, b"\x02\x02h\x02x");
            })?;
        }
        Ok(found)
    }

    fn written() -> impl Strategy<Value = Vec<Written>> {
        let bytes = || prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
        prop::collection::vec((bytes(), bytes(), -1_000_000_000_000i64..1_000_000_000_000), 1..20)
    }

    proptest! {
        #[test]
        fn records_are_those_that_were_written(
            batches in prop::collection::vec((written(), 0u8..5), 1..4),
            cut in 0usize..80,
        ) {
            let (mut bytes, mut expected, mut next) = (Vec::new(), Vec::new(), 3);
            for (written, codec) in &batches {
                bytes.extend_from_slice(&batch(next, written, *codec));
                expected.extend((next..).zip(written.iter().cloned()));
                next += written.len() as i64;
            }
            prop_assert_eq!(&read(&bytes).expect("they are whole"), &expected);
            // A broker cuts the last batch of a response.
            let last = batches.last().expect("a batch").0.len();
            bytes.truncate(bytes.len() - 1 - cut.min(60));
            prop_assert_eq!(read(&bytes).expect("they are whole"), &expected[..expected.len() - last]);
        }

        #[test]
        fn damage_is_found(written in written(), codec in 0u8..5, place in any::<prop::sample::Index>(), bit in 0u8..8) {
            let whole = batch(7, &written, codec);
            let mut bytes = whole.clone();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            match read(&bytes) {
                Err(_) => {}
                // The base offset and the epoch are not part of the checksum; a length that is too large is a cut.
                Ok(found) => prop_assert!(found.is_empty() || place < 8 || (12..16).contains(&place)),
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), format in any::<bool>()) {
            let mut bytes = bytes;
            if format && bytes.len() > CHECKED_FROM {
                bytes[FORMAT_AT] = 2;
                let end = (bytes.len() - LENGTH_END) as i32;
                bytes[8..LENGTH_END].copy_from_slice(&end.to_be_bytes());
                let sum = crc32c::crc32c(&bytes[CHECKED_FROM..]);
                bytes[17..CHECKED_FROM].copy_from_slice(&sum.to_be_bytes());
            }
            let mut rest = bytes.as_slice();
            let mut seen = HashMap::new();
            while let Some(batch) = next_batch(&mut rest) {
                if let Ok(batch) = batch {
                    let _ = batch.each_record(&mut Vec::new(), |record| {
                        seen.insert(record.offset, record.time_ms);
                    });
                    batch.is_abort();
                }
            }
        }
    }

    #[test]
    fn a_record_count_that_is_wrong_is_a_fault() {
        let mut bytes = batch(0, &[(None, Some(b"x".to_vec()), 0)], 0);
        for (count, reason) in [(2u8, "its record 2 of 2 cannot be read"), (0, "it has 12 bytes after its last record")]
        {
            bytes[60] = count;
            let sum = crc32c::crc32c(&bytes[CHECKED_FROM..]);
            bytes[17..CHECKED_FROM].copy_from_slice(&sum.to_be_bytes());
            assert_eq!(read(&bytes), Err(BatchFault { offset: 0, reason: reason.to_owned() }));
        }
    }
}
