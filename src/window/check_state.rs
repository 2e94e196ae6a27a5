//! Checks of saved states, for the tests of everything that has one.

use crate::data::persist::{StateReader, Stateful};

/// Saves a state and loads it into a fresh object, which it returns. Demands that the loaded one has the same bytes, that
/// no part of them is a state, and that neither loading a damaged state nor `going_on` with one that was accepted panics.
pub(crate) fn check_state<S: Stateful>(
    state: &S,
    fresh: impl Fn() -> S,
    change: u8,
    mut going_on: impl FnMut(&mut S),
) -> S {
    let mut bytes = Vec::new();
    state.save_state(&mut bytes);
    let load = |bytes: &[u8]| {
        let mut input = StateReader::new(bytes);
        let mut loaded = fresh();
        let is_sound = loaded.load_state(&mut input).is_ok() && input.is_empty();
        is_sound.then_some(loaded)
    };
    let loaded = load(&bytes).expect("its own bytes");
    let mut again = Vec::new();
    loaded.save_state(&mut again);
    assert_eq!(bytes, again, "a loaded state is saved as the same bytes");
    for length in 0..bytes.len() {
        assert!(load(&bytes[..length]).is_none(), "the first {length} of {} bytes are no state", bytes.len());
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= change;
        if let Some(mut accepted) = load(&damaged) {
            let mut same = Vec::new();
            accepted.save_state(&mut same);
            assert_eq!(same, damaged, "what is accepted is canonical");
            going_on(&mut accepted);
        }
    }
    loaded
}
