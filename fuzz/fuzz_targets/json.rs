//! See `tests/fuzz/checks/json.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::json::check(data));
