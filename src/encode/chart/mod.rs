//! `-o chart`: the numbers of the result as lines over time, drawn with characters.
//!
//! The rows become points of series as they arrive; the picture is drawn at the end. Memory is bounded: neighbouring
//! points are merged when there are too many, which keeps their minimum and maximum.

mod axis;
mod bars;
mod canvas;
mod cell;
mod draw;
mod layout;
mod points;
mod rows;
#[cfg(test)]
mod tests;
mod times;

pub(super) use axis::ChartAxis;
pub(super) use bars::ChartBars;
pub(super) use points::PointSeries;
pub(super) use rows::{ChartPicture, ChartRows};

use super::visible::Controls;
use super::{Encoder, EncoderDef, Look};
use crate::data::{Batch, Entry, Example, OutputColumns};

pub(super) const CHART: EncoderDef = EncoderDef {
    entry: Entry {
        name: "chart",
        usage: "-o chart",
        summary: "Lines over time, drawn once at the end or redrawn live.",
        details: "x is the last column of times, otherwise the start of the window, otherwise the first column of \
                  numbers if there are two, otherwise the row number. Every other column of numbers is a line, and each \
                  value of the key columns (`by status`), or of a column of few texts, is a line of its own. Durations \
                  and numbers are not drawn together: the first such column decides. Without color, each of \
                  several lines has a mark. Null is a gap, and so is a missing window; the stage `fill` makes them zero. \
                  At most 12 lines are drawn, those with the largest sums; a message names the others. Many points \
                  share a cell, which then shows all from their minimum to their maximum. The chart is as wide as the \
                  terminal, in a pipe 80 columns. With --every there is one chart for each interval.",
        examples: &[Example {
            expr: "--check -o chart 'parse combined | count by status | window 1m on time'",
            input: "",
            output: "",
        }],
    },
    header: false,
    row_by_row: false,
    for_people: true,
    encoder: |columns, look| new(&named(columns), look),
    open_row: None,
    controls: Controls::Own,
    picture: Some(new),
};

/// Columns that the plan knows.
pub(super) fn named(columns: &[super::OutputColumn]) -> OutputColumns {
    OutputColumns { named: columns.to_vec(), ..OutputColumns::default() }
}

fn new(columns: &OutputColumns, look: Look) -> Box<dyn Encoder> {
    let rows = ChartRows::new(columns);
    Box::new(ChartEncoder { columns: columns.clone(), look, rows, notes: Vec::new() })
}

/// Draws a chart of all rows at the end.
struct ChartEncoder {
    columns: OutputColumns,
    look: Look,
    rows: ChartRows,
    notes: Vec<String>,
}

impl Encoder for ChartEncoder {
    fn header(&mut self, _out: &mut Vec<u8>) {}

    fn encode(&mut self, batch: &Batch<'_>, _out: &mut Vec<u8>) {
        self.rows.add(batch, &self.columns);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let mut rows = std::mem::replace(&mut self.rows, ChartRows::new(&self.columns));
        draw(&mut rows, self.look, out);
        self.notes = rows.notes(CHART.entry.usage);
    }

    fn preview(&mut self, batches: &[Batch<'_>], look: Look, out: &mut Vec<u8>) {
        let mut rows = self.rows.clone();
        batches.iter().for_each(|batch| rows.add(batch, &self.columns));
        draw(&mut rows, look, out);
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn resize(&mut self, columns: usize) {
        self.look.width = Some(columns);
    }
}

/// Draws the rows; nothing if there are none.
fn draw(rows: &mut ChartRows, look: Look, out: &mut Vec<u8>) {
    if let Some(picture) = rows.picture() {
        let mut text = String::new();
        picture.draw(look, &mut text);
        out.extend_from_slice(text.as_bytes());
    }
}
