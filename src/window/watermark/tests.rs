//! Watermarks of one and several sources, by chunks of any size, saved and loaded.

use proptest::prelude::*;

use super::*;
use crate::data::persist::{Persist, StateReader};
use crate::window::check_state::check_state;

fn reach(limit: i64, times: &[i64]) -> ChunkTimes {
    let mut reach = ChunkTimes::new(limit);
    reach.add(times);
    reach
}

#[test]
fn the_slowest_live_source_holds_the_watermark() {
    let mut watermark = Watermark::of_times(5, 1000, 2);
    watermark.pass(0, &reach(1000, &[100, 90]));
    assert_eq!(watermark.now(), i64::MIN);
    watermark.pass(1, &reach(1000, &[50]));
    assert_eq!(watermark.now(), 45);
    watermark.pass(1, &reach(1000, &[120]));
    assert_eq!(watermark.now(), 95);
    watermark.end(0);
    assert_eq!(watermark.now(), 115);
    watermark.pass(1, &reach(1000, &[90]));
    watermark.end(1);
    assert_eq!(watermark.now(), 115);
}

#[test]
fn when_all_have_ended_it_stands_at_the_largest_time() {
    let mut watermark = Watermark::of_times(5, 1000, 2);
    watermark.pass(0, &reach(1000, &[100]));
    watermark.end(0);
    watermark.pass(1, &reach(1000, &[50]));
    assert_eq!(watermark.now(), 45);
    watermark.end(1);
    assert_eq!(watermark.now(), 95);
}

#[test]
fn a_silent_source_moves_with_the_clock() {
    let mut watermark = Watermark::of_times(0, 1000, 2);
    watermark.pass(0, &reach(1000, &[100]));
    watermark.silence(1, 30);
    assert_eq!(watermark.now(), 100);
    watermark.silence(0, 30);
    assert_eq!(watermark.now(), 130);
    watermark.pass(0, &reach(1000, &[110]));
    assert_eq!(watermark.now(), 130);
    watermark.silence(1, 90);
    assert_eq!(watermark.now(), 130);
}

#[test]
fn a_new_source_does_not_hold_windows_before_it_speaks() {
    let mut watermark = Watermark::of_times(0, 1000, 1);
    watermark.end(0); // it listens
    watermark.pass(1, &reach(1000, &[100]));
    assert_eq!(watermark.now(), 100);
    watermark.pass(2, &reach(1000, &[90]));
    watermark.pass(1, &reach(1000, &[200]));
    assert_eq!(watermark.now(), 100);
    watermark.end(1);
    watermark.end(2);
    watermark.silence(0, 50);
    assert_eq!(watermark.now(), 250);
}

#[test]
fn a_jump_ahead_of_the_clock_and_the_others_moves_nothing() {
    let mut watermark = Watermark::of_times(0, 10, 1);
    watermark.pass(0, &reach(1010, &[900, 9_999, 901]));
    assert_eq!(watermark.now(), 901);
    watermark.pass(0, &reach(1010, &[9_999, 9_999]));
    assert_eq!(watermark.now(), 901);
    let mut future = Watermark::of_times(0, 10, 1);
    future.pass(0, &reach(1010, &[5_000]));
    assert_eq!(future.now(), i64::MIN);
    future.pass(0, &reach(1010, &[5_001, 5_020, 5_005]));
    assert_eq!(future.now(), 5_005);
}

proptest! {
    #[test]
    fn chunks_of_any_size_reach_the_same(times in proptest::collection::vec((0usize..3, 0i64..60), 0..40), cuts in proptest::collection::vec(1usize..6, 40), late in 0i64..5) {
        let mut one = Watermark::of_times(late, 7, 3);
        let mut clocks = Vec::new();
        for (source, time) in &times {
            clocks.push(one.pass(*source, &reach(30, &[*time])));
        }
        let mut many = Watermark::of_times(late, 7, 3);
        let (mut at, mut cut) = (0, cuts.iter());
        while at < times.len() {
            let source = times[at].0;
            let wanted = *cut.next().expect("as many as records");
            let chunk: Vec<i64> = times[at..].iter().take(wanted).take_while(|time| time.0 == source).map(|time| time.1).collect();
            let mut clock = many.pass(source, &reach(30, &chunk));
            for (time, expected) in chunk.iter().zip(&clocks[at..]) {
                prop_assert_eq!(&clock, expected);
                clock.pass(*time, 30);
            }
            at += chunk.len();
        }
        prop_assert_eq!(one.now(), many.now());
    }
}

/// An event that a watermark sees.
#[derive(Clone, Debug)]
enum Event {
    Records(usize, Vec<i64>),
    Mark(usize, Punctuation, i64),
}

fn event() -> impl Strategy<Value = Event> {
    let mark =
        prop_oneof![Just(Punctuation::Ended), (0i64..20).prop_map(Punctuation::Silent), Just(Punctuation::Clock)];
    prop_oneof![
        3 => (0usize..4, proptest::collection::vec(0i64..60, 0..5)).prop_map(|(source, times)| Event::Records(source, times)),
        1 => (0usize..4, mark, 0i64..90).prop_map(|(source, mark, ns)| Event::Mark(source, mark, ns)),
    ]
}

fn apply(watermark: &mut Watermark, event: &Event) -> (Option<SourceClock>, i64, u64, bool) {
    let clock = match event {
        Event::Records(source, times) => Some(watermark.pass(*source, &reach(30, times))),
        Event::Mark(source, mark, read_ns) => {
            watermark.mark(*mark, Arrival { source: *source, input: 0, read_ns: *read_ns });
            None
        }
    };
    (clock, watermark.now(), watermark.rows(), watermark.is_silent())
}

fn kinds() -> [fn() -> Watermark; 3] {
    [Watermark::of_rows, Watermark::of_arrival, || Watermark::of_times(3, 7, 2).idle_after(5)]
}

proptest! {
    #[test]
    fn a_loaded_watermark_goes_on_as_the_saved_one(
        events in proptest::collection::vec(event(), 0..30),
        at in any::<prop::sample::Index>(),
        change in 1u8..,
    ) {
        let at = at.index(events.len() + 1);
        for new in kinds() {
            let mut saved = new();
            for event in &events[..at] {
                apply(&mut saved, event);
            }
            let mut loaded = check_state(&saved, new, change, |watermark| {
                for event in &events[at..] {
                    apply(watermark, event);
                }
            });
            for event in &events[at..] {
                prop_assert_eq!(apply(&mut loaded, event), apply(&mut saved, event));
            }
        }
    }

    #[test]
    fn a_clock_is_loaded_as_it_was_saved(times in proptest::collection::vec(0i64..60, 0..10)) {
        let mut watermark = Watermark::of_times(3, 7, 2);
        let clock = watermark.pass(0, &reach(30, &times));
        let mut bytes = Vec::new();
        clock.save(&mut bytes);
        prop_assert_eq!(SourceClock::load(&mut StateReader::new(&bytes)), Ok(clock));
        prop_assert!(SourceClock::load(&mut StateReader::new(&bytes[1..])).is_err());
    }
}
