//! Commands as they are typed into a shell: what the manual shows can be copied, and is run by a test.

use crate::data::Example;

/// The command of an example: its input goes into a pipe.
pub fn command_line(example: &Example) -> String {
    let arguments = match example.expr {
        options if options.starts_with('-') => options.to_owned(),
        expression => quoted(expression),
    };
    if example.input.is_empty() {
        format!("bourn {arguments} </dev/null")
    } else {
        // what begins with a dash would be an option of printf
        let end_of_options = if example.input.starts_with('-') {
            "-- "
        } else {
            ""
        };
        let format = format_string(example.input);
        format!("printf {end_of_options}{format} | bourn {arguments}")
    }
}

/// One argument in quotes: the ones that leave it readable.
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

/// Text as printf's format, on one line.
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
    fn quotes_what_it_must() {
        assert_eq!(quoted("count by word"), "'count by word'");
        assert_eq!(quoted("split ' '"), "\"split ' '\"");
        assert_eq!(quoted("match \"$\", 'a'"), "'match \"$\", '\\''a'\\'''");
    }

    #[test]
    fn input_fits_a_format() {
        let example = Example {
            expr: "count",
            input: "100%\ta\\b it's\n",
            output: "1\n",
        };
        assert_eq!(
            command_line(&example),
            "printf '100%%\\ta\\\\b it'\\''s\\n' | bourn count"
        );
    }
}
