use super::super::make;
use super::super::testing::{all_columns, batch, encoder, print, text};
use super::*;
use crate::data::Value;

#[test]
fn numbers_to_the_right_nulls_empty_no_spaces_at_the_end() {
    assert_eq!(
        print(
            &TABLE,
            &["path", "n", "note"],
            &[
                vec![text("/"), text("/index"), Value::Null],
                vec![Value::Int(5), Value::Null, Value::Float(1234.5)],
                vec![text("long note"), Value::Null, text("x")],
            ]
        ),
        concat!("path         n  note\n", "/            5  long note\n", "/index\n", "        1234.5  x\n",)
    );
}

#[test]
fn a_column_of_numbers_and_text_is_to_the_left() {
    assert_eq!(
        print(
            &TABLE,
            &["a", "b"],
            &[vec![Value::Int(100), text("x"), Value::Null], vec![Value::Null, Value::Null, Value::Null],]
        ),
        "a    b\n100\nx\n\n"
    );
}

#[test]
fn wide_characters_count_twice() {
    assert_eq!(
        print(&TABLE, &["a", "b"], &[vec![text("日本"), text("née")], vec![text("x"), text("y")]]),
        "a     b\n日本  x\nnée   y\n"
    );
}

#[test]
fn nothing_reaches_the_terminal() {
    assert_eq!(
        print(
            &TABLE,
            &["a\u{7}"],
            &[
                vec![
                    text("\u{1b}[2J\0\t\n\r\u{7f}\u{9b}"),
                    Value::Text(b"\xff \xe2\x82".to_vec()),
                    text("back\\slash"),
                ]
            ]
        ),
        "a\\x07\n\\x1b[2J\\x00\\t\\n\\r\\x7f\\u{9b}\n\\xff \\xe2\\x82\nback\\slash\n"
    );
}

#[test]
fn spaces_of_the_text_do_not_end_a_line() {
    assert_eq!(print(&TABLE, &["a"], &[vec![text("x  "), text("  ")]]), "a\nx\n\n");
}

#[test]
fn without_rows_the_header_alone() {
    assert_eq!(print(&TABLE, &["a", "b"], &[vec![], vec![]]), "a  b\n");
    let mut out = Vec::new();
    encoder(&TABLE, &["a"]).finish(&mut out);
    assert_eq!(out, b"");
}

#[test]
fn an_endless_stream_is_written_piece_by_piece() {
    let mut table = encoder(&TABLE, &["word", "n"]);
    let mut out = Vec::new();
    let rows = |word: &str, rows: usize| batch(&[vec![text(word); rows], vec![Value::Int(1); rows]]);
    table.header(&mut out);
    table.encode(&rows("a", 999), &mut out);
    assert!(out.is_empty());
    table.encode(&rows("a", 2), &mut out);
    let lines = 1 + HELD_ROWS;
    assert_eq!(out.len(), lines * "word  n\n".len());
    out.clear();
    table.encode(&rows("longer", 1), &mut out);
    table.finish(&mut out);
    assert_eq!(out, b"a       1\nlonger  1\n");
    out.clear();
    table.encode(&rows("b", 1), &mut out);
    table.finish(&mut out);
    assert_eq!(out, b"b       1\n");
}

/// Returns the table printed with a look.
fn looks(look: Look, names: &[&str], values: &[Vec<Value>]) -> String {
    let mut table = make(&TABLE, &all_columns(names), None, look);
    let mut out = Vec::new();
    table.header(&mut out);
    table.encode(&batch(values), &mut out);
    table.finish(&mut out);
    String::from_utf8(out).expect("text")
}

#[test]
fn text_is_shortened_on_a_terminal() {
    let look = Look { width: Some(20), ..Look::default() };
    assert_eq!(
        looks(
            look,
            &["a long name", "n", "b"],
            &[
                vec![text("日本語日本語"), text("xyz")],
                vec![Value::Int(1234567), Value::Int(1)],
                vec![text("a rather long text"), Value::Bool(true)],
            ]
        ),
        concat!("a lo…        n  b\n", "日本…  1234567  a r…\n", "xyz          1  true\n",)
    );
}

#[test]
fn a_line_that_fits_is_left() {
    let look = Look { width: Some(6), ..Look::default() };
    let lines = vec![text("123456"), text("abcdefg")];
    assert_eq!(looks(look, &["a"], &[lines]), "a\n123456\nabcde…\n");
}

#[test]
fn headers_are_bold_and_nulls_dim() {
    let look = Look { color: true, ..Look::default() };
    assert_eq!(
        looks(look, &["a", "n"], &[vec![text("x"), Value::Null], vec![Value::Null, Value::Int(1)]]),
        concat!("\x1b[1ma        n\x1b[0m\n", "x     \x1b[2mnull\x1b[0m\n", "\x1b[2mnull\x1b[0m     1\n",)
    );
}

#[test]
fn lists_of_numbers_are_drawn() {
    let list = |values: &[i64]| Value::List(values.iter().copied().map(Value::Int).collect());
    assert_eq!(
        print(
            &TABLE,
            &["a", "b"],
            &[
                vec![list(&[1, 2, 8]), list(&[]), Value::List(vec![text("x")])],
                vec![Value::Int(1), Value::Int(2), Value::Int(3)],
            ]
        ),
        "a      b\n▁▂█    1\n[]     2\n[\"x\"]  3\n"
    );
}
