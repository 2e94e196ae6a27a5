//! The language again, as plainly as it can be written: whole input in memory, one row after another, one
//! thread, no plan. Only the text of an expression is read by the same parser.
//!
//! Numbers are added as one big integer of 2^-1074ths, which cannot lose anything; groups are looked for
//! one by one. Nothing here is taken from the engine.

use std::cmp::Ordering;

use bourn::lang::arguments::Arguments;
use bourn::lang::ast::{BinaryOp, Expr, ExprKind, Pipeline, RegexLiteral, Stage, UnaryOp};
use bourn::lang::clauses::{self, AggregateCall};
use regex::bytes::{Regex, RegexBuilder};

/// A value. An int beyond 64 bits comes from a sum only.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Vec<u8>),
}

use Value::{Bool, Float, Int, Null, Text};

/// A record: its fields in the order in which they are printed, and its number in its source.
#[derive(Clone, Debug)]
struct Row {
    fields: Vec<(String, Value)>,
    number: Option<i128>,
}

/// The rows between two stages. The names are known even if there is no row.
struct Rows {
    names: Vec<String>,
    rows: Vec<Row>,
    /// No stage has made or chosen columns.
    are_lines: bool,
}

/// What is printed, without a header.
pub fn run(pipeline: &Pipeline, input: &[u8]) -> Vec<u8> {
    let mut rows = Rows {
        names: vec!["line".to_owned()],
        rows: lines(input)
            .into_iter()
            .zip(1..)
            .map(|(line, number)| Row { fields: vec![("line".to_owned(), Text(line))], number: Some(number) })
            .collect(),
        are_lines: true,
    };
    for stage in &pipeline.stages {
        rows = apply(stage, rows);
    }
    print(&rows)
}

/// Lines without their ends; text after the last newline is a line, too.
fn lines(input: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        match rest.iter().position(|byte| *byte == b'\n') {
            Some(newline) => {
                let line = &rest[..newline];
                lines.push(line.strip_suffix(b"\r").unwrap_or(line).to_vec());
                rest = &rest[newline + 1..];
            }
            None => {
                lines.push(rest.to_vec());
                rest = &[];
            }
        }
    }
    lines
}

fn print(rows: &Rows) -> Vec<u8> {
    let mut out = Vec::new();
    for row in &rows.rows {
        if rows.are_lines {
            out.extend(text(&row.fields[0].1));
        } else {
            for (index, (_, value)) in row.fields.iter().enumerate() {
                if index > 0 {
                    out.push(b'\t');
                }
                for byte in text(value) {
                    match byte {
                        b'\t' => out.extend(b"\\t"),
                        b'\n' => out.extend(b"\\n"),
                        b'\r' => out.extend(b"\\r"),
                        b'\\' => out.extend(b"\\\\"),
                        _ => out.push(byte),
                    }
                }
            }
        }
        out.push(b'\n');
    }
    out
}

fn apply(stage: &Stage, rows: Rows) -> Rows {
    let mut arguments = Arguments::of(stage);
    let mut rows = rows;
    match stage.head.as_word().unwrap_or_default() {
        "match" | "skip" => {
            let keep = stage.head.as_word() == Some("match");
            let mut patterns = Vec::new();
            let mut field = None;
            loop {
                let mut expr = arguments.expression("").expect("a pattern");
                if let ExprKind::In(pattern, within) = &expr.kind {
                    (expr, field) = (pattern, Some(within));
                }
                patterns.push(pattern(expr));
                if !arguments.comma() {
                    break;
                }
            }
            rows.rows.retain(|row| {
                let value = match field {
                    Some(field) => eval(field, row),
                    None => row.get("line"),
                };
                patterns.iter().any(|pattern| is_found(pattern, &value)) == keep
            });
        }
        "where" => {
            let condition = arguments.expression("").expect("a condition");
            rows.rows.retain(|row| truth(&eval(condition, row)) == Some(true));
        }
        "let" => {
            rows.are_lines = false;
            loop {
                let name = arguments.name("").expect("a name").text;
                arguments.equals("").expect("an equals sign");
                let expr = arguments.expression("").expect("a value");
                for row in &mut rows.rows {
                    let value = eval(expr, row);
                    row.set(&name, value);
                }
                if !rows.names.contains(&name) {
                    rows.names.push(name);
                }
                if !arguments.comma() {
                    break;
                }
            }
        }
        "select" => {
            rows.are_lines = false;
            let mut columns: Vec<(String, &Expr)> = Vec::new();
            loop {
                let expr = arguments.expression("").expect("a field");
                let alias = clauses::alias(&mut arguments).expect("an alias");
                let name = clauses::KeyClause { expr, alias }.column_name();
                columns.push((name, expr));
                if !arguments.comma() {
                    break;
                }
            }
            for row in &mut rows.rows {
                row.fields = columns.iter().map(|(name, expr)| (name.clone(), eval(expr, row))).collect();
            }
            rows.names = columns.into_iter().map(|(name, _)| name).collect();
        }
        "drop" => {
            rows.are_lines = false;
            loop {
                let name = arguments.field("").expect("a field").0.label();
                rows.names.retain(|other| *other != name);
                for row in &mut rows.rows {
                    row.fields.retain(|(other, _)| *other != name);
                }
                if !arguments.comma() {
                    break;
                }
            }
        }
        "split" => return split(arguments, rows),
        "limit" => rows.rows.truncate(integer(&mut arguments)),
        "tail" => {
            let surplus = rows.rows.len().saturating_sub(integer(&mut arguments));
            rows.rows.drain(..surplus);
        }
        "sort" => {
            let mut keys = Vec::new();
            loop {
                let expr = arguments.expression("").expect("a key");
                let descends = arguments.keyword("desc");
                arguments.keyword("asc");
                keys.push((expr, descends));
                if !arguments.comma() {
                    break;
                }
            }
            rows.rows.sort_by(|left, right| {
                keys.iter()
                    .map(|(expr, descends)| {
                        let (left, right) = (eval(expr, left), eval(expr, right));
                        if *descends { descending(&left, &right) } else { order(&left, &right) }
                    })
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal)
            });
        }
        "top" => {
            let wanted = integer(&mut arguments);
            let mut keys = Vec::new();
            loop {
                let expr = arguments.expression("").expect("a key");
                let alias = clauses::alias(&mut arguments).expect("an alias");
                keys.push(clauses::KeyClause { expr, alias });
                if !arguments.comma() {
                    break;
                }
            }
            let keys: Vec<(String, &Expr)> = keys.iter().map(|key| (key.column_name(), key.expr)).collect();
            rows = aggregate(&[("count".to_owned(), Aggregate::count())], &keys, rows);
            rows.rows.truncate(wanted);
        }
        _ => {
            let mut arguments = Arguments::of_aggregates(stage);
            let list = clauses::aggregates(&mut arguments).expect("aggregates");
            let calls = list.items.iter().map(|item| (item.column_name(), item.call().expect("an aggregate")));
            let calls: Vec<(String, clauses::AggregateCall<'_>)> = calls.collect();
            let calls: Vec<(String, Aggregate<'_>)> =
                calls.iter().map(|(name, call)| (name.clone(), Aggregate::of(call))).collect();
            let keys: Vec<(String, &Expr)> = list.keys.iter().map(|key| (key.column_name(), key.expr)).collect();
            rows = aggregate(&calls, &keys, rows);
        }
    }
    rows
}

fn integer(arguments: &mut Arguments<'_>) -> usize {
    arguments.integer("").expect("a number").0 as usize
}

fn split(mut arguments: Arguments<'_>, rows: Rows) -> Rows {
    let mut separator = None;
    if let Some(expr) = arguments.peek_expression()
        && !matches!(expr.kind, ExprKind::Field(_))
    {
        separator = Some(pattern(expr));
        arguments.expression("").expect("a separator");
    }
    let (mut keep, mut from, mut name) = (false, "line".to_owned(), "word".to_owned());
    loop {
        if arguments.keyword("keep") {
            keep = true;
        } else if arguments.keyword("from") {
            from = arguments.field("").expect("a field").0.label();
        } else if let Some(alias) = clauses::alias(&mut arguments).expect("an alias") {
            name = alias.text;
        } else {
            break;
        }
    }
    let mut made = Vec::new();
    for row in &rows.rows {
        let value = row.get(&from);
        if value == Null {
            continue;
        }
        for piece in pieces(&text(&value), separator.as_ref()) {
            if !piece.is_empty() || keep {
                let mut row = row.clone();
                let mut fields = Vec::new();
                for (other, value) in row.fields {
                    if other == from {
                        fields.push((name.clone(), Text(piece.clone())));
                    } else if other != name {
                        fields.push((other, value));
                    }
                }
                row.fields = fields;
                made.push(row);
            }
        }
    }
    let mut names = rows.names;
    names.retain(|other| *other == from || *other != name);
    for other in &mut names {
        if *other == from {
            other.clone_from(&name);
        }
    }
    Rows { names, rows: made, are_lines: false }
}

/// The pieces between separators. No pattern means any white space.
fn pieces(text: &[u8], separator: Option<&Pattern>) -> Vec<Vec<u8>> {
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    match separator {
        None => {
            for (at, byte) in text.iter().enumerate() {
                if b" \t\n\x0b\x0c\r".contains(byte) {
                    cuts.push((at, at + 1));
                }
            }
        }
        Some(Pattern::Text(separator)) => {
            let mut at = 0;
            while at < text.len() {
                if text[at..].starts_with(separator) {
                    cuts.push((at, at + separator.len()));
                    at += separator.len();
                } else {
                    at += 1;
                }
            }
        }
        Some(Pattern::Regex(regex)) => {
            for hit in regex.find_iter(text).filter(|hit| !hit.is_empty()) {
                cuts.push((hit.start(), hit.end()));
            }
        }
    }
    cuts.push((text.len(), text.len()));
    let mut from = 0;
    let mut pieces = Vec::new();
    for (start, end) in cuts {
        pieces.push(text[from..start].to_vec());
        from = end;
    }
    pieces
}

impl Row {
    fn get(&self, name: &str) -> Value {
        match self.fields.iter().find(|(other, _)| other == name) {
            Some((_, value)) => value.clone(),
            None if name == "@number" => Int(self.number.expect("@number is known here")),
            None => panic!("the reference has no field {name}"),
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        match self.fields.iter_mut().find(|(other, _)| other == name) {
            Some(field) => field.1 = value,
            None => self.fields.push((name.to_owned(), value)),
        }
    }
}

// ── aggregates ──

struct Aggregate<'a> {
    name: &'a str,
    argument: Option<&'a Expr>,
    condition: Option<&'a Expr>,
}

impl<'a> Aggregate<'a> {
    fn count() -> Self {
        Aggregate { name: "count", argument: None, condition: None }
    }

    fn of(call: &'a AggregateCall<'a>) -> Self {
        Aggregate { name: &call.name.text, argument: call.arguments.first(), condition: call.condition }
    }

    fn of_rows(&self, rows: &[&Row]) -> Value {
        let holds = |condition: Option<&Expr>, row: &Row| {
            condition.is_none_or(|condition| truth(&eval(condition, row)) == Some(true))
        };
        let rows: Vec<&Row> = rows.iter().copied().filter(|row| holds(self.condition, row)).collect();
        if self.name == "count" {
            let counted = rows.iter().filter(|row| holds(self.argument, row)).count();
            return Int(counted as i128);
        }
        let argument = self.argument.expect("all but count have an argument");
        let values: Vec<Value> = rows.iter().map(|row| eval(argument, row)).filter(|value| *value != Null).collect();
        match self.name {
            "sum" => sum(&values).0,
            "avg" => match sum(&values) {
                (_, 0) => Null,
                (Int(sum), count) if sum % count == 0 => finite((sum / count) as f64),
                (Int(sum), count) => finite(nearest_quotient(sum, count)),
                (sum, count) => quotient(sum, count),
            },
            "min" => extreme(values, Ordering::Less),
            "max" => extreme(values, Ordering::Greater),
            "first" => values.into_iter().next().unwrap_or(Null),
            "last" => values.into_iter().next_back().unwrap_or(Null),
            name => panic!("the reference has no aggregate {name}"),
        }
    }
}

fn quotient(sum: Value, count: i128) -> Value {
    match sum {
        Float(sum) => finite(sum / count as f64),
        _ => Null,
    }
}

/// The values among which the smallest or largest is looked for: the numbers, if there is any; blank text is never the
/// largest of others.
fn candidates(values: Vec<Value>, wanted: Ordering) -> Vec<Value> {
    let is_blank = |value: &Value| matches!(value, Text(text) if text.is_empty() || text == b"-");
    let has_number = values.iter().any(|value| class(value) == 1);
    let has_other = values.iter().any(|value| *value != Null && !is_blank(value));
    let is_candidate = |value: &Value| match () {
        () if has_number => class(value) == 1,
        () if has_other && wanted == Ordering::Greater => !is_blank(value),
        () => true,
    };
    values.into_iter().filter(is_candidate).collect()
}

fn extreme(values: Vec<Value>, wanted: Ordering) -> Value {
    let mut best = Null;
    for value in candidates(values, wanted) {
        if best == Null || total_order(&value, &best) == wanted {
            best = value;
        }
    }
    best
}

/// The sum of what is a number, and how many there are.
fn sum(values: &[Value]) -> (Value, i128) {
    let numbers: Vec<Value> = values.iter().filter_map(number).collect();
    let count = numbers.len() as i128;
    if count == 0 {
        return (Null, 0);
    }
    if numbers.iter().all(|number| matches!(number, Int(_))) {
        let ints = numbers.iter().map(|number| match number {
            Int(value) => *value,
            _ => 0,
        });
        return (Int(ints.sum()), count);
    }
    let mut exact = Exact::default();
    for number in numbers {
        match number {
            Int(value) => exact.add_int(value),
            Float(value) => exact.add_float(value),
            _ => {}
        }
    }
    (finite(exact.to_f64()), count)
}

/// An integer of 2^-1074ths in 32-bit limbs, lowest first, each with its own sign.
struct Exact {
    limbs: Vec<i64>,
}

impl Default for Exact {
    fn default() -> Self {
        Exact { limbs: vec![0; 1074 / 32 + 1024 / 32 + 10] }
    }
}

impl Exact {
    /// Adds magnitude × 2^(shift − 1074).
    fn add(&mut self, magnitude: u128, shift: usize, is_negative: bool) {
        let (limb, bits) = (shift / 32, shift % 32);
        let mut rest = magnitude;
        // 32 bits of the magnitude at a time, each spread over two limbs
        for index in limb.. {
            if rest == 0 {
                break;
            }
            let part = ((rest & 0xffff_ffff) as u64) << bits;
            let sign = if is_negative { -1 } else { 1 };
            self.limbs[index] += sign * (part & 0xffff_ffff) as i64;
            self.limbs[index + 1] += sign * (part >> 32) as i64;
            rest >>= 32;
        }
    }

    fn add_int(&mut self, value: i128) {
        self.add(value.unsigned_abs(), 1074, value < 0);
    }

    fn add_float(&mut self, value: f64) {
        let bits = value.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as usize;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        self.add(u128::from(mantissa), shift, bits >> 63 == 1);
    }

    /// The nearest float, ties to even.
    fn to_f64(&self) -> f64 {
        let mut limbs = self.limbs.clone();
        let mut carry = 0;
        for limb in &mut limbs {
            *limb += carry;
            carry = limb.div_euclid(1 << 32);
            *limb = limb.rem_euclid(1 << 32);
        }
        if carry < 0 {
            let mut negated = Exact::default();
            for (to, from) in negated.limbs.iter_mut().zip(&self.limbs) {
                *to = -from;
            }
            return -negated.to_f64();
        }
        let bit = |index: usize| limbs[index / 32] >> (index % 32) & 1;
        let Some(top) = (0..limbs.len() * 32).rev().find(|index| bit(*index) == 1) else {
            return 0.0;
        };
        let lowest = top.saturating_sub(52); // of the 53 bits that a float has
        let mut mantissa = (lowest..=top).rev().fold(0u64, |mantissa, index| mantissa << 1 | bit(index) as u64);
        let is_half_or_more = lowest > 0 && bit(lowest - 1) == 1;
        let is_more = (0..lowest.saturating_sub(1)).any(|index| bit(index) == 1);
        if is_half_or_more && (is_more || mantissa % 2 == 1) {
            mantissa += 1;
        }
        // Two steps, each of which is exact or overflows as it should.
        let exponent = lowest as i32 - 1074;
        let first = exponent.clamp(-1000, 900);
        mantissa as f64 * 2f64.powi(first) * 2f64.powi(exponent - first)
    }
}

/// One group, by the value of its keys: its values and its rows.
type Group<'a> = (Vec<Value>, Vec<&'a Row>);

fn aggregate(calls: &[(String, Aggregate<'_>)], keys: &[(String, &Expr)], rows: Rows) -> Rows {
    let mut groups: Vec<Group<'_>> = Vec::new();
    if keys.is_empty() {
        groups.push((Vec::new(), Vec::new()));
    }
    for row in &rows.rows {
        let key: Vec<Value> = keys.iter().map(|(_, expr)| as_key(eval(expr, row))).collect();
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    let mut results: Vec<(Vec<Value>, Vec<Value>)> = groups
        .into_iter()
        .map(|(key, rows)| (key, calls.iter().map(|(_, call)| call.of_rows(&rows)).collect()))
        .collect();
    results.sort_by(|(left_key, left), (right_key, right)| {
        let by_value = match (&left[0], &right[0]) {
            (Null, Null) => Ordering::Equal,
            (Null, _) => Ordering::Greater,
            (_, Null) => Ordering::Less,
            (left, right) => descending(left, right),
        };
        let by = |compare: fn(&Value, &Value) -> Ordering| {
            left_key
                .iter()
                .zip(right_key)
                .map(|(left, right)| compare(left, right))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        };
        by_value.then(by(order)).then(by(total_order))
    });
    let names: Vec<String> =
        keys.iter().map(|(name, _)| name.clone()).chain(calls.iter().map(|(name, _)| name.clone())).collect();
    Rows {
        rows: results
            .into_iter()
            .map(|(key, values)| Row {
                fields: names.iter().cloned().zip(key.into_iter().chain(values)).collect(),
                number: None,
            })
            .collect(),
        names,
        are_lines: false,
    }
}

/// `1` and `1.0` are one key.
fn as_key(value: Value) -> Value {
    match value {
        Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Int(value as i128),
        Int(value) if i64::try_from(value).is_err() && order(&Int(value), &Float(value as f64)).is_eq() => {
            Float(value as f64)
        }
        value => value,
    }
}

// ── values ──

/// Which kind of value comes first: bools, numbers (and text that is one), text, null at last.
fn class(value: &Value) -> u8 {
    match value {
        Null => 4,
        Bool(_) => 0,
        value => match parsed(value) {
            Some(_) => 1,
            None => 2,
        },
    }
}

/// The kinds in their order, each reversed.
fn descending(left: &Value, right: &Value) -> Ordering {
    class(left).cmp(&class(right)).then_with(|| order(right, left))
}

/// By kind, then by value.
fn order(left: &Value, right: &Value) -> Ordering {
    class(left).cmp(&class(right)).then_with(|| match (left, right) {
        (Bool(left), Bool(right)) => left.cmp(right),
        _ => match (parsed(left), parsed(right)) {
            (Some(left), Some(right)) => compare_numbers(&left, &right),
            _ => text(left).cmp(&text(right)),
        },
    })
}

/// [`order`], then numbers before text that is the same number, then text by its bytes.
fn total_order(left: &Value, right: &Value) -> Ordering {
    order(left, right).then_with(|| match (left, right) {
        (Text(left), Text(right)) => left.cmp(right),
        (Text(_), _) => Ordering::Greater,
        (_, Text(_)) => Ordering::Less,
        (Float(_), Int(_)) => Ordering::Greater,
        (Int(_), Float(_)) => Ordering::Less,
        _ => Ordering::Equal,
    })
}

fn compare_numbers(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Int(left), Int(right)) => left.cmp(right),
        (Float(left), Float(right)) => left.partial_cmp(right).expect("floats are finite"),
        (Float(_), Int(_)) => compare_numbers(right, left).reverse(),
        (Int(left), Float(right)) => {
            let mut difference = Exact::default();
            difference.add_int(*left);
            difference.add_float(-right);
            difference.to_f64().partial_cmp(&0.0).expect("a difference is no NaN")
        }
        _ => panic!("these are no numbers"),
    }
}

/// The number that a number or text is.
fn parsed(value: &Value) -> Option<Value> {
    match value {
        Int(_) | Float(_) => Some(value.clone()),
        Text(bytes) => {
            let text = std::str::from_utf8(bytes).ok()?;
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
            let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
                Some((mantissa, exponent)) => (mantissa, Some(exponent)),
                None => (unsigned, None),
            };
            let (whole, fraction) = match mantissa.split_once('.') {
                Some((whole, fraction)) => (whole, Some(fraction)),
                None => (mantissa, None),
            };
            let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let is_number = are_digits(whole)
                && fraction.map_or(!whole.is_empty(), |fraction| !fraction.is_empty() && are_digits(fraction))
                && exponent.is_none_or(|exponent| {
                    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                    !digits.is_empty() && are_digits(digits)
                });
            if !is_number {
                return None;
            }
            if fraction.is_none()
                && exponent.is_none()
                && let Ok(value) = text.parse::<i64>()
            {
                return Some(Int(i128::from(value)));
            }
            text.parse().ok().filter(|value: &f64| value.is_finite()).map(Float)
        }
        _ => None,
    }
}

/// The number that a value is used as; nothing for null, empty text and what does not fit.
fn number(value: &Value) -> Option<Value> {
    parsed(value)
}

fn to_f64(number: &Value) -> f64 {
    match number {
        Int(value) => *value as f64,
        Float(value) => *value,
        _ => panic!("this is no number"),
    }
}

fn finite(value: f64) -> Value {
    if value.is_finite() { Float(value) } else { Null }
}

/// An int that has overflowed is a float.
fn int(value: i128) -> Value {
    if i64::try_from(value).is_ok() { Int(value) } else { Float(value as f64) }
}

/// What is printed of a value.
fn text(value: &Value) -> Vec<u8> {
    match value {
        Null => Vec::new(),
        Bool(value) => value.to_string().into_bytes(),
        Int(value) => value.to_string().into_bytes(),
        Float(value) => float_text(*value).into_bytes(),
        Text(bytes) => bytes.clone(),
    }
}

/// As ECMAScript prints it. The digits are the library's: where two shortest texts are equally near, the standard
/// library of Rust and ECMAScript choose differently.
fn float_text(value: f64) -> String {
    let mut text = Vec::new();
    bourn::data::format_float(value, &mut text);
    String::from_utf8(text).expect("digits")
}

// ── patterns ──

enum Pattern {
    Text(Vec<u8>),
    Regex(Regex),
}

fn pattern(expr: &Expr) -> Pattern {
    match &expr.kind {
        ExprKind::Literal(bourn::data::Value::Text(text)) => Pattern::Text(text.clone()),
        ExprKind::Regex(literal) => Pattern::Regex(regex(literal)),
        _ => panic!("the reference has no pattern {expr}"),
    }
}

fn regex(literal: &RegexLiteral) -> Regex {
    RegexBuilder::new(&literal.pattern)
        .case_insensitive(literal.flags.contains('i'))
        .build()
        .expect("a regular expression")
}

fn is_found(pattern: &Pattern, value: &Value) -> bool {
    if *value == Null {
        return false;
    }
    match pattern {
        Pattern::Text(part) => contains(&text(value), part),
        Pattern::Regex(regex) => regex.is_match(&text(value)),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    (0..=text.len()).any(|at| text[at..].starts_with(part))
}

// ── expressions ──

/// True, false, or not to be said.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Bool(value) => Some(*value),
        _ => None,
    }
}

fn from_truth(truth: Option<bool>) -> Value {
    truth.map_or(Null, Bool)
}

fn eval(expr: &Expr, row: &Row) -> Value {
    match &expr.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Field(path) => row.get(&path.label()),
        ExprKind::Unary(UnaryOp::Not, of) => from_truth(truth(&eval(of, row)).map(|truth| !truth)),
        ExprKind::Unary(UnaryOp::Negate, of) => match number(&eval(of, row)) {
            Some(Int(value)) => int(-value),
            Some(Float(value)) => Float(-value),
            _ => Null,
        },
        ExprKind::Binary(op, left, right) => binary(*op, left, right, row),
        ExprKind::InList(of, list) => {
            let value = eval(of, row);
            Bool(list.iter().any(|member| {
                if is_null_literal(member) {
                    value == Null
                } else {
                    compare(BinaryOp::Equal, &value, &eval(member, row))
                }
            }))
        }
        ExprKind::Call(name, arguments) => call(&name.text, arguments, row),
        _ => panic!("the reference cannot evaluate {expr}"),
    }
}

fn literal(value: &bourn::data::Value) -> Value {
    match value {
        bourn::data::Value::Null => Null,
        bourn::data::Value::Bool(value) => Bool(*value),
        bourn::data::Value::Int(value) => Int(i128::from(*value)),
        bourn::data::Value::Float(value) => Float(*value),
        bourn::data::Value::Text(bytes) => Text(bytes.clone()),
        other => panic!("the reference has no literal {other:?}"),
    }
}

fn is_null_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(bourn::data::Value::Null))
}

fn binary(op: BinaryOp, left: &Expr, right: &Expr, row: &Row) -> Value {
    match op {
        BinaryOp::And => match (truth(&eval(left, row)), truth(&eval(right, row))) {
            (Some(false), _) | (_, Some(false)) => Bool(false),
            (Some(true), Some(true)) => Bool(true),
            _ => Null,
        },
        BinaryOp::Or => match (truth(&eval(left, row)), truth(&eval(right, row))) {
            (Some(true), _) | (_, Some(true)) => Bool(true),
            (Some(false), Some(false)) => Bool(false),
            _ => Null,
        },
        BinaryOp::Coalesce => match eval(left, row) {
            Null => eval(right, row),
            value => value,
        },
        BinaryOp::Matches => Bool(is_found(&pattern(right), &eval(left, row))),
        BinaryOp::NotMatches => Bool(!is_found(&pattern(right), &eval(left, row))),
        BinaryOp::Equal | BinaryOp::NotEqual if is_null_literal(left) || is_null_literal(right) => {
            let asked = if is_null_literal(right) { left } else { right };
            Bool((eval(asked, row) == Null) == (op == BinaryOp::Equal))
        }
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual => Bool(compare(op, &eval(left, row), &eval(right, row))),
        _ => match (number(&eval(left, row)), number(&eval(right, row))) {
            (Some(left), Some(right)) => calculate(op, as_small(left), as_small(right)),
            _ => Null,
        },
    }
}

/// An int beyond 64 bits is calculated with as a float.
fn as_small(number: Value) -> Value {
    match number {
        Int(value) => int(value),
        other => other,
    }
}

fn compare(op: BinaryOp, left: &Value, right: &Value) -> bool {
    let as_bool = |value: &Value| match value {
        Bool(value) => Some(*value),
        Text(text) if text == b"true" => Some(true),
        Text(text) if text == b"false" => Some(false),
        _ => None,
    };
    let order = match (left, right) {
        (Null, _) | (_, Null) => None,
        (Text(left), Text(right)) => Some(left.cmp(right)),
        (Bool(_), Int(_) | Float(_)) | (Int(_) | Float(_), Bool(_)) => {
            return op == BinaryOp::NotEqual; // never the same
        }
        (Bool(_), _) | (_, Bool(_)) => as_bool(left).zip(as_bool(right)).map(|(left, right)| left.cmp(&right)),
        _ => number(left).zip(number(right)).map(|(left, right)| compare_numbers(&left, &right)),
    };
    order.is_some_and(|order| match op {
        BinaryOp::Equal => order.is_eq(),
        BinaryOp::NotEqual => order.is_ne(),
        BinaryOp::Less => order.is_lt(),
        BinaryOp::LessEqual => order.is_le(),
        BinaryOp::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn calculate(op: BinaryOp, left: Value, right: Value) -> Value {
    if let (Int(left), Int(right)) = (&left, &right) {
        let (left, right) = (*left, *right);
        let floor = |left: i128, right: i128| {
            let quotient = left / right;
            if left % right != 0 && (left < 0) != (right < 0) { quotient - 1 } else { quotient }
        };
        return match op {
            BinaryOp::Add => int(left + right),
            BinaryOp::Subtract => int(left - right),
            BinaryOp::Multiply => match int(left * right) {
                Float(_) => finite(left as f64 * right as f64),
                product => product,
            },
            _ if right == 0 => Null,
            BinaryOp::Divide if left % right == 0 => int(left / right),
            BinaryOp::Divide => finite(nearest_quotient(left, right)),
            BinaryOp::FloorDivide => int(floor(left, right)),
            _ => int(left - floor(left, right) * right),
        };
    }
    let (left, right) = (to_f64(&left), to_f64(&right));
    finite(match op {
        BinaryOp::Add => left + right,
        BinaryOp::Subtract => left - right,
        BinaryOp::Multiply => left * right,
        BinaryOp::Divide => left / right,
        BinaryOp::FloorDivide => float_floor(left, right),
        _ => {
            let rest = left % right;
            if rest != 0.0 && (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
        }
    })
}

/// The largest whole number that is not above the exact quotient, as CPython's `float_floor_div` finds it: the rounded
/// quotient of 1 and 0.1 is 10, and the exact one is below.
fn float_floor(left: f64, right: f64) -> f64 {
    let rest = left % right;
    let quotient = (left - rest) / right;
    let below = rest != 0.0 && (rest < 0.0) != (right < 0.0);
    (if below { quotient - 1.0 } else { quotient }).round()
}

/// The float nearest to a quotient: by its digits, of which any more only say that they go on.
fn nearest_quotient(left: i128, right: i128) -> f64 {
    let sign = if (left < 0) == (right < 0) { "" } else { "-" };
    let (left, right) = (left.unsigned_abs(), right.unsigned_abs());
    let mut digits = format!("{sign}{}.", left / right);
    let mut rest = left % right;
    for _ in 0..60 {
        rest *= 10;
        digits.push_str(&(rest / right).to_string());
        rest %= right;
    }
    digits.push(if rest == 0 { '0' } else { '1' });
    digits.parse().expect("a number")
}

fn call(name: &str, arguments: &[Expr], row: &Row) -> Value {
    if name == "if" {
        let chosen = if truth(&eval(&arguments[0], row)) == Some(true) { 1 } else { 2 };
        return eval(&arguments[chosen], row);
    }
    let values: Vec<Value> = arguments.iter().map(|argument| eval(argument, row)).collect();
    match name {
        "coalesce" => {
            return values.into_iter().find(|value| *value != Null).unwrap_or(Null);
        }
        "concat" => return Text(values.iter().flat_map(text).collect()),
        "min" | "max" => {
            let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
            let mut best = Null;
            for value in candidates(values, wanted).into_iter().filter(|value| *value != Null) {
                if best == Null || order(&value, &best) == wanted {
                    best = value;
                }
            }
            return best;
        }
        _ if values.contains(&Null) => return Null,
        _ => {}
    }
    let texts: Vec<Vec<u8>> = values.iter().map(text).collect();
    match name {
        "text" => Text(texts[0].clone()),
        "len" => Int(characters(&texts[0]).len() as i128),
        "upper" => Text(by_character(&texts[0], |c| c.to_uppercase().collect())),
        "lower" => Text(by_character(&texts[0], |c| c.to_lowercase().collect())),
        "trim" => {
            let white =
                |piece: &Vec<u8>| std::str::from_utf8(piece).is_ok_and(|piece| piece.chars().all(char::is_whitespace));
            let mut pieces = characters(&texts[0]);
            while pieces.last().is_some_and(white) {
                pieces.pop();
            }
            Text(pieces.into_iter().skip_while(white).flatten().collect())
        }
        "contains" => Bool(contains(&texts[0], &texts[1])),
        "startswith" => Bool(texts[0].starts_with(&texts[1])),
        "endswith" => Bool(texts[0].ends_with(&texts[1])),
        "replace" => {
            let (text, old, new) = (&texts[0], &texts[1], &texts[2]);
            let mut replaced = Vec::new();
            let mut at = 0;
            while at < text.len() {
                if !old.is_empty() && text[at..].starts_with(old) {
                    replaced.extend(new);
                    at += old.len();
                } else {
                    replaced.push(text[at]);
                    at += 1;
                }
            }
            Text(replaced)
        }
        "substr" => {
            let pieces = characters(&texts[0]);
            let count = pieces.len() as i128;
            let mut numbers = values[1..].iter().map(whole);
            let (Some(Some(start)), length) = (numbers.next(), numbers.next()) else {
                return Null;
            };
            let length = match length {
                None => count,
                Some(None) => return Null,
                Some(Some(length)) => length.max(0),
            };
            let start = if start < 0 { (count + start).max(0) } else { start.min(count) };
            let end = (start + length).min(count);
            Text(pieces[start as usize..end as usize].concat())
        }
        "num" => number(&values[0]).unwrap_or(Null),
        "abs" => match number(&values[0]) {
            Some(Int(value)) if value < 0 => int(-value),
            Some(Int(value)) => Int(value),
            Some(Float(value)) => Float(value.abs()),
            _ => Null,
        },
        "floor" => rounded(&values[0], f64::floor),
        "ceil" => rounded(&values[0], f64::ceil),
        "round" if values.len() == 1 => rounded(&values[0], f64::round),
        "round" => match (number(&values[0]), whole(&values[1])) {
            (Some(Int(value)), Some(0..)) => Int(value),
            (Some(Float(value)), Some(digits @ 0..)) => round_text(value, digits as usize),
            (Some(_), Some(_)) => panic!("the reference does not round to tens"),
            _ => Null,
        },
        name => panic!("the reference has no function {name}"),
    }
}

fn rounded(value: &Value, round: fn(f64) -> f64) -> Value {
    match number(value) {
        Some(Int(value)) => Int(value),
        Some(Float(value)) => {
            let whole = round(value);
            if (-9223372036854775808.0..9223372036854775808.0).contains(&whole) {
                Int(whole as i128)
            } else {
                Float(whole)
            }
        }
        _ => Null,
    }
}

/// Rounds by the digits of the number, all of which are written out; halves go away from zero.
fn round_text(value: f64, digits: usize) -> Value {
    let all = format!("{:.1100}", value.abs());
    let (whole, fraction) = all.split_once('.').expect("a point");
    let (kept, dropped) = fraction.split_at(digits);
    let mut kept: Vec<u8> = [whole.as_bytes(), kept.as_bytes()].concat();
    if dropped.as_bytes()[0] >= b'5' {
        kept.insert(0, b'0');
        for digit in kept.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                break;
            }
        }
    }
    let point = kept.len() - digits;
    let text = String::from_utf8(kept).expect("digits");
    let (whole, fraction) = text.split_at(point);
    let magnitude: f64 = format!("{whole}.{fraction}0").parse().expect("a number");
    Float(magnitude.copysign(value))
}

fn whole(value: &Value) -> Option<i128> {
    match number(value).map(as_small) {
        Some(Int(value)) => Some(value),
        Some(Float(value)) if value.fract() == 0.0 && value.abs() < 9.2e18 => Some(value as i128),
        _ => None,
    }
}

/// Characters; a byte that is not UTF-8 is one.
fn characters(text: &[u8]) -> Vec<Vec<u8>> {
    let mut characters = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = (1..=4)
            .find(|length| {
                let piece = text.get(at..at + length);
                piece.is_some_and(|piece| std::str::from_utf8(piece).is_ok())
            })
            .unwrap_or(1);
        characters.push(text[at..at + length].to_vec());
        at += length;
    }
    characters
}

fn by_character(text: &[u8], change: impl Fn(char) -> String) -> Vec<u8> {
    characters(text)
        .into_iter()
        .flat_map(|piece| match std::str::from_utf8(&piece) {
            Ok(text) => text.chars().map(&change).collect::<String>().into_bytes(),
            Err(_) => piece,
        })
        .collect()
}
