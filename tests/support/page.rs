//! A page of the manual: rows of tables become sections, paragraphs and commands.

use bourn::cli::command_lines;
use bourn::data::Entry;
use roff::{Inline, Roff, bold, roman};

/// Columns of a command with its output: 80 less the indentation.
pub const COMMAND: usize = 64;

/// What a line of the source may be wide.
const SOURCE_BYTES: usize = 79;

/// A page while it is written.
pub struct Page {
    roff: Roff,
}

impl Page {
    /// A page with its title line and what NAME says.
    pub fn new(title: &str, section: &str, date: &str, manual: &str, name: &str) -> Page {
        let mut roff = Roff::new();
        let version = concat!("bourn ", env!("CARGO_PKG_VERSION"));
        roff.control("TH", [title, section, date, version, manual]);
        roff.control("SH", ["NAME"]);
        roff.text([roman(name)]);
        Page { roff }
    }

    pub fn section(&mut self, title: &str) {
        self.roff.control("SH", [title]);
    }

    pub fn text(&mut self, parts: impl Into<Vec<Inline>>) {
        self.roff.text(parts);
    }

    /// A row of a table in a list: its usage, then its description.
    pub fn listed(&mut self, entry: &Entry) {
        self.roff.control("TP", []);
        self.roff.text([bold(entry.usage)]);
        self.roff.text(inline(entry.summary));
        for paragraph in entry.details.split("\n\n").filter(|text| !text.is_empty()) {
            if paragraph.starts_with("  ") {
                self.verbatim("7", paragraph.lines().map(|line| &line[2..]));
            } else {
                self.roff.control("IP", []);
                self.roff.text(inline(paragraph));
            }
        }
        self.examples(entry, "7");
    }

    /// A row of a table with a heading of its own.
    pub fn row(&mut self, entry: &Entry) {
        self.roff.control("SS", [entry.name]);
        self.roff.text([bold(entry.usage)]);
        self.roff.control("PP", []);
        self.body(entry);
    }

    /// A page of the language under the heading of its section.
    pub fn body(&mut self, entry: &Entry) {
        self.paragraphs(entry.summary);
        if !entry.details.is_empty() {
            if !entry.details.starts_with("  ") {
                self.roff.control("PP", []);
            }
            self.paragraphs(entry.details);
        }
        self.examples(entry, "4");
    }

    /// Paragraphs; lines that begin with two spaces are not filled.
    pub fn paragraphs(&mut self, text: &str) {
        for (index, paragraph) in text.split("\n\n").enumerate() {
            if paragraph.starts_with("  ") {
                self.verbatim("4", paragraph.lines().map(|line| &line[2..]));
            } else {
                if index > 0 {
                    self.roff.control("PP", []);
                }
                self.roff.text(inline(paragraph));
            }
        }
    }

    /// Commands that can be typed, with what they print.
    fn examples(&mut self, entry: &Entry, indent: &str) {
        for example in entry.examples {
            let mut lines = command_lines(example, COMMAND - 2);
            lines[0].insert_str(0, "$ ");
            let output = example.output.lines().map(str::to_owned);
            let all: Vec<String> = lines.into_iter().chain(output).collect();
            self.verbatim(indent, all.iter().map(String::as_str));
        }
    }

    fn verbatim<'t>(&mut self, indent: &str, lines: impl Iterator<Item = &'t str>) {
        self.roff.control("PP", []);
        self.roff.control("RS", [indent]);
        self.roff.control("nf", []);
        self.roff.control("ta", ["T", "8n"]);
        for line in lines {
            self.roff.text([roman(line)]);
        }
        self.roff.control("fi", []);
        self.roff.control("RE", []);
    }

    /// The page as roff: signs that a terminal would show as others, or a copy would lose, are named, and text is
    /// broken after sentences and between words.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let mut is_filled = true;
        let text = self.roff.render();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            match line {
                ".nf" => is_filled = false,
                ".fi" => is_filled = true,
                _ => {}
            }
            // a paragraph without text, before an indented block, is only vertical space
            let is_empty = line == ".PP" && lines.peek().is_some_and(|next| next.starts_with(".RS"));
            if is_empty {
                out.push_str(".sp\n");
            } else if line.starts_with(['.', '\'']) {
                out.push_str(line);
                out.push('\n');
            } else if is_filled {
                write_filled(&named(line), &mut out);
            } else {
                out.push_str(&named(line));
                out.push('\n');
            }
        }
        out
    }
}

/// Signs by their names in roff.
fn named(line: &str) -> String {
    line.replace("\\\\", "\\(rs").replace('^', "\\(ha").replace('~', "\\(ti").replace('`', "\\(ga")
}

/// Text on lines that are not too long, a sentence on its own.
fn write_filled(text: &str, out: &mut String) {
    let mut width = 0;
    let mut ends_sentence = false;
    for word in text.split(' ') {
        // a sign that is not ASCII is read as its name
        let bytes: usize = word.chars().map(|c| if c.is_ascii() { 1 } else { 8 }).sum();
        if width > 0 && (ends_sentence || width + 1 + bytes > SOURCE_BYTES) {
            out.push('\n');
            width = 0;
            if word.starts_with(['.', '\'']) {
                out.push_str("\\&");
            }
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += bytes;
        ends_sentence = word.ends_with(['.', '?']);
    }
    out.push('\n');
}

/// Text in back quotes is bold; double back quotes enclose a literal one.
fn inline(text: &str) -> Vec<Inline> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        parts.push(roman(&rest[..start]));
        let fence = if rest[start..].starts_with("`` ") { "``" } else { "`" };
        let inside = &rest[start + fence.len()..];
        let end = inside.find(fence).unwrap_or(inside.len());
        parts.push(bold(inside[..end].trim()));
        rest = inside.get(end + fence.len()..).unwrap_or_default();
    }
    parts.push(roman(rest));
    parts
}
