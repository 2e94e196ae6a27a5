//! The fields that a stage can see, and their slots.

mod file_contents;
mod registry;
mod removed;
mod repeated;
mod requests;
mod united;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::data::Slot;
use crate::lang::Diagnostic;
use crate::lang::ast::{Path, Segment, Span};
use crate::lang::suggest::did_you_mean;

pub use file_contents::FileContents;
pub use registry::{Total, WrittenComparison};
pub use requests::{FieldRequest, Requests};
pub use united::{United, UnitedField, Whole};

use registry::Registry;
use removed::RemovedFields;
use repeated::WrittenText;

/// Metadata of each record. In back quotes, these names are fields of the record like any other.
pub const OF_SOURCE: [&str; 3] = ["@source", "@number", "@time"];

/// Metadata of each message of a broker.
pub const OF_MESSAGE: [&str; 5] = ["@key", "@partition", "@offset", "@topic", HEADERS];

/// The metadata that is an object, of which fields are named.
const HEADERS: &str = "@headers";

/// The arrival time in a scope whose `@time` is that of the broker. Expressions cannot name it.
const ARRIVAL: &str = "@time of arrival";

/// A named column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its slot.
    pub slot: Slot,
    /// Defined before the latest schemaless decoder; a decoded field of the same name takes precedence.
    is_older: bool,
    /// Printed before the fields that only the data knows.
    pub is_in_front: bool,
}

impl Field {
    /// Makes a field that no decoder can hide yet.
    fn new(name: &str, slot: Slot) -> Field {
        Field { name: name.to_owned(), slot, is_older: false, is_in_front: false }
    }

    /// True if it is metadata, which a decoded field never hides.
    fn is_of_source(&self) -> bool {
        self.name.starts_with('@')
    }
}

/// The fields between two stages, in printing order.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    fields: Vec<Field>,
    /// Metadata of each record: `@source`, `@number`, `@time`. Printed only if an expression names it.
    metadata: Vec<Field>,
    /// The latest schemaless decoder; unknown names are looked up in its output.
    open: Option<Rc<RefCell<Requests>>>,
    removed: RemovedFields,
    /// The text of keys and aggregates.
    repeated: Vec<WrittenText>,
    /// The text of aggregates whose results an expression computes with.
    operands: Vec<WrittenText>,
    /// The slot of each source's header record, which has no name.
    header: Option<Slot>,
    registry: Rc<Registry>,
    /// True if the rows are those of a result: they have an end, and a stage may wait for all of them.
    pub is_result: bool,
    /// True if an earlier stage made or chose columns: records are no longer printed unchanged.
    pub chooses_columns: bool,
    /// True if an earlier stage had an error: unknown names are not reported.
    pub poisoned: bool,
    /// The same for all stages.
    pub settings: BindSettings,
}

/// The settings that all stages of an expression are bound with.
#[derive(Clone, Debug, Default)]
pub struct BindSettings {
    /// The text of the whole expression, in which diagnostics are placed.
    pub text: Arc<str>,
    /// The seed for random choices.
    pub seed: u64,
    /// The contents of the files that the expression names.
    pub side_files: FileContents,
    /// True if side files are read again when they change, as they are with live input.
    pub reloads: bool,
    /// Explains a name that is not a function but has a meaning elsewhere in an expression.
    pub explain_name: Option<fn(&str) -> Option<String>>,
}

/// The location of the value that a path names: a field, or a part of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLocation<'p> {
    /// The slot of the field.
    pub slot: Slot,
    /// The field's name.
    pub name: String,
    /// The path from the field's value to the named one.
    pub inside: &'p [Segment],
}

impl Scope {
    /// A scope without fields.
    pub fn new() -> Self {
        Scope::default()
    }

    /// Returns the fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Adds a field at the end, or replaces the one of the same name in place.
    pub fn set(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        self.set_slot(name, slot);
        slot
    }

    /// Adds a field before the others, unless one has its name.
    pub fn insert_front(&mut self, name: &str, slot: Slot) {
        if self.fields.iter().all(|field| field.name != name) {
            let mut field = Field::new(name, slot);
            field.is_in_front = true;
            self.fields.insert(0, field);
        }
    }

    /// Adds a field that is printed only if an expression names it. A printed field of that name takes precedence, and
    /// the slot is never read.
    pub fn set_unprinted(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        if self.fields.iter().all(|field| field.name != name) {
            self.metadata.retain(|field| field.name != name);
            self.metadata.push(Field::new(name, slot));
        }
        slot
    }

    /// Like [`Scope::set`], for an existing slot.
    pub fn set_slot(&mut self, name: &str, slot: Slot) {
        self.forget_parts(name);
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => (field.slot, field.is_older) = (slot, false),
            None => self.fields.push(Field::new(name, slot)),
        }
    }

    /// True if a field is a column of its own, not only part of the decoder's object.
    pub fn has_column(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// Adds metadata of each record.
    pub fn set_metadata(&mut self, name: &str) -> Slot {
        let slot = self.new_slot();
        self.metadata.push(Field::new(name, slot));
        slot
    }

    /// Sets the arrival time, of which `@time` is another name unless messages have a time of their own. Rows of a window
    /// arrive at its end.
    pub fn set_arrival(&mut self, slot: Slot) {
        self.metadata.retain(|field| field.name != ARRIVAL);
        self.metadata.push(Field::new(ARRIVAL, slot));
    }

    /// True if a name is a field of messages here.
    pub fn is_of_message(&self, name: &str) -> bool {
        OF_MESSAGE.contains(&name) && self.metadata.iter().any(|field| field.name == name)
    }

    /// Returns the slot of the arrival time, which never decreases; rows of a result have none.
    pub fn arrival(&self) -> Option<Slot> {
        self.find(ARRIVAL).or_else(|| self.find(OF_SOURCE[2]))
    }

    /// Adds a slot for each source's header record, which may name the fields.
    pub fn set_header(&mut self) -> Slot {
        let slot = self.new_slot();
        self.header = Some(slot);
        slot
    }

    /// Returns the slot of each source's header record; rows of a result have none.
    pub fn header(&self) -> Option<Slot> {
        self.header
    }

    /// Replaces a field by one with a new name.
    pub fn replace(&mut self, old: &str, new: &str) -> Slot {
        let slot = self.new_slot();
        if old != new {
            self.fields.retain(|field| field.name != new);
        }
        self.forget_parts(new);
        match self.fields.iter_mut().find(|field| field.name == old) {
            Some(field) => {
                let (is_in_front, old) = (field.is_in_front, field.slot);
                *field = Field::new(new, slot);
                field.is_in_front = is_in_front;
                self.move_repeated(old, slot);
            }
            None => self.fields.push(Field::new(new, slot)),
        }
        slot
    }

    /// Adds a schemaless decoder: any name is requested from it, and keeps its earlier meaning in records without such
    /// a field. `nests` tells whether its fields can contain others.
    pub fn open(&mut self, nests: bool) -> Rc<RefCell<Requests>> {
        let requests = Rc::new(RefCell::new(Requests {
            fields: Vec::new(),
            whole: self.new_slot(),
            nests,
            before: Some(Box::new(self.clone())),
            sides: None,
        }));
        let is_first = self.open.is_none();
        for field in &mut self.fields {
            field.is_older = true;
            field.is_in_front |= is_first;
        }
        for field in &mut self.metadata {
            field.is_older = !field.is_of_source();
        }
        self.removed = RemovedFields::default();
        self.open = Some(Rc::clone(&requests));
        requests
    }

    /// Returns the slot of the latest schemaless decoder's whole object.
    pub fn whole(&self) -> Option<Slot> {
        self.open.as_ref().map(|requests| requests.borrow().whole)
    }

    /// True if fields of a schemaless decoder can contain others.
    pub fn nests(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|requests| requests.borrow().nests())
    }

    /// Keeps a field known but unprinted, because what was extracted from it is printed.
    pub fn hide(&mut self, name: &str) {
        if let Some(index) = self.fields.iter().position(|field| field.name == name) {
            let field = self.fields.remove(index);
            self.metadata.push(field);
        }
    }

    /// Removes all fields and the metadata: rows of a result come from no source.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.metadata.clear();
        self.header = None;
        self.open = None;
        self.removed = RemovedFields::default();
        self.repeated.clear();
    }

    /// Removes the field in this slot.
    pub fn remove_slot(&mut self, slot: Slot) {
        self.fields.retain(|field| field.slot != slot);
    }

    /// Removes all fields but keeps the metadata.
    pub fn clear_fields(&mut self) {
        self.fields.clear();
        self.metadata.retain(Field::is_of_source);
        self.open = None;
        self.removed = RemovedFields::default();
    }

    /// Removes the printed fields: others take their places. Fields that are known but not printed stay.
    pub fn clear_printed(&mut self) {
        self.fields.clear();
        self.metadata.iter_mut().for_each(|field| field.is_older = false);
        self.open = None;
        self.removed = RemovedFields::default();
    }

    /// Replaces several fields by two, in the position of the first one.
    pub fn replace_several(&mut self, old: &[String], new: [&str; 2]) -> [Slot; 2] {
        let is_old = |field: &Field| old.contains(&field.name);
        let place = self.fields.iter().position(is_old);
        let is_in_front = place.is_some_and(|place| self.fields[place].is_in_front);
        self.fields.retain(|field| !is_old(field) && !new.contains(&field.name.as_str()));
        let place = place.unwrap_or(self.fields.len()).min(self.fields.len());
        let slots = new.map(|_| self.new_slot());
        for (name, slot) in new.into_iter().zip(slots).rev() {
            self.forget_parts(name);
            let field = Field { is_in_front, ..Field::new(name, slot) };
            self.fields.insert(place, field);
        }
        slots
    }

    /// Returns the slot of a field that exists whatever the data is.
    pub fn find(&self, name: &str) -> Option<Slot> {
        let path = Path(vec![Segment::Name(name.to_owned())]);
        self.known(&path).map(|field| field.slot)
    }

    /// Returns the field that a path names, if that does not depend on the data. Metadata comes first, unless the name
    /// is in back quotes.
    fn known(&self, path: &Path) -> Option<&Field> {
        let name = path.label();
        let is_own = matches!(path.0.first(), Some(Segment::QuotedName(_)));
        let of_source = self.metadata.iter().filter(|field| field.is_of_source());
        let hidden = self.metadata.iter().filter(|field| !field.is_of_source());
        let mut fields =
            of_source.filter(|_| !is_own).chain(&self.fields).chain(&self.removed.remainders).chain(hidden);
        fields.find(|field| field.name == name)
    }

    /// Returns the slot of the field that a path means, ignoring `dropped`: the decoder's if a record has it, else the
    /// name's earlier meaning.
    fn look_up(&self, path: &Path, dropped: &[Path]) -> Option<Slot> {
        let is_dropped = |name: &str| dropped.iter().any(|dropped| dropped.label() == name);
        let known = self.known(path).filter(|field| !is_dropped(&field.name));
        match known {
            Some(field) if !field.is_older => Some(field.slot),
            _ => {
                let dropped = [&self.removed.dropped, dropped].concat();
                let mut requests = self.open.as_ref()?.borrow_mut();
                requests.ask(path, &dropped, &|| self.new_slot())
            }
        }
    }

    /// Returns the fields with the slots that are printed.
    pub fn printed(&self) -> Vec<Field> {
        let printed = |field: &Field| {
            let mut field = field.clone();
            if let Some(slot) = self.look_up(&Path::own(&field.name), &[]) {
                field.slot = slot;
            }
            field
        };
        self.fields.iter().map(printed).collect()
    }

    /// Returns the field that probably holds the time of a record.
    pub fn likely_time(&self) -> Option<String> {
        const NAMES: [&str; 8] = ["time", "timestamp", "@timestamp", "ts", "date", "datetime", "t", "when"];
        let fields = || self.fields.iter().map(|field| field.name.as_str());
        NAMES.iter().find_map(|name| fields().find(|field| field.eq_ignore_ascii_case(name))).map(str::to_owned)
    }

    /// Finds the value that a path names: the field of that name, or the longest prefix of the path that is a field and
    /// the rest as a path into its values. Otherwise returns a diagnostic with the name that was probably meant.
    pub fn locate<'p>(&self, path: &'p Path, span: Span) -> Result<FieldLocation<'p>, Diagnostic> {
        let lengths = match self.known(path) {
            Some(_) => 0..0,
            None => 1..path.0.len(),
        };
        for length in lengths.rev() {
            let (beginning, inside) = path.0.split_at(length);
            let beginning = Path(beginning.to_vec());
            let name = beginning.label();
            let is_remainder = self.removed.remainders.iter().any(|field| field.name == name);
            let is_object = name == HEADERS && self.metadata.iter().any(|field| field.name == HEADERS);
            if (is_remainder || is_object || self.has_column(&name))
                && let Some(slot) = self.look_up(&beginning, &[])
            {
                let is_gone = |dropped: &Path| {
                    let is_named = |segment: &Segment| !matches!(segment, Segment::Index(_));
                    dropped.0.len() > 1 && dropped.0.iter().all(is_named) && path.in_record().0.starts_with(&dropped.0)
                };
                return match self.dropped_before(path, span) {
                    Some(diagnostic) if self.removed.dropped.iter().any(is_gone) => Err(diagnostic),
                    _ => Ok(FieldLocation { slot, name, inside }),
                };
            }
        }
        let slot = self.resolve(path, span)?;
        Ok(FieldLocation { slot, name: path.label(), inside: &[] })
    }

    /// Returns the columns that have this name as a part of their own, as `sum_bytes` and `hour(time)` do: results are
    /// often looked for under the name of the field or the function that they were computed with.
    pub(super) fn computed_from(&self, name: &str) -> Vec<&str> {
        let has_part = |column: &&str| {
            column.match_indices(name).any(|(start, _)| {
                let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                is_end(column[..start].chars().next_back()) && is_end(column[start + name.len()..].chars().next())
            })
        };
        self.fields.iter().map(|field| field.name.as_str()).filter(has_part).collect()
    }

    /// Returns the slot of a field as written, or a diagnostic with the name that was probably meant.
    fn resolve(&self, path: &Path, span: Span) -> Result<Slot, Diagnostic> {
        if let Some(slot) = self.look_up(path, &[]) {
            return Ok(slot);
        }
        let name = path.label();
        if let [Segment::Name(first), _, ..] = path.0.as_slice()
            && self.find(first).is_some()
        {
            return Err(Diagnostic::new(
                span,
                format!("`{first}` holds single values: there is nothing inside to name"),
            ));
        }
        if let Some(diagnostic) = self.dropped_before(path, span) {
            return Err(diagnostic);
        }
        let diagnostic = Diagnostic::new(span, format!("unknown field `{name}`"));
        let names: Vec<&str> = self.fields.iter().chain(&self.metadata).map(|field| field.name.as_str()).collect();
        if matches!(name.as_str(), "None" | "NULL" | "Null" | "nil" | "undefined") {
            return Err(diagnostic.help("a missing value is `null`"));
        }
        let is_constant = name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase());
        if is_constant && !names.iter().any(|field| field.eq_ignore_ascii_case(&name)) {
            return Err(diagnostic.help(format!("text is written in quotes: \"{name}\"")));
        }
        let listed = || {
            let fields: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
            format!("the fields here are: {}", fields.join(", "))
        };
        if OF_MESSAGE.iter().any(|known| name == *known || name.starts_with("@headers.")) {
            return Err(diagnostic.help("only the messages of kafka:// sources have it"));
        }
        let computed = self.computed_from(&name);
        if let Some(column) = computed.first() {
            let is_word = column.chars().all(|c| c.is_alphanumeric() || c == '_');
            let path = Path(vec![Segment::QuotedName((*column).to_owned())]);
            return Err(match computed.len() {
                1 if is_word => diagnostic.did_you_mean(column),
                1 => diagnostic.help(format!("write {path}, or name it with `as` where it is computed")),
                _ => diagnostic.help(listed()),
            });
        }
        Err(match did_you_mean(&name, &names) {
            Some(close) => diagnostic.did_you_mean(close),
            None if self.fields.is_empty() => diagnostic,
            None => diagnostic.help(listed()),
        })
    }
}
