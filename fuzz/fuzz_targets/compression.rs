//! See `tests/fuzz/checks/compression.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::compression::check(data));
