//! The frame of an SVG picture: its title, styles and texts.

use std::fmt::Write;

use crate::encode::fit::{cells, write_shortened};

/// The width of a picture, and of the space around.
pub(super) const WIDTH: f64 = 800.0;
pub(super) const MARGIN: f64 = 16.0;

/// The height of a line of text, and the width of a character on average.
pub(super) const LINE_HEIGHT: f64 = 20.0;
pub(super) const CHARACTER: f64 = 7.0;

/// Where the picture begins below the title.
pub(super) const TOP: f64 = 44.0;

/// The longest title in characters.
const LONGEST_TITLE: usize = 95;

/// Colors of series: their contrast is at least 3 to 1 on white and on black. The same as of `-o chart`.
pub(super) const COLORS: [&str; 12] = [
    "#0087d7", "#d75f00", "#008700", "#d70000", "#875fff", "#af875f", "#d75fd7", "#878700", "#008787", "#5f87af",
    "#af005f", "#808080",
];

/// Gray that can be read on white and on black.
const STYLE: &str = "\
    .bourn text{font:12px system-ui,sans-serif;fill:#757575}\n\
    .bourn .title{font-size:14px;font-weight:600}\n\
    .bourn .end{text-anchor:end}\n\
    .bourn .middle{text-anchor:middle}\n\
    .bourn .grid{stroke:#808080;stroke-opacity:.3}\n\
    .bourn path{fill:none;stroke-width:1.5;stroke-linejoin:round}\n";

/// A picture that is being drawn.
pub(super) struct SvgPage {
    title: String,
    height: f64,
    body: String,
}

/// The end of a text that is at the given place.
#[derive(Clone, Copy)]
pub(super) enum TextAnchor {
    Start,
    Middle,
    End,
}

impl SvgPage {
    /// A picture with the expression as its title, or else with what it shows.
    pub(super) fn new(expression: Option<&str>, shown: &str, height: f64) -> SvgPage {
        let title = expression.unwrap_or(shown).split_whitespace().collect::<Vec<_>>().join(" ");
        let mut page = SvgPage { title: title.clone(), height, body: String::new() };
        let title = shortened(&title, LONGEST_TITLE);
        let _ = writeln!(page.body, "<text class=\"title\" x=\"{MARGIN}\" y=\"26\">{}</text>", escaped(&title));
        page
    }

    /// A picture of one text.
    pub(super) fn of_text(text: &str, expression: Option<&str>) -> SvgPage {
        let mut page = SvgPage::new(expression, "", TOP + 2.0 * LINE_HEIGHT);
        page.text(MARGIN, TOP + LINE_HEIGHT, TextAnchor::Start, text);
        page
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: TextAnchor, text: &str) {
        let class = match anchor {
            TextAnchor::Start => "",
            TextAnchor::Middle => " class=\"middle\"",
            TextAnchor::End => " class=\"end\"",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "<text{class} x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
    }

    pub(super) fn grid_line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ =
            writeln!(self.body, "<line class=\"grid\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
    }

    pub(super) fn bar(&mut self, x: f64, y: f64, size: (f64, f64), color: &str) {
        let (width, height) = size;
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{color}\"/>"
        );
    }

    /// Draws lines through places; a line of one place is a dot.
    pub(super) fn path(&mut self, lines: &[Vec<(f64, f64)>], color: &str) {
        let mut path = String::new();
        for line in lines {
            if let [(x, y)] = line.as_slice() {
                let _ = writeln!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{color}\"/>");
                continue;
            }
            for (index, (x, y)) in line.iter().enumerate() {
                let _ = write!(path, "{}{x:.1},{y:.1}", if index == 0 { 'M' } else { 'L' });
            }
        }
        if !path.is_empty() {
            let _ = writeln!(self.body, "<path d=\"{path}\" stroke=\"{color}\"/>");
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let (title, height, body) = (escaped(&self.title), self.height, &self.body);
        let page = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" class=\"bourn\" role=\"img\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n{body}</svg>\n"
        );
        out.extend_from_slice(page.as_bytes());
    }
}

/// Shortens a text to a number of characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if cells(text) <= most {
        return text.to_owned();
    }
    let mut out = Vec::new();
    write_shortened(text, most, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Escapes a text; characters that XML does not have are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            character if character.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            character => out.push(character),
        }
    }
    out
}
