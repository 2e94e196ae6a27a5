//! `cef`: ArcSight's Common Event Format.

use super::walk::{Cursor, Missing, WalkDecoder};
use super::{FieldDef, FormatDef, Sample, field, int};
use crate::data::{Entry, Example, Span};
use crate::decode::typed::Kind;

const FIELDS: [FieldDef; 19] = [
    int("cef_version"),
    escaped("device_vendor"),
    escaped("device_product"),
    escaped("device_version"),
    escaped("signature_id"),
    escaped("name"),
    escaped("severity"),
    field("extension", Kind::Text),
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
    field(name, Kind::Escaped)
}

/// Which fields are keys of the extension.
const FIRST_KEY: usize = 8;

pub(super) const CEF: FormatDef = FormatDef {
    entry: Entry {
        name: "cef",
        usage: "parse cef",
        summary: "Common Event Format of security products, also with syslog in front.",
        details: "\
Fields: cef_version:int device_vendor device_product device_version signature_id name severity extension act app dst \
dpt:int duser msg proto request src spt:int suser.\n\nThe frequent keys of the extension are fields, null where they \
are missing; `extension` is all of it as it came.",
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
    "'|' after the severity",
];

fn walk(line: &[u8], places: &mut [Span]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    cursor.until_text(b"CEF:", "'CEF:'")?;
    for (place, missing) in places.iter_mut().zip(HEADER) {
        let start = cursor.at;
        let end = start + unescaped(cursor.rest(), b'|').ok_or(Missing(missing))?;
        *place = Span::new(start, end);
        cursor.at = end + 1;
    }
    let start = cursor.at;
    places[HEADER.len()] = cursor.take_rest();
    // `key=value key=value`: a value may hold blanks, and ends where the blank before the next key stands.
    let mut open: Option<(usize, usize)> = None;
    let mut from = start;
    while let Some(equals) = unescaped(&line[from..], b'=').map(|at| from + at) {
        let key = memchr::memrchr(b' ', &line[from..equals]).map_or(from, |blank| from + blank + 1);
        if let Some((field, value)) = open {
            places[field] = Span::new(value, (key - 1).max(value));
        }
        let name = &line[key..equals];
        open = FIELDS[FIRST_KEY..]
            .iter()
            .position(|field| field.name.as_bytes() == name)
            .map(|field| (FIRST_KEY + field, equals + 1));
        from = equals + 1;
    }
    if let Some((field, value)) = open {
        let end = line.trim_ascii_end().len().max(value);
        places[field] = Span::new(value, end);
    }
    Ok(())
}

/// The first such byte without a backslash of its own.
fn unescaped(text: &[u8], byte: u8) -> Option<usize> {
    if memchr::memchr(b'\\', text).is_none() {
        return memchr::memchr(byte, text);
    }
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
