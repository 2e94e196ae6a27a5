//! The bulk API of Elasticsearch and OpenSearch: an action and a document for each row.
//!
//! Each document has an id, so that a request that is repeated replaces its documents.

use sha2::{Digest, Sha256};

use super::{Role, Row, RowField};
use crate::data::write_json_object;
use crate::sink::ResultKind;

/// The bytes of a hash that make an id.
const ID_BYTES: usize = 16;

/// Appends an action and a document. The id is that of the keys, so that a later result replaces an earlier one; rows of a
/// stream have the number of their result and their own, unless the user `has_keys`.
pub(super) fn append(row: &Row<'_>, has_keys: bool, id: &str, out: &mut Vec<u8>) {
    let keys = |field: &&RowField<'_>| field.role != Role::Value;
    let is_known = row.fields.iter().any(|field| field.role == Role::Key)
        || row.kind != ResultKind::Rows && row.fields.iter().any(|field| field.role == Role::Bound);
    let is_whole = has_keys || row.kind != ResultKind::Rows;
    out.extend_from_slice(b"{\"index\":{\"_id\":\"");
    if is_known && is_whole {
        let mut text = Vec::new();
        write_json_object(row.fields.iter().filter(keys).map(|field| (field.name, field.value)), &mut text);
        for byte in &Sha256::digest(&text)[..ID_BYTES] {
            out.extend_from_slice(format!("{byte:02x}").as_bytes());
        }
    } else {
        out.extend_from_slice(format!("{id}-{}", row.index).as_bytes());
    }
    out.extend_from_slice(b"\"}}\n");
    write_json_object(row.fields.iter().map(|field| (field.name, field.value)), out);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::super::BodyFormat;
    use super::super::testing::bodies;
    use crate::sink::ResultKind;
    use crate::sink::testing::{int, text};

    #[test]
    fn ids_are_those_of_the_keys() {
        let sent = |kind, count| {
            bodies(
                BodyFormat::Elasticsearch,
                &["+word", "count"],
                kind,
                &[vec![text("a"), text("b")], vec![int(count), int(9)]],
            )
        };
        let ids = |sent: &str| -> Vec<String> {
            sent.lines().filter_map(|line| Some(line.strip_prefix("{\"index\":")?.to_owned())).collect()
        };
        let (first, second) = (sent(ResultKind::Snapshot, 1), sent(ResultKind::Final, 2));
        assert_eq!(ids(&first), ids(&second));
        assert_ne!(ids(&first)[0], ids(&first)[1]);
        assert!(first.ends_with("\n{\"word\":\"b\",\"count\":9}\n|"));
        assert_eq!(ids(&sent(ResultKind::Rows, 1)), ["{\"_id\":\"st-7-0\"}}", "{\"_id\":\"st-7-1\"}}"]);
    }

    #[test]
    fn rows_without_keys_have_numbers() {
        let sent = bodies(BodyFormat::Elasticsearch, &["line"], ResultKind::Rows, &[vec![text("x")]]);
        assert_eq!(sent, "{\"index\":{\"_id\":\"st-7-0\"}}\n{\"line\":\"x\"}\n|");
    }
}
