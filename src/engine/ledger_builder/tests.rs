//! The ledger over several chunks and sources, saved at any point.

use std::ffi::OsString;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::engine::message::Payload;
use crate::expr::{Failures, Undecided};
use crate::stage::RecordCounts;
use crate::window::check_state::check_state;

fn report(source: usize, records: u64) -> ChunkReport {
    ChunkReport {
        offset: Default::default(),
        sequence: 0,
        batch: 0,
        source: SourceIndex(source),
        read_ns: 0,
        mark: None,
        watermark: i64::MIN,
        has_header: false,
        bytes: 10 * records,
        records,
        passed: records,
        counts: RecordCounts::default(),
        first_rejected: None,
        first_late: None,
        first_failure: None,
        left_out: Vec::new(),
        is_unfinished: false,
        error: None,
        payload: Payload::Nothing,
    }
}

fn sources() -> Arc<Sources> {
    Sources::new(&[OsString::from("a.log"), OsString::from("b.log")], &[0, 0])
}

fn builder() -> LedgerBuilder {
    LedgerBuilder::new(true, 2)
}

/// The report of a chunk with one record of each kind of trouble, after `passed` records.
fn troubled(source: usize, passed: u64) -> ChunkReport {
    let mut report = report(source, passed + 3);
    report.passed = passed;
    report.counts.rejected = 1;
    report.counts.first_rejected = Some("no number".to_owned());
    report.first_rejected = Some(passed);
    report.counts.late = 1;
    report.first_late = Some(passed + 1);
    report.counts.filtered = 1;
    report.counts.failures = Failures { count: 1, first: Some("x: no number".to_owned()), ..Failures::default() };
    report.first_failure = Some(0);
    report
}

#[test]
fn troubles_are_named_by_the_record_of_their_source() {
    let (sources, mut builder) = (sources(), builder());
    builder.add(&mut report(0, 4), &sources);
    builder.add(&mut report(1, 9), &sources);
    builder.add(&mut troubled(0, 2), &sources);
    builder.add(&mut troubled(1, 0), &sources);
    let ledger = &builder.ledger;
    assert_eq!(ledger.equation(), "21 read = 15 passed + 2 filtered + 2 rejected + 2 late");
    assert_eq!(ledger.first_rejected.as_deref(), Some("a.log:7: no number"));
    assert_eq!(ledger.first_late.as_deref(), Some("a.log:8"));
    assert_eq!(ledger.first_failed.as_deref(), Some("a.log:5: x: no number"));
}

#[test]
fn the_header_of_a_source_has_a_number_once() {
    let (sources, mut builder) = (sources(), builder());
    for _ in 0..2 {
        let mut report = report(0, 2);
        report.has_header = true;
        builder.add(&mut report, &sources);
    }
    builder.add(&mut troubled(0, 0), &sources);
    assert_eq!(builder.ledger.first_late.as_deref(), Some("a.log:7"));
}

#[test]
fn a_source_that_ended_begins_again_with_its_first_record() {
    let (sources, mut builder) = (sources(), builder());
    builder.add(&mut report(0, 5), &sources);
    builder.add(&mut ChunkReport { mark: Some(Punctuation::Ended), ..report(0, 0) }, &sources);
    builder.add(&mut troubled(0, 0), &sources);
    assert_eq!(builder.ledger.first_late.as_deref(), Some("a.log:2"));
}

#[test]
fn blank_lines_are_no_records_of_a_source() {
    let (sources, mut builder) = (sources(), builder());
    let mut blank = report(1, 3);
    (blank.passed, blank.counts.no_records) = (0, 3);
    builder.add(&mut blank, &sources);
    assert_eq!(builder.ledger.read, 0);
    assert_eq!(builder.empty_sources(&sources), ["a.log", "b.log"]);
    builder.add(&mut report(1, 1), &sources);
    assert_eq!(builder.empty_sources(&sources), ["a.log"]);
}

#[test]
fn undecided_failures_count_at_the_end_if_there_was_a_number() {
    let (sources, mut builder) = (sources(), builder());
    for (record, has_number) in [(3, false), (1, true)] {
        let mut report = report(0, 5);
        let (place, first) = ("max(x)".to_owned(), Some("max(x): no number".to_owned()));
        report.counts.failures.undecided = vec![Undecided { place, count: 2, first, record: Some(record), has_number }];
        builder.add(&mut report, &sources);
    }
    assert_eq!(builder.ledger.failed, 0);
    builder.ledger.decide();
    assert_eq!(
        (builder.ledger.failed, builder.ledger.first_failed.as_deref()),
        (4, Some("a.log:4: max(x): no number"))
    );
}

proptest! {
    #[test]
    fn a_loaded_ledger_goes_on_as_the_saved_one(
        reports in proptest::collection::vec((0usize..2, 0u64..5, any::<bool>(), any::<bool>()), 0..8),
        at in any::<prop::sample::Index>(),
        change in 1u8..,
    ) {
        let at = at.index(reports.len() + 1);
        let sources = sources();
        let add = |builder: &mut LedgerBuilder, from: usize, to: usize| {
            for (source, records, is_troubled, has_header) in &reports[from..to] {
                let mut report = if *is_troubled { troubled(*source, *records) } else { report(*source, *records) };
                report.has_header = *has_header;
                builder.add(&mut report, &sources);
            }
        };
        let mut saved = builder();
        add(&mut saved, 0, at);
        let mut loaded = check_state(&saved, builder, change, |_| {});
        prop_assert_eq!(loaded.heap_bytes() > 0, saved.heap_bytes() > 0);
        add(&mut saved, at, reports.len());
        add(&mut loaded, at, reports.len());
        prop_assert_eq!(&loaded.ledger, &saved.ledger);
        prop_assert_eq!(loaded.bytes, saved.bytes);
        prop_assert_eq!(loaded.empty_sources(&sources), saved.empty_sources(&sources));
    }
}
