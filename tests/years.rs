//! Times without a year: they take it from the record before, however the work is parted.

#[path = "support/run.rs"]
#[allow(dead_code)]
mod run;

use std::fmt::Write;

use proptest::prelude::*;

use run::{Configuration, Origin, plan, run};

/// Records of some years. Only the first has its year, and some are not times.
fn log(step_hours: i64, records: i64) -> (String, String) {
    let (mut input, mut expected) = (String::new(), String::new());
    let first: jiff::Timestamp = "2019-11-30T05:00:00Z".parse().expect("a time");
    for number in 0..records {
        // Every fifth comes a bit earlier than the one before it.
        let hours = number * step_hours - if number % 5 == 4 { 2 * step_hours } else { 0 };
        let time = first + jiff::SignedDuration::from_hours(hours);
        let format = if number == 0 { "%FT%TZ" } else { "%b %e %T" };
        let _ = writeln!(input, "{} {number}", time.strftime(format));
        if number % 11 == 3 {
            let _ = writeln!(input, "no time");
        }
        let _ = writeln!(expected, "{time}\t{number}");
    }
    (input, expected)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_depends_on_how_the_work_is_parted(
        step_hours in 1i64..1400,
        records in 1i64..400,
        threads in 1usize..6,
        chunk_bytes in prop_oneof![Just(1usize), 20usize..500, Just(1 << 20)],
        origin in prop_oneof![Just(Origin::File), Just(Origin::Pipe)],
    ) {
        let (input, expected) = log(step_hours, records);
        let configuration = Configuration { threads, chunk_bytes, batch: None, origin };
        for expression in [
            "parse '{t:time} {n}' | select t, n",
            // What fails here is found again record by record.
            "regex /^(?<t>.*) (?<n>[0-9]+)$/ | let t = time(t) | where t != null | select t, n",
            // On the coordinator's side.
            "regex /^(?<t>.*) (?<n>[0-9]+)$/ | dedup n | let t = time(t) | where t != null | select t, n",
        ] {
            let plan = plan(expression).expect("a right expression");
            let (printed, _) = run(&plan, input.as_bytes(), configuration);
            let printed = String::from_utf8(printed).expect("times are text");
            prop_assert_eq!(&printed, &expected, "{}", expression);
        }
        // Aggregates read times after the stages of the workers.
        let plan = plan("regex /^(?<t>.*) (?<n>[0-9]+)$/ | count, min(n) as n by time(t) as t | sort n | select t, n")
            .expect("a right expression");
        let (printed, _) = run(&plan, input.as_bytes(), configuration);
        let mut lines: Vec<&str> = expected.lines().collect();
        let mut seen = std::collections::HashSet::new();
        lines.retain(|line| seen.insert(line.split('\t').next()));
        let printed = String::from_utf8(printed).expect("times are text");
        prop_assert_eq!(printed.lines().collect::<Vec<_>>(), lines);
    }
}
