//! Records are the same however their bytes arrive.

use super::*;
use proptest::prelude::*;

const COMMA: Framing = Framing::Quoted { separator: b',' };

fn records(bytes: &[u8], limit_bytes: usize) -> Vec<&[u8]> {
    let (mut records, mut start) = (Vec::new(), 0);
    RecordCursor::new(COMMA, limit_bytes).each_end(bytes, true, |end, _| {
        records.push(&bytes[start..end]);
        start = end;
    });
    records
}

/// Finds the records byte by byte.
fn one_by_one(bytes: &[u8], limit_bytes: usize) -> Vec<&[u8]> {
    let (mut records, mut start) = (Vec::new(), 0);
    'records: while start < bytes.len() {
        let mut at = start;
        let mut begins = true;
        while at < bytes.len() {
            if begins && bytes[at] == b'"' {
                let open = at;
                at += 1;
                loop {
                    if at >= bytes.len() || at - start >= limit_bytes {
                        let line = bytes[open..].iter().position(|byte| *byte == b'\n');
                        let end = line.map_or(bytes.len(), |line| open + line + 1);
                        records.push(&bytes[start..end]);
                        start = end;
                        continue 'records;
                    }
                    if bytes[at] == b'"' {
                        if bytes.get(at + 1) != Some(&b'"') {
                            break;
                        }
                        at += 1;
                    }
                    at += 1;
                }
            }
            begins = bytes[at] == b',';
            at += 1;
            if bytes[at - 1] == b'\n' {
                break;
            }
        }
        records.push(&bytes[start..at]);
        start = at;
    }
    records
}

/// Mostly well-formed text, so that whole blocks are.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => "\"[a,\n]{0,30}\"",
        2 => "\"a(\"\"){1,2}[,\n]{0,3}\"",
        8 => ",|\n",
        6 => "a{1,40}",
        1 => "[a,\"\n]{1,20}",
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn limits() -> impl Strategy<Value = usize> {
    prop_oneof![1usize..50, 1usize..500, Just(usize::MAX)]
}

proptest! {
    #[test]
    fn finds_what_a_walk_finds(text in text(), limit in limits()) {
        prop_assert_eq!(records(text.as_bytes(), limit), one_by_one(text.as_bytes(), limit));
    }

    #[test]
    fn bytes_that_grow_tell_the_same(text in text(), limit in limits(), step in 1usize..90) {
        let bytes = text.as_bytes();
        let mut cursor = RecordCursor::new(COMMA, limit);
        let (mut ends, mut known) = (Vec::new(), 0);
        while known < bytes.len() {
            known = (known + step).min(bytes.len());
            cursor.each_end(&bytes[..known], false, |end, _| ends.push(end));
        }
        cursor.each_end(bytes, true, |end, _| ends.push(end));
        let mut end = 0;
        let expected: Vec<usize> = records(bytes, limit).iter().map(|record| { end += record.len(); end }).collect();
        prop_assert_eq!(ends, expected);
    }

    #[test]
    fn whole_records_tell_the_same_alone(text in text(), limit in limits(), cut in 0usize..30) {
        let all = records(text.as_bytes(), limit);
        let (front, back) = all.split_at(cut.min(all.len()));
        let (front_bytes, back_bytes) = (front.concat(), back.concat());
        let mut again = records(&front_bytes, limit);
        again.extend(records(&back_bytes, limit));
        prop_assert_eq!(again, all);
    }
}

fn ends(framing: Framing, bytes: &[u8], step: usize) -> Vec<usize> {
    let mut cursor = RecordCursor::new(framing, usize::MAX);
    let mut ends = Vec::new();
    for known in (0..bytes.len()).step_by(step) {
        cursor.each_end(&bytes[..known], false, |end, _| ends.push(end));
    }
    cursor.each_end(bytes, true, |end, _| ends.push(end));
    ends
}

#[test]
fn other_framings_however_the_bytes_come() {
    let trace = RecordStart::of(regex::bytes::Regex::new("^[0-9]").expect("a right expression"));
    for step in 1..12 {
        assert_eq!(ends(Framing::Nul, b"a\nb\0\0c", step), [4, 5, 6]);
        let starts = Framing::Starts(trace);
        assert_eq!(ends(starts, b" x\n1 a\n  b\r\n\n2\n3 c", step), [3, 13, 15, 18]);
        assert_eq!(ends(starts, b"1\n2", step), [2, 3]);
        assert_eq!(ends(starts, b"", step), [0; 0]);
    }
}

#[test]
fn a_record_that_is_too_long_ends_where_the_next_one_begins() {
    let starts = Framing::Starts(RecordStart::of(regex::bytes::Regex::new("^[0-9]").expect("a right expression")));
    let skipped = |framing, bytes: &[u8], ended| {
        let mut cursor = RecordCursor::new(framing, 20);
        cursor.next(&[b'x'; 30], false);
        let (mut skip, from) = cursor.skip(&[b'x'; 30]).expect("it is too long");
        assert_eq!(from, 30);
        skip.next(bytes, ended)
    };
    use Skipped::{Dropped, Until};
    assert_eq!(skipped(Framing::Lines, b"rest\nb\n", false), Until(5));
    assert_eq!(skipped(Framing::Nul, b"rest\nb\0c", false), Until(7));
    assert_eq!(skipped(starts, b"1 rest\n at\n2 next\n", false), Until(11));
    assert_eq!(skipped(starts, b"1 rest\n at\n2 next", false), Dropped(11));
    assert_eq!(skipped(starts, b"1 rest\n at\n2 next", true), Until(11));
    assert_eq!(skipped(starts, b"rest", false), Dropped(4));
    let long = b"1 rest\n2 a line longer than a record may be";
    assert_eq!(skipped(starts, long, false), Until(7));
    let long = b"1 rest\n a line longer than a record may be";
    assert_eq!(skipped(starts, long, false), Dropped(long.len()));
}

#[test]
fn a_line_that_may_begin_the_next_record_is_not_dropped() {
    let starts = Framing::Starts(RecordStart::of(regex::bytes::Regex::new("^[0-9]").expect("a right expression")));
    let bytes = b"1 a\n long enough\n2";
    let mut cursor = RecordCursor::new(starts, 10);
    assert_eq!(cursor.next(bytes, false), None);
    let (mut skip, from) = cursor.skip(bytes).expect("it is too long");
    assert_eq!(from, bytes.len() - 1);
    assert_eq!(skip.next(b"2 b\n", false), Skipped::Until(0));
}

#[test]
fn a_quote_that_stays_open_takes_only_its_line() {
    assert_eq!(records(b"a,\"b\nc\nd\n", 100), [&b"a,\"b\n"[..], b"c\n", b"d\n"]);
    assert_eq!(records(b"a,\"b\nc\"\nd", 100), [&b"a,\"b\nc\"\n"[..], b"d"]);
    assert_eq!(records(b"5\" x\n\"\"\"\n\"\n", 100), [&b"5\" x\n"[..], b"\"\"\"\n\"\n"]);
}
