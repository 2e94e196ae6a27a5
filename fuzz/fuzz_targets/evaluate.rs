//! See `tests/fuzz/checks/evaluate.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::evaluate::check(data));
