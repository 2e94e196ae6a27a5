//! Draws a chart as lines of text: title, plot with axes, legend.

use super::super::Look;
use super::super::fit::{cells, write_shortened};
use super::axis::{AxisUnit, ChartAxis, ChartTick};
use super::canvas::{DotCanvas, DotCell};
use super::cell::ChartKind;
use super::layout::ChartX;
use super::rows::ChartPicture;
use super::times;

/// Cells per line if the output is no terminal.
const WIDTH: usize = 80;

/// Lines of the plot: one for this number of cells per line, within limits.
const CELLS_PER_LINE: usize = 5;
const FEWEST_LINES: usize = 4;
const MOST_LINES: usize = 32;

/// Lines of the terminal that remain free, for the prompt and a status.
const FREE_LINES: usize = 2;

/// Lines between two ticks of y.
const LINES_PER_TICK: usize = 3;

/// The narrowest plot with labels of y.
const NARROWEST: usize = 8;

/// The widest name in the legend.
const WIDEST_NAME: usize = 24;

/// Colours of the 256 of terminals that can be read on light and on dark: their contrast is at least 3 to 1 on both.
const COLORS: [u8; super::rows::DRAWN_SERIES] = [32, 166, 28, 160, 99, 137, 170, 100, 30, 67, 125, 244];

/// Marks of series without color. ASCII, because other marks may be as wide as two cells.
const MARKS: [char; super::rows::DRAWN_SERIES] = ['*', '+', 'o', 'x', '#', '@', '%', '=', '~', '&', '$', '^'];

/// The mark in the legend with color.
const LINE: &str = "━━";

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

impl ChartPicture<'_> {
    /// Returns the lowest and the highest x.
    fn x_range(&self) -> (f64, f64) {
        let points = || self.series.iter().flat_map(|series| &series.points).filter(|point| !point.is_gap());
        let low = points().fold(f64::INFINITY, |low, point| low.min(point.from));
        (low, points().fold(f64::NEG_INFINITY, |high, point| high.max(point.to)))
    }

    /// Returns the x axis with labels in `width` cells.
    pub(in crate::encode) fn x_axis(&self, width: usize) -> ChartAxis {
        let (low, high) = self.x_range();
        match self.layout.x {
            ChartX::Column(_, ChartKind::Time) => times::time_axis(self.origin, low, high, width),
            ChartX::Column(_, ChartKind::Duration) => {
                let origin = self.origin as f64;
                let axis = ChartAxis::of_range(
                    low + origin,
                    high + origin,
                    width / 10,
                    AxisUnit { kind: ChartKind::Duration, is_whole: true },
                );
                let ticks = axis.ticks.into_iter().map(|tick| ChartTick { at: tick.at - origin, ..tick }).collect();
                ChartAxis { low: axis.low - origin, high: axis.high - origin, ticks }
            }
            ChartX::Row | ChartX::Column(..) => {
                let mut points = self.series.iter().flat_map(|series| &series.points);
                let is_whole = points.all(|point| is_whole(point.from) && is_whole(point.to));
                ChartAxis::of_range(low, high, width / 10, AxisUnit { kind: ChartKind::Number, is_whole })
            }
        }
    }

    /// Returns the y axis with about `count` ticks.
    pub(in crate::encode) fn y_axis(&self, count: usize) -> ChartAxis {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let low = points().fold(f64::INFINITY, |low, point| low.min(point.low));
        let high = points().fold(f64::NEG_INFINITY, |high, point| high.max(point.high));
        let mut values = points().flat_map(|point| [point.first, point.low, point.high]);
        let is_whole = values.all(|value| value.is_nan() || is_whole(value));
        ChartAxis::of_amounts(low, high, count, AxisUnit { kind: self.layout.unit, is_whole })
    }

    /// Returns what x is: the days of times, otherwise its name.
    pub(in crate::encode) fn x_title(&self) -> String {
        let (low, high) = self.x_range();
        match self.layout.x {
            ChartX::Column(_, ChartKind::Time) => times::days(self.origin, low, high),
            ChartX::Row | ChartX::Column(..) => format!("by {}", self.layout.x_name),
        }
    }

    /// Returns the longest distance of neighbours that are joined.
    pub(in crate::encode) fn reach(&self) -> f64 {
        self.step.map_or(f64::INFINITY, |step| step * 1.5)
    }

    /// Returns how many series are not drawn, if any are left out.
    pub(in crate::encode) fn hidden_note(&self) -> Option<String> {
        (self.hidden > 0).then(|| format!("{} smaller series not drawn", self.hidden))
    }

    /// Appends the chart.
    pub(super) fn draw(&self, look: Look, out: &mut String) {
        let width = look.width.unwrap_or(WIDTH).max(1);
        let legend = self.legend(look, width);
        let lines = plot_lines(look, width, legend.len());
        let y_axis = self.y_axis((lines / LINES_PER_TICK).max(1));
        let label_width = y_axis.ticks.iter().map(|tick| cells(&tick.label)).max().unwrap_or(0);
        let label_width = if label_width + 2 + NARROWEST > width { 0 } else { label_width + 1 };
        let columns = width.saturating_sub(label_width + 1).max(1);
        let x_axis = self.x_axis(columns);
        let mut canvas = DotCanvas::new(columns, lines, look.color || self.series.len() == 1);
        for (index, series) in self.series.iter().enumerate() {
            canvas.draw(index, &series.points, (&x_axis, &y_axis), self.reach());
        }
        self.write_title(look, width, out);
        for line in 0..lines {
            let at_line = |tick: &&ChartTick| canvas.cell(0.0, y_axis.share(tick.at)).1 == line;
            let tick = y_axis.ticks.iter().find(at_line);
            let label = tick.filter(|_| label_width > 0).map_or("", |tick| tick.label.as_str());
            out.push_str(&format!("{label:>width$}", width = label_width.saturating_sub(1)));
            out.push_str(if label_width > 0 { " " } else { "" });
            out.push(if tick.is_some() { '┤' } else { '│' });
            self.write_cells(canvas.row(line), look, out);
            end_line(out);
        }
        write_x_axis(&x_axis, |tick| canvas.cell(x_axis.share(tick.at), 0.0).0, label_width, columns, out);
        legend.iter().for_each(|line| {
            out.push_str(line);
            end_line(out);
        });
    }

    /// Appends the title, and what x is at the right end of the line.
    fn write_title(&self, look: Look, width: usize, out: &mut String) {
        let right = self.x_title();
        let mut title = Vec::new();
        let room = width.saturating_sub(cells(&right) + 2);
        let right = if room < NARROWEST { String::new() } else { right };
        let room = if right.is_empty() { width } else { room };
        let taken = match cells(&self.layout.title) {
            taken if taken > room => write_shortened(&self.layout.title, room, &mut title),
            taken => {
                title.extend_from_slice(self.layout.title.as_bytes());
                taken
            }
        };
        let title = String::from_utf8_lossy(&title);
        let padding = " ".repeat(width.saturating_sub(taken + cells(&right)));
        match (look.color, right.is_empty()) {
            (true, true) => out.push_str(&format!("{BOLD}{title}{PLAIN}")),
            (true, false) => out.push_str(&format!("{BOLD}{title}{PLAIN}{padding}{DIM}{right}{PLAIN}")),
            (false, _) => out.push_str(&format!("{title}{padding}{right}")),
        }
        end_line(out);
    }

    /// Appends the cells of a line.
    fn write_cells(&self, row: &[DotCell], look: Look, out: &mut String) {
        let mut color = None;
        for cell in row {
            let next = cell.series.filter(|_| look.color);
            if color != next && (next.is_some() || cell.series.is_none()) {
                out.push_str(&next.map_or(PLAIN.to_owned(), colored));
                color = next;
            }
            out.push(match cell.series {
                None => ' ',
                Some(series) if !look.color && self.series.len() > 1 => MARKS[series % MARKS.len()],
                Some(_) => cell.braille(),
            });
        }
        if color.is_some() {
            out.push_str(PLAIN);
        }
    }

    /// Returns the lines of the legend; none for one series, which the title names.
    fn legend(&self, look: Look, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let (mut line, mut taken) = (String::new(), 0);
        if self.series.len() > 1 {
            for (index, series) in self.series.iter().enumerate() {
                let (mark, mark_width) = match look.color {
                    true => (format!("{}{LINE}{PLAIN} ", colored(index)), 3),
                    false => (format!("{} ", MARKS[index % MARKS.len()]), 2),
                };
                let room = WIDEST_NAME.min(width.saturating_sub(mark_width)).max(1);
                let mut name = Vec::new();
                let name_width = match cells(&series.name) {
                    own if own > room => write_shortened(&series.name, room, &mut name),
                    own => {
                        name.extend_from_slice(series.name.as_bytes());
                        own
                    }
                };
                let wanted = mark_width + name_width;
                if taken > 0 && taken + 3 + wanted > width {
                    lines.push(std::mem::take(&mut line));
                    taken = 0;
                }
                if taken > 0 {
                    line.push_str("   ");
                    taken += 3;
                }
                line.push_str(&mark);
                line.push_str(&String::from_utf8_lossy(&name));
                taken += wanted;
            }
            lines.push(line);
        }
        if let Some(note) = self.hidden_note() {
            let mut shown = Vec::new();
            match cells(&note) > width {
                true => drop(write_shortened(&note, width, &mut shown)),
                false => shown.extend_from_slice(note.as_bytes()),
            }
            let note = String::from_utf8_lossy(&shown).into_owned();
            lines.push(if look.color { format!("{DIM}{note}{PLAIN}") } else { note });
        }
        lines
    }
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0
}

/// Returns the number of lines of the plot.
fn plot_lines(look: Look, width: usize, legend: usize) -> usize {
    let wanted = (width / CELLS_PER_LINE).clamp(FEWEST_LINES, MOST_LINES);
    let others = 3 + legend + FREE_LINES; // title, axis, labels
    match look.height {
        Some(height) => wanted.min(height.saturating_sub(others).max(FEWEST_LINES)),
        None => wanted,
    }
}

/// Appends the x axis with its labels, which are centered below their ticks as far as there is room.
fn write_x_axis(
    axis: &ChartAxis,
    column: impl Fn(&ChartTick) -> usize,
    label_width: usize,
    columns: usize,
    out: &mut String,
) {
    let mut line = vec!['─'; columns];
    let mut labels = String::new();
    let mut end = 0; // cells of labels so far
    for tick in &axis.ticks {
        let column = column(tick);
        line[column] = '┬';
        let width = cells(&tick.label);
        let center = label_width + 1 + column;
        let start = center.saturating_sub(width / 2).min((label_width + 1 + columns).saturating_sub(width));
        if end > 0 && start < end + 2 || width > label_width + 1 + columns {
            continue; // no room
        }
        labels.push_str(&" ".repeat(start - end));
        labels.push_str(&tick.label);
        end = start + width;
    }
    out.push_str(&" ".repeat(label_width));
    out.push('└');
    out.extend(line);
    out.push('\n');
    out.push_str(&labels);
    end_line(out);
}

/// The sequence that begins the color of a series.
fn colored(series: usize) -> String {
    format!("\x1b[38;5;{}m", COLORS[series % COLORS.len()])
}

/// Ends a line, without spaces at its end.
fn end_line(out: &mut String) {
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}
