//! See `tests/fuzz/checks/number.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::number::check(data));
