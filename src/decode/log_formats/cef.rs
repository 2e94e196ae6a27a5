//! `cef`: ArcSight's Common Event Format.

use super::walk::{Cursor, Missing, WalkDecoder};
use super::{FieldDef, LogFormatDef, Sample, field, int};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

const FIELDS: [FieldDef; 19] = [
    int("cef_version"),
    escaped("device_vendor"),
    escaped("device_product"),
    escaped("device_version"),
    escaped("signature_id"),
    escaped("name"),
    escaped("severity"),
    field("extension", FieldType::Text),
    escaped("act"),
    escaped("app"),
    escaped("dst"),
    int("dpt"),
    escaped("duser"),
    escaped("msg"),
    escaped("proto"),
    escaped("request"),
    escaped("src"),
    int("spt"),
    escaped("suser"),
];

const fn escaped(name: &'static str) -> FieldDef {
    field(name, FieldType::Escaped)
}

/// The index of the first field that is a key of the extension.
const FIRST_KEY: usize = 8;

pub(super) const CEF: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "cef",
        usage: "parse cef",
        summary: "Common Event Format of security products, also within syslog.",
        details: "\
Fields: cef_version:int device_vendor device_product device_version signature_id name severity extension act app dst \
dpt:int duser msg proto request src spt:int suser.\n\nThe frequent keys of the extension are fields, null where they \
are missing; `extension` is all of it as it came. An `=` without a key before it is part of the value.",
        examples: &[Example {
            expr: "parse cef | select device_product, severity, src, msg",
            input: "CEF:0|Acme|Wall|1.0|100|worm stopped|10|src=10.0.0.1 msg=a \\= b\n",
            output: "Wall\t10\t10.0.0.1\ta = b\n",
        }],
    },
    fields: &FIELDS,
    sample: Sample {
        line: "Sep 19 08:26:10 host CEF:0|Acme|Wall \\| Gate|1.0|100|worm stopped|10|src=10.0.0.1 dst=2.1.2.2 \
               spt=1232 msg=a \\= b c",
        fields: "cef_version=0 device_vendor=Acme device_product=Wall | Gate device_version=1.0 signature_id=100 \
                 name=worm stopped severity=10 extension=src=10.0.0.1 dst=2.1.2.2 spt=1232 msg=a \\= b c dst=2.1.2.2 \
                 msg=a = b c src=10.0.0.1 spt=1232",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

const HEADER: [&str; 7] = [
    "'|' after the version",
    "'|' after the vendor",
    "'|' after the product",
    "'|' after the product's version",
    "'|' after the signature",
    "'|' after the name",
    "", // after the severity, there may be none
];

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    cursor.until_text(b"CEF:", "'CEF:'")?;
    for (index, (place, missing)) in places.iter_mut().zip(HEADER).enumerate() {
        let start = cursor.at;
        let bar = unescaped(cursor.rest(), b'|');
        let is_last = index == HEADER.len() - 1;
        let length = match bar {
            None if is_last => cursor.rest().len(), // there is no extension
            _ => bar.ok_or(Missing(missing))?,
        };
        *place = TextSpan::new(start, start + length);
        cursor.at = (start + length + 1).min(line.len());
    }
    let start = cursor.at;
    places[HEADER.len()] = cursor.take_rest();
    extension(line, start, places);
    Ok(())
}

/// Reads `key=value key=value`: a value may contain blanks, and ends at the blank before the next key. An `=` without a
/// key before it is part of the value, as in `request=http://example.com/?a=b`.
fn extension(line: &[u8], start: usize, places: &mut [TextSpan]) {
    let mut open: Option<(usize, usize)> = None;
    let mut from = start;
    let close = |places: &mut [TextSpan], (field, value): (usize, usize), end: usize| {
        let is_null = FIELDS[field].kind == FieldType::Int && end <= value;
        places[field] = if is_null { TextSpan::NULL } else { TextSpan::new(value, end.max(value)) };
    };
    while let Some(equals) = unescaped(&line[from..], b'=').map(|at| from + at) {
        let blank = memchr::memrchr(b' ', &line[from..equals]).map(|blank| from + blank);
        let key = match blank {
            Some(blank) => blank + 1,
            None if from == start => start,
            None => line.len(),
        };
        let name = line.get(key..equals).unwrap_or_default();
        if is_key(name) {
            if let Some(open) = open {
                close(places, open, key - 1);
            }
            open = FIELDS[FIRST_KEY..]
                .iter()
                .position(|field| field.name.as_bytes() == name)
                .map(|field| (FIRST_KEY + field, equals + 1));
        }
        from = equals + 1;
    }
    if let Some(open) = open {
        close(places, open, line.trim_ascii_end().len());
    }
}

/// True if a word can be a key: `src`, `cs1Label`, `ad.field[0]`.
fn is_key(word: &[u8]) -> bool {
    let is_of_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-[]".contains(byte);
    !word.is_empty() && word.iter().all(is_of_key)
}

/// Returns the first such byte that is not escaped by a backslash.
fn unescaped(text: &[u8], byte: u8) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(byte, b'\\', &text[from..])?;
        if text[at] == byte {
            return Some(at);
        }
        from = (at + 2).min(text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_bytes_without_a_backslash() {
        assert_eq!(unescaped(b"a\\|b\\\\|c", b'|'), Some(6));
        assert_eq!(unescaped(b"a\\|b\\", b'|'), None);
    }
}
