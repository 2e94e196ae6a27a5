//! Tests of the table of groups.

use super::*;
use crate::data::Bytes;
use proptest::prelude::*;

/// The number of slots examined to find every key once.
fn probes(table: &GroupTable) -> usize {
    let mask = table.directory.len() - 1;
    let of_group = |group: usize| {
        let home = (table.keys.hash(group, table.hasher) >> table.shift) as usize;
        let is_home = |step: &usize| table.directory[(home + step) & mask] == group as u32 + 1;
        1 + (0..).find(is_home).expect("every group is in the directory")
    };
    (0..table.len()).map(of_group).sum()
}

fn seeded(seed: u64) -> GroupTable {
    let number = |number: u64| (seed ^ number << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed;
    GroupTable::with_hasher(0, Box::leak(Box::new(KeyHasher::seeded(number))))
}

/// Keys that collide if the seed is known, or is a common constant.
fn hostile_keys() -> Vec<Vec<[u8; 16]>> {
    let constants = [0x9e37_79b9_7f4a_7c15u64, 0xa076_1d64_78bd_642f, 0, u64::MAX, 1 << 63];
    let key = |low: u64, high: u64| {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&low.to_le_bytes());
        key[8..].copy_from_slice(&high.to_le_bytes());
        key
    };
    let mut all = Vec::new();
    for constant in constants {
        all.push((0..4096).map(|number| key(constant, number)).collect());
        all.push((0..4096).map(|number| key(number, constant)).collect());
        all.push((0..4096).map(|number| key(constant, number << 52)).collect());
        all.push((0..4096).map(|number| key(number << 52, constant)).collect());
    }
    all
}

#[test]
fn no_keys_collide_by_intent() {
    for keys in hostile_keys() {
        let mut tables = [GroupTable::with_capacity(0), GroupTable::with_capacity(0)];
        for key in &keys {
            tables[0].group_of(KeyKind::Text, key);
            // As a part of a longer key.
            tables[1].group_of(KeyKind::Tuple, &[key.as_slice(), b"x"].concat());
        }
        for table in &tables {
            let probes = probes(table);
            assert!(probes < 8 * keys.len(), "{probes} probes for {:?}", &keys[1]);
        }
    }
}

proptest! {
    #[test]
    fn groups_are_numbered_by_their_first_appearance_whatever_the_seed(
        keys in prop::collection::vec("[ab]{0,20}", 1..200),
        seeds in any::<[u64; 2]>(),
    ) {
        let number = |seed| {
            let mut table = seeded(seed);
            let of = |key: &String| table.group_of(KeyKind::Text, key.as_bytes());
            keys.iter().map(of).collect::<Vec<u32>>()
        };
        prop_assert_eq!(number(seeds[0]), number(seeds[1]));
    }
}

#[test]
fn every_key_gets_its_own_number_in_order() {
    let words: Vec<String> = (0..5000).map(|i| format!("{}{}", "x".repeat(i % 40), i)).collect();
    let joined = words.concat();
    let mut spans = Vec::new();
    let mut start = 0;
    for word in &words {
        spans.push(TextSpan::new(start, start + word.len()));
        start += word.len();
    }
    spans.push(TextSpan::NULL);
    spans.push(TextSpan::new(start, start));
    let mut column = TextColumn { bytes: Bytes::Borrowed(joined.as_bytes()), spans };
    let mut table = GroupTable::with_capacity(0);
    let mut groups = Vec::new();
    table.groups_of_texts(&column, &mut groups);
    assert_eq!(groups, (0..5002).collect::<Vec<u32>>());
    column.spans.reverse();
    groups.clear();
    table.groups_of_texts(&column, &mut groups);
    assert_eq!(groups, (0..5002).rev().collect::<Vec<u32>>());
    for (group, word) in words.iter().enumerate() {
        assert_eq!(table.keys.get(group, &mut [0; 16]), (KeyKind::Text, word.as_bytes()));
    }
    let mut found = Vec::new();
    table.find_texts(&column, &mut found);
    assert_eq!(found[0], 5001);
    assert_eq!(found[1], NO_GROUP, "null is not looked for");
    assert_eq!(found[2..], groups[2..]);
    assert_eq!(table.find(KeyKind::Text, b"nowhere"), NO_GROUP);
    assert_eq!(table.find(KeyKind::Int, words[3].as_bytes()), NO_GROUP);
    assert_eq!(table.group_of(KeyKind::Int, words[3].as_bytes()), 5002);
    groups.clear();
    table.groups_of_ints(&[7, 7, -1, 7], &mut groups);
    assert_eq!(groups, [5003, 5003, 5004, 5003]);
    assert_eq!(table.group_of(KeyKind::Int, &(-1i64).to_le_bytes()), 5004);
}
