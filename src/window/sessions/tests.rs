//! Sessions compared with a naive implementation.

use proptest::prelude::*;

use super::*;
use crate::data::HeapBytes;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::window::check_state::check_state;

#[test]
fn a_record_exactly_a_gap_later_begins_a_new_session() {
    let mut sessions = Sessions::new(5);
    assert_eq!(sessions.cell(0, 10, 0), Some(0));
    assert_eq!(sessions.cell(0, 14, 0), Some(0));
    assert_eq!(sessions.cell(0, 19, 0), Some(1));
    sessions.advance(19);
    let taken = sessions.take();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].start, taken[0].end), (10, 19));
}

#[test]
fn a_late_record_joins_a_session_that_is_open() {
    let mut sessions = Sessions::new(5);
    sessions.cell(0, 10, 0);
    sessions.cell(0, 14, 10);
    assert_eq!(sessions.cell(0, 8, 14), Some(0));
    assert_eq!(sessions.cell(1, 8, 14), None);
}

#[test]
fn the_ends_of_time_have_sessions_too() {
    let mut sessions = Sessions::new(5);
    assert_eq!(sessions.cell(0, i64::MAX, i64::MIN), Some(0));
    assert_eq!(sessions.cell(0, i64::MAX, i64::MIN), Some(0));
    assert_eq!(sessions.cell(0, i64::MIN, i64::MIN), Some(1));
    assert_eq!(sessions.cell(0, i64::MIN + 4, i64::MIN), Some(1));
    sessions.finish();
    let mut starts: Vec<i64> = sessions.take().iter().map(|session| session.start).collect();
    starts.sort_unstable();
    assert_eq!(starts, [i64::MIN, i64::MAX]);
}

#[test]
fn how_the_stream_is_parted_does_not_show() {
    // A record far out of order joins a session that is open: it then begins before one that was final.
    let records = [(0, 10), (0, 14), (1, 3), (1, 4), (0, 15), (0, 6), (0, 2)];
    let found = |looks: &[usize]| {
        let mut sessions = Sessions::new(5);
        let (mut watermark, mut found) = (i64::MIN, Vec::new());
        for (number, (key, time)) in records.into_iter().enumerate() {
            sessions.cell(key, time, watermark);
            watermark = watermark.max(time - 6);
            if looks.contains(&number) {
                sessions.advance(watermark);
                found.extend(sessions.take());
            }
        }
        sessions.finish();
        found.extend(sessions.take());
        found.sort_unstable_by_key(|session| (session.end, session.start, session.key));
        found
    };
    let expected = found(&[]);
    for looks in [&[4][..], &[5], &[0, 1, 2, 3, 4, 5, 6]] {
        assert_eq!(found(looks), expected);
    }
    assert_eq!(expected.len(), 2);
}

#[test]
fn what_is_held_stays_as_small_as_what_is_open() {
    let mut sessions = Sessions::new(10);
    let mut keys: Vec<u32> = (0..10).collect();
    let (mut taken, mut most) = (0, 0);
    for number in 0..1_000_000i64 {
        // Ten keys, the first of them always active.
        let key = number % 10;
        let own = if key == 0 { number % 100 / 10 * 3 } else { key };
        let mut time = number / 100 * 30 + own;
        if number % 100_000 == 99_990 {
            time += 60;
        }
        let index = keys.iter().position(|known| i64::from(*known) == key);
        let index = index.unwrap_or_else(|| {
            keys.push(key as u32);
            keys.len() - 1
        });
        sessions.cell(index as u32, time, time - 20);
        if sessions.spent_cells() > 1000 {
            taken += sessions.take().len();
            let (_, kept) = sessions.renumber();
            keys = kept.iter().map(|key| keys[*key as usize]).collect();
        }
        most = most.max(sessions.open.len()).max(sessions.cells());
    }
    assert!(most < 25_000, "{most}");
    sessions.finish();
    taken += sessions.take().len();
    assert!(taken > 85_000, "{taken}");
}

/// The naive implementation: all records by key, in the order of time.
fn naive(gap: i64, records: &[(u32, i64)]) -> Vec<(u32, i64, i64, usize)> {
    let mut found = Vec::new();
    for key in 0..4 {
        let mut times: Vec<i64> = records.iter().filter(|record| record.0 == key).map(|record| record.1).collect();
        times.sort_unstable();
        for times in times.chunk_by(|left, right| right - left < gap) {
            found.push((key, times[0], times[times.len() - 1] + gap, times.len()));
        }
    }
    found.sort_unstable_by_key(|session| (session.1, session.0));
    found
}

proptest! {
    #[test]
    fn without_lateness_they_are_the_naive_ones(records in proptest::collection::vec((0u32..4, 0i64..60), 0..50), gap in 1i64..8, renumbers in 1usize..20) {
        let mut sessions = Sessions::new(gap);
        let mut counts: Vec<usize> = Vec::new();
        let mut keys: Vec<u32> = (0..4).collect();
        let mut found = Vec::new();
        let mut all = Vec::new();
        for (number, (key, time)) in records.iter().enumerate() {
            let number_of = keys.iter().position(|known| known == key).unwrap_or_else(|| { keys.push(*key); keys.len() - 1 });
            let cell = sessions.cell(number_of as u32, *time, i64::MIN).expect("nothing is late") as usize;
            counts.resize(counts.len().max(cell + 1), 0);
            counts[cell] += 1;
            if number % renumbers == 0 {
                let (cells, kept) = sessions.renumber();
                counts = cells.iter().map(|cell| counts[*cell as usize]).collect();
                keys = kept.iter().map(|key| keys[*key as usize]).collect();
            }
        }
        sessions.advance(30);
        all.extend(sessions.take());
        let ended_before = all.len();
        sessions.finish();
        all.extend(sessions.take());
        prop_assert!(all[..ended_before].iter().all(|session| session.end <= 30));
        prop_assert!(all[ended_before..].iter().all(|session| session.end > 30));
        for session in all {
            let records: usize = sessions.cells_of(&session).map(|cell| counts[cell as usize]).sum();
            found.push((keys[session.key as usize], session.start, session.end, records));
        }
        found.sort_unstable_by_key(|session| (session.1, session.0));
        prop_assert_eq!(found, naive(gap, &records));
    }
}

#[test]
fn a_busy_key_holds_no_other_back() {
    let mut sessions = Sessions::new(5);
    sessions.cell(0, 0, i64::MIN);
    sessions.cell(1, 1, 0);
    for time in 1..10 {
        sessions.cell(0, time, time);
    }
    let taken = sessions.take();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].key, taken[0].start, taken[0].end), (1, 1, 6));
}

#[test]
fn sessions_of_one_key_can_begin_in_any_order() {
    // Quadratic work would take minutes here.
    let mut sessions = Sessions::new(5);
    let count = 200_000;
    for number in (0..count).rev() {
        sessions.cell(0, number * 10, i64::MIN);
    }
    for number in 0..count {
        sessions.cell(0, (number * 7919) % count * 10 + 4, i64::MIN);
    }
    sessions.advance(10 * count / 2);
    assert_eq!(sessions.take().len() as i64, count / 2);
    // The gaps close, from the middle: one session is left.
    for number in count / 2..count {
        let number = count / 2 + (number * 7919) % (count / 2);
        sessions.cell(0, number * 10 + 8, i64::MIN);
    }
    sessions.finish();
    let taken = sessions.take();
    assert_eq!(taken.len(), 1);
    assert_eq!(sessions.cells_of(&taken[0]).count() as i64, count / 2);
}

/// Adds records, each after a watermark that is `late` below the largest time; some are taken and printed at once.
fn go_on(sessions: &mut Sessions, records: &[(u32, i64, bool)], late: i64) -> Vec<(i64, i64, u32, Vec<u32>)> {
    let mut found = Vec::new();
    let mut watermark = sessions.watermark;
    for (key, time, takes) in records {
        sessions.cell(*key, *time, watermark);
        watermark = watermark.max(time.saturating_sub(late));
        if *takes {
            found.extend(sorted(sessions));
        }
    }
    found
}

/// The final sessions, which are taken, in order, with their cells.
fn sorted(sessions: &mut Sessions) -> Vec<(i64, i64, u32, Vec<u32>)> {
    let taken = sessions.take().into_iter();
    let mut taken: Vec<_> =
        taken.map(|session| (session.end, session.start, session.key, sessions.cells_of(&session).collect())).collect();
    taken.sort_unstable();
    taken
}

proptest! {
    #[test]
    fn loaded_sessions_go_on_as_the_saved_ones(
        records in proptest::collection::vec((0u32..4, 0i64..60, any::<bool>()), 0..30),
        at in any::<prop::sample::Index>(),
        late in 0i64..30,
        change in 1u8..,
    ) {
        let at = at.index(records.len() + 1);
        let new = || Sessions::new(5);
        let mut saved = new();
        go_on(&mut saved, &records[..at], late);
        let rest = |sessions: &mut Sessions| {
            let mut found = go_on(sessions, &records[at..], late);
            sessions.finish();
            found.extend(sorted(sessions));
            found
        };
        let mut loaded = check_state(&saved, new, change, |sessions| {
            sorted(sessions);
            sessions.renumber();
            rest(sessions);
        });
        prop_assert_eq!(loaded.spent_cells(), saved.spent_cells());
        prop_assert_eq!(rest(&mut loaded), rest(&mut saved));
    }
}

#[test]
fn a_taken_session_is_loaded_only_if_it_has_cells_of_its_own() {
    let mut sessions = Sessions::new(5);
    sessions.cell(0, 0, i64::MIN);
    sessions.cell(0, 20, 20);
    let taken = sessions.take();
    let load = |taken: &Vec<Session>| {
        let mut bytes = Vec::new();
        taken.save(&mut bytes);
        sessions.load_taken(&mut StateReader::new(&bytes))
    };
    assert_eq!(load(&taken), Ok(taken.clone()));
    assert_eq!(load(&[taken.clone(), taken.clone()].concat()), Err(StateError::Damaged), "twice");
    let other = |change: fn(&mut Session)| {
        let mut session = taken[0];
        change(&mut session);
        load(&vec![session])
    };
    assert_eq!(other(|session| session.cell = 1), Err(StateError::Damaged), "the cell of an open session");
    assert_eq!(other(|session| session.cell = 2), Err(StateError::Damaged), "no cell");
    assert_eq!(other(|session| session.key = 1), Err(StateError::Damaged), "no key");
    assert_eq!(other(|session| session.end = 4), Err(StateError::Damaged), "less than a gap");
}

#[test]
fn cells_in_a_circle_are_damage() {
    let mut sessions = Sessions::new(5);
    for time in [0, 4, 8] {
        sessions.cell(0, time * 10, i64::MIN);
    }
    sessions.next_cells = vec![1, 2, 0];
    let mut bytes = Vec::new();
    sessions.save_state(&mut bytes);
    assert_eq!(Sessions::new(5).load_state(&mut StateReader::new(&bytes)), Err(StateError::Damaged));
}

#[test]
fn many_open_sessions_take_memory() {
    let mut sessions = Sessions::new(5);
    for time in 0..10_000 {
        sessions.cell(time as u32 % 10, time * 10, i64::MIN);
    }
    let least = 10_000 * (size_of::<OpenSession>() + 4 + 24);
    let bytes = sessions.heap_bytes();
    assert!((least..4 * least).contains(&bytes), "{bytes}");
}
