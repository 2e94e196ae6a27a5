//! See `tests/fuzz/checks/framing.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::framing::check(data));
