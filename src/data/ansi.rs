//! Terminal escapes (ECMA-48): colors, cursor movement, titles and links.

/// Appends the text without escapes.
pub fn strip_ansi(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(ESCAPE, rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + escape_length(&rest[at..])..];
    }
    out.extend_from_slice(rest);
}

/// True if the text has no escape.
pub fn is_without_ansi(text: &[u8]) -> bool {
    memchr::memchr(ESCAPE, text).is_none()
}

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// The length of the escape at the start of a text.
fn escape_length(text: &[u8]) -> usize {
    let after = &text[1..];
    match after.first() {
        // a control sequence: parameters, then a final letter
        Some(b'[') => {
            let parameters = after[1..].iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
            let has_end = after.get(1 + parameters).is_some_and(|byte| (0x40..0x7f).contains(byte));
            2 + parameters + usize::from(has_end)
        }
        // a string, such as a title or a link, up to its terminator
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let end = after.iter().enumerate().find_map(|(index, byte)| match *byte {
                BELL => Some(index + 1),
                ESCAPE if after.get(index + 1) == Some(&b'\\') => Some(index + 2),
                _ => None,
            });
            1 + end.unwrap_or(1)
        }
        // other escapes: bytes between, then a final one
        Some(_) => {
            let between = after.iter().take_while(|byte| (0x20..0x30).contains(*byte)).count();
            let has_end = after.get(between).is_some_and(|byte| (0x30..0x7f).contains(byte));
            1 + between + usize::from(has_end)
        }
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_dropped() {
        for (text, expected) in [
            (&b"plain"[..], &b"plain"[..]),
            (b"\x1b[31mred\x1b[0m", b"red"),
            (b"\x1b[1;38;5;196mx\x1b[m y", b"x y"),
            (b"\x1b]0;title\x07x", b"x"),
            (b"\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", b"link"),
            (b"\x1b(Bx\x1b=y\x1bMz", b"xyz"),
            (b"\x1b[?25l\x1b[2K\x1b[1Gx", b"x"),
            (b"a\x1b", b"a"),
            (b"a\x1b[", b"a"),
            (b"a\x1b[3", b"a"),
            (b"\x1b]no end", b"no end"),
            ("é\x1b[31mü".as_bytes(), "éü".as_bytes()),
            (b"\x1b\xffx", b"\xffx"),
        ] {
            let mut out = Vec::new();
            strip_ansi(text, &mut out);
            assert_eq!(out, expected, "{}", text.escape_ascii());
        }
        assert!(is_without_ansi(b"a") && !is_without_ansi(b"a\x1b"));
    }
}
