//! Keys hash with seeds that every process chooses: no output depends on them.

use std::fmt::Write;

#[allow(dead_code, reason = "other tests need more")]
mod support {
    pub mod program;
}

use support::program::bourn;

/// More keys than one table holds: they are merged in partitions, which are chosen by the hash.
const KEYS: u64 = 20_000;

#[test]
fn runs_with_other_seeds_print_the_same() {
    let mut input = String::new();
    for number in 0..2 * KEYS {
        let key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % KEYS;
        let long = "x".repeat(key as usize % 30);
        let _ = writeln!(input, "{key}{long} {} {}", number % 7, key % 11);
    }
    for expression in [
        "parse '{k} {n} {t}' | count by k",
        "parse '{k} {n} {t}' | sum(n), count_distinct(k), mode(k) by t",
        "parse '{k} {n} {t}' | count by k, t | count by count",
        "parse '{k} {n} {t}' | count by k | first(k), last(k), collect(count, 5)",
        "parse '{k} {n} {t}' | dedup k | tail 50",
        "parse '{k} {n} {t}' | top 20 k | let share = count / total(count)",
    ] {
        let first = bourn(&[expression], input.as_bytes());
        assert_eq!(first.status, Some(0), "{}", first.stderr);
        for _ in 0..2 {
            let other = bourn(&[expression], input.as_bytes());
            assert!(other == first, "{expression} prints something else");
        }
    }
}
