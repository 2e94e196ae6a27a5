//! Objects: lookup of names, and editing.
//!
//! Names are compared one by one in small objects and hashed in large ones. So an object with very many fields costs
//! no more per field than any other, and a small one does not pay for that.

use std::collections::HashMap;

use super::value::Value;

/// Comparing this many names costs less than hashing one.
const FEW: usize = 32;

/// Builds an object. If a name is set twice, the last value counts.
#[derive(Debug, Default)]
pub struct ObjectBuilder {
    fields: Vec<(Vec<u8>, Value)>,
    /// The positions of the names, once there are many.
    places: HashMap<Vec<u8>, usize>,
}

impl ObjectBuilder {
    /// Adds a field, or replaces the one of that name in place.
    pub fn set(&mut self, name: Vec<u8>, value: Value) {
        match self.place(&name) {
            Some(place) => self.fields[place].1 = value,
            None => {
                if !self.places.is_empty() {
                    self.places.insert(name.clone(), self.fields.len());
                }
                self.fields.push((name, value));
            }
        }
    }

    fn place(&mut self, name: &[u8]) -> Option<usize> {
        if self.fields.len() <= FEW {
            return self.fields.iter().position(|(other, _)| other == name);
        }
        if self.places.is_empty() {
            let fields = self.fields.iter().enumerate();
            self.places = fields.map(|(at, (name, _))| (name.clone(), at)).collect();
        }
        self.places.get(name).copied()
    }

    /// Returns the object.
    pub fn finish(self) -> Value {
        Value::Object(self.fields)
    }
}

/// The positions of names in a list.
#[derive(Debug)]
pub enum NameIndex<'n> {
    /// Found by comparing one after another.
    Few(Vec<&'n [u8]>),
    /// Found by hash.
    Many(HashMap<&'n [u8], usize>),
}

impl<'n> NameIndex<'n> {
    /// Indexes names.
    pub fn of(names: impl ExactSizeIterator<Item = &'n [u8]>) -> NameIndex<'n> {
        if names.len() <= FEW {
            return NameIndex::Few(names.collect());
        }
        let mut places = HashMap::with_capacity(names.len());
        for (place, name) in names.enumerate() {
            places.entry(name).or_insert(place);
        }
        NameIndex::Many(places)
    }

    /// Returns the first position of a name.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        match self {
            NameIndex::Few(names) => names.iter().position(|other| *other == name),
            NameIndex::Many(places) => places.get(name).copied(),
        }
    }
}

/// A name and its value.
pub type ObjectField = (Vec<u8>, Value);

/// Returns the fields whose names are not in `dropped`.
pub fn without_fields(fields: &[ObjectField], dropped: &[impl AsRef<[u8]>]) -> Vec<ObjectField> {
    let is_kept = |(name, _): &&ObjectField| dropped.iter().all(|dropped| dropped.as_ref() != name);
    fields.iter().filter(is_kept).cloned().collect()
}

/// Adds the fields of `second` to those of `first`. If both have a field, null gives way to the other value, and
/// between two values `resolve` decides: it gets the name, the value of `first` and that of `second`.
pub fn merge_fields(
    first: &mut Vec<ObjectField>,
    second: Vec<ObjectField>,
    mut resolve: impl FnMut(&[u8], &mut Value, Value),
) {
    let index = NameIndex::of(first.iter().map(|(name, _)| name.as_slice()));
    let places: Vec<Option<usize>> = second.iter().map(|(name, _)| index.find(name)).collect();
    for (place, (name, value)) in places.into_iter().zip(second) {
        match place.map(|place| &mut first[place].1) {
            None => first.push((name, value)),
            Some(_) if value == Value::Null => {}
            Some(null @ Value::Null) => *null = value,
            Some(known) => resolve(&name, known, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, of which every third is repeated.
    fn names(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|at| format!("k{}", at - at % 3).into_bytes()).collect()
    }

    #[test]
    fn the_last_of_a_name_counts_in_the_place_of_the_first() {
        for count in [3, 40, 96, 99, 102, 500] {
            let mut object = ObjectBuilder::default();
            for (at, name) in names(count).into_iter().enumerate() {
                object.set(name, Value::Int(at as i64));
            }
            let expected = (0..count).step_by(3).map(|at| {
                let last = (at + 2).min(count - 1) as i64;
                (format!("k{at}").into_bytes(), Value::Int(last))
            });
            assert_eq!(object.finish(), Value::Object(expected.collect()));
        }
    }

    fn object(fields: &[(&str, Option<i64>)]) -> Vec<ObjectField> {
        let field =
            |(name, value): &(&str, Option<i64>)| (name.as_bytes().to_vec(), value.map_or(Value::Null, Value::Int));
        fields.iter().map(field).collect()
    }

    #[test]
    fn dropped_fields_are_left_out() {
        let fields = object(&[("a", Some(1)), ("b", None), ("c", Some(3))]);
        assert_eq!(without_fields(&fields, &["b", "x"]), object(&[("a", Some(1)), ("c", Some(3))]));
        assert_eq!(without_fields(&fields, &[] as &[&str]), fields);
    }

    #[test]
    fn null_gives_way_when_objects_are_merged() {
        let second = object(&[("d", Some(9)), ("a", None), ("b", Some(7)), ("c", Some(8))]);
        let mut first = object(&[("a", Some(1)), ("b", None), ("c", Some(3))]);
        let mut doubled = Vec::new();
        merge_fields(&mut first, second, |name, old, new| doubled.push((name.to_vec(), old.clone(), new)));
        assert_eq!(first, object(&[("a", Some(1)), ("b", Some(7)), ("c", Some(3)), ("d", Some(9))]));
        assert_eq!(doubled, [(b"c".to_vec(), Value::Int(3), Value::Int(8))]);
    }

    #[test]
    fn few_and_many_are_found_where_they_stand_first() {
        for count in [0, 3, 31, 32, 33, 100] {
            let names = names(count);
            let index = NameIndex::of(names.iter().map(Vec::as_slice));
            for name in names.iter().map(Vec::as_slice).chain([b"other".as_slice()]) {
                let first = names.iter().position(|other| other == name);
                assert_eq!(index.find(name), first);
            }
        }
    }
}
