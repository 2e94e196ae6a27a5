//! See `tests/fuzz/checks/parser.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bourn_fuzz::checks::parser::check(data));
