//! A log by windows and by cells, in memory and saved.

use proptest::prelude::*;

use super::*;
use crate::data::{Column, HeapBytes, Position, Slot, Validity};
use crate::window::check_state::check_state;

fn batch(values: &[i64]) -> Batch<'static> {
    let mut batch = Batch::new(values.len(), Position(0));
    batch.set(Slot(0), Column::Int(values.to_vec(), Validity::ALL));
    batch
}

fn values(batches: &[Batch<'static>]) -> Vec<i64> {
    let of = |batch: &Batch<'static>| match batch.column(Slot(0)) {
        Column::Int(values, _) => values.clone(),
        other => panic!("{other:?}"),
    };
    batches.iter().flat_map(of).collect()
}

/// The values of records, whatever type a damaged state has given them.
fn texts(batches: &[Batch<'static>]) -> Vec<String> {
    let of = |batch: &Batch<'static>| {
        let rows = 0..batch.rows;
        rows.map(|row| format!("{:?}", batch.column(Slot(0)).get(row))).collect::<Vec<_>>()
    };
    batches.iter().flat_map(of).collect()
}

fn log() -> RowLog {
    let mut live = SlotSet::default();
    live.insert(Slot(0));
    RowLog::new(live)
}

#[test]
fn a_window_has_its_records_in_the_order_of_arrival() {
    let mut log = log();
    log.push(batch(&[10, 11, 12]), &[(1, 2), (0, 1), (1, 2)]);
    log.push(batch(&[13, 14]), &[(0, 1), (3, 3)]);
    assert_eq!(log.first(i64::MIN), Some(0));
    assert_eq!(values(&log.of(0)), [11, 13]);
    log.forget(1);
    assert_eq!(values(&log.of(1)), [10, 11, 12, 13]);
    log.forget(2);
    assert_eq!(values(&log.of(2)), [10, 12]);
    log.forget(3);
    assert_eq!(log.first(3), Some(3));
    assert_eq!(values(&log.of(3)), [14]);
    log.forget(4);
    assert_eq!(log.first(4), None);
    assert_eq!(log.store.batches(), 0);
}

#[test]
fn what_is_held_stays_as_small_as_what_is_wanted() {
    let mut log = log();
    let mut most = 0;
    for window in 0..1000 {
        // One record of each batch is needed for long.
        let mut ranges = vec![(window, window); 100];
        ranges[0] = (window + 500, window + 500);
        log.push(batch(&(0..100).collect::<Vec<i64>>()), &ranges);
        assert_eq!(log.first(window), Some(window));
        assert!(log.of(window).iter().map(|batch| batch.rows).sum::<usize>() >= 99);
        log.forget(window + 1);
        most = most.max(log.store.rows());
    }
    assert!(most < 2 * 500 + (1 << 14) + 200, "{most}");
    assert_eq!(values(&log.of(1000)), [0]);
}

proptest! {
    #[test]
    fn a_loaded_log_goes_on_as_the_saved_one(
        batches in proptest::collection::vec(proptest::collection::vec((0i64..9, 0i64..3), 0..5), 0..6),
        (at, before) in (any::<prop::sample::Index>(), 0i64..9),
        change in 1u8..,
    ) {
        let at = at.index(batches.len() + 1);
        let push = |log: &mut RowLog, from: usize, to: usize| {
            for (number, rows) in batches[..to].iter().enumerate().skip(from) {
                let own: Vec<i64> = (0..rows.len() as i64).map(|row| number as i64 * 10 + row).collect();
                let ranges: Vec<Range> = rows.iter().map(|(first, length)| (*first, first + length)).collect();
                log.push(batch(&own), &ranges);
            }
        };
        let mut saved = log();
        push(&mut saved, 0, at);
        saved.forget(before);
        let rest = |log: &mut RowLog| {
            push(log, at, batches.len());
            let windows = log.open(before, 100);
            let open: Vec<_> = windows.iter().map(|window| texts(&log.peek(*window))).collect();
            let taken = windows.iter().map(|window| {
                log.forget(*window);
                texts(&log.of(*window))
            });
            (windows.clone(), open, taken.collect::<Vec<_>>())
        };
        let mut loaded = check_state(&saved, log, change, |log| drop(rest(log)));
        prop_assert_eq!(rest(&mut loaded), rest(&mut saved));
    }
}

#[test]
fn the_rows_of_a_log_take_memory() {
    let mut log = log();
    let empty = log.heap_bytes();
    for window in 0..100 {
        log.push(batch(&(0..100).collect::<Vec<i64>>()), &[(window, window); 100]);
    }
    let least = 100 * 100 * (8 + size_of::<RowId>());
    let bytes = log.heap_bytes() - empty;
    assert!((least..3 * least).contains(&bytes), "{bytes}");
}
