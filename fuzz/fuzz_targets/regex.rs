//! See `tests/fuzz/checks/regex.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::regex::check(data));
