//! Splits text of any language into tokens: words, numbers, quoted text, `/regex/`, signs.
//!
//! It knows no grammar: the text may be SQL, awk, jq or anything else.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForeignToken<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    /// Its first byte.
    pub(super) start: usize,
    /// True if a blank precedes it.
    pub(super) spaced: bool,
}

impl ForeignToken<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The text between the quotes.
    pub(super) fn inner(&self) -> &str {
        let mut chars = self.text.chars();
        chars.next();
        chars.next_back();
        chars.as_str()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or path: `a`, `a.b[0]`, `@time`, `$1`, `${a b}`, `` `a b` ``.
    Word,
    /// Digits with a unit, if any: `5`, `0.95`, `10kB`, `1h30m`.
    Number,
    Text,
    Regex,
    Sign,
}

/// Signs of several characters, longest first.
const SIGNS: [&str; 28] = [
    "===", "!==", "|=", "|~", "|>", "!=", "!~", "==", "<=", ">=", "<>", "=~", "~=", "=>", "=<", "&&", "||", "??", "//",
    "**", "+=", "-=", "++", "->", "::", ":=", "<<", ">>",
];

/// Words before an operand: a `/` after one of them begins a regular expression.
const BEFORE_OPERAND: [&str; 13] =
    ["match", "skip", "split", "regex", "from", "and", "or", "not", "in", "grep", "like", "matches", "regexp"];

/// Splits a text into tokens; `None` if a quote is not closed.
pub(super) fn tokens(text: &str) -> Option<Vec<ForeignToken<'_>>> {
    let mut found: Vec<ForeignToken<'_>> = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let blanks = rest.len() - rest.trim_start().len();
        at += blanks;
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            return Some(found);
        };
        if first == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, length) = token(rest, first, found.last())?;
        found.push(ForeignToken { kind, text: &rest[..length], start: at, spaced: blanks > 0 });
        at += length;
    }
}

/// The kind and length of the first token.
fn token(rest: &str, first: char, before: Option<&ForeignToken<'_>>) -> Option<(TokenKind, usize)> {
    Some(match first {
        '"' | '\'' => (TokenKind::Text, quoted(rest, first)?),
        '“' | '„' => (TokenKind::Text, quoted(rest, '”')?),
        '‘' => (TokenKind::Text, quoted(rest, '’')?),
        '`' => (TokenKind::Word, quoted(rest, '`')?),
        '$' if rest[1..].starts_with('{') => (TokenKind::Word, rest.find('}')? + 1),
        '$' if rest[1..].starts_with(is_inner) => (TokenKind::Word, 1 + path(&rest[1..])),
        c if c.is_alphabetic() || c == '_' || c == '@' => (TokenKind::Word, path(rest)),
        c if c.is_ascii_digit() => (TokenKind::Number, number(rest)),
        '/' if operand_may_follow(before) => match regex(rest) {
            Some(length) => (TokenKind::Regex, length),
            None => (TokenKind::Sign, sign(rest, first)),
        },
        _ => (TokenKind::Sign, sign(rest, first)),
    })
}

fn sign(rest: &str, first: char) -> usize {
    let long = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    long.map_or(first.len_utf8(), |sign| sign.len())
}

fn is_inner(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '@'
}

/// The length of a name with its path: `a.b[0]`.
fn path(rest: &str) -> usize {
    let mut length = rest.find(|c| !is_inner(c)).unwrap_or(rest.len());
    loop {
        let after = &rest[length..];
        let next = after.strip_prefix('.').filter(|name| name.starts_with(is_inner));
        if let Some(name) = next {
            length += 1 + name.find(|c| !is_inner(c)).unwrap_or(name.len());
            continue;
        }
        let index = after.strip_prefix('[').and_then(|index| {
            let end = index.find(']')?;
            index[..end].parse::<i64>().ok().map(|_| end + 2)
        });
        match index {
            Some(index) => length += index,
            None => return length,
        }
    }
}

fn number(rest: &str) -> usize {
    let mut length = 0;
    for (at, c) in rest.char_indices() {
        let is_point = c == '.' && rest[at + 1..].starts_with(|c: char| c.is_ascii_digit());
        if !c.is_alphanumeric() && c != '_' && !is_point {
            break;
        }
        length = at + c.len_utf8();
    }
    length
}

/// The length up to the quote that ends it.
fn quoted(rest: &str, end: char) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => _ = chars.next(),
            c if c == end => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

fn regex(rest: &str) -> Option<usize> {
    let line = rest.lines().next()?;
    let end = quoted(line, '/').filter(|end| *end > 2)?;
    let flags = line[end..].find(|c: char| !c.is_alphabetic());
    Some(flags.map_or(line.len(), |flags| end + flags))
}

fn operand_may_follow(before: Option<&ForeignToken<'_>>) -> bool {
    before.is_none_or(|token| match token.kind {
        TokenKind::Sign => !matches!(token.text, ")" | "]" | "}"),
        TokenKind::Word => BEFORE_OPERAND.contains(&token.text.to_ascii_lowercase().as_str()),
        TokenKind::Number | TokenKind::Text | TokenKind::Regex => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_text_of_any_language() {
        for (text, expected) in [
            ("a.b[0] >= 1h30m", &["a.b[0]", ">=", "1h30m"][..]),
            ("{print $1, ${a b}}", &["{", "print", "$1", ",", "${a b}", "}"]),
            ("x=~/a b/i && !y", &["x", "=~", "/a b/i", "&&", "!", "y"]),
            ("a / b / c", &["a", "/", "b", "/", "c"]),
            ("“a” 'b\\'c' # no", &["“a”", "'b\\'c'"]),
            (".foo | select(.bar)", &[".", "foo", "|", "select", "(", ".", "bar", ")"]),
            ("0.95.x 5.", &["0.95", ".", "x", "5", "."]),
        ] {
            let found: Vec<&str> = tokens(text).expect(text).iter().map(|t| t.text).collect();
            assert_eq!(found, expected, "{text}");
        }
        assert!(tokens("don't").is_none());
    }
}
