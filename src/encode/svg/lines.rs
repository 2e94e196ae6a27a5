//! Draws a chart.

use super::page::{CHARACTER, COLORS, LINE_HEIGHT, MARGIN, SvgPage, TOP, TextAnchor, WIDTH, shortened};
use crate::encode::chart::{ChartAxis, ChartPicture, PointSeries};
use crate::encode::fit::cells;

/// The height of the plot.
const PLOT: f64 = 320.0;

/// Ticks of y.
const TICKS: usize = 6;

/// The widest name in the legend, in characters.
const WIDEST_NAME: usize = 40;

/// The sample of a line in the legend, and the space after an entry.
const SAMPLE: f64 = 24.0;
const SPACE: f64 = 18.0;

/// The rectangle of the plot.
struct PlotArea {
    left: f64,
    right: f64,
    bottom: f64,
}

impl PlotArea {
    fn x(&self, axis: &ChartAxis, value: f64) -> f64 {
        self.left + axis.share(value) * (self.right - self.left)
    }

    fn y(&self, axis: &ChartAxis, value: f64) -> f64 {
        self.bottom - axis.share(value) * PLOT
    }
}

pub(super) fn page(picture: &ChartPicture<'_>, expression: Option<&str>) -> SvgPage {
    let y_axis = picture.y_axis(TICKS);
    let label_width = y_axis.ticks.iter().map(|tick| cells(&tick.label)).max().unwrap_or(0) as f64 * CHARACTER;
    let area =
        PlotArea { left: MARGIN + label_width + 8.0, right: WIDTH - MARGIN - 8.0, bottom: TOP + LINE_HEIGHT + PLOT };
    let x_axis = picture.x_axis(((area.right - area.left) / CHARACTER) as usize);
    let entries = legend(picture);
    let legend_lines = entries.last().map_or(0.0, |(_, line, _)| line + 1.0);
    let notes = f64::from(u8::from(picture.hidden > 0));
    let height = area.bottom + 1.5 * LINE_HEIGHT + (legend_lines + notes) * LINE_HEIGHT + MARGIN;
    let shown = &picture.layout.title;
    let mut page = SvgPage::new(expression, shown, height);
    page.text(MARGIN, TOP + 6.0, TextAnchor::Start, &shortened(shown, 60));
    page.text(area.right, TOP + 6.0, TextAnchor::End, &picture.x_title());
    for tick in &y_axis.ticks {
        let y = area.y(&y_axis, tick.at);
        page.grid_line((area.left, y), (area.right, y));
        page.text(area.left - 8.0, y + 4.0, TextAnchor::End, &tick.label);
    }
    let mut end = 0.0; // of the labels so far
    for tick in &x_axis.ticks {
        let x = area.x(&x_axis, tick.at);
        page.grid_line((x, area.bottom), (x, area.bottom + 5.0));
        let half = cells(&tick.label) as f64 * CHARACTER / 2.0;
        if x - half > end && x + half < WIDTH {
            page.text(x, area.bottom + LINE_HEIGHT, TextAnchor::Middle, &tick.label);
            end = x + half + CHARACTER;
        }
    }
    for (index, series) in picture.series.iter().enumerate() {
        page.path(&lines(series, &area, (&x_axis, &y_axis), picture.reach()), COLORS[index % COLORS.len()]);
    }
    let first_line = area.bottom + 2.4 * LINE_HEIGHT;
    for (index, (x, line, name)) in entries.iter().enumerate() {
        let y = first_line + line * LINE_HEIGHT;
        page.path(&[vec![(*x, y - 4.0), (x + SAMPLE - 6.0, y - 4.0)]], COLORS[index % COLORS.len()]);
        page.text(x + SAMPLE, y, TextAnchor::Start, name);
    }
    if let Some(note) = picture.hidden_note() {
        page.text(MARGIN, first_line + legend_lines * LINE_HEIGHT, TextAnchor::Start, &note);
    }
    page
}

/// Returns the entries of the legend: place, line and name. One series has none, because it is named above.
fn legend(picture: &ChartPicture<'_>) -> Vec<(f64, f64, String)> {
    let mut entries = Vec::new();
    let (mut x, mut line) = (MARGIN, 0.0);
    for series in picture.series.iter().filter(|_| picture.series.len() > 1) {
        let name = shortened(&series.name, WIDEST_NAME);
        let width = SAMPLE + cells(&name) as f64 * CHARACTER;
        if x > MARGIN && x + width > WIDTH - MARGIN {
            (x, line) = (MARGIN, line + 1.0);
        }
        entries.push((x, line, name));
        x += width + SPACE;
    }
    entries
}

/// Returns the lines of a series: each ends at a gap. Of the places in one column of pixels, the first, the lowest, the
/// highest and the last remain.
fn lines(series: &PointSeries, area: &PlotArea, axes: (&ChartAxis, &ChartAxis), reach: f64) -> Vec<Vec<(f64, f64)>> {
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut before = None;
    for point in &series.points {
        if point.is_gap() {
            before = None;
            continue;
        }
        if before.is_none_or(|before| point.from - before > reach) {
            lines.push(Vec::new());
        }
        before = Some(point.to);
        let middle = point.from / 2.0 + point.to / 2.0;
        let places = [(point.from, point.first), (middle, point.low), (middle, point.high), (point.to, point.last)];
        if let Some(line) = lines.last_mut() {
            for (x, y) in places {
                let place = (area.x(axes.0, x), area.y(axes.1, y));
                if line.last() != Some(&place) {
                    line.push(place);
                }
            }
        }
    }
    lines.into_iter().map(thinned).collect()
}

fn thinned(line: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let is_same_column = |left: &(f64, f64), right: &(f64, f64)| left.0.floor() == right.0.floor();
    let mut out = Vec::new();
    for places in line.chunk_by(is_same_column) {
        if places.len() <= 4 {
            out.extend_from_slice(places);
            continue;
        }
        let by_y = |left: &&(f64, f64), right: &&(f64, f64)| left.1.total_cmp(&right.1);
        let kept = [places.first(), places.iter().min_by(by_y), places.iter().max_by(by_y), places.last()];
        out.extend(kept.into_iter().flatten());
    }
    out
}
