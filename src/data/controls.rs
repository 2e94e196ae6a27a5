//! Text of others in messages: it must not drive the terminal.

use std::borrow::Cow;

/// True for a character that does something to a terminal instead of being shown: control characters, and those that
/// change the direction of text, which can make a line read as another.
pub fn drives_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text with its control characters escaped: `\n`, `\u{1b}`.
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
}
