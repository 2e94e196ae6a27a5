//! Properties of csv, tsv and logfmt: for any chunking of the input and any source, the records are those that a
//! reader of one character after another finds.

use std::io::Write;
use std::sync::Arc;

use bourn::engine::{self, Control, Encoding, Job, Ledger};
use bourn::plan::{OutputMode, Plan};
use bourn::sink;
use proptest::prelude::*;

/// How a run may be cut.
#[derive(Clone, Copy, Debug)]
struct Cut {
    threads: usize,
    chunk_bytes: usize,
    max_line_bytes: usize,
}

fn cuts() -> impl Strategy<Value = Cut> {
    (1usize..4, 1usize..64, 1usize..60).prop_map(|(threads, chunk_bytes, max_line_bytes)| Cut {
        threads,
        chunk_bytes,
        max_line_bytes,
    })
}

/// What an expression prints of a file, and the account.
fn run(expression: &str, format: &str, input: &[u8], cut: Cut) -> (String, Ledger) {
    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    file.write_all(input).expect("a file can be written");
    let pipeline = bourn::lang::parse(expression).expect("a good expression");
    let plan = Plan::of(&pipeline, OutputMode::Fields).expect("a good expression");
    let format = bourn::encode::find(format).expect("a known format");
    let job = Job {
        sources: vec![file.path().to_string_lossy().into_owned().into()],
        inputs: vec![0],
        reading: Default::default(),
        threads: cut.threads,
        chunk_bytes: cut.chunk_bytes,
        batch: None,
        max_line_bytes: cut.max_line_bytes,
        encoding: Encoding::Format(format, true),
        look: Default::default(),
        every: None,
        changed: false,
        live: None,
        progress: None,
        rejects: None,
        late: None,
        max_jump_ns: 86_400_000_000_000,
        watches: false,
        quiet: false,
        targets: Default::default(),
        budget: bourn::data::budget::Budget::unlimited(),
        part: None,
        checkpoint: None,
    };
    let (mut sink, out) = sink::in_memory();
    let control = Control::new(bourn::data::system_clock()).expect("a pipe can be made");
    let outcome = engine::run(Arc::new(plan), job, &mut sink, &control);
    assert_eq!(outcome.failed_sources, Vec::<String>::new());
    let out = std::mem::take(&mut *out.lock().expect("the run is over"));
    (String::from_utf8(out).expect("text"), outcome.ledger)
}

/// A record as a reader of one character after another finds it: its fields, or nothing if it is rejected.
type Row = Option<Vec<String>>;

/// Reads rows of at most `columns` fields; the input is ASCII.
fn read_slowly(input: &str, columns: usize, max_line_bytes: usize) -> Vec<Row> {
    let rows = read_numbered(input, columns, max_line_bytes);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The same with the number of each row, from 0: blank lines are no records, but are counted.
fn read_numbered(input: &str, columns: usize, max_line_bytes: usize) -> Vec<(usize, Row)> {
    let chars: Vec<char> = input.chars().collect();
    let (mut rows, mut start) = (Vec::new(), 0);
    let mut number = 0;
    while start < chars.len() {
        let (row, end) = read_row(&chars, start, max_line_bytes);
        let line = chars[start..end].iter().collect::<String>();
        let length = line.strip_suffix('\n').unwrap_or(&line);
        let is_line = input.as_bytes()[end - 1] == b'\n';
        let length = match length.strip_suffix('\r') {
            Some(rest) if is_line => rest.len(),
            _ => length.len(),
        };
        let is_blank = line[..length].chars().all(|c| c.is_ascii_whitespace()) && length <= max_line_bytes;
        if !is_blank {
            rows.push((number, row.filter(|row| row.len() <= columns && length <= max_line_bytes)));
        }
        number += 1;
        start = end;
    }
    rows
}

/// The row that begins at a character, and where the next one begins.
fn read_row(chars: &[char], start: usize, max_line_bytes: usize) -> (Row, usize) {
    let line_end = |from: usize| {
        let newline = chars[from..].iter().position(|c| *c == '\n');
        newline.map_or(chars.len(), |newline| from + newline + 1)
    };
    let at_end = |at: usize| match chars[at..] {
        [] => Some(at),
        ['\n', ..] => Some(at + 1),
        ['\r', '\n', ..] => Some(at + 2),
        _ => None,
    };
    let (mut fields, mut at, mut is_good) = (Vec::new(), start, true);
    loop {
        let mut field = String::new();
        if chars.get(at) == Some(&'"') {
            let quote = at;
            at += 1;
            loop {
                if at >= chars.len() || at - start >= max_line_bytes {
                    return (None, line_end(quote));
                }
                match (chars[at], chars.get(at + 1)) {
                    ('"', Some('"')) => {
                        field.push('"');
                        at += 2;
                    }
                    ('"', _) => break,
                    (c, _) => {
                        field.push(c);
                        at += 1;
                    }
                }
            }
            at += 1;
            is_good &= at_end(at).is_some() || chars[at] == ',';
        }
        while at_end(at).is_none() && chars[at] != ',' {
            field.push(chars[at]);
            at += 1;
        }
        fields.push(field);
        match at_end(at) {
            Some(end) => return (is_good.then_some(fields), end),
            None => at += 1,
        }
    }
}

/// Rows as `-o json` prints columns of these names.
fn as_json(rows: &[Row], names: &[&str]) -> String {
    let mut out = String::new();
    for row in rows.iter().flatten() {
        let field = |(column, name): (usize, &&str)| match row.get(column) {
            None => format!("\"{name}\":null"),
            Some(text) => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"");
                let text = text.replace('\n', "\\n").replace('\r', "\\r");
                format!("\"{name}\":\"{text}\"")
            }
        };
        let fields: Vec<String> = names.iter().enumerate().map(field).collect();
        out.push_str(&format!("{{{}}}\n", fields.join(",")));
    }
    out
}

/// Fields as csv, quoted where they must be and where someone likes to.
fn as_csv(rows: &[Vec<(String, bool)>], line_end: &str) -> String {
    let field = |(text, likes): &(String, bool)| {
        let must = text.contains(['"', ',', '\n', '\r']);
        if must || *likes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
    };
    let row = |row: &Vec<(String, bool)>| row.iter().map(field).collect::<Vec<_>>().join(",");
    rows.iter().map(|one| row(one) + line_end).collect()
}

/// Rows of as many fields each.
fn table() -> impl Strategy<Value = Vec<Vec<(String, bool)>>> {
    let field = || ("[ab \",\n\r]{0,6}", any::<bool>());
    prop::collection::vec(prop::collection::vec(field(), 3), 0..8)
}

const WIDE: Cut = Cut { threads: 2, chunk_bytes: 1 << 10, max_line_bytes: 1 << 10 };

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_as_slowly(input in "[a,\"\n]{0,60}|[ab,\"\n\r]{0,60}", cut in cuts()) {
        let rows = read_slowly(&input, 3, cut.max_line_bytes);
        let (out, ledger) = run("csv as a, b, c", "json", input.as_bytes(), cut);
        prop_assert_eq!(out, as_json(&rows, &["a", "b", "c"]));
        prop_assert_eq!(ledger.read, rows.len() as u64);
        prop_assert_eq!(ledger.rejected, rows.iter().filter(|row| row.is_none()).count() as u64);
    }

    #[test]
    fn under_a_header_too(input in "[a,\"\n]{0,60}", cut in cuts()) {
        let cut = Cut { max_line_bytes: cut.max_line_bytes.max(8), ..cut };
        let numbered = read_numbered(&input, 3, cut.max_line_bytes);
        let rows: Vec<Row> = numbered.iter().map(|(_, row)| row.clone()).collect();
        let headed = format!("\u{feff}x,\"y\",z\n{input}");
        let (out, ledger) = run("csv | select x, y, z, @number", "json", headed.as_bytes(), cut);
        let lines = as_json(&rows, &["x", "y", "z"]);
        let numbers = numbered.iter().filter(|(_, row)| row.is_some());
        let expected: String = lines
            .lines()
            .zip(numbers)
            .map(|(line, (number, _))| format!("{},\"@number\":{}}}\n", line.trim_end_matches('}'), number + 2))
            .collect();
        prop_assert_eq!(out, expected);
        prop_assert_eq!(ledger.read, rows.len() as u64);
    }

    #[test]
    fn csv_comes_back(rows in table(), cut in cuts(), line_end in "\n|\r\n") {
        let cut = Cut { max_line_bytes: 1 << 10, ..cut };
        let written = as_csv(&rows, &line_end);
        let (once, ledger) = run("csv as a, b, c", "csv", written.as_bytes(), cut);
        prop_assert_eq!(ledger.rejected, 0);
        let expected: Vec<Row> = rows
            .iter()
            .map(|row| Some(row.iter().map(|(text, _)| text.clone()).collect()))
            .collect();
        prop_assert_eq!(&read_slowly(&once, 3, 1 << 10)[1..], &expected[..]);
        let (again, _) = run("csv", "csv", once.as_bytes(), cut);
        prop_assert_eq!(again, once);
    }

    #[test]
    fn tsv_comes_back(rows in table(), cut in cuts()) {
        let cut = Cut { max_line_bytes: 1 << 10, ..cut };
        let (tsv, _) = run("csv as a, b, c", "tsv", as_csv(&rows, "\n").as_bytes(), WIDE);
        let (csv, _) = run("csv as a, b, c", "csv", as_csv(&rows, "\n").as_bytes(), WIDE);
        let (again, ledger) = run("tsv | select a, b, c", "csv", tsv.as_bytes(), cut);
        prop_assert_eq!(again, csv);
        prop_assert_eq!(ledger.rejected, 0);
        prop_assert_eq!(ledger.read, rows.len() as u64);
    }

    #[test]
    fn logfmt_comes_back(rows in table(), cut in cuts()) {
        let cut = Cut { max_line_bytes: 1 << 10, ..cut };
        let input = as_csv(&rows, "\n");
        let (logfmt, _) = run("csv as a, b, c", "logfmt", input.as_bytes(), WIDE);
        let (csv, _) = run("csv as a, b, c", "csv", input.as_bytes(), WIDE);
        let (again, ledger) = run("logfmt | select a, b, c", "csv", logfmt.as_bytes(), cut);
        prop_assert_eq!(again, csv);
        prop_assert_eq!(ledger.rejected, 0);
    }

    #[test]
    fn every_byte_ends_somewhere(
        input in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\"\\,=\t\n\r u0".to_vec())], 0..80),
        cut in cuts(),
    ) {
        for expression in ["csv as a, b", "csv ';' | where a > 1", "tsv", "tsv as a", "logfmt | where a > 1"] {
            let counted = format!("{expression} | count");
            let (_, ledger) = run(&counted, "tsv", &input, Cut { max_line_bytes: 1 << 10, ..cut });
            prop_assert_eq!(ledger.read, ledger.passed + ledger.filtered + ledger.rejected, "{}", expression);
            let (_, wide) = run(&counted, "tsv", &input, WIDE);
            prop_assert_eq!((ledger.read, ledger.rejected, ledger.first_rejected.map(place)), (wide.read, wide.rejected, wide.first_rejected.map(place)));
        }
    }
}

/// The text after the name of the file.
fn place(first: String) -> String {
    first.split_once(':').map_or(String::new(), |(_, place)| place.to_owned())
}
