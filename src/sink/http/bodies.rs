//! The bodies of requests: the rows of a result in the format of a server.

mod elasticsearch;
mod influx;
mod loki;

use crate::data::{Batch, OutputColumns, ValueRef, write_json_object};
use crate::sink::{ResultKind, SinkResult};

/// A larger body is ended after its row.
const MOST_BYTES: usize = 4 << 20;

/// The format that a server expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFormat {
    /// A JSON object on each line.
    Ndjson,
    /// A request with a JSON object for each row.
    Json,
    /// The line protocol of InfluxDB; its times are multiples of this number of nanoseconds.
    Influx(i64),
    /// The push API of Loki.
    Loki,
    /// The bulk API of Elasticsearch and OpenSearch.
    Elasticsearch,
}

/// A field of a row, and whether it is a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RowField<'f> {
    name: &'f [u8],
    value: ValueRef<'f>,
    role: Role,
}

/// The meaning of a field to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A bound of the row's window.
    Bound,
    /// Part of what identifies the row.
    Key,
    /// Anything else.
    Value,
}

/// Makes the bodies of a target.
pub(super) struct Bodies<'s> {
    pub(super) format: BodyFormat,
    pub(super) columns: &'s OutputColumns,
    /// The columns that are keys, if the user has named them.
    pub(super) keys: Option<&'s [String]>,
    /// The measurement of InfluxDB.
    pub(super) measurement: &'s str,
    /// Identifies the result among all that the server receives.
    pub(super) id: &'s str,
    /// The time of rows without one, in nanoseconds since 1970.
    pub(super) now: i64,
}

/// Rows that do not fit a format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unfit {
    /// Rows without a value that it can hold.
    pub(super) left_out: usize,
    /// Rows have no time, although the format has one.
    pub(super) without_time: bool,
}

/// A row, and its place in the result.
struct Row<'f> {
    fields: Vec<RowField<'f>>,
    index: usize,
    kind: ResultKind,
}

impl BodyFormat {
    /// The formats by name.
    pub(super) const NAMES: &[(&str, BodyFormat)] = &[
        ("ndjson", BodyFormat::Ndjson),
        ("json", BodyFormat::Json),
        ("influx", BodyFormat::Influx(1)),
        ("loki", BodyFormat::Loki),
        ("elasticsearch", BodyFormat::Elasticsearch),
    ];

    /// The `Content-Type` of a body.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            BodyFormat::Ndjson | BodyFormat::Elasticsearch => "application/x-ndjson",
            BodyFormat::Json | BodyFormat::Loki => "application/json",
            BodyFormat::Influx(_) => "text/plain; charset=utf-8",
        }
    }

    /// True if rows are identified by keys.
    pub(super) fn has_keys(self) -> bool {
        !matches!(self, BodyFormat::Ndjson | BodyFormat::Json)
    }

    /// The path of requests, given the one that the user wrote.
    pub(super) fn path(self, written: &str) -> String {
        let trimmed = written.trim_end_matches('/');
        match self {
            BodyFormat::Loki if trimmed.is_empty() => "/loki/api/v1/push".to_owned(),
            BodyFormat::Elasticsearch if !trimmed.ends_with("/_bulk") => format!("{trimmed}/_bulk"),
            _ if written.is_empty() => "/".to_owned(),
            _ => written.to_owned(),
        }
    }

    /// A parameter that is added to those of the user.
    pub(super) fn own_parameter(self, written: &[String]) -> Option<String> {
        let is_written = |name: &str| written.iter().any(|pair| pair.split('=').next() == Some(name));
        (self == BodyFormat::Elasticsearch && !is_written("filter_path"))
            .then(|| "filter_path=errors,items.*.status,items.*.error".to_owned()) // a short answer
    }

    /// The format with the `precision=` that the user tells the server.
    pub(super) fn with_precision(self, parameters: &[String]) -> BodyFormat {
        let precision = parameters.iter().find_map(|pair| pair.strip_prefix("precision="));
        match (self, precision) {
            (BodyFormat::Influx(_), Some("u" | "us" | "µ")) => BodyFormat::Influx(1_000),
            (BodyFormat::Influx(_), Some("ms")) => BodyFormat::Influx(1_000_000),
            (BodyFormat::Influx(_), Some("s")) => BodyFormat::Influx(1_000_000_000),
            (BodyFormat::Influx(_), Some("m")) => BodyFormat::Influx(60_000_000_000),
            (BodyFormat::Influx(_), Some("h")) => BodyFormat::Influx(3_600_000_000_000),
            _ => self,
        }
    }
}

impl Bodies<'_> {
    /// Calls `send` with each body of a result, in order; returns the rows that do not fit the format.
    pub(super) fn each<E>(
        &self,
        result: &SinkResult,
        mut send: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<Unfit, E> {
        let (prefix, suffix): (&[u8], &[u8]) = match self.format {
            BodyFormat::Loki => (b"{\"streams\":[", b"]}"),
            _ => (b"", b""),
        };
        let mut body = prefix.to_vec();
        let mut unfit = Unfit::default();
        let mut index = 0;
        for batch in &result.rows {
            for row in 0..batch.rows {
                let row = Row { fields: self.fields(batch, row), index, kind: result.kind };
                index += 1;
                let is_timed = matches!(self.format, BodyFormat::Influx(_) | BodyFormat::Loki);
                unfit.without_time |= is_timed && time_of(&row.fields).is_none();
                if !self.append(&row, body.len() > prefix.len(), &mut body) {
                    unfit.left_out += 1;
                } else if self.format == BodyFormat::Json || body.len() >= MOST_BYTES {
                    body.extend_from_slice(suffix);
                    send(&body)?;
                    body.truncate(prefix.len());
                }
            }
        }
        if body.len() > prefix.len() {
            body.extend_from_slice(suffix);
            send(&body)?;
        }
        Ok(unfit)
    }

    /// Appends a row; false if it has nothing that the format can hold.
    fn append(&self, row: &Row<'_>, follows: bool, body: &mut Vec<u8>) -> bool {
        match self.format {
            BodyFormat::Ndjson | BodyFormat::Json => {
                write_json_object(row.fields.iter().map(|field| (field.name, field.value)), body);
                body.push(b'\n');
                true
            }
            BodyFormat::Influx(precision) => {
                // Points of one series need times of their own, or the last of them wins.
                let now = self.now.saturating_add(row.index as i64);
                influx::append(&row.fields, self.measurement.as_bytes(), (now, precision), body)
            }
            BodyFormat::Loki => {
                if follows {
                    body.push(b',');
                }
                loki::append(&row.fields, self.now, body);
                true
            }
            BodyFormat::Elasticsearch => {
                elasticsearch::append(row, self.keys.is_some(), self.id, body);
                true
            }
        }
    }

    fn fields<'f>(&'f self, batch: &'f Batch<'_>, row: usize) -> Vec<RowField<'f>> {
        let role = |name: &[u8]| {
            let column = self.columns.named.iter().find(|column| column.name.as_bytes() == name);
            if column.is_some_and(|column| column.is_bound) {
                return Role::Bound;
            }
            let is_key = match self.keys {
                Some(keys) => keys.iter().any(|key| key.as_bytes() == name),
                None => column.is_some_and(|column| column.is_key),
            };
            if is_key { Role::Key } else { Role::Value }
        };
        let fields = self.columns.fields(batch, row).into_iter();
        fields.map(|(name, value)| RowField { name, value, role: role(name) }).collect()
    }
}

/// The time of a row: the start of its window, or else its first column with a time; and the name of that column.
fn time_of<'f>(fields: &[RowField<'f>]) -> Option<(&'f [u8], i64)> {
    let time = |field: &RowField<'f>| match field.value {
        ValueRef::Time(ns) => Some((field.name, ns)),
        _ => None,
    };
    let bound = fields.iter().filter(|field| field.role == Role::Bound).find_map(time);
    bound.or_else(|| fields.iter().find_map(time))
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::sink::testing::batch;

    /// The bodies of these columns, see [`crate::sink::testing::columns`].
    pub(super) fn bodies(
        format: BodyFormat,
        names: &[&str],
        kind: ResultKind,
        rows: &[Vec<crate::data::Value>],
    ) -> String {
        let columns = crate::sink::testing::columns(names);
        let bodies =
            Bodies { format, columns: &columns, keys: None, measurement: "bourn", id: "st-7", now: 5_000_000_000 };
        let result = SinkResult { kind, window: None, rows: vec![batch(rows)] };
        let mut all = Vec::new();
        bodies
            .each(&result, |body| {
                all.extend_from_slice(body);
                all.extend_from_slice(b"|");
                Ok::<(), ()>(())
            })
            .expect("nothing fails");
        String::from_utf8(all).expect("text")
    }
}

#[cfg(test)]
mod tests {
    use super::testing::bodies;
    use super::*;
    use crate::data::Value;
    use crate::sink::testing::{batch, columns, int, text};

    #[test]
    fn rows_are_objects() {
        let rows = [vec![text("a"), text("b")], vec![int(1), Value::Null]];
        let sent = |format| bodies(format, &["+word", "n"], ResultKind::Final, &rows);
        assert_eq!(sent(BodyFormat::Ndjson), "{\"word\":\"a\",\"n\":1}\n{\"word\":\"b\",\"n\":null}\n|");
        assert_eq!(sent(BodyFormat::Json), "{\"word\":\"a\",\"n\":1}\n|{\"word\":\"b\",\"n\":null}\n|");
    }

    #[test]
    fn large_results_are_split_between_rows() {
        let columns = columns(&["x"]);
        let long = "x".repeat(MOST_BYTES / 3);
        let rows: Vec<Value> = (0..7).map(|_| text(&long)).collect();
        let result = SinkResult { kind: ResultKind::Rows, window: None, rows: vec![batch(&[rows])] };
        for format in [BodyFormat::Ndjson, BodyFormat::Loki] {
            let bodies = Bodies { format, columns: &columns, keys: None, measurement: "bourn", id: "", now: 0 };
            let mut sizes = Vec::new();
            let count = bodies.each(&result, |body| {
                sizes.push(body.len());
                if format == BodyFormat::Loki {
                    assert!(crate::data::read_json(body).is_some());
                }
                Ok::<(), ()>(())
            });
            assert_eq!(count.map(|unfit| unfit.left_out), Ok(0));
            assert_eq!(sizes.len(), 3);
            assert!(sizes.iter().all(|size| *size < 2 * MOST_BYTES));
        }
    }
}
