//! Maps as bytes of a saved state: pairs in the order of their keys.

use std::collections::BTreeMap;

use crate::data::persist::{Persist, StateError, StateReader};

/// Appends a map.
pub(super) fn save_map<K: Persist, V: Persist>(map: &BTreeMap<K, V>, out: &mut Vec<u8>) {
    (map.len() as u64).save(out);
    for (key, value) in map {
        key.save(out);
        value.save(out);
    }
}

/// Reads a map. Keys that are not in order are damage.
pub(super) fn load_map<K: Persist + Ord, V: Persist>(
    input: &mut StateReader<'_>,
) -> Result<BTreeMap<K, V>, StateError> {
    let mut map = BTreeMap::new();
    for _ in 0..input.length(1)? {
        let key = K::load(input)?;
        if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(StateError::Damaged);
        }
        map.insert(key, V::load(input)?);
    }
    Ok(map)
}
