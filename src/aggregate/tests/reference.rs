//! Each aggregate compared with its definition over a plain list of values, however the stream is dealt to partials
//! and these are merged.

use std::cmp::Ordering;

use super::*;
use crate::data::total_order;

/// Numbers are multiples of one part of this many, so that the definitions can compute with ints.
const PARTS: i128 = 256;

/// A number in [`PARTS`], and whether it is a float.
type InParts = (i128, bool);

/// Values whose sums and squares fit 128 bits in [`PARTS`].
pub(super) fn plain_value() -> impl Strategy<Value = Value> {
    let float = |parts: i64| Value::Float(parts as f64 / PARTS as f64);
    let text = |value: Value| match value {
        Value::Int(int) => Value::Text(int.to_string().into_bytes()),
        Value::Float(float) => Value::Text(format!("{float:?}").into_bytes()),
        other => other,
    };
    let number = || {
        prop_oneof![
            3 => (-3i64..9).prop_map(Value::Int),
            1 => (-(1i64 << 36)..1 << 36).prop_map(Value::Int),
            3 => (-700i64..700).prop_map(float),
            1 => (-(1i64 << 44)..1 << 44).prop_map(float),
        ]
    };
    prop_oneof![
        6 => number(),
        2 => number().prop_map(text),
        1 => prop_oneof![Just("x"), Just("-"), Just(""), Just("a text of more than 16 bytes")]
            .prop_map(|text| Value::Text(text.as_bytes().to_vec())),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null),
    ]
}

fn in_parts(value: &Value) -> Option<InParts> {
    let of_float = |float: f64| ((float * PARTS as f64) as i128, true);
    match value {
        Value::Int(int) => Some((i128::from(*int) * PARTS, false)),
        Value::Float(float) => Some(of_float(*float)),
        Value::Text(text) => {
            let text = std::str::from_utf8(text).expect("the test's own text");
            let int = text.parse().ok().map(|int: i128| (int * PARTS, false));
            int.or_else(|| text.parse().ok().map(of_float))
        }
        _ => None,
    }
}

fn from_parts((parts, is_float): InParts) -> Value {
    if is_float { Value::Float(parts as f64 / PARTS as f64) } else { Value::Int((parts / PARTS) as i64) }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

/// n Σab − Σa Σb.
fn centred(pairs: &[(i128, i128)]) -> f64 {
    let sum = |of: fn(&(i128, i128)) -> i128| pairs.iter().map(of).sum::<i128>();
    (pairs.len() as i128 * sum(|(a, b)| a * b) - sum(|(a, _)| *a) * sum(|(_, b)| *b)) as f64
}

/// True if `best` is the better extreme of two values, or both are equal.
fn is_better(best: &Value, than: &Value, wanted: Ordering) -> bool {
    let by_number = in_parts(best).is_some().cmp(&in_parts(than).is_some());
    let by_blank = than.borrow().is_blank().cmp(&best.borrow().is_blank());
    let by_blank = if wanted == Ordering::Greater { by_blank } else { Ordering::Equal };
    let order = total_order(best.borrow(), than.borrow());
    by_number.then(by_blank).then(if wanted == Ordering::Greater { order } else { order.reverse() }).is_ge()
}

/// The arguments of the rows of a group in the order of the stream; computes its aggregates by definition.
struct Group(Vec<Vec<Value>>);

impl Group {
    fn of(group: u32, chunks: &[Chunk], arguments: usize) -> Group {
        let rows = |chunk: &Chunk| {
            let rows = (0..chunk.rows.len()).filter(|row| chunk.rows[*row].0 == group);
            rows.map(|row| chunk.arguments(row, arguments).cloned().collect()).collect::<Vec<Vec<Value>>>()
        };
        Group(chunks.iter().flat_map(rows).collect())
    }

    fn values(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter_map(|row| row.first()).filter(|value| **value != Value::Null)
    }

    fn numbers(&self) -> Vec<InParts> {
        self.values().filter_map(in_parts).collect()
    }

    fn sum(&self) -> Value {
        let numbers = self.numbers();
        let is_float = numbers.iter().any(|(_, is_float)| *is_float);
        if numbers.is_empty() {
            Value::Null
        } else {
            from_parts((numbers.iter().map(|number| number.0).sum(), is_float))
        }
    }

    fn avg(&self) -> Value {
        let count = self.numbers().len() as f64;
        match self.sum() {
            Value::Int(sum) => Value::Float(sum as f64 / count),
            Value::Float(sum) => Value::Float(sum / count),
            other => other,
        }
    }

    fn variance(&self) -> Option<f64> {
        let numbers = self.numbers();
        let squares: Vec<(i128, i128)> = numbers.iter().map(|number| (number.0, number.0)).collect();
        let divisor = numbers.len() * numbers.len().saturating_sub(1);
        (divisor > 0).then(|| centred(&squares) / divisor as f64 / (PARTS * PARTS) as f64)
    }

    /// The value that is better than all others: a number if there is one, in the order of `sort`.
    fn extreme(&self, wanted: Ordering) -> Value {
        let better = |best: Option<Value>, value: &Value| match best {
            Some(best) if is_better(&best, value, wanted) => Some(best),
            _ => Some(value.clone()),
        };
        self.values().fold(None, better).unwrap_or(Value::Null)
    }

    /// Each distinct value with its count; a whole float is the int.
    fn counts(&self) -> Vec<(Value, usize)> {
        let mut counts: Vec<(Value, usize)> = Vec::new();
        for value in self.values() {
            let value = match value {
                Value::Float(float) if float.fract() == 0.0 => Value::Int(*float as i64),
                other => other.clone(),
            };
            match counts.iter_mut().find(|(other, _)| *other == value) {
                Some((_, count)) => *count += 1,
                None => counts.push((value, 1)),
            }
        }
        counts
    }

    fn mode(&self) -> Value {
        let mut counts = self.counts();
        counts.sort_by(|left, right| right.1.cmp(&left.1).then(total_order(left.0.borrow(), right.0.borrow())));
        counts.into_iter().next().map_or(Value::Null, |(value, _)| value)
    }

    /// The value of nearest rank.
    fn percentile(&self, percent: usize) -> Value {
        let mut numbers = self.numbers();
        numbers.sort_unstable();
        let rank = (percent * numbers.len()).div_ceil(100).max(1);
        numbers.get(rank - 1).map_or(Value::Null, |number| from_parts(*number))
    }

    /// The value at this percentage of the way from the first to the last.
    fn interpolated(&self, percent: usize) -> Value {
        let mut numbers = self.numbers();
        numbers.sort_unstable();
        let way = percent * numbers.len().saturating_sub(1);
        let (Some(low), high) = (numbers.get(way / 100), numbers.get(way / 100 + 1)) else { return Value::Null };
        let Some(high) = high.filter(|_| !way.is_multiple_of(100)) else { return from_parts(*low) };
        let hundredfold = low.0 * 100 + (high.0 - low.0) * (way % 100) as i128;
        match !low.1 && !high.1 && hundredfold % (100 * PARTS) == 0 {
            true => Value::Int((hundredfold / (100 * PARTS)) as i64),
            false => Value::Float(hundredfold as f64 / (100 * PARTS) as f64),
        }
    }

    /// The first distinct values, at most this many.
    fn distinct(&self, most: usize) -> Value {
        let (mut known, mut list) = (Vec::new(), Vec::new());
        for value in self.values() {
            let same = match value {
                Value::Float(float) if float.fract() == 0.0 => Value::Int(*float as i64),
                other => other.clone(),
            };
            if !known.contains(&same) {
                known.push(same);
                list.push(value.clone());
            }
        }
        list.truncate(most);
        if list.is_empty() { Value::Null } else { Value::List(list) }
    }

    fn truth(&self, decisive: bool) -> Value {
        let truths: Vec<bool> = self.values().filter_map(truth).collect();
        if truths.is_empty() { Value::Null } else { Value::Bool(truths.contains(&decisive) == decisive) }
    }

    fn ewma(&self, alpha: f64) -> Value {
        let mut numbers = self.numbers().into_iter().map(|number| number.0 as f64 / PARTS as f64);
        let Some(first) = numbers.next() else { return Value::Null };
        Value::Float(numbers.fold(first, |average, number| alpha * number + (1.0 - alpha) * average))
    }

    fn histogram(&self, bins: usize) -> Value {
        let numbers: Vec<f64> = self.numbers().into_iter().map(|number| number.0 as f64 / PARTS as f64).collect();
        let (min, max) =
            numbers.iter().fold((f64::MAX, f64::MIN), |(min, max), number| (min.min(*number), max.max(*number)));
        let bins = if min == max { 1 } else { bins };
        let edge = |bin: usize| if bin == bins { max } else { min + (max - min) * bin as f64 / bins as f64 };
        let object = |bin: usize| {
            let is_in = |number: &&f64| edge(bin) <= **number && (**number < edge(bin + 1) || bin + 1 == bins);
            let count = Value::Int(numbers.iter().filter(is_in).count() as i64);
            let fields = [("from", Value::Float(edge(bin))), ("to", Value::Float(edge(bin + 1))), ("count", count)];
            Value::Object(fields.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value)).collect())
        };
        if numbers.is_empty() { Value::Null } else { Value::List((0..bins).map(object).collect()) }
    }

    /// The rows in which all arguments are numbers.
    fn pairs(&self) -> Vec<(i128, i128)> {
        let pair = |row: &Vec<Value>| Some((in_parts(&row[0])?.0, in_parts(&row[1])?.0));
        self.0.iter().filter_map(pair).collect()
    }

    fn corr(&self) -> Value {
        let (xy, xx, yy) = self.products();
        if xx > 0.0 && yy > 0.0 { Value::Float(xy / (xx * yy).sqrt()) } else { Value::Null }
    }

    fn products(&self) -> (f64, f64, f64) {
        let pairs = self.pairs();
        let of = |pair: fn(&(i128, i128)) -> (i128, i128)| centred(&pairs.iter().map(pair).collect::<Vec<_>>());
        (centred(&pairs), of(|(a, _)| (*a, *a)), of(|(_, b)| (*b, *b)))
    }

    /// The line through the rows: intercept, slope, r2 and n; the first argument is y.
    fn linreg(&self) -> Vec<Value> {
        let (xy, yy, xx) = self.products();
        let pairs = self.pairs();
        let count = Value::Int(pairs.len() as i64);
        if pairs.len() < 2 || xx == 0.0 {
            return vec![Value::Null, Value::Null, Value::Null, count];
        }
        let sum = |of: fn(&(i128, i128)) -> i128| pairs.iter().map(of).sum::<i128>() as f64 / PARTS as f64;
        let intercept = (sum(|(y, _)| *y) - xy / xx * sum(|(_, x)| *x)) / pairs.len() as f64;
        let explained = if yy == 0.0 { Value::Null } else { Value::Float(xy * xy / (xx * yy)) };
        vec![Value::Float(intercept), Value::Float(xy / xx), explained, count]
    }

    fn result(&self, def: &AggregateDef) -> Vec<Value> {
        let constant = settings(def, false).constant;
        let float = |float: Option<f64>| float.map_or(Value::Null, Value::Float);
        let count = self.0.len();
        vec![match def.entry.name {
            "all" => self.truth(false),
            "any" => self.truth(true),
            "avg" => self.avg(),
            "collect" if self.values().next().is_none() => Value::Null,
            "collect" => Value::List(self.values().take(constant as usize).cloned().collect()),
            "collect_distinct" => self.distinct(constant as usize),
            "corr" => self.corr(),
            "count" => Value::Int(count as i64),
            "count_distinct" => Value::Int(self.counts().len() as i64),
            "ewma" => self.ewma(constant),
            "first" => self.values().next().cloned().unwrap_or(Value::Null),
            "histogram" => self.histogram(constant as usize),
            "last" => self.values().last().cloned().unwrap_or(Value::Null),
            "linreg" => return self.linreg(),
            "max" => self.extreme(Ordering::Greater),
            "min" => self.extreme(Ordering::Less),
            "mode" => self.mode(),
            "median" | "percentile_cont" => self.interpolated(constant as usize),
            "p50" | "percentile" => self.percentile(constant as usize),
            "rate" => float((count > 0).then_some(count as f64 / 2.0)),
            "stddev" => float(self.variance().map(f64::sqrt)),
            "sum" => self.sum(),
            "variance" => float(self.variance()),
            other => panic!("`{other}` has no definition here"),
        }]
    }

    /// The size of the terms of each column of a fit; `None` if the result must be equal. The definition rounds them.
    fn scales(&self, name: &str, expected: &[Value]) -> Option<Vec<f64>> {
        let largest = |of: fn(&(i128, i128)) -> i128| {
            self.pairs().iter().map(|pair| of(pair).abs()).max().unwrap_or(0) as f64 / PARTS as f64
        };
        match (name, expected) {
            ("corr", _) => Some(vec![1.0]),
            ("median" | "percentile_cont", [Value::Float(number)]) => Some(vec![number.abs().max(1.0)]),
            ("linreg", [_, Value::Float(slope), ..]) => {
                Some(vec![largest(|(y, _)| *y) + slope.abs() * largest(|(_, x)| *x), slope.abs(), 1.0, 0.0])
            }
            _ => None,
        }
    }

    /// The number of rows whose value the aggregate cannot read; blank ones are skipped.
    fn failed(&self, def: &AggregateDef) -> u64 {
        let is_wrong = |value: &Value| match def.argument {
            ArgumentKind::Condition => truth(value).is_none(),
            kind => kind.is_numeric() && kind.values().0 > 0 && in_parts(value).is_none(),
        };
        let fails = |row: &&Vec<Value>| {
            let is_null = row.contains(&Value::Null);
            let first = row.iter().find(|value| value.borrow().is_blank() || is_wrong(value));
            !is_null && first.is_some_and(|value| !value.borrow().is_blank())
        };
        self.0.iter().filter(fails).count() as u64
    }
}

/// True if two values differ by no more than the rounding of numbers of this size.
fn is_close(found: &Value, expected: &Value, scale: f64) -> bool {
    match (found, expected) {
        (Value::Float(found), Value::Float(expected)) => (found - expected).abs() <= 1e-13 * scale,
        _ => found == expected,
    }
}

/// Deals the chunks to workers, each of which has them in order, and merges two partials at a time, whichever they
/// are, with their groups renumbered.
fn dealt(def: &'static AggregateDef, chunks: &[Chunk], deal: &[usize], picks: &[(usize, usize)]) -> Alone {
    let of_worker = |worker: usize| {
        let own = chunks.iter().zip(deal).filter(|(_, own)| **own == worker);
        Alone::of(def, &own.map(|(chunk, _)| chunk.clone()).collect::<Vec<_>>())
    };
    let mut partials: Vec<Alone> = (0..4).map(of_worker).collect();
    for (first, second) in picks {
        let mut into = partials.swap_remove(first % partials.len());
        let mut from = partials.swap_remove(second % partials.len());
        let order: Vec<u32> = (0..GROUPS).map(|group| (group + *first as u32) % GROUPS).collect();
        let taken = from.states.take_groups(&order);
        into.states.merge(taken.as_ref(), 2..4, &order[2..]);
        into.states.merge(taken.as_ref(), 0..2, &order[..2]);
        into.failed += from.failed;
        partials.push(into);
    }
    partials.pop().expect("the last one")
}

fn deals() -> impl Strategy<Value = (Vec<usize>, Vec<(usize, usize)>)> {
    (prop::collection::vec(0usize..4, 8), prop::collection::vec((0usize..4, 0usize..4), 3))
}

pub(super) fn merged_defs() -> impl Iterator<Item = &'static AggregateDef> {
    AGGREGATES.iter().copied().filter(|def| !def.running_only)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_aggregate_is_what_its_definition_says(chunks in chunks_of(plain_value(), 8), (deal, picks) in deals()) {
        for def in merged_defs() {
            let name = def.entry.name;
            let arguments = def.argument.values().0.max(1);
            let whole = Alone::of(def, &chunks);
            let groups: Vec<Group> = (0..GROUPS).map(|group| Group::of(group, &chunks, arguments)).collect();
            for (index, group) in groups.iter().enumerate() {
                let found: Vec<Value> = whole.results().into_iter().map(|column| column[index].clone()).collect();
                let expected = group.result(def);
                let mut columns = found.iter().zip(&expected);
                let are_equal = match group.scales(name, &expected) {
                    Some(scales) => columns.zip(scales).all(|((found, expected), scale)| is_close(found, expected, scale)),
                    None => columns.all(|(found, expected)| found == expected),
                };
                prop_assert!(are_equal, "{}: {:?}, expected {:?} for {:?}", name, found, expected, group.0);
            }
            prop_assert_eq!(whole.failed, groups.iter().map(|group| group.failed(def)).sum::<u64>(), "{}", name);
            let dealt = dealt(def, &chunks, &deal, &picks);
            prop_assert_eq!(dealt.results(), whole.results(), "{}", name);
            prop_assert_eq!(dealt.failed, whole.failed, "{}", name);
        }
    }
}

/// A stream of numbers of any size that cancel, among some that stay.
fn cancelling(
    number: impl Strategy<Value = Value>,
    stays: impl Strategy<Value = Value>,
) -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    let negated = |value: &Value| match value {
        Value::BigInt(digits) => {
            Value::BigInt(digits.strip_prefix(b"-").unwrap_or(&[b"-", &digits[..]].concat()).into())
        }
        Value::Float(float) => Value::Float(-float),
        other => panic!("{other:?} is not negated here"),
    };
    let both = move |(numbers, stay): (Vec<Value>, Vec<Value>)| {
        let all = numbers.iter().cloned().chain(numbers.iter().map(negated)).chain(stay.iter().cloned());
        (Just(all.collect::<Vec<_>>()).prop_shuffle(), Just(stay))
    };
    (prop::collection::vec(number, 1..12), prop::collection::vec(stays, 1..6)).prop_flat_map(both)
}

/// The result of one group over chunks of three values, dealt to two workers.
fn of_one_group(name: &str, values: &[Value]) -> Value {
    let def = find(name).expect("an aggregate");
    let chunk = |(position, values): (u64, &[Value])| Chunk {
        position,
        rows: values.iter().map(|value| (0, value.clone())).collect(),
    };
    let chunks: Vec<Chunk> = (0..).zip(values.chunks(3)).map(chunk).collect();
    let deal: Vec<usize> = (0..chunks.len()).map(|chunk| chunk % 2).collect();
    dealt(def, &chunks, &deal, &[(1, 0), (0, 0), (1, 0)]).results()[0][0].clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn large_floats_that_cancel_leave_the_small_ones(
        (values, stay) in cancelling(any::<f64>().prop_map(|float| Value::Float(float / 64.0)), (-700i64..700).prop_map(|parts| Value::Float(parts as f64 / 256.0)))
    ) {
        let sum: f64 = stay.iter().filter_map(in_parts).map(|number| number.0 as f64).sum::<f64>() / PARTS as f64;
        prop_assert_eq!(of_one_group("sum", &values), Value::Float(sum));
        prop_assert_eq!(of_one_group("avg", &values), Value::Float(sum / values.len() as f64));
    }

    #[test]
    fn large_ints_that_cancel_leave_the_small_ones(
        (values, stay) in cancelling("-?[1-9][0-9]{19,60}".prop_map(|digits| Value::BigInt(digits.into_bytes().into())), any::<i32>().prop_map(|int| Value::Int(int.into())))
    ) {
        let sum: i64 = stay.iter().filter_map(in_parts).map(|number| (number.0 / PARTS) as i64).sum();
        prop_assert_eq!(of_one_group("sum", &values), Value::Int(sum));
        prop_assert_eq!(of_one_group("avg", &values), Value::Float(sum as f64 / values.len() as f64));
    }

    #[test]
    fn subtracting_a_merged_state_restores_the_one_before(kept in chunks(5), gone in chunks(5), shift in 0u32..GROUPS) {
        for def in merged_defs() {
            let mut state = Alone::of(def, &kept);
            if !state.states.can_subtract() {
                continue;
            }
            let (before, leaving) = (bytes(&state), Alone::of(def, &gone));
            let order: Vec<u32> = (0..GROUPS).map(|group| (group + shift) % GROUPS).collect();
            state.states.merge(leaving.states.as_ref(), 0..4, &order);
            state.states.subtract(leaving.states.as_ref(), 2..4, &order[2..]);
            state.states.subtract(leaving.states.as_ref(), 0..2, &order[..2]);
            prop_assert_eq!(state.results(), Alone::of(def, &kept).results(), "{}", def.entry.name);
            prop_assert_eq!(bytes(&state), before, "{}", def.entry.name);
        }
    }

    #[test]
    fn a_running_result_is_that_of_the_rows_so_far(chunks in chunks(5)) {
        for def in merged_defs() {
            let (mut running, mut so_far) = (Alone::new(def, false), Alone::new(def, false));
            for chunk in &chunks {
                let found = running.scan(chunk);
                for (row, (group, _)) in chunk.rows.iter().enumerate() {
                    let columns = chunk.columns(def);
                    let columns: Vec<Column<'_>> = columns.iter().map(|column| column.take(&[row as u32])).collect();
                    let columns: Vec<&Column<'_>> = columns.iter().collect();
                    let position = Position(chunk.position);
                    so_far.states.update(RowGroups::Each(&[*group]), &columns, position, &mut Failures::default());
                    let expected = so_far.states.result(*group as usize, &so_far.finish());
                    let found: Vec<Value> = found.iter().map(|column| column[row].clone()).collect();
                    prop_assert_eq!(found, expected, "{}", def.entry.name);
                }
            }
        }
    }
}
