//! Windows as section 6 of the language says them, as plainly as it can be done: the whole input in memory, one
//! record after another, no slices. Nothing here is taken from the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::naive_levels::{Level, PrintedRow, print_levels};

/// 2026-03-01T00:00:00Z, in seconds.
pub const EPOCH_S: i64 = 1_772_323_200;

/// What a pipeline asks for; times are in seconds.
#[derive(Clone, Debug)]
pub struct Question {
    pub kind: Kind,
    pub late: i64,
    pub front: Vec<Front>,
    pub first: First,
    pub behind: Vec<Behind>,
    pub fill: bool,
    /// How much later windows of time begin.
    pub offset: i64,
    /// The position of the window: the number of stages before it. Before other levels it comes last.
    pub place: usize,
    pub levels: Vec<Level>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Time(i64, i64),
    Rows(usize, usize),
    Session(i64),
}

#[derive(Clone, Copy, Debug)]
pub enum Front {
    /// Drops records whose value is 3.
    Filter,
    /// A `limit` that is never reached: the stages after it run in order.
    Limit,
    /// A record for each of the values.
    Split,
}

#[derive(Clone, Debug)]
pub enum First {
    /// Aggregates, by key or not.
    Groups(Vec<&'static str>, bool),
    Sort,
    Tail(usize),
    Top(usize),
}

#[derive(Clone, Copy, Debug)]
pub enum Behind {
    Limit(usize),
    Count,
    /// Of the values of the third column, whatever it is.
    Let,
    SortDescending,
}

/// What a run has to print and to say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub printed: String,
    pub read: u64,
    pub passed: u64,
    pub filtered: u64,
    pub rejected: u64,
    pub late: u64,
    /// Source and line.
    pub first_late: Option<(usize, usize)>,
    pub late_lines: Vec<String>,
}

#[derive(Clone, Debug)]
struct Record {
    text: String,
    time: i64,
    key: String,
    value: i64,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<i64>),
}

type Row = Vec<Value>;

/// A window that has records, or is filled in.
struct Result {
    bounds: (String, String),
    rows: Vec<Row>,
}

impl Question {
    /// The pipeline.
    pub fn text(&self) -> String {
        let mut stages = vec!["parse \"{t} {k} {v}\"".to_owned()];
        for front in &self.front {
            stages.push(match front {
                Front::Filter => "where v != '3'".to_owned(),
                Front::Limit => "limit 100000".to_owned(),
                Front::Split => "split ',' from v as v".to_owned(),
            });
        }
        stages.push(match &self.first {
            First::Groups(aggregates, by) => {
                let by = if *by { " by k" } else { "" };
                format!("{}{by}", aggregates.join(", "))
            }
            First::Sort => "sort v desc, k".to_owned(),
            First::Tail(count) => format!("tail {count}"),
            First::Top(count) => format!("top {count} k"),
        });
        for behind in &self.behind {
            stages.push(match behind {
                Behind::Limit(count) => format!("limit {count}"),
                Behind::Count => "count".to_owned(),
                Behind::Let => "let window_length = window_end - window_start".to_owned(),
                Behind::SortDescending => "sort window_start desc".to_owned(),
            });
        }
        let mut window = match self.kind {
            Kind::Time(length, slide) if length == slide => format!("window {length}s"),
            Kind::Time(length, slide) => format!("window {length}s/{slide}s"),
            Kind::Rows(length, slide) if length == slide => format!("window {length} rows"),
            Kind::Rows(length, slide) => format!("window {length} rows/{slide} rows"),
            Kind::Session(gap) => format!("window session {gap}s"),
        };
        if !matches!(self.kind, Kind::Rows(..)) {
            window += " on t";
            if self.late > 0 {
                let _ = write!(window, " late {}s", self.late);
            }
        }
        if matches!(self.kind, Kind::Time(..)) && self.offset > 0 {
            let _ = write!(window, " offset {}s", self.offset);
        }
        let place = if self.levels.is_empty() { self.place % (stages.len() + 1) } else { stages.len() };
        stages.insert(place, window);
        stages.extend(self.levels.iter().map(Level::text));
        stages.join(" | ")
    }

    /// What comes of sources of lines `TIME KEY VALUE[,VALUE…]`, read one after another.
    pub fn answer(&self, sources: &[Vec<String>]) -> Answer {
        let mut answer = Answer::default();
        let mut windows = Windows::new(self);
        for (source, lines) in sources.iter().enumerate() {
            let mut largest: Option<i64> = None;
            for (line, text) in (1..).zip(lines) {
                answer.read += 1;
                let parts: Vec<&str> = text.split(' ').collect();
                let is_filtered = self.front.iter().any(|front| matches!(front, Front::Filter));
                if is_filtered && parts[2] == "3" {
                    answer.filtered += 1;
                    continue;
                }
                let time = parts[0].parse::<i64>().ok();
                let is_timed = !matches!(self.kind, Kind::Rows(..));
                if is_timed && time.is_none() {
                    // Pieces made after a `limit` are not records: their errors count as failed conversions.
                    match self.front.as_slice() {
                        [.., Front::Limit, Front::Split] => answer.passed += 1,
                        _ => answer.rejected += 1,
                    }
                    continue;
                }
                let splits = self.front.iter().any(|front| matches!(front, Front::Split));
                let values: Vec<&str> = match splits {
                    true => parts[2].split(',').collect(),
                    false => vec![parts[2]],
                };
                let mut is_late = false;
                for value in values {
                    let record = Record {
                        text: text.clone(),
                        time: time.unwrap_or_default(),
                        key: parts[1].to_owned(),
                        value: value.parse().expect("a number"),
                    };
                    is_late |= !windows.enter(record);
                    largest = largest.max(time);
                    // Of the sources that have not ended, those after this one have no records yet: they
                    // hold all windows open.
                    if let Some(largest) = largest.filter(|_| source + 1 == sources.len() && is_timed) {
                        windows.reach(largest - self.late);
                    }
                }
                if is_late {
                    answer.late += 1;
                    answer.first_late.get_or_insert((source, line));
                    answer.late_lines.push(text.clone());
                } else {
                    answer.passed += 1;
                }
            }
        }
        answer.printed = windows.finish();
        answer
    }

    fn is_keyed(&self) -> bool {
        matches!(self.first, First::Groups(_, true) | First::Top(_))
    }

    /// The rows of a window, before the stages after it.
    fn rows(&self, records: &[Record], seen: &BTreeSet<String>) -> Vec<Row> {
        let fields = |record: &Record| {
            let time = match record.text.split(' ').next() {
                Some(time) => time.to_owned(),
                None => String::new(),
            };
            vec![Value::Text(time), Value::Text(record.key.clone()), Value::Int(record.value)]
        };
        match &self.first {
            First::Sort => {
                let mut records = records.to_vec();
                records.sort_by_key(|record| (std::cmp::Reverse(record.value), record.key.clone()));
                records.iter().map(fields).collect()
            }
            First::Tail(count) => {
                let from = records.len().saturating_sub(*count);
                records[from..].iter().map(fields).collect()
            }
            First::Top(count) => {
                let mut rows = groups(&["count"], true, records, seen);
                rows.truncate(*count);
                rows
            }
            First::Groups(aggregates, by) => groups(aggregates, *by, records, seen),
        }
    }
}

/// Groups in their order: largest first by the first aggregate, then by key. Keys that were seen have a row, too.
fn groups(aggregates: &[&str], by: bool, records: &[Record], seen: &BTreeSet<String>) -> Vec<Row> {
    let mut keys: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    if by {
        keys.extend(seen.iter().map(|key| (key.clone(), Vec::new())));
    }
    for record in records {
        let key = if by { record.key.clone() } else { String::new() };
        keys.entry(key).or_default().push(record.clone());
    }
    if !by {
        keys.entry(String::new()).or_default();
    }
    let mut rows: Vec<Row> = keys.iter().map(|(key, records)| row(aggregates, by, key, records)).collect();
    let first = usize::from(by);
    rows.sort_by(|left, right| number(&right[first]).total_cmp(&number(&left[first])));
    rows
}

/// A number that sorts as the value does; null is last.
fn number(value: &Value) -> f64 {
    match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        _ => f64::NEG_INFINITY,
    }
}

fn row(aggregates: &[&str], by: bool, key: &str, records: &[Record]) -> Row {
    let values: Vec<i64> = records.iter().map(|record| record.value).collect();
    let mut sorted = values.clone();
    sorted.sort_unstable();
    let or_null = |value: Option<i64>| value.map_or(Value::Null, Value::Int);
    let of = |aggregate: &&str| match *aggregate {
        "count" => Value::Int(values.len() as i64),
        "count where v > 4" => Value::Int(values.iter().filter(|value| **value > 4).count() as i64),
        "count_distinct(v)" => Value::Int(values.iter().collect::<BTreeSet<_>>().len() as i64),
        "sum(v)" => or_null(Some(values.iter().sum()).filter(|_| !values.is_empty())),
        "min(v)" => or_null(sorted.first().copied()),
        "max(v)" => or_null(sorted.last().copied()),
        "first(v)" => or_null(values.first().copied()),
        "last(v)" => or_null(values.last().copied()),
        "p50(v)" if sorted.is_empty() => Value::Null,
        "p50(v)" => Value::Int(sorted[sorted.len().div_ceil(2) - 1]),
        "avg(v)" if values.is_empty() => Value::Null,
        "avg(v)" => Value::Float(values.iter().sum::<i64>() as f64 / values.len() as f64),
        "collect(v)" if values.is_empty() => Value::Null,
        "collect(v)" => Value::List(values.clone()),
        "ewma(v, 0.5)" => match values.split_first() {
            None => Value::Null,
            Some((first, rest)) => {
                let next = |average: f64, value: &i64| 0.5 * *value as f64 + 0.5 * average;
                Value::Float(rest.iter().fold(*first as f64, next))
            }
        },
        other => panic!("{other} is not known here"),
    };
    let key = by.then(|| Value::Text(key.to_owned()));
    key.into_iter().chain(aggregates.iter().map(of)).collect()
}

/// All records by window.
struct Windows<'q> {
    question: &'q Question,
    watermark: i64,
    /// By start.
    timed: BTreeMap<i64, Vec<Record>>,
    rows: Vec<Record>,
    sessions: Vec<Session>,
    printed: Vec<Session>,
}

#[derive(Clone)]
struct Session {
    key: String,
    start: i64,
    end: i64,
    /// Each with its number in the stream.
    records: Vec<(usize, Record)>,
}

impl Windows<'_> {
    fn new(question: &Question) -> Windows<'_> {
        Windows {
            question,
            watermark: i64::MIN,
            timed: BTreeMap::new(),
            rows: Vec::new(),
            sessions: Vec::new(),
            printed: Vec::new(),
        }
    }

    /// Puts a record into all its windows that are not final; whether there is any.
    fn enter(&mut self, record: Record) -> bool {
        self.rows.push(record.clone());
        match self.question.kind {
            Kind::Rows(..) => true,
            Kind::Time(length, slide) => {
                let mut found = false;
                for start in record.time - length + 1..=record.time {
                    if (start - self.question.offset).rem_euclid(slide) == 0 && start + length > self.watermark {
                        self.timed.entry(start).or_default().push(record.clone());
                        found = true;
                    }
                }
                found
            }
            Kind::Session(gap) => {
                let key = match self.question.is_keyed() {
                    true => record.key.clone(),
                    false => String::new(),
                };
                let mut own = Session {
                    key,
                    start: record.time,
                    end: record.time + gap,
                    records: vec![(self.rows.len(), record)],
                };
                let is_near = |other: &Session| other.key == own.key && other.start < own.end && own.start < other.end;
                let (near, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.sessions)
                    .into_iter()
                    .partition(|other| other.end > self.watermark && is_near(other));
                self.sessions = others;
                if near.is_empty() && own.end <= self.watermark {
                    return false;
                }
                for other in near {
                    own.start = own.start.min(other.start);
                    own.end = own.end.max(other.end);
                    own.records.extend(other.records);
                }
                own.records.sort_by_key(|(number, _)| *number);
                self.sessions.push(own);
                true
            }
        }
    }

    /// The watermark has reached this place. Sessions are printed when they are final.
    fn reach(&mut self, watermark: i64) {
        if watermark <= self.watermark {
            return;
        }
        self.watermark = watermark;
        let (mut ready, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.sessions).into_iter().partition(|session| session.end <= watermark);
        self.sessions = open;
        sort(&mut ready);
        self.printed.extend(ready);
    }

    /// Everything that is printed.
    fn finish(mut self) -> String {
        let mut results = Vec::new();
        match self.question.kind {
            Kind::Time(length, slide) => {
                let mut seen = BTreeSet::new();
                let mut next = None;
                for (start, records) in &self.timed {
                    let gaps = next.unwrap_or(*start)..*start;
                    for start in gaps.step_by(slide as usize).filter(|_| self.question.fill) {
                        let rows = self.question.rows(&[], &seen);
                        results.push(Result { bounds: (time(start), time(start + length)), rows });
                    }
                    next = Some(start + slide);
                    let rows = self.question.rows(records, &seen);
                    results.push(Result { bounds: (time(*start), time(start + length)), rows });
                    if self.question.fill {
                        seen.extend(records.iter().map(|record| record.key.clone()));
                    }
                }
            }
            Kind::Rows(length, slide) => {
                let mut start = 0;
                while start < self.rows.len() {
                    let end = (start + length).min(self.rows.len());
                    if end == start + length || length == slide {
                        results.push(Result {
                            bounds: ((start + 1).to_string(), end.to_string()),
                            rows: self.question.rows(&self.rows[start..end], &BTreeSet::new()),
                        });
                    }
                    start += slide;
                }
            }
            Kind::Session(_) => {
                sort(&mut self.sessions);
                for session in self.printed.iter().chain(&self.sessions) {
                    let records: Vec<Record> = session.records.iter().map(|(_, record)| record.clone()).collect();
                    results.push(Result {
                        bounds: (time(session.start), time(session.end)),
                        rows: self.question.rows(&records, &BTreeSet::new()),
                    });
                }
            }
        }
        let rows = results.into_iter().flat_map(|result| self.printed(result)).collect();
        print_levels(&self.question.levels, rows, self.question.fill)
    }

    /// Runs a result through the stages after the window.
    fn printed(&self, result: Result) -> Vec<PrintedRow> {
        let mut rows = result.rows;
        let mut lengths = false;
        for behind in &self.question.behind {
            match behind {
                Behind::Limit(count) => rows.truncate(*count),
                Behind::Count => {
                    rows = vec![vec![Value::Int(rows.len() as i64)]];
                    lengths = false;
                }
                Behind::Let => lengths = true,
                Behind::SortDescending => {}
            }
        }
        let (start, end) = result.bounds;
        let length = match self.question.kind {
            Kind::Rows(..) => {
                let of = |bound: &str| bound.parse::<i64>().expect("a number");
                (of(&end) - of(&start)).to_string()
            }
            _ => duration(between(&start, &end)),
        };
        let printed = |row: Row| {
            let mut values: Vec<String> = row.into_iter().map(text).collect();
            values.extend(lengths.then(|| length.clone()));
            PrintedRow { bounds: Some((start.clone(), end.clone())), values }
        };
        rows.into_iter().map(printed).collect()
    }
}

/// A value as it is printed.
fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => {
            let mut text = Vec::new();
            bourn::data::format_float(value, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        }
        Value::Text(text) => text,
        Value::List(list) => {
            let list: Vec<String> = list.iter().map(|value| format!("\"{value}\"")).collect();
            format!("[{}]", list.join(","))
        }
    }
}

fn sort(sessions: &mut [Session]) {
    sessions.sort_by(|left, right| (left.end, left.start, &left.key).cmp(&(right.end, right.start, &right.key)));
}

/// RFC 3339.
fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).expect("a time").to_string()
}

fn between(start: &str, end: &str) -> i64 {
    let of = |text: &str| text.parse::<jiff::Timestamp>().expect("a time").as_second();
    of(end) - of(start)
}

/// As §8 prints it.
fn duration(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m{seconds}s"),
    }
}
