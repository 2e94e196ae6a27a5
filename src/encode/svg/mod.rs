//! `-o svg`: the chart, or the bars, as an SVG picture.

mod bars;
mod lines;
mod page;

use super::chart::{ChartRows, named};
use super::visible::Controls;
use super::{Encoder, EncoderDef, Look};
use crate::data::{Batch, Entry, Example, OutputColumns};

use page::SvgPage;

pub(super) const SVG: EncoderDef = EncoderDef {
    entry: Entry {
        name: "svg",
        usage: "-o svg",
        summary: "The chart of -o chart, or bars, as an SVG picture.",
        details: "A result with a column of times, or of numbers only, is a chart; another one has a bar for each row, as \
                  -o bars has: at most 60, a message says how many there are more. The title is the expression. The \
                  background is transparent, and the colors can be read on light and dark pages.",
        examples: &[Example {
            expr: "--check -o svg 'parse combined | count by status | window 1m on time'",
            input: "",
            output: "",
        }],
    },
    header: false,
    row_by_row: false,
    for_people: false,
    encoder: |columns, look| new(&named(columns), look),
    open_row: None,
    controls: Controls::Own,
    picture: Some(new),
};

fn new(columns: &OutputColumns, look: Look) -> Box<dyn Encoder> {
    let rows = ChartRows::new(columns);
    Box::new(SvgEncoder { columns: columns.clone(), look, rows, notes: Vec::new() })
}

/// Draws a picture of all rows at the end.
struct SvgEncoder {
    columns: OutputColumns,
    look: Look,
    rows: ChartRows,
    notes: Vec<String>,
}

impl Encoder for SvgEncoder {
    fn header(&mut self, _out: &mut Vec<u8>) {}

    fn encode(&mut self, batch: &Batch<'_>, _out: &mut Vec<u8>) {
        self.rows.add(batch, &self.columns);
    }

    /// Draws the picture; without rows, one that says so.
    fn finish(&mut self, out: &mut Vec<u8>) {
        let mut rows = std::mem::replace(&mut self.rows, ChartRows::new(&self.columns));
        let page = match rows.bars() {
            Some(bars) => {
                self.notes = bars.note().map(|note| format!("{}: {note}", SVG.entry.usage)).into_iter().collect();
                bars::page(&bars, self.look.title)
            }
            None => {
                let page = rows.picture().map(|picture| lines::page(&picture, self.look.title));
                self.notes = rows.notes(SVG.entry.usage);
                page.unwrap_or_else(|| SvgPage::of_text("nothing to draw", self.look.title))
            }
        };
        page.write(out);
    }

    fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{batch, columns, print, text};
    use super::*;
    use crate::data::Value;

    const MINUTE: i64 = 60_000_000_000;

    #[test]
    fn times_make_lines_and_names_make_bars() {
        let times = (0..3).map(|minute| Value::Time(minute * MINUTE)).collect();
        let numbers: Vec<Value> = [5, 9, 2].map(Value::Int).to_vec();
        let lines = print(&SVG, &["time", "n"], &[times, numbers.clone()]);
        assert!(lines.contains("<path d=\"M") && lines.contains(">00:01:00<") && !lines.contains("<rect"), "{lines}");
        let names = ["a", "b", "c"].map(text).to_vec();
        let bars = print(&SVG, &["name", "n"], &[names, numbers]);
        assert_eq!(bars.matches("<rect").count(), 3, "{bars}");
    }

    #[test]
    fn text_is_escaped() {
        let name = vec![text("<a href=\"x\">&\u{1}")];
        let bars = print(&SVG, &["name", "n"], &[name, vec![Value::Int(1)]]);
        assert!(bars.contains("&lt;a href=&quot;x&quot;&gt;&amp;\\x01"), "{bars}");
        let look = Look { title: Some("a<b\n| count"), ..Look::default() };
        let mut encoder = (SVG.encoder)(&columns(&["n"]), look);
        let mut out = Vec::new();
        encoder.encode(&batch(&[vec![Value::Int(1)]]), &mut out);
        encoder.finish(&mut out);
        assert!(String::from_utf8_lossy(&out).contains(">a&lt;b | count</text>"));
    }

    #[test]
    fn no_rows() {
        assert!(print(&SVG, &["n"], &[vec![]]).contains("nothing to draw"));
    }
}
