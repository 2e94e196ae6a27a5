//! Seeds: what the cases have as expressions and input, and the samples of the formats, cut to what a check takes.

use std::io::Write;

use bourn::decode::log_formats::LOG_FORMATS;
use bourn::lang;
use bourn::lang::ast::{Argument, ExprKind, Stage};
use toml::{Table, Value};

/// What a case gives to the program.
struct Case {
    expression: String,
    input: Vec<u8>,
}

/// The seeds of a check.
pub fn of(name: &str) -> Vec<Vec<u8>> {
    let cases = cases();
    let words = || {
        let words = cases.iter().flat_map(|case| case.input.split(u8::is_ascii_whitespace));
        words.map(<[u8]>::to_vec)
    };
    let mut seeds: Vec<Vec<u8>> = match name {
        "parser" => cases.iter().map(|case| case.expression.clone().into_bytes()).collect(),
        "evaluate" => cases.iter().map(|case| joined(case.expression.as_bytes(), &case.input)).collect(),
        "number" => words().collect(),
        "time" => times(words()),
        "json" => inputs_of(&cases, "json"),
        "logfmt" => inputs_of(&cases, "logfmt"),
        "csv" => {
            let csv = inputs_of(&cases, "csv").into_iter();
            let tsv = inputs_of(&cases, "tsv").into_iter();
            csv.map(|input| chosen(0, &input))
                .chain(tsv.map(|input| chosen(2, &input)))
                .chain([
                    chosen(4, b"a||b\n||1||\"x||y\"||2\n\"z||\n"),
                    chosen(5, b"USER PID  \n  root 1 \"a b\" c\n"),
                    chosen(6, b"#Fields: date time c-ip cs(Agent)\n2026-01-01\t10:00:00\t-\t\"a \"\"b\"\"\"\n1 2 3\n"),
                ])
                .collect()
        }
        "framing" => inputs_of(&cases, "csv")
            .iter()
            .flat_map(|input| [[b",\0\x01", &input[..]].concat(), [b",\x10\x05", &input[..]].concat()])
            .collect(),
        "regroup" => [
            &b"\0\0\x01[\n  {\"a\": [1, {}]},\n  {\"b\":,},\n  {}\n]{\"c\": \"x\\\"y\"} 1.5 true"[..],
            b"\0\x09\x05{\"a\":1}{\"b\":12345678}\n[\"x\n{\"c\":1}",
            b"\x01\0\x03t stdout P ab\nt stderr P:x c\nt stdout F d\r\nother\nt stderr F e\n",
            b"\x02\0\x02612 <34>a\nb5 <1>ab\n<1>x 7 5 <1>cd99 <1>",
        ]
        .map(<[u8]>::to_vec)
        .into(),
        "pattern" => literals(&cases, "parse"),
        "regex" => literals(&cases, "regex"),
        "formats" => formats(&cases),
        "compression" => compressed(),
        "kafka" => batches(),
        "state" => crate::checks::state::seeds(),
        _ => Vec::new(),
    };
    seeds.sort();
    seeds.dedup();
    seeds
}

/// Batches of two records, uncompressed and as text that is no compressed block.
fn batches() -> Vec<Vec<u8>> {
    let records = b"\x14\0\0\0\x02k\x04ab\x02\x02h\x01\x10\0\x04\x02\x01\x04cd\0";
    let batch = |attributes: u8, records: &[u8]| {
        let mut bytes = vec![0; 61];
        (bytes[16], bytes[22], bytes[26], bytes[60]) = (2, attributes, 1, 2);
        bytes[7] = 5; // the base offset
        chosen(0, &chosen(9, &[&bytes, records].concat()))
    };
    let compressed: Vec<Vec<u8>> = compressed().into_iter().map(|bytes| batch(4, &bytes)).collect();
    let plain = [0, 0x08, 0x10, 0x20, 0x30].map(|attributes| batch(attributes, records));
    let abort = batch(0x30, b"\x12\0\0\0\x08\0\0\0\0\x01\0");
    plain.into_iter().chain((1..5).map(|codec| batch(codec, records))).chain(compressed).chain([abort]).collect()
}

/// A text, a NUL and bytes.
fn joined(text: &[u8], bytes: &[u8]) -> Vec<u8> {
    [text, b"\0", bytes].concat()
}

/// A byte that chooses, and bytes.
fn chosen(choice: u8, bytes: &[u8]) -> Vec<u8> {
    [&[choice], bytes].concat()
}

/// The input of all cases with such a stage.
fn inputs_of(cases: &[Case], stage: &str) -> Vec<Vec<u8>> {
    let has_stage = |case: &&Case| stages(case).iter().any(|found| is_named(found, stage));
    let cases = cases.iter().filter(has_stage);
    cases.map(|case| case.input.clone()).collect()
}

fn stages(case: &Case) -> Vec<Stage> {
    lang::parse(&case.expression).map_or_else(|_| Vec::new(), |pipeline| pipeline.stages)
}

fn is_named(stage: &Stage, name: &str) -> bool {
    stage.head.as_word() == Some(name)
}

/// The text or regular expression after such a stage, and the input.
fn literals(cases: &[Case], stage: &str) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for case in cases {
        for found in stages(case).iter().filter(|found| is_named(found, stage)) {
            if let Some(Argument::Expr(expr)) = found.arguments.first() {
                match &expr.kind {
                    ExprKind::Literal(bourn::data::Value::Text(text)) => {
                        seeds.push(joined(text, &case.input));
                    }
                    ExprKind::Regex(regex) => {
                        seeds.push(joined(regex.pattern.as_bytes(), &case.input));
                    }
                    _ => {}
                }
            }
        }
    }
    seeds
}

/// The sample of every format, also with each of its quotes escaped, and what the cases give it.
fn formats(cases: &[Case]) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (choice, format) in LOG_FORMATS.iter().enumerate() {
        let sample = format.sample.line;
        seeds.push(chosen(choice as u8, sample.as_bytes()));
        seeds.push(chosen(choice as u8, format!("{sample}\n{sample}\r\n\n{sample}").as_bytes()));
        for (quote, _) in sample.match_indices('"') {
            let (before, after) = sample.split_at(quote);
            let escaped = format!("{before}\\{after}");
            seeds.push(chosen(choice as u8, escaped.as_bytes()));
        }
        for case in cases.iter().filter(|case| case.expression.contains(format.entry.name)) {
            seeds.push(chosen(choice as u8, &case.input));
        }
    }
    seeds
}

/// Words that may be times, some texts that are, and formats with texts that they read.
fn times(words: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    const TEXTS: &[&str] = &[
        "2015-05-17T10:05:03.25Z",
        "2015-05-17 10:05:03,250 +0200",
        "2015/05/17 10:05",
        "20150517T100503Z",
        "17/May/2015:10:05:03 +0000",
        "Sun, 17 May 2015 10:05:03 GMT",
        "Sun May 17 10:05:03 2015",
        "May  7 10:05:03.123456",
        "1431857103.25",
        "1431857103250",
        "2262-04-11T23:47:16.854775807Z",
        "1677-09-21T00:12:43.145224192Z",
        "2016-12-31T23:59:60Z",
        "%Y-%m-%d %H:%M:%S%.f %z\x002015-05-17 10:05:03.25 +0200",
        "%d/%b/%Y:%H:%M:%S\x0017/May/2015:10:05:03",
        "%A, %B %d %Y %I:%M:%S %p\0Sunday, May 17 2015 10:05:03 AM",
        "%s\x001431857103",
        "%Y-%j\x002015-137",
        "%y%m%d\x00150517",
        "%G-W%V-%u\x002015-W20-7",
        "%b %e %T\0May 17 10:05:03",
        "2015-05-17 10:05:03 Europe/Berlin",
        "2015-05-17T10:05:03+02:00[Europe/Berlin]",
        "Sun, 17 May 15 10:05:03 +0000 (UTC)",
        "2015-05-17 10:05:03 GMT+0200",
        "%s%.f\x001431857103.25",
        "%c %Z\0Sun May 17 10:05:03 2015 EST",
        "%F %r %Q\x002015-05-17 10:05:03 AM Europe/Berlin",
        "%00000W%0W%V-%u %Y\x0019192020-7 2015",
        "%F %R %:z\x002015-05-17 10:05 +02:00",
    ];
    let is_timely = |word: &Vec<u8>| word.iter().any(u8::is_ascii_digit) && word.len() > 5;
    let texts = TEXTS.iter().map(|text| text.as_bytes().to_vec());
    words.filter(is_timely).chain(texts).collect()
}

/// A text in every compression, and two of each in a row.
fn compressed() -> Vec<Vec<u8>> {
    let text = b"one\ntwo\nthree three three three\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).expect("good options");
    let writers: [&mut dyn Write; 4] = [&mut gzip, &mut bzip2, &mut lz4, &mut xz];
    for writer in writers {
        writer.write_all(text).expect("memory takes all");
    }
    let members = [
        gzip.finish().expect("gzip"),
        bzip2.finish().expect("bzip2"),
        lz4.finish().expect("lz4"),
        xz.finish().expect("xz"),
        zstd::encode_all(&text[..], 3).expect("zstd"),
    ];
    let twice = members.iter().map(|member| member.repeat(2));
    members.iter().cloned().chain(twice).collect()
}

/// All cases that have an expression and input.
fn cases() -> Vec<Case> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(directory).expect("tests/cases can be listed") {
        let path = entry.expect("tests/cases can be listed").path();
        let text = std::fs::read_to_string(&path).expect("the case file can be read");
        let table: Table = text.parse().expect("a case file is TOML");
        for case in table["case"].as_array().into_iter().flatten() {
            let inputs = inputs(case);
            let arguments = case["args"].as_array().into_iter().flatten();
            let mut expressions = arguments
                .filter_map(Value::as_str)
                .filter(|argument| !argument.starts_with('-') && lang::parse(argument).is_ok())
                .max_by_key(|argument| argument.len())
                .into_iter();
            if let Some(expression) = expressions.next() {
                cases.extend(inputs.into_iter().map(|input| Case { expression: expression.to_owned(), input }));
            }
        }
    }
    assert!(cases.len() > 100, "only {} cases", cases.len());
    cases
}

/// Everything that is read in a case.
fn inputs(case: &Value) -> Vec<Vec<u8>> {
    let text = |value: &Value| Some(value.as_str()?.as_bytes().to_vec());
    let hex = |value: &Value| {
        let digits: Vec<u8> = value.as_str()?.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        pairs.map(byte).collect()
    };
    let files = case.get("files").and_then(Value::as_table);
    let files = files.into_iter().flat_map(|files| files.values());
    let stdin = [case.get("stdin").and_then(text), case.get("stdin_hex").and_then(hex)];
    let mut inputs: Vec<Vec<u8>> = files.filter_map(text).chain(stdin.into_iter().flatten()).collect();
    if inputs.is_empty() {
        inputs.push(b"a 1\nb 2.5\n".to_vec());
    }
    inputs
}
