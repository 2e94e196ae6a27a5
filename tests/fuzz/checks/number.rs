//! Text that is a number is one to the standard library as well, and prints so that it reads back the same; so do
//! durations, and sizes never panic.

use bourn::data::{Number, Value, parse_duration, parse_number};

use super::rows::assert_reads_back;

/// Takes a word.
pub fn check(data: &[u8]) {
    let text = std::str::from_utf8(data).ok();
    match parse_number(data) {
        None => {
            // What is an int to the standard library is a number here.
            assert!(text.is_none_or(|text| text.parse::<i64>().is_err()), "{text:?}");
        }
        Some(number) => {
            let text = text.expect("digits are ASCII");
            let value: f64 = text.parse().expect("a number to both");
            assert!(value.is_finite());
            assert_eq!(number.to_f64(), value);
            match number {
                Number::Int(value) => assert_reads_back(&Value::Int(value)),
                Number::Float(value) => assert_reads_back(&Value::Float(value)),
            }
        }
    }
    if let Some(text) = text {
        if let Some(ns) = parse_duration(text) {
            assert_reads_back(&Value::Duration(ns));
        }
        let _ = bourn::lang::parse_size(text);
    }
}
