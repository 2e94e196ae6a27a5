//! `postgresql`: the log of PostgreSQL, written to stderr or by its logging collector.

use memchr::{memchr, memrchr};

use super::walk::{Cursor, Missing, WalkDecoder};
use super::{LogFormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

pub(super) const POSTGRESQL: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "postgresql",
        usage: "parse postgresql",
        summary: "Log of PostgreSQL with its own or Debian's log_line_prefix.",
        details: "\
Fields: time:time pid:int user database level message.\n\nThe prefix is `%m [%p] `, which is PostgreSQL's own, or \
Debian's `%m [%p] %q%u@%d `; user and database are null where the prefix does not have them. Level is LOG, ERROR, DETAIL, STATEMENT and \
so on. A message of several lines is one record with --records '/^\\d{4}-/'.",
        examples: &[Example {
            expr: "parse postgresql | select pid, user, database, level, message",
            input: "2024-03-01 10:00:00.123 UTC [4711] app@shop ERROR:  relation \"a\" does not exist\n",
            output: "4711\tapp\tshop\tERROR\trelation \"a\" does not exist\n",
        }],
    },
    fields: &[
        field("time", FieldType::Time),
        int("pid"),
        text("user"),
        text("database"),
        text("level"),
        text("message"),
    ],
    sample: Sample {
        line: "2024-03-01 10:00:00.123 UTC [4711] app@shop LOG:  duration: 12.5 ms",
        fields: "time=2024-03-01T10:00:00.123Z pid=4711 user=app database=shop level=LOG message=duration: 12.5 ms",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    if !line.first().is_some_and(u8::is_ascii_digit) {
        return Err(Missing("a time at the start"));
    }
    places[0] = cursor.until_text(b" [", "' [' and a pid after the time")?;
    places[1] = cursor.digits("a pid after the time")?;
    if cursor.skip(b"-") {
        cursor.digits("a number after '-'")?; // the line of the session, as in `[%p-%l]`
    }
    cursor.expect(b"] ", "'] ' after the pid")?;
    while cursor.skip(b" ") {}
    if level_len(cursor.rest()).is_none() {
        let (user, database, length) =
            user_and_database(cursor.rest()).ok_or(Missing("a level, such as LOG, after the pid"))?;
        let start = cursor.at;
        places[2] = TextSpan::new(start, start + user);
        places[3] = TextSpan::new(start + user + 1, start + user + 1 + database);
        cursor.at += length;
    }
    let level = level_len(cursor.rest()).ok_or(Missing("a level, such as LOG, after the pid"))?;
    places[4] = cursor.take(level, 1);
    while cursor.skip(b" ") {}
    places[5] = cursor.take_rest();
    Ok(())
}

/// Returns the length of a level before a colon, at the start of a text.
fn level_len(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let length = length.count();
    let is_level = length > 1 && text[0].is_ascii_uppercase() && text.get(length) == Some(&b':');
    is_level.then_some(length)
}

/// Returns the lengths of `user@database ` and of both with the text around them. A user may contain an `@`, as on
/// Azure, and either may contain blanks: a level comes next.
fn user_and_database(text: &[u8]) -> Option<(usize, usize, usize)> {
    let mut blank = 0;
    loop {
        blank += memchr(b' ', &text[blank..])?;
        let after = text[blank..].iter().take_while(|byte| **byte == b' ').count();
        if level_len(&text[blank + after..]).is_some() {
            let at = memrchr(b'@', &text[..blank])?;
            return Some((at, blank - at - 1, blank + after));
        }
        blank += after;
    }
}
