//! Error recovery: finds the next `|` outside of strings, comments and regular expressions.

/// Words after which a `/` begins a regular expression.
const BEFORE_OPERAND: [&str; 9] = ["match", "skip", "split", "regex", "from", "and", "or", "not", "in"];

/// The position of the next `|` at or after `from`, which must be between two tokens.
pub(super) fn next_pipe(text: &str, from: usize) -> Option<usize> {
    next_sign(text, from, &['|']).map(|(at, _)| at)
}

/// The length of the parentheses at the start of the text, if they are closed.
pub(super) fn parenthesized(text: &str) -> Option<usize> {
    let (mut open, mut from) = (0usize, 0);
    loop {
        let (at, sign) = next_sign(text, from, &['(', ')'])?;
        from = at + 1;
        match sign {
            '(' => open += 1,
            _ => open = open.checked_sub(1)?,
        }
        if open == 0 {
            return Some(from);
        }
    }
}

/// The next of the given characters outside of strings, comments and regular expressions, and its position.
fn next_sign(text: &str, from: usize, signs: &[char]) -> Option<(usize, char)> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let c = rest.chars().next()?;
        at += match c {
            '|' if rest.starts_with("||") => 2,
            c if signs.contains(&c) => return Some((at, c)),
            '"' | '\'' | '`' => quoted_length(rest).unwrap_or(1),
            '“' | '„' | '«' | '{' => foreign_length(rest, c),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '/' if operand_may_follow(&text[..at]) => quoted_length(rest.lines().next().unwrap_or(rest)).unwrap_or(1),
            _ => c.len_utf8(),
        };
    }
}

/// The length of a quoted string, which ends at the next such quote without a backslash before it.
pub(super) fn quoted_length(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// The length of a text in quotes or braces of other languages.
fn foreign_length(text: &str, open: char) -> usize {
    let closes: &[char] = match open {
        '{' => &['}'],
        '«' => &['»'],
        _ => &['”', '“'],
    };
    let inner = &text[open.len_utf8()..];
    let end = inner.char_indices().find(|(_, c)| closes.contains(c));
    end.map_or(open.len_utf8(), |(at, c)| open.len_utf8() + at + c.len_utf8())
}

/// True if the text before a `/` cannot be a dividend, so that the `/` begins a regular expression.
fn operand_may_follow(before: &str) -> bool {
    let before = before.trim_end();
    let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
    before.is_empty()
        || before.ends_with(['(', ',', '=', '~', '|', '<', '>', '+', '-', '*', '%', '?'])
        || BEFORE_OPERAND.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_parentheses() {
        for (text, length) in [
            ("(a | b) | c", Some(7)),
            ("(a | b (c | d))", Some(15)),
            ("(match ')' | b)", Some(15)),
            ("(match /)|/ | b)", Some(16)),
            ("(a | b", None),
        ] {
            assert_eq!(parenthesized(text), length, "{text}");
        }
    }

    #[test]
    fn finds_the_pipe_between_stages() {
        for (text, pipe) in [
            ("a | b", Some(2)),
            ("a || b | c", Some(7)),
            ("\"a|b\" | c", Some(6)),
            ("'a\\'|' | c", Some(7)),
            ("`a|b` | c", Some(6)),
            ("match /a|b\\/|/ | c", Some(15)),
            ("a / b | c / d", Some(6)),
            ("a # | \n | b", Some(8)),
            ("don't | b", Some(6)),
            ("“a|b” | c", Some("“a|b” ".len())),
            ("{a | b} | c", Some(8)),
            ("none", None),
        ] {
            assert_eq!(next_pipe(text, 0), pipe, "{text}");
        }
    }
}
