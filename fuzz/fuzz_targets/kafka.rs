//! See `tests/fuzz/checks/kafka.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::kafka::check(data));
