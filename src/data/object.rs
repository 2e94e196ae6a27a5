//! Lookup of names in objects: linear in small objects, by hash in large ones. So an object with very many fields costs
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
