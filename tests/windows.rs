//! Windows against a reference that has all records in memory and no slices: whatever the threads, chunks and
//! batches, the bytes are its bytes, and the ledger is its ledger. And with a million windows and more, what is
//! held stays as small as what is open.

#[path = "support/naive_levels.rs"]
mod naive_levels;
#[path = "support/naive_windows.rs"]
mod naive_windows;
#[path = "support/program.rs"]
#[allow(dead_code)]
mod program;
#[path = "support/run.rs"]
#[allow(dead_code)]
mod run;

use std::sync::Arc;
use std::time::Duration;

use bourn::aggregate::{Executor, SlicedPartial, WindowedGroups};
use bourn::data::{Batch, Column, Position, SlotSet, Value};
use bourn::plan::{Exchange, OutputMode, Plan, Settings};
use bourn::window::{ChunkTimes, Grid, SliceAssigner, Watermark};
use proptest::prelude::*;

use naive_levels::{Level, LevelStage, LevelWindow};
use naive_windows::{Answer, Behind, EPOCH_S, First, Front, Kind, Question};
use program::{Files, bourn};
use run::{Configuration, Origin};

const KINDS: &[Kind] = &[
    Kind::Time(10, 10),
    Kind::Time(10, 5),
    Kind::Time(9, 6),
    Kind::Time(7, 3),
    Kind::Time(30, 10),
    Kind::Time(6, 1),
    Kind::Time(1, 1),
    Kind::Session(3),
    Kind::Session(5),
    Kind::Session(1),
    Kind::Rows(3, 3),
    Kind::Rows(4, 2),
    Kind::Rows(5, 3),
    Kind::Rows(3, 1),
];

const AGGREGATES: &[&str] = &[
    "count",
    "sum(v)",
    "first(v)",
    "last(v)",
    "collect(v)",
    "ewma(v, 0.5)",
    "p50(v)",
    "avg(v)",
    "min(v)",
    "max(v)",
    "count_distinct(v)",
    "count where v > 4",
];

/// Lists are in no order by size: they are never the aggregate that groups are ordered by.
fn aggregates() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(AGGREGATES, 1..4).prop_filter("the first says the order", |list| list[0] != "collect(v)")
}

fn first() -> impl Strategy<Value = First> {
    prop_oneof![
        4 => (aggregates(), any::<bool>()).prop_map(|(list, by)| First::Groups(list, by)),
        2 => Just(First::Sort),
        2 => (0usize..4).prop_map(First::Tail),
        1 => (1usize..3).prop_map(First::Top),
    ]
}

fn behind() -> impl Strategy<Value = Behind> {
    prop_oneof![
        (0usize..3).prop_map(Behind::Limit),
        Just(Behind::Count),
        Just(Behind::Let),
        Just(Behind::SortDescending),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let front = prop::sample::subsequence(vec![Front::Filter, Front::Limit, Front::Split], 0..3);
    let late = prop_oneof![Just(0i64), Just(3), Just(12)];
    let behind = prop::collection::vec(behind(), 0..3);
    let offset = prop_oneof![3 => Just(0i64), 1 => Just(2), 1 => Just(13)];
    let levels = prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(level(), 1..4)];
    (0..KINDS.len(), late, front, first(), behind, any::<bool>(), (0usize..10, offset, levels)).prop_map(
        |(kind, late, front, first, behind, fill, (place, offset, levels))| Question {
            kind: KINDS[kind],
            late,
            front,
            first,
            behind: once_let(behind),
            fill,
            offset,
            place,
            levels: timed(KINDS[kind], levels),
        },
    )
}

fn level() -> impl Strategy<Value = Level> {
    let stage = prop_oneof![Just(LevelStage::Count), Just(LevelStage::Running), (1usize..4).prop_map(LevelStage::Tail)];
    let over = prop_oneof![
        2 => prop::sample::select(vec![(20i64, 20i64), (20, 5), (60, 60), (7, 2), (1, 1)])
            .prop_map(|(length, slide)| LevelWindow::Time(length, slide)),
        1 => prop::sample::select(vec![(2usize, 2usize), (3, 1)])
            .prop_map(|(length, slide)| LevelWindow::Rows(length, slide)),
        1 => Just(LevelWindow::All),
    ];
    (stage, over).prop_map(|(stage, over)| Level { stage, over })
}

/// Rows without a window of time enter none, and a column that is made twice is one column.
fn timed(kind: Kind, levels: Vec<Level>) -> Vec<Level> {
    let mut has_time = !matches!(kind, Kind::Rows(..));
    let mut is_numbered = false;
    let level = |level: Level| {
        let over = match level.over {
            LevelWindow::Time(..) if !has_time => LevelWindow::Rows(3, 3),
            over => over,
        };
        let stage = match level.stage {
            LevelStage::Running if is_numbered => LevelStage::Tail(2),
            stage => stage,
        };
        let level = Level { stage, over };
        is_numbered = matches!(stage, LevelStage::Running) || is_numbered && !matches!(stage, LevelStage::Count);
        has_time = level.has_time(has_time);
        level
    };
    levels.into_iter().map(level).collect()
}

/// The same column made twice is one column: that is not what is tried here.
fn once_let(behind: Vec<Behind>) -> Vec<Behind> {
    let mut lets = 0;
    let is_kept = |stage: &Behind| {
        lets += usize::from(matches!(stage, Behind::Let));
        !matches!(stage, Behind::Let) || lets == 1
    };
    behind.into_iter().filter(is_kept).collect()
}

/// Lines of a source: time advances in steps, and each record lags by some seconds.
fn lines() -> impl Strategy<Value = Vec<String>> {
    let record = (0i64..5, 0i64..14, 0usize..4, prop::collection::vec(0i64..8, 1..3), 0..20);
    (0i64..60, prop::collection::vec(record, 0..40)).prop_map(|(start, records)| {
        let mut clock = EPOCH_S + start;
        let line = |(step, behind, key, values, odd): (i64, i64, usize, Vec<i64>, i32)| {
            clock += if odd == 1 { 40 } else { step };
            let time = match odd {
                0 => "-".to_owned(),
                2..8 => (clock - behind).to_string(),
                _ => clock.to_string(),
            };
            let key = ["a", "b", "c", "d"][key];
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            (time, key, values)
        };
        let lines: Vec<_> = records.into_iter().map(line).collect();
        lines.into_iter().map(|(time, key, values)| format!("{time} {key} {}", values.join(","))).collect()
    })
}

/// Without `split`, a record has one value.
fn suited(question: &Question, sources: Vec<Vec<String>>) -> Vec<Vec<String>> {
    if question.front.iter().any(|front| matches!(front, Front::Split)) {
        return sources;
    }
    let first_value = |line: String| match line.split_once(',') {
        Some((line, _)) => line.to_owned(),
        None => line,
    };
    let source = |lines: Vec<String>| lines.into_iter().map(first_value).collect();
    sources.into_iter().map(source).collect()
}

fn plan(question: &Question) -> Arc<Plan> {
    let text = question.text();
    let pipeline = bourn::lang::parse(&text).expect("a pipeline");
    let settings = Settings { fill: question.fill.then_some(u64::MAX), ..Settings::from(OutputMode::AsItCame) };
    let plan = Plan::of(&pipeline, settings);
    Arc::new(plan.unwrap_or_else(|diagnostics| panic!("{text}: {diagnostics:?}")))
}

const CONFIGURATIONS: &[(usize, usize, Option<u64>, Origin)] = &[
    (1, 1 << 20, None, Origin::File),
    (1, 1, None, Origin::File),
    (8, 1, Some(1), Origin::File),
    (3, 50, None, Origin::Pipe),
    (2, 200, Some(1), Origin::File),
];

/// What a run prints and says.
fn found(plan: &Arc<Plan>, sources: &[Vec<String>], part: (usize, usize, Option<u64>, Origin)) -> Answer {
    let (threads, chunk_bytes, batch, origin) = part;
    let configuration = Configuration { threads, chunk_bytes, batch: batch.map(Duration::from_millis), origin };
    let bytes = |lines: &Vec<String>| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let files = Files::new();
    let paths: Vec<String> = sources
        .iter()
        .enumerate()
        .map(|(number, lines)| files.write(&number.to_string(), bytes(lines).as_bytes()))
        .collect();
    let (printed, outcome) = match (origin, sources) {
        (Origin::Pipe, [lines]) => run::run(plan, bytes(lines).as_bytes(), configuration),
        _ => run::run_sources(plan, paths.clone(), configuration),
    };
    let ledger = outcome.ledger;
    let place = |place: String| {
        let (path, line) = place.rsplit_once(':').expect("a source and a line");
        let source = paths.iter().position(|known| known == path).unwrap_or(0);
        (source, line.parse().expect("a number"))
    };
    Answer {
        printed: String::from_utf8(printed).expect("text"),
        read: ledger.read,
        passed: ledger.passed,
        filtered: ledger.filtered,
        rejected: ledger.rejected,
        late: ledger.late,
        first_late: ledger.first_late.map(place),
        late_lines: Vec::new(),
    }
}

/// Sessions have no windows without records.
fn is_sound(question: &Question) -> bool {
    let is_time = matches!(question.kind, Kind::Time(..));
    is_time || !question.fill
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn they_are_the_naive_ones(
        question in question().prop_filter("sound", is_sound),
        sources in prop_oneof![
            3 => prop::collection::vec(lines(), 1),
            1 => prop::collection::vec(lines(), 2..4),
        ],
    ) {
        let sources = suited(&question, sources);
        let plan = plan(&question);
        let expected = Answer { late_lines: Vec::new(), ..question.answer(&sources) };
        for part in CONFIGURATIONS {
            let found = found(&plan, &sources, *part);
            prop_assert_eq!(&found, &expected, "{}\n{:#?}\n{:?}", question.text(), sources, part);
        }
        prop_assert_eq!(expected.read, expected.passed + expected.filtered + expected.rejected + expected.late);
    }
}

/// Lines `TIME KEY STATE` and what state windows of each key are, as plainly as it can be done.
fn naive_states(lines: &[(i64, u8, u8)], by: bool) -> String {
    let time = |seconds: i64| jiff::Timestamp::from_second(seconds).expect("a time").to_string();
    let row = |(start, end, key, state, count): (i64, i64, u8, u8, usize)| {
        let key = if by { format!("{key}\t") } else { String::new() };
        format!("{}\t{}\t{key}{state}\t{count}\n", time(start), time(end))
    };
    let mut open: std::collections::BTreeMap<u8, (i64, i64, u8, u8, usize)> = std::collections::BTreeMap::new();
    let mut printed = String::new();
    let mut latest = i64::MIN;
    for &(at, key, state) in lines {
        latest = latest.max(at);
        let own = open.entry(if by { key } else { 0 }).or_insert((at, at, key, state, 0));
        if own.3 != state {
            printed += &row((own.0, at.max(own.0), own.2, own.3, own.4));
            *own = (at, at, key, state, 0);
        }
        own.4 += 1;
    }
    let mut left: Vec<_> = open.into_values().collect();
    left.sort_by_key(|(start, _, key, state, _)| (*start, *key, *state));
    left.into_iter().for_each(|(start, _, key, state, count)| printed += &row((start, latest, key, state, count)));
    printed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn state_windows_are_the_naive_ones(
        steps in prop::collection::vec((0i64..9, -3i64..1, 0u8..3, 0u8..3), 0..60),
        by in any::<bool>(),
    ) {
        let mut clock = EPOCH_S;
        let record = |(step, behind, key, state): (i64, i64, u8, u8)| {
            clock += step;
            (clock + behind, key, state)
        };
        let records: Vec<(i64, u8, u8)> = steps.into_iter().map(record).collect();
        let lines: Vec<String> = records.iter().map(|(at, key, state)| format!("{at} {key} {state}")).collect();
        let keys = if by { "k, s" } else { "s" };
        let text = format!("parse '{{t}} {{k}} {{s}}' | count by {keys} | window state s on t");
        let plan = run::plan(&text).expect("a pipeline");
        let expected = naive_states(&records, by);
        for part in CONFIGURATIONS {
            let found = found(&plan, std::slice::from_ref(&lines), *part);
            prop_assert_eq!(&found.printed, &expected, "{} {:?}", text, part);
            prop_assert_eq!((found.read, found.passed), (lines.len() as u64, lines.len() as u64));
        }
    }
}

/// A few questions over input that a run cannot have in one chunk, whole and through the program: what is late
/// is kept too.
#[test]
fn late_lines_are_kept_in_order() {
    let mut clock = EPOCH_S;
    let lines: Vec<String> = (0..3000i64)
        .map(|number| {
            clock += number * 7919 % 3;
            let behind = if number % 13 == 0 { number * 31 % 50 } else { 0 };
            format!("{} {} {}", clock - behind, ["a", "b", "c"][number as usize % 3], number % 10)
        })
        .collect();
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let files = Files::new();
    let kept = files.write("late", b"");
    for (kind, first, front) in [
        (Kind::Time(10, 10), First::Groups(vec!["count", "last(v)"], true), vec![]),
        (Kind::Time(10, 3), First::Groups(vec!["count", "collect(v)"], false), vec![Front::Limit]),
        (Kind::Session(3), First::Groups(vec!["count", "collect(v)"], true), vec![]),
        (Kind::Session(2), First::Tail(2), vec![Front::Filter]),
        (Kind::Time(20, 5), First::Sort, vec![]),
    ] {
        let question = Question {
            kind,
            late: 5,
            front,
            first,
            behind: Vec::new(),
            fill: false,
            offset: 0,
            place: 0,
            levels: Vec::new(),
        };
        let expected = question.answer(std::slice::from_ref(&lines));
        assert!(expected.late > 10, "{}", question.text());
        for options in
            [&["-j", "1"][..], &["-j", "8", "--chunk", "1"], &["-j", "2", "--chunk", "4KiB", "--batch", "1ms"]]
        {
            let text = question.text();
            let arguments = [options, &["--stats", "--late", &kept, &text]].concat();
            let ended = bourn(&arguments, input.as_bytes());
            assert_eq!(ended.status, Some(0), "{}", ended.stderr);
            assert_same(&ended.stdout, &expected.printed, &format!("{text} {options:?}"));
            let found = std::fs::read_to_string(&kept).expect("the file");
            let found: Vec<&str> = found.lines().collect();
            assert_eq!(found, expected.late_lines, "{text} {options:?}");
            let equation = format!(
                "{} read = {} passed + {} filtered + 0 rejected + {} late",
                expected.read, expected.passed, expected.filtered, expected.late
            );
            assert!(ended.stderr.contains(&equation), "{text} {options:?}: {}", ended.stderr);
            let (_, line) = expected.first_late.expect("some are late");
            let first = format!("{} late (-:{line})", expected.late);
            assert!(ended.stderr.contains(&first), "{text} {options:?}: {}", ended.stderr);
        }
    }
}

/// Names the first line that is another.
fn assert_same(found: &str, expected: &str, what: &str) {
    let mut lines = found.lines().zip(expected.lines());
    if let Some((found, expected)) = lines.find(|(found, expected)| found != expected) {
        panic!("{what}\n{found}\n{expected}");
    }
    assert_eq!(found.len(), expected.len(), "{what}");
}

/// As many as a test without optimisation has time for.
const MANY: i64 = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };

/// Does one task after another.
struct Serial;

impl Executor for Serial {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// A stream that never ends, a record a second and each thousandth a little late: of all windows so far, only
/// those that are open are held.
#[test]
fn many_windows_are_held_in_flat_memory() {
    const SECOND: i64 = 1_000_000_000;
    for (expression, most) in [
        ("count by line | window 1s on line", 40),
        ("count by line | window 8s/1s on line", 80),
        ("count, max(line) by line | window 8s/1s on line", 120),
        ("count, last(line) by line | window 5s/2s on line", 100),
    ] {
        let plan = run::plan(expression).expect("a pipeline");
        let planned = plan.window.as_ref().expect("a window");
        let Exchange::Grouped(aggregation) = &plan.exchange else {
            panic!("{expression}: workers keep groups");
        };
        let mut line = SlotSet::default();
        aggregation.reads(&mut line);
        let line = line.iter().next().expect("it reads the line");
        let grid = Grid::of(&planned.window, &jiff::tz::TimeZone::UTC).expect("a grid");
        let mut watermark = Watermark::of_times(3 * SECOND, i64::MAX, 1);
        let mut sliced = SlicedPartial::new(Arc::clone(aggregation));
        let mut windowed = WindowedGroups::new(Arc::clone(aggregation), grid.clone());
        let (mut windows, mut records, mut last) = (0, 0, i64::MIN);
        let mut held = 0;
        for start in (0..MANY).step_by(20) {
            let late = |second: i64| if second % 1000 == 7 { 2 } else { 0 };
            let times: Vec<i64> = (start..start + 20).map(|second| (second - late(second)) * SECOND).collect();
            let mut reach = ChunkTimes::new(i64::MAX);
            reach.add(&times);
            let mut assigner = SliceAssigner::new(watermark.pass(0, &reach), i64::MAX, false);
            let assignment = assigner.assign(&grid, &times);
            assert!(assignment.late.is_empty(), "{expression}: {assignment:?}");
            let mut batch = Batch::new(times.len(), Position(start as u64 * 100));
            // Keys come and go.
            let key = Value::Text((start / 100).to_string().into_bytes());
            batch.set(line, Column::Constant(key, times.len()));
            sliced.update(&batch, &assignment.slices, &mut Default::default());
            windowed.add(sliced.take(), &Serial);
            held = held.max(windowed.held());
            while let Some(window) = windowed.first().filter(|window| grid.is_final(*window, watermark.now())) {
                assert!(window > last, "{expression}: {window} comes once, after {last}");
                let rows = windowed.finish(window, &Serial);
                records += rows.iter().map(|batch| batch.rows).sum::<usize>();
                (windows, last) = (windows + 1, window);
            }
        }
        assert!(held <= most, "{expression}: {held} sets of groups");
        assert!(windows > MANY / 3, "{expression}: {windows} windows");
        assert!(records as i64 >= windows, "{expression}: {records} rows");
    }
}
