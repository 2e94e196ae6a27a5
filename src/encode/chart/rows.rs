//! Collects the rows of a result as series of points, in bounded memory.

use std::collections::HashMap;

use super::bars::BarRows;
use super::cell::{ChartCell, ChartKind};
use super::layout::{ChartColumn, ChartLayout, ChartX, kinds};
use super::points::{ChartPoint, PointSeries};
use crate::data::{Batch, OutputColumns};

/// The rows that decide what the columns are.
const DECIDING_ROWS: usize = 1000;

/// The largest number of series that are collected; the largest of them are drawn.
const COLLECTED_SERIES: usize = 4096;

/// The largest number of points of all series; beyond it, neighbours are merged.
const COLLECTED_POINTS: usize = 1 << 16;

/// The largest number of series that are drawn.
pub(in crate::encode) const DRAWN_SERIES: usize = 12;

/// The largest number of names in a note.
const NAMED_SERIES: usize = 10;

/// The rows of a result.
#[derive(Clone)]
pub(in crate::encode) struct ChartRows {
    columns: Vec<ChartColumn>,
    /// The position of each column by name.
    positions: HashMap<String, usize>,
    /// The first rows.
    held: Vec<Vec<ChartCell>>,
    /// Known after the first rows.
    layout: Option<ChartLayout>,
    pub(super) bars: BarRows,
    series: Vec<PointSeries>,
    /// The position of each series, by keys and column.
    found: HashMap<(String, usize), usize>,
    rows: u64,
    points: usize,
    /// The largest number of points before neighbours are merged.
    most_points: usize,
    /// The first x of a time or duration, from which others are counted, because a float is not exact.
    origin: Option<i64>,
    /// The distance of neighbouring windows, if points were merged.
    step: Option<f64>,
    /// Values that are not of the kind of their column.
    strays: u64,
    /// Points of series beyond the limit.
    overflow: u64,
}

/// The series to draw.
pub(in crate::encode) struct ChartPicture<'r> {
    pub(in crate::encode) layout: &'r ChartLayout,
    /// In the order of their first row.
    pub(in crate::encode) series: Vec<&'r PointSeries>,
    /// The number of series that are not drawn.
    pub(in crate::encode) hidden: usize,
    /// The x from which others are counted.
    pub(in crate::encode) origin: i64,
    /// The distance of neighbouring windows: a larger one is a gap.
    pub(in crate::encode) step: Option<f64>,
}

impl ChartRows {
    pub(in crate::encode) fn new(columns: &OutputColumns) -> ChartRows {
        let mut rows = ChartRows {
            columns: Vec::new(),
            positions: HashMap::new(),
            held: Vec::new(),
            layout: None,
            bars: BarRows::default(),
            series: Vec::new(),
            found: HashMap::new(),
            rows: 0,
            points: 0,
            most_points: COLLECTED_POINTS,
            origin: None,
            step: None,
            strays: 0,
            overflow: 0,
        };
        if columns.whole.is_none() {
            for column in &columns.named {
                rows.column(&column.name, columns);
            }
        }
        rows
    }

    /// Returns the position of a column, which may be new.
    fn column(&mut self, name: &str, columns: &OutputColumns) -> usize {
        if let Some(position) = self.positions.get(name) {
            return *position;
        }
        self.columns.push(ChartColumn::new(name, columns));
        self.positions.insert(name.to_owned(), self.columns.len() - 1);
        self.columns.len() - 1
    }

    /// Adds the rows of a batch.
    pub(in crate::encode) fn add(&mut self, batch: &Batch<'_>, columns: &OutputColumns) {
        for row in 0..batch.rows {
            let mut cells = vec![ChartCell::Null; self.columns.len()];
            if columns.whole.is_none() {
                for (cell, column) in cells.iter_mut().zip(&columns.named) {
                    *cell = ChartCell::of(batch.column(column.slot).get(row));
                }
            } else {
                for (name, value) in columns.fields(batch, row) {
                    let position = self.column(&String::from_utf8_lossy(name), columns);
                    cells.resize(self.columns.len(), ChartCell::Null);
                    cells[position] = ChartCell::of(value);
                }
            }
            self.add_row(cells);
        }
    }

    fn add_row(&mut self, cells: Vec<ChartCell>) {
        if self.layout.is_some() {
            return self.draw_row(&cells);
        }
        self.held.push(cells);
        if self.held.len() == DECIDING_ROWS {
            self.decide();
        }
    }

    /// Decides what the columns are, if that is not known yet, and makes points of the first rows.
    pub(in crate::encode) fn decide(&mut self) {
        if self.layout.is_none() && !self.held.is_empty() {
            let kinds = kinds(&self.columns, &self.held);
            let layout = ChartLayout::of(&self.columns, &self.held, &kinds);
            self.bars = BarRows::of(&layout, &self.columns, &kinds);
            self.layout = Some(layout);
            for cells in std::mem::take(&mut self.held) {
                self.draw_row(&cells);
            }
        }
    }

    /// Makes points of a row.
    fn draw_row(&mut self, cells: &[ChartCell]) {
        let Some(mut layout) = self.layout.take() else { return };
        layout.extend(&self.columns, cells);
        self.bars.add(cells);
        self.rows += 1;
        if let Some(x) = self.x(&layout, cells) {
            let mut keys = String::new();
            for (index, key) in layout.keys.iter().enumerate() {
                keys.push_str(if index > 0 { ", " } else { "" });
                cells.get(*key).unwrap_or(&ChartCell::Null).write_name(&mut keys);
            }
            for y in &layout.ys {
                let cell = cells.get(*y).unwrap_or(&ChartCell::Null);
                let amount = cell.amount(layout.unit);
                self.strays += u64::from(amount.is_none() && *cell != ChartCell::Null);
                self.push(&layout, &keys, *y, ChartPoint::at(x, amount));
            }
        } else {
            self.strays += 1;
        }
        self.layout = Some(layout);
        if self.points > self.most_points {
            self.merge_neighbours();
        }
    }

    /// Returns the x of a row.
    fn x(&mut self, layout: &ChartLayout, cells: &[ChartCell]) -> Option<f64> {
        let cell = |column: usize| cells.get(column).unwrap_or(&ChartCell::Null);
        match layout.x {
            ChartX::Row => Some(self.rows as f64),
            ChartX::Column(column, ChartKind::Number) => cell(column).amount(ChartKind::Number),
            ChartX::Column(column, _) => {
                let ns = cell(column).nanoseconds()?;
                let origin = *self.origin.get_or_insert(ns);
                Some((i128::from(ns) - i128::from(origin)) as f64)
            }
        }
    }

    fn push(&mut self, layout: &ChartLayout, keys: &str, y: usize, point: ChartPoint) {
        let key = (keys.to_owned(), y);
        let position = match self.found.get(&key) {
            Some(position) => *position,
            None if self.series.len() == COLLECTED_SERIES => {
                self.overflow += 1;
                return;
            }
            None => {
                self.series.push(PointSeries::new(layout.series_name(&self.columns, keys, y)));
                self.found.insert(key, self.series.len() - 1);
                self.series.len() - 1
            }
        };
        self.series[position].push(point);
        self.points += 1;
    }

    /// Merges neighbouring points of the longest series, so that all of them together take half of the memory.
    fn merge_neighbours(&mut self) {
        self.step = self.window_step();
        let most = (COLLECTED_POINTS / 2 / self.series.len().max(1)).max(2);
        self.series.iter_mut().for_each(|series| series.shrink(most));
        self.points = self.series.iter().map(|series| series.points.len()).sum();
        self.most_points = COLLECTED_POINTS.max(self.points * 2);
    }

    /// Returns the distance of neighbouring windows, if x is the start of windows that are equally far apart.
    fn window_step(&self) -> Option<f64> {
        let layout = self.layout.as_ref().filter(|layout| layout.is_windowed)?;
        if self.step.is_some() {
            return self.step;
        }
        debug_assert!(matches!(layout.x, ChartX::Column(..)));
        let mut starts: Vec<f64> =
            self.series.iter().flat_map(|series| series.points.iter().map(|point| point.from)).collect();
        starts.sort_by(f64::total_cmp);
        starts.dedup();
        let distances = || starts.windows(2).map(|pair| pair[1] - pair[0]);
        let step = distances().fold(f64::INFINITY, f64::min);
        distances().all(|distance| (distance / step).fract() == 0.0).then_some(step)
    }

    /// Returns the series to draw; `None` if there is nothing to draw.
    pub(in crate::encode) fn picture(&mut self) -> Option<ChartPicture<'_>> {
        self.decide();
        self.series.iter_mut().for_each(PointSeries::sort);
        let step = self.window_step();
        let drawn = self.largest();
        let layout = self.layout.as_ref()?;
        let series: Vec<&PointSeries> =
            self.series.iter().zip(drawn).filter(|(_, is_drawn)| *is_drawn).map(|(series, _)| series).collect();
        let all = self.series.iter().filter(|series| series.has_values()).count();
        (all > 0).then(|| ChartPicture {
            layout,
            hidden: all - series.len(),
            series,
            origin: self.origin.unwrap_or(0),
            step,
        })
    }

    /// Returns for each series whether it is one of the largest.
    fn largest(&self) -> Vec<bool> {
        let mut order: Vec<usize> =
            (0..self.series.len()).filter(|position| self.series[*position].has_values()).collect();
        order.sort_by(|left, right| self.series[*right].size.total_cmp(&self.series[*left].size));
        let mut drawn = vec![false; self.series.len()];
        order.iter().take(DRAWN_SERIES).for_each(|position| drawn[*position] = true);
        drawn
    }

    /// Returns what is not drawn, for a note to the user.
    pub(in crate::encode) fn notes(&self, usage: &str) -> Vec<String> {
        let mut notes = Vec::new();
        let Some(layout) = &self.layout else {
            return vec![format!("{usage}: there are no rows to draw")];
        };
        if layout.ys.is_empty() {
            notes.push(format!("{usage}: expected a column of numbers, found {}", layout.found(&self.columns)));
            return notes;
        }
        if !self.series.iter().any(PointSeries::has_values) {
            notes.push(format!("{usage}: there are no numbers to draw"));
        }
        notes.extend(layout.note(&self.columns).map(|note| format!("{usage}: {note}")));
        let drawn = self.largest();
        let is_hidden = |(series, drawn): &(&PointSeries, bool)| !drawn && series.has_values();
        let hidden = self.series.iter().zip(drawn).filter(is_hidden);
        let hidden: Vec<&str> = hidden.map(|(series, _)| series.name.as_str()).collect();
        if !hidden.is_empty() {
            let more = match hidden.len().saturating_sub(NAMED_SERIES) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let names = hidden.iter().take(NAMED_SERIES).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            notes.push(format!("{usage}: only the {DRAWN_SERIES} largest series are drawn, not {names}{more}"));
        }
        if self.overflow > 0 {
            let values = self.overflow;
            notes.push(format!("{usage}: {values} values of series after the first {COLLECTED_SERIES} are not drawn"));
        }
        if self.strays > 0 {
            let (values, are) = if self.strays == 1 { ("value", "is") } else { ("values", "are") };
            notes.push(format!("{usage}: {} {values} of another kind {are} not drawn", self.strays));
        }
        notes
    }
}
