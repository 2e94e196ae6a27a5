//! LOG_FORMATS: the formats that `parse` knows by name. One file for each format, one row in the table.

mod alb;
mod cef;
mod combined;
mod cri;
mod docker;
mod haproxy;
mod klog;
mod nginx_error;
mod own;
mod postgresql;
mod s3;
mod syslog;
mod syslog5424;
mod vpc_flow;
mod walk;

pub use own::{OwnFormat, own_formats, read_formats, set_own_formats};

use super::typed::FieldType;
use super::{Decoder, Wanted};
use crate::data::Entry;

/// All formats, by name.
pub const LOG_FORMATS: &[&LogFormatDef] = &[
    &alb::ALB,
    &cef::CEF,
    &combined::CLF,
    &combined::COMBINED,
    &cri::CRI,
    &docker::DOCKER,
    &haproxy::HAPROXY,
    &klog::KLOG,
    &nginx_error::NGINX_ERROR,
    &postgresql::POSTGRESQL,
    &s3::S3,
    &syslog::SYSLOG,
    &syslog5424::SYSLOG5424,
    &vpc_flow::VPC_FLOW,
];

/// Makes the decoder of the wanted fields.
pub type MakeDecoder = fn(&[Wanted]) -> Box<dyn Decoder>;

/// A format and its entry for `--formats`.
#[derive(Debug)]
pub struct LogFormatDef {
    /// Its name as typed after `parse`, summary, details, which begin with its fields, and examples.
    pub entry: Entry,
    /// In the order of the record.
    pub fields: &'static [FieldDef],
    /// A record and its fields.
    pub sample: Sample,
    /// Makes a decoder of the fields with these numbers.
    make: fn(&'static LogFormatDef, Vec<usize>) -> Box<dyn Decoder>,
    /// Makes a decoder of wanted fields if the first record of a source may be a header that names them.
    pub under_header: Option<MakeDecoder>,
}

/// A field of a format.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldType,
    /// True if it is a column unless the expression chooses others. Any other field is read only if an expression names
    /// it.
    pub is_column: bool,
}

/// A record as found in a log, and its fields as text.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Without its terminator.
    pub line: &'static str,
    /// `name=value`, separated by blanks: every field that is neither null nor in the current year.
    pub fields: &'static str,
}

impl LogFormatDef {
    /// Makes a decoder of the fields with these names.
    pub fn decoder(&'static self, names: &[String]) -> Box<dyn Decoder> {
        let number = |name: &String| self.fields.iter().position(|field| field.name == name);
        (self.make)(self, names.iter().filter_map(number).collect())
    }

    /// Lists the fields on one line: `ip ident … status:int`, and those that are read only if an expression names them.
    pub fn field_list(&self) -> String {
        let list = |is_column: bool| {
            let fields = self.fields.iter();
            let field = |field: &FieldDef| match field.kind.name() {
                "text" => field.name.to_owned(),
                kind => format!("{}:{kind}", field.name),
            };
            let fields: Vec<String> = fields.filter(|field| field.is_column == is_column).map(field).collect();
            fields.join(" ")
        };
        match list(false).as_str() {
            "" => list(true),
            others => format!("{}; printed only if named: {others}", list(true)),
        }
    }
}

/// Finds a format by name.
pub fn find(name: &str) -> Option<&'static LogFormatDef> {
    LOG_FORMATS.iter().copied().find(|format| format.entry.name == name)
}

const fn text(name: &'static str) -> FieldDef {
    field(name, FieldType::Text)
}

const fn int(name: &'static str) -> FieldDef {
    field(name, FieldType::Int)
}

const fn field(name: &'static str, kind: FieldType) -> FieldDef {
    FieldDef { name, kind, is_column: true }
}

/// Marks a field that is read only if an expression names it.
const fn only_named(field: FieldDef) -> FieldDef {
    FieldDef { is_column: false, ..field }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::{Bytes, Column, TextColumn, TextSpan};
    use crate::decode::Decoded;

    fn decode<'a>(format: &'static LogFormatDef, names: &[String], text: &'a [u8]) -> Decoded<'a> {
        format
            .decoder(names)
            .decode(&TextColumn { bytes: Bytes::Borrowed(text), spans: vec![TextSpan::new(0, text.len())] })
    }

    fn names(format: &LogFormatDef) -> Vec<String> {
        let name = |field: &FieldDef| field.name.to_owned();
        format.fields.iter().map(name).collect()
    }

    fn logfmt(format: &LogFormatDef, columns: &[Column<'_>]) -> String {
        let mut line = Vec::new();
        for (field, column) in format.fields.iter().zip(columns) {
            let value = column.get(0);
            // Such a time is in the current year.
            if !value.is_null() && field.kind != FieldType::MonthAndDay {
                let mut text = Vec::new();
                crate::data::write_text(value, &mut text);
                line.push(format!("{}={}", field.name, String::from_utf8_lossy(&text)));
            }
        }
        line.join(" ")
    }

    #[test]
    fn the_table_is_in_order_and_documented() {
        assert!(LOG_FORMATS.is_sorted_by_key(|format| format.entry.name));
        for format in LOG_FORMATS {
            let fields = format!("Fields: {}.", format.field_list());
            assert!(format.entry.details.starts_with(&fields), "{fields}");
            let mut names = names(format);
            names.sort();
            names.dedup();
            assert_eq!(names.len(), format.fields.len(), "{}", format.entry.name);
        }
    }

    #[test]
    fn every_sample_is_decoded() {
        for format in LOG_FORMATS {
            let decoded = decode(format, &names(format), format.sample.line.as_bytes());
            assert_eq!(decoded.rejected, [], "{}", format.entry.name);
            assert_eq!(logfmt(format, &decoded.columns), format.sample.fields, "{}", format.entry.name);
            for name in names(format) {
                let one = decode(format, std::slice::from_ref(&name), format.sample.line.as_bytes());
                assert_eq!(one.columns.len(), 1, "{} {name}", format.entry.name);
            }
        }
    }

    /// Every prefix and suffix of every sample, and every sample with a byte removed or replaced, is either read or
    /// rejected.
    #[test]
    fn damaged_samples_are_read_or_rejected() {
        for format in LOG_FORMATS {
            let (all, line) = (names(format), format.sample.line.as_bytes());
            let check = |text: &[u8]| {
                let decoded = decode(format, &all, text);
                for column in &decoded.columns {
                    assert_eq!(column.len() + decoded.rejected.len(), 1);
                }
            };
            for at in 0..line.len() {
                check(&line[..at]);
                check(&line[at..]);
                check(&[&line[..at], &line[at + 1..]].concat());
                for byte in b" \"\\[]{}|:-\xff\0" {
                    check(&[&line[..at], &[*byte], &line[at + 1..]].concat());
                }
            }
        }
    }

    #[test]
    fn a_megabyte_and_nothing_are_rejected() {
        for format in LOG_FORMATS {
            for byte in [b' ', b'"', b'[', b'{', b'|', b'a', b'\\'] {
                let long = vec![byte; 1 << 20];
                assert_eq!(decode(format, &names(format), &long).rejected.len(), 1, "{} {byte}", format.entry.name);
            }
            assert_eq!(decode(format, &names(format), b"").rejected.len(), 1, "{}", format.entry.name);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for format in LOG_FORMATS {
                let decoded = decode(format, &names(format), &bytes);
                for column in &decoded.columns {
                    prop_assert_eq!(column.len() + decoded.rejected.len(), 1);
                }
            }
        }
    }
}
