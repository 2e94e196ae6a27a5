//! See `tests/fuzz/checks/formats.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::formats::check(data));
