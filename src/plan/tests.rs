//! The passes of the planner, seen in the plans of whole expressions.

use super::*;

mod execution;
mod refusals;

fn plan(text: &str) -> Plan {
    Plan::read(text, OutputMode::AsItCame).unwrap_or_else(|found| panic!("{text}: {found:?}"))
}

fn aggregation(plan: &Plan) -> &Aggregation {
    match &plan.exchange {
        Exchange::Grouped(aggregation) => aggregation,
        _ => panic!("the plan begins with other than aggregates"),
    }
}

#[test]
fn limits_move_to_the_stages_before_them() {
    assert_eq!(aggregation(&plan("count by line | limit 2")).ranking.limit, Some(2));
    assert_eq!(aggregation(&plan("count by line | let n = count * 2 | limit 2")).ranking.limit, Some(2));
    assert_eq!(aggregation(&plan("count by line | where count > 1 | limit 2")).ranking.limit, None);
    assert!(plan("sort line | limit 3").explanation.to_string().contains("a few times 3 records"));
    assert!(plan("sort line | skip 'x' | limit 3").explanation.to_string().contains("all records"));
}

#[test]
fn aggregates_of_aggregates_are_not_sorted_in_between() {
    assert!(aggregation(&plan("count by line | count by len(line)")).ranking.unordered);
    assert!(!aggregation(&plan("count by line | first(line)")).ranking.unordered);
    assert!(!aggregation(&plan("count by line")).ranking.unordered);
}

#[test]
fn filled_windows_need_a_row_for_every_key() {
    let fill = Settings { fill: Some(100), ..Settings::from(OutputMode::AsItCame) };
    let text = "parse '{t:time} {word}' | count by word | window 1m on t | limit 2";
    let filled = Plan::read(text, fill).expect("the test's own text");
    assert_eq!(aggregation(&filled).ranking.limit, None);
    assert_eq!(aggregation(&plan(text)).ranking.limit, Some(2));
}

#[test]
fn steps_whose_columns_are_unused_are_left_out() {
    assert_eq!(plan("let a = len(line) | select line").map.len(), 0);
    assert_eq!(plan("let a = len(line) | select a").map.len(), 1);
    assert_eq!(plan("running count as n | select line").merge.len(), 0);
    assert_eq!(plan("running count as n").merge.len(), 1);
}

#[test]
fn only_the_slots_that_are_read_are_kept() {
    let plan = plan("csv as a, b, c | where a == 'x' | select b");
    let [decode, filter] = plan.map.as_slice() else { panic!("{} steps", plan.map.len()) };
    assert_eq!(decode.live.iter().count(), 2, "a and b");
    assert_eq!(filter.live.iter().count(), 1, "b");
}

#[test]
fn workers_run_the_row_by_row_steps_before_any_other() {
    let plan = plan("let a = len(line) | sort a | let b = a * 2 | where b > 2");
    assert_eq!(plan.map.len(), 1);
    let kinds: Vec<&str> = plan.merge.iter().map(kind).collect();
    assert_eq!(kinds, ["ordered", "rows", "rows"]);
    assert!(matches!(plan.exchange, Exchange::Ordered(..)));
    let grouped = super::tests::plan("count by line | where count > 1");
    assert_eq!(grouped.merge.iter().map(kind).collect::<Vec<_>>(), ["rows"], "the exchange is not repeated");
    assert!(matches!(super::tests::plan("where len(line) > 2").exchange, Exchange::Rows));
}

fn kind(step: &MergeStep) -> &'static str {
    match step {
        MergeStep::Rows(_) => "rows",
        MergeStep::Ordered(..) => "ordered",
        MergeStep::Grouped(_) => "grouped",
    }
}

#[test]
fn the_scanner_takes_over_the_first_step() {
    assert_eq!(plan("match 'x'").map.len(), 0, "the text is searched in the raw bytes");
    assert_eq!(plan("match /x.y/").map.len(), 1, "the search is only a hint");
    assert_eq!(plan("split | count by word").map.len(), 0, "raw bytes are split");
    assert_eq!(plan("match 'x' | select @number, line").map.len(), 1, "all lines are numbered");
    let explained = plan("count").explanation.to_string();
    assert!(explained.contains("records are only counted"), "{explained}");
}

#[test]
fn windows_are_assigned_as_early_as_possible() {
    let assigned_by = |text: &str| plan(text).window.expect("a window").assigned_by;
    assert_eq!(assigned_by("count by line | window 2 rows"), AssignedBy::Workers);
    assert_eq!(assigned_by("sort line | count | window 2 rows"), AssignedBy::Merge(0));
    assert_eq!(assigned_by("count by line | window session 5m"), AssignedBy::Merge(0));
    assert_eq!(assigned_by("limit 10 | count by line | window 2 rows"), AssignedBy::Merge(1));
    assert!(matches!(plan("tail 1 | window 2 rows").exchange, Exchange::Gather(_)));
}

#[test]
fn a_window_may_be_written_anywhere() {
    for (stages, window, fields) in [
        ("parse '{t:time} {w}'|let n = len(w)|count by n|where count > 1|sort n", "window 1m on t late 5s", 4),
        ("csv as k, n|where n > 1|sort k|let m = n * 2|limit 3", "window 2 rows", 5),
        ("csv as k, n|dedup k|running sum(n) as s by k|tail 1", "window session 5m", 5),
    ] {
        let stages: Vec<&str> = stages.split('|').collect();
        let seen = |place: usize| {
            let (before, after) = stages.split_at(place);
            let plan = plan(&[before, &[window], after].concat().join(" | "));
            let columns: Vec<String> = plan.output.columns.named.iter().map(|column| column.name.clone()).collect();
            assert_eq!(columns.len(), fields, "{columns:?} with `{window}`");
            assert_eq!(columns[..2], ["window_start", "window_end"]);
            let kinds: Vec<&str> = plan.merge.iter().map(kind).collect();
            let window = plan.window.expect("a window");
            (columns, plan.map.len(), kinds, window.window, window.assigned_by)
        };
        // A window of times needs the field to be known first.
        assert!((1..=stages.len()).all(|place| seen(place) == seen(stages.len())), "`{window}`");
    }
}

#[test]
fn the_time_of_a_window_is_known_by_its_domain() {
    let by = |text: &str| plan(text).window.expect("a window").by;
    assert!(matches!(by("parse '{t:time} {w}' | count | window 1m on t"), TimeDomain::Event(_)));
    assert_eq!(by("count | window 1m"), TimeDomain::Processing(None));
    assert_eq!(by("csv as ts, v | count | window 1m"), TimeDomain::Processing(Some("ts".to_owned())));
    assert_eq!(by("count | window 5 rows"), TimeDomain::RowCount);
}

#[test]
fn a_plan_says_when_its_rows_appear() {
    assert!(plan("sort line").is_blocking() && plan("count").is_blocking());
    assert!(!plan("limit 3").is_blocking() && !plan("count | window 5 rows").is_blocking());
    assert!(plan("sort line | limit 3").waits_for_all() && plan("count").waits_for_all());
    assert!(!plan("limit 3 | sort line").waits_for_all(), "the limit ends the run");
    assert!(!plan("where len(line) > 2").waits_for_all());
}

#[test]
fn records_become_fragments_where_another_input_has_exploded() {
    let settings = Settings { inputs: vec!["b".to_owned()], ..Settings::from(OutputMode::AsItCame) };
    let read = |text: &str| Plan::read(text, settings.clone()).expect("the test's own text");
    assert_eq!(read("union b").exploded_from, None);
    for text in ["split as w | union (b | let w = line)", "union (b | split as line)"] {
        let plan = read(text);
        assert_eq!(plan.exploded_from, Some(plan.inputs[1].joins_at), "{text}");
    }
}

/// Settings of a run that makes or merges parts.
fn of_parts() -> Settings {
    Settings { parts: true, inputs: vec!["b".to_owned()], ..Settings::from(OutputMode::AsItCame) }
}

#[test]
fn parts_give_rows_to_the_coordinator_unless_workers_group_them() {
    let part = |text: &str| Plan::read(text, of_parts()).unwrap_or_else(|found| panic!("{text}: {found:?}"));
    assert!(matches!(part("where len(line) > 2").exchange, Exchange::Gather(_)));
    assert!(matches!(part("union b").exchange, Exchange::Gather(_)));
    assert!(matches!(part("sort line | limit 3").exchange, Exchange::Ordered(..)));
    assert!(matches!(part("count by line | limit 3").exchange, Exchange::Grouped(_)));
    let windowed = part("parse '{t:time} {w}' | count by w | window 1m on t late 5s");
    assert_eq!(windowed.window.expect("a window").window.late_ns, i64::MAX, "no record is late");
}

#[test]
fn parts_of_pipelines_that_need_the_order_of_all_records_are_rejected() {
    let marked = |text: &str| refusals::marked(text, of_parts()).into_iter().next();
    assert_eq!(marked("dedup line").as_deref(), Some("dedup line"));
    assert_eq!(marked("where len(line) > 2 | running count as n | count").as_deref(), Some("running count as n"));
    assert_eq!(
        marked("csv as k, v | join (b | csv as k, w) on k within 1m").as_deref(),
        Some("join (b | csv as k, w) on k within 1m")
    );
    assert_eq!(marked("count by line | window 5 rows").as_deref(), Some("window 5 rows"));
    assert_eq!(marked("rate by line").as_deref(), Some("rate by line"));
    for text in ["count by line | dedup count", "sort line | running count as n", "count by line | running sum(count)"]
    {
        assert!(Plan::read(text, of_parts()).is_ok(), "{text}: the order matters only after the parts are merged");
    }
}

#[test]
fn other_sources_have_their_own_steps_until_they_join() {
    let settings = Settings { inputs: vec!["b".to_owned()], ..Settings::from(OutputMode::AsItCame) };
    let read = |text: &str| Plan::read(text, settings.clone()).expect("the test's own text");
    let united = read("let w = lower(line) | union (b | let w = upper(line) | where len(w) > 2) | where len(w) < 9");
    let [main, other] = united.inputs.as_slice() else { panic!("{} inputs", united.inputs.len()) };
    assert_eq!((main.name.as_str(), other.name.as_str()), ("", "b"));
    assert!(main.map.is_empty() && main.joins_at == 0);
    assert!(other.map.len() >= 2, "its own steps come before the shared ones");
    assert_eq!(other.joins_at, 1, "it skips the first step of the other source");
    assert_eq!(united.map.len(), 2);
    let joined = read("csv as k, v | join (b | csv as k, w) on k within 1m");
    assert_eq!(joined.merge.iter().map(kind).collect::<Vec<_>>(), ["ordered"]);
    assert!(joined.tracks_time() && joined.reads_arrival());
    assert_eq!(joined.join_time(), OwnTime::Processing(None));
}

#[test]
fn lines_of_rejected_and_late_records_are_kept_where_they_are_needed() {
    let keep = Settings { keeps_rejects: true, keeps_late: true, ..Settings::from(OutputMode::AsItCame) };
    let read = |text: &str| Plan::read(text, keep.clone()).expect("the test's own text");
    assert_eq!(read("json | count by a").late_rejects, None, "workers have the bytes");
    let once = read("sort line | json | select a").late_rejects.expect("the coordinator decodes");
    assert!(!once.row_by_row);
    let twice = read("sort line | json | parse '{x} {y}' from a | select x").late_rejects.expect("both may reject");
    assert!(twice.row_by_row);
    let session = "parse '{t:time} {w}' | count by w | window session 1m on t";
    assert!(read(session).late_line.is_some() && plan(session).late_line.is_none());
}

#[test]
fn the_time_of_records_is_read_only_if_it_is_used() {
    let metadata = |text: &str| plan(text).inputs[0].metadata;
    assert_eq!(metadata("count by line"), Metadata::default());
    assert!(metadata("select @time").time.is_some() && metadata("select @source").source.is_some());
    assert!(metadata("count by line | window 1m").time.is_some());
    assert!(!plan("count by line").tracks_time() && plan("count | window 5 rows").tracks_time());
}
