//! Draws a bar for each row.

use super::page::{CHARACTER, COLORS, LINE_HEIGHT, MARGIN, SvgPage, TOP, TextAnchor, WIDTH, shortened};
use crate::encode::chart::ChartBars;
use crate::encode::fit::cells;

/// The widest label, in characters.
const WIDEST_LABEL: usize = 40;

/// The height of a bar.
const THICK: f64 = 14.0;

/// The least width of a bar above zero.
const LEAST: f64 = 1.0;

pub(super) fn page(bars: &ChartBars<'_>, expression: Option<&str>) -> SvgPage {
    let note = bars.note();
    let lines = bars.rows.len() + usize::from(note.is_some());
    let mut page = SvgPage::new(expression, bars.title, TOP + (lines as f64 + 1.0) * LINE_HEIGHT + MARGIN);
    page.text(MARGIN, TOP + 6.0, TextAnchor::Start, &shortened(bars.title, 90));
    let labels: Vec<String> = bars.rows.iter().map(|bar| shortened(&bar.label, WIDEST_LABEL)).collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0) as f64 * CHARACTER;
    let left = MARGIN + widest(&mut labels.iter().map(|label| cells(label))) + 8.0;
    let room = WIDTH - MARGIN - left - 8.0 - widest(&mut bars.rows.iter().map(|bar| cells(&bar.text)));
    let largest = bars.rows.iter().fold(0.0, |largest: f64, bar| largest.max(bar.amount));
    for (index, (bar, label)) in bars.rows.iter().zip(&labels).enumerate() {
        let y = TOP + (index as f64 + 1.0) * LINE_HEIGHT;
        page.text(left - 8.0, y + THICK - 3.0, TextAnchor::End, label);
        let width = if bar.amount > 0.0 { (bar.amount / largest * room).max(LEAST) } else { 0.0 };
        if width > 0.0 {
            page.bar(left, y, (width, THICK), COLORS[0]);
        }
        page.text(left + width + 6.0, y + THICK - 3.0, TextAnchor::Start, &bar.text);
    }
    if let Some(note) = note {
        page.text(MARGIN, TOP + (lines as f64 + 0.8) * LINE_HEIGHT, TextAnchor::Start, &note);
    }
    page
}
