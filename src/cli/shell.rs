//! Prints examples as shell commands that can be copied; a test runs them.

use unicode_width::UnicodeWidthStr;

use crate::data::Example;

/// The indentation of further lines of a command.
const INDENT: &str = "    ";

/// The command of an example, with its input piped in: one line, or several if it is wider than `columns`. Lines are
/// broken between arguments and stages, where a newline has the same meaning as a space.
pub fn command_lines(example: &Example, columns: usize) -> Vec<String> {
    let command = command(example);
    if example.input.is_empty() {
        return folded(&command, "", columns);
    }
    // a text that begins with a dash would be an option of printf
    let end_of_options = if example.input.starts_with('-') { "-- " } else { "" };
    let printf = format!("printf {end_of_options}{} |", format_string(example.input));
    let line = format!("{printf} {command}");
    if line.width() <= columns {
        return vec![line];
    }
    let mut lines = match printf.width() <= columns {
        true => vec![printf],
        false => printf_lines(example.input, columns).unwrap_or_else(|| vec![printf]),
    };
    lines.extend(folded(&command, INDENT, columns));
    lines
}

/// The program with its arguments. Without input, the arguments name the source.
fn command(example: &Example) -> String {
    match example.expr {
        options if options.starts_with('-') => format!("bourn {options}"),
        expression if example.input.is_empty() => {
            format!("bourn {} </dev/null", quoted(expression))
        }
        expression => format!("bourn {}", quoted(expression)),
    }
}

/// A printf command with the input on several lines; `None` if the input has control characters.
fn printf_lines(input: &str, columns: usize) -> Option<Vec<String>> {
    let lines = input.strip_suffix('\n')?;
    if lines.chars().any(|c| c.is_control() && c != '\n') {
        return None;
    }
    let (format, pieces): (_, Vec<&str>) = match lines.contains('\n') {
        true => ("printf '%s\\n'", lines.split('\n').collect()),
        // the last line counts without a newline
        false => ("printf %s", pieces(lines, columns - INDENT.len() - 3)),
    };
    let mut out = vec![format.to_owned()];
    for piece in pieces {
        let word = quoted(piece);
        let last = out.last_mut()?;
        if last.width() + word.width() + 3 <= columns {
            last.push_str(&format!(" {word}"));
        } else {
            last.push_str(" \\");
            out.push(format!("{INDENT}{word}"));
        }
    }
    out.last_mut()?.push_str(" |");
    Some(out)
}

/// Splits a line after spaces into pieces that, with quotes, are at most `columns` wide if possible.
fn pieces(line: &str, columns: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut end) = (0, 0);
    for word in line.split_inclusive(' ') {
        if end > start && line[start..end].width() + word.width() + 2 > columns {
            pieces.push(&line[start..end]);
            start = end;
        }
        end += word.len();
    }
    pieces.push(&line[start..end]);
    pieces
}

/// A space at which a command can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// Between arguments: a backslash is needed.
    Argument,
    /// Before a stage or a comment.
    Stage,
    /// After a comma outside of parentheses.
    Clause,
    /// Elsewhere in an expression.
    Word,
}

/// Breaks a command into lines; the first one has the given indentation, the others more.
fn folded(command: &str, indent: &str, columns: usize) -> Vec<String> {
    let breaks = breaks(command);
    let mut lines = Vec::new();
    let mut start = 0;
    let mut indent = indent.to_owned();
    loop {
        let rest = &command[start..];
        if indent.width() + rest.width() <= columns {
            lines.push(indent + rest);
            return lines;
        }
        let fits = |place: &&(usize, Break)| {
            let mark = if place.1 == Break::Argument { 2 } else { 0 };
            indent.width() + command[start..place.0].width() + mark <= columns
        };
        let ahead = || breaks.iter().filter(|(at, _)| *at > start);
        let last = |wanted: &[Break]| {
            let is_wanted = |place: &&(usize, Break)| wanted.contains(&place.1);
            ahead().take_while(fits).filter(is_wanted).last()
        };
        let chosen = last(&[Break::Stage])
            .or_else(|| last(&[Break::Clause]))
            .or_else(|| last(&[Break::Argument, Break::Word]))
            .or_else(|| ahead().next());
        let Some(&(at, kind)) = chosen else {
            lines.push(indent + rest);
            return lines;
        };
        let mark = if kind == Break::Argument { " \\" } else { "" };
        lines.push(format!("{indent}{}{mark}", &command[start..at]));
        if lines.len() == 1 {
            indent.push_str(INDENT);
        }
        start = at + 1;
    }
}

/// The positions at which a command can be broken: not within strings, regular expressions and comments of the quoted
/// expression.
fn breaks(command: &str) -> Vec<(usize, Break)> {
    let mut found = Vec::new();
    let mut shell_quote: Option<char> = None;
    let mut literal: Option<char> = None;
    let mut before = ' ';
    let mut depth = 0u32;
    let mut characters = command.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map_or(' ', |(_, next)| *next);
        match (shell_quote, literal) {
            (None, _) if c == '\\' => {
                // `'\''`, a quote of the expression
                literal = if literal.is_some() { None } else { Some(next) };
                characters.next();
            }
            (None, _) if c == '\'' || c == '"' => shell_quote = Some(c),
            (None, None) if c == ' ' => found.push((at, Break::Argument)),
            (Some(quote), _) if c == quote => {
                shell_quote = None;
                literal = literal.filter(|literal| *literal != '\n');
            }
            (Some(_), Some(_)) if c == '\\' => {
                characters.next();
            }
            (Some(_), Some(end)) if c == end => literal = None,
            (Some(_), None) => match c {
                '\'' | '"' | '`' => literal = Some(c),
                '/' if !before.is_alphanumeric() && !" /".contains(next) => literal = Some('/'),
                '#' => literal = Some('\n'), // to the end of the argument
                ' ' if next == '#' || command[at..].starts_with(" | ") => found.push((at, Break::Stage)),
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                ' ' if before == ',' && depth == 0 => found.push((at, Break::Clause)),
                ' ' if next != '|' && before != '|' => found.push((at, Break::Word)),
                _ => {}
            },
            _ => {}
        }
        before = c;
    }
    found
}

/// Quotes one argument with the quotes that need the fewest escapes.
pub(super) fn quoted(text: &str) -> String {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        text.to_owned()
    } else if !text.contains('\'') {
        format!("'{text}'")
    } else if !text.contains(['"', '$', '`', '\\', '!']) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Text as a printf format, on one line.
fn format_string(text: &str) -> String {
    let mut format = String::new();
    for c in text.chars() {
        match c {
            '\n' => format.push_str("\\n"),
            '\t' => format.push_str("\\t"),
            '\r' => format.push_str("\\r"),
            '\\' => format.push_str("\\\\"),
            '%' => format.push_str("%%"),
            c if c.is_ascii_control() => format.push_str(&format!("\\{:03o}", c as u32)),
            c => format.push(c),
        }
    }
    format!("'{}'", format.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_arguments() {
        assert_eq!(quoted("count by word"), "'count by word'");
        assert_eq!(quoted("split ' '"), "\"split ' '\"");
        assert_eq!(quoted("match \"$\", 'a'"), "'match \"$\", '\\''a'\\'''");
    }

    #[test]
    fn input_fits_a_format() {
        let example = Example { expr: "count", input: "100%\ta\\b it's\n", output: "1\n" };
        assert_eq!(command_lines(&example, 80), ["printf '100%%\\ta\\\\b it'\\''s\\n' | bourn count"]);
    }

    #[test]
    fn long_commands_are_broken_at_insignificant_spaces() {
        let example = Example {
            expr: "match 'one | two' | where line ~ /three | four/ | count by line # five | six",
            input: "some text\nand more of it\n",
            output: "",
        };
        assert_eq!(
            command_lines(&example, 30),
            [
                "printf '%s\\n' 'some text' \\",
                "    'and more of it' |",
                "    bourn \"match 'one | two'",
                "        | where line ~",
                "        /three | four/",
                "        | count by line",
                "        # five | six\"",
            ]
        );
        let example = Example { expr: "--no-header -o csv 'count'", input: "", output: "" };
        assert_eq!(command_lines(&example, 24), ["bourn --no-header -o \\", "    csv 'count'"]);
    }
}
