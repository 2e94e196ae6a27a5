use super::super::testing::{batch, columns, print, text};
use super::super::{Look, make};
use super::*;
use crate::data::{OutputColumn, Position, Slot, Value};

const MINUTE: i64 = 60_000_000_000;

/// Times of minutes.
fn minutes(minutes: &[i64]) -> Vec<Value> {
    minutes.iter().map(|minute| Value::Time(minute * MINUTE)).collect()
}

fn ints(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().copied().map(Value::Int).collect()
}

/// The chart and its notes.
fn chart(names: &[&str], values: &[Vec<Value>], look: Look) -> (Vec<String>, Vec<String>) {
    let columns: Vec<OutputColumn> =
        columns(&names.iter().map(|name| name.trim_start_matches('+')).collect::<Vec<_>>())
            .into_iter()
            .zip(names)
            .map(|(column, name)| OutputColumn { is_key: name.starts_with('+'), ..column })
            .collect();
    let mut encoder = (CHART.encoder)(&columns, look);
    let mut out = Vec::new();
    encoder.encode(&batch(values), &mut out);
    encoder.finish(&mut out);
    let text = String::from_utf8(out).expect("text");
    (text.lines().map(str::to_owned).collect(), encoder.take_notes())
}

fn narrow(width: usize) -> Look {
    Look { width: Some(width), ..Look::default() }
}

#[test]
fn a_line_over_time() {
    let (lines, notes) = chart(&["time", "n"], &[minutes(&[0, 1, 2, 3]), ints(&[0, 2, 1, 2])], narrow(24));
    assert_eq!(lines[0], "n         1970-01-01 UTC");
    assert_eq!(lines.len(), 4 + 3, "{lines:#?}");
    assert!(lines[1].starts_with("2 ┤") && lines[4].starts_with("0 ┤"), "{lines:#?}");
    assert_eq!(lines[6], " 01-01        00:02");
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let keys: Vec<Value> = (0..30).map(|key| text(&format!("a long name of a host {key}"))).collect();
    let times = minutes(&(0..30).collect::<Vec<_>>());
    for width in 1..120 {
        for color in [false, true] {
            let look = Look { color, ..narrow(width) };
            let values = [times.clone(), keys.clone(), ints(&(0..30).map(|n| n * 1_000_003).collect::<Vec<_>>())];
            let (lines, _) = chart(&["time", "+host", "n"], &values, look);
            let widest = lines.iter().map(|line| console::measure_text_width(line)).max();
            assert!(widest <= Some(width.max(4)), "{width}: {lines:#?}");
        }
    }
}

#[test]
fn it_fits_the_height_of_the_terminal() {
    let values = [minutes(&[0, 1]), ints(&[1, 2])];
    for height in 9..80 {
        let (lines, _) = chart(&["time", "n"], &values, Look { height: Some(height), ..narrow(200) });
        assert!(lines.len() + 2 <= height && lines.len() <= 35, "{height}: {}", lines.len());
    }
}

#[test]
fn each_key_is_a_series_and_the_largest_twelve_are_drawn() {
    let times = minutes(&[0; 14]);
    let keys = (0..14).map(Value::Int).collect();
    let (lines, notes) =
        chart(&["+time", "+status", "count"], &[times, keys, ints(&(1..15).collect::<Vec<_>>())], narrow(80));
    assert_eq!(lines[0].split("  ").next(), Some("count by status"));
    assert_eq!(lines.last().map(String::as_str), Some("2 smaller series not drawn"));
    assert!(lines.iter().any(|line| line.contains("* 2   + 3   o 4")), "{lines:#?}");
    assert_eq!(notes, ["-o chart: only the 12 largest series are drawn, not `0`, `1`"]);
}

#[test]
fn x_is_a_time_then_a_number_then_the_row() {
    let title = |names: &[&str], values: &[Vec<Value>]| {
        let line = chart(names, values, narrow(60)).0.first().cloned().unwrap_or_default();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (times, a, b) = (minutes(&[1, 2]), ints(&[1, 2]), ints(&[3, 4]));
    assert_eq!(title(&["a", "t", "b"], &[a.clone(), times.clone(), b.clone()]), "a, b 1970-01-01 UTC");
    assert_eq!(title(&["a", "b"], &[a.clone(), b.clone()]), "b by a");
    assert_eq!(title(&["a"], std::slice::from_ref(&a)), "a by row");
    assert_eq!(title(&["+a", "b"], &[a.clone(), b.clone()]), "b by a");
    let bounds = ["window_start", "window_end", "b"];
    assert_eq!(title(&bounds, &[times.clone(), times.clone(), b.clone()]), "b 1970-01-01 UTC");
    let written = ["2026-03-01T10:00:00Z", "2026-03-02T10:01:00Z"].map(text).to_vec();
    assert_eq!(title(&["t", "b"], &[written, b]), "b 2026-03-01 – 2026-03-02 UTC");
}

#[test]
fn texts_that_repeat_are_series() {
    let hosts = ["a", "b", "a", "b"].map(text).to_vec();
    let (lines, notes) = chart(&["t", "host", "n"], &[minutes(&[0, 0, 1, 1]), hosts, ints(&[1, 2, 3, 4])], narrow(60));
    assert!(lines[0].starts_with("n by host"), "{lines:?}");
    assert!(notes.is_empty(), "{notes:?}");
    let words = ["w", "x", "y", "z"].map(text).to_vec();
    let (lines, notes) = chart(&["t", "word", "n"], &[minutes(&[0, 0, 1, 1]), words, ints(&[1, 2, 3, 4])], narrow(60));
    assert!(lines[0].starts_with("n  "), "{lines:?}");
    assert_eq!(notes, ["-o chart: not drawn: `word` (text); the lines are numbers"]);
}

#[test]
fn nothing_to_draw() {
    let note = |names: &[&str], values: &[Vec<Value>]| {
        let (lines, notes) = chart(names, values, narrow(60));
        assert!(lines.is_empty(), "{lines:?}");
        notes.join("; ")
    };
    assert_eq!(note(&["n"], &[vec![]]), "-o chart: there are no rows to draw");
    assert_eq!(note(&["w"], &[vec![text("x")]]), "-o chart: expected a column of numbers, found `w` (text)");
    assert_eq!(note(&["w"], &[vec![Value::Null]]), "-o chart: expected a column of numbers, found `w` (only null)");
    let only_time = note(&["t"], &[minutes(&[1])]);
    assert_eq!(only_time, "-o chart: expected a column of numbers, found `t` (times)");
}

#[test]
fn durations_and_numbers_have_no_common_axis() {
    let durations = vec![Value::Duration(5_000_000), Value::Duration(9_000_000)];
    let (lines, notes) = chart(&["t", "took", "n"], &[minutes(&[0, 1]), durations, ints(&[1, 2])], narrow(40));
    assert!(lines[1].starts_with("10ms ┤"), "{lines:#?}");
    assert_eq!(notes, ["-o chart: not drawn: `n` (numbers); the lines are durations"]);
}

#[test]
fn values_of_another_kind_are_counted() {
    let mixed = vec![Value::Int(1), text("n/a"), Value::Int(3)];
    let (_, notes) = chart(&["t", "n"], &[minutes(&[0, 1, 2]), mixed], narrow(40));
    assert_eq!(notes, ["-o chart: 1 value of another kind is not drawn"]);
}

#[test]
fn columns_that_come_later_are_drawn() {
    let columns = OutputColumns { whole: Some(Slot(0)), ..OutputColumns::default() };
    let mut encoder = make(&CHART, &columns, None, narrow(40));
    let mut out = Vec::new();
    for row in 0..2000 {
        let field = |name: &str, value| (name.as_bytes().to_vec(), value);
        let mut fields = vec![field("t", Value::Time(row * MINUTE)), field("200", Value::Int(row % 10))];
        if row > 1500 {
            fields.push(field("500", Value::Int(5)));
        }
        let mut rows = Batch::new(1, Position::default());
        let object = Value::Object(fields);
        rows.set(Slot(0), [object.borrow()].into_iter().collect());
        encoder.encode(&rows, &mut out);
    }
    encoder.finish(&mut out);
    let chart = String::from_utf8_lossy(&out).into_owned();
    assert!(chart.starts_with("200, 500 ") && chart.contains("* 200   + 500"), "{chart}");
}

#[test]
fn peaks_among_many_points_stay() {
    let count = 200_000;
    let times = (0..count).map(Value::Time).collect();
    let peak = |row| if row == 123_456 { 1000 } else { row % 3 };
    let (lines, _) = chart(&["t", "n"], &[times, (0..count).map(|row| Value::Int(peak(row))).collect()], narrow(60));
    assert!(lines[1].starts_with("1000 ┤") && lines[1].trim_end().chars().last() > Some('┤'), "{lines:#?}");
}

#[test]
fn equal_huge_and_negative_numbers() {
    for numbers in [[5.0, 5.0], [0.0, 0.0], [-3.0, -9.0], [f64::MIN, f64::MAX], [1e-300, 3e-300], [0.0, 5e-324]] {
        let values = numbers.map(Value::Float).to_vec();
        let (lines, notes) = chart(&["t", "n"], &[minutes(&[0, 1]), values], narrow(60));
        assert_eq!(lines.len(), 12 + 3, "{numbers:?} {lines:#?}");
        assert!(notes.is_empty(), "{notes:?}");
    }
    assert!(print(&CHART, &["n"], &[ints(&[i64::MIN, i64::MAX])]).contains("1e19 ┤"));
}

#[test]
fn a_preview_keeps_nothing() {
    let mut encoder = (CHART.encoder)(&columns(&["t", "n"]), narrow(40));
    let rows = |minute: i64, n| batch(&[minutes(&[minute]), ints(&[n])]);
    let (mut before, mut after, mut end) = (Vec::new(), Vec::new(), Vec::new());
    encoder.encode(&rows(0, 1), &mut end);
    encoder.encode(&rows(1, 2), &mut end);
    encoder.preview(&[], narrow(40), &mut before);
    encoder.preview(&[rows(2, 900)], narrow(40), &mut after);
    encoder.finish(&mut end);
    assert_eq!(before, end);
    assert!(String::from_utf8_lossy(&after).contains("1000 ┤"));
}
