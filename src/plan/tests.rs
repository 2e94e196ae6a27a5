//! The passes of the planner, seen in the plans of whole expressions.

use super::*;

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
