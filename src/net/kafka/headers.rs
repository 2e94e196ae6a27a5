//! The headers of a record.

use super::batches::varint;
use crate::data::Value;

/// Returns the headers as an object; of several with one name, the last counts, as for consumers that ask for one. Damage
/// ends them: the record's length is right, so the records after it are not affected.
pub(super) fn headers(stored: &[u8]) -> Value {
    let mut rest = stored;
    let count = varint(&mut rest).unwrap_or_default();
    let mut fields: Vec<(Vec<u8>, Value)> = Vec::new();
    for _ in 0..count {
        let Some((name, value)) = next_header(&mut rest) else {
            break;
        };
        let value = value.map_or(Value::Null, |value| Value::Text(value.to_vec()));
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some(field) => field.1 = value,
            None => fields.push((name.to_vec(), value)),
        }
    }
    Value::Object(fields)
}

fn next_header<'h>(bytes: &mut &'h [u8]) -> Option<(&'h [u8], Option<&'h [u8]>)> {
    let name = usize::try_from(varint(bytes)?).ok()?;
    let (name, others) = bytes.split_at_checked(name)?;
    *bytes = others;
    let length = varint(bytes)?;
    if length == -1 {
        return Some((name, None));
    }
    let (value, others) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = others;
    Some((name, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_header_of_a_name_counts() {
        let stored = b"\x08\x02a\x02x\x02b\x01\x02a\x02y\x02c\x00";
        let text = |text: &str| Value::Text(text.into());
        let expected = [(b"a".to_vec(), text("y")), (b"b".to_vec(), Value::Null), (b"c".to_vec(), text(""))];
        assert_eq!(headers(stored), Value::Object(expected.to_vec()));
        assert_eq!(headers(b""), Value::Object(Vec::new()));
        for end in 0..stored.len() {
            headers(&stored[..end]); // it does not panic
        }
    }
}
