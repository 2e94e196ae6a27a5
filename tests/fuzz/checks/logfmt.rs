//! Lines of `key=value`: a field read alone is the same as in the whole line, and the line that is printed of all of
//! them is read as the same.

use bourn::data::{Value, ValueRef, write_text};
use bourn::decode::logfmt::{LogfmtDecoder, PairSeparator};
use bourn::decode::{FieldSeen, Wanted};
use bourn::encode;
use bourn::lang::ast::{Path, Segment};

use super::rows;

/// Takes lines.
pub fn check(data: &[u8]) {
    let texts = rows::lines(data);
    let wholes = rows::decode(&LogfmtDecoder::new(PairSeparator::White, &[Wanted::Whole]), &texts);
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in wholes.iter().flatten().flat_map(|whole| pairs(&whole[0])) {
        match std::str::from_utf8(key) {
            Ok(key) if !keys.contains(&key) => keys.push(key),
            _ => {}
        }
    }
    let field = |key: &&str| {
        let path = Path(vec![Segment::Name((*key).to_owned())]);
        Wanted::Field(path, FieldSeen::default())
    };
    let wanted: Vec<Wanted> = keys.iter().map(field).collect();
    let fields = rows::decode(&LogfmtDecoder::new(PairSeparator::White, &wanted), &texts);
    for (whole, fields) in wholes.iter().zip(&fields) {
        match (whole, fields) {
            (Ok(whole), Ok(fields)) => {
                let pairs = pairs(&whole[0]);
                for (key, field) in keys.iter().zip(fields) {
                    let pair = pairs.iter().find(|(known, _)| known == key.as_bytes());
                    assert_eq!(field, pair.map_or(&Value::Null, |(_, value)| value));
                }
                assert_prints(pairs);
            }
            (whole, fields) => {
                assert_eq!(whole.as_ref().err(), fields.as_ref().err(), "nothing is rejected for its content")
            }
        }
    }
}

fn pairs(whole: &Value) -> &[(Vec<u8>, Value)] {
    match whole {
        Value::Object(pairs) => pairs,
        other => panic!("a line is an object, not {other:?}"),
    }
}

/// The printed line is read as the same texts, under the same keys where these can be printed.
fn assert_prints(pairs: &[(Vec<u8>, Value)]) {
    let write_row = encode::find("logfmt").and_then(|format| format.open_row);
    let write_row = write_row.expect("logfmt names its fields in every row");
    let row: Vec<(&[u8], ValueRef<'_>)> = pairs.iter().map(|(key, value)| (key.as_slice(), value.borrow())).collect();
    let mut line = Vec::new();
    write_row(&row, &mut line);
    let again = rows::decode(&LogfmtDecoder::new(PairSeparator::White, &[Wanted::Whole]), &rows::lines(&line));
    let shown = line.escape_ascii();
    let Ok(again) = &again[0] else {
        panic!("{shown}: {again:?}");
    };
    let again = self::pairs(&again[0]);
    if again.len() < pairs.len() {
        let plain = pairs.iter().filter(|(key, _)| is_plain(key)).count();
        assert!(plain < pairs.len(), "{shown}"); // odd keys became one
        return;
    }
    for ((key, value), (key_again, value_again)) in pairs.iter().zip(again) {
        let mut text = Vec::new();
        write_text(value.borrow(), &mut text);
        assert_eq!(*value_again, Value::Text(text), "{shown}");
        if is_plain(key) {
            assert_eq!(key, key_again, "{shown}");
        }
    }
}

/// Whether a key is printed as it is.
fn is_plain(key: &[u8]) -> bool {
    key.iter().all(|byte| byte.is_ascii_graphic() && !b"\"'`\\".contains(byte))
}
