//! Draws lines of dots in the cells of a terminal: eight dots of braille per cell, or one mark.

use super::axis::ChartAxis;
use super::points::ChartPoint;

/// Dots of a cell in braille.
const DOTS: (usize, usize) = (2, 4);

/// The bits of the dots of a cell, column by column: U+2800 is the empty cell.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
const EMPTY: u32 = 0x2800;

/// A place in a grid: column and row, from the top left.
type GridPlace = (usize, usize);

/// Cells with what is drawn in them.
pub(super) struct DotCanvas {
    columns: usize,
    rows: usize,
    /// Columns and rows of dots in a cell.
    dots: (usize, usize),
    /// Row by row.
    cells: Vec<DotCell>,
}

/// A cell: its dots, and the series that was drawn last.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct DotCell {
    bits: u8,
    pub(super) series: Option<usize>,
}

impl DotCell {
    /// The character of the dots.
    pub(super) fn braille(self) -> char {
        char::from_u32(EMPTY + u32::from(self.bits)).unwrap_or(' ')
    }
}

impl DotCanvas {
    /// An empty canvas; with `fine`, each cell has eight dots.
    pub(super) fn new(columns: usize, rows: usize, fine: bool) -> DotCanvas {
        let dots = if fine { DOTS } else { (1, 1) };
        DotCanvas { columns, rows, dots, cells: vec![DotCell::default(); columns * rows] }
    }

    /// The cells of a row.
    pub(super) fn row(&self, row: usize) -> &[DotCell] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    /// Draws a series: its points, and lines between neighbours without a gap. A distance of more than `reach` is a gap.
    pub(super) fn draw(&mut self, series: usize, points: &[ChartPoint], axes: (&ChartAxis, &ChartAxis), reach: f64) {
        let grid = (self.columns * self.dots.0, self.rows * self.dots.1);
        let place = |x: f64, y: f64| place(grid, axes.0.share(x), axes.1.share(y));
        let mut before: Option<&ChartPoint> = None;
        for point in points {
            if point.is_gap() {
                before = None;
                continue;
            }
            let first = place(point.from, point.first);
            if let Some(before) = before.filter(|before| point.from - before.to <= reach) {
                self.line(place(before.to, before.last), first, series);
            }
            self.line(first, place(point.to, point.last), series);
            let middle = point.from / 2.0 + point.to / 2.0;
            self.line(place(middle, point.low), place(middle, point.high), series);
            before = Some(point);
        }
    }

    /// Returns the cell of a place whose shares of both axes are given.
    pub(super) fn cell(&self, x: f64, y: f64) -> GridPlace {
        let (column, row) = place((self.columns * self.dots.0, self.rows * self.dots.1), x, y);
        (column / self.dots.0, row / self.dots.1)
    }

    /// Draws a straight line: Bresenham's algorithm.
    fn line(&mut self, from: GridPlace, to: GridPlace, series: usize) {
        let (mut x, mut y) = (from.0 as i64, from.1 as i64);
        let (to_x, to_y) = (to.0 as i64, to.1 as i64);
        let (width, height) = ((to_x - x).abs(), -(to_y - y).abs());
        let (right, down) = ((to_x - x).signum(), (to_y - y).signum());
        let mut error = width + height;
        loop {
            self.dot(x as usize, y as usize, series);
            if (x, y) == (to_x, to_y) {
                return;
            }
            let twice = 2 * error;
            if twice >= height {
                error += height;
                x += right;
            }
            if twice <= width {
                error += width;
                y += down;
            }
        }
    }

    fn dot(&mut self, x: usize, y: usize, series: usize) {
        let (columns, rows) = self.dots;
        let cell = &mut self.cells[y / rows * self.columns + x / columns];
        cell.bits |= BITS[x % columns][y % rows];
        cell.series = Some(series);
    }
}

/// Returns the dot of a place in a grid of columns and rows.
fn place(grid: (usize, usize), x: f64, y: f64) -> GridPlace {
    let last = (grid.0 - 1, grid.1 - 1);
    ((x * last.0 as f64).round() as usize, last.1 - (y * last.1 as f64).round() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[ChartPoint], reach: f64) -> Vec<String> {
        let axis = |high| ChartAxis { low: 0.0, high, ticks: Vec::new() };
        let mut canvas = DotCanvas::new(4, 2, true);
        canvas.draw(0, points, (&axis(7.0), &axis(7.0)), reach);
        (0..2).map(|row| canvas.row(row).iter().map(|cell| cell.braille()).collect()).collect()
    }

    #[test]
    fn neighbours_are_joined() {
        let points = [ChartPoint::at(0.0, Some(0.0)), ChartPoint::at(7.0, Some(7.0))];
        assert_eq!(drawn(&points, f64::INFINITY), ["⠀⠀⡠⠊", "⡠⠊⠀⠀"]);
    }

    #[test]
    fn not_over_gaps() {
        let far = [ChartPoint::at(0.0, Some(0.0)), ChartPoint::at(7.0, Some(7.0))];
        assert_eq!(drawn(&far, 1.5), ["⠀⠀⠀⠈", "⡀⠀⠀⠀"]);
        let null = [far[0], ChartPoint::at(3.0, None), far[1]];
        assert_eq!(drawn(&null, f64::INFINITY), ["⠀⠀⠀⠈", "⡀⠀⠀⠀"]);
    }

    #[test]
    fn merged_points_show_their_range() {
        let point = ChartPoint { from: 2.0, to: 2.0, first: 3.0, last: 3.0, low: 0.0, high: 7.0 };
        assert_eq!(drawn(&[point], 1.0), ["⠀⡇⠀⠀", "⠀⡇⠀⠀"]);
    }
}
