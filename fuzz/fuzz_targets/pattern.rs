//! See `tests/fuzz/checks/pattern.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::pattern::check(data));
