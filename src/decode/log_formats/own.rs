//! Formats that users define in a file of their own: a pattern or a regular expression with a name.
//!
//! ```toml
//! [app]
//! summary = "Log of our app."
//! pattern = "{time:time} {level:word} {message}"
//! sample = "2026-03-01 10:00:00 INFO started"
//! ```
//!
//! The sample is decoded when the file is loaded, so a format that does not read its own sample is found at once.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::data::{Bytes, TextColumn, TextSpan};
use crate::decode::Decoder;
use crate::decode::pattern::{LinePattern, PatternDecoder};
use crate::decode::regex::{RegexDecoder, group_names};

/// A format out of a file of the user's.
#[derive(Debug)]
pub struct OwnFormat {
    /// Its name, as typed after `parse`.
    pub name: String,
    /// A sentence; may be empty.
    pub summary: String,
    /// A record that it reads.
    pub sample: String,
    shape: OwnReader,
}

/// How a format reads its fields.
#[derive(Clone, Debug)]
enum OwnReader {
    Pattern(LinePattern),
    Regex(Regex),
}

/// Why a file of formats cannot be used, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct FileMistake {
    /// The line, from 1 on.
    pub line: usize,
    /// The error.
    pub message: String,
}

impl OwnFormat {
    /// The names of its fields, in the order of the record.
    pub fn names(&self) -> Vec<String> {
        match &self.shape {
            OwnReader::Pattern(pattern) => pattern.names(),
            OwnReader::Regex(regex) => group_names(regex),
        }
    }

    /// Those of its fields that are times.
    pub fn times(&self) -> Vec<String> {
        match &self.shape {
            OwnReader::Pattern(pattern) => pattern.times(),
            OwnReader::Regex(_) => Vec::new(),
        }
    }

    /// The fields on one line: `time:time level:word message`.
    pub fn field_list(&self) -> String {
        match &self.shape {
            OwnReader::Pattern(pattern) => pattern.field_list(),
            OwnReader::Regex(regex) => group_names(regex).join(" "),
        }
    }

    /// A decoder of the fields with these names.
    pub fn decoder(&self, names: &[String]) -> Box<dyn Decoder> {
        match &self.shape {
            OwnReader::Pattern(pattern) => Box::new(PatternDecoder::new(pattern.clone(), names)),
            OwnReader::Regex(regex) => Box::new(RegexDecoder::new(regex.clone(), names)),
        }
    }

    /// Why the sample is not read; none if it is.
    fn fault_of_sample(&self) -> Option<String> {
        let texts = TextColumn {
            bytes: Bytes::Borrowed(self.sample.as_bytes()),
            spans: vec![TextSpan::new(0, self.sample.len())],
        };
        let decoded = self.decoder(&self.names()).decode(&texts);
        decoded.rejected.into_iter().next().map(|(_, reason)| reason)
    }
}

/// Loads the formats; called at most once, when an expression or the manual first asks for one. An error is a
/// sentence that names the file.
type Load = Box<dyn Fn() -> Result<Vec<OwnFormat>, String> + Send + Sync>;

static LOAD: OnceLock<Load> = OnceLock::new();
static LOADED: OnceLock<Result<Vec<OwnFormat>, String>> = OnceLock::new();

/// Says where own formats come from. To be called once, before an expression is bound.
pub fn set_own_formats(load: Load) {
    let _ = LOAD.set(load);
}

/// The formats of the user's file, which is read at the first call; none if there is no such file.
pub fn own_formats() -> Result<&'static [OwnFormat], &'static str> {
    let load = || LOAD.get().map_or_else(|| Ok(Vec::new()), |load| load());
    match LOADED.get_or_init(load) {
        Ok(formats) => Ok(formats),
        Err(reason) => Err(reason),
    }
}

/// Reads the text of a file of formats.
pub fn read_formats(text: &str) -> Result<Vec<OwnFormat>, FileMistake> {
    let table = DeTable::parse(text).map_err(|error| {
        let place = error.span().unwrap_or_default();
        diagnostic(text, place, error.message().to_owned())
    })?;
    let mut formats: Vec<(usize, OwnFormat)> = Vec::new();
    for (name, value) in table.get_ref() {
        let DeValue::Table(entries) = value.get_ref() else {
            let message = format!("expected a table [NAME], found the key `{}`", name.get_ref());
            return Err(diagnostic(text, name.span(), message));
        };
        check_name(name.get_ref()).map_err(|message| diagnostic(text, name.span(), message))?;
        formats.push((name.span().start, format(text, name, entries)?));
    }
    formats.sort_by_key(|(place, _)| *place);
    Ok(formats.into_iter().map(|(_, format)| format).collect())
}

/// A name must be a word that an expression can write after `parse`, and new.
fn check_name(name: &str) -> Result<(), String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || !name.chars().all(is_word) || name == "from" {
        return Err(format!("expected a name of letters, digits and _, found `{name}`"));
    }
    match super::find(name) {
        Some(_) => Err(format!("[{name}] is a format of bourn already; choose another name")),
        None => Ok(()),
    }
}

/// Reads one table of the file and checks its sample.
fn format(
    text: &str,
    name: &Spanned<std::borrow::Cow<'_, str>>,
    entries: &DeTable<'_>,
) -> Result<OwnFormat, FileMistake> {
    const KEYS: [&str; 4] = ["pattern", "regex", "summary", "sample"];
    let title = name.get_ref();
    let mut found: [Option<(&str, Range<usize>)>; KEYS.len()] = Default::default();
    for (key, value) in entries {
        let Some(index) = KEYS.iter().position(|known| known == key.get_ref()) else {
            let message = format!(
                "unknown key `{}` in [{title}]; a format has pattern or regex, summary and sample",
                key.get_ref()
            );
            return Err(diagnostic(text, key.span(), message));
        };
        let DeValue::String(string) = value.get_ref() else {
            let message = format!("expected text at `{}` in [{title}]", key.get_ref());
            return Err(diagnostic(text, value.span(), message));
        };
        found[index] = Some((string, value.span()));
    }
    let [pattern, regex, summary, sample] = found;
    let shape = match (pattern, regex) {
        (Some((pattern, place)), None) => LinePattern::new(pattern.as_bytes())
            .map(OwnReader::Pattern)
            .map_err(|error| diagnostic(text, place, format!("[{title}]: {}", error.message)))?,
        (None, Some((regex, place))) => {
            regex_shape(regex).map_err(|message| diagnostic(text, place, format!("[{title}]: {message}")))?
        }
        (Some(_), Some((_, place))) => {
            let message = format!("[{title}] has a pattern and a regex; one of them is enough");
            return Err(diagnostic(text, place, message));
        }
        (None, None) => {
            let message = format!("[{title}] has no pattern; write pattern = \"{{a}} {{b}}\" or regex = '(?<a>…)'");
            return Err(diagnostic(text, name.span(), message));
        }
    };
    let Some((sample, place)) = sample else {
        let message = format!("[{title}] has no sample; write sample = \"…\", a line that it reads");
        return Err(diagnostic(text, name.span(), message));
    };
    let format = OwnFormat {
        name: title.to_string(),
        summary: summary.map_or_else(String::new, |(summary, _)| summary.to_owned()),
        sample: sample.to_owned(),
        shape,
    };
    match format.fault_of_sample() {
        Some(reason) => {
            let message = format!("the sample of [{title}] does not match: {reason}");
            Err(diagnostic(text, place, message))
        }
        None => Ok(format),
    }
}

fn regex_shape(regex: &str) -> Result<OwnReader, String> {
    let regex = Regex::new(regex).map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().rev().find_map(|line| line.strip_prefix("error: "));
        format!("this regular expression is wrong: {}", reason.unwrap_or(&text))
    })?;
    if group_names(&regex).is_empty() {
        return Err("this regular expression names no group; write (?<name>…)".to_owned());
    }
    Ok(OwnReader::Regex(regex))
}

fn diagnostic(text: &str, place: Range<usize>, message: String) -> FileMistake {
    let before = text.get(..place.start).unwrap_or(text);
    FileMistake { line: 1 + before.matches('\n').count(), message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_does(text in "(\\[[a\\]\"]{0,3}\n|pattern = \"[{}:at \\\\]{0,6}\"\n|regex = '[(?<a>).]{0,8}'\n|sample = \"[a ]{0,3}\"\n|é|=|\n){0,8}") {
            if let Err(diagnostic) = read_formats(&text) {
                prop_assert!(diagnostic.line <= 1 + text.matches('\n').count());
                prop_assert!(!diagnostic.message.is_empty());
            }
        }
    }

    #[test]
    fn reads_patterns_and_regexes() {
        let formats = read_formats(
            "[b]\npattern = \"{t:time} {level:word} {_} {msg}\"\nsummary = \"Ours.\"\nsample = \"2026-03-01T10:00:00Z INFO x up\"\n\
             [a]\nregex = '(?<user>\\w+)=(?<n>\\d+)'\nsample = 'ann=1'\n",
        )
        .expect("a good file");
        let names: Vec<&str> = formats.iter().map(|format| format.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(formats[0].field_list(), "t:time level:word msg");
        assert_eq!(formats[0].names(), ["t", "level", "msg"]);
        assert_eq!(formats[1].field_list(), "user n");
        assert!(read_formats("").expect("an empty file").is_empty());
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, line, message) in [
            ("[a]\npattern = \"{x}\"\nsample = 1\n", 3, "expected text at `sample` in [a]"),
            ("[a]\nsample = \"x\"\n", 1, "[a] has no pattern"),
            ("\n[a]\npattern = \"{x}\"\n", 2, "[a] has no sample"),
            ("[a]\npatern = \"{x}\"\n", 2, "unknown key `patern` in [a]"),
            ("[a]\npattern = \"{x}\"\nregex = '(?<x>.)'\n", 3, "[a] has a pattern and a regex"),
            ("[a]\nregex = '(?<x>'\nsample = 'a'\n", 2, "[a]: this regular expression is wrong"),
            ("[a]\nregex = 'x'\nsample = 'x'\n", 2, "[a]: this regular expression names no group"),
            ("[a]\npattern = \"{x:it}\"\nsample = 'x'\n", 2, "[a]: "),
            (
                "[a]\npattern = \"{x:int}\"\nsummary = ''\nsample = 'x'\n",
                4,
                "the sample of [a] does not match: parse: expected an int",
            ),
            (
                "[a]\nregex = '^(?<x>\\d)'\nsample = 'x'\n",
                3,
                "the sample of [a] does not match: regex: expected a match of",
            ),
            ("x = 1\n", 1, "expected a table [NAME], found the key `x`"),
            ("\n[syslog]\n", 2, "[syslog] is a format of bourn already"),
            ("[\"a b\"]\n", 1, "expected a name of letters, digits and _, found `a b`"),
            ("[from]\n", 1, "expected a name"),
            ("[a]\n[a]\n", 2, ""),
            ("[a]\npattern = \n", 2, ""),
        ] {
            let diagnostic = read_formats(text).expect_err(text);
            assert_eq!(diagnostic.line, line, "{text}: {}", diagnostic.message);
            assert!(diagnostic.message.starts_with(message), "{}", diagnostic.message);
        }
    }
}
