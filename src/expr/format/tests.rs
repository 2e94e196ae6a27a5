//! Specifications are compared with the answers of Python 3.11 to `format(value, specification)`: python.tsv has the
//! kind of value, the value, the specification and the answer. Some answers differ on purpose and are tested apart.

use super::*;
use crate::data::Value;

fn formatted(value: ValueRef<'_>, specification: &str) -> Result<String, TypeMismatch> {
    let specification = Specification::parse(specification).expect("a specification");
    let mut out = b"before".to_vec();
    specification.write(value, &mut out)?;
    Ok(String::from_utf8_lossy(&out[6..]).into_owned())
}

fn text(value: &str) -> ValueRef<'_> {
    ValueRef::Text(value.as_bytes())
}

#[test]
fn numbers_and_text_are_written_as_python_writes_them() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("python.tsv").lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [kind, value, specification, answer] = cells.as_slice() else {
            panic!("four cells: {line}");
        };
        let read = match *kind {
            "int" => text(value).as_exact().map(Exact::to_value_ref),
            "float" => value.parse().ok().map(ValueRef::Float),
            _ => Some(text(value)),
        };
        let found = formatted(read.expect("a value"), specification);
        count += 1;
        if found.as_deref() != Ok(answer) {
            wrong.push(format!("{kind} {value} {specification}: {answer:?}, found {found:?}"));
        }
    }
    assert!(count > 500, "{count} lines");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn text_that_is_a_number_is_one_where_a_number_is_needed() {
    for (value, specification, expected) in [
        ("1234567", ">10,", " 1,234,567"),
        ("1234567", "10", "1234567   "),
        ("007", "d", "7"),
        ("007", "5", "007  "),
        ("42", "05", "00042"),
        ("abc", "05", "abc00"),
        ("0.256", ".1%", "25.6%"),
        ("3.14159", ".3", "3.1"),
        ("12", ".1f", "12.0"),
        ("-5", "+d", "-5"),
        ("", "5d", "     "),
        ("-", ".1f", ""),
        ("-", ">3", "  -"),
        ("", ">3,", "   "),
    ] {
        assert_eq!(formatted(text(value), specification).as_deref(), Ok(expected), "{value} {specification}");
    }
    for specification in ["d", ",", "+", "h", "x", "%", "*=5"] {
        assert!(formatted(text("abc"), specification).is_err(), "{specification}");
    }
}

#[test]
fn values_without_an_answer_of_python() {
    let list = [Value::Int(1)];
    for (value, specification, expected) in [
        (ValueRef::Null, ">5", "     "),
        (ValueRef::Null, "05d", "     "),
        (ValueRef::Null, "*^5", "*****"),
        (ValueRef::Null, "s", ""),
        (ValueRef::Float(3.0), "d", "3"),
        (ValueRef::Float(1e22), ",d", "10,000,000,000,000,000,000,000"),
        (ValueRef::Float(3.0), "5", "    3"),
        (ValueRef::Int(2), ".3", "2.0"),
        (ValueRef::Int(5), "<4s", "5   "),
        (ValueRef::Bool(true), ">6", "  true"),
        (ValueRef::Bool(true), "6", "true  "),
        (ValueRef::Duration(1_500_000_000), ".1f", "1.5"),
        (ValueRef::Duration(90_000_000_000), "d", "90"),
        (ValueRef::Duration(90_000_000_000), ">8", "   1m30s"),
        (ValueRef::List(&list), ">5", "  [1]"),
        (ValueRef::Time(0), "%H:%M on %F", "00:00 on 1970-01-01"),
        (ValueRef::Time(0), "22", "1970-01-01T00:00:00Z  "),
    ] {
        assert_eq!(formatted(value, specification).as_deref(), Ok(expected), "{value:?} {specification}");
    }
    for (value, specification) in [
        (ValueRef::Float(2.5), "d"),
        (ValueRef::Float(2.5), "x"),
        (ValueRef::Bool(true), "d"),
        (ValueRef::List(&list), "f"),
        (ValueRef::Float(1.5e308), "%"),
        (ValueRef::Bool(true), "%H"),
    ] {
        assert!(formatted(value, specification).is_err(), "{value:?} {specification}");
    }
}

#[test]
fn sizes_have_units() {
    for (value, specification, expected) in [
        (ValueRef::Int(0), "h", "0"),
        (ValueRef::Int(999), "h", "999"),
        (ValueRef::Int(1000), "h", "1.0k"),
        (ValueRef::Int(1_234_567), "h", "1.2M"),
        (ValueRef::Int(1_258_291), "H", "1.2Mi"),
        (ValueRef::Int(1023), "H", "1023"),
        (ValueRef::Int(1024), "H", "1.0Ki"),
        (ValueRef::Int(999_949), "h", "999.9k"),
        (ValueRef::Int(999_950), "h", "1.0M"),
        (ValueRef::Int(-1500), ">8h", "   -1.5k"),
        (ValueRef::Int(1500), "+.2h", "+1.50k"),
        (ValueRef::Int(1500), ".0h", "2k"),
        (ValueRef::Float(12.34), "h", "12.3"),
        (ValueRef::Float(999.96), "h", "1.0k"),
        (ValueRef::Float(1e27), "h", "1000.0Y"),
        (ValueRef::Text(b"5000000000"), "h", "5.0G"),
    ] {
        assert_eq!(formatted(value, specification).as_deref(), Ok(expected), "{value:?} {specification}");
    }
}
