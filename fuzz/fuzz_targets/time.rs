//! See `tests/fuzz/checks/time.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::time::check(data));
