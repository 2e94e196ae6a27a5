//! `-o bars`: the table, with its first numeric column also drawn as horizontal bars.

use super::fit::GAP;
use super::table::TableEncoder;
use super::visible::Controls;
use super::{EncoderDef, Look};
use crate::data::{Entry, Example};

pub(super) const BARS: EncoderDef = EncoderDef {
    entry: Entry {
        name: "bars",
        usage: "-o bars",
        summary: "A table with its first numeric column drawn as bars.",
        details: "For reading at a glance, not for parsing. The longest bar, of 40 cells or the remaining width of the terminal, is the largest number of the result; zero and negative numbers have no bar. Keys are names, even if they are numbers: for `count by status` the counts are drawn. Results of more than 1000 rows are drawn piece by piece, in proportion to the largest number so far.",
        examples: &[Example {
            expr: "-o bars 'split | count by word'",
            input: "pear fig pear pear fig kiwi\n",
            output: "word  count\n\
                         pear      3  ████████████████████████████████████████\n\
                         fig       2  ██████████████████████████▋\n\
                         kiwi      1  █████████████▍\n",
        }],
    },
    header: true,
    row_by_row: false,
    for_people: true,
    encoder: |columns, look| Box::new(TableEncoder::new(columns, look, Some(Bars::default()))),
    open_row: None,
    controls: Controls::Own,
    picture: None,
};

/// Length of the longest bar in cells.
const LONGEST: usize = 40;

/// Cells that remain for the bars however wide the other columns are.
const LEAST: usize = 10;

/// A cell filled to one eighth, two eighths, …
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// The state that the bars of a result share.
#[derive(Default)]
pub(super) struct Bars {
    /// The column that is drawn: the first one that held only numbers when rows were first written.
    pub(super) column: Option<usize>,
    /// The largest number so far.
    largest: f64,
}

impl Bars {
    /// Returns the width that remains for the other columns.
    pub(super) fn room(look: Look) -> Option<usize> {
        look.width.map(|width| width.saturating_sub(GAP + LEAST))
    }

    /// Returns the length of the longest bar after columns of `taken` cells.
    pub(super) fn longest(look: Look, taken: usize) -> usize {
        look.width.map_or(LONGEST, |width| width.saturating_sub(taken + GAP).min(LONGEST))
    }

    /// Records a number that will be drawn.
    pub(super) fn scale(&mut self, number: f64) {
        self.largest = self.largest.max(number);
    }

    /// Ends the result: the next one has a new scale.
    pub(super) fn finish(&mut self) {
        self.largest = 0.0;
    }

    /// Appends the bar of a number; a number above zero is always visible.
    pub(super) fn write(&self, number: f64, longest: usize, out: &mut Vec<u8>) {
        if number <= 0.0 || longest == 0 {
            return;
        }
        let eighths = (number / self.largest * longest as f64 * 8.0).round() as usize;
        let eighths = eighths.clamp(1, longest * 8);
        let mut cells: String = std::iter::repeat_n(EIGHTHS[7], eighths / 8).collect();
        if !eighths.is_multiple_of(8) {
            cells.push(EIGHTHS[eighths % 8 - 1]);
        }
        out.extend_from_slice(cells.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all_columns, batch, columns, print, text};
    use super::super::{Look, make};
    use super::*;
    use crate::data::Value;

    fn bars(values: Vec<Value>) -> Vec<String> {
        let lines = print(&BARS, &["n"], &[values]);
        let bar = |line: &str| line.rsplit(' ').next().unwrap_or_default().to_owned();
        lines.lines().skip(1).map(bar).collect()
    }

    #[test]
    fn in_proportion_to_the_largest() {
        let drawn = bars([80, 40, 1].map(Value::Int).to_vec());
        assert_eq!(drawn, ["█".repeat(40), "█".repeat(20), "▌".to_owned()]);
        let drawn = bars(vec![Value::Float(1e9), Value::Float(0.5)]);
        assert_eq!(drawn, ["█".repeat(40), "▏".to_owned()]);
    }

    #[test]
    fn none_for_zero_and_less_and_nothing() {
        assert_eq!(
            print(&BARS, &["n"], &[vec![Value::Int(0), Value::Int(-5), Value::Null, Value::Float(0.0)]]),
            " n\n 0\n-5\n\n 0\n"
        );
    }

    #[test]
    fn of_the_first_numbers_only() {
        let printed = print(
            &BARS,
            &["a", "b", "c"],
            &[vec![text("x"), Value::Int(1)], vec![Value::Null, Value::Int(1)], vec![Value::Int(9), Value::Int(8)]],
        );
        let full = "█".repeat(40);
        assert_eq!(printed, format!("a  b  c\nx     9\n1  1  8  {full}\n"));
        assert_eq!(print(&BARS, &["a"], &[vec![text("x")]]), "a\nx\n");
    }

    #[test]
    fn each_result_has_a_scale() {
        let mut bars = (BARS.encoder)(&columns(&["n"]), Look::default());
        for number in [1, 100] {
            let mut out = Vec::new();
            bars.encode(&batch(&[vec![Value::Int(number)]]), &mut out);
            bars.finish(&mut out);
            let line = String::from_utf8(out).expect("text");
            assert!(line.ends_with(&format!("{}\n", "█".repeat(40))), "{line}");
        }
    }

    #[test]
    fn in_what_is_left_of_the_terminal() {
        let look = Look { width: Some(20), ..Look::default() };
        let mut bars = make(&BARS, &all_columns(&["a", "n"]), None, look);
        let mut out = Vec::new();
        let names = vec![text("a long name"), text("b")];
        bars.encode(&batch(&[names, vec![Value::Int(2), Value::Int(1)]]), &mut out);
        bars.finish(&mut out);
        assert_eq!(String::from_utf8(out).expect("text"), "a lo…  2  ██████████\nb      1  █████\n");
    }
}
