//! Translates `grep`, `cut`, `uniq`, `head`, `sort` and `rename` with their flags.

use super::cursor::TokenCursor;
use super::expression::regex_of;
use super::lists::{name_of, quoted};
use super::tokens::{ForeignToken, TokenKind};

/// `grep -v "x"` as `skip "x"`.
pub(super) fn grep(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (flags, patterns) = flags_and_words(cursor);
    let has = |flag: char| flags.contains(flag);
    let verb = if has('v') { "skip" } else { "match" };
    let flags = match (has('i'), has('E') || has('P')) {
        (true, _) => Some("i"),
        (false, true) => Some(""),
        (false, false) => None,
    };
    let written = |token: ForeignToken<'_>| pattern(token, flags);
    if has('o') {
        let regex = self::pattern(*patterns.first()?, Some(""))?;
        return Some(format!("match {regex} | select regex_extract(line, {regex}) as text"));
    }
    // `grep a b` looks for `a` in the file `b`; `search a b` looks for both
    let pattern = written(*patterns.first()?)?;
    let after = match (has('c'), verb) {
        (true, _) => " | count".to_owned(),
        (false, "match") => neighbours(cursor),
        (false, _) => String::new(),
    };
    Some(format!("{verb} {pattern}{after}"))
}

/// ` after 2` of `-A2` and `-A 2`, ` before 2` of `-B`, ` context 2` of `-C`.
fn neighbours(cursor: &TokenCursor<'_>) -> String {
    let tokens = &cursor.tokens[cursor.at..];
    let mut out = String::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let word = match pair[1].text.get(..1) {
            Some("A") if pair[0].text == "-" && !pair[1].spaced => "after",
            Some("B") if pair[0].text == "-" && !pair[1].spaced => "before",
            Some("C") if pair[0].text == "-" && !pair[1].spaced => "context",
            _ => continue,
        };
        let number = match &pair[1].text[1..] {
            "" => tokens.get(index + 2).map_or("", |number| number.text),
            digits => digits,
        };
        if number.parse::<u32>().is_ok() {
            out.push_str(&format!(" {word} {number}"));
        }
    }
    out
}

/// `exclude "x"` as `skip "x"`.
pub(super) fn exclude(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (_, patterns) = flags_and_words(cursor);
    Some(format!("skip {}", pattern(*patterns.first()?, None)?))
}

/// A token as a pattern; with `flags`, a text becomes a /regex/ with them.
fn pattern(token: ForeignToken<'_>, flags: Option<&str>) -> Option<String> {
    if token.kind == TokenKind::Regex {
        return Some(token.text.to_owned());
    }
    let text = quoted(token);
    match flags {
        None => Some(text),
        Some(flags) => {
            let is_regex = regex::Regex::new(&text[1..text.len() - 1]).is_ok();
            let escaped = match is_regex {
                true => text,
                false => format!("\"{}\"", regex::escape(&text[1..text.len() - 1])),
            };
            regex_of(&escaped, flags)
        }
    }
}

/// Splits the letters after dashes from the words, texts and numbers.
fn flags_and_words<'a>(cursor: &TokenCursor<'a>) -> (String, Vec<ForeignToken<'a>>) {
    let (mut flags, mut words) = (String::new(), Vec::new());
    let mut tokens = cursor.tokens.iter().skip(cursor.at).peekable();
    while let Some(token) = tokens.next() {
        let flag =
            tokens.peek().copied().filter(|flag| token.text == "-" && !flag.spaced && flag.kind == TokenKind::Word);
        match flag {
            Some(flag) => {
                flags.push_str(flag.text);
                tokens.next();
                if matches!(flag.text, "A" | "B" | "C") {
                    tokens.next(); // lines around it
                }
            }
            None if token.kind != TokenKind::Sign => words.push(*token),
            None => {}
        }
    }
    (flags, words)
}

/// `awk -F, '{print $2}'`.
pub(super) fn awk(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let program = cursor.tokens[cursor.at..].iter().rfind(|token| token.kind == TokenKind::Text)?;
    let before = cursor.text.get(..program.start)?;
    let separator = before.split_once("-F").map_or(" ", |(_, separator)| separator.trim());
    let separator = separator.trim_matches(['"', '\'']);
    super::shapes::separated(program.inner(), if separator.is_empty() { " " } else { separator })
}

/// The only column created by the last `select` of these stages.
fn selected_name(after: &str) -> Option<&str> {
    let (_, columns) = after.rsplit_once("select ")?;
    let columns = columns.split(" | ").next()?;
    let name = columns.rsplit_once(" as ").map_or(columns, |(_, name)| name);
    let is_one = columns.matches(" as ").count() <= 1 && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_one.then_some(name)
}

/// `wc -l`, `wc -w`, `wc -c`.
pub(super) fn wc(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (flags, _) = flags_and_words(cursor);
    Some(match flags.as_str() {
        "w" => "split | count".to_owned(),
        "c" | "m" => "sum(len(line) + 1) as bytes".to_owned(),
        _ => "count".to_owned(),
    })
}

/// `uniq -c` as `count by line`; other arguments become the keys of `dedup`.
pub(super) fn uniq(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (flags, words) = flags_and_words(cursor);
    let key = selected_name(&cursor.after).unwrap_or("line");
    let of = |condition: &str| format!("count by {key} | where count {condition} | select {key}");
    if flags.contains('c') {
        return Some(format!("count by {key}"));
    }
    if flags.contains('d') {
        return Some(of("> 1"));
    }
    if flags.contains('u') {
        return Some(of("== 1"));
    }
    let names: Option<Vec<String>> = words.into_iter().map(name_of).collect();
    Some(format!("dedup {}", names?.join(", ")).trim_end().to_owned())
}

/// `head -n 5`, `head -5`, `take 5`, `head -n 4 -g a`.
pub(super) fn head(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let (_, words) = flags_and_words(cursor);
    let number = words.iter().find(|token| token.kind == TokenKind::Number)?;
    let count: u64 = number.text.parse().ok()?;
    let keys = super::miller::flag(cursor, "g").join(", ");
    Some(match keys.as_str() {
        "" => format!("limit {count}"),
        keys => first_of_each(&count.to_string(), keys),
    })
}

/// Keeps the first records of each key.
pub(super) fn first_of_each(count: &str, keys: &str) -> String {
    match count {
        "1" => format!("dedup {keys}"),
        count => format!("running count as n by {keys} | where n <= {count} | drop n"),
    }
}

/// `sort -k2 -n -r`, `sort -rn`, `sort -t, -k3`, `sort -f a -nr x`.
pub(super) fn sort(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = cursor.rest();
    let (flags, words) = flags_and_words(cursor);
    let is_shell = cursor.peek().is_some_and(|sign| sign.text == "-")
        && flags.chars().all(|c| c.is_ascii_digit() || "nrugdfbihVMktcfC".contains(c))
        && (words.is_empty()
            || rest.contains("-k")
            || rest.contains("-t")
            || rest.contains("-f")
            || rest.contains("-n"));
    if !is_shell || flags.is_empty() {
        return None;
    }
    let field: Option<u16> = match flags.split_once('k') {
        Some((_, digits)) => {
            let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
            let spaced = words.iter().find_map(|word| word.text.split(',').next()?.parse().ok());
            Some(digits.parse().ok().or(spaced)?)
        }
        None => None,
    };
    let separator = rest.split_once("-t").map_or(" ", |(_, after)| {
        let after = after.trim_start().trim_start_matches(['"', '\'']);
        after.get(..1).unwrap_or(" ")
    });
    let named = words.iter().find(|word| word.kind == TokenKind::Word);
    let key = match (field, named) {
        (Some(field), _) => format!("split_part(line, \"{separator}\", {field})"),
        (None, Some(name)) => name.text.to_owned(),
        (None, None) if cursor.after.rsplit(" | ").next().is_some_and(|last| last.starts_with("count by ")) => {
            "count".to_owned()
        }
        (None, None) => selected_name(&cursor.after).unwrap_or("line").to_owned(),
    };
    let descends = if flags.contains('r') { " desc" } else { "" };
    let first = if flags.contains('u') { "dedup | " } else { "" };
    Some(format!("{first}sort {key}{descends}"))
}

/// `cut -d, -f1` by what follows the name; names are chosen.
pub(super) fn cut(cursor: &mut TokenCursor<'_>) -> Option<String> {
    let rest = cursor.rest();
    if !rest.starts_with('-') {
        let is_awk = rest.starts_with(['"', '\'', '{']);
        if is_awk {
            let program = rest.trim_matches(['"', '\'']);
            return super::shapes::awk(program);
        }
        let columns = cursor.columns()?;
        return Some(format!("select {columns}"));
    }
    let flags = without_spaces(&rest.replace('\'', "\""));
    if flags.starts_with("-F") {
        return None;
    }
    let after = |flag: &str| flags.find(flag).map(|at| &flags[at + flag.len()..]);
    if let Some((first, last)) = after("-c").and_then(range) {
        let (start, length) = (first.checked_sub(1)?, (last + 1).checked_sub(first)?);
        return Some(format!("select substr(line, {start}, {length}) as text"));
    }
    let fields = after("-f").or_else(|| after("-of"))?;
    if !fields.starts_with(|c: char| c.is_ascii_digit()) {
        // Miller's: `cut -f a,b`, `cut -x -f a`
        let names = fields.split('-').next()?.trim_matches('"').replace(',', ", ");
        let verb = if flags.contains("-x") { "drop" } else { "select" };
        return Some(format!("{verb} {names}"));
    }
    let separator = match after("-d") {
        None | Some("") => "\"\\t\"".to_owned(),
        Some(quoted) if quoted.starts_with('"') => {
            let end = quoted[1..].find('"')?;
            quoted[..end + 2].to_owned()
        }
        Some(plain) => plain.chars().take(1).map(|c| format!("\"{c}\"")).collect(),
    };
    let parts: Vec<String> = fields
        .split(',')
        .map_while(|number| leading_number(number).map(|(number, _)| number))
        .map(|number| format!("split_part(line, {separator}, {number}) as f{number}"))
        .collect();
    (!parts.is_empty()).then(|| format!("select {}", parts.join(", ")))
}

/// Removes the spaces outside of quotes.
fn without_spaces(text: &str) -> String {
    let mut is_quoted = false;
    let keeps = |c: &char| {
        is_quoted ^= *c == '"';
        is_quoted || *c != ' '
    };
    text.chars().filter(keeps).collect()
}

/// The leading number of a text, and the rest.
fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// `3-5`, or `3` alone.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, after) = leading_number(text)?;
    let last = after.strip_prefix('-').and_then(leading_number);
    Some((first, last.map_or(first, |(last, _)| last)))
}

/// `rename a as b`, `rename a to b`, `rename b = a`, `rename -f a,b`, `withColumnRenamed("a", "b")` as
/// `rename a as b`.
pub(super) fn rename(cursor: &mut TokenCursor<'_>) -> Option<String> {
    cursor.sign("(");
    if cursor.words(&["columns"]) {
        cursor.sign("=");
        cursor.sign("{");
    }
    if cursor.sign("-") {
        cursor.next();
    }
    let mut renamed = Vec::new();
    while !cursor.is_done() && !cursor.at_sign(")") && !cursor.at_sign("}") {
        let first = name_of(cursor.next()?)?;
        let (old, new) = if cursor.sign("=") {
            (name_of(cursor.next()?)?, first)
        } else if cursor.word("as").is_some() || cursor.word("to").is_some() || cursor.sign(",") || cursor.sign(":") {
            (first, name_of(cursor.next()?)?)
        } else {
            return None;
        };
        renamed.push(format!("{old} as {new}"));
        cursor.sign(",");
    }
    (!renamed.is_empty()).then(|| format!("rename {}", renamed.join(", ")))
}
