//! See `tests/fuzz/checks/csv.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::csv::check(data));
