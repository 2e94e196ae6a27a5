//! Escapes control characters and invalid UTF-8, so that text cannot drive the terminal.

use std::fmt::Write;

use super::Encoder;
use crate::data::{Batch, Names, drives_terminal};

/// How a format escapes control characters on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controls {
    /// The format escapes them itself.
    Own,
    /// As `\x1b`.
    Text,
    /// As `\u001b`, which JSON reads back.
    Json,
}

/// Escapes the output of another encoder. Newlines and tabs stay: they delimit rows and columns.
pub(super) struct Visible {
    inner: Box<dyn Encoder>,
    controls: Controls,
    /// The other encoder's output, not yet escaped.
    written: Vec<u8>,
}

impl Visible {
    /// Wraps an encoder, unless it escapes control characters itself.
    pub(super) fn of(inner: Box<dyn Encoder>, controls: Controls) -> Box<dyn Encoder> {
        match controls {
            Controls::Own => inner,
            Controls::Text | Controls::Json => Box::new(Visible { inner, controls, written: Vec::new() }),
        }
    }

    fn show(&mut self, out: &mut Vec<u8>) {
        write_visible_lines(&self.written, self.controls, out);
        self.written.clear();
    }
}

impl Encoder for Visible {
    fn header(&mut self, out: &mut Vec<u8>) {
        self.inner.header(&mut self.written);
        self.show(out);
    }

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        self.inner.encode(batch, &mut self.written);
        self.show(out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.inner.finish(&mut self.written);
        self.show(out);
    }

    fn know(&mut self, names: &Names, out: &mut Vec<u8>) {
        self.inner.know(names, &mut self.written);
        self.show(out);
    }

    fn learn(&mut self, batches: &[Batch<'_>], out: &mut Vec<u8>) {
        self.inner.learn(batches, &mut self.written);
        self.show(out);
    }

    fn fixed_names(&self) -> Option<&Names> {
        self.inner.fixed_names()
    }

    fn take_left_out(&mut self) -> Vec<String> {
        self.inner.take_left_out()
    }

    fn resize(&mut self, columns: usize) {
        self.inner.resize(columns);
    }
}

/// Appends whole lines with control characters other than newlines and tabs escaped.
pub fn write_visible_lines(lines: &[u8], controls: Controls, out: &mut Vec<u8>) {
    let plain =
        lines.iter().fold(true, |plain, byte| plain & ((b' '..0x7f).contains(byte) | matches!(byte, b'\n' | b'\t')));
    if plain {
        out.extend_from_slice(lines);
        return;
    }
    let mut shown = String::with_capacity(lines.len());
    for chunk in lines.utf8_chunks() {
        for character in chunk.valid().chars() {
            match (character, controls) {
                ('\n' | '\t', _) => shown.push(character),
                (_, Controls::Json) if drives_terminal(character) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let _ = write!(shown, "\\u{unit:04x}"); // writing to a String cannot fail
                    }
                }
                _ => write_visible_character(character, &mut shown),
            }
        }
        write_bytes(chunk.invalid(), &mut shown);
    }
    out.extend_from_slice(shown.as_bytes());
}

/// Appends the text of a cell with all control characters escaped.
pub(super) fn write_visible(text: &[u8], out: &mut String) {
    for chunk in text.utf8_chunks() {
        let valid = chunk.valid();
        let plain = valid.bytes().fold(true, |plain, byte| plain & (b' '..0x7f).contains(&byte));
        if plain {
            out.push_str(valid);
        } else {
            for character in valid.chars() {
                write_visible_character(character, out);
            }
        }
        write_bytes(chunk.invalid(), out);
    }
}

fn write_bytes(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}"); // writing to a String cannot fail
    }
}

fn write_visible_character(character: char, out: &mut String) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..=' ' | '\x7f' if character != ' ' => {
            let _ = write!(out, "\\x{:02x}", u32::from(character));
        }
        _ if drives_terminal(character) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
        _ => out.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{all_columns, batch, text};
    use super::super::{Look, find, make};
    use super::*;
    use crate::data::Value;

    /// Returns the output of a format for one cell on a terminal.
    fn shown(format: &str, value: Value) -> String {
        let look = Look { escapes: true, ..Look::default() };
        let mut encoder = make(find(format).expect("a format"), &all_columns(&["a"]), None, look);
        let mut out = Vec::new();
        encoder.encode(&batch(&[vec![value]]), &mut out);
        encoder.finish(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn no_format_drives_the_terminal() {
        let text = text("\u{1b}[2J\u{7f}\u{9b}é");
        for format in ["csv", "raw", "table", "tsv"] {
            let line = "\\x1b[2J\\x7f\\u{9b}é\n";
            assert_eq!(shown(format, text.clone()), line, "{format}");
        }
        assert_eq!(shown("json", text.clone()), "{\"a\":\"\\u001b[2J\\u007f\\u009bé\"}\n");
        let tags = Value::Text("a\u{2028}\u{e0041}".into());
        assert_eq!(shown("json", tags), "{\"a\":\"a\\u2028\\udb40\\udc41\"}\n");
        for def in super::super::ENCODERS {
            let line = shown(def.entry.name, text.clone());
            let line = line.trim_end_matches('\n');
            let is_control = |character: char| character.is_control() && character != '\n'; // pictures have many lines
            assert!(!line.contains(is_control), "{line:?}");
        }
        for format in ["csv", "raw", "table", "tsv"] {
            let value = Value::Text("a\u{202e}b".into());
            assert_eq!(shown(format, value), "a\\u{202e}b\n", "{format}");
        }
    }

    #[test]
    fn rows_and_columns_stay() {
        let mut out = Vec::new();
        write_visible_lines(b"a\tb\r\n\xffc\n", Controls::Text, &mut out);
        assert_eq!(out, b"a\tb\\r\n\\xffc\n");
    }
}
