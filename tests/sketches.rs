//! Aggregates as a whole: any split of the stream over batches and workers, merged in any order, gives the same
//! bytes; and what is estimated is as near to the truth as the manual says.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use bourn::aggregate::{Aggregation, Executor, Merged, Partial};
use bourn::data::{Position, Value, write_json};
use bourn::lang::parse;
use bourn::plan::{Exchange, OutputMode, Plan};
use bourn::stage::RecordCounts;
use proptest::prelude::*;

/// Runs tasks one after another.
struct Alone;

impl Executor for Alone {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// An expression that ends in aggregates.
struct Subject {
    plan: Plan,
    aggregation: Arc<Aggregation>,
}

impl Subject {
    fn new(expr: &str, exact: bool) -> Subject {
        let pipeline = parse(expr).expect("the expression is right");
        let mut plan = Plan::of(&pipeline, OutputMode::AsItCame).expect("the expression can be bound");
        let exchange = std::mem::replace(&mut plan.exchange, Exchange::Rows);
        let Exchange::Grouped(aggregation) = exchange else {
            panic!("the expression ends in aggregates");
        };
        let mut aggregation = Arc::into_inner(aggregation).expect("the only reference");
        aggregation.exact = exact;
        Subject { plan, aggregation: Arc::new(aggregation) }
    }

    /// The result of pieces of the stream, each given to a worker by number; workers are merged in this order.
    fn run(&self, pieces: &[&str], workers: &[usize], order: &[usize]) -> Vec<Vec<Value>> {
        let mut account = RecordCounts::default();
        let mut partials: Vec<Partial> = order.iter().map(|_| Partial::new(Arc::clone(&self.aggregation))).collect();
        for (index, piece) in pieces.iter().enumerate() {
            let position = Position(index as u64);
            let mut batch = self.plan.inputs[0].scanner.scan(piece.as_bytes(), position);
            for step in &self.plan.map {
                step.stage.apply(&mut batch, &step.live, &mut account);
            }
            partials[workers[index]].update(&batch, &mut account.failures);
        }
        let mut merged = Merged::new(Arc::clone(&self.aggregation));
        for &worker in order {
            merged.add(partials[worker].take(), &Alone);
        }
        let mut rows = Vec::new();
        for batch in merged.finish(&Alone) {
            for row in 0..batch.rows {
                let columns = self.plan.output.columns.named.iter();
                rows.push(columns.map(|column| batch.column(column.slot).get(row).to_value()).collect());
            }
        }
        rows
    }

    fn run_whole(&self, input: &str) -> Vec<Vec<Value>> {
        self.run(&[input], &[0], &[0])
    }
}

fn json(rows: &[Vec<Value>]) -> String {
    let mut text = Vec::new();
    for row in rows {
        write_json(Value::List(row.clone()).borrow(), &mut text);
        text.push(b'\n');
    }
    String::from_utf8(text).expect("JSON of numbers is UTF-8")
}

/// Numbers that look random and are the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let word = self.0 ^ self.0 >> 29;
        word.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 40) as f64 / (1u64 << 40) as f64
    }
}

/// Lines with a number each, in one of several shapes.
fn lines(shape: usize, count: usize, random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..count {
        let written = match shape {
            0 => writeln!(text, "{}", random.below(1_000_000)),
            1 => writeln!(text, "{:.3}", random.unit() * 1000.0 - 300.0),
            2 => writeln!(text, "{}", (random.unit() * 60.0 - 30.0).exp()),
            3 if random.below(9) == 0 => writeln!(text, "x{}", random.below(50)),
            3 => writeln!(text, "{}", random.below(30) as f64 / 4.0),
            _ => writeln!(text, "{}", random.next() as i64 >> random.below(60)),
        };
        written.expect("a String can be written to");
    }
    text
}

/// All aggregates whose result is decided by the input.
const ALL: &str = "let x = if(line ~ /^-?[0-9.]+$/, num(line), null), y = len(line) | \
    count, all(x > 0), any(x > 0), avg(x), collect(line), collect(line, 3), corr(x, y), count_distinct(line), \
    ewma(x, 0.3), ewma(x, 0.9), first(line), last(line), histogram(x), histogram(x, 3), linreg(x, y) as a, \
    linreg(y, x, x*x) as b, max(x), median(x), min(x), mode(line), p99.9(x), p1(x), percentile(x, 75), stddev(x), \
    sum(x), variance(x), avg(x) where y > 3 as some";

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_merged_in_any_order_equals_one_pass(
        seed: u64,
        shape in 0usize..5,
        size in prop_oneof![0usize..60, 4000usize..9000],
        pieces in 1usize..20,
        workers in 1usize..5,
        by in prop_oneof![Just(""), Just(" by len(line) % 3 as k")],
    ) {
        let mut random = Random(seed);
        let input = lines(shape, size, &mut random);
        let subject = Subject::new(&format!("{ALL}{by}"), false);
        let whole = json(&subject.run_whole(&input));
        let ends: Vec<usize> = std::iter::once(0).chain(input.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut cuts: Vec<usize> = (1..pieces).map(|_| ends[random.below(ends.len() as u64) as usize]).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let parts: Vec<&str> = cuts.windows(2).map(|cut| &input[cut[0]..cut[1]]).collect();
        let whose: Vec<usize> = parts.iter().map(|_| random.below(workers as u64) as usize).collect();
        let mut order: Vec<usize> = (0..workers).collect();
        order.rotate_left(random.below(workers as u64) as usize);
        if random.below(2) == 0 {
            order.reverse();
        }
        prop_assert_eq!(whole, json(&subject.run(&parts, &whose, &order)));
    }
}

fn sorted_numbers(input: &str) -> Vec<f64> {
    let mut numbers: Vec<f64> = input.lines().map(|line| line.parse().unwrap()).collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

fn float(value: &Value) -> f64 {
    value.borrow().as_number().expect("a number").to_f64()
}

#[test]
fn percentiles_are_exact_to_4096_values_and_then_within_half_a_percent() {
    const PERCENTS: [f64; 9] = [0.0, 0.1, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0];
    let list: Vec<String> = PERCENTS.iter().map(|q| format!("p{q}(line)")).collect();
    let expr = list.join(", ");
    let (usual, exact) = (Subject::new(&expr, false), Subject::new(&expr, true));
    let mut random = Random(7);
    for shape in [0, 1, 2, 4] {
        for size in [1, 2, 4095, 4096, 4097, 30_000] {
            let input = lines(shape, size, &mut random);
            let sorted = sorted_numbers(&input);
            let (found, kept) = (usual.run_whole(&input), exact.run_whole(&input));
            for (index, percent) in PERCENTS.iter().enumerate() {
                let rank = ((percent * size as f64 / 100.0 - 1e-9).ceil() as usize).max(1);
                let truth = sorted[rank - 1];
                let (found, kept) = (float(&found[0][index]), float(&kept[0][index]));
                let allowed = if size > 4096 { 0.005 } else { 0.0 };
                let place = format!("p{percent} of {size} of shape {shape}");
                assert!((found - truth).abs() <= truth.abs() * allowed, "{place}: {found}, {truth}");
                assert_eq!(kept, truth, "{place}");
            }
        }
    }
}

#[test]
fn ints_print_as_ints() {
    let subject = Subject::new("p50(line), p99(line)", false);
    let input: String = (0..3).map(|i| format!("{}\n", 1_700_000_000_000_000_001i64 + i)).collect();
    assert_eq!(json(&subject.run_whole(&input)), "[1700000000000000002,1700000000000000003]\n");
    let input: String = (0..10_000).map(|i| format!("{i}\n")).collect();
    let rows = subject.run_whole(&input);
    assert!(rows[0].iter().all(|value| matches!(value, Value::Int(_))), "{rows:?}");
}

#[test]
fn distinct_counts_are_exact_to_4096_values_and_then_within_one_percent() {
    let usual = Subject::new("count_distinct(line)", false);
    let exact = Subject::new("count_distinct(line)", true);
    for shape in 0..4 {
        for size in [1usize, 100, 4096, 4097, 10_000, 70_000] {
            let mut input = String::new();
            for index in 0..size {
                let written = match shape {
                    0 => writeln!(input, "{index}"),
                    1 => writeln!(input, "user-{:08x}", index * 2654435761 % (1 << 32)),
                    2 => writeln!(input, "/a/long/path/that/does/not/fit/{index}/index.html"),
                    _ => writeln!(input, "{}\n{}", index, index % 10),
                };
                written.expect("a String can be written to");
            }
            let truth = input.lines().collect::<HashSet<_>>().len() as f64;
            let found = float(&usual.run_whole(&input)[0][0]);
            let allowed = if truth > 4096.0 { 0.01 } else { 0.0 };
            assert!((found - truth).abs() <= truth * allowed, "{size} of shape {shape}: {found}");
            assert_eq!(float(&exact.run_whole(&input)[0][0]), truth);
        }
    }
}

#[test]
fn bins_of_many_numbers_are_nearly_those_of_all() {
    let usual = Subject::new("histogram(line, 8)", false);
    let exact = Subject::new("histogram(line, 8)", true);
    let input = lines(1, 20_000, &mut Random(3));
    let counts = |subject: &Subject| -> Vec<f64> {
        let Value::List(bins) = subject.run_whole(&input)[0][0].clone() else {
            panic!("a histogram is a list");
        };
        let count = |bin: &Value| match bin {
            Value::Object(fields) => float(&fields[2].1),
            _ => panic!("a bin is an object"),
        };
        bins.iter().map(count).collect()
    };
    let (found, truth) = (counts(&usual), counts(&exact));
    assert_eq!(found.iter().sum::<f64>(), 20_000.0);
    for (found, truth) in found.iter().zip(&truth) {
        assert!((found - truth).abs() <= 20_000.0 / 1024.0, "{found} {truth}");
    }
}
