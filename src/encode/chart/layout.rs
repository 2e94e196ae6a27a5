//! Decides what the columns of a result are in its chart: x, series, or lines.

use std::collections::HashSet;

use super::cell::{ChartCell, ChartKind};
use crate::data::OutputColumns;

/// A column of the result.
#[derive(Clone, Debug)]
pub(super) struct ChartColumn {
    /// With control characters escaped.
    pub(super) name: String,
    pub(super) is_key: bool,
    /// True if it is the start or end of a window.
    is_bound: bool,
}

/// The x of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::encode) enum ChartX {
    /// The number of the row, from 0.
    Row,
    /// A column and its kind.
    Column(usize, ChartKind),
}

/// The roles of the columns.
#[derive(Clone, Debug)]
pub(in crate::encode) struct ChartLayout {
    pub(in crate::encode) x: ChartX,
    /// True if x is the start of windows.
    pub(super) is_windowed: bool,
    /// The columns whose values tell the series apart.
    pub(super) keys: Vec<usize>,
    /// The columns that are drawn.
    pub(super) ys: Vec<usize>,
    /// Their kind: numbers or durations.
    pub(in crate::encode) unit: ChartKind,
    /// The columns that have no role, and their kinds.
    ignored: Vec<(usize, ChartKind)>,
    /// The columns that the chart shows, such as `count by status`.
    pub(in crate::encode) title: String,
    /// The name of x.
    pub(in crate::encode) x_name: String,
    /// The columns whose role is known.
    known: usize,
}

/// A column of text has few different values, so that each is a series, up to this number.
const FEW: usize = 12;

/// The largest number of columns in a message.
const NAMED_COLUMNS: usize = 5;

impl ChartColumn {
    pub(super) fn new(name: &str, columns: &OutputColumns) -> ChartColumn {
        let planned = columns.named.iter().find(|column| column.name == name);
        let mut visible = String::new();
        super::super::visible::write_visible(name.as_bytes(), &mut visible);
        ChartColumn {
            name: visible,
            is_key: planned.is_some_and(|column| column.is_key),
            is_bound: planned.is_some_and(|column| column.is_bound) || matches!(name, "window_start" | "window_end"),
        }
    }
}

impl ChartLayout {
    /// Decides the roles from the first rows.
    pub(super) fn of(columns: &[ChartColumn], rows: &[Vec<ChartCell>], kinds: &[ChartKind]) -> ChartLayout {
        let (x, is_windowed) = choose_x(columns, kinds);
        let x_column = match x {
            ChartX::Column(column, _) => Some(column),
            ChartX::Row => None,
        };
        let amounts: Vec<usize> = (0..columns.len())
            .filter(|column| kinds[*column].has_amounts() && Some(*column) != x_column && !columns[*column].is_bound)
            .collect();
        let mut ys: Vec<usize> = amounts.iter().copied().filter(|column| !columns[*column].is_key).collect();
        if ys.is_empty() {
            ys = amounts;
        }
        let unit = ys.first().map_or(ChartKind::Number, |column| kinds[*column]);
        ys.retain(|column| kinds[*column] == unit);
        let is_series = |column: &usize| {
            let has_few = || kinds[*column] == ChartKind::Text && has_few_values(*column, rows);
            let may = Some(*column) != x_column && !ys.contains(column) && !columns[*column].is_bound;
            x_column.is_some() && may && (columns[*column].is_key || has_few())
        };
        let keys: Vec<usize> = (0..columns.len()).filter(is_series).collect();
        let has_role = |column: &usize| Some(*column) == x_column || keys.contains(column) || ys.contains(column);
        let ignored = (0..columns.len())
            .filter(|column| !has_role(column) && !columns[*column].is_bound && kinds[*column] != ChartKind::Empty)
            .map(|column| (column, kinds[column]))
            .collect();
        let x_name = x_column.map_or("row", |column| columns[column].name.as_str()).to_owned();
        let known = columns.len();
        let mut layout = ChartLayout { x, is_windowed, keys, ys, unit, ignored, title: String::new(), x_name, known };
        layout.title = layout.describe(columns);
        // Columns without values yet, and those that later rows bring, get a role when they have a value.
        if kinds.contains(&ChartKind::Empty) {
            layout.known = kinds.iter().position(|kind| *kind == ChartKind::Empty).unwrap_or(known);
        }
        layout
    }

    /// Gives a role to columns that have had no value so far.
    pub(super) fn extend(&mut self, columns: &[ChartColumn], cells: &[ChartCell]) {
        if self.known >= cells.len() {
            return;
        }
        let before = self.ys.len();
        for (column, cell) in cells.iter().enumerate().skip(self.known) {
            let is_ignored = self.ignored.iter().any(|(ignored, _)| *ignored == column);
            let is_x = matches!(self.x, ChartX::Column(x, _) if x == column);
            let has_role = is_ignored || is_x || self.ys.contains(&column) || self.keys.contains(&column);
            if has_role || *cell == ChartCell::Null || columns[column].is_bound {
                continue;
            }
            let kind = cell.kind();
            if self.ys.is_empty() && kind.has_amounts() {
                self.unit = kind;
            }
            match kind == self.unit {
                true => self.ys.push(column),
                false => self.ignored.push((column, kind)),
            }
        }
        if self.ys.len() > before {
            self.title = self.describe(columns);
        }
    }

    /// Names the columns that are drawn and the keys: `count by status`.
    fn describe(&self, columns: &[ChartColumn]) -> String {
        let names = |positions: &[usize]| {
            let names: Vec<&str> = positions.iter().map(|position| columns[*position].name.as_str()).collect();
            names.join(", ")
        };
        match self.keys.as_slice() {
            [] => names(&self.ys),
            keys => format!("{} by {}", names(&self.ys), names(keys)),
        }
    }

    /// Names a series by its keys, its column, or both.
    pub(super) fn series_name(&self, columns: &[ChartColumn], keys: &str, y: usize) -> String {
        match (self.keys.is_empty(), self.ys.len()) {
            (true, _) => columns[y].name.clone(),
            (false, 1) => keys.to_owned(),
            (false, _) => format!("{keys} {}", columns[y].name),
        }
    }

    /// Says which columns there are, in a message that there is nothing to draw.
    pub(super) fn found(&self, columns: &[ChartColumn]) -> String {
        let mut found: Vec<String> = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let ignored = self.ignored.iter().find(|(position, _)| *position == index);
            let kind = match (self.x, ignored) {
                (ChartX::Column(x, kind), _) if x == index => kind,
                (_, Some((_, kind))) => *kind,
                _ if self.keys.contains(&index) => ChartKind::Text,
                _ if column.is_bound => ChartKind::Time,
                _ => ChartKind::Empty,
            };
            found.push(format!("`{}` ({})", column.name, kind.name()));
        }
        some_of(&found)
    }

    /// Names the columns that are not drawn.
    pub(super) fn note(&self, columns: &[ChartColumn]) -> Option<String> {
        let names: Vec<String> = self
            .ignored
            .iter()
            .map(|(column, kind)| format!("`{}` ({})", columns[*column].name, kind.name()))
            .collect();
        (!names.is_empty()).then(|| format!("not drawn: {}; the lines are {}", some_of(&names), self.unit.name()))
    }
}

/// Joins the first names.
fn some_of(names: &[String]) -> String {
    match names.len().saturating_sub(NAMED_COLUMNS) {
        0 => names.join(", "),
        more => format!("{}, and {more} more", names[..NAMED_COLUMNS].join(", ")),
    }
}

/// Returns the kinds of the columns.
pub(super) fn kinds(columns: &[ChartColumn], rows: &[Vec<ChartCell>]) -> Vec<ChartKind> {
    (0..columns.len()).map(|column| kind_of(column, rows)).collect()
}

/// Returns the kind of most values of a column.
fn kind_of(column: usize, rows: &[Vec<ChartCell>]) -> ChartKind {
    let kinds = [ChartKind::Number, ChartKind::Duration, ChartKind::Time];
    let mut counts = [0; 3];
    let mut values = 0;
    for cell in rows.iter().filter_map(|cells| cells.get(column)) {
        let kind = cell.kind();
        values += usize::from(kind != ChartKind::Empty);
        if let Some(index) = kinds.iter().position(|other| *other == kind) {
            counts[index] += 1;
        }
    }
    let most = kinds.iter().zip(counts).find(|(_, count)| count * 2 > values).map(|(kind, _)| *kind);
    match values {
        0 => ChartKind::Empty,
        _ => most.unwrap_or(ChartKind::Text),
    }
}

/// Chooses x: the last time that is not a bound of a window, otherwise the start of the window, otherwise the first
/// number if there is another one to draw, otherwise the number of the row. The flag is true for the start of a window.
fn choose_x(columns: &[ChartColumn], kinds: &[ChartKind]) -> (ChartX, bool) {
    let of_kind = |wanted: fn(ChartKind) -> bool| (0..columns.len()).filter(move |column| wanted(kinds[*column]));
    let time = |column| ChartX::Column(column, ChartKind::Time);
    let mut times = of_kind(|kind| kind == ChartKind::Time);
    if let Some(column) = times.clone().rfind(|column| !columns[*column].is_bound) {
        return (time(column), false);
    }
    if let Some(column) = times.next() {
        return (time(column), true);
    }
    // Windows of a number of rows have numbers as bounds.
    let mut amounts = of_kind(ChartKind::has_amounts);
    match (amounts.next(), amounts.next()) {
        (Some(column), Some(_)) => (ChartX::Column(column, kinds[column]), columns[column].is_bound),
        _ => (ChartX::Row, false),
    }
}

/// True if the values of a column tell a few series apart: they are few, and most of them come several times.
fn has_few_values(column: usize, rows: &[Vec<ChartCell>]) -> bool {
    let mut values = HashSet::new();
    for cell in rows.iter().filter_map(|cells| cells.get(column)) {
        if let ChartCell::Text(text) = cell {
            values.insert(text.as_str());
        }
        if values.len() > FEW {
            return false;
        }
    }
    values.len() * 2 <= rows.len()
}
