//! The text of `--explain`.

use std::fmt;

use crate::data::{Framing, Regroup};
use crate::stage::OwnTime;
use crate::window::WindowKind;

use super::lower::Scanned;
use super::union::InputFraming;
use super::{AssignedBy, MergeStep, Metadata, PlannedOutput, PlannedWindow, RowStep, TimeDomain};

/// Describes what is decoded, what runs in parallel, what bounds memory, and when results appear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    rows: Vec<(&'static str, String, String)>,
}

impl Explanation {
    /// Describes a plan. `map` and `merge` refer to the stages in `texts` by index, and `done` is the stage that the
    /// scanner replaces. `branches` describes the other sources with their own stages.
    pub(super) fn of(
        texts: &[String],
        (reading, scanned, metadata): (InputFraming, Scanned, Metadata),
        (done, map, branches): (Option<usize>, &[(usize, RowStep)], &[String]),
        merge: &[(usize, MergeStep)],
        window: Option<&PlannedWindow>,
        output: &PlannedOutput,
    ) -> Explanation {
        let mut rows = Vec::new();
        let mut decoded = match scanned {
            Scanned::Counted => "records are only counted".to_owned(),
            Scanned::Lines => "line".to_owned(),
            Scanned::Searched(text) => {
                format!("lines with {text:?}: the raw bytes are searched for it")
            }
            Scanned::Raw => "raw bytes: the first stage reads them without splitting lines".to_owned(),
        };
        for (slot, name) in [(metadata.source, "@source"), (metadata.number, "@number"), (metadata.time, "@time")] {
            if slot.is_some() {
                decoded.push_str(", ");
                decoded.push_str(name);
            }
        }
        let reading = match (reading.regroup, reading.framing) {
            (Some(Regroup::JsonIfValues), _) => {
                "files by ranges, on every thread, if they have one JSON value per line; else by one reader"
            }
            (Some(Regroup::Json), _) => "by one reader, which looks for the ends of JSON values",
            (Some(Regroup::Cri), _) => "by one reader, which joins the parts of lines",
            (Some(Regroup::OctetCounted), _) => "by one reader, which uses the counts",
            (None, Framing::Lines | Framing::Counted) => "files by ranges, on every thread; pipes by one reader",
            (None, Framing::Quoted { .. }) => "by one reader, which looks for quotes with newlines in them",
            (None, Framing::Nul) => "by one reader, which looks for NUL",
            (None, Framing::Starts(_)) => "by one reader, which looks for the lines that begin a record",
        };
        rows.push(("read", decoded, reading.to_owned()));
        for branch in branches {
            rows.push(("with", branch.clone(), "row by row; stateless".to_owned()));
        }
        let mut mapped: Vec<usize> = done.into_iter().chain(map.iter().map(|(index, _)| *index)).collect();
        mapped.dedup();
        for index in mapped {
            let mut stages = map.iter().filter(|(of, _)| *of == index);
            let reading = stages.find_map(|(_, step)| step.stage.reading());
            let note = reading.unwrap_or_else(|| "row by row; stateless".to_owned());
            rows.push(("each thread", texts[index].clone(), note));
        }
        let mut blocked = false; // an earlier stage emits nothing until the input or a window ends
        for (place, (index, step)) in merge.iter().enumerate() {
            let entered = window.filter(|window| window.place.step() == place);
            if let Some(window) = entered {
                rows.push(entering(window, matches!(step, MergeStep::Grouped(_))));
            }
            let (first, memory) = match step {
                MergeStep::Rows(_) => (None, "row by row; stateless".to_owned()),
                MergeStep::Grouped(aggregation) => {
                    let memory = match aggregation.keys.len() {
                        0 => "memory: one row".to_owned(),
                        _ => "memory: one row per distinct key".to_owned(),
                    };
                    let combined = match aggregation.ranking.limit {
                        Some(limit) => format!("{memory}; the first {limit} are sorted"),
                        None if aggregation.ranking.unordered => {
                            format!("{memory}; not sorted")
                        }
                        None => memory,
                    };
                    (Some("partial groups, one set per thread"), combined)
                }
                MergeStep::Ordered(stage, _) => {
                    let memory = match (stage.is_blocking(), stage.limit()) {
                        (false, Some(_)) if !blocked => "in order; ends the run when it has enough".to_owned(),
                        (false, Some(limit)) => format!("in order; passes {limit} rows"),
                        _ => format!("in order; memory: {}", stage.memory()),
                    };
                    let is_reduced = stage.own_time() == OwnTime::None;
                    let reduced = "drops rows that cannot be in the result";
                    (is_reduced.then_some(reduced), memory)
                }
            };
            blocked |= step.is_blocking();
            let is_gathered = matches!(window, Some(window) if window.place == AssignedBy::Merge(0));
            if let (0, Some(first), false) = (place, first, is_gathered) {
                rows.push(("each thread", texts[*index].clone(), first.to_owned()));
            }
            let is_within = window.is_some_and(|window| window.place.step() <= place);
            let memory = match is_within && memory.contains("memory") {
                true => format!("{memory}, for one window at a time"),
                false => memory,
            };
            rows.push(("together", texts[*index].clone(), memory));
        }
        let printed = match output.lines {
            Some(_) => "lines, unchanged".to_owned(),
            None => output.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        let when = match (blocked, window) {
            (true, Some(window)) => when_final(window),
            (true, None) => "once, at the end of input",
            (false, _) => "as rows arrive, in order",
        };
        rows.push(("print", printed, when.to_owned()));
        Explanation { rows }
    }
}

/// Describes who assigns records to windows, and the memory of open windows.
fn entering(window: &PlannedWindow, is_grouped: bool) -> (&'static str, String, String) {
    let who = match window.place {
        AssignedBy::Workers => "each thread",
        AssignedBy::Merge(_) => "together",
    };
    let note = match (window.window.kind, is_grouped) {
        (WindowKind::Session { .. }, true) => "records into sessions, in order; memory: one row per open session",
        (WindowKind::Session { .. }, false) => "records into sessions, in order; memory: the records of open sessions",
        (_, true) => "a record goes into one slice; memory: the groups of each slice of open windows",
        (_, false) => "records into windows, in order; memory: the records of open windows",
    };
    (who, window.text.clone(), note.to_owned())
}

/// Describes when the result of a window is printed.
fn when_final(window: &PlannedWindow) -> &'static str {
    match (&window.by, window.window.kind) {
        (_, WindowKind::Session { .. }) => {
            "each session when it is final: its key has been idle, and no earlier session is open"
        }
        (TimeDomain::Event(_), _) => {
            "each window when it is final: the largest time so far, less `late`, has reached its end"
        }
        (TimeDomain::Processing(_), _) => "each window when it is final: the clock has reached its end",
        (TimeDomain::RowCount, _) => "each window when it is final: its last record has arrived",
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.filter(|width| *width < 50).max().unwrap_or(0);
        let who = widest(&mut self.rows.iter().map(|row| row.0.len()));
        let what = widest(&mut self.rows.iter().map(|row| row.1.chars().count()));
        for row in &self.rows {
            writeln!(formatter, "{:who$}  {:what$}  {}", row.0, row.1, row.2)?;
        }
        Ok(())
    }
}
