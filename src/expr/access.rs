//! Access to the members of lists and objects.

use crate::data::{Value, ValueRef, without_fields};
use crate::lang::ast::Segment;

use super::bound_expr::Comparison;
use super::compare::compare;

/// Returns the value at the end of a path; null if a step does not exist.
pub fn follow<'v>(mut value: ValueRef<'v>, path: &[Segment]) -> ValueRef<'v> {
    for segment in path {
        value = match (segment, value) {
            (Segment::Name(name) | Segment::QuotedName(name), ValueRef::Object(fields)) => {
                member(fields, name.as_bytes())
            }
            (Segment::Index(index), ValueRef::List(values)) => element(values, *index),
            _ => return ValueRef::Null,
        };
    }
    value
}

/// Returns the value without the part at `path`; the whole value if the path does not exist.
pub fn without(value: ValueRef<'_>, path: &[Segment]) -> Value {
    match (path, value) {
        ([Segment::Name(name)], ValueRef::Object(fields)) => Value::Object(without_fields(fields, &[name])),
        ([Segment::Name(name), inside @ ..], ValueRef::Object(fields)) => {
            let field = |(field, value): &(Vec<u8>, Value)| {
                let value = match field == name.as_bytes() {
                    true => without(value.borrow(), inside),
                    false => value.clone(),
                };
                (field.clone(), value)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        ([Segment::Index(index), inside @ ..], ValueRef::List(values)) => {
            let mut values = values.to_vec();
            if let Some(place) = place(&values, *index) {
                match inside {
                    [] => drop(values.remove(place)),
                    inside => values[place] = without(values[place].borrow(), inside),
                }
            }
            Value::List(values)
        }
        (_, value) => value.to_value(),
    }
}

/// Returns the member of this name, or null.
pub(super) fn member<'v>(fields: &'v [(Vec<u8>, Value)], name: &[u8]) -> ValueRef<'v> {
    fields.iter().find(|(field, _)| field == name).map_or(ValueRef::Null, |(_, value)| value.borrow())
}

/// Returns the element of this index, from 0, negative from the end; or null.
pub(super) fn element(values: &[Value], index: i64) -> ValueRef<'_> {
    place(values, index).map_or(ValueRef::Null, |place| values[place].borrow())
}

/// Returns the position of the element of this index, if it exists.
fn place(values: &[Value], index: i64) -> Option<usize> {
    let place = match usize::try_from(index.unsigned_abs()) {
        Ok(back) if index < 0 => values.len().checked_sub(back),
        Ok(place) => Some(place),
        Err(_) => None,
    };
    place.filter(|place| *place < values.len())
}

/// True if a list has an element that equals the value; null is in a list that contains null. Elements of another type
/// are not failures: lists may be mixed.
pub(super) fn holds(list: &[Value], value: ValueRef<'_>) -> bool {
    list.iter().any(|element| {
        let element = element.borrow();
        if element.is_null() || value.is_null() {
            return element.is_null() && value.is_null();
        }
        matches!(compare(Comparison::Equal, value, element), Ok(true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_path_leads_to_can_be_taken_out() {
        let name = |name: &str| Segment::Name(name.to_owned());
        let field = |name: &str, value| (name.as_bytes().to_vec(), value);
        let list = Value::List(vec![Value::Int(1), Value::Int(2)]);
        let inner = Value::Object(vec![field("b", list), field("c", Value::Null)]);
        let object = Value::Object(vec![field("a", inner), field("d", Value::Int(4))]);
        let printed = |path: &[Segment]| {
            let mut out = Vec::new();
            crate::data::write_json(without(object.borrow(), path).borrow(), &mut out);
            String::from_utf8(out).expect("json")
        };
        let all = r#"{"a":{"b":[1,2],"c":null},"d":4}"#;
        assert_eq!(printed(&[name("a")]), r#"{"d":4}"#);
        assert_eq!(printed(&[name("a"), name("b")]), r#"{"a":{"c":null},"d":4}"#);
        let last = [name("a"), name("b"), Segment::Index(-1)];
        assert_eq!(printed(&last), r#"{"a":{"b":[1],"c":null},"d":4}"#);
        assert_eq!(printed(&[name("a"), name("b"), Segment::Index(2)]), all);
        assert_eq!(printed(&[name("d"), name("b")]), all);
    }

    #[test]
    fn paths_lead_in_or_to_null() {
        let list = Value::List(vec![Value::Int(1), Value::Text(b"x".to_vec())]);
        let object = Value::Object(vec![(b"a".to_vec(), list)]);
        let path = |segments: &[Segment]| follow(object.borrow(), segments).to_value();
        let a = Segment::Name("a".to_owned());
        assert_eq!(path(&[a.clone(), Segment::Index(0)]), Value::Int(1));
        assert_eq!(path(&[a.clone(), Segment::Index(-2)]), Value::Int(1));
        assert_eq!(path(&[a.clone(), Segment::Index(2)]), Value::Null);
        assert_eq!(path(&[a.clone(), Segment::Index(i64::MIN)]), Value::Null);
        assert_eq!(path(&[a.clone(), a.clone()]), Value::Null);
        assert_eq!(path(&[Segment::Index(0)]), Value::Null);
        assert_eq!(path(&[]), object);
    }

    #[test]
    fn members_are_equal_as_values_are() {
        let list = [Value::Int(1), Value::Text(b"x".to_vec()), Value::Null];
        assert!(holds(&list, ValueRef::Text(b"1")));
        assert!(holds(&list, ValueRef::Float(1.0)));
        assert!(holds(&list, ValueRef::Text(b"x")));
        assert!(holds(&list, ValueRef::Null));
        assert!(!holds(&list, ValueRef::Int(2)));
        assert!(!holds(&list[..2], ValueRef::Null));
    }
}
