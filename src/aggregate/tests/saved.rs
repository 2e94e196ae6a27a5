//! Every aggregate, and every object that holds groups: saved at any point and loaded, it goes on as if it had not been.

use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::data::budget::Budget;
use crate::data::persist::StateError;
use crate::window::check_state::check_state;
use crate::window::{Grid, Slice, Window, WindowKind};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_loaded_aggregate_goes_on_as_the_saved_one(
        def in def(), exact in any::<bool>(), chunks in chunks(6), cut in 0usize..6, change in 1u8..,
    ) {
        let (before, after) = chunks.split_at(cut.min(chunks.len()));
        let mut state = Alone::new(def, exact);
        before.iter().for_each(|chunk| state.add(chunk));
        let go_on = |state: &mut Alone| after.iter().for_each(|chunk| state.add(chunk));
        let mut loaded = check_state(&state, || Alone::new(def, exact), change, |accepted| {
            go_on(accepted);
            accepted.results();
        });
        prop_assert_eq!(loaded.results(), state.results());
        go_on(&mut loaded);
        go_on(&mut state);
        prop_assert_eq!(loaded.results(), state.results());
        prop_assert_eq!(bytes(&loaded), bytes(&state));
    }

    #[test]
    fn a_loaded_aggregate_runs_on_as_the_saved_one(
        def in def(), chunks in chunks(6), cut in 0usize..6, change in 1u8..,
    ) {
        let (before, after) = chunks.split_at(cut.min(chunks.len()));
        let mut state = Alone::new(def, false);
        before.iter().for_each(|chunk| { state.scan(chunk); });
        let go_on = |state: &mut Alone| after.iter().map(|chunk| state.scan(chunk)).collect::<Vec<_>>();
        let mut loaded = check_state(&state, || Alone::new(def, false), change, |accepted| { go_on(accepted); });
        prop_assert_eq!(go_on(&mut loaded), go_on(&mut state));
        prop_assert_eq!(bytes(&loaded), bytes(&state));
    }

    #[test]
    fn the_bytes_of_an_aggregate_do_not_depend_on_how_it_was_merged(
        def in def().prop_filter("only with running", |def| !def.running_only), chunks in chunks(6), cut in 0usize..6,
    ) {
        let (left, right) = chunks.split_at(cut.min(chunks.len()));
        let mut merged = Alone::of(def, right);
        let groups: Vec<u32> = (0..GROUPS).collect();
        merged.states.merge(Alone::of(def, left).states.as_ref(), 0..GROUPS as usize, &groups);
        prop_assert_eq!(bytes(&merged), bytes(&Alone::of(def, &chunks)), "{}", def.entry.name);
    }
}

/// Beyond the limit of exact values, sketches take over.
#[test]
fn sketches_go_on_too() {
    for def in AGGREGATES {
        let number = |number: i64| Value::float(number as f64 * 0.37 - 900.0);
        let chunk = |position: u64| Chunk {
            position,
            rows: (0..5000).map(|row| (0, number(position as i64 * 5000 + row))).collect(),
        };
        let (mut state, mut loaded) = (Alone::new(def, false), Alone::new(def, false));
        state.add(&chunk(0));
        let saved = bytes(&state);
        assert_eq!(loaded.load_state(&mut StateReader::new(&saved)), Ok(()), "{}", def.entry.name);
        assert_eq!(bytes(&loaded), saved, "{}", def.entry.name);
        state.add(&chunk(1));
        loaded.add(&chunk(1));
        assert_eq!(loaded.results(), state.results(), "{}", def.entry.name);
        assert_eq!(bytes(&loaded), bytes(&state), "{}", def.entry.name);
        for at in (0..saved.len()).step_by(saved.len() / 50 + 1) {
            let mut damaged = saved.clone();
            damaged[at] ^= 0x55;
            let mut accepted = Alone::new(def, false);
            if accepted.load_state(&mut StateReader::new(&damaged)).is_ok() {
                accepted.add(&chunk(1));
                accepted.results();
            }
        }
    }
}

/// Runs tasks one by one.
struct Here;

impl Executor for Here {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

fn rows(batches: &[Batch<'_>]) -> Vec<Vec<Value>> {
    let row = |batch: &Batch<'_>, row: usize| {
        batch.slots().iter().map(|slot| batch.column(slot).get(row).to_value()).collect()
    };
    batches.iter().flat_map(|batch| (0..batch.rows).map(|at| row(batch, at)).collect::<Vec<_>>()).collect()
}

const UNORDERED: &[&str] = &["count", "sum", "p50", "max", "mode"];
const ORDERED: &[&str] = &["first", "count", "ewma", "collect"];
const SUBTRACTED: &[&str] = &["count", "sum"];

fn names() -> impl Strategy<Value = &'static [&'static str]> {
    prop_oneof![Just(UNORDERED), Just(ORDERED), Just(SUBTRACTED)]
}

fn add_to_merged(merged: &mut Merged, aggregation: &Arc<Aggregation>, records: &[Record], first_position: u64) {
    for (position, records) in (first_position..).zip(records.chunks(3)) {
        let mut partial = Partial::new(Arc::clone(aggregation));
        partial.update(&batch(records, position), &mut Failures::default());
        merged.add(partial.take(), &Here);
    }
}

/// The pieces of frozen groups.
fn pieces(groups: &GroupsByWindow) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let saved = save_pieces(groups, &mut |piece| {
        pieces.push(piece.to_vec());
        Ok::<(), StateError>(())
    });
    assert_eq!(saved, Ok(true));
    pieces
}

fn from_pieces(pieces: &[Vec<u8>], aggregation: &Arc<Aggregation>) -> Result<GroupsByWindow, StateError> {
    let mut windows = GroupsByWindow::new();
    load_pieces(aggregation, pieces.len(), &|piece| Ok(pieces[piece].clone()), &Here, &mut |window, run| {
        windows.entry(window).or_insert_with(|| Merged::new(Arc::clone(aggregation))).add(vec![run], &Here);
        Ok(())
    })?;
    Ok(windows)
}

/// Saves groups and loads them in the order in which they were merged.
fn by_pieces(merged: &mut Merged, aggregation: &Arc<Aggregation>) -> Merged {
    let frozen = GroupsByWindow::from([(7, merged.freeze())]);
    let pieces = pieces(&frozen);
    if let Some(first) = pieces.first() {
        for end in 1..first.len().min(100) {
            let _ = from_pieces(&[first[..end].to_vec()], aggregation); // never panics
        }
        assert!(from_pieces(&[first[..first.len() - 1].to_vec()], aggregation).is_err());
        assert!(from_pieces(&[[&first[..], b"1"].concat()], aggregation).is_err());
    }
    frozen.into_values().for_each(|frozen| merged.thaw(frozen, &Here));
    let loaded = from_pieces(&pieces, aggregation).expect("its own bytes");
    loaded.into_values().next().unwrap_or_else(|| Merged::new(Arc::clone(aggregation)))
}

/// Adds records to windows, as a worker and the coordinator do. None are late.
fn add_to_windows(
    windows: &mut WindowedGroups,
    grid: &Grid,
    aggregation: &Arc<Aggregation>,
    records: &[Record],
    first: u64,
) {
    let mut partial = SlicedPartial::new(Arc::clone(aggregation));
    for (position, records) in (first..).zip(records.chunks(3)) {
        let slice = |(_, _, seconds): &Record| {
            let number = grid.slice_of(seconds * 1_000_000_000);
            Slice { first: grid.windows(number).0, number }
        };
        let slices: Vec<Slice> = records.iter().map(slice).collect();
        // An ordered aggregate has a position for each row.
        partial.update(&batch(records, position * 100), &slices, &mut Failures::default());
    }
    let mut saved = Vec::new();
    let runs = partial.take();
    runs.save(aggregation, &mut saved);
    let runs = SliceRuns::load(aggregation, &mut StateReader::new(&saved)).expect("its own bytes");
    windows.add(runs, &Here);
}

const SECOND: i64 = 1_000_000_000;

/// Windows of ten seconds.
fn grid(slide: i64) -> Grid {
    let kind = WindowKind::Time { length: 10 * SECOND, slide: slide * SECOND };
    Grid::of(&Window { kind, late_ns: 0, offset_ns: 0 }, &TimeZone::UTC).expect("windows of time have a grid")
}

fn finish_windows(windows: &mut WindowedGroups, most: usize) -> Vec<(i64, Vec<Vec<Value>>)> {
    let mut all = Vec::new();
    while let Some(window) = windows.first().filter(|_| all.len() < most) {
        all.push((window, rows(&windows.finish(window, &Here))));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn loaded_groups_go_on_as_the_saved_ones(
        names in names(), has_key in any::<bool>(), records in records(40), cut in 0usize..40, change in 1u8..,
    ) {
        let aggregation = aggregation(names, has_key);
        let (before, after) = records.split_at(cut.min(records.len()));
        let mut merged = Merged::new(Arc::clone(&aggregation));
        add_to_merged(&mut merged, &aggregation, before, 0);
        let fresh = || Merged::new(Arc::clone(&aggregation));
        let mut loaded = check_state(&merged, fresh, change, |accepted| {
            add_to_merged(accepted, &aggregation, after, 100);
            accepted.finish(&Here);
        });
        let mut reloaded = by_pieces(&mut merged, &aggregation);
        for merged in [&mut merged, &mut loaded, &mut reloaded] {
            add_to_merged(merged, &aggregation, after, 100);
        }
        prop_assert_eq!(bytes(&reloaded), bytes(&merged));
        prop_assert_eq!(bytes(&loaded), bytes(&merged));
        prop_assert_eq!(rows(&reloaded.snapshot(&Here)), rows(&merged.snapshot(&Here)));
        prop_assert_eq!(rows(&loaded.snapshot(&Here)), rows(&merged.snapshot(&Here)));
        prop_assert_eq!(bytes(&loaded), bytes(&merged));
        prop_assert_eq!(rows(&loaded.finish(&Here)), rows(&merged.finish(&Here)));
    }

    /// Commits at any points, while other groups arrive, change nothing.
    #[test]
    fn frozen_groups_come_back(
        names in names(), has_key in any::<bool>(), records in records(60),
        steps in prop::collection::vec(0u8..6, 0..30), limit in prop_oneof![Just(usize::MAX), 1usize..20_000],
    ) {
        let aggregation = aggregation(names, has_key);
        let budget = if limit == usize::MAX { Budget::unlimited() } else { Budget::new(limit, 1, std::env::temp_dir()) };
        let fresh = || Merged::within(Arc::clone(&aggregation), &budget);
        let (mut undisturbed, mut merged) = (fresh(), fresh());
        let mut frozen: Option<(GroupsByWindow, Vec<u8>)> = None;
        let mut rest = &records[..];
        for (step, position) in steps.into_iter().zip(0..) {
            match step {
                0 if frozen.is_none() => {
                    let before = bytes(&merged);
                    frozen = Some((GroupsByWindow::from([(0, merged.freeze())]), before));
                }
                1 => {
                    if let Some((frozen, before)) = frozen.take() {
                        let committed = from_pieces(&pieces(&frozen), &aggregation).expect("its own bytes");
                        let empty = fresh();
                        prop_assert_eq!(bytes(committed.values().next().unwrap_or(&empty)), before);
                        frozen.into_values().for_each(|frozen| merged.thaw(frozen, &Here));
                        prop_assert_eq!(bytes(&merged), bytes(&undisturbed));
                    }
                }
                2 if frozen.is_none() => {
                    prop_assert_eq!(rows(&merged.snapshot(&Here)), rows(&undisturbed.snapshot(&Here)));
                }
                count => {
                    let (next, later) = rest.split_at(rest.len().min(count.into()));
                    rest = later;
                    add_to_merged(&mut merged, &aggregation, next, position * 10);
                    add_to_merged(&mut undisturbed, &aggregation, next, position * 10);
                }
            }
        }
        if let Some((frozen, _)) = frozen {
            frozen.into_values().for_each(|frozen| merged.thaw(frozen, &Here));
        }
        prop_assert_eq!(rows(&merged.finish(&Here)), rows(&undisturbed.finish(&Here)));
    }

    /// The same for windows, of which some become final between commits.
    #[test]
    fn frozen_windows_come_back(
        names in names(), slide in prop_oneof![Just(10i64), Just(5)], records in records(60),
        steps in prop::collection::vec(0u8..7, 0..30),
    ) {
        let aggregation = aggregation(names, true);
        let grid = grid(slide);
        let fresh = || WindowedGroups::new(Arc::clone(&aggregation), grid.clone());
        let (mut undisturbed, mut windows) = (fresh(), fresh());
        let mut reader = None;
        let mut records = records;
        records.sort_by_key(|(_, _, seconds)| *seconds);
        let mut rest = &records[..];
        for (step, position) in steps.into_iter().zip(0..) {
            match step {
                0 if reader.is_none() => {
                    reader = windows.freeze(&Here).map(|reader| {
                        let mut state = Vec::new();
                        windows.save_state(&mut state);
                        (reader, state, bytes(&undisturbed))
                    });
                    prop_assert_eq!(reader.is_some(), slide == 10);
                }
                1 => {
                    if let Some((reader, state, before)) = reader.take() {
                        let (pieces, mut loaded) = (pieces(&reader), fresh());
                        loaded.load_state(&mut StateReader::new(&state)).expect("its own bytes");
                        let read = |piece: usize| Ok::<_, StateError>(pieces[piece].clone());
                        loaded.load_pieces(pieces.len(), &read, &Here).expect("its own bytes");
                        prop_assert_eq!(bytes(&loaded), before);
                    }
                }
                2 if reader.is_none() => {
                    let end = rest.first().map_or(i64::MAX, |(_, _, seconds)| seconds * SECOND);
                    let is_final = undisturbed.first().is_some_and(|window| grid.end(window) <= end);
                    let most = usize::from(is_final);
                    prop_assert_eq!(finish_windows(&mut windows, most), finish_windows(&mut undisturbed, most));
                }
                3 if reader.is_none() => {
                    let open = windows.open(3);
                    prop_assert_eq!(&open, &undisturbed.open(3));
                    for window in open {
                        let found = rows(&windows.snapshot(window, &Here));
                        prop_assert_eq!(found, rows(&undisturbed.snapshot(window, &Here)));
                    }
                }
                count => {
                    let (next, later) = rest.split_at(rest.len().min(count.into()));
                    rest = later;
                    add_to_windows(&mut windows, &grid, &aggregation, next, position * 10);
                    add_to_windows(&mut undisturbed, &grid, &aggregation, next, position * 10);
                }
            }
        }
        drop(reader);
        prop_assert_eq!(finish_windows(&mut windows, usize::MAX), finish_windows(&mut undisturbed, usize::MAX));
    }

    #[test]
    fn loaded_windows_go_on_as_the_saved_ones(
        names in names(), slide in prop_oneof![Just(10i64), Just(5), Just(1)], records in records(30),
        cut in 0usize..30, finished in 0usize..4, change in 1u8..,
    ) {
        let aggregation = aggregation(names, true);
        let grid = grid(slide);
        let fresh = || WindowedGroups::new(Arc::clone(&aggregation), grid.clone());
        let mut records = records;
        records.sort_by_key(|(_, _, seconds)| *seconds);
        let (before, after) = records.split_at(cut.min(records.len()));
        let mut windows = fresh();
        add_to_windows(&mut windows, &grid, &aggregation, before, 0);
        // Windows that end before the records to come.
        let end = after.first().map_or(i64::MAX, |(_, _, seconds)| seconds * SECOND);
        let mut left = finished;
        while let Some(window) = windows.first().filter(|window| left > 0 && grid.end(*window) <= end) {
            windows.finish(window, &Here);
            left -= 1;
        }
        let mut loaded = check_state(&windows, fresh, change, |_| {});
        for windows in [&mut windows, &mut loaded] {
            add_to_windows(windows, &grid, &aggregation, after, 100);
        }
        prop_assert_eq!(windows.first(), loaded.first());
        prop_assert_eq!(windows.open(9), loaded.open(9));
        prop_assert_eq!(bytes(&loaded), bytes(&windows));
        prop_assert_eq!(finish_windows(&mut loaded, 3), finish_windows(&mut windows, 3));
        prop_assert_eq!(bytes(&loaded), bytes(&windows));
        prop_assert_eq!(finish_windows(&mut loaded, usize::MAX), finish_windows(&mut windows, usize::MAX));
    }

    #[test]
    fn loaded_sessions_go_on_as_the_saved_ones(
        names in names(), records in records(30), cut in 0usize..30, watermark in 0i64..40, change in 1u8..,
    ) {
        const SECOND: i64 = 1_000_000_000;
        let aggregation = aggregation(names, true);
        let (before, after) = records.split_at(cut.min(records.len()));
        let fresh = || SessionGroups::new(Arc::clone(&aggregation), 5 * SECOND);
        let add = |sessions: &mut SessionGroups, records: &[Record], watermark: i64, position: u64| {
            let pass = |row: usize| (records[row].2 * SECOND, watermark * SECOND);
            sessions.update(&batch(records, position), pass, &mut Failures::default())
        };
        let mut sessions = fresh();
        add(&mut sessions, before, 0, 0);
        sessions.take(Some(watermark * SECOND));
        let finish = |sessions: &mut SessionGroups| {
            let mut all = Vec::new();
            while let Some(SessionRows { rows: batch, starts, ends }) = sessions.take(None) {
                all.push((rows(&[batch]), starts, ends));
            }
            all
        };
        let mut loaded = check_state(&sessions, fresh, change, |accepted| {
            accepted.snapshot();
        });
        for sessions in [&mut sessions, &mut loaded] {
            add(sessions, after, watermark, 1);
        }
        prop_assert_eq!(bytes(&loaded), bytes(&sessions));
        prop_assert_eq!(finish(&mut loaded), finish(&mut sessions));
    }

    #[test]
    fn loaded_state_windows_go_on_as_the_saved_ones(
        names in names(), records in records(30), cut in 0usize..30, has_key in any::<bool>(), change in 1u8..,
    ) {
        let aggregation = aggregation(names, has_key);
        let (before, after) = records.split_at(cut.min(records.len()));
        let by = if has_key { vec![Slot(0)] } else { Vec::new() };
        let fields = StateFields { by, field: Slot(1) };
        let fresh = || StateGroups::new(Arc::clone(&aggregation), fields.clone());
        let add = |states: &mut StateGroups, records: &[Record], position: u64| {
            states.update(&batch(records, position), |row| records[row].2, &mut Failures::default());
        };
        let finish = |states: &mut StateGroups| {
            let mut all = Vec::new();
            while let Some(SessionRows { rows: batch, starts, ends }) = states.take(true) {
                all.push((rows(&[batch]), starts, ends));
            }
            all
        };
        let mut states = fresh();
        add(&mut states, before, 0);
        let mut loaded = check_state(&states, fresh, change, |accepted| {
            accepted.snapshot();
        });
        for states in [&mut states, &mut loaded] {
            add(states, after, 1);
        }
        prop_assert_eq!(bytes(&loaded), bytes(&states));
        prop_assert_eq!(finish(&mut loaded), finish(&mut states));
    }

    #[test]
    fn loaded_running_states_go_on_as_the_saved_ones(
        name in prop_oneof![Just("sum"), Just("max"), Just("delta"), Just("count"), Just("collect")],
        over in prop::option::of(1usize..4), forget in prop::option::of(Just(5_000_000_000i64)), records in records(30),
        cut in 0usize..30, change in 1u8..,
    ) {
        let def = find(name).expect("an aggregate");
        let aggregation = running(vec![running_aggregate(def, over.filter(|_| !def.running_only), None)], forget);
        let fresh = || RunningStates::new(Arc::clone(&aggregation));
        let (before, after) = records.split_at(cut.min(records.len()));
        let push = |states: &mut RunningStates, records: &[Record], position: u64| {
            let columns = states.push(&batch(records, position), &mut Failures::default());
            columns.into_iter().map(|(_, column)| values(&[column])).collect::<Vec<_>>()
        };
        let mut states = fresh();
        push(&mut states, before, 0);
        let mut loaded = check_state(&states, fresh, change, |accepted| {
            push(accepted, after, 1);
        });
        prop_assert_eq!(push(&mut loaded, after, 1), push(&mut states, after, 1));
        prop_assert_eq!(bytes(&loaded), bytes(&states));
    }

    #[test]
    fn loaded_keys_that_were_seen_are_the_saved_ones(records in records(20), has_key in any::<bool>(), change in 1u8..) {
        let aggregation = aggregation(SUBTRACTED, has_key);
        let mut merged = Merged::new(Arc::clone(&aggregation));
        add_to_merged(&mut merged, &aggregation, &records, 0);
        let window = |end_ns| FilledWindow { end_ns, seconds: 1.0 };
        let filled = |seen: &SeenKeys, end_ns| seen.complete(Vec::new(), window(end_ns));
        let fresh = || SeenKeys::new(Arc::clone(&aggregation), Some(10));
        let mut seen = fresh();
        seen.add(&merged.finish(&Here), window(5));
        let loaded = check_state(&seen, fresh, change, |accepted| { filled(accepted, 15); });
        prop_assert_eq!(rows(&filled(&loaded, 15)), rows(&filled(&seen, 15)));
        prop_assert_eq!(rows(&filled(&loaded, 16)).len(), usize::from(!has_key));
    }
}

/// Many groups are in partitions by hash, which the saved state does not show.
#[test]
fn partitions_do_not_show() {
    let aggregation = aggregation(&["count", "sum"], true);
    let record =
        |number: i64| (Value::Text(format!("key {}", number * 7919 % 20_000).into_bytes()), Value::Int(number), 0);
    let records: Vec<Record> = (0..30_000).map(record).collect();
    let mut merged = Merged::new(Arc::clone(&aggregation));
    for (position, records) in (0..).zip(records.chunks(9_000)) {
        let mut partial = Partial::new(Arc::clone(&aggregation));
        partial.update(&batch(records, position), &mut Failures::default());
        merged.add(partial.take(), &Here);
    }
    let pending = bytes(&merged);
    merged.snapshot(&Here);
    assert_eq!(bytes(&merged), pending);
    let mut loaded = Merged::new(Arc::clone(&aggregation));
    assert_eq!(loaded.load_state(&mut StateReader::new(&pending)), Ok(()));
    assert_eq!(bytes(&loaded), pending);
    assert_eq!(bytes(&by_pieces(&mut merged, &aggregation)), pending);
    assert_eq!(rows(&loaded.finish(&Here)), rows(&merged.finish(&Here)));
}
