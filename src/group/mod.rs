//! GROUPS: each distinct key gets a dense number. Shared by aggregates and stages with state by key: keys as bytes
//! (`keys`), the table that finds them (`table`, `probe`), keys in a saved state (`saved_keys`), forgetting idle keys
//! (`idle`), and states by key (`keyed_state`).

mod hasher;
mod idle;
mod keyed_state;
mod keys;
mod probe;
mod saved_keys;
mod table;

pub(crate) use hasher::{KeyHasher, hasher, process_seed};
pub(crate) use idle::IdleKeys;
pub(crate) use keyed_state::{GroupStates, KeyedState, SavedStates};
pub(crate) use keys::{compare_keys, groups_of, is_key, largest_first, parts, with_key_values, with_value};
pub(crate) use saved_keys::{in_byte_order, save_keys};
pub(crate) use table::{GroupTable, Keys, NO_GROUP};
