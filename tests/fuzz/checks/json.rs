//! JSON objects, one a line: a field read alone is the same as in the whole object, and what is rejected for fewer
//! fields is rejected for more.

use bourn::data::Value;
use bourn::decode::json::JsonDecoder;
use bourn::decode::{FieldSeen, Wanted};
use bourn::lang::ast::{Path, Segment};

use super::rows;

/// The number of fields that are decoded at once.
const MOST_PATHS: usize = 12;

/// Takes lines.
pub fn check(data: &[u8]) {
    let texts = rows::lines(data);
    let wholes = rows::decode(&JsonDecoder::new(&[Wanted::Whole]), &texts);
    let structures = rows::decode(&JsonDecoder::new(&[]), &texts);
    let mut paths = Vec::new();
    for whole in wholes.iter().flatten() {
        collect(&whole[0], &mut Vec::new(), &mut paths);
    }
    let wanted: Vec<Wanted> =
        paths.iter().map(|path| Wanted::Field(Path(path.clone()), FieldSeen::default())).collect();
    let fields = rows::decode(&JsonDecoder::new(&wanted), &texts);
    for (row, whole) in wholes.iter().enumerate() {
        match (whole, &fields[row], &structures[row]) {
            (Ok(whole), Ok(fields), Ok(_)) => {
                for (path, field) in paths.iter().zip(fields) {
                    assert_eq!(field, at(&whole[0], path), "{path:?}");
                }
            }
            (Err(_), Ok(_), Ok(_)) | (Err(_), Err(_), Ok(_)) | (Err(_), Err(_), Err(_)) => {}
            other => panic!("rejected for fewer fields: {other:?}"),
        }
    }
}

/// The paths to everything in a value.
fn collect(value: &Value, path: &mut Vec<Segment>, paths: &mut Vec<Vec<Segment>>) {
    if !path.is_empty() && paths.len() < MOST_PATHS && !paths.contains(path) {
        paths.push(path.clone());
    }
    if paths.len() == MOST_PATHS {
        return;
    }
    let mut below = |segment, value| {
        path.push(segment);
        collect(value, path, paths);
        path.pop();
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Ok(name) = String::from_utf8(name.clone()) {
                    below(Segment::Name(name), value);
                }
            }
        }
        Value::List(values) => {
            for (index, value) in values.iter().enumerate() {
                let from_front = index as i64;
                below(Segment::Index(from_front), value);
                below(Segment::Index(from_front - values.len() as i64), value);
            }
        }
        _ => {}
    }
}

/// The part of a value at the end of a path; null if there is none.
fn at<'v>(value: &'v Value, path: &[Segment]) -> &'v Value {
    let Some((segment, rest)) = path.split_first() else {
        return value;
    };
    let below = match (value, segment) {
        (Value::Object(fields), Segment::Name(name)) => {
            fields.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value)
        }
        (Value::List(values), Segment::Index(index)) => {
            let from_front = index + if *index < 0 { values.len() as i64 } else { 0 };
            usize::try_from(from_front).ok().and_then(|index| values.get(index))
        }
        _ => None,
    };
    below.map_or(&Value::Null, |value| at(value, rest))
}
