//! Keyed states against a map from keys to states.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::data::ValueRef;

/// Forgetting after this many nanoseconds.
const FORGET_NS: i64 = 5;

/// Each key's sum since it was last forgotten.
struct Sums {
    keyed: KeyedState<Vec<i64>>,
}

impl Sums {
    fn new() -> Sums {
        Sums { keyed: KeyedState::new(2, Vec::new(), Some(FORGET_NS)) }
    }

    /// Adds rows of a key, a time and a number; returns the sum after each.
    fn push(&mut self, rows: &[(u8, i64, i64)]) -> Vec<i64> {
        let text: Column<'static> = rows.iter().map(|(key, ..)| ValueRef::Int(i64::from(key % 3))).collect();
        let long: Column<'static> = rows.iter().map(|(key, ..)| key_text(*key)).collect();
        self.keyed.find(&[&text, &long], rows.len());
        let KeyedState { groups, states, idle, .. } = &mut self.keyed;
        let idle = idle.as_mut().expect("keys are forgotten");
        let mut sums = Vec::new();
        for (&group, (_, time, number)) in groups.iter().zip(rows) {
            let sum = &mut states[group as usize];
            if idle.visit(group, *time) {
                *sum = 0;
            }
            *sum += number;
            sums.push(*sum);
        }
        self.keyed.sweep();
        sums
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.keyed.save_state(&mut out);
        out
    }

    fn load(bytes: &[u8]) -> Result<Sums, StateError> {
        let mut sums = Sums::new();
        sums.keyed.load_state(&mut StateReader::new(bytes))?;
        Ok(sums)
    }
}

fn key_text(key: u8) -> ValueRef<'static> {
    match key {
        0..3 => ValueRef::Null,
        3..6 => ValueRef::Text(b"short"),
        _ => ValueRef::Text(b"a key of more than sixteen bytes"),
    }
}

/// The same sums without batches, groups or saved states.
fn expected(rows: &[(u8, i64, i64)]) -> Vec<i64> {
    let (mut now, mut sums) = (i64::MIN, HashMap::new());
    let sum = |(key, time, number): &(u8, i64, i64)| {
        now = now.max(*time);
        let (seen, sum) = sums.entry((key % 3, key / 3)).or_insert((now, 0));
        if now - *seen > FORGET_NS {
            *sum = 0;
        }
        *seen = now;
        *sum += number;
        *sum
    };
    rows.iter().map(sum).collect()
}

proptest! {
    #[test]
    fn sums_go_on_after_a_save(
        rows in prop::collection::vec((0u8..9, 0i64..40, -5i64..5), 0..50),
        cuts in prop::collection::vec(1usize..8, 1..5),
        saved_at in 0usize..20,
    ) {
        let mut sums = Sums::new();
        let (mut all, mut rest, mut cuts) = (Vec::new(), rows.as_slice(), cuts.iter().cycle());
        for batch in 0.. {
            if batch == saved_at {
                let bytes = sums.bytes();
                sums = Sums::load(&bytes).expect("its own bytes");
                prop_assert_eq!(sums.bytes(), bytes);
            }
            let (part, later) = rest.split_at(rest.len().min(*cuts.next().expect("there is one")));
            all.extend(sums.push(part));
            rest = later;
            if rest.is_empty() && batch >= saved_at {
                break;
            }
        }
        prop_assert_eq!(all, expected(&rows));
    }

    #[test]
    fn damaged_states_are_rejected_or_sound(
        rows in prop::collection::vec((0u8..9, 0i64..40, -5i64..5), 1..20),
        at in any::<prop::sample::Index>(),
        change in 1u8..,
    ) {
        let mut sums = Sums::new();
        sums.push(&rows);
        let mut bytes = sums.bytes();
        let at = at.index(bytes.len());
        prop_assert!(Sums::load(&bytes[..at]).is_err());
        bytes[at] ^= change;
        if let Ok(mut sums) = Sums::load(&bytes) {
            let small: Vec<(u8, i64, i64)> = rows.iter().map(|(key, ..)| (*key, 0, 0)).collect();
            prop_assert_eq!(sums.push(&small).len(), rows.len());
        }
    }
}

#[test]
fn keys_of_another_number_of_columns_are_rejected() {
    let column: Column<'static> = [ValueRef::Int(1), ValueRef::Int(2)].into_iter().collect();
    let mut keyed = KeyedState::new(1, (), None);
    keyed.find(&[&column], 2);
    let mut bytes = Vec::new();
    keyed.save_state(&mut bytes);
    assert_eq!(KeyedState::new(1, (), None).load_state(&mut StateReader::new(&bytes)), Ok(()));
    let found = KeyedState::new(2, (), None).load_state(&mut StateReader::new(&bytes));
    assert_eq!(found, Err(StateError::Damaged));
}

#[test]
fn first_rows_are_those_of_new_keys() {
    let column = |numbers: &[i64]| -> Column<'static> { numbers.iter().map(|number| ValueRef::Int(*number)).collect() };
    let mut keyed = KeyedState::new(1, (), None);
    assert_eq!(keyed.first_rows(&[&column(&[7, 7, 8])], 3), [0, 2]);
    assert_eq!(keyed.first_rows(&[&column(&[8, 9, 7, 9, 1])], 5), [1, 4]);
    keyed.keep(&[1, 3]); // 8 and 1
    assert_eq!(keyed.first_rows(&[&column(&[1, 7, 8])], 3), [1]);
    keyed.restart(4);
    assert_eq!((keyed.len(), keyed.first_rows(&[&column(&[1, 1])], 2)), (0, vec![0]));
}
