//! Keys as bytes of a saved state: in blocks of kinds, lengths and bytes. Directories are not saved, because their
//! hashes have a seed of the process.

use super::keys::{is_key, key_columns};
use super::probe::SHORT_BYTES;
use super::table::{GroupTable, Keys, NO_GROUP};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{HeapBytes, KeyKind};

/// Appends keys, each given as a group of some keys, in this order.
pub(crate) fn save_keys<'k>(keys: impl Iterator<Item = (&'k Keys, usize)> + Clone, out: &mut Vec<u8>) {
    let count = keys.clone().count();
    (count as u64).save(out);
    out.extend(keys.clone().map(|(keys, group)| keys.keys[group].kind as u8));
    let start = out.len();
    out.resize(start + count * size_of::<u32>(), 0);
    let mut bytes = 0;
    for (place, (keys, group)) in out[start..].as_chunks_mut().0.iter_mut().zip(keys.clone()) {
        let length = keys.keys[group].len;
        *place = length.to_le_bytes();
        bytes += length as usize;
    }
    // Both words of a short key are copied, whatever its length: the next key begins after its last byte.
    let mut at = out.len();
    let end = at + bytes;
    out.resize(end + SHORT_BYTES, 0);
    let mut short = [0; SHORT_BYTES];
    for (keys, group) in keys {
        let length = keys.keys[group].len as usize;
        if length <= SHORT_BYTES {
            out[at..at + SHORT_BYTES].copy_from_slice(&keys.keys[group].words());
        } else {
            out[at..at + length].copy_from_slice(keys.get(group, &mut short).1);
        }
        at += length;
    }
    out.truncate(end);
}

/// In the order of the groups.
impl Persist for Keys {
    fn save(&self, out: &mut Vec<u8>) {
        save_keys((0..self.len()).map(|group| (self, group)), out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let count = input.length(1 + size_of::<u32>())?;
        if count >= NO_GROUP as usize {
            return Err(StateError::Damaged);
        }
        let kinds = input.take(count)?;
        let lengths = input.block(count, u32::from_le_bytes)?;
        let mut keys = Keys::with_capacity(count);
        let mut rest = input.take(bytes_of(&lengths)?)?;
        for (kind, length) in kinds.iter().zip(lengths) {
            let kind = KeyKind::load(&mut StateReader::new(&[*kind]))?;
            let (bytes, later) = rest.split_at_checked(length as usize).ok_or(StateError::Damaged)?;
            if kind != KeyKind::Text && !is_key(kind, bytes) {
                return Err(StateError::Damaged);
            }
            match rest.first_chunk() {
                Some(window) if bytes.len() <= SHORT_BYTES => keys.add_short(kind, *window, length),
                _ => keys.add(kind, bytes),
            }
            rest = later;
        }
        Ok(keys)
    }
}

/// The number of bytes of keys with these lengths.
fn bytes_of(lengths: &[u32]) -> Result<usize, StateError> {
    let bytes: u64 = lengths.iter().map(|length| u64::from(*length)).sum(); // there are fewer than 2^32
    usize::try_from(bytes).map_err(|_| StateError::Damaged)
}

impl Keys {
    /// True if every key has a value for each of `columns` columns. Keys of an aggregation without columns are empty.
    pub(crate) fn have_columns(&self, columns: usize) -> bool {
        if columns == 1 {
            return self.keys.iter().all(|key| key.kind != KeyKind::Tuple);
        }
        let mut short = [0; 16];
        (0..self.len()).all(|group| {
            let (kind, bytes) = self.get(group, &mut short);
            key_columns(kind, bytes) == columns
        })
    }

    /// True if the keys are in the order of [`in_byte_order`] and no key is there twice.
    pub(crate) fn are_in_byte_order(&self) -> bool {
        let (mut left, mut right) = ([0; 16], [0; 16]);
        (1..self.len()).all(|group| byte_order(self.get(group - 1, &mut left), self.get(group, &mut right)).is_lt())
    }
}

/// The order in which merged groups are saved: it depends on the keys alone, not on a hash or on threads.
fn byte_order(left: (KeyKind, &[u8]), right: (KeyKind, &[u8])) -> std::cmp::Ordering {
    left.1.cmp(right.1).then_with(|| (left.0 as u8).cmp(&(right.0 as u8)))
}

/// A group of one of several sets of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyedGroup {
    /// The first bytes of its key as a number, which decides most comparisons.
    prefix: u64,
    /// The number of its set.
    pub(crate) set: u32,
    pub(crate) group: u32,
}

/// Sorts the groups of several sets by the bytes of their keys. `groups` yields the set and number of each.
pub(crate) fn in_byte_order(sets: &[&Keys], groups: impl Iterator<Item = (usize, usize)>) -> Vec<KeyedGroup> {
    let mut short = [0; 16];
    let keyed = |(set, group): (usize, usize)| {
        let (_, bytes) = sets[set].get(group, &mut short);
        let mut prefix = [0; 8];
        let length = bytes.len().min(prefix.len());
        prefix[..length].copy_from_slice(&bytes[..length]);
        KeyedGroup { prefix: u64::from_be_bytes(prefix), set: set as u32, group: group as u32 }
    };
    let mut sorted: Vec<KeyedGroup> = groups.map(keyed).collect();
    sorted.sort_unstable_by(|left, right| {
        left.prefix.cmp(&right.prefix).then_with(|| {
            let (mut one, mut two) = ([0; 16], [0; 16]);
            let left = sets[left.set as usize].get(left.group as usize, &mut one);
            byte_order(left, sets[right.set as usize].get(right.group as usize, &mut two))
        })
    });
    sorted
}

/// In the order of the groups. A key that is there twice is rejected.
impl Persist for GroupTable {
    fn save(&self, out: &mut Vec<u8>) {
        self.keys.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let keys = Keys::load(input)?;
        let mut table = GroupTable::with_capacity(keys.len());
        for group in 0..keys.len() {
            if table.group_of_stored(&keys, group) != group as u32 {
                return Err(StateError::Damaged);
            }
        }
        Ok(table)
    }
}

impl HeapBytes for Keys {
    fn heap_bytes(&self) -> usize {
        self.buffer_bytes()
    }
}

impl HeapBytes for GroupTable {
    fn heap_bytes(&self) -> usize {
        self.keys.heap_bytes() + self.directory_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::persist::{PersistRoot, from_bytes, to_bytes};
    use crate::data::{Value, encode_key};
    use crate::group::keys::encode_part;
    use proptest::prelude::*;

    impl PersistRoot for GroupTable {
        const KIND: [u8; 4] = *b"test";
        const VERSION: u32 = 1;
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            "-?[1-9][0-9]{19,30}".prop_map(|digits| Value::BigInt(digits.into_bytes().into())),
            any::<f64>().prop_map(Value::float),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Text),
            any::<i64>().prop_map(Value::Time),
            prop::collection::vec(any::<i64>().prop_map(Value::Int), 0..3).prop_map(Value::List),
        ]
    }

    fn add(table: &mut GroupTable, values: &[Value]) -> u32 {
        let mut bytes = Vec::new();
        let kind = match values {
            [value] => encode_key(value.borrow(), &mut bytes),
            values => {
                values.iter().for_each(|value| encode_part(value.borrow(), &mut bytes));
                KeyKind::Tuple
            }
        };
        table.group_of(kind, &bytes)
    }

    fn of(keys: &[Vec<Value>]) -> GroupTable {
        let mut table = GroupTable::with_capacity(0);
        keys.iter().for_each(|key| {
            add(&mut table, key);
        });
        table
    }

    /// The keys in byte order.
    fn sorted(table: &GroupTable) -> Vec<u8> {
        let keys = &table.keys;
        let order = in_byte_order(&[keys], (0..keys.len()).map(|group| (0, group)));
        let mut out = Vec::new();
        save_keys(order.iter().map(|place| (keys, place.group as usize)), &mut out);
        out
    }

    proptest! {
        #[test]
        fn a_loaded_table_goes_on_as_the_saved_one(
            keys in (1usize..3).prop_flat_map(|columns| {
                prop::collection::vec(prop::collection::vec(value(), columns), 0..40)
            }),
            cut in 0usize..40,
        ) {
            let (before, after) = keys.split_at(cut.min(keys.len()));
            let mut table = of(before);
            let bytes = to_bytes(&table);
            let mut again: GroupTable = from_bytes(&bytes).expect("its own bytes");
            prop_assert_eq!(to_bytes(&again), bytes);
            prop_assert!(keys.first().is_none_or(|key| again.keys.have_columns(key.len())));
            for key in keys.iter().chain(after) {
                prop_assert_eq!(add(&mut again, key), add(&mut table, key));
            }
            prop_assert_eq!(to_bytes(&again), to_bytes(&table));
        }

        #[test]
        fn byte_order_does_not_depend_on_arrival(
            keys in prop::collection::vec(value().prop_map(|value| vec![value]), 0..40),
        ) {
            let backwards: Vec<Vec<Value>> = keys.iter().rev().cloned().collect();
            let bytes = sorted(&of(&keys));
            prop_assert_eq!(&bytes, &sorted(&of(&backwards)));
            let loaded = Keys::load(&mut StateReader::new(&bytes)).expect("its own bytes");
            prop_assert!(loaded.are_in_byte_order());
        }

        #[test]
        fn damaged_keys_are_keys_or_rejected(
            keys in prop::collection::vec(prop::collection::vec(value(), 2), 0..10),
            at in any::<prop::sample::Index>(),
            change in 1u8..,
        ) {
            let mut bytes = Vec::new();
            of(&keys).save(&mut bytes);
            let at = at.index(bytes.len());
            let _ = GroupTable::load(&mut StateReader::new(&bytes[..at]));
            bytes[at] ^= change;
            if let Ok(table) = GroupTable::load(&mut StateReader::new(&bytes)) {
                table.keys.have_columns(2);
                sorted(&table);
                let mut short = [0; 16];
                for group in 0..table.len() {
                    let (kind, bytes) = table.keys.get(group, &mut short);
                    super::super::with_key_values(kind, bytes, &mut [0, 1], |_, value| { value.to_value(); });
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_there_twice_is_damage() {
        let table = of(&[vec![Value::Int(1)], vec![Value::Int(2)]]);
        let mut bytes = Vec::new();
        save_keys([(&table.keys, 1), (&table.keys, 1)].into_iter(), &mut bytes);
        assert!(GroupTable::load(&mut StateReader::new(&bytes)).is_err());
        let keys = Keys::load(&mut StateReader::new(&bytes)).expect("keys alone may repeat");
        assert!(!keys.are_in_byte_order());
    }
}
