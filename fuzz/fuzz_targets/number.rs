//! Text that is a number is one to the standard library as well, and prints so that it reads back the same; durations
//! and sizes never panic.

#![no_main]

use bourn::data::{Number, ValueRef, parse_duration, parse_number, write_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = std::str::from_utf8(data).ok();
    match parse_number(data) {
        None => {
            // What is an int to the standard library is a number here.
            assert!(
                text.is_none_or(|text| text.parse::<i64>().is_err()),
                "{text:?}"
            );
        }
        Some(number) => {
            let text = text.expect("digits are ASCII");
            let value: f64 = text.parse().expect("a number to both");
            assert!(value.is_finite());
            assert_eq!(number.to_f64(), value);
            let mut printed = Vec::new();
            match number {
                Number::Int(value) => write_text(ValueRef::Int(value), &mut printed),
                Number::Float(value) => write_text(ValueRef::Float(value), &mut printed),
            }
            assert_eq!(
                parse_number(&printed).expect("it reads back").to_f64(),
                value
            );
        }
    }
    if let Some(text) = text {
        let _ = parse_duration(text);
        let _ = bourn::lang::parse_size(text);
    }
});
