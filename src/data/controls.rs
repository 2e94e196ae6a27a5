//! Escapes foreign text in messages, so that it cannot drive the terminal.

use std::borrow::Cow;

/// True for characters that affect the terminal or deceive the reader: control characters, characters that end a line
/// or change the direction of text, and invisible ones, which make two texts look the same. The joiners U+200C and
/// U+200D are allowed: scripts and emoji need them.
pub fn drives_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' // soft hyphen
            | '\u{34f}' // combining grapheme joiner
            | '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // fillers of Hangul
            | '\u{17b4}' | '\u{17b5}' // inherent vowels of Khmer
            | '\u{180e}' | '\u{200b}' | '\u{feff}' // blanks without width
            | '\u{2028}'..='\u{202e}' // ends of lines and paragraphs, overrides of direction
            | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates of direction
            | '\u{fff9}'..='\u{fffb}' // annotations
            | '\u{13430}'..='\u{13455}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' // layout of signs
            | '\u{e0000}'..='\u{e007f}') // tags
}

/// Escapes control characters: `\n`, `\u{1b}`.
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.contains(drives_terminal) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if drives_terminal(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_control_characters_is_escaped() {
        assert_eq!(escape_controls("né \\ \"x\""), "né \\ \"x\"");
        assert_eq!(escape_controls("a\n\u{1b}[2J\u{9b}"), "a\\n\\u{1b}[2J\\u{9b}");
        assert_eq!(escape_controls("a\u{202e}b\u{2066}"), "a\\u{202e}b\\u{2066}");
    }

    #[test]
    fn what_breaks_a_line_or_is_not_seen_is_escaped() {
        for c in "\u{85}\u{2028}\u{2029}\u{200b}\u{2060}\u{feff}\u{ad}\u{180e}\u{206a}\u{fff9}\u{e0041}".chars() {
            assert_eq!(escape_controls(&format!("a{c}b")), format!("a\\u{{{:x}}}b", u32::from(c)));
        }
        for text in ["\u{a0}", "नि", "می\u{200c}خواهم", "👩\u{200d}💻", "❤\u{fe0f}", "e\u{301}"] {
            assert_eq!(escape_controls(text), text);
        }
    }
}
