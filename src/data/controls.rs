//! Text of others in messages: it must not drive the terminal.

use std::borrow::Cow;

/// Text with its control characters escaped: `\n`, `\u{1b}`.
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
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
        assert_eq!(
            escape_controls("a\n\u{1b}[2J\u{9b}"),
            "a\\n\\u{1b}[2J\\u{9b}"
        );
    }
}
