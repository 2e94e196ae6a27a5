//! Levels as section 6 of the language says them: all rows of a level in memory, then the next level over them.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A row of a window, as it is printed.
#[derive(Clone, Debug)]
pub struct PrintedRow {
    /// `window_start` and `window_end`; none after an aggregate over the whole stream.
    pub bounds: Option<BoundTexts>,
    pub values: Vec<String>,
}

/// `window_start` and `window_end`.
type BoundTexts = (String, String);

/// The rows that enter a level, by window.
type Results = Vec<(Option<BoundTexts>, Vec<PrintedRow>)>;

/// A stage and its window.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    pub stage: LevelStage,
    pub over: LevelWindow,
}

#[derive(Clone, Copy, Debug)]
pub enum LevelStage {
    Count,
    /// Adds the number of the row in its window.
    Running,
    Tail(usize),
}

#[derive(Clone, Copy, Debug)]
pub enum LevelWindow {
    Time(i64, i64),
    Rows(usize, usize),
    All,
}

impl Level {
    /// The stage and its window.
    pub fn text(&self) -> String {
        let stage = match self.stage {
            LevelStage::Count => "count".to_owned(),
            LevelStage::Running => "running count as number".to_owned(),
            LevelStage::Tail(rows) => format!("tail {rows}"),
        };
        match self.over {
            LevelWindow::Time(length, slide) => format!("{stage} | window {length}s/{slide}s"),
            LevelWindow::Rows(length, slide) => format!("{stage} | window {length} rows/{slide} rows"),
            LevelWindow::All => format!("{stage} | window all"),
        }
    }

    /// True if its rows are from a window of time, if those that it receives are.
    pub fn has_time(&self, before: bool) -> bool {
        match (self.over, self.stage) {
            (LevelWindow::Time(..), _) => true,
            (LevelWindow::Rows(..), _) | (LevelWindow::All, LevelStage::Count) => false,
            (LevelWindow::All, _) => before,
        }
    }

    /// With `fill`, windows of time without rows are between those that have some.
    fn apply(&self, rows: Vec<PrintedRow>, fill: bool) -> Vec<PrintedRow> {
        let results: Results = match self.over {
            LevelWindow::All => vec![(None, rows)],
            LevelWindow::Rows(length, slide) => {
                let starts = (0..rows.len()).step_by(slide);
                let is_printed = |start: &usize| start + length <= rows.len() || length == slide;
                let result = |start: usize| {
                    let end = (start + length).min(rows.len());
                    (Some(((start + 1).to_string(), end.to_string())), rows[start..end].to_vec())
                };
                starts.filter(is_printed).map(result).collect()
            }
            LevelWindow::Time(length, slide) => {
                let mut windows: BTreeMap<i64, Vec<PrintedRow>> = BTreeMap::new();
                for row in rows {
                    let (_, end) = row.bounds.as_ref().expect("rows of a window of time");
                    let last = end.parse::<jiff::Timestamp>().expect("a time").as_second() - 1;
                    for start in (last - length + 1..=last).filter(|start| start.rem_euclid(slide) == 0) {
                        windows.entry(start).or_default().push(row.clone());
                    }
                }
                if let (true, Some((first, _)), Some((last, _))) =
                    (fill, windows.first_key_value(), windows.last_key_value())
                {
                    for start in (*first..*last).step_by(slide as usize) {
                        windows.entry(start).or_default();
                    }
                }
                let time = |seconds: i64| jiff::Timestamp::from_second(seconds).expect("a time").to_string();
                windows.into_iter().map(|(start, rows)| (Some((time(start), time(start + length))), rows)).collect()
            }
        };
        let after = |(bounds, rows): (Option<BoundTexts>, Vec<PrintedRow>)| {
            let mut rows = self.stage.apply(rows);
            if bounds.is_some() {
                rows.iter_mut().for_each(|row| row.bounds.clone_from(&bounds));
            }
            rows
        };
        results.into_iter().flat_map(after).collect()
    }
}

impl LevelStage {
    fn apply(self, mut rows: Vec<PrintedRow>) -> Vec<PrintedRow> {
        match self {
            LevelStage::Count => vec![PrintedRow { bounds: None, values: vec![rows.len().to_string()] }],
            LevelStage::Running => {
                (1..).zip(&mut rows).for_each(|(number, row): (usize, _)| row.values.push(number.to_string()));
                rows
            }
            LevelStage::Tail(count) => rows.split_off(rows.len().saturating_sub(count)),
        }
    }
}

/// The rows after all levels, as lines.
pub fn print_levels(levels: &[Level], rows: Vec<PrintedRow>, fill: bool) -> String {
    let rows = levels.iter().fold(rows, |rows, level| level.apply(rows, fill));
    let mut printed = String::new();
    for PrintedRow { bounds, values } in rows {
        let bounds = bounds.map(|(start, end)| vec![start, end]).unwrap_or_default();
        let cells: Vec<String> = bounds.into_iter().chain(values).collect();
        let _ = writeln!(printed, "{}", cells.join("\t"));
    }
    printed
}
