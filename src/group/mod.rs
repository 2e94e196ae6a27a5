//! GROUPS: each distinct key gets a dense number. What aggregates, and stages that remember keys, have in common:
//! keys as bytes (`keys`), the table that finds them (`table`, `probe`) and which of them are forgotten (`idle`).

mod hasher;
mod idle;
mod keys;
mod probe;
mod table;

pub(crate) use hasher::{KeyHasher, hasher, process_seed};
pub(crate) use idle::IdleKeys;
pub(crate) use keys::{compare_keys, encode_part, groups_of, largest_first, parts, with_key_values, with_value};
pub(crate) use table::{GroupTable, Keys, NO_GROUP};
