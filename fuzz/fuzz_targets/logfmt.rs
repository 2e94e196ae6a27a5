//! See `tests/fuzz/checks/logfmt.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::logfmt::check(data));
