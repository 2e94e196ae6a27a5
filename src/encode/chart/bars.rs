//! The rows of a result as bars, for a picture of a result without times.

use super::cell::{ChartCell, ChartKind};
use super::layout::{ChartColumn, ChartLayout, ChartX};
use super::rows::ChartRows;

/// The largest number of bars.
const MOST_BARS: usize = 60;

/// A row.
#[derive(Clone, Debug)]
pub(in crate::encode) struct ChartBar {
    pub(in crate::encode) label: String,
    pub(in crate::encode) amount: f64,
    /// The amount as text.
    pub(in crate::encode) text: String,
}

/// The bars of a result.
pub(in crate::encode) struct ChartBars<'r> {
    /// The columns they show, such as `count by word`.
    pub(in crate::encode) title: &'r str,
    pub(in crate::encode) rows: &'r [ChartBar],
    /// The number of rows without a bar.
    more: u64,
}

impl ChartBars<'_> {
    /// Says how many rows are not drawn.
    pub(in crate::encode) fn note(&self) -> Option<String> {
        (self.more > 0).then(|| format!("only the first {MOST_BARS} rows are drawn, not {} more", self.more))
    }
}

/// Collects bars.
#[derive(Clone, Default)]
pub(super) struct BarRows {
    labels: Vec<usize>,
    column: Option<(usize, ChartKind)>,
    title: String,
    rows: Vec<ChartBar>,
    more: u64,
}

impl BarRows {
    /// The bars of a layout: none if it has times, or no names.
    pub(super) fn of(layout: &ChartLayout, columns: &[ChartColumn], kinds: &[ChartKind]) -> BarRows {
        if matches!(layout.x, ChartX::Column(_, ChartKind::Time)) {
            return BarRows::default();
        }
        let is_label = |column: &usize| columns[*column].is_key || kinds[*column] == ChartKind::Text;
        let labels: Vec<usize> = (0..columns.len()).filter(is_label).collect();
        let column = (0..columns.len()).find(|column| kinds[*column].has_amounts() && !labels.contains(column));
        let Some(column) = column.filter(|_| !labels.is_empty()) else {
            return BarRows::default();
        };
        let names: Vec<&str> = labels.iter().map(|label| columns[*label].name.as_str()).collect();
        let title = format!("{} by {}", columns[column].name, names.join(", "));
        BarRows { labels, column: Some((column, kinds[column])), title, ..BarRows::default() }
    }

    pub(super) fn add(&mut self, cells: &[ChartCell]) {
        let Some((column, kind)) = self.column else { return };
        if self.rows.len() == MOST_BARS {
            self.more += 1;
            return;
        }
        let cell = |column: usize| cells.get(column).unwrap_or(&ChartCell::Null);
        let mut label = String::new();
        for (index, column) in self.labels.iter().enumerate() {
            label.push_str(if index > 0 { ", " } else { "" });
            cell(*column).write_name(&mut label);
        }
        let mut text = String::new();
        cell(column).write_name(&mut text);
        self.rows.push(ChartBar { label, amount: cell(column).amount(kind).unwrap_or(0.0), text });
    }
}

impl ChartRows {
    /// Returns the bars, if the result has names and no times.
    pub(in crate::encode) fn bars(&mut self) -> Option<ChartBars<'_>> {
        self.decide();
        let BarRows { title, rows, more, .. } = &self.bars;
        (!rows.is_empty()).then_some(ChartBars { title, rows, more: *more })
    }
}
