//! Compares the pairs with a nested loop over all records, for any interleaving and batching of the two streams.

use proptest::prelude::*;

use super::*;
use crate::data::{Slot, SlotSet};
use crate::stage::join::spec::tests::joined;

const KEY: Slot = Slot(0);
const TIME: Slot = Slot(1);
/// The printed slots of the left and right side.
const NUMBERS: [Slot; 2] = [Slot(2), Slot(3)];
/// The printed slot of the record that came last.
const LAST: Slot = Slot(4);

const WITHIN: i64 = 3;
const LATE: i64 = 2;

fn join(unmatched: JoinKind) -> JoinSpec {
    let columns = vec![
        (NUMBERS[0], ColumnSource::One(Side::Left, NUMBERS[0])),
        (NUMBERS[1], ColumnSource::One(Side::Right, NUMBERS[1])),
        (LAST, ColumnSource::Last(LAST)),
    ];
    let kept = NUMBERS.map(|slot| {
        let mut kept = SlotSet::default();
        kept.insert(slot);
        kept.insert(LAST);
        kept
    });
    joined((KEY, TIME), (WITHIN, LATE), unmatched, columns, kept)
}

/// A record: its side, key (0 is null) and time.
type Record = (bool, u8, i64);

fn records() -> impl Strategy<Value = Vec<Record>> {
    // Times advance, some going back further than allowed.
    let record = (any::<bool>(), 0u8..3, -6i64..3);
    prop::collection::vec(record, 0..60).prop_map(|mut records| {
        for (place, record) in records.iter_mut().enumerate() {
            record.2 += place as i64;
        }
        records
    })
}

/// A printed row: the index of each side's record, and of the later one.
type PrintedRow = (Option<usize>, Option<usize>, usize);

/// The result: rows, and counts of records without one.
#[derive(Debug, Default, PartialEq)]
struct JoinOutcome {
    rows: Vec<PrintedRow>,
    filtered: u64,
    late: u64,
}

fn batch(records: &[Record], first: usize) -> Batch<'static> {
    let side = usize::from(records[0].0);
    let mut batch = Batch::new(records.len(), Position(0));
    let key = |record: &Record| match record.1 {
        0 => ValueRef::Null,
        1 => ValueRef::Text(b"a"),
        _ => ValueRef::Text(b"a key of more than 16 bytes"),
    };
    let numbers = || (first..first + records.len()).map(|number| ValueRef::Int(number as i64));
    batch.set(KEY, records.iter().map(key).collect());
    batch.set(TIME, records.iter().map(|record| ValueRef::Int(record.2)).collect());
    batch.set(NUMBERS[side], numbers().collect());
    batch.set(LAST, numbers().collect());
    batch
}

fn written() -> [SourceInfo; 2] {
    [0, 1].map(|input| SourceInfo { input, ends: true })
}

fn begun(join: JoinSpec) -> JoinOperator {
    let mut joining = JoinOperator::new(join);
    let limits = WatermarkConfig { sources: 2, max_jump_ns: i64::MAX / 4, idle_ns: i64::MAX };
    joining.begin(limits, &written());
    joining
}

fn arrival(side: bool, read_ns: i64) -> Arrival {
    Arrival { source: usize::from(side), input: usize::from(side), read_ns }
}

/// The same join, loaded from its bytes.
fn reloaded(joining: &JoinOperator, join: JoinSpec) -> JoinOperator {
    let bytes = bytes(joining);
    let mut again = begun(join);
    again.load_state(&mut StateReader::new(&bytes)).expect("its own bytes");
    again
}

fn bytes(joining: &JoinOperator) -> Vec<u8> {
    let mut out = Vec::new();
    joining.save_state(&mut out);
    out
}

fn run(records: &[Record], unmatched: JoinKind, cuts: &[usize]) -> JoinOutcome {
    run_join(join(unmatched), records, cuts)
}

fn run_join(join: JoinSpec, records: &[Record], cuts: &[usize]) -> JoinOutcome {
    let by_arrival = join.by_arrival;
    let mut joining = begun(join.clone());
    let (mut out, mut account) = (Vec::new(), RecordCounts::default());
    let (mut at, mut cuts) = (0, cuts.iter().cycle());
    while at < records.len() {
        let most = *cuts.next().expect("there is one");
        let side = records[at].0;
        let len = records[at..].iter().take(most).take_while(|record| record.0 == side).count();
        let read_ns = if by_arrival { records[at + len - 1].2 } else { 0 };
        joining.arrive(arrival(side, read_ns));
        joining.push(batch(&records[at..at + len], at), &mut out, &mut account);
        at += len;
        joining = reloaded(&joining, join.clone());
    }
    joining.finish(&mut out, &mut account);
    let number = |batch: &Batch<'_>, slot: Slot, row: usize| match batch.column(slot).get(row) {
        ValueRef::Int(number) => Some(number as usize),
        _ => None,
    };
    let mut outcome = JoinOutcome { filtered: account.filtered, late: account.late, ..JoinOutcome::default() };
    for batch in &out {
        for row in 0..batch.rows {
            let [first, second] = NUMBERS.map(|slot| number(batch, slot, row));
            let last = number(batch, LAST, row).expect("a row is of some record");
            outcome.rows.push((first, second, last));
        }
    }
    outcome
}

/// The specification: compares with all records of the other side, except those that its time has passed.
fn naive(records: &[Record], unmatched: JoinKind) -> JoinOutcome {
    let mut outcome = JoinOutcome::default();
    let mut largest = [None::<i64>; 2];
    let mut is_paired = vec![false; records.len()];
    let mut is_late = vec![false; records.len()];
    let mut is_gone: Vec<bool> = Vec::new();
    let print = |outcome: &mut JoinOutcome, number: usize, is_paired: bool, is_late: bool| match (
        is_paired,
        unmatched == JoinKind::Left && !records[number].0,
        is_late,
    ) {
        (true, ..) => {}
        (false, true, _) => outcome.rows.push((Some(number), None, number)),
        (false, false, true) => outcome.late += 1,
        (false, false, false) => outcome.filtered += 1,
    };
    for (number, &(side, key, time)) in records.iter().enumerate() {
        let own = &mut largest[usize::from(side)];
        *own = Some(own.map_or(time, |own| own.max(time)));
        let reached = largest.map(|time| time.map_or(i64::MIN, |time| time - LATE));
        let is_past = |other: usize| {
            let (side, _, time) = records[other];
            time + WITHIN < reached[usize::from(!side)]
        };
        let mut gone: Vec<usize> = (0..number).filter(|other| !is_gone[*other] && is_past(*other)).collect();
        gone.sort_by_key(|other| (records[*other].2, *other));
        for other in gone {
            is_gone[other] = true;
            print(&mut outcome, other, is_paired[other], is_late[other]);
        }
        for other in 0..number {
            let (other_side, other_key, other_time) = records[other];
            if other_side == side || key == 0 || other_key == 0 {
                continue;
            }
            if is_gone[other] {
                is_late[number] |= other_time >= time - WITHIN;
            } else if other_key == key && (time - other_time).abs() <= WITHIN {
                (is_paired[number], is_paired[other]) = (true, true);
                let (first, second) = match side {
                    true => (other, number),
                    false => (number, other),
                };
                outcome.rows.push((Some(first), Some(second), number));
            }
        }
        is_gone.push(key == 0 || is_past(number));
        if is_gone[number] {
            print(&mut outcome, number, is_paired[number], is_late[number]);
        }
    }
    for of in [false, true] {
        let mut rest: Vec<usize> =
            (0..records.len()).filter(|other| !is_gone[*other] && records[*other].0 == of).collect();
        rest.sort_by_key(|other| (records[*other].2, *other));
        for other in rest {
            print(&mut outcome, other, is_paired[other], is_late[other]);
        }
    }
    outcome
}

proptest! {
    #[test]
    fn pairs_are_those_of_a_nested_loop(records in records(), cuts in prop::collection::vec(1usize..9, 1..5), is_left in any::<bool>()) {
        let unmatched = if is_left { JoinKind::Left } else { JoinKind::Inner };
        let expected = naive(&records, unmatched);
        prop_assert_eq!(&run(&records, unmatched, &[1]), &expected);
        prop_assert_eq!(&run(&records, unmatched, &cuts), &expected);
        prop_assert_eq!(&run(&records, unmatched, &[usize::MAX]), &expected);
    }
}

proptest! {
    #[test]
    fn by_arrival_each_record_has_its_own_time(
        steps in prop::collection::vec((any::<bool>(), 0u8..3, 0i64..4), 0..60),
        cuts in prop::collection::vec(1usize..9, 1..5),
    ) {
        let mut now = 0;
        let arrive = |(side, key, step): (bool, u8, i64)| {
            now += step;
            (side, key, now)
        };
        let records: Vec<Record> = steps.into_iter().map(arrive).collect();
        let mut expected: Vec<PrintedRow> = Vec::new();
        for (last, later) in records.iter().enumerate() {
            for (number, earlier) in records[..last].iter().enumerate() {
                if earlier.0 != later.0 && earlier.1 == later.1 && later.1 != 0 && later.2 - earlier.2 <= WITHIN {
                    let (left, right) = if later.0 { (number, last) } else { (last, number) };
                    expected.push((Some(left), Some(right), last));
                }
            }
        }
        expected.sort_unstable();
        for cuts in [&[1], &cuts[..], &[usize::MAX]] {
            let join = JoinSpec { by_arrival: true, ..join(JoinKind::Inner) };
            let mut outcome = run_join(join, &records, cuts);
            outcome.rows.sort_unstable();
            prop_assert_eq!(&outcome.rows, &expected);
            prop_assert_eq!(outcome.late, 0);
        }
    }
}

#[test]
fn what_is_kept_does_not_grow() {
    let mut joining = begun(join(JoinKind::Inner));
    let mut account = RecordCounts::default();
    let mut pairs = 0;
    for round in 0..30_000i64 {
        for side in [false, true] {
            let mut batch = batch(&[(side, 1, round), (side, 2, round)], 0);
            let key = format!("a key that comes once, {round}");
            let keys = [ValueRef::Text(key.as_bytes()), ValueRef::Text(b"b")];
            batch.set(KEY, keys.into_iter().collect());
            joining.arrive(arrival(side, 0));
            let mut out = Vec::new();
            joining.push(batch, &mut out, &mut account);
            pairs += out.iter().map(|batch| batch.rows).sum::<usize>();
        }
        let waiting = Side::BOTH.map(|side| joining.partners.waiting(side));
        assert!(waiting.iter().all(|waiting| *waiting <= 2 * (WITHIN + LATE + 2) as usize));
        assert!(joining.partners.keys() <= (1 << 14) + 16, "{round}");
        let batches = joining.kept.each_ref().map(RowStore::batches);
        assert!(batches.iter().all(|batches| *batches <= waiting[0]), "{batches:?}");
    }
    // Each record with its own key, and each `b` with those of the other side within the time span before it.
    let b = (1..=WITHIN as usize).map(|apart| 2 * (30_000 - apart)).sum::<usize>();
    assert_eq!(pairs, 30_000 + 30_000 + b);
    assert_eq!(account.filtered + account.late, 0);
}

#[test]
fn a_side_that_has_ended_is_waited_for_no_more() {
    let mut joining = begun(join(JoinKind::Left));
    let (mut out, mut account) = (Vec::new(), RecordCounts::default());
    joining.arrive(arrival(false, 0));
    joining.push(batch(&[(false, 1, 5), (false, 2, 4)], 0), &mut out, &mut account);
    assert!(out.is_empty());
    joining.mark(Punctuation::Clock, arrival(true, 0), &mut out, &mut account);
    assert!(out.is_empty(), "the clock says nothing of the records' time");
    joining.mark(Punctuation::Ended, arrival(true, 0), &mut out, &mut account);
    let rows: usize = out.iter().map(|batch| batch.rows).sum();
    assert_eq!(rows, 2);
    assert_eq!(out[0].column(NUMBERS[0]).get(0), ValueRef::Int(1), "by time");
    joining.push(batch(&[(false, 1, 6)], 2), &mut out, &mut account);
    assert_eq!(out.len(), 2, "at once");
    assert_eq!(joining.partners.waiting(Side::Left), 0);
}

#[test]
fn only_records_that_may_find_a_partner_are_saved() {
    let mut joining = begun(join(JoinKind::Inner));
    let (mut out, mut account) = (Vec::new(), RecordCounts::default());
    let mut sizes = Vec::new();
    for round in 0..200i64 {
        for side in [false, true] {
            joining.arrive(arrival(side, 0));
            joining.push(batch(&[(side, 1, round), (side, 2, round)], 0), &mut out, &mut account);
        }
        sizes.push(bytes(&joining).len());
    }
    assert!(sizes[20..].iter().all(|size| *size == sizes[199]), "{sizes:?}");
}

#[test]
fn records_of_unknown_keys_or_without_order_are_damage() {
    let mut joining = begun(join(JoinKind::Inner));
    joining.push(batch(&[(false, 1, 5), (false, 2, 4)], 0), &mut Vec::new(), &mut RecordCounts::default());
    let saved = bytes(&joining);
    let load = |bytes: &[u8]| begun(join(JoinKind::Inner)).load_state(&mut StateReader::new(bytes));
    assert_eq!(load(&saved), Ok(()));
    // The right side is empty: 8 bytes at the end. Before it are the two records of the left one.
    let last = saved.len() - 8 - SAVED_ROW_BYTES;
    for (at, value) in [(0, 0), (0, 3), (4 + 8, 0), (4 + 8, 2), (4 + 8 + 8, 2)] {
        let mut damaged = saved.clone();
        damaged[last + at] = value;
        assert_eq!(load(&damaged), Err(StateError::Damaged), "{at}: {value}");
    }
}

#[test]
fn a_join_of_other_sources_is_rejected() {
    let saved = bytes(&begun(join(JoinKind::Inner)));
    let mut other = JoinOperator::new(join(JoinKind::Inner));
    let limits = WatermarkConfig { sources: 1, max_jump_ns: i64::MAX / 4, idle_ns: i64::MAX };
    other.begin(limits, &written()[..1]);
    assert_eq!(other.load_state(&mut StateReader::new(&saved)), Err(StateError::Damaged));
}
