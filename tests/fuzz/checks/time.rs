//! Times: what is recognised prints so that it is read as the same time, and so does what a format reads.

use bourn::data::{
    Batch, Bytes, Column, Position, SlotSet, TextColumn, TextSpan, ValueRef, parse_time, shorter_time_prefix,
    time_prefix,
};
use bourn::lang;
use bourn::plan::{OutputMode, Plan};
use bourn::stage::RecordCounts;

use super::{rows::assert_reads_back, text_and_bytes};

/// Takes a text, or a format, a NUL and a text.
pub fn check(data: &[u8]) {
    match text_and_bytes(data) {
        Some((format, text)) => by_format(format, text),
        None => by_looks(data),
    }
}

fn by_looks(text: &[u8]) {
    let time = parse_time(text);
    if let Some(ns) = time {
        assert_reads_back(&bourn::data::Value::Time(ns));
    }
    let mut prefix = time_prefix(text);
    while let Some((moment, used)) = prefix {
        let ns = moment.after(None);
        assert!(0 < used && used <= text.len());
        assert_eq!(parse_time(&text[..used]), ns, "the prefix alone");
        if used == text.len() {
            assert_eq!(time, ns);
        }
        prefix = shorter_time_prefix(text, used);
        assert!(prefix.as_ref().is_none_or(|(_, shorter)| *shorter < used));
    }
    // What is RFC 3339 to the calendar's crate is the same time here, if it is at most to the nanosecond.
    let text = std::str::from_utf8(text).unwrap_or_default();
    let is_plain =
        text.len() >= 20 && !text.ends_with(']') && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T';
    if is_plain
        && let Ok(timestamp) = text.parse::<jiff::Timestamp>()
        && let Some(ns) = time
    {
        let expected = timestamp.as_nanosecond();
        assert_eq!(i128::from(ns), expected, "{text}");
    }
}

/// A time that a format reads is printed by it, and read again from there, as often as one likes.
fn by_format(format: &str, text: &[u8]) {
    let Some(read) = apply("time(line, FORMAT)", format, text) else {
        return;
    };
    let print = |text: &str| apply("format_time(time(line), FORMAT)", format, text.as_bytes());
    let printed = print(&read).expect("a format that reads times prints them");
    let Some(again) = apply("time(line, FORMAT)", format, printed.as_bytes()) else {
        return; // a time of day that is no time, a year of more digits
    };
    assert_eq!(print(&again), Some(printed), "{format} {read}");
}

/// The text of an expression of one line; nothing if it cannot be bound or is null.
fn apply(expression: &str, format: &str, line: &[u8]) -> Option<String> {
    let format: String = format.chars().map(|letter| format!("\\u{{{:x}}}", u32::from(letter))).collect();
    let expression = format!("select {} as t", expression.replace("FORMAT", &format!("\"{format}\"")));
    let pipeline = lang::parse(&expression).ok()?;
    let plan = Plan::of(&pipeline, OutputMode::AsItCame).ok()?;
    let mut batch = plan.inputs[0].scanner.scan(b"\n", Position(0));
    let line_slots: Vec<_> = plan.map.first().map(|step| reads(step.stage.as_ref()))?;
    for slot in line_slots {
        batch.set(
            slot,
            Column::Text(TextColumn { bytes: Bytes::Borrowed(line), spans: vec![TextSpan::new(0, line.len())] }),
        );
    }
    let value = run(&plan, &mut batch);
    value.filter(|text| !text.is_empty())
}

fn reads(stage: &dyn bourn::stage::RowStage) -> Vec<bourn::data::Slot> {
    let mut slots = SlotSet::default();
    stage.reads(&mut slots);
    slots.iter().collect()
}

fn run(plan: &Plan, batch: &mut Batch<'_>) -> Option<String> {
    let mut account = RecordCounts::default();
    for step in &plan.map {
        step.stage.apply(batch, &step.live, &mut account);
    }
    let column = batch.column(plan.output.columns.named.first()?.slot);
    let mut text = Vec::new();
    match column.get(0) {
        ValueRef::Null => return None,
        value => bourn::data::write_text(value, &mut text),
    }
    String::from_utf8(text).ok()
}
