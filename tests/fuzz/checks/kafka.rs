//! Record batches of a broker: no bytes make the reader panic or read past a batch, and what a cut response has is the
//! beginning of what the whole one has.

#[cfg(feature = "kafka")]
use bourn::net::kafka::{RecordBatch, next_batch};

/// Takes a byte that says whether length and checksum are made right, one that says where the response is cut, and a
/// batch.
#[cfg(feature = "kafka")]
pub fn check(data: &[u8]) {
    let [repair, cut, batch @ ..] = data else {
        return;
    };
    let mut bytes = batch.to_vec();
    if repair % 2 == 0 && bytes.len() >= 61 {
        let length = i32::try_from(bytes.len() - 12).expect("a small input");
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[16] = 2;
        let sum = crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&sum.to_be_bytes());
    }
    let twice = [&bytes[..], &bytes].concat();
    let (whole, is_whole) = records(&twice);
    let end = twice.len() - usize::from(*cut).min(twice.len());
    let (part, _) = records(&twice[..end]);
    if is_whole {
        assert!(whole.starts_with(&part), "a cut response has the first records");
    }
}

/// Without Kafka there is nothing to check.
#[cfg(not(feature = "kafka"))]
pub fn check(data: &[u8]) {
    let _ = data;
}

/// The offset, the time and the lengths of each record, and whether all were read.
#[cfg(feature = "kafka")]
fn records(mut bytes: &[u8]) -> (Vec<(i64, i64, usize, usize)>, bool) {
    let (mut found, mut buffer) = (Vec::new(), Vec::new());
    while let Some(batch) = next_batch(&mut bytes) {
        let Ok(batch) = batch else {
            return (found, false);
        };
        let RecordBatch { base_offset, next_offset, .. } = batch;
        assert!(base_offset >= 0 && next_offset > base_offset, "offsets grow");
        batch.is_abort();
        let read = batch.each_record(&mut buffer, |record| {
            assert!(record.offset >= base_offset);
            let length = |bytes: Option<&[u8]>| bytes.map_or(usize::MAX, <[u8]>::len);
            found.push((record.offset, record.time_ms, length(record.key), length(record.value)));
        });
        if read.is_err() {
            return (found, false);
        }
    }
    (found, true)
}
