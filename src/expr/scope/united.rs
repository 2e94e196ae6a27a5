//! Where two streams of records become one: their fields by name.

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
    /// What holds it behind the union.
    pub slot: Slot,
    /// What holds it in each of the two in front, if it is there.
    pub sides: [Option<Slot>; 2],
}

/// What holds a whole object of one of the streams, and the names of it that were dropped.
pub type Whole = (Slot, Vec<String>);

/// The fields of two streams that become one.
#[derive(Debug)]
pub struct United {
    /// Those that are known.
    pub fields: Vec<UnitedField>,
    /// Those that only the data of one of them knows: whatever is asked for.
    pub open: Option<Rc<RefCell<Requests>>>,
}

impl United {
    /// All fields that hold something, once nobody asks for more.
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

    /// Whether one of the two is sure to have a field of this name: nobody need hear that no object has it.
    pub fn is_known(&self, name: &str) -> bool {
        let open = self.open.as_ref().map(|open| open.borrow());
        let sides = open.as_ref().and_then(|open| open.sides.as_ref());
        sides.is_some_and(|sides| sides.iter().any(|side| side.find(name).is_some()))
    }

    /// What holds the whole objects behind the union, and in front of it in each of the two that has objects.
    pub fn whole(&self) -> Option<(Slot, [Option<Whole>; 2])> {
        let open = self.open.as_ref()?.borrow();
        let sides = open.sides.as_ref()?;
        let whole = |side: &Scope| Some((side.whole()?, side.dropped()));
        Some((open.whole, [whole(&sides[0]), whole(&sides[1])]))
    }
}

impl Scope {
    /// The records of another scope come in: the fields of both, by name. `own` are slots that hold what the sources
    /// say of a record: they keep it.
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
            field.is_older = is_open; // where one of the two has a field of that name, it hides the line
        }
        self.open = united.open.clone();
        self.remainders.clear();
        self.dropped = match is_open {
            true => Vec::new(),
            false => [first.dropped.as_slice(), &second.dropped].concat(),
        };
        self.header = first.header.filter(|_| first.header == second.header);
        self.poisoned |= second.poisoned;
        self.chooses_columns |= second.chooses_columns;
        (self.fields, self.metadata) = (fields, metadata);
        united
    }
}

impl Scope {
    /// Rows are made of a record of this scope and one of another: the fields of both, of which no name is in both,
    /// and of what the other hides nothing. The lines of the sources have no header any more.
    pub fn join(&mut self, mut other: Scope) -> United {
        other.metadata.retain(Field::is_of_source);
        let is_other = |hidden: &Field| other.fields.iter().any(|field| field.name == hidden.name);
        self.metadata.retain(|field| !is_other(field));
        let united = self.unite(other, &[]);
        self.header = None;
        united
    }

    /// The names that a record of each of the two scopes is sure to have.
    pub fn in_both(&self, other: &Scope) -> Vec<String> {
        let is_here = |field: &&Field| self.fields.iter().any(|own| own.name == field.name);
        let both = other.fields.iter().filter(is_here);
        both.map(|field| field.name.clone()).collect()
    }
}
