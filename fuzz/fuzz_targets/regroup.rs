//! See `tests/fuzz/checks/regroup.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::regroup::check(data));
