//! Where records end: the same whether all bytes are there at once or come bit by bit, and for each record alone.

use bourn::data::{Framing, RecordCursor};

/// Takes a byte for the separator, one for the longest record, one for how many bytes come at once, and bytes.
pub fn check(data: &[u8]) {
    let [separator, limit, step, bytes @ ..] = data else {
        return;
    };
    let framing = match separator {
        0 | b'"' | b'\n' | b'\r' => Framing::Lines,
        &separator => Framing::Quoted { separator },
    };
    let limit_bytes = match limit {
        0 => usize::MAX,
        &limit => usize::from(limit),
    };
    let mut ends = Vec::new();
    RecordCursor::new(framing, limit_bytes).each_end(bytes, true, |end, _| ends.push(end));
    assert_eq!(ends.last().copied().unwrap_or(0), bytes.len());
    assert!(ends.is_sorted_by(|a, b| a < b));
    assert_eq!(framing.count(bytes, limit_bytes), ends.len());

    let mut grown = Vec::new();
    let mut cursor = RecordCursor::new(framing, limit_bytes);
    for known in (0..bytes.len()).step_by(usize::from(*step).max(1)) {
        cursor.each_end(&bytes[..known], false, |end, _| grown.push(end));
    }
    cursor.each_end(bytes, true, |end, _| grown.push(end));
    assert_eq!(grown, ends, "bytes that come bit by bit");

    let (mut taken, mut found) = (0, Vec::new());
    let mut cursor = RecordCursor::new(framing, limit_bytes);
    for known in (0..bytes.len()).step_by(usize::from(*step).max(1)) {
        if let Some(end) = cursor.last(&bytes[taken..known]) {
            cursor.shift(end);
            taken += end;
            found.push(taken);
        }
    }
    assert!(found.iter().all(|end| ends.contains(end)), "the last record so far");

    let mut start = 0;
    for end in ends {
        let alone = framing.count(&bytes[start..end], limit_bytes);
        assert_eq!(alone, 1, "a record alone");
        start = end;
    }
}
