//! Unites two streams of records: their fields are merged by name.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Field, Requests, Scope};
use crate::data::Slot;
use crate::lang::ast::Path;

/// A field of united streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitedField {
    /// Its name.
    pub name: String,
    /// Its slot after the union.
    pub slot: Slot,
    /// Its slots in the two streams, where it exists.
    pub sides: [Option<Slot>; 2],
}

/// The slot of a stream's whole object, and its dropped names.
pub type Whole = (Slot, Vec<String>);

/// The fields of two streams that become one.
#[derive(Debug)]
pub struct United {
    /// The fields that are known.
    pub fields: Vec<UnitedField>,
    /// The fields that only the data of a stream knows, as they are requested.
    pub open: Option<Rc<RefCell<Requests>>>,
}

impl United {
    /// Returns all fields with a value, after the last request.
    pub fn all_fields(&self) -> Vec<UnitedField> {
        let mut fields = self.fields.clone();
        if let Some(open) = &self.open {
            let asked = open.borrow();
            fields.extend(asked.fields.iter().filter_map(|request| {
                let sides = request.sides?;
                Some(UnitedField { name: request.path.label(), slot: request.slot, sides })
            }));
        }
        fields
    }

    /// True if one of the streams certainly has a field of this name, so that no warning is needed.
    pub fn is_known(&self, name: &str) -> bool {
        let open = self.open.as_ref().map(|open| open.borrow());
        let sides = open.as_ref().and_then(|open| open.sides.as_ref());
        sides.is_some_and(|sides| sides.iter().any(|side| side.find(name).is_some()))
    }

    /// Returns the slots of the whole objects after the union, and before it in each stream that has objects.
    pub fn whole(&self) -> Option<(Slot, [Option<Whole>; 2])> {
        let open = self.open.as_ref()?.borrow();
        let sides = open.sides.as_ref()?;
        let whole = |side: &Scope| Some((side.whole()?, side.dropped()));
        Some((open.whole, [whole(&sides[0]), whole(&sides[1])]))
    }
}

impl Scope {
    /// Unites this scope with another one, by field name. `own` are the metadata slots, which keep their values.
    pub fn unite(&mut self, other: Scope, own: &[Slot]) -> United {
        let sides = Rc::new([self.clone(), other]);
        let [first, second] = &*sides;
        let mut united = United { fields: Vec::new(), open: None };
        let mut place = |name: &str, is_shown: bool, fields: &mut Vec<Field>| {
            if fields.iter().any(|field| field.name == name) {
                return;
            }
            let of = |scope: &Scope| match is_shown {
                true => scope.look_up(&Path::own(name), &[]),
                false => scope.find(name),
            };
            let sides = [of(first), of(second)];
            let is_free = |slot: &Slot| {
                united.fields.iter().all(|field| field.slot != *slot) && (sides[0] == sides[1] || !own.contains(slot))
            };
            let slot = sides[0].filter(is_free).unwrap_or_else(|| first.new_slot());
            first.unite_kinds(slot, &sides);
            fields.push(Field::new(name, slot));
            let name = name.to_owned();
            united.fields.push(UnitedField { name, slot, sides });
        };
        let (mut fields, mut metadata) = (Vec::new(), Vec::new());
        for field in first.fields.iter().chain(&second.fields) {
            place(&field.name, true, &mut fields);
        }
        for field in first.metadata.iter().chain(&second.metadata) {
            if fields.iter().all(|shown: &Field| shown.name != field.name) {
                place(&field.name, false, &mut metadata);
            }
        }
        let is_open = first.open.is_some() || second.open.is_some();
        united.open = is_open.then(|| {
            Rc::new(RefCell::new(Requests {
                fields: Vec::new(),
                whole: first.new_slot(),
                nests: first.nests() || second.nests(),
                before: None,
                sides: Some(Rc::clone(&sides)),
            }))
        });
        for field in metadata.iter_mut().filter(|field| !field.is_of_source()) {
            field.is_older = is_open; // where a stream has a field of that name, it hides the line
        }
        self.open = united.open.clone();
        self.removed.remainders.clear();
        self.removed.dropped = match is_open {
            true => Vec::new(),
            false => [first.removed.dropped.as_slice(), &second.removed.dropped].concat(),
        };
        self.header = first.header.filter(|_| first.header == second.header);
        self.poisoned |= second.poisoned;
        self.chooses_columns |= second.chooses_columns;
        (self.fields, self.metadata) = (fields, metadata);
        united
    }
}

impl Scope {
    /// Joins a record of this scope with one of another. Their printed names are disjoint, and hidden fields of the
    /// other are dropped. The result has no header record.
    pub fn join(&mut self, mut other: Scope) -> United {
        other.metadata.retain(Field::is_of_source);
        let is_other = |hidden: &Field| other.fields.iter().any(|field| field.name == hidden.name);
        self.metadata.retain(|field| !is_other(field));
        let united = self.unite(other, &[]);
        self.header = None;
        united
    }

    /// Returns the names that records of both scopes certainly have.
    pub fn in_both(&self, other: &Scope) -> Vec<String> {
        let is_here = |field: &&Field| self.fields.iter().any(|own| own.name == field.name);
        let both = other.fields.iter().filter(is_here);
        both.map(|field| field.name.clone()).collect()
    }
}
