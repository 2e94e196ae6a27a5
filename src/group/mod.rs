//! GROUPS: each distinct key gets a dense number. Shared by aggregates and stages with state by key: keys as bytes
//! (`keys`), the table that finds them (`table`, `probe`), keys in a saved state (`saved_keys`), forgetting idle keys
//! (`idle`), states by key (`keyed_state`), and approximate counts in a fixed number of counters (`space_saving`).

mod hasher;
mod idle;
mod keyed_state;
mod keys;
mod probe;
mod replace;
mod saved_keys;
mod space_saving;
mod table;

pub(crate) use hasher::{KeyHasher, hasher, process_seed};
pub(crate) use idle::IdleKeys;
pub(crate) use keyed_state::{GroupStates, KeyedState, SavedStates};
pub(crate) use keys::{
    compare_keys, encode_part, groups_of, is_key, largest_first, parts, with_key_values, with_value,
};
pub(crate) use saved_keys::{in_byte_order, save_keys};
pub(crate) use space_saving::SpaceSaving;
pub(crate) use table::{GroupTable, Keys, NO_GROUP};
