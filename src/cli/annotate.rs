//! `--annotate github`: failures as workflow commands, which GitHub reads from stdout and stderr.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::fmt::Write;

use super::check_report::{Case, Mark};

/// One command per position.
pub(super) fn commands(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases {
        for mark in case.troubles.iter().flat_map(|trouble| &trouble.marks) {
            command(&case.name, mark, &mut out);
        }
    }
    out
}

fn command(title: &str, mark: &Mark, out: &mut String) {
    out.push_str("::error ");
    if let Some(file) = &mark.file {
        let _ = write!(out, "file={},", property(file)); // writing to a String cannot fail
    }
    if let Some(line) = mark.line {
        let _ = write!(out, "line={line},");
    }
    let _ = writeln!(out, "title={}::{}", property(title), data(&mark.text));
}

/// Escapes the text after the second `::`.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property, between the first and the second `::`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_a_command() {
        let mark =
            Mark { file: Some("a:b,c".to_owned()), line: Some(7), text: "100%\r\n::set-env name=x::y".to_owned() };
        let mut out = String::new();
        command("assert x == \"::\"", &mark, &mut out);
        assert_eq!(
            out,
            "::error file=a%3Ab%2Cc,line=7,title=assert x == \"%3A%3A\"::100%25%0D%0A::set-env name=x::y\n"
        );
    }

    #[test]
    fn unknown_properties_are_left_out() {
        let mark = Mark { file: None, line: None, text: "text".to_owned() };
        let mut out = String::new();
        command("title", &mark, &mut out);
        assert_eq!(out, "::error title=title::text\n");
    }
}
