//! The plan in words: `--explain`.

use std::fmt;

use crate::data::Framing;

use super::live::Scanned;
use super::{MergeStep, Metadata, Output, Step};

/// What is decoded, what runs side by side, what bounds memory, when results appear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    rows: Vec<(&'static str, String, String)>,
}

impl Explanation {
    /// Describes a plan; `map` and `merge` name the stages of `texts` by number.
    pub(super) fn of(
        texts: &[String],
        framing: Framing,
        scanned: Scanned,
        metadata: Metadata,
        map: &[(usize, Step)],
        merge: &[(usize, MergeStep)],
        output: &Output,
    ) -> Explanation {
        let mut rows = Vec::new();
        let mut decoded = match scanned {
            Scanned::Counted => "records are counted, nothing is decoded".to_owned(),
            Scanned::Lines => "line".to_owned(),
            Scanned::Stage(_) => {
                "raw bytes: the first stage finds what it needs, lines are not looked for"
                    .to_owned()
            }
        };
        for (slot, name) in [
            (metadata.source, "@source"),
            (metadata.number, "@number"),
            (metadata.time, "@time"),
        ] {
            if slot.is_some() {
                decoded.push_str(", ");
                decoded.push_str(name);
            }
        }
        let reading = match framing {
            Framing::Lines => "files by ranges, on every thread; pipes by one reader",
            Framing::Quoted { .. } => "by one reader, which looks for quotes with newlines in them",
            Framing::Nul => "by one reader, which looks for NUL",
            Framing::Starts(_) => "by one reader, which looks for the lines that begin a record",
        };
        rows.push(("read", decoded, reading.to_owned()));
        let scanning = match scanned {
            Scanned::Stage(index) => Some(index),
            _ => None,
        };
        let mut mapped: Vec<usize> = scanning
            .into_iter()
            .chain(map.iter().map(|(index, _)| *index))
            .collect();
        mapped.dedup();
        for index in mapped {
            let mut stages = map.iter().filter(|(of, _)| *of == index);
            let reading = stages.find_map(|(_, step)| step.stage.reading());
            let note = reading.unwrap_or_else(|| "row by row; forgets".to_owned());
            rows.push(("each thread", texts[index].clone(), note));
        }
        let mut blocked = false; // a stage before gives nothing until the input ends
        for (place, (index, step)) in merge.iter().enumerate() {
            let (first, memory) = match step {
                MergeStep::Rows(_) => (None, "row by row; forgets".to_owned()),
                MergeStep::Grouped(aggregation) => {
                    let memory = match aggregation.keys.len() {
                        0 => "memory: one row".to_owned(),
                        _ => "memory: one row for each distinct key".to_owned(),
                    };
                    let combined = match aggregation.ranking.limit {
                        Some(limit) => format!("{memory}; {limit} of them are put in order"),
                        None if aggregation.ranking.unordered => {
                            format!("{memory}; not put in order")
                        }
                        None => memory,
                    };
                    (Some("partial groups, one set a thread"), combined)
                }
                MergeStep::Ordered(stage, _) => {
                    let memory = match (stage.is_blocking(), stage.limit()) {
                        (false, Some(_)) if !blocked => {
                            "in order; ends the run when it has enough".to_owned()
                        }
                        (false, Some(limit)) => format!("in order; {limit} pass"),
                        _ => format!("in order; memory: {}", stage.memory()),
                    };
                    (Some("only what can be in the answer is passed on"), memory)
                }
            };
            blocked |= match step {
                MergeStep::Grouped(_) => true,
                MergeStep::Ordered(stage, _) => stage.is_blocking(),
                MergeStep::Rows(_) => false,
            };
            if let (0, Some(first)) = (place, first) {
                rows.push(("each thread", texts[*index].clone(), first.to_owned()));
            }
            rows.push(("together", texts[*index].clone(), memory));
        }
        let printed = match output.lines {
            Some(_) => "lines as they came".to_owned(),
            None => output
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        };
        let when = if blocked {
            "once, at the end of input"
        } else {
            "as it comes, in order"
        };
        rows.push(("print", printed, when.to_owned()));
        Explanation { rows }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |lengths: &mut dyn Iterator<Item = usize>| {
            lengths.filter(|width| *width < 50).max().unwrap_or(0)
        };
        let who = widest(&mut self.rows.iter().map(|row| row.0.len()));
        let what = widest(&mut self.rows.iter().map(|row| row.1.chars().count()));
        for row in &self.rows {
            writeln!(formatter, "{:who$}  {:what$}  {}", row.0, row.1, row.2)?;
        }
        Ok(())
    }
}
