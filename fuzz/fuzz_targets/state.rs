//! See `tests/fuzz/checks/state.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::state::check(data));
